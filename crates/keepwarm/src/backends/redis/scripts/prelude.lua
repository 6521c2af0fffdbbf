-- What every script begins with: what the bytes of an entry say of it, and whether it is live. See docs/wire-format.md.
-- ARGV: 1 "1" when markers lie on this server and in this slot; 2 the scope's key; 3, 4 a fresh record of the scope, settled and
-- pending; 5 "1" when integers may lie plain under this key; 6 how many known generations follow at the end; 7.. the verb's own.
-- KEYS: the entry, or several. Where a cluster moves their slot, a script with keys that do not exist would be put off; so what
-- else is looked at is not among them, and lies in the entry's slot by its name.
local sub, byte, char = string.sub, string.byte, string.char
local band, bxor, rshift = bit.band, bit.bxor, bit.rshift
local NEAR, PLAIN = ARGV[1] == '1', ARGV[5] == '1'
local INTEGER, GENERATION, LEASE, LAST = 0, 4, 5, 6
local MARKER_LIFE = 86400000

local known, needed = {}, {}
do
  local pairs_of = tonumber(ARGV[6])
  for i = #ARGV - 2 * pairs_of + 1, #ARGV, 2 do
    known[ARGV[i]] = ARGV[i + 1] ~= '' and ARGV[i + 1]
  end
end

-- MGET and not GET: what is no string is nothing to us, and no error.
local function fetch(key)
  return redis.call('MGET', key)[1]
end

-- Where the lease of a refresh lies: in the slot of the entry.
local function beside()
  if string.match(KEYS[1], '^[^{]*{[^}]+}') then
    return 'keepwarm.refresh.' .. KEYS[1]
  end
  return 'keepwarm.refresh.{' .. KEYS[1] .. '}'
end

-- The record of a marker, or false. Where markers lie elsewhere, the caller is asked for what it did not bring.
local function record(name)
  local found = known[name]
  if found == nil then
    if NEAR then
      found = fetch(name)
    else
      needed[#needed + 1] = name
      found = false
    end
    known[name] = found
  end
  return found and #found == 16 and found
end

-- The record of the scope, made if there is none: never from what somebody remembers.
local function scope_record()
  local found = record(ARGV[2])
  if not found and NEAR then
    local clearing = fetch('keepwarm:clearing:' .. sub(ARGV[2], 16))
    found = clearing and ARGV[4] or ARGV[3]
    redis.call('SET', ARGV[2], found)
    known[ARGV[2]] = found
  end
  return found
end

-- The generation that entries of the scope carry, and whether plain integers from before a clearing may still lie about.
local function scope_generation()
  local found = scope_record()
  if not found then
    return '', true
  end
  local lowest = byte(found, 5)
  return char(band(lowest, 254)) .. sub(found, 6, 12), band(lowest, 1) == 1
end

-- Whether these bytes are a plain integer of 64 bits in its one spelling.
local function is_plain(bytes)
  if #bytes > 20 then
    return false
  end
  local digits = string.match(bytes, '^%-?([1-9]%d*)$')
  if not digits then
    return bytes == '0'
  end
  if #digits ~= 19 then
    return #digits < 19
  end
  return digits <= (byte(bytes) == 45 and '9223372036854775808' or '9223372036854775807')
end

local function varint(bytes, at)
  local number, scale = 0, 1
  repeat
    local group = byte(bytes, at) or 0
    number, scale, at = number + band(group, 127) * scale, scale * 128, at + 1
  until group < 128 or scale > 2 ^ 63
  return number, at
end

-- The head of an envelope; nil for what is none.
local function head(bytes)
  if #bytes < 8 or sub(bytes, 1, 2) ~= '\193\1' then
    return nil
  end
  local flags, at = byte(bytes, 4), 5
  local found = { codec = byte(bytes, 3), flags = flags, stamp = '', scope = '' }
  for _, flag in ipairs({ 1, 2, 4 }) do
    if band(flags, flag) ~= 0 then
      local _
      _, at = varint(bytes, at)
    end
  end
  if band(flags, 8) ~= 0 then
    found.stamp_at, found.stamp, at = at, sub(bytes, at, at + 7), at + 8
  end
  if band(flags, 16) ~= 0 then
    found.scope, at = sub(bytes, at, at + 7), at + 8
  end
  if band(flags, 32) ~= 0 then
    at = at + 4
  end
  found.at = at
  return found
end

-- Whether one of the envelope's marks is not the current one; leaves where its payload begins.
local function moved_on(bytes, found)
  found.payload, found.markers = found.at, {}
  if band(found.flags, 64) == 0 then
    return false
  end
  local moved, count, at = false, varint(bytes, found.at)
  for _ = 1, count do
    local kind, length = byte(bytes, at), nil
    length, at = varint(bytes, at + 1)
    if at + length + 7 > #bytes then
      return true
    end
    local name = (kind == 1 and 'keepwarm:tag:' or 'keepwarm:namespace:') .. sub(bytes, at, at + length - 1)
    at = at + length
    found.markers[#found.markers + 1] = name
    local current = record(name)
    moved = moved or not current or sub(current, 5, 12) ~= sub(bytes, at, at + 7)
    at = at + 8
  end
  found.payload = at
  return moved
end

-- 'plain' or 'entry' for what a read would find, false for everything else; and the head of an envelope.
local function live(bytes)
  if not bytes then
    return false
  end
  local generation, pending = scope_generation()
  if is_plain(bytes) then
    return PLAIN and not pending and 'plain'
  end
  local found = head(bytes)
  if not found or found.codec == GENERATION or found.codec == LEASE or found.codec > LAST or found.scope ~= generation then
    return false, found
  end
  return not moved_on(bytes, found) and 'entry', found
end

local function is_lease(found, stamp)
  return found and found.codec == LEASE and found.scope == (scope_generation()) and (not stamp or found.stamp == stamp)
end

-- Whether the key is as it was when somebody was given this stamp: by an entry that was read, or by a lease.
local function unchanged(bytes, alive, found, stamp, plain)
  if not bytes then
    return false
  end
  if alive == 'plain' then
    return bytes == plain
  end
  if not found then
    return false
  end
  if is_lease(found, stamp) or (alive and found.stamp == stamp) then
    return true
  end
  -- A refresh: its lease lies beside the entry and holds for that very entry.
  local lease = found.codec ~= LEASE and redis.pcall('MGET', beside())
  return lease and not lease.err and lease[1] == stamp .. scope_generation() .. found.stamp
end

-- The state a condition is decided by.
local function holds(when, stamp, plain)
  local bytes = fetch(KEYS[1])
  local alive, found = live(bytes)
  local held = when == 'always'
    or (when == 'absent' and not alive)
    or (when == 'present' and alive)
    or (when == 'unchanged' and unchanged(bytes, alive, found, stamp, plain))
  return held and true or false, alive
end

local CRC = {
  [0] = 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
  0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
}

-- Closes a short envelope under the entry's key.
local function sealed(bytes)
  local crc, text = -1, KEYS[1] .. bytes
  for at = 1, #text do
    crc = bxor(crc, byte(text, at))
    crc = bxor(rshift(crc, 4), CRC[band(crc, 15)])
    crc = bxor(rshift(crc, 4), CRC[band(crc, 15)])
  end
  crc = bit.bnot(crc)
  return bytes .. char(band(crc, 255), band(rshift(crc, 8), 255), band(rshift(crc, 16), 255), band(rshift(crc, 24), 255))
end

-- Markers outlive the entries under them: a lost one would take them along.
local function outlive(found, milliseconds)
  for _, name in ipairs(NEAR and found.markers or {}) do
    if milliseconds == '' then
      redis.call('PERSIST', name)
    else
      -- A server that does not know `GT` keeps what there is.
      redis.pcall('PEXPIRE', name, tonumber(milliseconds) + MARKER_LIFE, 'GT')
    end
  end
end

local function need()
  return { 'need', unpack(needed) }
end

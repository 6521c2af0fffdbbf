-- 7 delta, 8 a fresh stamp, 9 the number to begin with, "" to create none, 10 milliseconds, "" for ever, "0" not to keep it,
-- 11 the scope's generation that 12 was made for, 12 the head of the envelope where it cannot lie plain, 13 "1" if it has marks,
-- 14 "1" to tell how long the number then lives.
local bytes = fetch(KEYS[1])
local alive, found = live(bytes)
local generation, pending = scope_generation()
local front = not alive and ARGV[13] == '1' and head(ARGV[12] .. '0....')
local head_moved = front and moved_on(ARGV[12] .. '0....', front)
if #needed > 0 then
  return need()
end

-- The server's own arithmetic, in place: Lua's numbers end at 53 bits. Nobody sees what lies there in between.
local function count(digits, ...)
  redis.call('SET', KEYS[1], digits, ...)
  local counted = redis.pcall('INCRBY', KEYS[1], ARGV[7])
  if type(counted) == 'table' and counted.err then
    return false, counted
  end
  return redis.call('GET', KEYS[1])
end

local function life()
  return ARGV[14] == '1' and redis.call('PTTL', KEYS[1]) or nil
end

local function failed(counted)
  return string.find(counted.err, 'overflow') and { 'overflow', life() } or counted
end

if alive == 'plain' then
  local counted = redis.pcall('INCRBY', KEYS[1], ARGV[7])
  if type(counted) == 'table' and counted.err then
    return failed(counted)
  end
  return { 'now', redis.call('GET', KEYS[1]), life() }
end

if alive then
  if found.codec ~= INTEGER then
    return { 'other' }
  end
  local sum, failure = count(sub(bytes, found.payload, -5), 'KEEPTTL')
  if not sum then
    redis.call('SET', KEYS[1], bytes, 'KEEPTTL')
    return failed(failure)
  end
  if not PLAIN or pending or band(found.flags, 64) ~= 0 then
    local front = sub(bytes, 1, found.payload - 1)
    if found.stamp_at then
      front = sub(front, 1, found.stamp_at - 1) .. ARGV[8] .. sub(front, found.stamp_at + 8)
    end
    redis.call('SET', KEYS[1], sealed(front .. sum), 'KEEPTTL')
  end
  return { 'now', sum, life() }
end

if ARGV[9] == '' then
  return { 'missing' }
end
local wrapped = not PLAIN or pending or ARGV[13] == '1'
if wrapped and generation ~= ARGV[11] then
  return { 'scope', scope_record() }
end
local expiry = {}
if ARGV[10] ~= '' and ARGV[10] ~= '0' then
  expiry = { 'PX', ARGV[10] }
end
local sum, failure = count(ARGV[9], unpack(expiry))
if not sum then
  -- What lay there was dead.
  redis.call('UNLINK', KEYS[1])
  return failed(failure)
end
if ARGV[10] == '0' or head_moved then
  redis.call('UNLINK', KEYS[1])
elseif wrapped then
  redis.call('SET', KEYS[1], sealed(ARGV[12] .. sum), unpack(expiry))
  if front then
    outlive(front, ARGV[10])
  end
end
return { 'now', sum, life() }

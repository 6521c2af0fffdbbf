-- 7 "missing" or "refresh", 8 the lease's stamp, 9 the scope's generation that the placeholder was made for, 10 the placeholder,
-- 11 milliseconds it lies, longer than the lease, 12 the last bytes of a value that could not be decoded, 13 a fresh stamp,
-- 14 how long a marker lives, 15 how many markers follow, 16.. for each its name and a fresh record.
local granted = { 'granted' }
for at = 16, 14 + 2 * tonumber(ARGV[15]), 2 do
  local current = record(ARGV[at])
  if not current and NEAR then
    current = ARGV[at + 1]
    redis.call('SET', ARGV[at], current, 'PX', ARGV[14])
    known[ARGV[at]] = current
  end
  granted[#granted + 1] = current and sub(current, 5, 12)
end
local generation = scope_generation()
if #needed == 0 and generation ~= ARGV[9] then
  return { 'scope', scope_record() }
end
local bytes = fetch(KEYS[1])
local alive, found = live(bytes)
if #needed > 0 then
  return need()
end
if alive and ARGV[12] ~= '' and sub(bytes, -4) == ARGV[12] then
  alive = false
end

if ARGV[7] == 'missing' then
  if alive then
    return { 'hit', bytes }
  end
  -- The placeholder lies on after its lease has run out, so that who is late can still store what nobody took over.
  if bytes and is_lease(found) and redis.call('PTTL', KEYS[1]) > (tonumber(sub(bytes, found.at, -5)) or 0) then
    return { 'held' }
  end
elseif alive then
  local target
  if alive == 'plain' then
    -- A plain integer has no identity: it gets one until the refresh is over.
    target = ARGV[13]
    redis.call('SET', KEYS[1], sealed('\193\1\0\24' .. target .. generation .. bytes), 'KEEPTTL')
  else
    target = found.stamp
  end
  -- Where it cannot lie just now because its slot is being moved, the entry gives way to a placeholder.
  local lies = redis.pcall('SET', beside(), ARGV[8] .. generation .. target, 'PX', ARGV[11])
  if not lies.err then
    return granted
  end
end
redis.call('SET', KEYS[1], ARGV[10], 'PX', ARGV[11])
return granted

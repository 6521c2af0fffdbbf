-- 7 the lease's stamp. A refreshed integer that has no marks lies plain again.
local bytes = fetch(KEYS[1])
local found = bytes and head(bytes)
if found and found.codec == LEASE and found.stamp == ARGV[7] then
  redis.call('UNLINK', KEYS[1])
end
local lease = fetch(KEYS[2])
if lease and sub(lease, 1, 8) == ARGV[7] then
  redis.call('UNLINK', KEYS[2])
end
return { 'released' }

-- 7 the lease's stamp. A refreshed integer that has no marks lies plain again.
local bytes = fetch(KEYS[1])
local found = bytes and head(bytes)
if found and found.codec == LEASE and found.stamp == ARGV[7] then
  redis.call('UNLINK', KEYS[1])
end
local lease = redis.pcall('MGET', beside())
if not lease.err and lease[1] and sub(lease[1], 1, 8) == ARGV[7] then
  redis.call('UNLINK', beside())
end
return { 'released' }

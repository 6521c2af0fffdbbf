-- Removes all entries in KEYS, dead or alive, and ends the leases on them; how many were live.
local removed = 0
for _, key in ipairs(KEYS) do
  removed = removed + (live(fetch(key)) and 1 or 0)
end
if #needed > 0 then
  return need()
end
for _, key in ipairs(KEYS) do
  redis.call('UNLINK', key)
end
return { 'removed', removed }

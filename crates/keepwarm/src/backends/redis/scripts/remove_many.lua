-- Removes all entries in KEYS, dead or alive, and ends the leases on them; how many were live. A key that is named twice counts once.
local removed, seen = 0, {}
for _, key in ipairs(KEYS) do
  if not seen[key] then
    seen[key] = true
    removed = removed + (live(fetch(key)) and 1 or 0)
  end
end
if #needed > 0 then
  return need()
end
for key in pairs(seen) do
  redis.call('UNLINK', key)
end
return { 'removed', removed }

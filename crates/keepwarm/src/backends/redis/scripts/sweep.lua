-- Removes what a clearing left behind, of the keys in KEYS. 7 the record of the scope that the clearing made.
if record(ARGV[2]) ~= ARGV[7] then
  return { 'over' }
end
local generation = scope_generation()
local removed = 0
for _, key in ipairs(KEYS) do
  local bytes = fetch(key)
  local found = bytes and head(bytes)
  if bytes and not (found and found.scope == generation) then
    removed = removed + redis.call('UNLINK', key)
  end
end
return { 'swept', removed }

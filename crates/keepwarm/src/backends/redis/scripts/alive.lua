-- Which of the keys a read would find; all in KEYS.
local answer = {}
for at, key in ipairs(KEYS) do
  answer[at] = live(fetch(key)) and 1 or 0
end
if #needed > 0 then
  return need()
end
return { 'alive', unpack(answer) }

-- The entries in KEYS with how long they still live, behind the scope's record and those of the markers in ARGV from 7 on: of one
-- moment.
local answer = { 'entries', scope_record() }
for at = 7, #ARGV - 2 * tonumber(ARGV[6]) do
  answer[#answer + 1] = record(ARGV[at])
end
for _, key in ipairs(KEYS) do
  answer[#answer + 1] = fetch(key)
  answer[#answer + 1] = redis.call('PTTL', key)
end
return answer

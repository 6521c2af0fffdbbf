-- 7 milliseconds, "" for ever, "0" for a deadline that has passed.
local alive = live(fetch(KEYS[1]))
if #needed > 0 then
  return need()
end
if not alive then
  return { 'touched', 0 }
end
if ARGV[7] == '' then
  redis.call('PERSIST', KEYS[1])
elseif ARGV[7] == '0' then
  redis.call('UNLINK', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[7])
end
return { 'touched', 1 }

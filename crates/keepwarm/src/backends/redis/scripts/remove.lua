-- 7 when, 8 stamp, 9 the plain integer that this stamp may stand for.
local held, alive = holds(ARGV[7], ARGV[8], ARGV[9])
if #needed > 0 then
  return need()
end
if not held then
  return { 'removed', 0 }
end
redis.call('UNLINK', KEYS[1])
return { 'removed', alive and 1 or 0 }

-- 7 when, 8 stamp, 9 the plain integer that this stamp may stand for, 10 the scope's generation that the value was made for,
-- 11 the value, or where it is not to be kept an envelope with its marks, 12 "1" to keep it, 13 milliseconds, "" for ever.
local generation, pending = scope_generation()
local value, plain = ARGV[11], is_plain(ARGV[11])
if #needed == 0 and (generation ~= ARGV[10] or (plain and pending)) then
  return { 'scope', scope_record() }
end
local held = holds(ARGV[7], ARGV[8], ARGV[9])
local front = not plain and head(value)
local overtaken = front and moved_on(value, front)
if #needed > 0 then
  return need()
end
if overtaken then
  if ARGV[7] == 'always' then
    redis.call('UNLINK', KEYS[1])
  end
  return { 'overtaken' }
end
if not held then
  return { 'refused' }
end
if ARGV[12] ~= '1' then
  redis.call('UNLINK', KEYS[1])
  return { 'gone' }
end
if ARGV[13] == '' then
  redis.call('SET', KEYS[1], value)
else
  redis.call('SET', KEYS[1], value, 'PX', ARGV[13])
end
if front then
  outlive(front, ARGV[13])
end
return { 'stored' }

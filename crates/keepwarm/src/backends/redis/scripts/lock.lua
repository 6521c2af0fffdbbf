-- A lock. In KEYS[1] lies its fencing number, until when it is held in milliseconds of this server's clock (0 when it is not), and
-- its owner. 1 "take", "extend" or "free", 2 the owner, 3 for how many milliseconds, "" for ever, 4 how long the number lies on.
local time = redis.call('TIME')
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
local now = math.floor(micros / 1000)
local lies = redis.call('MGET', KEYS[1])[1] or ''
local fence, till, owner = string.match(lies, '^(%d+) (%d+) (%w*)$')
fence, till = tonumber(fence) or 0, tonumber(till) or 0
local held = till > now

if ARGV[1] == 'take' then
  if held and owner ~= ARGV[2] then
    return { 'refused' }
  end
  if not held then
    -- Larger than all before, also where what was before is lost.
    fence = math.max(fence + 1, micros)
  end
elseif not held or owner ~= ARGV[2] then
  return { 'refused' }
end

local number = string.format('%.0f', fence)
if ARGV[1] == 'free' then
  -- A server without room still forgets.
  local set = redis.pcall('SET', KEYS[1], number .. ' 0 ', 'PX', ARGV[4])
  if type(set) == 'table' and set.err then
    redis.call('UNLINK', KEYS[1])
  end
elseif ARGV[3] == '' then
  redis.call('SET', KEYS[1], number .. ' 9007199254740992 ' .. ARGV[2])
else
  local length = tonumber(ARGV[3])
  local text = number .. ' ' .. string.format('%.0f', now + length) .. ' ' .. ARGV[2]
  redis.call('SET', KEYS[1], text, 'PX', string.format('%.0f', length + ARGV[4]))
end
return { 'held', number }

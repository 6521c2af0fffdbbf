-- Puts 2 in the place of 1, if it is still there.
if redis.call('MGET', KEYS[1])[1] == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2])
  if KEYS[2] then
    redis.call('UNLINK', KEYS[2])
  end
  return 1
end
return 0

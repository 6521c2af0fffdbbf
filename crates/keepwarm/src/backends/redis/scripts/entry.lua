-- The bytes, how long they still live, and the scope's record, of one moment.
return { 'entry', fetch(KEYS[1]), redis.call('PTTL', KEYS[1]), scope_record() }

#!lua name=cgr_@ID@

-- The steps that must be atomic. No arithmetic and no decision about money here: a rater decides, the
-- store compares and writes. @ID@ is a hash of this file, so two versions of it live side by side.
--
-- A script that fails half-way is not undone. Everything that can refuse therefore comes before the first
-- write, and the journal, whose type may be wrong, is the first write.

local HEAD_BYTES = 25

-- Tell what is there: the record (nil: none), then number and value of each known request id.
local function conflict(keys)
  local reply = { redis.call('GET', keys[1]) }
  for i = 3, #keys do
    local value = redis.call('GETEX', keys[i])
    if value then
      reply[#reply + 1] = i - 3
      reply[#reply + 1] = value
    end
  end
  return reply
end

-- keys: account, journal, one per request id
-- args: head expected, record ('': leave it), journal element, then value and milliseconds per request id
local function commit(keys, args)
  if redis.call('GETRANGE', keys[1], 0, HEAD_BYTES - 1) ~= args[1] then
    return conflict(keys)
  end
  for i = 3, #keys do
    -- GETEX, not EXISTS or GET: client-side tracking does not remember it, and ids are never cached
    if redis.call('GETEX', keys[i]) then
      return conflict(keys)
    end
  end
  if args[2] ~= '' then
    redis.call('RPUSH', keys[2], args[3])
    redis.call('SET', keys[1], args[2])
    -- a write makes the store forget who tracks the key, with NOLOOP the writer too: read it once more
    redis.call('EXISTS', keys[1])
  end
  for i = 3, #keys do
    redis.call('SET', keys[i], args[2 * i - 2], 'PX', args[2 * i - 1])
  end
  return 1
end

-- The same where replicas acknowledge changes. WAIT covers what its own connection wrote, and a known answer
-- was perhaps written by another, to a master whose replicas do not have it yet: so it is written once more.
local function commit_acked(keys, args)
  local reply = commit(keys, args)
  if reply ~= 1 then
    for i = 3, #keys do
      local value = redis.call('GETEX', keys[i])
      if value then
        redis.call('SET', keys[i], value, 'KEEPTTL')
      end
    end
  end
  return reply
end

-- keys: timeline, metadata of versions, snapshot of the next version, snapshots that are no longer kept
-- args: timeline expected ('': none), next timeline, then the next version ('': none is made), its snapshot, its
--       metadata, and the version whose metadata are no longer kept
local function publish(keys, args)
  if (redis.call('GET', keys[1]) or '') ~= args[1] then
    return 0
  end
  if args[3] ~= '' then
    redis.call('HSET', keys[2], args[3], args[5]) -- its type may be wrong: the first write
    redis.call('HDEL', keys[2], args[6])
    redis.call('SET', keys[3], args[4])
  end
  for i = 4, #keys do
    redis.call('DEL', keys[i])
  end
  redis.call('SET', keys[1], args[2])
  return 1
end

-- keys: lease
-- args: who wants it, for how many milliseconds (0: gives it up)
local function lease(keys, args)
  local holder = redis.call('GETEX', keys[1])
  if holder and holder ~= args[1] then
    return 0
  end
  if args[2] == '0' then
    redis.call('DEL', keys[1])
  else
    redis.call('SET', keys[1], args[1], 'PX', args[2])
  end
  return 1
end

-- keys: documents
-- Tells what each of them is, as of one instant. Not MGET, which takes a key of another type for none.
local function read_documents(keys)
  local there = {}
  for i = 1, #keys do
    there[i] = redis.call('GET', keys[i])
  end
  return there
end

-- keys: documents
-- args: per document what it must be and what it becomes ('': none)
-- Tells 1, or what each of them is: then nothing was changed.
local function replace(keys, args)
  local there, as_told = {}, true
  for i = 1, #keys do
    there[i] = redis.call('GET', keys[i]) or ''
    as_told = as_told and there[i] == args[2 * i - 1]
  end
  if not as_told then
    return there
  end
  for i = 1, #keys do
    local after = args[2 * i]
    if after ~= there[i] then
      if after == '' then
        redis.call('DEL', keys[i])
      else
        redis.call('SET', keys[i], after)
      end
      redis.call('EXISTS', keys[i]) -- be tracked again, as in commit
    end
  end
  return 1
end

-- keys: integration errors of a service
-- args: error, how many are kept
local function add_error(keys, args)
  redis.call('LPUSH', keys[1], args[1])
  redis.call('LTRIM', keys[1], 0, args[2] - 1)
  return 1
end

-- keys: events, the last id given
-- args: how many are kept, then events
local function add_events(keys, args)
  for i = 2, #args do
    local id = redis.call('INCR', keys[2])
    if redis.call('ZADD', keys[1], 'NX', id, args[i]) == 0 then
      redis.call('DECR', keys[2])
    end
  end
  redis.call('ZREMRANGEBYRANK', keys[1], 0, -1 - args[1])
  return 1
end

-- keys: open batches, receipt of the batch
-- args: id, batch
-- Tells what is known of the id already, and writes that once more: replicas are waited for, as above.
-- The reply is nil, or the batch if it is open, or a list with its receipt if it is closed.
local function open_batch(keys, args)
  local receipt = redis.call('GETEX', keys[2])
  if receipt then
    redis.call('SET', keys[2], receipt, 'KEEPTTL')
    return { receipt }
  end
  if redis.call('HSETNX', keys[1], args[1], args[2]) == 1 then
    return false
  end
  local kept = redis.call('HGET', keys[1], args[1])
  redis.call('HSET', keys[1], args[1], kept)
  return kept
end

-- keys: open batches, receipt of the batch
-- args: id, receipt, for how many milliseconds it is kept
local function close_batch(keys, args)
  redis.call('SET', keys[2], args[2], 'PX', args[3])
  redis.call('HDEL', keys[1], args[1])
  return 1
end

-- Tell which marks are what, and write them once more: replicas are waited for, as above.
local function marks_moved(keys, args, told)
  for i = 1, #told do
    if told[i] ~= '' then
      redis.call('HSET', keys[2], args[1 + 3 * i], told[i]:sub(2))
    end
  end
  table.insert(told, 1, 'marks')
  return told
end

-- keys: number of the last row, marks, days of the book, receipt, then the lists of days
-- args: receipt ('': none), for how many milliseconds it is kept, how many marks
--       per mark: name, what it must be, what it becomes ('': none, else '=' and the value)
--       per entry: place of its list among those of days, the day, how many rows it has, the entry
-- Tells the number of the first row; or a list, and nothing was changed: 'receipt' and the one that is known,
-- or 'marks' and each of them as it is.
local function append(keys, args)
  if args[1] ~= '' then
    local known = redis.call('GETEX', keys[4])
    if known then
      redis.call('SET', keys[4], known, 'KEEPTTL')
      return { 'receipt', known }
    end
  end
  local told, moved = {}, false
  local marks_end = 3 + 3 * args[3]
  for i = 4, marks_end, 3 do
    local value = redis.call('HGET', keys[2], args[i])
    told[#told + 1] = value and '=' .. value or ''
    moved = moved or told[#told] ~= args[i + 1]
  end
  if moved then
    return marks_moved(keys, args, told)
  end
  redis.call('ZCARD', keys[3]) -- refuses a key of another type, as the next line does
  for i = 5, #keys do
    redis.call('LLEN', keys[i])
  end
  local total = 0
  for i = marks_end + 1, #args, 4 do
    total = total + args[i + 2]
  end
  local first = redis.call('INCRBY', keys[1], total) - total + 1
  local seq = first
  for i = marks_end + 1, #args, 4 do
    redis.call('RPUSH', keys[4 + args[i]], struct.pack('>I8', seq) .. args[i + 3])
    redis.call('ZADD', keys[3], args[i + 1], args[i + 1])
    seq = seq + args[i + 2]
  end
  for i = 4, marks_end, 3 do
    if args[i + 2] == '' then
      redis.call('HDEL', keys[2], args[i])
    else
      redis.call('HSET', keys[2], args[i], args[i + 2]:sub(2))
    end
  end
  if args[1] ~= '' then
    redis.call('SET', keys[4], args[1], 'PX', args[2])
  end
  return first
end

-- keys: entries of a day, archived days
-- args: name of the day, its archive as it must be and as it becomes, how many entries move there
local function archive(keys, args)
  local there = redis.call('LLEN', keys[1])
  if (redis.call('HGET', keys[2], args[1]) or '') ~= args[2] or there < tonumber(args[4]) then
    return 0
  end
  redis.call('HSET', keys[2], args[1], args[3])
  redis.call('LTRIM', keys[1], args[4], -1)
  return 1
end

-- keys: journal, its archive
-- args: head of what is proven there ('': nothing), the same record after the move, how many elements move,
--       the last of them, first version of the segment, the segment
-- What moves is what was written: the last element tells all before it by its hash.
local function archive_journal(keys, args)
  local proven = redis.call('HGET', keys[2], 'proven') or ''
  if proven:sub(1, HEAD_BYTES) ~= args[1] or redis.call('LLEN', keys[1]) <= tonumber(args[3])
    or redis.call('LINDEX', keys[1], args[3] - 1) ~= args[4] then
    return 0
  end
  redis.call('HSET', keys[2], 'proven', args[2], args[5], args[6])
  redis.call('LTRIM', keys[1], args[3], -1)
  return 1
end

redis.register_function('cgr_add_error_@ID@', add_error)
redis.register_function('cgr_add_events_@ID@', add_events)
redis.register_function('cgr_append_@ID@', append)
redis.register_function('cgr_close_batch_@ID@', close_batch)
redis.register_function('cgr_commit_@ID@', commit)
redis.register_function('cgr_commit_acked_@ID@', commit_acked)
redis.register_function('cgr_open_batch_@ID@', open_batch)
redis.register_function('cgr_publish_@ID@', publish)
redis.register_function('cgr_replace_@ID@', replace)
redis.register_function{
  function_name = 'cgr_documents_@ID@', callback = read_documents, flags = { 'no-writes' }
}
-- A store that is at its maxmemory has these all the same: they are what makes room in it.
redis.register_function{ function_name = 'cgr_archive_@ID@', callback = archive, flags = { 'allow-oom' } }
redis.register_function{
  function_name = 'cgr_archive_journal_@ID@', callback = archive_journal, flags = { 'allow-oom' }
}
redis.register_function{ function_name = 'cgr_lease_@ID@', callback = lease, flags = { 'allow-oom' } }

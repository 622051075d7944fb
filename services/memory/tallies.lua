-- Adds and counts distinct members in event order; answers a repeated question as it was answered before, and one whose
-- answer is no longer kept with -1 minus its count now.
-- A window holds the members of one bucket and of the bucket before it: an add goes into the window of its bucket and
-- into the next one, so a count reads one HyperLogLog and merges nothing.
-- A tally that has a bound has one small record a key instead: newest bucket, how many members it and the one before have,
-- who they are, who those of the newest bucket are (hashes).
-- KEYS: highest answered offset, list of answers, then of each tally its windows or the stem of its records.
-- ARGV: 1 and 2 first and last offset as 12 hex digits, 3 seconds to keep answers, 4 how many batches of answers; then of each
--       tally seven: name, bound (0: none), seconds a window or record is kept, offsets from the first, and
--       with a bound: MessagePack of the keys, rows of bucket, whether it adds, who, who once more;
--       without: MessagePack {windows, {member, window of the next bucket} or false} of each step to take, the step that
--       answers each question; how many of KEYS are the tally's.
-- Answers for each tally: the count at each step or, behind a 1 instead of a 0, at each question.
local first, last = ARGV[1], ARGV[2]
local base = tonumber(first, 16)
local ROW_BYTES = 13
local highest = call('GET', KEYS[1])

local extended = {}
local function add(window, member, life)
  if call('PFADD', window, member) == 1 and not extended[window] then
    call('EXPIRE', window, life)
    extended[window] = true
  end
end

-- What becomes of a record, and its count.
local function counted_few(record, row, most)
  local bucket, adds, who = unpacked('>I4Bc4', row)
  local newest, both, latest = bucket, '', ''
  if record then
    local length
    newest, length = unpacked('>I4B', record)
    both, latest = sub(record, 6, 5 + 4 * length), sub(record, 6 + 4 * length)
  elseif adds == 0 then
    return record, 0
  end
  if bucket > newest then
    newest, both, latest = bucket, bucket == newest + 1 and latest or '', ''
  end
  if adds == 0 then
    return record, #both / 4
  end
  if newest - bucket <= 1 then
    both = joined(both, who, most)
    if newest == bucket then
      latest = joined(latest, who, most)
    end
  end
  return pack('>I4B', newest, #both / 4) .. both .. latest, #both / 4
end

-- Answers and how to take each question in turn (with its place): a count that is made once its turn has come.
local function few(stem, most, life, keys, rows)
  local known, changed, want, load, save = shelf(stem, life)
  local fields = cmsgpack.unpack(keys)
  for i = 1, #fields do
    local one, two = byte(fields[i], -2, -1)
    want(fields[i], one + 7 * (two or 0))
  end
  load()
  local function count(i)
    local field, row = fields[i], sub(rows, ROW_BYTES * i - 12, ROW_BYTES * i)
    local record = known[field]
    if record == row then
      return 1
    elseif not record and byte(row, 5) == 1 then
      known[field], changed[field] = row, true
      return 1
    end
    local now, n = counted_few(record, row, most)
    if now ~= record then
      known[field], changed[field] = now, true
    end
    return n
  end
  return #fields, count, count, save
end

local function many(at, life, steps, step_of)
  local windows, members = unpack(cmsgpack.unpack(steps))
  local taken = {}
  local function step(i)
    local window, member = KEYS[at + windows[i]], members[i]
    if member then
      add(window, member[1], life)
      add(KEYS[at + member[2]], member[1], life)
    end
    return call('PFCOUNT', window)
  end
  local function count(i)
    local own = unpacked('>I4', step_of, 4 * i - 3) + 1
    if taken[own] then
      return call('PFCOUNT', KEYS[at + windows[own]])
    end
    taken[own] = true
    return step(own)
  end
  return #windows, step, count
end

-- Counts told before, by name and offset from the first.
local function recall()
  local told = {}
  for _, blob in ipairs(call('LRANGE', KEYS[2], 0, -1)) do
    if sub(blob, 1, 12) <= last and sub(blob, 13, 24) >= first then
      local began = tonumber(sub(blob, 1, 12), 16) - base
      local kept = cmsgpack.unpack(sub(blob, 25))
      for i = 1, #kept, 4 do
        local of_name, offsets, step_of, counts = told[kept[i]] or {}, kept[i + 1], kept[i + 2], kept[i + 3]
        told[kept[i]] = of_name
        for at = 1, #offsets, 4 do
          local place = step_of == '' and at or 4 * unpacked('>I4', step_of, at) + 1
          of_name[began + unpacked('>I4', offsets, at)] = unpacked('>I4', counts, place)
        end
      end
    end
  end
  return told
end

local told = highest and first <= highest and recall()
local answered = told and tonumber(highest, 16) - base
local answers, kept, at_key = {told and 1 or 0}, {}, 3

-- Takes a tally's questions one by one, but for those that were answered before; answers all and keeps the new ones.
local function again(name, offsets, count)
  local of_name, said, fresh_offsets, fresh = told[name] or {}, {}, {}, {}
  for i = 1, #offsets / 4 do
    local word = sub(offsets, 4 * i - 3, 4 * i)
    local offset = unpacked('>I4', word)
    local n = of_name[offset]
    if not n then
      n = count(i)
      fresh_offsets[#fresh_offsets + 1], fresh[#fresh + 1] = word, words[n]
      n = offset <= answered and -1 - n or n
    end
    said[i] = words[n]
  end
  return table.concat(said), table.concat(fresh_offsets), '', table.concat(fresh)
end

local function tally(at, name, most, life, offsets, which, rows)
  local steps, step, count, save
  if most > 0 then
    steps, step, count, save = few(KEYS[at], most, life, which, rows)
  else
    steps, step, count = many(at, life, which, rows)
  end
  local said, fresh_offsets, step_of, fresh
  if told then
    said, fresh_offsets, step_of, fresh = again(name, offsets, count)
  else
    local counts = {}
    for i = 1, steps do
      counts[i] = words[step(i)]
    end
    said = table.concat(counts)
    fresh_offsets, step_of, fresh = offsets, most > 0 and '' or rows, said
  end
  if save then
    save()
  end
  if fresh ~= '' then
    local size = #kept
    kept[size + 1], kept[size + 2], kept[size + 3], kept[size + 4] = name, fresh_offsets, step_of, fresh
  end
  return said
end

for at = 5, #ARGV, 7 do
  local keys = tonumber(ARGV[at + 6])
  answers[#answers + 1] = tally(at_key, ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), ARGV[at + 3],
    ARGV[at + 4], ARGV[at + 5])
  at_key = at_key + keys
end
if #kept > 0 then
  call('LPUSH', KEYS[2], first .. last .. cmsgpack.pack(kept))
  call('LTRIM', KEYS[2], 0, ARGV[4] - 1)
  call('EXPIRE', KEYS[2], ARGV[3])
  if not highest or last > highest then
    call('SET', KEYS[1], last, 'EX', ARGV[3])
  end
end
return answers

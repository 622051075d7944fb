-- Adds and counts distinct members in event order; answers a repeated question as it was answered before, and one whose
-- answer is no longer kept with -1 minus its count now.
-- A window holds the members of one bucket and of the bucket before it: an add goes into the window of its bucket and
-- into the next one, so a count reads one HyperLogLog and merges nothing.
-- KEYS: highest answered offset, list of answers, then for each distinct key the window of its bucket and the next one.
-- ARGV: 1 MessagePack {names, lives_s, offsets from the first, name index, key index, members (false: only counts)},
--       2 and 3 first and last offset as 12 hex digits, 4 seconds to keep answers, 5 how many batches of answers.
local call, sub = redis.call, string.sub
local names, lives, offsets, name_of, key_of, members = unpack(cmsgpack.unpack(ARGV[1]))
local first, last = ARGV[2], ARGV[3]
local base = tonumber(first, 16)
local highest = call('GET', KEYS[1])

local function recall()
  local known = {}
  for _, blob in ipairs(call('LRANGE', KEYS[2], 0, -1)) do
    if sub(blob, 1, 12) <= last and sub(blob, 13, 24) >= first then
      local began = tonumber(sub(blob, 1, 12), 16)
      local said, at, of, counts = unpack(cmsgpack.unpack(sub(blob, 25)))
      for i = 1, #at do
        local name = said[of[i]]
        known[name] = known[name] or {}
        known[name][began + at[i]] = counts[i]
      end
    end
  end
  return known
end

local current, extended = {}, {}
local function add(window, member, life)
  if call('PFADD', window, member) == 1 then
    current[window] = nil
    if not extended[window] then
      call('EXPIRE', window, life)
      extended[window] = true
    end
  end
end

local function count(i)
  local k = 1 + 2 * key_of[i]
  local window = KEYS[k]
  if members[i] then
    add(window, members[i], lives[name_of[i]])
    add(KEYS[k + 1], members[i], lives[name_of[i]])
  end
  local n = current[window]
  if not n then
    n = call('PFCOUNT', window)
    current[window] = n
  end
  return n
end

local known = highest and first <= highest and recall()
local answers = {}
local new_at, new_of, new_counts, news = offsets, name_of, answers, #offsets
if known then
  new_at, new_of, new_counts, news = {}, {}, {}, 0
  local answered = tonumber(highest, 16) - base
  for i = 1, #offsets do
    local of_name = known[names[name_of[i]]]
    local n = of_name and of_name[base + offsets[i]]
    if not n then
      n = count(i)
      news = news + 1
      new_at[news], new_of[news], new_counts[news] = offsets[i], name_of[i], n
      if offsets[i] <= answered then
        n = -1 - n
      end
    end
    answers[i] = n
  end
else
  for i = 1, #offsets do
    answers[i] = count(i)
  end
end

if news > 0 then
  call('LPUSH', KEYS[2], first .. last .. cmsgpack.pack({names, new_at, new_of, new_counts}))
  call('LTRIM', KEYS[2], 0, ARGV[5] - 1)
  call('EXPIRE', KEYS[2], ARGV[4])
  if not highest or last > highest then
    call('SET', KEYS[1], last, 'EX', ARGV[4])
  end
end
return answers

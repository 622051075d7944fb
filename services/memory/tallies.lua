-- Adds and counts distinct members in event order; answers a repeated question as it was answered before, and one whose
-- answer is no longer kept with -1 minus its count now.
-- A window holds the members of one bucket and of the bucket before it: an add goes into the window of its bucket and
-- into the next one, so a count reads one HyperLogLog and merges nothing.
-- KEYS: highest answered offset, list of answers, then for each distinct key the window of its bucket and the next one.
-- Where a name has a bound, a key has one small record instead of windows: newest bucket, members of it and of the one
-- before, members of it, as hashes; it is named twice in KEYS.
-- ARGV: 1 MessagePack {names, lives_s, offsets from the first, name index, key index, members (false: only counts; hashes where there is
--       a bound), bound of each name (0: none), bucket of each key},
--       2 and 3 first and last offset as 12 hex digits, 4 seconds to keep answers, 5 how many batches of answers.
local call, sub = redis.call, string.sub
local names, lives, offsets, name_of, key_of, members, bounds, buckets = unpack(cmsgpack.unpack(ARGV[1]))
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

local few, grown = {}, {}
local function joined(text, who, most)
  if #text >= 4 * most then
    return text
  end
  local at = string.find(text, who, 1, true)
  while at and (at - 1) % 4 ~= 0 do
    at = string.find(text, who, at + 1, true)
  end
  return at and text or text .. who
end

local function count_few(i, most)
  local key, bucket, who = KEYS[1 + 2 * key_of[i]], buckets[key_of[i]], members[i]
  local known = few[key]
  if not known then
    local blob = call('GET', key)
    known = {bucket, '', ''}
    if blob then
      local newest, length = struct.unpack('>I4B', blob)
      known = {newest, sub(blob, 6, 5 + 4 * length), sub(blob, 6 + 4 * length)}
    end
    few[key] = known
  end
  local newest, both, latest = known[1], known[2], known[3]
  if bucket > newest then
    newest, both, latest = bucket, bucket == newest + 1 and latest or '', ''
  end
  if who then
    who = struct.pack('>I4', who)
    if newest - bucket <= 1 then
      both = joined(both, who, most)
      if newest == bucket then
        latest = joined(latest, who, most)
      end
    end
    if newest ~= known[1] or both ~= known[2] or latest ~= known[3] then
      few[key], grown[key] = {newest, both, latest}, lives[name_of[i]]
    end
  end
  return #both / 4
end

local function count(i)
  local most = bounds[name_of[i]]
  if most > 0 then
    return count_few(i, most)
  end
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

for key, life in pairs(grown) do
  local newest, both, latest = unpack(few[key])
  call('SET', key, struct.pack('>I4B', newest, #both / 4) .. both .. latest, 'EX', life)
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

-- Records of payees, changed and read in event order; answers a repeated question as it was answered before. A question at
-- or below the highest answered offset whose answer is no longer kept changes nothing, and its age is -1 minus the age.
-- A record: first hour paid (0: never), newest day, how many of each, then payments and frauds up to the end of each day (running
-- totals; frauds only when there are any), accounts of the newest day and the one before, accounts of the newest day
-- (both as hashes), latest payments (hashes), verdicts (transaction, day). What is older than the running totals is forgotten.
-- KEYS: highest answered offset, list of answers, then each distinct payee.
-- ARGV: 1 questions as rows: offset from the first, hour, last day with labels, key index, who (hash of account and of
--       transaction; for a label 8 bytes of the transaction), change; 2 and 3 first and last offset as 12 hex digits,
--       4 seconds to keep answers, 5 how many batches of answers, 6 seconds to keep a record after its newest day came,
--       7 days of totals,
--       8 most accounts, 9 most latest payments, 10 most verdicts.
local call, sub, rep, find = redis.call, string.sub, string.rep, string.find
local pack, unpacked = struct.pack, struct.unpack
local rows, first, last = ARGV[1], ARGV[2], ARGV[3]
local most_days, most_accounts = tonumber(ARGV[7]), 4 * tonumber(ARGV[8])
local most_payments, most_labels = 4 * tonumber(ARGV[9]), 12 * tonumber(ARGV[10])
local ROW, HEAD, ANSWER, LABEL = '>I4I4I4I4c8B', '>I4I4BBBBBB', '>I4i4I4I4I4I4I4I4I4I4', '>c8I4'
local ROW_BYTES, HEAD_BYTES, ANSWER_BYTES = 25, 14, 40
local ZERO = rep('\0', 4)
local highest = call('GET', KEYS[1])

local function read(key)
  local blob = call('GET', key)
  if not blob then
    return {first = 0, newest = 0, days = 0, payments = '', frauds = '', both = '', today = '', latest = '', labels = ''}
  end
  local began, newest, m, f, b, t, l, v = unpacked(HEAD, blob)
  local payments = HEAD_BYTES + 4 * m
  local frauds = payments + 4 * f
  local both = frauds + 4 * b
  local today = both + 4 * t
  local latest = today + 4 * l
  return {
    first = began, newest = newest, days = m, payments = sub(blob, HEAD_BYTES + 1, payments),
    frauds = f > 0 and sub(blob, payments + 1, frauds) or '', both = sub(blob, frauds + 1, both),
    today = sub(blob, both + 1, today), latest = sub(blob, today + 1, latest),
    labels = v > 0 and sub(blob, latest + 1) or '', kept_at = newest,
  }
end

local function write(key, p)
  local head = pack(HEAD, p.first, p.newest, p.days, #p.frauds / 4, #p.both / 4, #p.today / 4, #p.latest / 4, #p.labels / 12)
  local blob = head .. p.payments .. p.frauds .. p.both .. p.today .. p.latest .. p.labels
  if p.kept_at == p.newest then
    call('SET', key, blob, 'KEEPTTL')
  else
    call('SET', key, blob, 'EX', ARGV[6])
  end
end

local function place(text, what, width)
  local at = find(text, what, 1, true)
  while at and (at - 1) % width ~= 0 do
    at = find(text, what, at + 1, true)
  end
  return at
end

local function longer(totals, days)
  return sub(totals .. rep(sub(totals, -4), days), -4 * most_days)
end

local function reach(p, day)
  if p.days == 0 then
    p.newest, p.days, p.payments = day, 1, ZERO
  elseif day > p.newest then
    local days = day - p.newest
    local added = days < most_days and days or most_days
    p.payments = longer(p.payments, added)
    p.frauds = p.frauds ~= '' and longer(p.frauds, added) or ''
    p.both, p.today = days == 1 and p.today or '', ''
    p.newest, p.days = day, #p.payments / 4
  elseif p.newest - day >= p.days and p.newest - day < most_days - 1 then
    local before = rep(ZERO, p.newest - day - p.days + 1)
    p.payments = before .. p.payments
    p.frauds = p.frauds ~= '' and before .. p.frauds or ''
    p.days = #p.payments / 4
  end
  return p.newest - day
end

local function raised(totals, ago, by)
  local at = #totals - 4 * ago - 3
  if ago == 0 then
    return sub(totals, 1, at - 1) .. pack('>I4', unpacked('>I4', totals, at) + by)
  end
  local parts = {sub(totals, 1, at - 1)}
  for i = at, #totals, 4 do
    parts[#parts + 1] = pack('>I4', unpacked('>I4', totals, i) + by)
  end
  return table.concat(parts)
end

local function join(text, who)
  if #text < most_accounts and not place(text, who, 4) then
    return text .. who
  end
  return text
end

local function pay(p, hour, day, who)
  local transaction = sub(who, 5, 8)
  if place(p.latest, transaction, 4) then
    return
  end
  p.latest = sub(p.latest .. transaction, -most_payments)
  local ago = reach(p, day)
  if ago >= most_days - 1 then
    return
  end
  p.payments = raised(p.payments, ago, 1)
  if p.first == 0 or hour < p.first then
    p.first = hour
  end
  local account = sub(who, 1, 4)
  if ago <= 1 then
    p.both = join(p.both, account)
    if ago == 0 then
      p.today = join(p.today, account)
    end
  end
end

local function blame(p, day, who)
  if place(p.labels, who, 12) then
    return
  end
  local ago = reach(p, day)
  if ago >= most_days - 1 then
    return
  end
  p.labels = sub(p.labels .. pack(LABEL, who, day), -most_labels)
  if p.frauds == '' then
    p.frauds = rep(ZERO, p.days)
  end
  p.frauds = raised(p.frauds, ago, 1)
end

local function clear(p, who)
  local at = place(p.labels, who, 12)
  if not at then
    return
  end
  local _, day = unpacked(LABEL, p.labels, at)
  p.labels = sub(p.labels, 1, at - 1) .. sub(p.labels, at + 12)
  local ago = p.newest - day
  if ago < most_days - 1 then
    p.frauds = raised(p.frauds, ago, -1)
  end
end

local function total(totals, newest, day)
  local days = #totals / 4
  local at = days - newest + day
  if at > days then
    at = days
  elseif at < 1 then
    if days < most_days then
      return 0
    end
    at = 1
  end
  return (unpacked('>I4', totals, 4 * at - 3))
end

local function windows(totals, newest, till)
  local at = 4 * (till - newest) + #totals - 3
  if at > 120 and at <= #totals then
    local before, upto = unpacked('>I4I4', totals, at - 4)
    return upto - before, upto - unpacked('>I4', totals, at - 28), upto - unpacked('>I4', totals, at - 120), upto
  end
  local upto = totals ~= '' and total(totals, newest, till) or 0
  if upto == 0 then
    return 0, 0, 0, 0
  end
  return upto - total(totals, newest, till - 1), upto - total(totals, newest, till - 7),
    upto - total(totals, newest, till - 30), upto
end

local records, changed, indexes = {}, {}, {}

local function answer(row, stale)
  local offset, hour, till, index, who, change = unpacked(ROW, rows, row)
  local p = records[index]
  if not p then
    p = read(KEYS[index])
    records[index] = p
    indexes[#indexes + 1] = index
  end
  if change > 0 and not stale then
    changed[index] = true
    local day = math.floor(hour / 24)
    if change == 1 then
      pay(p, hour, day, who)
    elseif change == 2 then
      blame(p, day, who)
    else
      clear(p, who)
    end
  end
  local age = (p.first == 0 or hour < p.first) and 0 or hour - p.first
  local c1, c7, c30 = windows(p.payments, p.newest, till)
  local f1, f7, f30, upto = 0, 0, 0, 0
  local new = 0
  if p.frauds ~= '' then
    f1, f7, f30, upto = windows(p.frauds, p.newest, till)
    new = unpacked('>I4', p.frauds, #p.frauds - 3) - (upto or 0)
  end
  return pack(ANSWER, offset, stale and -1 - age or age, #p.both / 4, c1, c7, c30, f1, f7, f30, new)
end

local function recall()
  local known, base = {}, tonumber(first, 16)
  for _, blob in ipairs(call('LRANGE', KEYS[2], 0, -1)) do
    if sub(blob, 1, 12) <= last and sub(blob, 13, 24) >= first then
      local began = tonumber(sub(blob, 1, 12), 16) - base
      for at = 25, #blob, ANSWER_BYTES do
        known[began + unpacked('>I4', blob, at)] = sub(blob, at + 4, at + ANSWER_BYTES - 1)
      end
    end
  end
  return known
end

local answers, fresh = {}, nil
if highest and first <= highest then
  local known, answered = recall(), tonumber(highest, 16) - tonumber(first, 16)
  fresh = {}
  for row = 1, #rows, ROW_BYTES do
    local offset = unpacked('>I4', rows, row)
    local kept = known[offset]
    local said = kept and pack('>I4', offset) .. kept or answer(row, offset <= answered)
    answers[#answers + 1] = said
    if not kept then
      fresh[#fresh + 1] = offset <= answered and pack('>I4I4', offset, -1 - select(2, unpacked('>I4i4', said))) .. sub(said, 9) or said
    end
  end
else
  for row = 1, #rows, ROW_BYTES do
    answers[#answers + 1] = answer(row, false)
  end
end

for _, index in ipairs(indexes) do
  if changed[index] then
    write(KEYS[index], records[index])
  end
end
local said = table.concat(answers)
local remembered = fresh and table.concat(fresh) or said
if remembered ~= '' then
  call('LPUSH', KEYS[2], first .. last .. remembered)
  call('LTRIM', KEYS[2], 0, ARGV[5] - 1)
  call('EXPIRE', KEYS[2], ARGV[4])
  if not highest or last > highest then
    call('SET', KEYS[1], last, 'EX', ARGV[4])
  end
end
return said

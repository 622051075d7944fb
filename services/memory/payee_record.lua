-- The record of a payee: goes before the script that keeps them, of whose ARGV it reads the last four.
-- First hour paid (0: never), newest day, payments up to its end (a running total), days before it, how many latest payments,
-- 1 more than how many verdicts (0: no fraud ever), how many accounts of the day before alone; then latest payments (hashes, the
-- newest first), payments up to the end of each day before, frauds likewise, the newest day's first (only when there are any),
-- verdicts (transaction, day), accounts (hashes): of the day before alone, of the newest day, of it beyond the bound on both.
-- What is older than the running totals is forgotten.
local most_days, most_accounts = tonumber(ARGV[9]), tonumber(ARGV[10])
local most_latest, most_labels = tonumber(ARGV[11]), 12 * ARGV[12]
local HEAD, HEAD_BYTES, LABEL = '>I4I4I4BBBB', 16, '>c8I4'
local ZERO, NONE = rep('\0', 4), rep('\0', 28)

-- Where in a record what begins: totals, frauds, verdicts, accounts.
local function places(days, latest, marked)
  local totals = HEAD_BYTES + 1 + 4 * latest
  local frauds = totals + 4 * days
  if marked == 0 then
    return totals, frauds, frauds, frauds
  end
  local labels = frauds + 4 * (days + 1)
  return totals, frauds, labels, labels + 12 * (marked - 1)
end

local function longer(totals, last, since)
  local grown = totals .. rep(last, since < most_days and since or most_days)
  return #grown < 4 * most_days and grown or sub(grown, 4 - 4 * most_days)
end

-- What follows `from` in the record once `since` days more have passed; how many days and accounts it then has.
local function passed(blob, from, days, latest, marked, before, upto, since)
  local totals, frauds, labels, accounts = places(days, latest, marked)
  local held = since == 1 and sub(blob, accounts + 4 * before) or ''
  local grown = longer(sub(blob, totals, frauds - 1), words[upto], since)
  days = #grown / 4
  if marked > 0 then
    local all = sub(blob, frauds, frauds + 3)
    grown = grown .. all .. longer(sub(blob, frauds + 4, labels - 1), all, since) .. sub(blob, labels, accounts - 1)
  end
  return sub(blob, from, totals - 1) .. grown .. held, days, #held / 4
end

-- One payment more on the newest day or after it, which is the common case; nil when that is not all there is to it.
-- Answers the record and what `counts` reads of it.
local function paid(blob, hour, day, transaction, account)
  local began, newest, upto, days, latest, marked, before = unpacked(HEAD, blob)
  local since = day - newest
  local totals, _, _, accounts = places(days, latest, marked)
  if since < 0 then
    return nil
  end
  local seen = find(blob, transaction, HEAD_BYTES + 1, true)
  if seen and seen < totals then
    return nil
  end
  local from, kept = HEAD_BYTES + 1, ''
  if latest == most_latest then
    kept, from = sub(blob, from, totals - 5), totals
  end
  if since > 0 then
    blob, days, before = passed(blob, from, days, latest, marked, before, upto, since)
    from, accounts, newest = 1, #blob - 4 * before + 1, day
  end
  if latest < most_latest then
    latest = latest + 1
  end
  local size, tail = (#blob + 1 - accounts) / 4, nil
  local at = find(blob, account, accounts, true)
  if at and (at - accounts) % 4 ~= 0 then
    return nil
  elseif size - before >= most_accounts or (at and at >= accounts + 4 * before) then
    tail = sub(blob, from)
  elseif not at then
    tail, size = sub(blob, from) .. account, size + 1
  else
    local others = accounts + 4 * before
    tail, before = sub(blob, from, at - 1) .. sub(blob, at + 4, others - 1) .. account .. sub(blob, others), before - 1
  end
  if began == 0 or hour < began then
    began = hour
  end
  upto = upto + 1
  return pack(HEAD, began, newest, upto, days, latest, marked, before) .. transaction .. kept .. tail,
    began, newest, upto, days, latest, marked, size
end

-- Running totals a number of days before the newest one; `at` is where those of the days before it begin.
local function total(blob, at, days, upto, ago)
  if ago <= 0 then
    return upto
  end
  if ago > days then
    if days < most_days - 1 then
      return 0
    end
    ago = days
  end
  return (unpacked('>I4', blob, at + 4 * (days - ago)))
end

local function windows(blob, at, days, upto, ago)
  local till = total(blob, at, days, upto, ago)
  return till - total(blob, at, days, upto, ago + 1), till - total(blob, at, days, upto, ago + 7),
    till - total(blob, at, days, upto, ago + 30), till
end

-- The answer behind its age, of a record with such a head; `ago` days before its newest one is the last day with labels.
local function counts(blob, ago, upto, days, latest, marked, size)
  local accounts = words[size < most_accounts and size or most_accounts]
  if ago > days and marked == 0 then
    return accounts, NONE
  end
  local at = HEAD_BYTES + 1 + 4 * latest
  local c1, c7, c30 = windows(blob, at, days, upto, ago)
  local f1, f7, f30, new = 0, 0, 0, 0
  if marked > 0 then
    at = at + 4 * days
    local all, released = unpacked('>I4', blob, at), 0
    f1, f7, f30, released = windows(blob, at + 4, days, all, ago)
    new = all - released
  end
  return accounts, pack('>I4I4I4I4I4I4I4', c1, c7, c30, f1, f7, f30, new)
end

local function opened(blob)
  if not blob then
    return {began = 0, newest = 0, payments = '', frauds = '', both = '', today = '', latest = '', labels = ''}
  end
  local began, newest, upto, days, latest, marked, before = unpacked(HEAD, blob)
  local totals, frauds, labels, accounts = places(days, latest, marked)
  local p = {began = began, newest = newest, latest = sub(blob, HEAD_BYTES + 1, totals - 1)}
  p.payments, p.labels = sub(blob, totals, frauds - 1) .. words[upto], sub(blob, labels, accounts - 1)
  p.frauds = marked > 0 and sub(blob, frauds + 4, labels - 1) .. sub(blob, frauds, frauds + 3) or ''
  p.both = sub(blob, accounts, accounts + 4 * most_accounts - 1)
  p.today = sub(blob, accounts + 4 * before)
  p.held = {p.both, p.today, before, sub(blob, accounts)}
  return p
end

-- How many accounts are of the day before alone, and all of them: those, the others of both days, those of the newest beyond.
local function sorted(p)
  if p.held and p.both == p.held[1] and p.today == p.held[2] then
    return p.held[3], p.held[4]
  end
  local before, today, beyond = {}, {}, {}
  for at = 1, #p.both, 4 do
    local who = sub(p.both, at, at + 3)
    local into = place(p.today, who, 4) and today or before
    into[#into + 1] = who
  end
  for at = 1, #p.today, 4 do
    local who = sub(p.today, at, at + 3)
    if not place(p.both, who, 4) then
      beyond[#beyond + 1] = who
    end
  end
  return #before, table.concat(before) .. table.concat(today) .. table.concat(beyond)
end

local function closed(p)
  local before, accounts = sorted(p)
  local marked = p.frauds == '' and 0 or #p.labels / 12 + 1
  return pack(HEAD, p.began, p.newest, unpacked('>I4', p.payments, #p.payments - 3), #p.payments / 4 - 1, #p.latest / 4, marked,
    before) .. p.latest .. sub(p.payments, 1, -5) .. sub(p.frauds, -4) .. sub(p.frauds, 1, -5) .. p.labels .. accounts
end

-- Lets the record end no earlier than `day`; answers how many days before its end that is.
local function reach(p, day)
  local days = #p.payments / 4
  if days == 0 then
    p.newest, p.payments = day, ZERO
  elseif day > p.newest then
    local since = day - p.newest
    local function grown(totals)
      return sub(totals .. rep(sub(totals, -4), since < most_days and since or most_days), -4 * most_days)
    end
    p.payments = grown(p.payments)
    p.frauds = p.frauds ~= '' and grown(p.frauds) or ''
    p.both, p.today, p.newest = since == 1 and p.today or '', '', day
  elseif p.newest - day >= days and p.newest - day < most_days - 1 then
    local before = rep(ZERO, p.newest - day - days + 1)
    p.payments = before .. p.payments
    p.frauds = p.frauds ~= '' and before .. p.frauds or ''
  end
  return p.newest - day
end

local function raised(totals, ago, by)
  local at = #totals - 4 * ago - 3
  local parts = {sub(totals, 1, at - 1)}
  for i = at, #totals, 4 do
    parts[#parts + 1] = words[unpacked('>I4', totals, i) + by]
  end
  return table.concat(parts)
end

local function pay(p, hour, day, transaction, account)
  if place(p.latest, transaction, 4) then
    return
  end
  p.latest = sub(transaction .. p.latest, 1, 4 * most_latest)
  local ago = reach(p, day)
  if ago >= most_days - 1 then
    return
  end
  p.payments = raised(p.payments, ago, 1)
  if p.began == 0 or hour < p.began then
    p.began = hour
  end
  if ago <= 1 then
    p.both = joined(p.both, account, most_accounts)
    if ago == 0 then
      p.today = joined(p.today, account, most_accounts)
    end
  end
end

-- Where the verdict on a transaction is. `former` is what earlier releases knew it by: its event id, whosever it was.
local function judged(p, who, former)
  return place(p.labels, who, 12) or place(p.labels, former, 12)
end

local function blame(p, day, who, former)
  if judged(p, who, former) then
    return
  end
  local ago = reach(p, day)
  if ago >= most_days - 1 then
    return
  end
  p.labels = sub(p.labels .. pack(LABEL, who, day), -most_labels)
  if p.frauds == '' then
    p.frauds = rep(ZERO, #p.payments / 4)
  end
  p.frauds = raised(p.frauds, ago, 1)
end

local function clear(p, who, former)
  local at = judged(p, who, former)
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

-- Any change at all; nil when the record of a payee that has none stays away.
local function altered(blob, hour, day, who, change, former)
  local p = opened(blob)
  if change == 1 then
    pay(p, hour, day, sub(who, 1, 4), sub(who, 5))
  elseif change == 2 then
    blame(p, day, who, former)
  else
    clear(p, who, former)
  end
  return p.payments ~= '' and closed(p)
end

-- Records of payees, changed and read in event order; answers a repeated question as it was answered before. A question at
-- or below the highest answered offset whose answer is no longer kept changes nothing, and its age is -1 minus the age.
-- KEYS: highest answered offset, list of answers, stem of the records.
-- ARGV: 1 questions as rows: payee, change, the record of a payee that is paid for the first time: its head with hour and day,
--       hashes of transaction and account (for a label, in place of that head, what earlier releases knew the transaction by,
--       then 8 bytes of the transaction); 2 their offsets from the first, 3 and 4 first and last offset as 12 hex digits,
--       5 seconds to keep answers, 6 how many batches of answers, 7 seconds to keep a record,
--       8 days after which labels are out, 9 days of totals, 10 most accounts, 11 most latest payments, 12 most verdicts.
local rows, offsets, first, last = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local label_days = ARGV[8] + 1
local ROW, ROW_BYTES, ANSWER_BYTES = '>I4I4', 33, 36
local highest = call('GET', KEYS[1])
local known, changed, want, load, save = shelf(KEYS[3], tonumber(ARGV[7]))

local payees, count = {}, 0
for row = 1, #rows, ROW_BYTES do
  local payee = sub(rows, row, row + 7)
  count = count + 1
  payees[count] = payee
  want(payee, byte(payee, 8))
end
load()

-- The words of a question's answer.
local function answer(number, stale)
  local payee, row = payees[number], ROW_BYTES * (number - 1) + 10
  local change, blob = byte(rows, row - 1), known[payee]
  local hour, day = unpacked(ROW, rows, row)
  local began, newest, upto, days, latest, marked, size
  if change > 0 and not stale then
    local now
    if change > 1 then
      now = altered(blob, hour, day, sub(rows, row + 16, row + 23), change, sub(rows, row + 8, row + 15))
    elseif blob then
      local transaction, account = unpacked('>c4c4', rows, row + 16)
      now, began, newest, upto, days, latest, marked, size = paid(blob, hour, day, transaction, account)
      now = now or altered(blob, hour, day, transaction .. account, 1)
    else
      now, began, newest, upto, days, latest, marked, size = sub(rows, row, row + 23), hour, day, 1, 0, 1, 0, 1
    end
    if now and now ~= blob then
      known[payee], changed[payee], blob = now, true, now
    end
  end
  if not blob then
    return words[stale and -1 or 0], ZERO, NONE
  end
  if not began then
    began, newest, upto, days, latest, marked = unpacked(HEAD, blob)
    local _, _, _, accounts = places(days, latest, marked)
    size = (#blob + 1 - accounts) / 4
  end
  local age = (began == 0 or hour < began) and 0 or hour - began
  return words[stale and -1 - age or age], counts(blob, newest - day + label_days, upto, days, latest, marked, size)
end

local function recall()
  local told, base = {}, tonumber(first, 16)
  for _, blob in ipairs(call('LRANGE', KEYS[2], 0, -1)) do
    if sub(blob, 1, 12) <= last and sub(blob, 13, 24) >= first then
      local began, said = tonumber(sub(blob, 1, 12), 16) - base, 25 + (#blob - 24) / (4 + ANSWER_BYTES) * 4
      for at = 25, said - 1, 4 do
        told[began + unpacked('>I4', blob, at)] = sub(blob, said, said + ANSWER_BYTES - 1)
        said = said + ANSWER_BYTES
      end
    end
  end
  return told
end

local said, kept_offsets, kept = {}, nil, nil
if highest and first <= highest then
  local told, answered = recall(), tonumber(highest, 16) - tonumber(first, 16)
  local fresh_offsets, fresh = {}, {}
  for number = 1, #offsets / 4 do
    local word = sub(offsets, 4 * number - 3, 4 * number)
    local offset = unpacked('>I4', word)
    if told[offset] then
      said[number] = told[offset]
    else
      local stale = offset <= answered
      local age, accounts, others = answer(number, stale)
      said[number] = age .. accounts .. others
      fresh_offsets[#fresh_offsets + 1] = word
      fresh[#fresh + 1] = (stale and words[-1 - unpacked('>i4', age)] or age) .. accounts .. others
    end
  end
  said, kept_offsets, kept = table.concat(said), table.concat(fresh_offsets), table.concat(fresh)
else
  local size = 0
  for number = 1, count do
    said[size + 1], said[size + 2], said[size + 3] = answer(number, false)
    size = size + 3
  end
  said = table.concat(said)
  kept_offsets, kept = offsets, said
end

save()
if kept ~= '' then
  call('LPUSH', KEYS[2], first .. last .. kept_offsets .. kept)
  call('LTRIM', KEYS[2], 0, ARGV[6] - 1)
  call('EXPIRE', KEYS[2], ARGV[5])
  if not highest or last > highest then
    call('SET', KEYS[1], last, 'EX', ARGV[5])
  end
end
return said

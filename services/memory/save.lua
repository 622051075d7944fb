-- Keeps each value unless the stored one begins with a newer offset (12 hex digits), and notes how far the memory was saved.
-- Returns how many were refused, and the mark as it was found (false: there was none; one that says `lost` is left).
-- KEYS: the mark, then one an account, without repeats. ARGV: the digits that are reached, the time in milliseconds, then the
-- values in the order of the accounts.
local CHUNK = 1000
local sub = string.sub
local mark = redis.call('GET', KEYS[1])
if not mark then
  redis.call('SET', KEYS[1], ARGV[1] .. ' lost ' .. ARGV[2])
elseif sub(mark, 1, 12) < ARGV[1] then
  redis.call('SETRANGE', KEYS[1], 0, ARGV[1])
end
local refused = 0
for start = 2, #KEYS, CHUNK do
  local stop = math.min(start + CHUNK - 1, #KEYS)
  local stored = redis.call('MGET', unpack(KEYS, start, stop))
  local kept, n = {}, 0
  for i = start, stop do
    local value, old = ARGV[i + 1], stored[i - start + 1]
    if old and sub(value, 1, 12) < sub(old, 1, 12) then
      refused = refused + 1
    else
      kept[n + 1] = KEYS[i]
      kept[n + 2] = value
      n = n + 2
    end
  end
  if n > 0 then
    redis.call('MSET', unpack(kept, 1, n))
  end
end
return {refused, mark}

-- Keeps each value unless the stored one begins with a newer offset (12 hex digits). Returns how many were refused.
-- KEYS: one an account, without repeats. ARGV: the values in the same order.
local CHUNK = 1000
local sub = string.sub
local refused = 0
for start = 1, #KEYS, CHUNK do
  local stop = math.min(start + CHUNK - 1, #KEYS)
  local stored = redis.call('MGET', unpack(KEYS, start, stop))
  local kept, n = {}, 0
  for i = start, stop do
    local value, old = ARGV[i], stored[i - start + 1]
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
return refused

-- Records in a few hashes instead of a key each, so that one command reads or writes many. Goes before a script that keeps them,
-- with what such scripts need to read and write a record.
-- A hash is of one period of the server's clock, as long as a record is to be kept. A record that is not in this period's hash
-- is looked for in the last one's, from where it moves when it changes: what stays as it is for two periods is forgotten.
local call = redis.call
local sub, rep, find, byte = string.sub, string.rep, string.find, string.byte
local pack, unpacked = struct.pack, struct.unpack
local PIECES, AT_ONCE = 8, 500
local words = setmetatable({}, {__index = function(made, number)
  local word = pack('>i4', number)
  made[number] = word
  return word
end})

-- Where a text of entries of one width has this one.
local function place(text, what, width)
  local at = find(text, what, 1, true)
  while at and (at - 1) % width ~= 0 do
    at = find(text, what, at + 1, true)
  end
  return at
end

-- Some members (hashes), and one more unless there are enough or it is one of them.
local function joined(text, who, most)
  if #text < 4 * most and not place(text, who, 4) then
    return text .. who
  end
  return text
end

-- The records under `stem`: by field what is known (false: nothing), what changed; then how to ask for a field, to read all
-- that were asked for, and to write what changed.
local function shelf(stem, kept_s)
  local period = math.floor(call('TIME')[1] / kept_s)
  local known, changed, wanted, older, has_older = {}, {}, {}, {}, nil

  local function name(piece, ago)
    return stem .. piece .. '.' .. period - ago
  end

  local function want(field, spot)
    if known[field] == nil then
      known[field] = false
      local piece = spot % PIECES
      local fields = wanted[piece]
      if fields then
        fields[#fields + 1] = field
      else
        wanted[piece] = {field}
      end
    end
  end

  local function read(fields, piece, ago)
    local missing = {}
    for from = 1, #fields, AT_ONCE do
      local found = call('HMGET', name(piece, ago), unpack(fields, from, math.min(from + AT_ONCE - 1, #fields)))
      for i = 1, #found do
        local field, record = fields[from + i - 1], found[i]
        known[field] = record
        if not record then
          missing[#missing + 1] = field
        elseif ago > 0 then
          older[field] = true
        end
      end
    end
    if ago == 0 and has_older and #missing > 0 then
      read(missing, piece, 1)
    end
  end

  local function load()
    local olds = {}
    for piece = 0, PIECES - 1 do
      olds[piece + 1] = name(piece, 1)
    end
    has_older = call('EXISTS', unpack(olds)) > 0
    for piece, fields in pairs(wanted) do
      read(fields, piece, 0)
    end
  end

  local function write(hash, pairs_of, piece)
    local count = #pairs_of / 2
    local new = 0
    for from = 1, #pairs_of, 2 * AT_ONCE do
      new = new + call('HSET', hash, unpack(pairs_of, from, math.min(from + 2 * AT_ONCE - 1, #pairs_of)))
    end
    if new == count and call('HLEN', hash) == count then
      -- One value of more than 64 bytes makes a hash a table; the list that it is until then is searched from its beginning.
      call('HSET', hash, '', rep(' ', 80))
      call('EXPIREAT', hash, (period + 2) * kept_s + 3600)
      call('UNLINK', name(piece, 2))
    end
  end

  local function save()
    for piece, fields in pairs(wanted) do
      local news, size, gone = {}, 0, {}
      for i = 1, #fields do
        local field = fields[i]
        if changed[field] then
          news[size + 1], news[size + 2], size = field, known[field], size + 2
          if older[field] then
            gone[#gone + 1] = field
          end
        end
      end
      if size > 0 then
        write(name(piece, 0), news, piece)
      end
      for from = 1, #gone, AT_ONCE do
        call('HDEL', name(piece, 1), unpack(gone, from, math.min(from + AT_ONCE - 1, #gone)))
      end
    end
  end

  return known, changed, want, load, save
end

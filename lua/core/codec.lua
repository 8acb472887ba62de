-- Text forms of the game link (docs/gamelink.md): checksums, data, names and counts. Pure functions only.

local band, bxor, rshift = bit32.band, bit32.bxor, bit32.rshift
local byte, format, gsub = string.byte, string.format, string.gsub
local helpers = helpers -- the scenario is read later and may have a global of its own by this name

local codec = {}

-- Above this many bytes compression pays for its own overhead in most of what is sent.
local RAW_LIMIT = 240

local crc_table = {}
for i = 0, 255 do
  local c = i
  for _ = 1, 8 do
    if band(c, 1) == 1 then
      c = bxor(0xEDB88320, rshift(c, 1))
    else
      c = rshift(c, 1)
    end
  end
  crc_table[i] = c
end

-- CRC-32 (IEEE) as eight lower-case hexadecimal digits.
function codec.crc(text)
  local c = 0xFFFFFFFF
  for i = 1, #text do
    c = bxor(crc_table[band(bxor(c, byte(text, i)), 0xFF)], rshift(c, 8))
  end
  return format("%08x", bxor(c, 0xFFFFFFFF))
end

-- Counts leave Lua only by this: tostring and .. print no more than 14 digits.
function codec.count(n)
  return format("%.0f", n)
end

function codec.encode(text)
  if #text <= RAW_LIMIT and not text:find("[^A-Za-z0-9+/=_-]") then
    return "r" .. text
  end
  return "z" .. helpers.encode_string(text)
end

-- nil when the data is not in one of the two encodings.
function codec.decode(data)
  local encoding = data:sub(1, 1)
  if encoding == "r" then
    return data:sub(2)
  elseif encoding == "z" then
    return helpers.decode_string(data:sub(2))
  end
end

local function escape_byte(c)
  return format("_%02X", byte(c))
end

local function unescape_byte(hex)
  return string.char(tonumber(hex, 16))
end

-- An item's key is its name and quality as they stand in a record: "iron-plate/normal".
function codec.key(name, quality)
  return gsub(name, "[^A-Za-z0-9-]", escape_byte) .. "/" .. gsub(quality, "[^A-Za-z0-9-]", escape_byte)
end

function codec.item(key)
  local name, quality = key:match("^([^/]*)/([^/]*)$")
  return (gsub(name, "_(%x%x)", unescape_byte)), (gsub(quality, "_(%x%x)", unescape_byte))
end

return codec

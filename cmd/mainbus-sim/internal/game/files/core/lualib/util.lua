-- Helpers that the game's own library of this name has too, as far as mods use them at all stages.

local util = { table = {} }

local function copy(value, seen)
  if type(value) ~= "table" then
    return value
  end
  if seen[value] then
    return seen[value]
  end
  local out = {}
  seen[value] = out
  for k, v in pairs(value) do
    out[copy(k, seen)] = copy(v, seen)
  end
  return setmetatable(out, getmetatable(value))
end

function table.deepcopy(value)
  return copy(value, {})
end

function table.compare(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for k, v in pairs(a) do
    if not table.compare(v, b[k]) then
      return false
    end
  end
  for k in pairs(b) do
    if a[k] == nil then
      return false
    end
  end
  return true
end

util.table.deepcopy = table.deepcopy
util.table.compare = table.compare
util.copy = table.deepcopy

function util.distance(a, b)
  local x, y = (a.x or a[1]) - (b.x or b[1]), (a.y or a[2]) - (b.y or b[2])
  return math.sqrt(x * x + y * y)
end

local function merge_into(target, source)
  for k, v in pairs(source) do
    if type(v) == "table" and type(target[k]) == "table" then
      merge_into(target[k], v)
    else
      target[k] = table.deepcopy(v)
    end
  end
end

function util.merge(tables)
  local out = {}
  for _, t in ipairs(tables) do
    merge_into(out, t)
  end
  return out
end

function util.add_shift(a, b)
  if not a or not b then
    return a or b
  end
  return { a[1] + b[1], a[2] + b[2] }
end

function util.by_pixel(x, y)
  return { x / 32, y / 32 }
end

function util.empty_sprite(count)
  return { filename = "__core__/graphics/empty.png", width = 1, height = 1, frame_count = count or 1, direction_count = 1 }
end

function util.split(text, separator)
  local out = {}
  for part in string.gmatch(text, "([^" .. (separator or "%s") .. "]+)") do
    out[#out + 1] = part
  end
  return out
end

util.string_starts_with = function(text, start)
  return string.sub(text, 1, #start) == start
end

function util.color(hex)
  hex = string.gsub(hex, "#", "")
  local function channel(at)
    local pair = string.sub(hex, at, at + 1)
    return pair == "" and 1 or tonumber(pair, 16) / 255
  end
  return { r = channel(1), g = channel(3), b = channel(5), a = channel(7) }
end

function util.format_number(amount, suffix)
  local ending = ""
  if suffix then
    for _, step in ipairs({ { "T", 1e12 }, { "B", 1e9 }, { "M", 1e6 }, { "k", 1e3 } }) do
      if math.abs(amount) >= step[2] then
        amount, ending = math.floor(amount / (step[2] / 10)) / 10, step[1]
        break
      end
    end
  end
  local text = tostring(amount)
  local replaced
  repeat
    text, replaced = string.gsub(text, "^(-?%d+)(%d%d%d)", "%1,%2")
  until replaced == 0
  return text .. ending
end

function util.list_to_map(list)
  local out = {}
  for _, v in pairs(list) do
    out[v] = true
  end
  return out
end

function util.clamp(x, low, high)
  return math.max(low, math.min(high, x))
end

return util

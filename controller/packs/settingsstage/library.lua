-- What settings of mods use of the game's library.

table.deepcopy = function(value)
  local seen = {}
  local function copy(v)
    if type(v) ~= "table" then return v end
    if seen[v] then return seen[v] end
    local new = {}
    seen[v] = new
    for k, inner in pairs(v) do new[copy(k)] = copy(inner) end
    return setmetatable(new, getmetatable(v))
  end
  return copy(value)
end

table.compare = function(a, b)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  for k, v in pairs(a) do if not table.compare(v, b[k]) then return false end end
  for k in pairs(b) do if a[k] == nil then return false end end
  return true
end

util = { table = { deepcopy = table.deepcopy, compare = table.compare }, copy = table.deepcopy }

util.merge = function(list)
  local result = {}
  for _, one in ipairs(list) do
    for k, v in pairs(one) do
      if type(v) == "table" and type(result[k]) == "table" then
        result[k] = util.merge{result[k], v}
      else
        result[k] = table.deepcopy(v)
      end
    end
  end
  return result
end

util.list_to_map = function(list)
  local result = {}
  for _, v in pairs(list) do result[v] = true end
  return result
end

-- Colours are written with one or two digits a channel: "fff", "80ff00", "80ff0080", or one channel for all: "8", "80".
util.color = function(hex)
  hex = hex:gsub("#", "")
  local digits = #hex
  local width = (digits == 2 or digits > 4) and 2 or 1
  local function channel(n)
    local text = hex:sub((n - 1) * width + 1, n * width)
    return text ~= "" and tonumber(text, 16) / (width == 2 and 255 or 15) or nil
  end
  if digits <= 2 then return { r = channel(1), g = channel(1), b = channel(1) } end
  return { r = channel(1), g = channel(2), b = channel(3), a = channel(4) }
end

local function channel_of(color, name, index) return color[name] or color[index] end

util.multiply_color = function(color, by)
  local result = {}
  for i, name in ipairs{"r", "g", "b", "a"} do result[i] = (channel_of(color, name, i) or (i == 4 and 1 or 0)) * (by or 0) end
  return result
end

util.premul_color = function(color)
  local alpha = channel_of(color, "a", 4) or 1
  local result = { a = alpha }
  for i, name in ipairs{"r", "g", "b"} do
    local value = channel_of(color, name, i)
    result[name] = value and value * alpha
  end
  return result
end

util.split = function(text, separators)
  local parts = {}
  for part in text:gmatch("[^" .. separators .. "]+") do parts[#parts + 1] = part end
  return parts
end

util.split_whitespace = function(text)
  local parts = {}
  for part in (text or ""):gmatch("%S+") do parts[#parts + 1] = part end
  return parts
end

util.string_starts_with = function(text, start) return text:sub(1, #start) == start end

util.string_replace = function(text, what, with)
  local from, to = text:find(what, 1, true)
  local result = ""
  while from and what ~= "" do
    result, text = result .. text:sub(1, from - 1) .. with, text:sub(to + 1)
    from, to = text:find(what, 1, true)
  end
  return result .. text
end

util.clamp = function(value, low, high) return math.max(low, math.min(high, value)) end
util.increment = function(list, key, by) list[key] = list[key] + (by or 1) end
util.conditional_return = function(value, data) return value and data end

local function show() return "{}" end
serpent = { block = show, line = show, dump = show }

-- Names of constants are what they are called: settings have them in comparisons at most.
local function named(path)
  return setmetatable({}, { __index = function(_, key) return named(path .. "." .. tostring(key)) end, __tostring = function() return path end })
end
defines = named("defines")

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

util.color = function(hex)
  hex = hex:gsub("#", "")
  local function channel(from) return tonumber(hex:sub(from, from + 1), 16) / 255 end
  return { r = channel(1), g = channel(3), b = channel(5), a = #hex >= 8 and channel(7) or 1 }
end

local function show() return "{}" end
serpent = { block = show, line = show, dump = show }

-- Names of constants are what they are called: settings have them in comparisons at most.
local function named(path)
  return setmetatable({}, { __index = function(_, key) return named(path .. "." .. tostring(key)) end, __tostring = function() return path end })
end
defines = named("defines")

bit32 = {
  band = function(a, b)
    local result, bit = 0, 1
    while a > 0 and b > 0 do
      if a % 2 == 1 and b % 2 == 1 then result = result + bit end
      a, b, bit = math.floor(a / 2), math.floor(b / 2), bit * 2
    end
    return result
  end,
}

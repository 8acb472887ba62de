-- A stand-in for the game, as much of it as the save modules touch, for the real Lua 5.2 interpreter. It checks nothing of
-- ours; mainbus-sim is the honest simulator, this is for looking at one module at a time.

local game_double = { lines = {}, replies = {}, log = {}, handlers = {}, filters = {}, slots = {}, functions = {}, start = "1" }

local encoded = {}
helpers = {
  encode_string = function(s)
    encoded[#encoded + 1] = s
    return "E" .. #encoded
  end,
  decode_string = function(s)
    return encoded[tonumber(s:match("^E(%d+)$"))]
  end,
}

defines = { events = { on_tick = 0, on_built_entity = 6, on_custom = 200 }, inventory = { chest = 1 } }
game = { tick = 0, speed = 1, surfaces = {} }
storage = {}

commands = { commands = {}, game_commands = { quit = "" } }
function commands.add_command(name, _, f)
  assert(not commands.commands[name] and not commands.game_commands[name], "name in use")
  commands.commands[name] = ""
  game_double.functions[name] = f
end

rcon = { print = function(text) game_double.replies[#game_double.replies + 1] = text end }

remote = { interfaces = {} }
function remote.add_interface(name, functions)
  remote.interfaces[name] = functions
end

local function item(kind, place, spoil, durability, magazine)
  return {
    type = kind, place_result = place, get_spoil_ticks = function() return spoil or 0 end,
    get_durability = function() return durability end, magazine_size = magazine,
  }
end
prototypes = {
  item = {
    ["iron-plate"] = item("item"), ["my_mod item"] = item("item"), ["transport-belt"] = item("item", {}),
    ["bioflux"] = item("item", nil, 7200), ["egg"] = item("item", nil, 600), ["firearm-magazine"] = item("ammo", nil, 0, nil, 10),
    ["science"] = item("tool", nil, 0, 1), ["blueprint"] = item("blueprint"), ["steel-plate"] = item("item"),
  },
  fluid = {
    water = { default_temperature = 15, max_temperature = 100 }, steam = { default_temperature = 15, max_temperature = 1000 },
  },
  quality = { normal = {}, rare = {} },
}

local function place(entity, x, y)
  entity.valid, entity.position = true, { x = x, y = y }
  game_double.entities = game_double.entities or {}
  table.insert(game_double.entities, entity)
  return entity
end

-- A tank of 25,000 units, which moves amounts in steps of 1/2^24 as the game does.
function game_double.tank(x, y, name, amount, temperature)
  local fluid = name and { name = name, amount = amount, temperature = temperature } or nil
  local tank = { type = "storage-tank" }
  tank.fluidbox = setmetatable({}, { __index = function(_, n) return n == 1 and fluid or nil end })
  function tank.get_fluid_count(of) return fluid and fluid.name == of and fluid.amount or 0 end
  function tank.remove_fluid(f)
    assert(f.amount > 0, "amount must be positive")
    local n = fluid and fluid.name == f.name and math.min(fluid.amount, f.amount) or 0
    if n > 0 then
      fluid.amount = fluid.amount - n
      if fluid.amount == 0 then fluid = nil end
    end
    return n
  end
  function tank.insert_fluid(f)
    assert(f.amount > 0, "amount must be positive")
    if fluid and fluid.name ~= f.name then return 0 end
    fluid = fluid or { name = f.name, amount = 0, temperature = 0 }
    local n = math.min(f.amount, 25000 - fluid.amount)
    fluid.temperature = (fluid.temperature * fluid.amount + f.temperature * n) / (fluid.amount + n)
    fluid.amount = fluid.amount + n
    return n
  end
  function tank.fluid() return fluid end
  return place(tank, x, y)
end

-- An accumulator of 5 MJ, which cuts off without a word what does not fit.
function game_double.accumulator(x, y, energy)
  local members = { type = "accumulator", energy = energy, electric_buffer_size = 5000000, position = { x = x, y = y } }
  local accumulator = setmetatable({}, {
    __index = members,
    __newindex = function(_, k, v) members[k] = k == "energy" and math.max(0, math.min(v, 5000000)) or v end,
  })
  return place(accumulator, x, y)
end

-- A chest that holds at most size items of any kind.
function game_double.chest(x, y, size)
  local stacks = {}
  local chest = { valid = true, type = "container", position = { x = x, y = y }, stacks = stacks, fail_on_remove = false }
  local function total()
    local n = 0
    for _, s in pairs(stacks) do n = n + s.count end
    return n
  end
  -- A slot is a stack as the game shows it.
  local slot = {
    __index = function(view, k)
      local s = stacks[rawget(view, "n")]
      if k == "valid_for_read" then
        return s ~= nil and s.count > 0
      elseif k == "clear" then
        return function() s.count = 0 end
      elseif k == "quality" then
        return { name = s.quality }
      end
      assert(s and s.count > 0, "reading an empty slot")
      if s[k] == nil and k ~= "durability" and k ~= "ammo" then return ({ health = 1, spoil_percent = 0 })[k] end
      return s[k]
    end,
  }
  local inventory = setmetatable({}, {
    __len = function() return #stacks end,
    __index = function(_, k)
      return type(k) == "number" and setmetatable({ n = k }, slot) or nil
    end,
  })
  -- Puts a stack of its own into the chest.
  function chest.add(stack)
    stack.quality = stack.quality or "normal"
    stacks[#stacks + 1] = stack
  end
  function inventory.get_contents()
    local out = {}
    for _, s in ipairs(stacks) do
      if s.count > 0 then out[#out + 1] = { name = s.name, quality = s.quality, count = s.count } end
    end
    return out
  end
  local function find(name, quality)
    for _, s in ipairs(stacks) do
      if s.name == name and s.quality == quality then return s end
    end
  end
  function inventory.get_item_count(i)
    local s = find(i.name, i.quality)
    return s and s.count or 0
  end
  function inventory.remove(i)
    if chest.fail_on_remove then error("the chest is on fire") end
    local s = find(i.name, i.quality)
    local n = math.min(s and s.count or 0, i.count)
    if s then s.count = s.count - n end
    return n
  end
  function inventory.insert(i)
    local n = math.min(i.count, size - total())
    local s = find(i.name, i.quality)
    if not s then
      s = { name = i.name, quality = i.quality, count = 0 }
      stacks[#stacks + 1] = s
    end
    if i.spoil_percent then s.spoil_percent = ((s.spoil_percent or 0) * s.count + i.spoil_percent * n) / (s.count + n) end
    s.count = s.count + n
    return n
  end
  chest.get_inventory = function() return inventory end
  chest.inventory = inventory
  return place(chest, x, y)
end

game.surfaces.nauvis = {
  find_entities_filtered = function(filter)
    local out = {}
    for _, e in ipairs(game_double.entities or {}) do
      if e.position.x == filter.position[1] and e.position.y == filter.position[2] then out[#out + 1] = e end
    end
    return out
  end,
}

local real_print = print
function game_double.say(...)
  real_print(...)
end
function print(text)
  game_double.lines[#game_double.lines + 1] = text
end

function log(text)
  game_double.log[#game_double.log + 1] = text
end

-- The game's script: an object that raises for what it doesn't have.
local numbers = { ["on_tick"] = 0, ["on_built_entity"] = 6, ["my-event"] = 200 }
local bootstrap = { object_name = "LuaBootstrap", mod_name = "level", active_mods = { base = "2.0.77" } }
function bootstrap.get_event_id(event)
  local name = type(event) == "table" and event.name or event
  return type(name) == "number" and name or numbers[name] or error("The given event does not exist.")
end
function bootstrap.on_event(event, handler, filters)
  assert(event ~= nil and (handler == nil or type(handler) == "function"), "expected an event and a function")
  local list = type(event) == "table" and not event.object_name and event or { event }
  for _, one in ipairs(list) do
    local number = bootstrap.get_event_id(one)
    game_double.handlers[number], game_double.filters[number] = handler, filters
  end
end
function bootstrap.get_event_handler(event) return game_double.handlers[bootstrap.get_event_id(event)] end
function bootstrap.get_event_filter(event) return game_double.filters[bootstrap.get_event_id(event)] end
for _, slot in ipairs({ "on_init", "on_load", "on_configuration_changed", "on_nth_tick" }) do
  bootstrap[slot] = function(...)
    assert(slot == "on_nth_tick" or (...) == nil or type((...)) == "function", "expected a function")
    game_double.slots[slot] = { ... }
  end
end
function game_double.configuration_changed(data) game_double.slots.on_configuration_changed[1](data) end
game_double.bootstrap = bootstrap

local function game_object(members)
  local function raise(_, key) error("LuaBootstrap doesn't contain key " .. key .. ".") end
  return setmetatable({}, {
    __index = function(_, key)
      if members[key] == nil then raise(nil, key) end
      return members[key]
    end,
    __newindex = raise,
  })
end

local modules = { core = "core", codec = "core", control = "core", script = "core", origin = "core", players = "players" }
local loaded = {}
local function load_module(path)
  if path == "mainbus/start" then return { start = game_double.start, world = "aaaa" } end
  local name = path:match("^mainbus/(%w+)$")
  if loaded[name] == nil then
    loaded[name] = dofile((modules[name] or "bus") .. "/" .. name .. ".lua") or true
  end
  return loaded[name]
end

-- (Re)loads the script with a start number, as a start of the game with a patched save does; storage stays.
function game_double.load(start)
  game_double.start = start
  loaded, remote.interfaces, commands.commands, game_double.functions = {}, {}, {}, {}
  game_double.handlers, game_double.filters, game_double.slots = {}, {}, {}
  script = game_object(bootstrap)
  require = load_module
  require("mainbus/control")
end

function game_double.tick(n)
  for _ = 1, n or 1 do
    game.tick = game.tick + 1
    game_double.handlers[defines.events.on_tick]({ tick = game.tick, name = defines.events.on_tick })
  end
end

-- Sends one whole message and returns the reply.
local seq = 0
function game_double.send(epoch, channel, op, text, player)
  local codec = require("mainbus/codec")
  seq = seq + 1
  local rest = table.concat({ seq, "1/1", epoch, channel, op, codec.encode(text) }, " ")
  return game_double.raw(#rest .. " " .. codec.crc(rest) .. " " .. rest, player)
end

function game_double.raw(parameter, player)
  local name = game_double.functions.mainbus2 and "mainbus2" or "mainbus"
  return game_double.say_to(name, parameter, player)
end

-- Gives a custom command, and returns its first reply.
function game_double.say_to(name, parameter, player)
  game_double.replies = {}
  game_double.functions[name]({ name = name, parameter = parameter, player_index = player })
  return game_double.replies[1]
end

-- The data of the newest line on a channel.
function game_double.last(channel)
  for n = #game_double.lines, 1, -1 do
    local c, data = game_double.lines[n]:match("^mainbus:1 %d+ %x+ %S+ %d+ %d+/%d+ %d+ (%S+) %S+ (%S+)$")
    if c == channel then
      return require("mainbus/codec").decode(data)
    end
  end
end

function game_double.bind(epoch, fresh)
  local reply = game_double.send(epoch, "core", "bind", game_double.start)
  assert(reply:find("^ok "), reply)
  return game_double.send(epoch, "core", "assign", "ffff/aaaa/" .. (fresh or "0"))
end

function game_double.equal(got, want, what)
  if got ~= want then
    error((what or "value") .. ": got " .. tostring(got) .. ", want " .. tostring(want), 2)
  end
end

return game_double

-- The bus channel: chests that send to the cluster's shared store and chests that request from it.
--
-- The totals E (sent) and I (received) live in storage beside the chests, and a total changes in the statement after
-- the inventory did, with nothing between that could raise: every save is consistent in itself.

local codec = require("mainbus/codec")
local core = require("mainbus/core")

local prototypes = prototypes -- the scenario is read later and may have a global of its own by this name

local bus = { commands = {} }

local TERMINALS_PER_TICK = 16
local TICKS_PER_LINE = 6 -- ten lines a second: each line is printed on every client's console too
local MAX_COUNT = 2 ^ 53

-- terminals: array of { entity, mode = "send"|"request", requests = { { key, name, quality, count, missing } } }
-- need:      key -> what all request terminals lack together
-- items:     every key ever seen, in order
-- full:      key -> true for what the bus has no room for: it stays in the chests
-- changed:   keys whose totals have not been told, in order; is_changed is the same as a set
local function state()
  local s = storage.mainbus_bus
  if not s then
    s = { terminals = {}, cursor = 1, need = {}, items = {}, known = {}, changed = {}, is_changed = {}, next_line = 0 }
    storage.mainbus_bus = s
  end
  s.full = s.full or {} -- of a world that was saved with an earlier module
  return s
end

local function mark(s, key)
  if not s.known[key] then
    s.known[key] = true
    s.items[#s.items + 1] = key
  end
  if not s.is_changed[key] then
    s.is_changed[key] = true
    s.changed[#s.changed + 1] = key
  end
end

local function want(s, accounts, key)
  local open = (s.need[key] or 0) - (accounts.buffer[key] or 0)
  return (accounts.i[key] or 0) + math.max(0, open)
end

local function record(s, accounts, key)
  return key .. "=" .. codec.count(accounts.e[key] or 0) .. "/" .. codec.count(accounts.i[key] or 0)
    .. "/" .. codec.count(want(s, accounts, key))
end

local function records(s, keys)
  local accounts, out = core.accounts(), {}
  for n, key in ipairs(keys) do
    out[n] = record(s, accounts, key)
  end
  return table.concat(out, "+")
end

-- Only items that are alike can be stored as a number: no health (items that become entities), no charge or
-- ammunition left, no freshness, no data. Others stay in the chest.
local function is_fungible(name)
  local prototype = prototypes.item[name]
  return prototype ~= nil
    and (prototype.type == "item" or prototype.type == "module")
    and not prototype.place_result
    and prototype.get_spoil_ticks() == 0
end

local function take_all(s, accounts, inventory)
  for _, stack in ipairs(inventory.get_contents()) do
    local key = codec.key(stack.name, stack.quality)
    if not s.full[key] and is_fungible(stack.name) then
      local before = accounts.e[key] or 0
      local taken = inventory.remove({ name = stack.name, quality = stack.quality, count = stack.count })
      accounts.e[key] = before + taken
      mark(s, key)
    end
  end
end

-- What nobody in this world wants any more goes back to the bus.
local function return_surplus(s, accounts, key)
  local surplus = accounts.buffer[key] or 0
  if surplus > 0 and (s.need[key] or 0) == 0 then
    accounts.buffer[key], accounts.e[key] = nil, (accounts.e[key] or 0) + surplus
    mark(s, key)
  end
end

local function set_missing(s, accounts, request, missing)
  if missing ~= request.missing then
    s.need[request.key] = (s.need[request.key] or 0) + missing - request.missing
    request.missing = missing
    mark(s, request.key)
    return_surplus(s, accounts, request.key)
  end
end

local function hand_out(s, accounts, inventory, request)
  local have = inventory.get_item_count({ name = request.name, quality = request.quality })
  local missing = math.max(0, request.count - have)
  local buffered = accounts.buffer[request.key] or 0
  local give = math.min(missing, buffered)
  if give > 0 then
    local given = inventory.insert({ name = request.name, quality = request.quality, count = give })
    accounts.buffer[request.key] = buffered - given
    missing = missing - given
  end
  set_missing(s, accounts, request, missing)
end

local function serve(s, accounts, terminal)
  local inventory = terminal.entity.get_inventory(defines.inventory.chest)
  if terminal.mode == "send" then
    if core.may_take() then
      take_all(s, accounts, inventory)
    end
  else
    for _, request in ipairs(terminal.requests) do
      hand_out(s, accounts, inventory, request)
    end
  end
end

local function remove_terminal(s, accounts, index)
  local terminal = table.remove(s.terminals, index)
  for _, request in ipairs(terminal.requests) do
    set_missing(s, accounts, request, 0)
  end
end

local function serve_some(s, accounts)
  for _ = 1, math.min(TERMINALS_PER_TICK, #s.terminals) do
    if s.cursor > #s.terminals then
      s.cursor = 1
    end
    local terminal = s.terminals[s.cursor]
    if not terminal then
      return
    elseif terminal.entity.valid then
      s.cursor = s.cursor + 1
      serve(s, accounts, terminal)
    else
      remove_terminal(s, accounts, s.cursor)
    end
  end
end

local function tell(s, tick)
  if #s.changed > 0 and tick >= s.next_line then
    local keys = s.changed
    s.changed, s.is_changed, s.next_line = {}, {}, tick + TICKS_PER_LINE
    core.send("bus", "-", records(s, keys))
  end
end

function bus.tick(tick)
  local s = state()
  serve_some(s, core.accounts())
  tell(s, tick)
end

function bus.bound()
  state().full = {}
end

function bus.report()
  local s = state()
  return records(s, s.items)
end

function bus.zero()
  local accounts = core.accounts()
  accounts.e, accounts.i = {}, {}
end

-- All of it is checked before any of it is applied.
local function parse_numbers(text, most)
  local out = {}
  for entry in text:gmatch("[^+]+") do
    local key, n = entry:match("^([A-Za-z0-9_-]+/[A-Za-z0-9_-]+)=(%d+)$")
    n = tonumber(n)
    if not n or n > most then
      return nil
    end
    out[#out + 1] = { key = key, n = n }
  end
  return out
end

function bus.commands.full(text)
  local told = parse_numbers(text, 1)
  if not told then
    return nil, "crc", "malformed limits"
  end
  local s = state()
  for _, limit in ipairs(told) do
    s.full[limit.key] = limit.n == 1 or nil
  end
  return codec.count(game.tick)
end

function bus.commands.grant(text)
  local grants = parse_numbers(text, MAX_COUNT)
  if not grants then
    return nil, "crc", "malformed grant"
  end
  local s, accounts = state(), core.accounts()
  for _, grant in ipairs(grants) do
    local more = grant.n - (accounts.i[grant.key] or 0)
    if more > 0 then
      accounts.i[grant.key], accounts.buffer[grant.key] = grant.n, (accounts.buffer[grant.key] or 0) + more
      mark(s, grant.key)
      return_surplus(s, accounts, grant.key)
    end
  end
  return codec.count(game.tick)
end

-- Remote interface: how other scripts make chests into terminals. A place is { surface = name, x =, y = }.
-- Functions return true, or nil and a reason; they never raise into the caller.

local function find_chest(place)
  local surface = type(place) == "table" and game.surfaces[place.surface or "nauvis"]
  if not surface or type(place.x) ~= "number" or type(place.y) ~= "number" then
    return nil, "no such surface or position"
  end
  local found = surface.find_entities_filtered({
    position = { place.x, place.y }, type = { "container", "logistic-container" },
  })
  if not found[1] then
    return nil, "no chest at this position"
  end
  return found[1]
end

local function forget(s, entity)
  for index, terminal in ipairs(s.terminals) do
    if terminal.entity == entity then
      remove_terminal(s, core.accounts(), index)
      return
    end
  end
end

local function parse_requests(wanted)
  local requests = {}
  if type(wanted) ~= "table" then
    return nil, "requests must be an array"
  end
  for _, entry in ipairs(wanted) do
    local quality = entry.quality or "normal"
    if not prototypes.item[entry.name] or not prototypes.quality[quality] then
      return nil, "no such item or quality"
    end
    if type(entry.count) ~= "number" or entry.count < 1 or entry.count > 1000000 or entry.count % 1 ~= 0 then
      return nil, "count must be a whole number from 1 to 1000000"
    end
    requests[#requests + 1] = {
      key = codec.key(entry.name, quality), name = entry.name, quality = quality, count = entry.count, missing = 0,
    }
  end
  return requests
end

local function add_terminal(place, mode, wanted)
  local entity, why = find_chest(place)
  if not entity then
    return nil, why
  end
  local requests
  requests, why = parse_requests(wanted)
  if not requests then
    return nil, why
  end
  local s = state()
  forget(s, entity)
  s.terminals[#s.terminals + 1] = { entity = entity, mode = mode, requests = requests }
  return true
end

local function guarded(f)
  return function(...)
    local ok, result, why = xpcall(f, tostring, ...)
    if ok then
      return result, why
    end
    return nil, result
  end
end

remote.add_interface("mainbus", {
  -- Everything fungible in this chest goes to the bus.
  send = guarded(function(place)
    return add_terminal(place, "send", {})
  end),
  -- The chest is kept filled from the bus: wanted is an array of { name, quality, count }.
  request = guarded(function(place, wanted)
    return add_terminal(place, "request", wanted)
  end),
  -- The chest is an ordinary one again.
  clear = guarded(function(place)
    local entity, why = find_chest(place)
    if not entity then
      return nil, why
    end
    forget(state(), entity)
    return true
  end),
})

return bus

-- Chests as terminals. Only what is alike can be stored as a number. Some items always are; of others a stack is looked at:
-- one that is damaged, partly used up or has data of its own stays in the chest.

local codec = require("mainbus/codec")
local totals = require("mainbus/totals")

local prototypes = prototypes -- the scenario is read later and may have a global of its own by this name

local chest = { max_requests = 100 }

local SLOTS_PER_TURN = 32 -- of one chest, where stacks have to be looked at: 16 chests a tick, 512 slots

local BY_COUNT, BY_STACK = 1, 2
local plain_types = { item = true, module = true, capsule = true }
local used_types = { tool = true, ammo = true }

local ways = {} -- by name: a constant of the loaded game

local function find_way(name)
  local prototype = prototypes.item[name]
  if not prototype or not (plain_types[prototype.type] or used_types[prototype.type]) then
    return nil
  elseif used_types[prototype.type] or prototype.place_result or prototype.get_spoil_ticks() > 0 then
    return BY_STACK
  end
  return BY_COUNT
end

local function way_of(name)
  local way = ways[name]
  if way == nil then
    way = find_way(name) or false
    ways[name] = way
  end
  return way
end

-- Whether nothing of a stack is used up.
local function is_whole(stack)
  local prototype = prototypes.item[stack.name]
  return stack.health == 1
    and (prototype.type ~= "tool" or stack.durability == prototype.get_durability(stack.quality.name))
    and (prototype.type ~= "ammo" or stack.ammo == prototype.magazine_size)
end

-- Of what spoils, how fresh a stack is, in thousandths; one that is about to be something else is not nothing.
local function freshness(name, stack)
  if prototypes.item[name].get_spoil_ticks() == 0 then
    return 0
  end
  return math.max(1, totals.round((1 - stack.spoil_percent) * 1000))
end

local function take_stack(s, accounts, stack)
  local key = codec.key(stack.name, stack.quality.name)
  if s.full[key] or way_of(stack.name) ~= BY_STACK or not is_whole(stack) then
    return
  end
  local taken, each, e, es = stack.count, freshness(stack.name, stack), accounts.e[key] or 0, accounts.es[key] or 0
  stack.clear()
  accounts.e[key] = e + taken
  accounts.es[key] = each > 0 and es + taken * each or nil
  totals.mark(s, key)
end

local function take_stacks(s, accounts, terminal, inventory)
  local size = #inventory
  local slot = terminal.slot or 1
  for _ = 1, math.min(SLOTS_PER_TURN, size) do
    if slot > size then
      slot = 1
    end
    local stack = inventory[slot]
    if stack.valid_for_read then
      take_stack(s, accounts, stack)
    end
    slot = slot + 1
  end
  terminal.slot = slot
end

-- Sends what is in the chest.
function chest.take(s, accounts, terminal)
  local inventory = terminal.entity.get_inventory(defines.inventory.chest)
  local has_stacks = false
  for _, stack in ipairs(inventory.get_contents()) do
    local key, way = codec.key(stack.name, stack.quality), way_of(stack.name)
    if way == BY_COUNT and not s.full[key] then
      local before = accounts.e[key] or 0
      local taken = inventory.remove({ name = stack.name, quality = stack.quality, count = stack.count })
      accounts.e[key] = before + taken
      totals.mark(s, key)
    end
    has_stacks = has_stacks or way == BY_STACK
  end
  if has_stacks then
    take_stacks(s, accounts, terminal, inventory)
  end
end

-- As fresh as what was granted was on average.
local function definition(accounts, request, count)
  local stack = { name = request.name, quality = request.quality, count = count }
  if prototypes.item[request.name].get_spoil_ticks() > 0 then
    stack.spoil_percent = 1 - math.min(1000, math.max(1, totals.average(accounts, request.key))) / 1000
  end
  return stack
end

-- Fills the chest from the buffer and returns what is missing then.
function chest.fill(s, accounts, terminal, request)
  local inventory = terminal.entity.get_inventory(defines.inventory.chest)
  if not prototypes.item[request.name] then
    return 0
  end
  local have = inventory.get_item_count({ name = request.name, quality = request.quality })
  local missing = math.max(0, request.count - have)
  local give = math.min(missing, accounts.buffer[request.key] or 0)
  if give > 0 then
    local given = inventory.insert(definition(accounts, request, give))
    totals.handed_out(s, accounts, request.key, given)
    missing = missing - given
  end
  return missing
end

function chest.parse(entry)
  local quality = entry.quality or "normal"
  if not prototypes.item[entry.name] or not prototypes.quality[quality] then
    return nil, "no such item or quality"
  end
  return { key = codec.key(entry.name, quality), name = entry.name, quality = quality, count = entry.count }
end

return chest

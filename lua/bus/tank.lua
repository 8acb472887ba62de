-- Storage tanks as terminals. A fluid's key has no quality. Amounts are doubles and tanks that are joined are one fluid to the
-- game, so what counts is what the game says that it has moved, and what is less than one unit waits in storage.

local codec = require("mainbus/codec")
local totals = require("mainbus/totals")

local prototypes, script = prototypes, script

local tank = { max_requests = 1 }

local AMOUNT_PER_TURN = 10000 -- 16 tanks a tick

-- 2.1 has given remove_fluid another meaning and no fluidbox; helpers.compare_versions came within 2.0.
local major, minor = (script.active_mods["base"] or ""):match("^(%d+)%.(%d+)")
local is_2_0 = tonumber(major) == 2 and tonumber(minor) == 0
local EXTRACT = is_2_0 and "remove_fluid" or "extract_fluid"

local function fluid_in(entity)
  if is_2_0 then
    return entity["fluidbox"][1]
  end
  return entity.get_fluid(1)
end

-- Sends what is in the tank.
function tank.take(s, accounts, terminal)
  local entity = terminal.entity
  local fluid = fluid_in(entity)
  local ask = fluid and math.min(AMOUNT_PER_TURN, math.floor(fluid.amount)) or 0
  if ask < 1 then
    return
  end
  local key = codec.key(fluid.name, "")
  if s.full[key] then
    return
  end
  local worth = fluid.temperature or prototypes.fluid[fluid.name].default_temperature
  local taken = entity[EXTRACT]({ name = fluid.name, amount = ask })
  totals.sent(s, accounts, key, taken, worth)
end

-- Between what the fluid can be; without a sum nothing is known of it.
local function temperature(accounts, request)
  local fluid, average = prototypes.fluid[request.name], totals.average(accounts, request.key)
  if average == 0 then
    return fluid.default_temperature
  end
  return math.min(fluid.max_temperature, math.max(fluid.default_temperature, average))
end

-- Fills the tank from the buffer and returns what is missing then. A tank with another fluid takes nothing.
function tank.fill(s, accounts, terminal, request)
  local entity = terminal.entity
  if not prototypes.fluid[request.name] then
    return 0
  end
  local missing = math.max(0, math.floor(request.count - entity.get_fluid_count(request.name)))
  local give = math.min(missing, AMOUNT_PER_TURN, accounts.buffer[request.key] or 0)
  if give > 0 then
    local given = entity.insert_fluid({ name = request.name, amount = give, temperature = temperature(accounts, request) })
    totals.handed_out(s, accounts, request.key, given)
    missing = math.max(0, missing - math.floor(given))
  end
  return missing
end

function tank.parse(entry)
  if not prototypes.fluid[entry.fluid] then
    return nil, "no such fluid"
  end
  return { key = codec.key(entry.fluid, ""), name = entry.fluid, count = entry.amount }
end

return tank

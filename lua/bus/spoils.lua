-- How items spoil in this world, told of each that it has traded: the cluster may let what lies on the bus age as it would
-- here. A change of mods may change it, so all of it is told at each bind; an item seen later is told once by a line.

local codec = require("mainbus/codec")
local core = require("mainbus/core")
local totals = require("mainbus/totals")

local prototypes = prototypes -- the scenario is read later and may have a global of its own by this name

local spoils = { commands = {} }

local ITEMS_PER_TICK = 64

-- Nothing can be told of what becomes itself, and an end that does something (it hatches, it explodes) needs a place: such
-- items stand still on the bus.
local function record(key)
  local name, quality = codec.item(key)
  local prototype = quality ~= "" and prototypes.quality[quality] and prototypes.item[name]
  local ticks = prototype and prototype.get_spoil_ticks(quality) or 0
  if ticks == 0 then
    return nil
  end
  local result = prototype.spoil_result
  if prototype.spoil_to_trigger_result or result and result.name == name then
    return key .. "=0"
  end
  return key .. "=" .. codec.count(ticks) .. (result and "/" .. codec.key(result.name, quality) or "")
end

local function records(keys, first, last)
  local out = {}
  for n = first, last do
    out[#out + 1] = record(keys[n])
  end
  return table.concat(out, "+")
end

-- The report of the same command tells them.
function spoils.bound()
  local s = totals.state()
  s.spoils_told = #s.items
end

function spoils.report()
  local items = totals.state().items
  return records(items, 1, #items)
end

function spoils.tick()
  local s = totals.state()
  local told = s.spoils_told or 0
  local last = math.min(#s.items, told + ITEMS_PER_TICK)
  if last > told then
    s.spoils_told = last
    local text = records(s.items, told + 1, last)
    if text ~= "" then
      core.send("spoils", "-", text)
    end
  end
end

return spoils

-- The remote interface mainbus: how other scripts make chests, tanks and accumulators into terminals. A place is
-- { surface = name, x =, y = }. Functions return true, or nil and a reason; they never raise into the caller.

local terminals = require("mainbus/terminals")
local totals = require("mainbus/totals")

local MAX_COUNT = 1000000

local function find(place)
  local surface = type(place) == "table" and game.surfaces[place.surface or "nauvis"]
  if not surface or type(place.x) ~= "number" or type(place.y) ~= "number" then
    return nil, "no such surface or position"
  end
  local found = surface.find_entities_filtered({ position = { place.x, place.y }, type = terminals.types })
  if not found[1] then
    return nil, "no chest, tank or accumulator at this position"
  end
  return found[1]
end

local function is_count(n, least)
  return type(n) == "number" and n >= least and n <= MAX_COUNT and n % 1 == 0
end

local function parse_requests(kind, wanted)
  if type(wanted) ~= "table" or #wanted > kind.max_requests then
    return nil, "requests must be an array of at most " .. kind.max_requests
  end
  local requests = {}
  for _, entry in ipairs(wanted) do
    local request, why = kind.parse(entry)
    if not request then
      return nil, why
    elseif not is_count(request.count, 1) then
      return nil, "count must be a whole number from 1 to 1000000"
    end
    request.missing = 0
    requests[#requests + 1] = request
  end
  return requests
end

local function send(place, options)
  local entity, why = find(place)
  if not entity then
    return nil, why
  end
  local above = options and options.above or 0
  if not is_count(above, 0) then
    return nil, "above must be a whole number from 0 to 1000000"
  end
  local s = totals.state()
  terminals.forget(s, entity)
  terminals.add(s, entity, "send", {}, above)
  return true
end

local function request(place, wanted)
  local entity, why = find(place)
  if not entity then
    return nil, why
  end
  local requests
  requests, why = parse_requests(terminals.kind(entity), wanted)
  if not requests then
    return nil, why
  end
  local s = totals.state()
  terminals.forget(s, entity)
  terminals.add(s, entity, "request", requests)
  return true
end

local function clear(place)
  local entity, why = find(place)
  if not entity then
    return nil, why
  end
  terminals.forget(totals.state(), entity)
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
  -- What is in there goes to the bus: of a chest all that is alike, of a tank its fluid, of an accumulator whole MJ above
  -- options.above.
  send = guarded(send),
  -- It is kept filled from the bus. Wanted is an array: of a chest { name, quality, count }, of a tank one
  -- { fluid, amount }, of an accumulator one { energy } in MJ.
  request = guarded(request),
  -- It is an ordinary one again.
  clear = guarded(clear),
})

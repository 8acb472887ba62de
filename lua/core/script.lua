-- The global script of a save's Lua state, shared by the save modules and the scenario.
--
-- The game keeps one handler per event and script. This stand-in takes the place of the global before the scenario is
-- read. An event that a save module handles gets one handler, which calls the scenario's first, as if it were
-- alone, and then ours. Everything else goes to the game as it is. The scenario's handlers live in this Lua state, where
-- the game keeps them too: after a load, and on a client that joins, the scenario registers them again by itself.
-- Modules handle only events without filters, because a filter that the scenario gives would be ours as well.

local real, log = script, log

local ours, theirs, shared = {}, {}, {} -- handlers by the event's number
local hooks = {}
local stand_in = {}

-- A failing handler of on_tick fails each tick: now and then is enough to see why.
local TICKS_PER_COMPLAINT = 600

-- The number of an event that is given by number, by name or by prototype; nil if it has none. get_event_id is there since
-- 2.0.24; before that, names and prototypes were those of inputs only.
local function number_of(event)
  if type(event) == "number" then
    return event
  end
  local ok, number = pcall(function()
    return real.get_event_id(event)
  end)
  return ok and number or nil
end

-- An error of theirs stops the game, as it does without us; an error of ours must not.
local function share(number)
  return function(event)
    local handler = theirs[number]
    if handler then
      handler(event)
    end
    local ok, why = pcall(ours[number], event)
    if not ok and (number ~= defines.events.on_tick or game.tick % TICKS_PER_COMPLAINT == 0) then
      log("mainbus: " .. tostring(why))
    end
  end
end

-- Registers one of our handlers, beside whatever the scenario registers. Only while control.lua is read, and
-- unconditionally: registered handlers must be equal on the server and on every client that joins.
function hooks.on_event(number, handler)
  ours[number], shared[number] = handler, share(number)
  real.on_event(number, shared[number])
end

local theirs_changed

-- Registers our on_configuration_changed, which comes after the scenario's. Only while control.lua is read.
function hooks.on_configuration_changed(handler)
  real.on_configuration_changed(function(data)
    if theirs_changed then
      theirs_changed(data)
    end
    local ok, why = pcall(handler, data)
    if not ok then
      log("mainbus: " .. tostring(why))
    end
  end)
end

function stand_in.on_configuration_changed(...)
  local handler = (...)
  if select("#", ...) == 0 or handler ~= nil and type(handler) ~= "function" then
    return real.on_configuration_changed(...) -- which raises
  end
  theirs_changed = handler
end

local function register(event, ...)
  local number, handler = number_of(event), (...)
  if not ours[number] or handler ~= nil and type(handler) ~= "function" then
    return real.on_event(event, ...) -- a handler that is none raises there
  end
  if handler then
    real.on_event(event, shared[number], select(2, ...))
  end
  theirs[number] = handler
end

local function has_ours(events)
  for _, event in ipairs(events) do
    if ours[number_of(event)] then
      return true
    end
  end
  return false
end

function stand_in.on_event(event, ...)
  local is_list = type(event) == "table" and not event.object_name
  if not is_list then
    return register(event, ...)
  elseif not has_ours(event) then
    return real.on_event(event, ...)
  end
  for _, one in ipairs(event) do
    register(one, ...)
  end
end

function stand_in.get_event_handler(event, ...)
  local number = number_of(event)
  if ours[number] then
    return theirs[number]
  end
  return real.get_event_handler(event, ...)
end

script = setmetatable(stand_in, { __index = real, __newindex = real })

return hooks

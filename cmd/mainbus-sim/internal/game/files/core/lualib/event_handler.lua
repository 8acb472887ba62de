-- Lets several libraries share the one handler that a script may have per event.

local handler = {}
local libraries = {}
local started = false

local function each(field, ...)
  for _, library in ipairs(libraries) do
    if library[field] then
      library[field](...)
    end
  end
end

local function register_events()
  local by_event, by_period = {}, {}
  local function collect(into, handlers)
    for key, call in pairs(handlers or {}) do
      into[key] = into[key] or {}
      table.insert(into[key], call)
    end
  end
  for _, library in ipairs(libraries) do
    collect(by_event, library.events)
    collect(by_period, library.on_nth_tick)
  end
  local function all(calls)
    return function(event)
      for _, call in ipairs(calls) do
        call(event)
      end
    end
  end
  for event, calls in pairs(by_event) do
    script.on_event(event, all(calls))
  end
  for period, calls in pairs(by_period) do
    script.on_nth_tick(period, all(calls))
  end
end

local function start()
  started = true
  each("add_remote_interface")
  each("add_commands")
  register_events()
end

script.on_init(function()
  start()
  each("on_init")
end)

script.on_load(function()
  start()
  each("on_load")
end)

script.on_configuration_changed(function(data)
  each("on_configuration_changed", data)
end)

-- lib: table with any of on_init, on_load, on_configuration_changed, events, on_nth_tick, add_remote_interface,
-- add_commands.
function handler.add_lib(lib)
  if started then
    error("libraries can be added while control.lua is read only")
  end
  table.insert(libraries, lib)
end

function handler.add_libraries(libs)
  for _, lib in ipairs(libs) do
    handler.add_lib(lib)
  end
end

return handler

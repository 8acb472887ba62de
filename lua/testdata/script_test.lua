-- The scenario and the save modules share the global script.
local g = dofile("testdata/game.lua")
local ON_TICK, BUILT, CUSTOM = defines.events.on_tick, defines.events.on_built_entity, defines.events.on_custom

local function reset()
  g.load("1")
  storage, g.lines, g.log = {}, {}, {}
end

-- Whether our handler of on_tick runs: it prints hello into a world without a link.
local function ours_runs()
  storage, g.lines = {}, {}
  g.tick()
  return #g.lines == 1
end

-- Ours is there without the scenario, and is not what the scenario gets to see.
reset()
g.equal(ours_runs(), true)
g.equal(script.get_event_handler(ON_TICK), nil)

-- Theirs runs first, and ours stays when theirs goes, however the event is named.
local prototype = { name = "on_tick", object_name = "LuaCustomEventPrototype" }
for _, event in ipairs({ ON_TICK, "on_tick", { ON_TICK }, { BUILT, "on_tick" }, prototype }) do
  reset()
  local lines_before
  local function mine(e)
    lines_before = #g.lines
    e.tick, e.name = "spoilt", nil
  end
  script.on_event(event, mine)
  g.equal(ours_runs(), true)
  g.equal(lines_before, 0)
  g.equal(script.get_event_handler(ON_TICK), mine)
  script.on_event(event, nil)
  lines_before = nil
  g.equal(ours_runs(), true)
  g.equal(lines_before, nil)
  g.equal(script.get_event_handler(ON_TICK), nil)
end

-- A list with one of ours in it registers the others as well, and removes them.
reset()
local function mine() end
script.on_event({ BUILT, ON_TICK, "my-event" }, mine)
g.equal(g.handlers[BUILT], mine)
g.equal(g.handlers[CUSTOM], mine)
script.on_event({ BUILT, ON_TICK, "my-event" }, nil)
g.equal(g.handlers[BUILT], nil)
g.equal(g.handlers[CUSTOM], nil)
g.equal(ours_runs(), true)

-- Events that are not ours, and their filters, are registered as they are.
local filters = { { filter = "name", name = "chest" } }
script.on_event(BUILT, mine, filters)
g.equal(g.handlers[BUILT], mine)
g.equal(g.filters[BUILT], filters)
g.equal(script.get_event_filter(BUILT), filters)
g.equal(script.get_event_handler(BUILT), mine)

-- Filters of an event that is ours are for the game to judge.
script.on_event(ON_TICK, mine, filters)
g.equal(g.filters[ON_TICK], filters)
script.on_event(ON_TICK, mine)
g.equal(g.filters[ON_TICK], nil)

-- The other slots are theirs alone.
for _, slot in ipairs({ "on_init", "on_load" }) do
  script[slot](mine)
  g.equal(g.slots[slot][1], mine)
end
script.on_nth_tick(1, mine)
g.equal(g.slots.on_nth_tick[2], mine)
script.on_nth_tick(nil)
g.equal(ours_runs(), true)

-- Of on_configuration_changed theirs comes first, then ours; a mistake is the game's to tell.
reset()
local changes = {}
script.on_configuration_changed(function(data)
  changes[#changes + 1] = data.mod_changes
end)
g.configuration_changed({ mod_changes = "one", migrations = { item = { a = "b" } } })
g.equal(changes[1], "one")
script.on_configuration_changed(nil)
g.configuration_changed({ mod_changes = "two", migrations = {} })
g.equal(#changes, 1)
g.equal(pcall(script.on_configuration_changed, 5), false)
g.configuration_changed(nil) -- an error of ours is logged
g.equal(g.log[#g.log]:match("^mainbus: ") ~= nil, true, g.log[#g.log])

-- Mistakes are the game's to tell, and change nothing.
reset()
script.on_event(ON_TICK, mine)
g.equal(pcall(script.on_event, ON_TICK, 5), false)
g.equal(pcall(script.on_event, "no such event", mine), false)
g.equal(pcall(script.on_event, nil, mine), false)
g.equal(pcall(script.on_event, { ON_TICK, "no such event" }, mine), false)
g.equal(select(2, pcall(function() return script.nothing end)):match("doesn't contain key nothing") ~= nil, true)
g.equal(pcall(function() script.nothing = 1 end), false)
g.equal(script.get_event_handler(ON_TICK), mine)
g.equal(script.mod_name, "level")
g.equal(ours_runs(), true)

-- Before 2.0.24 there is no get_event_id.
reset()
local get_event_id, on_event = g.bootstrap.get_event_id, g.bootstrap.on_event
g.bootstrap.get_event_id = nil
local seen
g.bootstrap.on_event = function(event) seen = event end
script.on_event("my-input", mine)
g.equal(seen, "my-input")
script.on_event({ BUILT, "my-input" }, mine)
g.equal(seen[1], BUILT)
g.bootstrap.get_event_id, g.bootstrap.on_event = get_event_id, on_event
script.on_event(ON_TICK, mine)
g.equal(ours_runs(), true)

-- An error of theirs reaches the game unchanged; an error of ours does not, and is logged now and then.
reset()
local raised = {}
script.on_event(ON_TICK, function() error(raised) end)
g.equal(select(2, pcall(g.tick)), raised)
script.on_event(ON_TICK, nil)
storage = nil
g.tick(1200)
g.equal(#g.log, 2)
g.equal(g.log[1]:match("^mainbus: ") ~= nil, true, g.log[1])
g.equal(ours_runs(), true)

-- The scenario may have globals by the names of the game's.
reset()
local kept = { print, helpers, rcon, prototypes, log }
print, helpers, rcon, prototypes, log = nil, nil, nil, nil, nil
local before = #g.lines
g.tick()
g.equal(g.send("1.1", "core", "bind", "1"):match("^ok %d+ (.*)$"), game.tick .. " - aaaa bus r renames r spoils r origin r")
g.equal(#g.lines, before + 1)
storage, g.log = nil, {}
g.tick(600)
g.equal(#g.log, 1)
print, helpers, rcon, prototypes, log = table.unpack(kept)

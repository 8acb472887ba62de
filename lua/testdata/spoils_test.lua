-- How items spoil is told of each that was traded: at bind of all, later of each that is seen first.
local g = dofile("testdata/game.lua")
local items = prototypes.item
items["bioflux"].get_spoil_ticks = function(quality) return quality == "rare" and 11520 or 7200 end
items["bioflux"].spoil_result = { name = "my_mod item" }
items["egg"].spoil_to_trigger_result, items["egg"].spoil_result = { items_per_trigger = 1, trigger = {} }, items["bioflux"]
g.load("1")
g.tick()
g.bind("5.1")

local api = remote.interfaces.mainbus
local function last() return g.last("spoils") end

local out = g.chest(1, 1, 1000)
api.send({ x = 1, y = 1 })
out.add({ name = "iron-plate", count = 4 })
out.add({ name = "bioflux", quality = "rare", count = 4 })
out.add({ name = "egg", count = 4 })
g.tick(3)
local FRUIT, EGG = "bioflux/rare=11520/my_5Fmod_20item/rare", "egg/normal=0"
local told = last()
g.equal(told:find(FRUIT, 1, true) ~= nil and told:find(EGG, 1, true) ~= nil and not told:find("iron", 1, true), true, told)

-- Each is told once.
local lines = #g.lines
out.add({ name = "bioflux", quality = "rare", count = 4 })
g.tick(20)
for n = lines + 1, #g.lines do
  g.equal(g.lines[n]:find(" spoils ", 1, true), nil)
end

-- A change of mods has another item spoil, into nothing. What was told before is told again at bind.
items["bioflux"].spoil_result = { name = "bioflux" }
items["iron-plate"].get_spoil_ticks = function() return 60 end
g.load("2")
g.tick()
local report = g.send("5.2", "core", "bind", "2"):match("spoils (%S+)")
g.equal(report:find("iron-plate/normal=60", 1, true) ~= nil and not report:find("iron-plate/normal=60/", 1, true), true, report)
g.equal(report:find(EGG, 1, true) ~= nil, true, report)
-- What becomes itself stands still.
g.equal(report:find("bioflux/rare=0", 1, true) ~= nil, true, report)

-- What is gone is not told.
items["iron-plate"], items["egg"], items["bioflux"] = nil, nil, nil
g.equal(g.send("5.3", "core", "bind", "2"):match("spoils (%S+)"), "r")

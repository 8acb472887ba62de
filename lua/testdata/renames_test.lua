-- Prototypes that a change of mods renames or removes.
local g = dofile("testdata/game.lua")
g.load("1")
g.tick()
g.bind("5.1")

local function accounts() return storage.mainbus_ledger_v1 end
local api = function() return remote.interfaces.mainbus end
local OLD, NEW, GONE = "iron-plate/normal", "steel-plate/normal", "my_5Fmod_20item/rare"

local out, into = g.chest(1, 1, 1000), g.chest(2, 2, 10)
api().send({ x = 1, y = 1 })
out.inventory.insert({ name = "iron-plate", quality = "normal", count = 40 })
out.inventory.insert({ name = "steel-plate", quality = "normal", count = 2 })
api().request({ x = 2, y = 2 }, { { name = "iron-plate", count = 100 }, { name = "my_mod item", quality = "rare", count = 5 } })
g.tick(10)
g.send("5.1", "bus", "grant", OLD .. "=30+" .. GONE .. "=3")
g.tick(10)
g.equal(accounts().buffer[OLD], 20)
g.equal(accounts().buffer[GONE], 3)

local function change()
  g.configuration_changed({ mod_changes = {}, migrations = { item = { ["iron-plate"] = "steel-plate", ["my_mod item"] = "" } } })
end
g.load("2")
change()
g.equal(accounts().e[OLD], nil)
g.equal(accounts().e[NEW], 42)
g.equal(accounts().i[NEW], 30)
g.equal(accounts().buffer[NEW], 20)
-- What is gone keeps its totals, and goes back to the bus from the buffer.
g.equal(accounts().i[GONE], 3)
g.equal(accounts().e[GONE], 3)
g.equal(accounts().buffer[GONE], nil)

-- The ledger is told at each bind; of what still has its old name, until it has assigned the world.
local told = "renames r" .. OLD .. "=" .. NEW
g.tick()
g.equal(g.send("5.2", "core", "bind", "2"):find(told, 1, true) ~= nil, true)
local report = g.send("5.3", "core", "bind", "2")
g.equal(report:find(told, 1, true) ~= nil, true, report)
g.equal(report:find(NEW .. "=42/30/30", 1, true) ~= nil, true, report)
g.send("5.3", "core", "assign", "ffff/aaaa/0")
g.equal(g.send("5.3", "core", "report", ""):match("renames (%S+)"), "r")

local still = prototypes.item["iron-plate"]
prototypes.item["iron-plate"] = nil
g.equal(g.send("5.3", "core", "report", ""):find(told, 1, true) ~= nil, true)
prototypes.item["iron-plate"] = still

-- The request goes on under the new name.
g.tick(10)
g.equal(g.last("bus"):match(NEW:gsub("%-", "%%-") .. "=([^+]*)"), "42/30/110")

-- Two that change names with each other do so at once.
g.configuration_changed({ migrations = { item = { ["steel-plate"] = "transport-belt", ["transport-belt"] = "steel-plate" } } })
g.equal(accounts().e["transport-belt/normal"], 42)
g.equal(accounts().e[NEW], nil)

-- Circles are not told.
g.equal(g.send("5.3", "core", "report", ""):match("renames (%S+)"), "r")

-- What was never traded here is told too, in each quality and as one rename from its first name to its last.
g.configuration_changed({ migrations = { item = { first = "second" }, fluid = { oil = "crude" } } })
g.configuration_changed({ migrations = { item = { second = "third" } } })
local pairs_told = g.send("5.3", "core", "report", ""):match("renames r(%S+)")
for _, pair in ipairs({ "first/normal=third/normal", "second/normal=third/normal", "first/rare=third/rare", "oil/=crude/" }) do
  g.equal(("+" .. pairs_told .. "+"):find("+" .. pair .. "+", 1, true) ~= nil, true, pair)
end
g.equal(select(2, pairs_told:gsub("=", "")), 5)

-- A name that is given back is its own again.
g.configuration_changed({ migrations = { fluid = { crude = "oil" } } })
pairs_told = g.send("5.3", "core", "report", ""):match("renames r(%S+)")
g.equal(pairs_told:find("oil/=crude/", 1, true), nil)
g.equal(pairs_told:find("crude/=oil/", 1, true) ~= nil, true)

-- A change without renames changes nothing.
g.configuration_changed({ migrations = {} })
g.configuration_changed({})
g.equal(accounts().e["transport-belt/normal"], 42)

-- Tanks, accumulators and things that spoil.
local g = dofile("testdata/game.lua")
g.load("1")
g.tick()

local function accounts() return storage.mainbus_ledger_v1 end
local api = remote.interfaces.mainbus
local WATER, STEAM, ENERGY, FRUIT = "water/", "steam/", "/", "bioflux/normal"

-- What is asked of the wrong entity, or makes no sense, is refused with a reason.
g.tank(1, 1, "water", 5000.5, 15)
g.equal(select(2, api.request({ x = 1, y = 1 }, { { name = "iron-plate", count = 1 } })), "no such fluid")
g.equal(select(2, api.request({ x = 1, y = 1 }, { { fluid = "water", amount = 1 }, { fluid = "steam", amount = 1 } })),
  "requests must be an array of at most 1")
g.equal(select(2, api.request({ x = 1, y = 1 }, { { fluid = "water", amount = 0.5 } })), "count must be a whole number from 1 to 1000000")
g.accumulator(2, 2, 4600000)
g.equal(select(2, api.request({ x = 2, y = 2 }, { { energy = -1 } })), "count must be a whole number from 1 to 1000000")
g.equal(select(2, api.send({ x = 2, y = 2 }, { above = 0.5 })), "above must be a whole number from 0 to 1000000")

g.bind("5.1")
g.equal(api.send({ x = 1, y = 1 }), true)
g.equal(api.send({ x = 2, y = 2 }, { above = 2 }), true)

-- Whole units go, with their heat; fractions stay.
g.tick()
g.equal(accounts().e[WATER], 5000)
g.equal(accounts().es[WATER], 75000)
g.equal(accounts().e[ENERGY], 2)
g.equal(accounts().es[ENERGY], nil)
g.equal(g.last("bus"), "water/=5000/0/0/75000/0+/=2/0/0")
g.tick(10)
g.equal(accounts().e[WATER], 5000)
g.equal(accounts().e[ENERGY], 2)

-- A tank that gives less than it was asked for: what is less than a unit waits for more.
local odd = g.tank(3, 3, "steam", 10, 500)
local remove = odd.remove_fluid
odd.remove_fluid = function(f) return remove({ name = f.name, amount = f.amount - 0.25 }) end
api.send({ x = 3, y = 3 })
g.tick(1)
g.equal(accounts().e[STEAM], 9)
g.equal(storage.mainbus_bus.fraction[STEAM], 0.75)
odd.insert_fluid({ name = "steam", amount = 0.75, temperature = 500 })
g.tick(1)
g.equal(accounts().e[STEAM] + storage.mainbus_bus.fraction[STEAM] + odd.get_fluid_count("steam"), 10.75)

-- A bus that is full of a fluid or of energy leaves it.
g.equal(g.send("5.1", "bus", "full", "water/=1+/=1"):match("^ok"), "ok")
local more = g.tank(4, 4, "water", 100, 15)
api.send({ x = 4, y = 4 })
local charged = g.accumulator(5, 5, 5000000)
api.send({ x = 5, y = 5 })
g.tick(10)
g.equal(more.get_fluid_count("water"), 100)
g.equal(charged.energy, 5000000)
local r = g.send("5.1", "bus", "full", "water/=0+/=0")
assert(r:find("^ok"), r)
g.tick(10)
g.equal(accounts().e[WATER], 5100)
g.equal(charged.energy, 0)

-- Requests: as warm as what was granted; the tank's own fraction makes room for no more than fits.
local into = g.tank(6, 6)
g.equal(api.request({ x = 6, y = 6 }, { { fluid = "steam", amount = 300 } }), true)
g.tick(10)
g.equal(g.last("bus"):match("steam/=([^+]*)"), accounts().e[STEAM] .. "/0/300/" .. accounts().es[STEAM] .. "/0")
g.equal(g.send("5.1", "bus", "grant", "steam/=100/20000"):match("^ok"), "ok")
g.tick(10)
g.equal(into.fluid().amount, 100)
g.equal(into.fluid().temperature, 200)
g.equal(accounts().is[STEAM], 20000)
g.equal(g.send("5.1", "bus", "grant", "steam/=300/920000"):match("^ok"), "ok")
g.tick(10)
g.equal(into.fluid().amount, 300)
g.equal(into.fluid().temperature > 1000, false)
g.equal(accounts().buffer[STEAM], nil)
for _, text in ipairs({ "steam/=5/", "steam/=5-3", "steam/=5/1/2", "steam/=5/x", "steam=5", "//=5" }) do
  g.equal(g.send("5.1", "bus", "grant", text):match("^err %d+ (%w+)"), "crc", text)
end

local small = g.tank(7, 7, "water", 24999.5, 15)
api.request({ x = 7, y = 7 }, { { fluid = "water", amount = 30000 } })
g.tick(10)
g.send("5.1", "bus", "grant", "water/=10/150")
g.tick(10)
g.equal(small.fluid().amount, 25000)
g.equal(accounts().buffer[WATER] + storage.mainbus_bus.fraction[WATER], 9.5)

-- Charge is handed out as far as it fits.
local empty = g.accumulator(8, 8, 300000)
api.request({ x = 8, y = 8 }, { { energy = 9 } })
g.tick(10)
g.equal(g.last("bus"):match("%+?(/=[^+]*)$"), "/=7/0/4")
g.send("5.1", "bus", "grant", "/=4")
g.tick(10)
g.equal(empty.energy, 4300000)
g.equal(accounts().buffer[ENERGY], nil)

-- Things that spoil keep their freshness on the way.
local out, fresh = g.chest(9, 9, 1000), g.chest(10, 10, 1000)
api.send({ x = 9, y = 9 })
out.add({ name = "bioflux", count = 10, spoil_percent = 0.25 })
out.add({ name = "bioflux", count = 5, spoil_percent = 1 })
g.tick(10)
g.equal(accounts().e[FRUIT], 15)
g.equal(accounts().es[FRUIT], 7505)
api.request({ x = 10, y = 10 }, { { name = "bioflux", count = 20 } })
g.tick(1)
g.send("5.1", "bus", "grant", FRUIT .. "=20/10000")
g.tick(10)
g.equal(fresh.inventory[1].count, 20)
g.equal(fresh.inventory[1].spoil_percent, 0.5)

-- A fault in a tank stops trading and counts nothing.
local before = accounts().e[WATER]
more.insert_fluid({ name = "water", amount = 5, temperature = 15 })
more.remove_fluid = function() error("the tank leaks") end
g.tick(10)
assert(g.last("core"):find("leaks"), g.last("core"))
g.equal(accounts().e[WATER], before)

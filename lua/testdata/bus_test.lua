local g = dofile("testdata/game.lua")
g.load("1")
g.tick()

local function accounts() return storage.mainbus_ledger_v1 end
local IRON = "iron-plate/normal"
local api = function() return remote.interfaces.mainbus end

-- Wrong calls are answered with a reason.
g.equal(select(2, api().send({ x = 1, y = 1 })), "no chest, tank or accumulator at this position")
g.equal(select(2, api().send({ surface = "moon", x = 1, y = 1 })), "no such surface or position")
local out, into = g.chest(1, 1, 1000), g.chest(2, 2, 1000)
g.equal(select(2, api().request({ x = 2, y = 2 }, { { name = "nothing", count = 1 } })), "no such item or quality")
g.equal(select(2, api().request({ x = 2, y = 2 }, { { name = "iron-plate", count = 1.5 } })),
  "count must be a whole number from 1 to 1000000")
g.equal(api().send({ x = 1, y = 1 }), true)
g.equal(api().request({ x = 2, y = 2 }, { { name = "iron-plate", count = 100 } }), true)

-- Nothing moves before the world trades.
out.inventory.insert({ name = "iron-plate", quality = "normal", count = 40 })
g.tick(20)
g.equal(accounts().e[IRON], nil)

-- Taken and told in the tick in which it happens; wants are told as totals.
g.bind("5.1")
local before = #g.lines
g.tick()
g.equal(accounts().e[IRON], 40)
g.equal(#g.lines, before + 1)
g.equal(g.last("bus"), "iron-plate/normal=40/0/100")

-- At most one line in six ticks.
out.inventory.insert({ name = "iron-plate", quality = "normal", count = 1 })
before = #g.lines
g.tick(3)
g.equal(#g.lines, before)
g.tick(3)
g.equal(g.last("bus"), "iron-plate/normal=41/0/100")

-- Things that are more than a number stay where they are.
local kept = {
  { name = "transport-belt", count = 3, health = 0.5 }, { name = "firearm-magazine", count = 3, ammo = 9 },
  { name = "science", count = 3, durability = 0.25 }, { name = "blueprint", count = 1 },
}
for _, stack in ipairs(kept) do
  out.add(stack)
end
g.tick(10)
for _, stack in ipairs(kept) do
  g.equal(stack.count > 0, true, stack.name)
end
g.equal(#storage.mainbus_bus.items, 1)

-- Those of their stacks that are whole go, whatever slots they are in.
local whole = {
  { name = "transport-belt", count = 100 }, { name = "firearm-magazine", count = 7, ammo = 10 },
  { name = "science", count = 200, durability = 1 }, { name = "transport-belt", count = 2, quality = "rare" },
}
for _, stack in ipairs(whole) do
  out.add(stack)
end
for _ = 1, 40 do -- more slots than are looked at in a turn
  out.add({ name = "blueprint", count = 1 })
end
local far = { name = "transport-belt", count = 11 }
out.add(far)
g.tick(10)
for _, stack in ipairs(whole) do
  g.equal(stack.count, 0, stack.name)
end
g.equal(far.count, 0)
g.equal(accounts().e["transport-belt/normal"], 111)
g.equal(accounts().e["transport-belt/rare"], 2)
g.equal(accounts().e["science/normal"], 200)
g.equal(accounts().e["firearm-magazine/normal"], 7)
for _, stack in ipairs(kept) do
  g.equal(stack.count > 0, true, stack.name)
end

-- Odd names travel escaped.
out.inventory.insert({ name = "my_mod item", quality = "rare", count = 2 })
g.tick(10)
g.equal(g.last("bus"), "my_5Fmod_20item/rare=2/0/0")

-- A grant is a total: repeats and older ones change nothing.
for _, total in ipairs({ "30", "30", "20" }) do
  g.equal(g.send("5.1", "bus", "grant", IRON .. "=" .. total):match("^ok"), "ok")
  g.tick(10)
  g.equal(into.inventory.get_item_count({ name = "iron-plate", quality = "normal" }), 30)
end
g.equal(g.last("bus"), "iron-plate/normal=41/30/100")

-- Malformed grants change nothing, not even the good records beside the bad one.
for _, text in ipairs({ "nonsense", IRON .. "=-5", IRON .. "=1.5", IRON .. "=40+x", IRON .. "=99999999999999999999" }) do
  g.equal(g.send("5.1", "bus", "grant", text):match("^err %d+ (%w+)"), "crc", text)
end
g.equal(accounts().i[IRON], 30)

-- A chest that was filled otherwise lowers the want; what is left over goes back.
into.inventory.insert({ name = "iron-plate", quality = "normal", count = 69 })
g.send("5.1", "bus", "grant", IRON .. "=41")
g.tick(10)
g.equal(into.inventory.get_item_count({ name = "iron-plate", quality = "normal" }), 100)
g.equal(accounts().buffer[IRON], nil)
g.equal(g.last("bus"), "iron-plate/normal=51/41/41", "11 granted, 1 needed, 10 returned")

-- A full chest keeps the rest waiting in the buffer.
local small = g.chest(3, 3, 10)
api().request({ x = 3, y = 3 }, { { name = "iron-plate", count = 50 } })
g.tick(10)
g.send("5.1", "bus", "grant", IRON .. "=91")
g.tick(10)
g.equal(accounts().buffer[IRON], 40)
g.equal(accounts().i[IRON], 91)

-- A terminal that is gone needs nothing: its buffer is returned.
small.valid = false
g.tick(10)
g.equal(accounts().buffer[IRON], nil)
g.equal(accounts().e[IRON], 91)

-- Without an agent nothing is taken; what is granted is still handed out.
into.inventory.remove({ name = "iron-plate", quality = "normal", count = 100 })
g.tick(1)
g.send("5.1", "bus", "grant", IRON .. "=101")
g.tick(700)
g.equal(into.inventory.get_item_count({ name = "iron-plate", quality = "normal" }), 10)
out.inventory.insert({ name = "iron-plate", quality = "normal", count = 5 })
g.tick(10)
g.equal(accounts().e[IRON], 91)
g.send("5.1", "core", "beat", "")
g.tick(10)
g.equal(accounts().e[IRON], 96)

-- What the bus is full of stays in the chest until the bus says otherwise, or an agent attaches that says nothing of it.
out.inventory.insert({ name = "iron-plate", quality = "normal", count = 4 })
out.inventory.insert({ name = "my_mod item", quality = "rare", count = 1 })
g.equal(g.send("5.1", "bus", "full", IRON .. "=1+coal/normal=1"):match("^ok"), "ok")
g.tick(10)
g.equal(accounts().e[IRON], 96)
g.equal(accounts().e["my_5Fmod_20item/rare"], 3)
for _, text in ipairs({ IRON .. "=2", IRON .. "=0+x", IRON .. "=-1" }) do
  g.equal(g.send("5.1", "bus", "full", text):match("^err %d+ (%w+)"), "crc", text)
end
g.tick(10)
g.equal(accounts().e[IRON], 96)
g.equal(g.send("5.1", "bus", "full", IRON .. "=0"):match("^ok"), "ok")
g.tick(10)
g.equal(accounts().e[IRON], 100)
g.send("5.1", "bus", "full", IRON .. "=1")
out.inventory.insert({ name = "iron-plate", quality = "normal", count = 1 })
g.bind("5.1")
g.tick(10)
g.equal(accounts().e[IRON], 101)

-- A fault stops trading, keeps the totals and does not reach the game.
out.inventory.insert({ name = "iron-plate", quality = "normal", count = 5 })
out.fail_on_remove = true
g.tick(1)
assert(g.last("core"):find("on fire"), g.last("core"))
g.equal(storage.mainbus_link.trading, false)
g.equal(accounts().e[IRON], 101)
out.fail_on_remove = false

-- Another attachment goes on where the world stands.
g.equal(g.send("5.2", "core", "bind", "1"):match("bus r(.*)$"):match("^[^+]*"), "iron-plate/normal=101/101/191")
g.send("5.2", "core", "assign", "ffff/aaaa/0")
g.tick(10)
g.equal(accounts().e[IRON], 106)

-- A new identity starts at zero and keeps what is in the world.
g.bind("5.3", "1")
g.tick(10)
g.equal(accounts().e[IRON], nil)
g.equal(accounts().i[IRON], nil)
g.equal(into.inventory.get_item_count({ name = "iron-plate", quality = "normal" }), 10)

-- clear makes an ordinary chest again.
g.equal(api().clear({ x = 1, y = 1 }), true)
out.inventory.insert({ name = "iron-plate", quality = "normal", count = 5 })
g.tick(10)
g.equal(accounts().e[IRON], nil)

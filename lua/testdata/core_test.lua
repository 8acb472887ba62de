local g = dofile("testdata/game.lua")
g.load("1")
local codec = require("mainbus/codec")

-- The first tick after a load says hello.
g.tick()
g.equal(g.lines[1], "mainbus:1 29 " .. codec.crc("0 0 1/1 1 core hello rmainbus") .. " 0 0 1/1 1 core hello rmainbus")

-- Rubbish is answered and changes nothing.
g.equal(g.raw(nil), "err 0 crc malformed command")
g.equal(g.raw("5 00000000 hello"), "err 0 crc malformed command")
g.equal(g.raw("1 2 3"), "err 0 crc malformed command")

-- A player is ignored.
g.equal(g.send("1.1", "core", "bind", "1", 7), nil)
g.equal(storage.mainbus_link.epoch, "0")

-- Before bind nothing else is understood; bind wants the right start.
g.equal(g.send("1.1", "core", "beat", ""):match("^err %d+ (%w+)"), "epoch")
g.equal(g.send("1.1", "core", "bind", "2"):match("^err %d+ (%w+)"), "start")
g.equal(g.send("5.2", "core", "bind", "1"):match("^ok %d+ (.*)$"), "1 - aaaa bus r renames r spoils r origin r")

-- Bound but not assigned: no goods.
g.equal(g.send("5.2", "bus", "grant", "iron-plate/normal=5"):match("^err %d+ (%w+)"), "idle")
g.equal(g.send("5.2", "core", "assign", "ffff/aaaa/0"):match("^ok %d+ (.*)$"), "1")
g.equal(g.send("5.2", "bus", "grant", "iron-plate/normal=5"):match("^ok"), "ok")
g.equal(storage.mainbus_ledger_v1.ledger, "ffff")

-- An older attachment and an older controller are fenced.
g.equal(g.send("5.1", "core", "beat", ""):match("^err %d+ (%w+)"), "epoch")
g.equal(g.send("5.1", "core", "bind", "1"):match("^err %d+ (%w+)"), "epoch")
g.equal(g.send("4.9", "core", "bind", "1"):match("^err %d+ (%w+)"), "incarnation")

-- The chain covers every line since bind.
g.tick(10)
local chain, n = "00000000", 0
for _, line in ipairs(g.lines) do
  local rest = line:match("^mainbus:1 %d+ %x+ (5%.2 .*)$")
  if rest then
    chain, n = codec.crc(chain .. rest), n + 1
  end
end
assert(n > 0)
g.equal(g.send("5.2", "core", "beat", ""):match("^ok %d+ (.*)$"), game.tick .. " " .. n .. " " .. chain)

-- A message in parts is joined in any order; bind forgets what is incomplete.
local function part(seq, i, of, piece)
  local rest = table.concat({ seq, i .. "/" .. of, "5.2", "bus", "grant", piece }, " ")
  return g.raw(#rest .. " " .. codec.crc(rest) .. " " .. rest)
end
g.equal(part(900, 2, 2, "late/normal=9"), "ok 900 part")
g.equal(part(900, 1, 2, "riron-p"):match("^ok 900 %d+$"), "ok 900 " .. game.tick)
g.equal(storage.mainbus_ledger_v1.i["iron-plate/normal"], 9)
part(901, 1, 2, "r")
g.bind("5.3")
g.equal(next(storage.mainbus_link.parts), nil)

-- Unfinished messages are bounded.
for seq = 1000, 1100 do
  local rest = seq .. " 1/2 5.3 bus grant r"
  g.raw(#rest .. " " .. codec.crc(rest) .. " " .. rest)
end
local waiting = 0
for _ in pairs(storage.mainbus_link.parts) do waiting = waiting + 1 end
g.equal(waiting, 8)

-- Assign acts once per epoch.
g.equal(g.send("5.3", "core", "assign", "ffff/bbbb/1"):match("^ok"), "ok")
g.equal(storage.mainbus_ledger_v1.world, "aaaa", "a second assign of one epoch")

-- A load from a save unbinds, whatever the save says.
g.load("2")
g.tick()
g.equal(g.last("core"), "mainbus")
g.equal(storage.mainbus_link.trading, false)
g.equal(g.send("5.3", "core", "beat", ""):match("^err %d+ (%w+)"), "epoch")
g.equal(storage.mainbus_ledger_v1.epoch, "5.3", "the accounts keep the epoch that wrote them")

-- A taken name is avoided.
g.load("3")
commands.commands = { mainbus = "" }
storage = {}
package.loaded = {}
g.start = "4"
local fresh = dofile("core/core.lua")
fresh.install({
  on_event = function(event, handler) g.handlers[event] = handler end,
  on_configuration_changed = function() end,
})
g.tick()
g.equal(g.last("core"), "mainbus2")

-- A world tells what it was before it got another identity.
storage = {}
g.load("9")
g.tick()
local function origin(epoch)
  return g.send(epoch, "core", "bind", "9"):match(" origin r(%S*)")
end
g.equal(origin("6.1"), "", "it always was what it is")
g.send("6.1", "core", "assign", "ffff/bbbb/1")
g.equal(origin("6.2"), "-/aaaa")
g.send("6.2", "core", "assign", "ffff/bbbb/0")
g.equal(origin("6.3"), "-/aaaa", "the same identity again")
g.send("6.3", "core", "assign", "ffff/cccc/1")
g.equal(origin("6.4"), "ffff/bbbb")

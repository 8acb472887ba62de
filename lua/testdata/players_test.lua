-- What the command mainbus_players does with single players, and that nothing that it is given gets further than that.
local g = dofile("testdata/game.lua")

local function player(name, connected)
  local p = { name = name, connected = connected, said = {}, asked = {} }
  function p.print(text) p.said[#p.said + 1] = text end
  function p.connect_to_server(to) p.asked[#p.asked + 1] = to end
  return p
end
local ann, bob, broken = player("Ann", true), player("bob", false), player("broken", true)
broken.print = function() error("boom") end
game.connected_players = { ann, broken }
function game.get_player(name) return ({ Ann = ann, bob = bob, broken = broken })[name] end

g.load("1")
local function say(parameter, by) return g.say_to("mainbus_players", parameter, by) end

g.equal(say("tell aNN hello [item=coal] /quit"), "ok")
g.equal(ann.said[1], "<server>: hello [item=coal] /quit")
g.equal(say("send Ann play.example.org:34198 Second  one"), "ok")
g.equal(ann.asked[1].address, "play.example.org:34198")
g.equal(ann.asked[1].name, "Second  one")
g.equal(say("send Ann 127.0.0.1:1"), "ok")
g.equal(ann.asked[2].name, nil)

g.equal(say("tell bob hello"), "not in the game")
g.equal(say("tell nobody hello"), "no such player")
g.equal(say("tell broken hello"):match("^fault: .*boom") ~= nil, true)

for _, wrong in ipairs({ "", "tell", "tell Ann", "quit Ann now", "TELL Ann x", "__index Ann x" }) do
  g.equal(say(wrong), "malformed command", wrong)
end
g.equal(say(nil), "malformed command")
g.equal(say("tell Ann from a player", 1), nil)
g.equal(#ann.said, 1)

-- Another script's command of this name stays; there is none of ours then.
local taken = { mainbus_players = "" }
commands.game_commands = setmetatable({ quit = "" }, { __index = taken })
g.load("2")
g.equal(g.functions.mainbus_players, nil)

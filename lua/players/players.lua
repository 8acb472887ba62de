-- The command mainbus_players: what the agent asks of single players and the game's console has no command for. It comes from RCON;
-- what a player types is ignored without a word. Its answer is "ok", or why not.
--
--   tell NAME TEXT             shows a text to a player
--   send NAME ADDRESS TITLE    asks a player to go to another server
--
-- NAME and ADDRESS are one word each. Nothing is stored, and nothing here depends on where the script runs.

local rcon = rcon -- the scenario is read later and may have a global of its own by this name

local players = {}

local COMMAND = "mainbus_players"

local function find(name)
  local key = name:lower()
  for _, player in ipairs(game.connected_players) do
    if player.name:lower() == key then
      return player
    end
  end
  return nil, game.get_player(name) and "not in the game" or "no such player"
end

local operations = {
  tell = function(player, text)
    player.print("<server>: " .. text)
  end,
  send = function(player, rest)
    local address, title = rest:match("^(%S+) ?(.*)$")
    player.connect_to_server({ address = address, name = title ~= "" and title or nil })
  end,
}

local function execute(parameter)
  local operation, name, rest = (parameter or ""):match("^(%l+) (%S+) (.+)$")
  if not operation or not operations[operation] then
    return "malformed command"
  end
  local player, why = find(name)
  if not player then
    return why
  end
  operations[operation](player, rest)
  return "ok"
end

local function on_command(event)
  if event.player_index then
    return
  end
  local ok, answer = xpcall(execute, tostring, event.parameter)
  rcon.print(ok and answer or "fault: " .. answer)
end

-- Where another script has a command of this name, or the game does not take the name, there is none of ours, and the world goes on
-- without.
function players.install()
  if not commands.commands[COMMAND] and not commands.game_commands[COMMAND] then
    pcall(commands.add_command, COMMAND, "Used by the cluster that this server belongs to.", on_command)
  end
end

return players

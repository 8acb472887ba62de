-- The game's half of the game link (docs/gamelink.md): commands in, lines out, bind, assign, beat.
--
-- Every decision depends on storage, constants and commands alone, because each client that joins runs this script
-- from the save and has to come to the same result: file-level variables hold only constants and registered code.
-- Nothing here may raise into the game: an uncaught error in a handler stops the whole server.

local START = require("mainbus/start")
local codec = require("mainbus/codec")

local print, rcon = print, rcon -- the scenario is read later and may have globals of its own by these names

local core = {}

local LINE_BYTES = 4000 -- longer writes to a pipe may tear when a forked saver writes to it too
local HEADER_BYTES = 300 -- more than the fields before the data can take
local MAX_PARTS = 512
local PIECE_BYTES = 200000 -- of a report; a piece that is decoded may have 256 KiB
local MAX_ASSEMBLIES = 8
local SILENCE_TICKS = 600

local NO_EPOCH = "0"
local NO_CHAIN = "00000000"

local channels = {} -- by name
local channel_names = {} -- in order of registration, so that reports are alike everywhere

-- A channel is a table of functions, each of which may be missing:
--   bound()                   an agent has attached: what an earlier one told, other than totals, no longer holds
--   report() -> text          all its totals
--   zero()                    counters to zero: the world has got a new identity
--   tick(tick)                called each tick while the world trades
--   assigned()                the ledger knows what was reported at bind
--   configuration_changed(data)  as the game's event
--   commands = { op = function(text) -> answer | nil, code, text }
function core.register(name, channel)
  channels[name] = channel
  channel_names[#channel_names + 1] = name
end

-- Calls a function of all channels that have it.
local function each_channel(what, ...)
  for _, name in ipairs(channel_names) do
    local f = channels[name][what]
    if f then
      f(...)
    end
  end
end

-- The accounts are plain data, so that they can be read from the save file (no shared tables, no game objects).
function core.accounts()
  local accounts = storage.mainbus_ledger_v1
  if not accounts then
    accounts = { ledger = "", world = START.world, epoch = NO_EPOCH, tick = 0, e = {}, i = {}, buffer = {} }
    storage.mainbus_ledger_v1 = accounts
  end
  return accounts
end

local function print_line(link, channel, key, piece, part, parts)
  link.seq = link.seq + 1
  local rest = table.concat({
    link.epoch, codec.count(link.seq), part .. "/" .. parts, codec.count(game.tick), channel, key, piece,
  }, " ")
  link.chain = codec.crc(link.chain .. rest)
  print("mainbus:1 " .. #rest .. " " .. codec.crc(rest) .. " " .. rest)
end

local function send(link, channel, key, text)
  local data = codec.encode(text)
  local size = LINE_BYTES - HEADER_BYTES
  local parts = math.ceil(#data / size)
  for part = 1, parts do
    print_line(link, channel, key, data:sub((part - 1) * size + 1, part * size), part, parts)
  end
end

local command_name = "mainbus"

-- The link's state. A start number other than the one in the save's start.lua means that the save was loaded anew:
-- on_load may not write to storage, and a variable set there would differ between server and clients.
local function current_link()
  local link = storage.mainbus_link
  if not link or link.start ~= START.start then
    link = {
      start = START.start, epoch = NO_EPOCH, assigned = "", trading = false,
      seq = -1, chain = NO_CHAIN, heard = 0, parts = {}, assemblies = {},
    }
    storage.mainbus_link = link
    core.accounts()
    send(link, "core", "hello", command_name)
  end
  return link
end

-- Sends text on a channel; key "-" means that no later message replaces it.
function core.send(channel, key, text)
  send(current_link(), channel, key, text)
end

-- Whether goods may be taken from the world: bound, assigned and an agent near.
function core.may_take()
  local link = current_link()
  return link.trading and game.tick - link.heard <= math.max(SILENCE_TICKS, SILENCE_TICKS * game.speed)
end

local function stop_trading(link, what, err)
  link.trading = false
  link.fault = what .. ": " .. tostring(err)
  send(link, "core", "fault", link.fault)
end

local function reports()
  local out = {}
  for _, name in ipairs(channel_names) do
    local text = channels[name].report()
    for at = 1, math.max(1, #text), PIECE_BYTES do
      out[#out + 1] = " " .. name .. " " .. codec.encode(text:sub(at, at + PIECE_BYTES - 1))
    end
  end
  return table.concat(out)
end

local function epoch_parts(epoch)
  local incarnation, number = epoch:match("^(%d+)%.(%d+)$")
  return tonumber(incarnation), tonumber(number)
end

local function bind(link, epoch, start)
  if start ~= START.start then
    return nil, "start", "this is start " .. START.start
  end
  local accounts = core.accounts()
  local incarnation, number = epoch_parts(epoch)
  if not incarnation then
    return nil, "crc", "malformed epoch"
  end
  local last_incarnation, last_number = epoch_parts(accounts.epoch)
  if last_incarnation and incarnation < last_incarnation then
    return nil, "incarnation", "bound by a newer controller"
  elseif last_incarnation == incarnation and number < last_number then
    return nil, "epoch", "bound by a newer attachment"
  end
  accounts.epoch, link.epoch = epoch, epoch
  link.trading, link.seq, link.chain = false, 0, NO_CHAIN
  link.parts, link.assemblies = {}, {}
  each_channel("bound")
  local ledger = accounts.ledger ~= "" and accounts.ledger or "-"
  return codec.count(game.tick) .. " " .. ledger .. " " .. accounts.world .. reports()
end

local function assign(link, text)
  local ledger, world, fresh = text:match("^(%w+)/(%w+)/([01])$")
  if not ledger then
    return nil, "crc", "malformed assignment"
  end
  if link.assigned ~= link.epoch then
    local accounts = core.accounts()
    if fresh == "1" then
      each_channel("zero")
    end
    if accounts.world ~= world then
      accounts.from_ledger, accounts.from_world = accounts.ledger, accounts.world
    end
    accounts.ledger, accounts.world = ledger, world
    link.assigned = link.epoch
    each_channel("assigned")
  end
  link.trading = true
  return codec.count(game.tick)
end

local function beat(link)
  return codec.count(game.tick) .. " " .. codec.count(link.seq) .. " " .. link.chain
end

local function dispatch(link, epoch, channel, op, text)
  if channel == "core" and op == "bind" then
    return bind(link, epoch, text)
  elseif epoch ~= link.epoch then
    return nil, "epoch", "bound to " .. link.epoch
  end
  link.heard = game.tick
  if channel == "core" then
    if op == "assign" then
      return assign(link, text)
    elseif op == "beat" then
      return beat(link)
    elseif op == "report" then
      return beat(link) .. reports()
    end
  elseif channels[channel] and channels[channel].commands[op] then
    if not link.trading then
      return nil, "idle", link.fault or "not assigned"
    end
    return channels[channel].commands[op](text)
  end
  return nil, "unknown", channel .. " " .. op
end

-- Keeps one part; returns the whole data when it was the last one missing.
local function assemble(link, seq, part, parts, piece)
  if parts == 1 then
    return piece
  end
  local assembly = link.parts[seq]
  if not assembly then
    if #link.assemblies >= MAX_ASSEMBLIES then
      link.parts[table.remove(link.assemblies, 1)] = nil
    end
    assembly = { parts = parts, missing = parts, pieces = {} }
    link.parts[seq] = assembly
    table.insert(link.assemblies, seq)
  end
  if assembly.parts == parts and not assembly.pieces[part] then
    assembly.pieces[part] = piece
    assembly.missing = assembly.missing - 1
  end
  if assembly.missing > 0 then
    return nil
  end
  link.parts[seq] = nil
  for i, s in ipairs(link.assemblies) do
    if s == seq then
      table.remove(link.assemblies, i)
      break
    end
  end
  return table.concat(assembly.pieces)
end

local MALFORMED = "err 0 crc malformed command"

local function execute(parameter)
  local length, crc, rest = (parameter or ""):match("^(%d+) (%x+) (.+)$")
  if not rest or tonumber(length) ~= #rest or codec.crc(rest) ~= crc then
    return MALFORMED
  end
  local seq, part, parts, epoch, channel, op, piece = rest:match("^(%d+) (%d+)/(%d+) (%S+) (%S+) (%S+) (%S+)$")
  part, parts = tonumber(part), tonumber(parts)
  if not seq or part < 1 or part > parts or parts > MAX_PARTS then
    return MALFORMED
  end
  local link = current_link()
  local data = assemble(link, seq, part, parts, piece)
  if not data then
    return "ok " .. seq .. " part"
  end
  local text = codec.decode(data)
  if not text then
    return MALFORMED
  end
  local answer, code, why = dispatch(link, epoch, channel, op, text)
  if answer then
    return "ok " .. seq .. " " .. answer
  end
  return "err " .. seq .. " " .. code .. " " .. why
end

-- Commands come from RCON, where no player is; what a player types is ignored without a word.
local function on_command(event)
  if event.player_index then
    return
  end
  local ok, reply = xpcall(execute, tostring, event.parameter)
  if not ok then
    stop_trading(current_link(), "command", reply)
    reply = "err 0 fault " .. reply
  end
  rcon.print(reply)
end

local function tick_channels(link, tick)
  core.accounts().tick = tick
  if link.trading then
    each_channel("tick", tick)
  end
end

local function on_tick()
  local link = current_link()
  local ok, err = xpcall(tick_channels, tostring, link, game.tick)
  if not ok then
    stop_trading(link, "tick", err)
  end
end

-- Takes the first free name: registering a taken one would keep the game from starting.
local function add_command()
  local number = 1
  while commands.commands[command_name] or commands.game_commands[command_name] do
    number = number + 1
    command_name = "mainbus" .. number
  end
  commands.add_command(command_name, "Used by the cluster that this server belongs to.", on_command)
end

function core.install(hooks)
  add_command()
  hooks.on_event(defines.events.on_tick, on_tick)
  hooks.on_configuration_changed(function(data)
    each_channel("configuration_changed", data)
  end)
end

return core

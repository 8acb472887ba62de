-- The bus channel: terminals that send to the cluster's shared store and request from it. Totals live in storage beside the
-- world (totals.lua), and every save is consistent in itself.

local codec = require("mainbus/codec")
local core = require("mainbus/core")
local terminals = require("mainbus/terminals")
local totals = require("mainbus/totals")
require("mainbus/interface")

local bus = { commands = {} }

local TICKS_PER_LINE = 6 -- ten lines a second: each line is printed on every client's console too
local KEYS_PER_LINE = 250 -- with the longest names that there can be, a message holds as many
local MAX_COUNT = 2 ^ 53

local function tell(s, tick)
  if #s.changed > 0 and tick >= s.next_line then
    local keys, rest = s.changed, {}
    s.is_changed = {}
    for n = KEYS_PER_LINE + 1, #keys do
      rest[#rest + 1], s.is_changed[keys[n]], keys[n] = keys[n], true, nil
    end
    s.changed, s.next_line = rest, tick + TICKS_PER_LINE
    core.send("bus", "-", totals.records(s, keys))
  end
end

function bus.tick(tick)
  local s = totals.state()
  terminals.serve(s, totals.accounts())
  tell(s, tick)
end

function bus.bound()
  totals.state().full = {}
end

function bus.report()
  local s = totals.state()
  return totals.records(s, s.items)
end

bus.zero = totals.zero

-- Reads name/quality=n or name/quality=n/sum. All of it is checked before any of it is applied.
local function parse(text, most)
  local out = {}
  for entry in text:gmatch("[^+]+") do
    local key, n, sum = entry:match("^([A-Za-z0-9_-]*/[A-Za-z0-9_-]*)=(%d+)(.*)$")
    n = tonumber(n)
    if not n or n > most or sum ~= "" and not sum:find("^/%-?%d+$") then
      return nil
    end
    out[#out + 1] = { key = key, n = n, sum = tonumber(sum:sub(2)) }
  end
  return out
end

function bus.commands.full(text)
  local told = parse(text, 1)
  if not told then
    return nil, "crc", "malformed limits"
  end
  local s = totals.state()
  for _, limit in ipairs(told) do
    s.full[limit.key] = limit.n == 1 or nil
  end
  return codec.count(game.tick)
end

function bus.commands.grant(text)
  local grants = parse(text, MAX_COUNT)
  if not grants then
    return nil, "crc", "malformed grant"
  end
  local s, accounts = totals.state(), totals.accounts()
  for _, grant in ipairs(grants) do
    totals.receive(s, accounts, grant.key, grant.n, grant.sum)
  end
  return codec.count(game.tick)
end

return bus

-- The terminals of the world: which entities send and request, and whose turn it is.

local core = require("mainbus/core")
local accumulator = require("mainbus/accumulator")
local chest = require("mainbus/chest")
local tank = require("mainbus/tank")
local totals = require("mainbus/totals")

local terminals = {}

local TERMINALS_PER_TICK = 16

-- A kind of entity that can be a terminal is a table of functions and of how many requests it can have:
--   take(s, accounts, terminal)                      sends what it may
--   fill(s, accounts, terminal, request) -> missing  hands out from the buffer
--   parse(entry) -> request | nil, reason            of what somebody wants
local kinds = { container = chest, ["logistic-container"] = chest, ["storage-tank"] = tank, accumulator = accumulator }

-- The types of entities that can be terminals.
terminals.types = { "container", "logistic-container", "storage-tank", "accumulator" }

function terminals.kind(entity)
  return kinds[entity.type]
end

local function serve(s, accounts, terminal)
  local kind = kinds[terminal.type or "container"] -- of a world that was saved with an earlier module
  if terminal.mode == "send" then
    if core.may_take() then
      kind.take(s, accounts, terminal)
    end
  else
    for _, request in ipairs(terminal.requests) do
      totals.set_missing(s, accounts, request, kind.fill(s, accounts, terminal, request))
    end
  end
end

local function remove(s, accounts, index)
  local terminal = table.remove(s.terminals, index)
  for _, request in ipairs(terminal.requests) do
    totals.set_missing(s, accounts, request, 0)
  end
end

-- Serves those whose turn it is.
function terminals.serve(s, accounts)
  for _ = 1, math.min(TERMINALS_PER_TICK, #s.terminals) do
    if s.cursor > #s.terminals then
      s.cursor = 1
    end
    local terminal = s.terminals[s.cursor]
    if not terminal then
      return
    elseif terminal.entity.valid then
      s.cursor = s.cursor + 1
      serve(s, accounts, terminal)
    else
      remove(s, accounts, s.cursor)
    end
  end
end

function terminals.add(s, entity, mode, requests, above)
  s.terminals[#s.terminals + 1] = { entity = entity, type = entity.type, mode = mode, requests = requests, above = above }
end

function terminals.forget(s, entity)
  for index, terminal in ipairs(s.terminals) do
    if terminal.entity == entity then
      remove(s, totals.accounts(), index)
      return
    end
  end
end

return terminals

-- Accumulators as terminals. Energy is counted in whole MJ. The game cuts off what does not fit without a word, so the charge is
-- read again after it was set, and the difference is what was moved.

local totals = require("mainbus/totals")

local accumulator = { max_requests = 1 }

local KEY = "/"
local MJ = 1000000

-- Sends what is above the charge that the accumulator keeps.
function accumulator.take(s, accounts, terminal)
  local entity = terminal.entity
  local before = entity.energy
  local n = math.floor(before / MJ - terminal.above)
  if n < 1 or s.full[KEY] then
    return
  end
  entity.energy = before - n * MJ
  totals.sent(s, accounts, KEY, (before - entity.energy) / MJ, 0)
end

-- Charges from the buffer and returns what is missing then.
function accumulator.fill(s, accounts, terminal, request)
  local entity = terminal.entity
  local before = entity.energy
  local aim = math.min(request.count * MJ, entity.electric_buffer_size)
  local missing = math.max(0, math.floor((aim - before) / MJ))
  local give = math.min(missing, accounts.buffer[KEY] or 0)
  if give > 0 then
    entity.energy = before + give * MJ
    totals.handed_out(s, accounts, KEY, (entity.energy - before) / MJ)
    missing = missing - give
  end
  return missing
end

function accumulator.parse(entry)
  return { key = KEY, count = entry.energy }
end

return accumulator

-- What the world has sent to the bus and received from it, and what of that has not been told.
--
-- The accounts (core.accounts) hold E, I and the buffer by key, and beside them sums (es, is, buffer_sum): count x freshness
-- in thousandths of items that spoil, amount x degrees of fluids. A total changes in the statement after the world did.

local codec = require("mainbus/codec")
local core = require("mainbus/core")

local totals = {}

local MAX_SUM = 2 ^ 53

-- terminals: array of { entity, kind, mode = "send"|"request", above, slot, requests = { { key, count, missing, ... } } }
-- need:      key -> what all request terminals lack together
-- items:     every key ever seen, in order; known is the same as a set
-- full:      key -> true for what the bus has no room for: it stays where it is
-- fraction:  key -> less than one unit of a fluid or of energy that was taken and is not counted
-- spoils_told: how many of items have been looked at by spoils.lua
-- changed:   keys whose totals have not been told, in order; is_changed is the same as a set
function totals.state()
  local s = storage.mainbus_bus
  if not s then
    s = { terminals = {}, cursor = 1, need = {}, items = {}, known = {}, changed = {}, is_changed = {}, next_line = 0 }
    storage.mainbus_bus = s
  end
  s.full, s.fraction = s.full or {}, s.fraction or {} -- of a world that was saved with an earlier module
  return s
end

-- The accounts; sums are missing in those of a world that was saved with an earlier module.
function totals.accounts()
  local accounts = core.accounts()
  if not accounts.es then
    accounts.es, accounts.is, accounts.buffer_sum = {}, {}, {}
  end
  return accounts
end

function totals.mark(s, key)
  if not s.known[key] then
    s.known[key] = true
    s.items[#s.items + 1] = key
  end
  if not s.is_changed[key] then
    s.is_changed[key] = true
    s.changed[#s.changed + 1] = key
  end
end

local function add(column, key, n)
  if n ~= 0 then
    column[key] = (column[key] or 0) + n
  end
end

function totals.round(n)
  return math.floor(n + 0.5)
end

-- Counts units that may have a fraction, each worth so much of the sum: whole ones are sent, the rest waits for more.
function totals.sent(s, accounts, key, amount, worth)
  local all = (s.fraction[key] or 0) + amount
  local whole = math.floor(all)
  s.fraction[key] = all > whole and all - whole or nil
  add(accounts.e, key, whole)
  add(accounts.es, key, totals.round(whole * worth))
  totals.mark(s, key)
end

-- The average of what is in the buffer; 0 if nothing is known of it.
function totals.average(accounts, key)
  local buffered = accounts.buffer[key] or 0
  return buffered > 0 and (accounts.buffer_sum[key] or 0) / buffered or 0
end

-- Counts units, perhaps with a fraction, that went from the buffer into the world.
function totals.handed_out(s, accounts, key, amount)
  local buffered, sum = accounts.buffer[key] or 0, accounts.buffer_sum[key] or 0
  local rest = buffered + (s.fraction[key] or 0) - amount
  local whole = math.max(0, math.floor(rest))
  s.fraction[key] = rest > whole and rest - whole or nil
  accounts.buffer[key] = whole > 0 and whole or nil
  accounts.buffer_sum[key] = sum ~= 0 and whole > 0 and totals.round(sum * (whole / buffered)) or nil
end

-- What is in the buffer goes back to the bus.
function totals.give_back(s, accounts, key)
  local n, sum = accounts.buffer[key] or 0, accounts.buffer_sum[key] or 0
  if n > 0 then
    accounts.buffer[key], accounts.buffer_sum[key] = nil, nil
    add(accounts.e, key, n)
    add(accounts.es, key, sum)
    totals.mark(s, key)
  end
end

-- What nobody in this world wants any more goes back too.
function totals.return_surplus(s, accounts, key)
  if (s.need[key] or 0) == 0 then
    totals.give_back(s, accounts, key)
  end
end

function totals.set_missing(s, accounts, request, missing)
  if missing ~= request.missing then
    s.need[request.key] = (s.need[request.key] or 0) + missing - request.missing
    request.missing = missing
    totals.mark(s, request.key)
    totals.return_surplus(s, accounts, request.key)
  end
end

-- A grant is a total: what is more than was received is put into the buffer.
function totals.receive(s, accounts, key, total, sum)
  local more = total - (accounts.i[key] or 0)
  if more > 0 then
    local more_sum = sum and sum - (accounts.is[key] or 0) or 0
    accounts.i[key] = total
    add(accounts.buffer, key, more)
    add(accounts.buffer_sum, key, more_sum)
    add(accounts.is, key, more_sum)
    totals.mark(s, key)
    totals.return_surplus(s, accounts, key)
  end
end

local function want(s, accounts, key)
  local open = (s.need[key] or 0) - (accounts.buffer[key] or 0)
  return (accounts.i[key] or 0) + math.max(0, open)
end

-- Sums that no message could carry are cut off: an average may be wrong, never a count.
local function sum_text(n)
  return codec.count(math.min(MAX_SUM, math.max(-MAX_SUM, n)))
end

local function record(s, accounts, key)
  local text = key .. "=" .. codec.count(accounts.e[key] or 0) .. "/" .. codec.count(accounts.i[key] or 0)
    .. "/" .. codec.count(want(s, accounts, key))
  local es, is = accounts.es[key] or 0, accounts.is[key] or 0
  if es == 0 and is == 0 then
    return text
  end
  return text .. "/" .. sum_text(es) .. "/" .. sum_text(is)
end

function totals.records(s, keys)
  local accounts, out = totals.accounts(), {}
  for n, key in ipairs(keys) do
    out[n] = record(s, accounts, key)
  end
  return table.concat(out, "+")
end

function totals.zero()
  local accounts = totals.accounts()
  accounts.e, accounts.i, accounts.es, accounts.is = {}, {}, {}, {}
end

return totals

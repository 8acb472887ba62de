-- Prototypes that a change of mods has renamed or removed: the accounts go on under the new name, and the ledger is told at
-- bind until an assignment shows that it knows. A world that goes back to before the change is changed again when it is loaded.

local codec = require("mainbus/codec")
local totals = require("mainbus/totals")

local renames = { commands = {} }

local COLUMNS = { "e", "i", "es", "is", "buffer", "buffer_sum" }

-- The key that an old key has become; nil if there is nothing by that name any more.
local function successor(migrations, key)
  local name, quality = codec.item(key)
  local names = quality == "" and migrations.fluid or migrations.item
  name = name ~= "" and names and names[name] or name
  if quality ~= "" and migrations.quality then
    quality = migrations.quality[quality] or quality
    if quality == "" then
      return nil
    end
  end
  if name == "" and key ~= "/" then
    return nil
  end
  return codec.key(name, quality)
end

local function move(column, keys, to)
  local moved = {}
  for _, key in ipairs(keys) do
    if column[key] then
      moved[to[key]] = (moved[to[key]] or 0) + column[key]
    end
  end
  return moved
end

local function rename_requests(s, migrations)
  s.need = {}
  for _, terminal in ipairs(s.terminals) do
    for n = #terminal.requests, 1, -1 do
      local request = terminal.requests[n]
      local key = successor(migrations, request.key)
      if key then
        request.key, request.missing = key, 0
        request.name, request.quality = codec.item(key)
      else
        table.remove(terminal.requests, n)
      end
    end
  end
end

-- All renames of one change happen at once: two items may have changed names.
local function apply(migrations)
  local s, accounts = totals.state(), totals.accounts()
  local keys, to, is_old = s.items, {}, false
  accounts.renamed = accounts.renamed or {}
  for _, key in ipairs(keys) do
    local now = successor(migrations, key)
    to[key] = now or key -- what is gone keeps its totals
    if now and now ~= key then
      is_old = true
      accounts.renamed[#accounts.renamed + 1] = { old = key, new = now }
    elseif not now then
      totals.give_back(s, accounts, key)
    end
  end
  rename_requests(s, migrations)
  if not is_old then
    return
  end
  for _, name in ipairs(COLUMNS) do
    accounts[name] = move(accounts[name], keys, to)
  end
  s.fraction = move(s.fraction, keys, to)
  s.full, s.items, s.known, s.changed, s.is_changed = {}, {}, {}, {}, {}
  for _, key in ipairs(keys) do
    totals.mark(s, to[key])
  end
end

function renames.configuration_changed(data)
  local migrations = data.migrations
  if migrations and (migrations.item or migrations.fluid or migrations.quality) then
    apply(migrations)
  end
end

function renames.report()
  local out = {}
  for n, pair in ipairs(totals.accounts().renamed or {}) do
    out[n] = pair.old .. "=" .. pair.new
  end
  return table.concat(out, "+")
end

function renames.assigned()
  totals.accounts().renamed = nil
end

return renames

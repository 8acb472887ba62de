-- Prototypes that a change of mods has renamed or removed: the accounts go on under the new name, and the ledger is told at
-- each bind. A world that goes back to before the change is changed again when it is loaded.
--
-- accounts.renamed: array of { old, new, told }, all that was ever renamed here, each from its first name to its last, also
-- what this save has never traded. The books may be older than the change, because a backup was restored, and they may know
-- what a save from before a first trade does not. told: the ledger has heard of it.

local codec = require("mainbus/codec")
local totals = require("mainbus/totals")

local renames = { commands = {} }

-- What a report may hold of them: bytes, and pairs (the ledger takes no more).
local MAX_TEXT, MAX_PAIRS = 131072, 4096

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

-- Notes that an old key is now a new one, and so is what became the old one before.
local function note(renamed, old, new)
  local found = false
  for n = #renamed, 1, -1 do
    local pair = renamed[n]
    if pair.old == old then
      pair.new, pair.told, found = new, nil, true
    end
    if pair.old == pair.new then
      table.remove(renamed, n)
    end
  end
  if not found and old ~= new then
    renamed[#renamed + 1] = { old = old, new = new }
  end
end

-- What this world has traded comes first, should there be too much to tell.
local function note_all(renamed, keys, migrations)
  for _, pair in ipairs(renamed) do
    local now = successor(migrations, pair.new)
    if now and now ~= pair.new then
      pair.new, pair.told = now, nil
    end
  end
  for _, key in ipairs(keys) do
    local now = successor(migrations, key)
    if now and now ~= key then
      note(renamed, key, now)
    end
  end
  for old, new in pairs(migrations.fluid or {}) do
    if new ~= "" then
      note(renamed, codec.key(old, ""), codec.key(new, ""))
    end
  end
  for old, new in pairs(migrations.item or {}) do
    for quality in pairs(new ~= "" and prototypes.quality or {}) do
      note(renamed, codec.key(old, quality), codec.key(new, quality))
    end
  end
end

-- All renames of one change happen at once: two items may have changed names.
local function apply(migrations)
  local s, accounts = totals.state(), totals.accounts()
  local keys, to, is_old = s.items, {}, false
  accounts.renamed = accounts.renamed or {}
  note_all(accounts.renamed, keys, migrations)
  for _, key in ipairs(keys) do
    local now = successor(migrations, key)
    to[key] = now or key -- what is gone keeps its totals
    if now and now ~= key then
      is_old = true
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

-- Whether something has that name, again or still.
local function exists(key)
  local name, quality = codec.item(key)
  return (quality == "" and prototypes.fluid or prototypes.item)[name] ~= nil
end

-- Names that have gone round are no renames to the ledger, which could not tell a repetition.
local function circular(next_of, old, most)
  local at = next_of[old]
  for _ = 1, most do
    if at == nil or at == old then
      break
    end
    at = next_of[at]
  end
  return at ~= nil
end

function renames.report()
  local out, size, next_of = {}, 0, {}
  local renamed = totals.accounts().renamed or {}
  for _, pair in ipairs(renamed) do
    next_of[pair.old] = pair.new
  end
  for _, pair in ipairs(renamed) do
    if not (pair.told and exists(pair.old)) and not circular(next_of, pair.old, #renamed) then
      local text = pair.old .. "=" .. pair.new
      size = size + #text + 1
      if size > MAX_TEXT or #out == MAX_PAIRS then
        break
      end
      out[#out + 1] = text
    end
  end
  return table.concat(out, "+")
end

function renames.assigned()
  for _, pair in ipairs(totals.accounts().renamed or {}) do
    pair.told = true
  end
end

return renames

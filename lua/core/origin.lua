-- The channel origin: which world this one was before it got its identity. A ledger that was restored from an old backup
-- has forgotten that it gave it; told so, it knows the world again when a crash has made it what it was before.

local core = require("mainbus/core")

local origin = { commands = {} }

function origin.report()
  local accounts = core.accounts()
  if not accounts.from_world then
    return ""
  end
  return (accounts.from_ledger ~= "" and accounts.from_ledger or "-") .. "/" .. accounts.from_world
end

return origin

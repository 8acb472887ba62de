-- The scenario of an ordinary game, as far as a world without players has one.

local freeplay = {}

local function set_defaults()
  storage.created_items = storage.created_items or { ["iron-plate"] = 8, ["wood"] = 1 }
  storage.disable_crashsite = storage.disable_crashsite or false
end

freeplay.on_init = set_defaults
freeplay.on_configuration_changed = set_defaults

function freeplay.add_remote_interface()
  remote.add_interface("freeplay", {
    get_created_items = function()
      return storage.created_items
    end,
    set_created_items = function(items)
      storage.created_items = items
    end,
    get_disable_crashsite = function()
      return storage.disable_crashsite
    end,
    set_disable_crashsite = function(value)
      storage.disable_crashsite = value
    end,
  })
end

return freeplay

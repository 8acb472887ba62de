-- Stands for graphics and sounds, which the simulated game does not have, so that mods can copy and change them: each
-- field of it is such a table too, and calling it gives one.

local meta = {}

local function unseen()
  return setmetatable({}, meta)
end

function meta.__index(t, key)
  local made = unseen()
  rawset(t, key, made)
  return made
end

function meta.__call()
  return unseen()
end

local properties = {
  "picture", "pictures", "animation", "animations", "graphics_set", "chargable_graphics", "circuit_connector", "sprites",
  "activity_led_sprites", "working_sound", "open_sound", "close_sound",
}

-- Gives all entities that there are such properties.
return function()
  for entity in pairs(defines.prototypes.entity) do
    for _, prototype in pairs(data.raw[entity]) do
      for _, property in ipairs(properties) do
        if prototype[property] == nil then
          prototype[property] = unseen()
        end
      end
    end
  end
  for _, name in ipairs({ "circuit_connector_definitions", "universal_connector_template", "pipecoverspictures", "assembler2pipepictures", "assembler3pipepictures" }) do
    _G[name] = _G[name] or unseen()
  end
end

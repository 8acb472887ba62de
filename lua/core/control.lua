-- Entry point of the save module: required on the first line of the save's control.lua, before the scenario's own text.

local hooks = require("mainbus/script")
local core = require("mainbus/core")

core.register("bus", require("mainbus/bus"))
core.register("renames", require("mainbus/renames"))
core.register("spoils", require("mainbus/spoils"))
core.register("origin", require("mainbus/origin"))
core.install(hooks)
require("mainbus/players").install()

-- Entry point of the save module: required by the save's control.lua after the scenario.

local core = require("mainbus/core")

core.register("bus", require("mainbus/bus"))
core.install(require("event_handler"))

require("event_handler").add_lib(require("__base__/script/freeplay/freeplay.lua"))

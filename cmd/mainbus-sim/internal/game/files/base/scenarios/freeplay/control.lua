require('__base__/script/freeplay/control.lua')

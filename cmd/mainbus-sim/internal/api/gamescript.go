package api

import (
	"math"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/luavm"
	"mainbus/cmd/mainbus-sim/internal/world"
)

// theGame is the value of game.
type theGame struct{}

func (s *Script) addGameClass() {
	declare(s, members[theGame]{
		name:    "LuaGameScript",
		attrs:   gameAttributes(),
		methods: gameMethods(),
	})
}

func gameAttributes() attributes[theGame] {
	return attributes[theGame]{
		"tick":                 read(func(c call, _ theGame) any { return c.w.Tick }),
		"ticks_played":         read(func(c call, _ theGame) any { return c.w.TicksPlayed }),
		"console_command_used": read(func(c call, _ theGame) any { return c.w.ConsoleCommandUsed }),
		"speed": {
			get: func(c call, _ theGame) any { return c.w.Speed },
			set: func(c call, _ theGame, v lua.LValue) {
				speed := c.number(v)
				if speed < 0.01 {
					c.fail("Game speed must be at least 0.01.")
				}
				c.w.Speed = speed
			},
		},
		"tick_paused": {
			get: func(c call, _ theGame) any { return c.w.TickPaused },
			set: func(c call, _ theGame, v lua.LValue) { c.w.TickPaused = c.boolean(v) },
		},
		"ticks_to_run": {
			get: func(c call, _ theGame) any { return c.w.TicksToRun },
			set: func(c call, _ theGame, v lua.LValue) { c.w.TicksToRun = uint64(c.count(v)) },
		},
		"autosave_enabled": {
			get: func(c call, _ theGame) any { return !c.w.NoAutosave },
			set: func(c call, _ theGame, v lua.LValue) { c.w.NoAutosave = !c.boolean(v) },
		},
		"surfaces":          tableNamed[theGame]("surfaces"),
		"forces":            tableNamed[theGame]("forces"),
		"players":           tableNamed[theGame]("players"),
		"planets":           tableNamed[theGame]("planets"),
		"connected_players": read(func(c call, _ theGame) any { return list(c.w.Connected()) }),
		"player":            read(func(call, theGame) any { return nil }), // in no console command here: the server's has none
	}
}

func gameMethods() methods[theGame] {
	m := methods[theGame]{
		"get_surface": func(c call, _ theGame) any {
			if n, ok := c.arg(1).(lua.LNumber); ok {
				return c.w.Surface(int(n))
			}
			return c.w.SurfaceNamed(c.text(c.arg(1)))
		},
		"get_player": func(c call, _ theGame) any { return c.findPlayer(c.arg(1)) },
		"get_entity_by_unit_number": func(c call, _ theGame) any {
			e := c.w.Entity(uint64(c.whole(c.arg(1), 0, math.MaxUint32)))
			if e == nil || e.Away || e.Type == "item-entity" {
				return nil
			}
			return e
		},
		"is_multiplayer": func(call, theGame) any { return true },
		"print":          func(c call, _ theGame) any { return c.print(c.w.Connected()) },
		"server_save": func(c call, _ theGame) any {
			c.p.Host.Save(c.optional(c.arg(1)), false)
			return nothing{}
		},
		"auto_save": func(c call, _ theGame) any {
			c.p.Host.Save(c.optional(c.arg(1)), true)
			return nothing{}
		},
		"create_surface": func(c call, _ theGame) any {
			name := c.text(c.arg(1))
			if name == "" || c.w.SurfaceNamed(name) != nil {
				c.fail("Surface name %q is empty or taken.", name)
			}
			return c.w.AddSurface(name)
		},
		"delete_surface": func(c call, _ theGame) any { return c.w.DeleteSurface(c.surfaceOf(c.arg(1))) },
		"create_force": func(c call, _ theGame) any {
			f, err := c.w.AddForce(c.text(c.arg(1)))
			if err != nil {
				c.fail("Can't create the force: %s", err.Error())
			}
			return f
		},
		"merge_forces": func(c call, _ theGame) any {
			if !c.w.MergeForces(c.forceOf(c.arg(1)), c.forceOf(c.arg(2))) {
				c.fail("Can't merge this force.")
			}
			return nothing{}
		},
		"create_inventory": func(c call, _ theGame) any {
			mod := c.mod.Name
			if mod == levelName {
				mod = "core" // as the documentation says of console commands
			}
			return c.w.NewScriptInventory(mod, c.whole(c.arg(1), 0, world.MaxSlots))
		},
		"get_script_inventories": scriptInventories,
	}
	addJudging(m)
	return m
}

func scriptInventories(c call, _ theGame) any {
	only := c.optional(c.arg(1))
	byMod := map[string][]any{}
	for _, inv := range c.w.ScriptInventories {
		if only == "" || only == inv.Mod {
			byMod[inv.Mod] = append(byMod[inv.Mod], inv)
		}
	}
	out := []Field{}
	for _, mod := range sorted(byMod) {
		out = append(out, Field{mod, byMod[mod]})
	}
	return out
}

// addJudging adds what game does to players.
func addJudging(m methods[theGame]) {
	m["kick_player"] = func(c call, _ theGame) any {
		c.w.Kick(c.playerOf(c.arg(1)), nil, c.optional(c.arg(2)))
		return nothing{}
	}
	m["ban_player"] = func(c call, _ theGame) any {
		c.w.Ban(c.playerName(), nil, c.optional(c.arg(2)))
		return nothing{}
	}
	m["unban_player"] = func(c call, _ theGame) any {
		c.w.Unban(c.playerName(), nil)
		return nothing{}
	}
	for name, muted := range map[string]bool{"mute_player": true, "unmute_player": false} {
		m[name] = func(c call, _ theGame) any {
			c.w.Mute(c.playerOf(c.arg(1)), muted)
			return nothing{}
		}
	}
	m["purge_player"] = func(c call, _ theGame) any {
		c.playerOf(c.arg(1)).Shown = nil
		return nothing{}
	}
	m["remove_offline_players"] = func(c call, _ theGame) any {
		players := slices.Clone(c.w.Players)
		if c.arg(1) != lua.LNil {
			players = nil
			t := c.table(c.arg(1))
			for i := 1; i <= luavm.Len(t); i++ {
				players = append(players, c.playerOf(luavm.Index(t, i)))
			}
		}
		for _, p := range players {
			c.w.RemovePlayer(p)
		}
		return nothing{}
	}
}

// playerName is the first argument: a name that may have never been here, or a player.
func (c call) playerName() string {
	if name, ok := c.arg(1).(lua.LString); ok {
		return string(name)
	}
	return c.playerOf(c.arg(1)).Name
}

// planet is a LuaPlanet.
type planet struct{ *world.Location }

func (s *Script) addPlanetClass() {
	declare(s, members[planet]{
		name:  "LuaPlanet",
		valid: func(planet) bool { return true },
		attrs: attributes[planet]{
			"name":      read(func(_ call, p planet) any { return p.Name }),
			"prototype": read(func(_ call, p planet) any { return p.Location }),
			"surface":   read(func(c call, p planet) any { return c.w.PlanetSurface(p.Name) }),
		},
		methods: methods[planet]{
			"create_surface": func(c call, p planet) any {
				if s := c.w.PlanetSurface(p.Name); s != nil {
					return s
				}
				return c.w.AddSurface(p.Name)
			},
			"associate_surface": func(c call, p planet) any {
				s := c.surfaceOf(c.arg(1))
				if c.w.PlanetSurface(p.Name) != nil || s.Planet != "" {
					c.fail("The planet has a surface, or the surface a planet.")
				}
				s.Planet = p.Name
				return nothing{}
			},
		},
	})
}

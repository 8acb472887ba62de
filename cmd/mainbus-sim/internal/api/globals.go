package api

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

func (s *Script) addGlobals() {
	l := s.vm.L
	s.classes, s.byMeta = map[string]*class{}, map[*lua.LTable]*class{}
	s.addEntityClasses()
	s.addSurfaceClass()
	s.addGameClasses()
	s.addPrototypeClasses()
	s.addScriptClass()
	s.addHelpersClass()
	for global, class := range map[string]string{
		"commands": "LuaCommandProcessor", "helpers": "LuaHelpers", "prototypes": "LuaPrototypes", "rcon": "LuaRCON",
		"remote": "LuaRemote", "script": "LuaBootstrap",
	} {
		l.SetGlobal(global, s.object(class, singleton(global)))
	}
	l.SetGlobal("storage", l.NewTable())
	l.SetGlobal("defines", definesTable(l))
	l.SetGlobal("log", l.NewFunction(s.log))
	l.SetGlobal("localised_print", l.NewFunction(func(l *lua.LState) int {
		s.p.Host.Print(s.localised(l.CheckAny(1)))
		return 0
	}))
}

// log names the place of its caller. Chunks of the console are "=(command)", files begin with @.
func (s *Script) log(l *lua.LState) int {
	where := strings.TrimSuffix(strings.TrimSpace(l.Where(1)), ":")
	if at := strings.LastIndex(where, "]:"); strings.HasPrefix(where, "[string") && at >= 0 {
		where = "=(command)" + where[at+1:]
	} else {
		where = "@" + where
	}
	s.p.Host.Log(where, s.localised(l.CheckAny(1)))
	return 0
}

func (s *Script) addGameClasses() {
	w := s.p.World
	s.addClass(&class{
		name: "LuaGameScript",
		attrs: map[string]func(any) lua.LValue{
			"tick":                 func(any) lua.LValue { return lua.LNumber(w.Tick) },
			"ticks_played":         func(any) lua.LValue { return lua.LNumber(w.Tick) },
			"speed":                func(any) lua.LValue { return lua.LNumber(w.Speed) },
			"console_command_used": func(any) lua.LValue { return lua.LBool(w.ConsoleCommandUsed) },
			"surfaces":             func(any) lua.LValue { return s.object("LuaCustomTable", surfaceTable{s}) },
			"forces":               func(any) lua.LValue { return s.object("LuaCustomTable", forceTable{s}) },
			"players":              func(any) lua.LValue { return s.object("LuaCustomTable", noTable{}) },
			"connected_players":    func(any) lua.LValue { return s.vm.L.NewTable() },
			"player":               func(any) lua.LValue { return lua.LNil },
		},
		writes: map[string]func(*lua.LState, any, lua.LValue){
			"speed": func(l *lua.LState, _ any, v lua.LValue) {
				speed, ok := v.(lua.LNumber)
				if !ok || !(speed >= 0.01) {
					l.RaiseError("Game speed must be at least 0.01.")
				}
				w.Speed = float64(speed)
			},
		},
		methods: map[string]func(*lua.LState, any) int{
			"get_surface": func(l *lua.LState, _ any) int { return ret(l, surfaceTable{s}.get(l.CheckAny(1))) },
			"get_player":  func(l *lua.LState, _ any) int { return ret(l, lua.LNil) },
			"is_multiplayer": func(l *lua.LState, _ any) int {
				return ret(l, lua.LTrue)
			},
			"print": func(l *lua.LState, _ any) int { // players' chat only, and there are none
				l.CheckAny(1)
				return 0
			},
			"server_save": func(l *lua.LState, _ any) int {
				s.p.Host.Save(l.OptString(1, ""), false)
				return 0
			},
			"auto_save": func(l *lua.LState, _ any) int {
				s.p.Host.Save(l.OptString(1, ""), true)
				return 0
			},
		},
	})
	s.addClass(&class{
		name:  "LuaForce",
		valid: func(any) bool { return true },
		attrs: map[string]func(any) lua.LValue{
			"name":  attr(func(f *world.Force) lua.LValue { return lua.LString(f.Name) }),
			"index": attr(func(f *world.Force) lua.LValue { return lua.LNumber(f.Index) }),
		},
	})
	s.addClass(&class{
		name:   "LuaCustomTable",
		valid:  func(any) bool { return true },
		index:  func(_ *lua.LState, self any, key lua.LValue) lua.LValue { return self.(customTable).get(key) },
		length: func(self any) int { return len(self.(customTable).entries()) },
		pairs: func(l *lua.LState, self any) *lua.LTable {
			t := l.NewTable()
			for _, e := range self.(customTable).entries() {
				t.RawSet(e.key, e.value)
			}
			return t
		},
	})
}

// customTable is a LuaCustomTable: what isn't in it is nil.
type customTable interface {
	get(key lua.LValue) lua.LValue
	entries() []entry
}

type entry struct{ key, value lua.LValue }

type noTable struct{}

func (noTable) get(lua.LValue) lua.LValue { return lua.LNil }
func (noTable) entries() []entry          { return nil }

type surfaceTable struct{ s *Script }

func (t surfaceTable) get(key lua.LValue) lua.LValue {
	for _, f := range t.s.p.World.Surfaces {
		if key == lua.LString(f.Name) || key == lua.LNumber(f.Index) {
			return t.s.surface(f)
		}
	}
	return lua.LNil
}

func (t surfaceTable) entries() (out []entry) {
	for _, f := range t.s.p.World.Surfaces {
		out = append(out, entry{lua.LString(f.Name), t.s.surface(f)})
	}
	return out
}

type forceTable struct{ s *Script }

func (t forceTable) get(key lua.LValue) lua.LValue {
	for _, f := range t.s.p.World.Forces {
		if key == lua.LString(f.Name) || key == lua.LNumber(f.Index) {
			return t.s.force(f)
		}
	}
	return lua.LNil
}

func (t forceTable) entries() (out []entry) {
	for _, f := range t.s.p.World.Forces {
		out = append(out, entry{lua.LString(f.Name), t.s.force(f)})
	}
	return out
}

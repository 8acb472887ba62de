package api

import (
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// addScriptClass adds script, commands, remote and rcon.
func (s *Script) addScriptClass() {
	s.addClass(&class{
		name: "LuaBootstrap",
		attrs: map[string]func(any) lua.LValue{
			"active_mods": func(any) lua.LValue { return texttable(s.vm.L, s.p.Mods) },
			"mod_name":    func(any) lua.LValue { return lua.LString("level") },
			"level": func(any) lua.LValue {
				t := s.vm.L.NewTable()
				t.RawSetString("level_name", lua.LString("freeplay"))
				t.RawSetString("mod_name", lua.LString("base"))
				return t
			},
		},
		methods: map[string]func(*lua.LState, any) int{
			"on_init":                  handlerSlot(&s.onInit),
			"on_load":                  handlerSlot(&s.onLoad),
			"on_configuration_changed": handlerSlot(&s.onConfiguration),
			"on_event":                 s.onEvent,
			"on_nth_tick":              s.onNthTick,
			"get_event_handler": func(l *lua.LState, _ any) int {
				if fn := s.events[s.eventID(l, l.CheckAny(1))]; fn != nil {
					return ret(l, fn)
				}
				return ret(l, lua.LNil)
			},
			"get_event_id": func(l *lua.LState, _ any) int {
				return ret(l, lua.LNumber(s.eventID(l, l.CheckAny(1))))
			},
		},
	})
	s.addClass(&class{
		name: "LuaRCON",
		methods: map[string]func(*lua.LState, any) int{
			"print": func(l *lua.LState, _ any) int {
				s.p.Host.Reply(s.localised(l.CheckAny(1)))
				return 0
			},
		},
	})
	s.addCommandClass()
	s.addRemoteClass()
}

// handlerSlot is a method that sets a handler, or removes it with nil.
func handlerSlot(slot **lua.LFunction) func(*lua.LState, any) int {
	return func(l *lua.LState, _ any) int {
		*slot = optionalFunction(l, 1)
		return 0
	}
}

func optionalFunction(l *lua.LState, n int) *lua.LFunction {
	if l.Get(n) == lua.LNil {
		return nil
	}
	return l.CheckFunction(n)
}

// eventID takes an event by number or name.
func (s *Script) eventID(l *lua.LState, v lua.LValue) int {
	switch v := v.(type) {
	case lua.LString:
		if id, ok := s.eventIDs[string(v)]; ok {
			return id
		}
	case lua.LNumber:
		if v >= 0 && int(v) < len(eventNames) {
			return int(v)
		}
	}
	l.RaiseError("The given event %s does not exist.", v.String())
	return 0
}

func (s *Script) onEvent(l *lua.LState, _ any) int {
	fn := optionalFunction(l, 2)
	set := func(v lua.LValue) { s.events[s.eventID(l, v)] = fn }
	if list, ok := l.CheckAny(1).(*lua.LTable); ok {
		for i := 1; i <= list.Len(); i++ {
			set(list.RawGetInt(i))
		}
		return 0
	}
	set(l.Get(1))
	return 0
}

func (s *Script) onNthTick(l *lua.LState, _ any) int {
	fn := optionalFunction(l, 2)
	set := func(v lua.LValue) {
		n, ok := v.(lua.LNumber)
		if !ok || n < 1 {
			l.RaiseError("Expected a tick greater than 0.")
		}
		if fn == nil {
			delete(s.nthTick, int(n))
			return
		}
		s.nthTick[int(n)] = fn
	}
	switch v := l.Get(1).(type) {
	case *lua.LNilType:
		clear(s.nthTick)
	case *lua.LTable:
		for i := 1; i <= v.Len(); i++ {
			set(v.RawGetInt(i))
		}
	default:
		set(v)
	}
	return 0
}

func (s *Script) addCommandClass() {
	s.addClass(&class{
		name: "LuaCommandProcessor",
		attrs: map[string]func(any) lua.LValue{
			"commands": func(any) lua.LValue {
				help := map[string]string{}
				for name, c := range s.commands {
					help[name] = c.help
				}
				return texttable(s.vm.L, help)
			},
			"game_commands": func(any) lua.LValue {
				help := map[string]string{}
				for _, name := range gameCommands {
					help[name] = name
				}
				return texttable(s.vm.L, help)
			},
		},
		methods: map[string]func(*lua.LState, any) int{
			"add_command": func(l *lua.LState, _ any) int {
				name, fn := l.CheckString(1), l.CheckFunction(3)
				if slices.Contains(gameCommands, name) {
					l.RaiseError("Can't add command %s: it is a game command.", name)
				}
				if _, taken := s.commands[name]; taken {
					l.RaiseError("Can't add command %s: a command of this name exists.", name)
				}
				s.commands[name] = command{help: s.localised(l.Get(2)), fn: fn}
				return 0
			},
			"remove_command": func(l *lua.LState, _ any) int {
				_, found := s.commands[l.CheckString(1)]
				delete(s.commands, l.CheckString(1))
				return ret(l, lua.LBool(found))
			},
		},
	})
}

func (s *Script) addRemoteClass() {
	s.addClass(&class{
		name: "LuaRemote",
		attrs: map[string]func(any) lua.LValue{
			"interfaces": func(any) lua.LValue {
				out := s.vm.L.NewTable()
				for _, name := range sorted(s.interfaces) {
					functions := s.vm.L.NewTable()
					for key, _ := s.interfaces[name].Next(lua.LNil); key != lua.LNil; key, _ = s.interfaces[name].Next(key) {
						functions.RawSet(key, lua.LTrue)
					}
					out.RawSetString(name, functions)
				}
				return out
			},
		},
		methods: map[string]func(*lua.LState, any) int{
			"add_interface": func(l *lua.LState, _ any) int {
				name, functions := l.CheckString(1), l.CheckTable(2)
				if s.interfaces[name] != nil {
					l.RaiseError("Interface already exists: %s", name)
				}
				functions.ForEach(func(_, fn lua.LValue) {
					if fn.Type() != lua.LTFunction {
						l.RaiseError("Expected a table of functions.")
					}
				})
				s.interfaces[name] = functions
				return 0
			},
			"remove_interface": func(l *lua.LState, _ any) int {
				found := s.interfaces[l.CheckString(1)] != nil
				delete(s.interfaces, l.CheckString(1))
				return ret(l, lua.LBool(found))
			},
			"call": s.remoteCall,
		},
	})
}

func (s *Script) remoteCall(l *lua.LState, _ any) int {
	name, function := l.CheckString(1), l.CheckString(2)
	functions := s.interfaces[name]
	if functions == nil {
		l.RaiseError("Unknown interface: %s", name)
	}
	fn, ok := functions.RawGetString(function).(*lua.LFunction)
	if !ok {
		l.RaiseError("No such function: %s.%s", name, function)
	}
	top := l.GetTop()
	l.Push(fn)
	for i := 3; i <= top; i++ {
		l.Push(copyValue(l, l.Get(i), map[*lua.LTable]*lua.LTable{}))
	}
	l.Call(top-2, 1)
	result := l.Get(-1)
	l.Pop(1)
	return ret(l, copyValue(l, result, map[*lua.LTable]*lua.LTable{}))
}

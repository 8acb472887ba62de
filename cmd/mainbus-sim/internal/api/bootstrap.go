package api

import (
	lua "github.com/yuin/gopher-lua"
)

// addScriptClass adds script, commands, remote and rcon.
func (s *Script) addScriptClass() {
	s.addClass(&class{
		name: "LuaBootstrap",
		attrs: map[string]func(any) lua.LValue{
			"active_mods": func(any) lua.LValue { return texttable(s.vm.L, s.p.versions()) },
			"mod_name":    func(any) lua.LValue { return lua.LString(s.mod.Name) },
			"level": func(any) lua.LValue {
				t := s.vm.L.NewTable()
				t.RawSetString("level_name", lua.LString("freeplay"))
				t.RawSetString("mod_name", lua.LString("base"))
				return t
			},
		},
		methods: map[string]func(*lua.LState, any) int{
			"on_init":                      handlerSlot(&s.onInit),
			"on_load":                      handlerSlot(&s.onLoad),
			"on_configuration_changed":     handlerSlot(&s.onConfiguration),
			"on_event":                     s.onEvent,
			"on_nth_tick":                  s.onNthTick,
			"raise_event":                  s.raiseEvent,
			"register_on_object_destroyed": s.registerOnObjectDestroyed,
			"generate_event_name": func(l *lua.LState, _ any) int {
				return ret(l, lua.LNumber(s.g.addEvent("")))
			},
			"get_event_handler": func(l *lua.LState, _ any) int {
				if h, ok := s.events[s.eventID(l, l.CheckAny(1))]; ok {
					return ret(l, h.fn)
				}
				return ret(l, lua.LNil)
			},
			"get_event_filter": func(l *lua.LState, _ any) int {
				if h := s.events[s.eventID(l, l.CheckAny(1))]; h.given != nil {
					return ret(l, h.given)
				}
				return ret(l, lua.LNil)
			},
			"set_event_filter": func(l *lua.LState, _ any) int {
				id := s.eventID(l, l.CheckAny(1))
				h, ok := s.events[id]
				if !ok {
					l.RaiseError("Can't set the filter of an event that has no handler.")
				}
				h.filters, h.given = nil, nil
				if list, ok := l.Get(2).(*lua.LTable); ok {
					h.filters, h.given = readFilters(l, list), list
				}
				s.events[id] = h
				return 0
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

package api

import (
	lua "github.com/yuin/gopher-lua"
)

// The objects of which there is one, by the global they are.
type (
	bootstrap      struct{} // script
	rconObject     struct{} // rcon
	commandsObject struct{} // commands
	remoteObject   struct{} // remote
	helpersObject  struct{} // helpers
)

// raisers are the methods that raise an event of the game.
var raisers = map[string]string{
	"raise_biter_base_built": "on_biter_base_built", "raise_console_chat": "on_console_chat",
	"raise_market_item_purchased": "on_market_item_purchased", "raise_player_crafted_item": "on_player_crafted_item",
	"raise_player_fast_transferred": "on_player_fast_transferred", "raise_script_built": "script_raised_built",
	"raise_script_destroy": "script_raised_destroy", "raise_script_revive": "script_raised_revive",
	"raise_script_set_tiles": "script_raised_set_tiles", "raise_script_teleported": "script_raised_teleported",
}

// addScriptClass adds script, commands, remote and rcon.
func (s *Script) addScriptClass() {
	class := members[bootstrap]{
		name: "LuaBootstrap",
		attrs: attributes[bootstrap]{
			"active_mods":   read(func(call, bootstrap) any { return texttable(s.vm.L, s.p.versions()) }),
			"feature_flags": read(func(call, bootstrap) any { return flagFields(s.p.Flags) }),
			"mod_name":      read(func(call, bootstrap) any { return s.mod.Name }),
			"level": read(func(call, bootstrap) any {
				t := s.vm.L.NewTable()
				t.RawSetString("level_name", lua.LString(s.p.Scenario))
				if s.p.ScenarioMod != "" {
					t.RawSetString("mod_name", lua.LString(s.p.ScenarioMod))
				}
				return t
			}),
		},
		methods: methods[bootstrap]{
			"on_init":                      handlerSlot(&s.onInit),
			"on_load":                      handlerSlot(&s.onLoad),
			"on_configuration_changed":     handlerSlot(&s.onConfiguration),
			"on_event":                     s.onEvent,
			"on_nth_tick":                  s.onNthTick,
			"raise_event":                  s.raiseEvent,
			"register_on_object_destroyed": registerOnObjectDestroyed,
			"register_metatable":           s.registerMetatable,
			"generate_event_name": func(c call, _ bootstrap) any {
				return s.g.addEvent("")
			},
			"get_event_handler": s.eventHandler,
			"get_event_filter":  s.eventFilter,
			"set_event_filter":  s.setEventFilter,
			"get_event_id": func(c call, _ bootstrap) any {
				l := c.l
				return s.eventID(l, l.CheckAny(1))
			},
		},
	}
	for method, event := range raisers {
		class.methods[method] = func(c call, _ bootstrap) any {
			s.raise(c.l, s.g.eventIDs[event], c.table(c.arg(1)))
			return nothing{}
		}
	}
	declare(s, class)
	declare(s, members[rconObject]{
		name: "LuaRCON",
		methods: methods[rconObject]{
			"print": func(c call, _ rconObject) any {
				l := c.l
				s.p.Host.Reply(s.localised(l.CheckAny(1)))
				return nothing{}
			},
		},
	})
	s.addCommandClass()
	s.addRemoteClass()
}

func (s *Script) registerMetatable(c call, _ bootstrap) any {
	name, meta := c.text(c.arg(1)), c.table(c.arg(2))
	switch {
	case s.running:
		c.fail("Metatables can be registered while control.lua is read only.")
	case s.metatables[name] != nil:
		c.fail("A metatable named %q is registered already.", name)
	}
	s.metatables[name] = meta
	return nothing{}
}

func (s *Script) eventHandler(c call, _ bootstrap) any {
	if h, ok := s.events[s.eventID(c.l, c.l.CheckAny(1))]; ok {
		return h.fn
	}
	return nil
}

func (s *Script) eventFilter(c call, _ bootstrap) any {
	if h := s.events[s.eventID(c.l, c.l.CheckAny(1))]; h.given != nil {
		return h.given
	}
	return nil
}

func (s *Script) setEventFilter(c call, _ bootstrap) any {
	id := s.eventID(c.l, c.l.CheckAny(1))
	h, ok := s.events[id]
	if !ok {
		c.l.RaiseError("Can't set the filter of an event that has no handler.")
	}
	h.filters, h.given = nil, nil
	if list, ok := c.l.Get(2).(*lua.LTable); ok {
		h.filters, h.given = readFilters(c.l, list), list
	}
	s.events[id] = h
	return nothing{}
}

// handlerSlot is a method that sets a handler, or removes it with nil.
func handlerSlot(slot **lua.LFunction) func(call, bootstrap) any {
	return func(c call, _ bootstrap) any {
		*slot = optionalFunction(c.l, 1)
		return nothing{}
	}
}

func optionalFunction(l *lua.LState, n int) *lua.LFunction {
	if l.Get(n) == lua.LNil {
		return nil
	}
	return l.CheckFunction(n)
}

package api

import (
	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

func (s *Script) addPrototypeClasses() {
	catalog := s.p.World.Catalog
	s.addClass(&class{
		name: "LuaPrototypes",
		attrs: map[string]func(any) lua.LValue{
			"item":    func(any) lua.LValue { return s.object("LuaCustomTable", itemTable{s}) },
			"quality": func(any) lua.LValue { return s.object("LuaCustomTable", qualityTable{s}) },
			"entity":  func(any) lua.LValue { return s.object("LuaCustomTable", entityTable{s}) },
		},
	})
	s.addClass(&class{
		name:  "LuaItemPrototype",
		valid: func(any) bool { return true },
		attrs: map[string]func(any) lua.LValue{
			"name":       attr(func(i *world.Item) lua.LValue { return lua.LString(i.Name) }),
			"type":       attr(func(i *world.Item) lua.LValue { return lua.LString(i.Type) }),
			"stack_size": attr(func(i *world.Item) lua.LValue { return lua.LNumber(i.Stack) }),
			"stackable":  attr(func(i *world.Item) lua.LValue { return lua.LBool(i.Stack > 1) }),
			"place_result": attr(func(i *world.Item) lua.LValue {
				if i.Place == nil {
					return lua.LNil
				}
				return s.object("LuaEntityPrototype", entityPrototype{i})
			}),
		},
		methods: map[string]func(*lua.LState, any) int{
			"get_spoil_ticks": method(func(l *lua.LState, i *world.Item) int {
				quality := catalog.Qualities[0]
				if l.GetTop() >= 1 && l.Get(1) != lua.LNil {
					if quality = catalog.Quality(nameOf(l.Get(1))); quality == nil {
						l.RaiseError("Unknown quality name: %s", l.Get(1).String())
					}
				}
				// Each level of quality keeps 30 % longer.
				return ret(l, lua.LNumber(i.SpoilTicks*(10+3*quality.Level)/10))
			}),
		},
	})
	s.addClass(&class{
		name:  "LuaQualityPrototype",
		valid: func(any) bool { return true },
		attrs: map[string]func(any) lua.LValue{
			"name":  attr(func(q *world.Quality) lua.LValue { return lua.LString(q.Name) }),
			"type":  attr(func(*world.Quality) lua.LValue { return lua.LString("quality") }),
			"level": attr(func(q *world.Quality) lua.LValue { return lua.LNumber(q.Level) }),
			"next": attr(func(q *world.Quality) lua.LValue {
				if next := catalog.Next(q); next != nil {
					return s.quality(next)
				}
				return lua.LNil
			}),
		},
	})
}

type itemTable struct{ s *Script }

func (t itemTable) get(key lua.LValue) lua.LValue {
	if name, ok := key.(lua.LString); ok {
		if item := t.s.p.World.Catalog.Item(string(name)); item != nil {
			return t.s.object("LuaItemPrototype", item)
		}
	}
	return lua.LNil
}

func (t itemTable) entries() (out []entry) {
	for _, item := range t.s.p.World.Catalog.Items {
		out = append(out, entry{lua.LString(item.Name), t.s.object("LuaItemPrototype", item)})
	}
	return out
}

type qualityTable struct{ s *Script }

func (t qualityTable) get(key lua.LValue) lua.LValue {
	if name, ok := key.(lua.LString); ok {
		if quality := t.s.p.World.Catalog.Quality(string(name)); quality != nil {
			return t.s.quality(quality)
		}
	}
	return lua.LNil
}

func (t qualityTable) entries() (out []entry) {
	for _, quality := range t.s.p.World.Catalog.Qualities {
		out = append(out, entry{lua.LString(quality.Name), t.s.quality(quality)})
	}
	return out
}

type entityTable struct{ s *Script }

func (t entityTable) get(key lua.LValue) lua.LValue {
	if name, ok := key.(lua.LString); ok {
		if item := t.s.p.World.Catalog.Item(string(name)); item != nil && item.Place != nil {
			return t.s.object("LuaEntityPrototype", entityPrototype{item})
		}
	}
	return lua.LNil
}

func (t entityTable) entries() (out []entry) {
	for _, item := range t.s.p.World.Catalog.Items {
		if item.Place != nil {
			out = append(out, entry{lua.LString(item.Name), t.get(lua.LString(item.Name))})
		}
	}
	return out
}

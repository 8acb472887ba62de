package api

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/luavm"
	"mainbus/cmd/mainbus-sim/internal/world"
)

// onTick is on_tick's number.
const onTick = 0

// Field is one entry of an event's table. A value is a string, a bool, a number, an object of the world, []any for a
// list, []Field for a table, or nil for an entry that is absent.
type Field struct {
	Name  string
	Value any
}

// eventLabel names an event in errors.
func (g *Game) eventLabel(id int) string {
	if name := g.events[id]; name != "" {
		return fmt.Sprintf("%s (ID %d)", name, id)
	}
	return fmt.Sprintf("(ID %d)", id)
}

// addEvent gives an event a number; name may be empty.
func (g *Game) addEvent(name string) int {
	id := len(g.events)
	g.events = append(g.events, name)
	if name != "" {
		g.eventIDs[name] = id
	}
	return id
}

// Raise raises an event in each script that handles it. An event that no version of the game has is an error.
func (g *Game) Raise(event string, fields ...Field) error {
	id, ok := g.eventIDs[event]
	if !ok {
		return fmt.Errorf("the game has no event %s", event)
	}
	for _, s := range g.scripts {
		h, ok := s.events[id]
		if !ok || !h.passes(fields) {
			continue
		}
		if err := s.handle(g.eventLabel(id), h.fn, s.eventTable(id, fields)); err != nil {
			return err
		}
	}
	return nil
}

// hear raises an event that comes from the map. Its errors are kept for Err.
func (g *Game) hear(e world.Event) {
	fields := make([]Field, 0, len(e.Fields))
	for _, name := range sorted(e.Fields) {
		fields = append(fields, Field{name, e.Fields[name]})
	}
	if err := g.Raise(e.Name, fields...); err != nil && g.failed == nil {
		g.failed = err
	}
}

// Err is the first error of a handler of an event that the map raised, which stops the game as any other does.
func (g *Game) Err() error { return g.failed }

func (s *Script) eventTable(id int, fields []Field) *lua.LTable {
	data := s.table(fields)
	data.RawSetString("name", lua.LNumber(id))
	data.RawSetString("tick", lua.LNumber(s.p.World.Tick))
	return data
}

func (s *Script) table(fields []Field) *lua.LTable {
	t := s.vm.L.NewTable()
	for _, f := range fields {
		if f.Value != nil {
			t.RawSetString(f.Name, s.value(f.Value))
		}
	}
	return t
}

// eventID takes an event by number, by name, or as the prototype of a custom event.
func (s *Script) eventID(l *lua.LState, v lua.LValue) int {
	switch v := v.(type) {
	case lua.LString:
		if id, ok := s.g.eventIDs[string(v)]; ok {
			return id
		}
	case lua.LNumber:
		if v >= 0 && int(v) < len(s.g.events) {
			return int(v)
		}
	}
	l.RaiseError("The given event %s does not exist.", v.String())
	return 0
}

func (s *Script) onEvent(c call, _ bootstrap) any {
	l := c.l
	fn := optionalFunction(l, 2)
	var h handler
	if filters, ok := l.Get(3).(*lua.LTable); ok && fn != nil {
		h.filters, h.given = readFilters(l, filters), filters
	}
	h.fn = fn
	set := func(v lua.LValue) {
		id := s.eventID(l, v)
		if fn == nil {
			delete(s.events, id)
			return
		}
		s.events[id] = h
	}
	if list, ok := l.CheckAny(1).(*lua.LTable); ok {
		for i := 1; i <= luavm.Len(list); i++ {
			set(luavm.Index(list, i))
		}
		return nothing{}
	}
	set(l.Get(1))
	return nothing{}
}

func (s *Script) onNthTick(c call, _ bootstrap) any {
	l := c.l
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
		for i := 1; i <= luavm.Len(v); i++ {
			set(luavm.Index(v, i))
		}
	default:
		set(v)
	}
	s.periods = sorted(s.nthTick)
	return nothing{}
}

// raisable are the game's own events that scripts may raise, besides those of scripts and mods.
var raisable = map[string]bool{
	"on_console_chat": true, "on_player_crafted_item": true, "on_player_fast_transferred": true,
	"on_biter_base_built": true, "on_market_item_purchased": true, "script_raised_built": true,
	"script_raised_destroy": true, "script_raised_revive": true, "script_raised_teleported": true,
	"script_raised_set_tiles": true,
}

// raiseEvent is script.raise_event: the event happens at once, in all scripts, each with a copy of the table.
func (s *Script) raiseEvent(c call, _ bootstrap) any {
	l := c.l
	id := s.eventID(l, l.CheckAny(1))
	data := l.CheckTable(2)
	if id < len(builtinEvents()) && !raisable[s.g.events[id]] {
		l.RaiseError("Event %s can't be raised by scripts.", s.g.events[id])
	}
	s.raise(l, id, data)
	return nothing{}
}

func (s *Script) raise(l *lua.LState, id int, data *lua.LTable) {
	for _, to := range s.g.scripts {
		h, ok := to.events[id]
		if !ok {
			continue
		}
		event := s.copyTo(l, to, data).(*lua.LTable)
		event.RawSetString("name", lua.LNumber(id))
		event.RawSetString("tick", lua.LNumber(s.p.World.Tick))
		event.RawSetString("mod_name", lua.LString(s.mod.Name))
		if _, err := to.vm.Call(h.fn, event); err != nil {
			l.RaiseError("Error while running event %s: %s", to.where(s.g.eventLabel(id)), describe(err))
		}
	}
}

// registerOnObjectDestroyed is script.register_on_object_destroyed.
func registerOnObjectDestroyed(c call, _ bootstrap) any {
	var r world.Registration
	u, _ := c.arg(1).(*lua.LUserData)
	if u == nil {
		c.expected("an object", c.arg(1))
	}
	switch v := u.Value.(type) {
	case *world.Entity:
		r = c.w.Register(world.TargetEntity, c.entityOf(u).Unit)
	case *world.Surface:
		r = c.w.Register(world.TargetSurface, uint64(c.surfaceOf(u).Index))
	case *world.Player:
		r = c.w.Register(world.TargetPlayer, uint64(c.playerOf(u).Index))
	default:
		c.fail("Objects of this kind can't be registered: %T", v)
	}
	return several{r.Number, r.ID, r.Type}
}

package api

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/luavm"
	"mainbus/cmd/mainbus-sim/internal/world"
)

// filter is one condition of those that a script registered with an event. Those of one list are joined by "or",
// unless a condition says mode = "and"; "and" binds more closely.
type filter struct {
	kind, value string
	invert, and bool
}

func readFilters(l *lua.LState, list *lua.LTable) []filter {
	var filters []filter
	for i := 1; i <= luavm.Len(list); i++ {
		t, ok := luavm.Index(list, i).(*lua.LTable)
		if !ok {
			l.RaiseError("Expected an event filter at index %d.", i)
		}
		f := filter{
			kind:   t.RawGetString("filter").String(),
			invert: lua.LVAsBool(t.RawGetString("invert")),
			and:    t.RawGetString("mode") == lua.LString("and"),
		}
		key := f.kind
		switch f.kind {
		case "name", "type", "force":
		case "ghost_name", "ghost_type":
			key = strings.TrimPrefix(f.kind, "ghost_")
		case "ghost", "rail", "rail-signal", "rolling-stock", "robot-with-logistics-interface", "vehicle", "turret", "crafting-machine",
			"wall-connectable", "transport-belt-connectable", "circuit-network-connectable", "logistic-connectable":
			key = ""
		default:
			l.RaiseError("Unknown event filter: %s", f.kind)
		}
		if key != "" {
			f.value = t.RawGetString(key).String()
		}
		filters = append(filters, f)
	}
	return filters
}

// passes says whether an event is one that the handler wants. Events without an entity pass.
func (h handler) passes(fields []Field) bool {
	if len(h.filters) == 0 {
		return true
	}
	var entity *world.Entity
	for _, f := range fields {
		if e, ok := f.Value.(*world.Entity); ok && (f.Name == "entity" || f.Name == "source") {
			entity = e
		}
	}
	if entity == nil {
		return true
	}
	group := true
	for i, f := range h.filters {
		if i > 0 && !f.and {
			if group {
				return true
			}
			group = true
		}
		group = group && f.matches(entity) != f.invert
	}
	return group
}

// logisticTypes and circuitTypes are the types of entities of this world that take part in those networks.
var (
	logisticTypes = map[string]bool{"logistic-container": true}
	circuitTypes  = map[string]bool{
		"container": true, "logistic-container": true, "storage-tank": true, "accumulator": true, "constant-combinator": true,
		"arithmetic-combinator": true, "decider-combinator": true,
	}
)

func (f filter) matches(e *world.Entity) bool {
	switch f.kind {
	case "name":
		return e.Name == f.value
	case "type":
		return e.Type == f.value
	case "logistic-connectable":
		return logisticTypes[e.Type]
	case "circuit-network-connectable":
		return circuitTypes[e.Type]
	}
	return false // the world has no ghosts, rails, vehicles, turrets or machines
}

package api

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// objects packs game objects for the save: a kind in the highest byte, the object's number below.
type objects struct{ s *Script }

const (
	kindShift = 56

	kindEntity uint64 = iota
	kindInventory
	kindSurface
	kindForce
)

func (o objects) Pack(object *lua.LUserData) (uint64, bool) {
	switch v := object.Value.(type) {
	case *world.Entity:
		return kindEntity<<kindShift | v.Unit, true
	case inventoryRef:
		return kindInventory<<kindShift | v.entity.Unit, true
	case *world.Surface:
		return kindSurface<<kindShift | uint64(v.Index), true
	case *world.Force:
		return kindForce<<kindShift | uint64(v.Index), true
	}
	return 0, false
}

func (o objects) Unpack(packed uint64) lua.LValue {
	number := packed & (1<<kindShift - 1)
	w := o.s.p.World
	entity := w.Entity(number)
	if entity == nil {
		entity = &world.Entity{Unit: number, Gone: true}
	}
	switch kind := packed >> kindShift; {
	case kind == kindEntity:
		return o.s.entity(entity)
	case kind == kindInventory && (entity.Gone || entity.Inventory != nil):
		return o.s.object("LuaInventory", inventoryRef{entity})
	case kind == kindSurface && number >= 1 && number <= uint64(len(w.Surfaces)):
		return o.s.surface(w.Surfaces[number-1])
	case kind == kindForce && number >= 1 && number <= uint64(len(w.Forces)):
		return o.s.force(w.Forces[number-1])
	}
	return lua.LNil
}

// value makes a Lua value of one from Go; see Field. An unknown type is a mistake in the simulator.
func (s *Script) value(v any) lua.LValue {
	switch v := v.(type) {
	case lua.LValue:
		return v
	case string:
		return lua.LString(v)
	case bool:
		return lua.LBool(v)
	case int:
		return lua.LNumber(v)
	case uint32:
		return lua.LNumber(v)
	case uint64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case world.Reason:
		return lua.LNumber(constant("disconnect_reason", string(v)))
	case []Field:
		return s.table(v)
	case []any:
		t := s.vm.L.NewTable()
		for i, element := range v {
			t.RawSetInt(i+1, s.value(element))
		}
		return t
	case *world.Entity:
		return s.entity(v)
	case *world.Surface:
		return s.surface(v)
	case *world.Force:
		return s.force(v)
	}
	panic(fmt.Sprintf("no Lua value for a %T", v))
}

package api

import (
	"fmt"
	"reflect"

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
	kindPlayer
	kindStack
	kindPoint
	kindCombinator
	kindFluidBox
)

// slotBits is how much of a stack's number is its slot.
const slotBits = 16

func (o objects) Pack(object *lua.LUserData) (uint64, bool) {
	switch v := object.Value.(type) {
	case *world.Entity:
		return kindEntity<<kindShift | v.Unit, true
	case *world.Inventory:
		return kindInventory<<kindShift | v.ID, true
	case stackRef:
		return kindStack<<kindShift | v.inv.ID<<slotBits | uint64(v.slot), true
	case *world.Surface:
		return kindSurface<<kindShift | uint64(v.Index), true
	case *world.Force:
		return kindForce<<kindShift | uint64(v.Index), true
	case *world.Player:
		return kindPlayer<<kindShift | uint64(v.Index), true
	case logisticPoint:
		return kindPoint<<kindShift | v.e.Unit, true
	case combinator:
		return kindCombinator<<kindShift | v.e.Unit, true
	case fluidBox:
		return kindFluidBox<<kindShift | v.e.Unit, true
	}
	return 0, false
}

// Unpack finds an object again. One that is gone is invalid, as it would be without the save.
func (o objects) Unpack(packed uint64) lua.LValue {
	number := packed & (1<<kindShift - 1)
	w := o.s.p.World
	switch packed >> kindShift {
	case kindEntity:
		return o.s.value(found(w.Entity(number), &world.Entity{Unit: number, Gone: true}))
	case kindInventory:
		return o.s.value(found(w.InventoryAt(number), &world.Inventory{ID: number, Gone: true}))
	case kindStack:
		inv := found(w.InventoryAt(number>>slotBits), &world.Inventory{ID: number >> slotBits, Gone: true})
		return o.s.value(stackRef{inv, int(number & (1<<slotBits - 1))})
	case kindSurface:
		return o.s.value(found(w.Surface(int(number)), &world.Surface{Index: int(number), Gone: true}))
	case kindForce:
		return o.s.value(found(w.Force(int(number)), &world.Force{Index: int(number), Gone: true}))
	case kindPlayer:
		return o.s.value(found(w.PlayerAt(int(number)), &world.Player{Index: int(number), Gone: true}))
	}
	e := found(w.Entity(number), &world.Entity{Unit: number, Gone: true})
	switch packed >> kindShift {
	case kindPoint:
		return o.s.value(logisticPoint{e})
	case kindCombinator:
		return o.s.value(combinator{e})
	case kindFluidBox:
		return o.s.value(fluidBox{e})
	}
	return lua.LNil
}

func (o objects) MetatableName(meta *lua.LTable) (string, bool) {
	for _, name := range sorted(o.s.metatables) {
		if o.s.metatables[name] == meta {
			return name, true
		}
	}
	return "", false
}

func (o objects) MetatableNamed(name string) *lua.LTable { return o.s.metatables[name] }

func found[T any](object, gone *T) *T {
	if object == nil {
		return gone
	}
	return object
}

// value makes a Lua value of one from Go; see Field. Objects of the world become objects of their class, a nil pointer
// is nil. An unknown type is a mistake in the simulator.
func (s *Script) value(v any) lua.LValue {
	switch v := v.(type) {
	case nil:
		return lua.LNil
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
	case world.FluidAmount:
		return lua.LNumber(v.Units())
	case world.Point:
		return s.value(point(v.X, v.Y))
	case world.Reason:
		return lua.LNumber(constant("disconnect_reason", string(v)))
	case world.Target:
		return lua.LNumber(constant("target_type", string(v)))
	case modSetting:
		value := s.vm.L.CreateTable(0, 1)
		value.RawSetString("value", s.plain(v.value))
		return value
	case *world.Kept:
		if v == nil {
			return lua.LNil
		}
		return s.object(keptClasses[keptType[v.Type]], v)
	case []Field:
		return s.table(v)
	case []world.Amount:
		return s.amounts(v)
	case []any:
		t := s.vm.L.CreateTable(len(v), 0)
		for i, element := range v {
			t.RawSetInt(i+1, s.value(element))
		}
		return t
	}
	typ := reflect.TypeOf(v)
	if typ.Kind() == reflect.Pointer && reflect.ValueOf(v).IsNil() {
		return lua.LNil
	}
	if class := s.byType[typ]; class != nil {
		return &lua.LUserData{Value: v, Metatable: class.meta}
	}
	panic(fmt.Sprintf("no Lua value for a %T", v))
}

// amounts makes ItemWithQualityCounts.
func (s *Script) amounts(list []world.Amount) *lua.LTable {
	out := s.vm.L.CreateTable(len(list), 0)
	for i, a := range list {
		entry := s.vm.L.CreateTable(0, 3)
		entry.RawSetString("name", lua.LString(a.Name))
		entry.RawSetString("count", lua.LNumber(a.Count))
		entry.RawSetString("quality", lua.LString(a.Quality))
		out.RawSetInt(i+1, entry)
	}
	return out
}

// list makes an array for value.
func list[T any](elements []T) []any {
	out := make([]any, len(elements))
	for i, e := range elements {
		out[i] = e
	}
	return out
}

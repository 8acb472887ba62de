package api

import (
	"fmt"
	"math"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// inventoryRef is the chest inventory of an entity.
type inventoryRef struct{ entity *world.Entity }

// stackRef is one slot of an inventory, from 0.
type stackRef struct {
	entity *world.Entity
	slot   int
}

// entityPrototype is the prototype of what an item places.
type entityPrototype struct{ item *world.Item }

// chestInventory is the number of defines.inventory.chest.
var chestInventory = constant("inventory", "chest")

// halfBox is half the width of a chest's collision box.
const halfBox = 0.35

func (s *Script) entity(e *world.Entity) lua.LValue {
	if e == nil {
		return lua.LNil
	}
	return s.object("LuaEntity", e)
}

func (s *Script) inventory(e *world.Entity) lua.LValue {
	if e.Inventory == nil {
		return lua.LNil
	}
	return s.object("LuaInventory", inventoryRef{e})
}

func (s *Script) addEntityClasses() {
	s.addClass(&class{
		name:  "LuaEntity",
		valid: func(self any) bool { return !self.(*world.Entity).Gone },
		attrs: map[string]func(any) lua.LValue{
			"name":          attr(func(e *world.Entity) lua.LValue { return lua.LString(e.Name) }),
			"type":          attr(func(e *world.Entity) lua.LValue { return lua.LString(e.Type) }),
			"unit_number":   attr(func(e *world.Entity) lua.LValue { return lua.LNumber(e.Unit) }),
			"position":      attr(func(e *world.Entity) lua.LValue { return s.mapPosition(e.X, e.Y) }),
			"surface":       attr(func(e *world.Entity) lua.LValue { return s.surface(s.p.World.Surfaces[e.Surface-1]) }),
			"surface_index": attr(func(e *world.Entity) lua.LValue { return lua.LNumber(e.Surface) }),
			"force":         attr(func(e *world.Entity) lua.LValue { return s.force(s.p.World.Forces[e.Force-1]) }),
			"force_index":   attr(func(e *world.Entity) lua.LValue { return lua.LNumber(e.Force) }),
			"quality":       attr(func(*world.Entity) lua.LValue { return s.quality(s.p.World.Catalog.Qualities[0]) }),
			"prototype": attr(func(e *world.Entity) lua.LValue {
				return s.object("LuaEntityPrototype", entityPrototype{s.p.World.Catalog.Item(e.Name)})
			}),
			"gps_tag": attr(func(e *world.Entity) lua.LValue {
				return lua.LString(fmt.Sprintf("[gps=%g,%g,%s]", e.X, e.Y, s.p.World.Surfaces[e.Surface-1].Name))
			}),
		},
		methods: map[string]func(*lua.LState, any) int{
			"get_inventory": method(func(l *lua.LState, e *world.Entity) int {
				if l.CheckInt(1) != chestInventory {
					return ret(l, lua.LNil)
				}
				return ret(l, s.inventory(e))
			}),
			"get_output_inventory": method(func(l *lua.LState, e *world.Entity) int { return ret(l, s.inventory(e)) }),
			"get_item_count": method(func(l *lua.LState, e *world.Entity) int {
				return s.countItems(l, e.Inventory)
			}),
			"insert":      method(func(l *lua.LState, e *world.Entity) int { return s.insert(l, e.Inventory) }),
			"remove_item": method(func(l *lua.LState, e *world.Entity) int { return s.remove(l, e.Inventory) }),
			"can_insert":  method(func(l *lua.LState, e *world.Entity) int { return s.canInsert(l, e.Inventory) }),
			"destroy": method(func(l *lua.LState, e *world.Entity) int {
				s.p.World.Destroy(e)
				return ret(l, lua.LTrue)
			}),
		},
	})
	s.addClass(&class{
		name: "LuaEntityPrototype",
		attrs: map[string]func(any) lua.LValue{
			"name": attr(func(p entityPrototype) lua.LValue { return lua.LString(p.item.Name) }),
			"type": attr(func(p entityPrototype) lua.LValue { return lua.LString(p.item.Place.Type) }),
		},
		valid: func(any) bool { return true },
	})
	s.addInventoryClass()
	s.addStackClass()
}

func (s *Script) addInventoryClass() {
	of := func(fn func(l *lua.LState, inv *world.Inventory) int) func(*lua.LState, any) int {
		return func(l *lua.LState, self any) int { return fn(l, self.(inventoryRef).entity.Inventory) }
	}
	s.addClass(&class{
		name:   "LuaInventory",
		valid:  func(self any) bool { return !self.(inventoryRef).entity.Gone },
		length: func(self any) int { return len(self.(inventoryRef).entity.Inventory.Slots) },
		index: func(l *lua.LState, self any, key lua.LValue) lua.LValue {
			e := self.(inventoryRef).entity
			n, ok := key.(lua.LNumber)
			if !ok {
				l.RaiseError("LuaInventory doesn't contain key %s.", key.String())
			}
			if n < 1 || int(n) > len(e.Inventory.Slots) {
				l.RaiseError("Index out of range.")
			}
			return s.object("LuaItemStack", stackRef{e, int(n) - 1})
		},
		attrs: map[string]func(any) lua.LValue{
			"index":        attr(func(inventoryRef) lua.LValue { return lua.LNumber(chestInventory) }),
			"entity_owner": attr(func(r inventoryRef) lua.LValue { return s.entity(r.entity) }),
		},
		methods: map[string]func(*lua.LState, any) int{
			"get_contents": of(func(l *lua.LState, inv *world.Inventory) int {
				out := l.NewTable()
				for i, a := range inv.Contents() {
					entry := l.CreateTable(0, 3)
					entry.RawSetString("name", lua.LString(a.Name))
					entry.RawSetString("count", lua.LNumber(a.Count))
					entry.RawSetString("quality", lua.LString(a.Quality))
					out.RawSetInt(i+1, entry)
				}
				return ret(l, out)
			}),
			"get_item_count": of(s.countItems), "insert": of(s.insert), "remove": of(s.remove), "can_insert": of(s.canInsert),
			"get_insertable_count": of(func(l *lua.LState, inv *world.Inventory) int {
				return ret(l, lua.LNumber(inv.Insertable(s.itemKey(l, 1))))
			}),
			"is_empty": of(func(l *lua.LState, inv *world.Inventory) int {
				return ret(l, lua.LBool(len(inv.Contents()) == 0))
			}),
			"count_empty_stacks": of(func(l *lua.LState, inv *world.Inventory) int {
				n := 0
				for _, slot := range inv.Slots {
					if slot.Count == 0 {
						n++
					}
				}
				return ret(l, lua.LNumber(n))
			}),
			"clear": of(func(_ *lua.LState, inv *world.Inventory) int {
				inv.Clear()
				return 0
			}),
			"sort_and_merge": of(func(_ *lua.LState, inv *world.Inventory) int {
				inv.SortAndMerge()
				return 0
			}),
		},
	})
}

// countItems is get_item_count: of everything, or of one item and quality.
func (s *Script) countItems(l *lua.LState, inv *world.Inventory) int {
	n := 0
	switch {
	case inv == nil:
	case l.GetTop() >= 1 && l.Get(1) != lua.LNil:
		n = inv.Count(s.itemKey(l, 1))
	default:
		for _, slot := range inv.Slots {
			n += slot.Count
		}
	}
	return ret(l, lua.LNumber(n))
}

func (s *Script) insert(l *lua.LState, inv *world.Inventory) int {
	a := s.itemStack(l, 1)
	if inv == nil {
		return ret(l, lua.LNumber(0))
	}
	return ret(l, lua.LNumber(inv.Insert(a)))
}

func (s *Script) remove(l *lua.LState, inv *world.Inventory) int {
	a := s.itemStack(l, 1)
	if inv == nil {
		return ret(l, lua.LNumber(0))
	}
	return ret(l, lua.LNumber(inv.Remove(a)))
}

func (s *Script) canInsert(l *lua.LState, inv *world.Inventory) int {
	a := s.itemStack(l, 1)
	return ret(l, lua.LBool(inv != nil && inv.Insertable(a.Key) > 0))
}

func (s *Script) stackAt(r stackRef) *world.Amount { return &r.entity.Inventory.Slots[r.slot] }

func (s *Script) addStackClass() {
	filled := func(fn func(a *world.Amount) lua.LValue) func(any) lua.LValue {
		return attr(func(r stackRef) lua.LValue {
			a := s.stackAt(r)
			if a.Count == 0 {
				s.vm.L.RaiseError("LuaItemStack API call when LuaItemStack was invalid for read.")
			}
			return fn(a)
		})
	}
	s.addClass(&class{
		name:  "LuaItemStack",
		valid: func(self any) bool { return !self.(stackRef).entity.Gone },
		attrs: map[string]func(any) lua.LValue{
			"valid_for_read": attr(func(r stackRef) lua.LValue { return lua.LBool(s.stackAt(r).Count > 0) }),
			"name":           filled(func(a *world.Amount) lua.LValue { return lua.LString(a.Name) }),
			"count":          filled(func(a *world.Amount) lua.LValue { return lua.LNumber(a.Count) }),
			"quality": filled(func(a *world.Amount) lua.LValue {
				return s.quality(s.p.World.Catalog.Quality(a.Quality))
			}),
			"type": filled(func(a *world.Amount) lua.LValue {
				return lua.LString(s.p.World.Catalog.Item(a.Name).Type)
			}),
			"prototype": filled(func(a *world.Amount) lua.LValue {
				return s.object("LuaItemPrototype", s.p.World.Catalog.Item(a.Name))
			}),
		},
		methods: map[string]func(*lua.LState, any) int{
			"clear": method(func(_ *lua.LState, r stackRef) int {
				*s.stackAt(r) = world.Amount{}
				return 0
			}),
		},
	})
}

func (s *Script) addSurfaceClass() {
	s.addClass(&class{
		name:  "LuaSurface",
		valid: func(any) bool { return true },
		attrs: map[string]func(any) lua.LValue{
			"name":  attr(func(f *world.Surface) lua.LValue { return lua.LString(f.Name) }),
			"index": attr(func(f *world.Surface) lua.LValue { return lua.LNumber(f.Index) }),
		},
		methods: map[string]func(*lua.LState, any) int{
			"find_entity": method(func(l *lua.LState, f *world.Surface) int {
				name := nameOf(l.Get(1))
				x, y := position(l, l.Get(2))
				for _, e := range s.p.World.Entities {
					if e.Surface == f.Index && e.Name == name && covers(e, x, y) {
						return ret(l, s.entity(e))
					}
				}
				return ret(l, lua.LNil)
			}),
			"find_entities": method(func(l *lua.LState, f *world.Surface) int {
				filter := l.NewTable()
				filter.RawSetString("area", l.Get(1))
				return ret(l, s.entities(l, s.search(l, f, filter)))
			}),
			"find_entities_filtered": method(func(l *lua.LState, f *world.Surface) int {
				return ret(l, s.entities(l, s.search(l, f, l.CheckTable(1))))
			}),
			"count_entities_filtered": method(func(l *lua.LState, f *world.Surface) int {
				return ret(l, lua.LNumber(len(s.search(l, f, l.CheckTable(1)))))
			}),
			"create_entity": method(func(l *lua.LState, f *world.Surface) int {
				t := l.CheckTable(1)
				x, y := position(l, t.RawGetString("position"))
				name := nameOf(t.RawGetString("name"))
				force := s.findForce(l, t.RawGetString("force"))
				e := s.p.World.Build(name, f, x, y, force)
				if e == nil {
					l.RaiseError("Unknown entity name: %s", name)
				}
				return ret(l, s.entity(e))
			}),
		},
	})
}

func (s *Script) findForce(l *lua.LState, v lua.LValue) *world.Force {
	if v == lua.LNil {
		return s.p.World.Forces[2] // neutral
	}
	for _, force := range s.p.World.Forces {
		same, _ := checkUserData[*world.Force](v)
		if same == force || v == lua.LString(force.Name) || v == lua.LNumber(force.Index) {
			return force
		}
	}
	l.RaiseError("Unknown force.")
	return nil
}

func covers(e *world.Entity, x, y float64) bool {
	return math.Abs(e.X-x) <= halfBox && math.Abs(e.Y-y) <= halfBox
}

// searchKeys are the filters that find_entities_filtered has here; others raise rather than find too much.
var searchKeys = []string{"area", "position", "radius", "name", "type", "force", "limit", "invert"}

func (s *Script) search(l *lua.LState, f *world.Surface, filter *lua.LTable) []*world.Entity {
	filter.ForEach(func(key, _ lua.LValue) {
		if !slices.Contains(searchKeys, key.String()) {
			l.RaiseError("the simulated game has no filter %q", key.String())
		}
	})
	names, types := texts(l, filter.RawGetString("name")), texts(l, filter.RawGetString("type"))
	inside := s.place(l, filter)
	limit := math.MaxInt
	if n, ok := filter.RawGetString("limit").(lua.LNumber); ok {
		limit = int(n)
	}
	var force *world.Force
	if v := filter.RawGetString("force"); v != lua.LNil {
		force = s.findForce(l, v)
	}
	invert := lua.LVAsBool(filter.RawGetString("invert"))
	var found []*world.Entity
	for _, e := range s.p.World.Entities {
		matches := (names == nil || names[e.Name]) && (types == nil || types[e.Type]) &&
			(force == nil || force.Index == e.Force)
		if e.Surface == f.Index && inside(e) && matches != invert && len(found) < limit {
			found = append(found, e)
		}
	}
	return found
}

// place reads where to search: an area, a position, a circle, or everywhere.
func (s *Script) place(l *lua.LState, filter *lua.LTable) func(*world.Entity) bool {
	if v := filter.RawGetString("area"); v != lua.LNil {
		x1, y1, x2, y2 := area(l, v)
		return func(e *world.Entity) bool {
			return e.X+halfBox > x1 && e.X-halfBox < x2 && e.Y+halfBox > y1 && e.Y-halfBox < y2
		}
	}
	v := filter.RawGetString("position")
	if v == lua.LNil {
		return func(*world.Entity) bool { return true }
	}
	x, y := position(l, v)
	if radius, ok := filter.RawGetString("radius").(lua.LNumber); ok {
		return func(e *world.Entity) bool { return math.Hypot(e.X-x, e.Y-y) <= float64(radius) }
	}
	return func(e *world.Entity) bool { return covers(e, x, y) }
}

func (s *Script) entities(l *lua.LState, list []*world.Entity) *lua.LTable {
	out := l.NewTable()
	for i, e := range list {
		out.RawSetInt(i+1, s.entity(e))
	}
	return out
}

func (s *Script) mapPosition(x, y float64) *lua.LTable {
	t := s.vm.L.CreateTable(0, 2)
	t.RawSetString("x", lua.LNumber(x))
	t.RawSetString("y", lua.LNumber(y))
	return t
}

func (s *Script) surface(f *world.Surface) lua.LValue { return s.object("LuaSurface", f) }
func (s *Script) force(f *world.Force) lua.LValue     { return s.object("LuaForce", f) }
func (s *Script) quality(q *world.Quality) lua.LValue { return s.object("LuaQualityPrototype", q) }

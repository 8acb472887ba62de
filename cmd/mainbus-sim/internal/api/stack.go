package api

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// stackRef is one slot of an inventory, from 0.
type stackRef struct {
	inv  *world.Inventory
	slot int
}

func (r stackRef) valid() bool { return !r.inv.Gone && r.slot < len(r.inv.Slots) }

func (r stackRef) stack() *world.Stack { return &r.inv.Slots[r.slot] }

// filled raises when there is nothing in the slot.
func (c call) filled(r stackRef) *world.Stack {
	c.classes["LuaItemStack"].check(c.l, r)
	s := r.stack()
	if s.Count == 0 {
		c.fail("LuaItemStack API call when LuaItemStack was invalid for read.")
	}
	return s
}

// ofItem is an attribute of what is in a slot.
func ofItem(get func(c call, s *world.Stack) any) attribute[stackRef] {
	return read(func(c call, r stackRef) any { return get(c, c.filled(r)) })
}

func (a attribute[T]) writable(set func(c call, self T, v lua.LValue)) attribute[T] {
	a.set = set
	return a
}

func isType(types ...string) attribute[stackRef] {
	return ofItem(func(c call, s *world.Stack) any {
		for _, typ := range types {
			if c.w.Catalog.Item(s.Name).Type == typ {
				return true
			}
		}
		return false
	})
}

func (s *Script) addStackClass() {
	declare(s, members[stackRef]{
		name:  "LuaItemStack",
		valid: stackRef.valid,
		attrs: attributes[stackRef]{
			"valid_for_read": read(func(_ call, r stackRef) any { return r.stack().Count > 0 }),
			"name":           ofItem(func(_ call, s *world.Stack) any { return s.Name }),
			"type":           ofItem(func(c call, s *world.Stack) any { return c.w.Catalog.Item(s.Name).Type }),
			"prototype":      ofItem(func(c call, s *world.Stack) any { return c.w.Catalog.Item(s.Name) }),
			"quality":        ofItem(func(c call, s *world.Stack) any { return c.w.Catalog.Quality(s.Quality) }),
			"count": ofItem(func(_ call, s *world.Stack) any { return s.Count }).writable(func(c call, r stackRef, v lua.LValue) {
				c.filled(r)
				r.inv.SetCount(r.slot, c.count(v))
				c.w.Tidy(r.inv)
			}),
			"health": ofItem(func(_ call, s *world.Stack) any { return 1 - s.Damage }).writable(func(c call, r stackRef, v lua.LValue) {
				c.filled(r).Damage = 1 - min(max(c.number(v), 0), 1)
			}),
			"durability": ofItem(func(c call, s *world.Stack) any { return c.w.Durability(s) }).writable(func(c call, r stackRef, v lua.LValue) {
				s := c.filled(r)
				c.w.Wear(s, c.w.FullDurability(s.Key)-c.number(v), s.Spent)
			}),
			"ammo": ofItem(func(c call, s *world.Stack) any { return c.magazine(s) - s.Spent }).writable(func(c call, r stackRef, v lua.LValue) {
				s := c.filled(r)
				c.w.Wear(s, s.Worn, c.magazine(s)-c.number(v))
			}),
			"spoil_percent": ofItem(func(c call, s *world.Stack) any { return c.w.Spoiled(s) }).writable(func(c call, r stackRef, v lua.LValue) {
				c.w.SetSpoiled(c.filled(r), c.number(v))
			}),
			"spoil_tick": ofItem(func(_ call, s *world.Stack) any { return s.SpoilTick }).writable(func(c call, r stackRef, v lua.LValue) {
				if s := c.filled(r); s.SpoilTick != 0 {
					s.SpoilTick = max(uint64(c.whole(v, 0, math.MaxUint32)), c.w.Tick)
				}
			}),
			"tags": ofItem(func(c call, s *world.Stack) any { return c.stored(s.Tags, c.l.NewTable()) }).writable(func(c call, r stackRef, v lua.LValue) {
				c.tagged(r).Tags = c.tags(c.table(v))
			}),
			"custom_description": ofItem(func(c call, s *world.Stack) any { return c.stored(s.Description, lua.LString("")) }).writable(
				func(c call, r stackRef, v lua.LValue) { c.tagged(r).Description = c.json(v) }),
			"label": ofItem(func(_ call, s *world.Stack) any { return orNil(s.Label) }).writable(func(c call, r stackRef, v lua.LValue) {
				c.labelled(r).Label = c.optional(v)
			}),
			"is_ammo":                  isType("ammo"),
			"is_armor":                 isType("armor"),
			"is_tool":                  isType("tool", "repair-tool"),
			"is_repair_tool":           isType("repair-tool"),
			"is_module":                isType("module"),
			"is_blueprint":             isType("blueprint"),
			"is_blueprint_book":        isType("blueprint-book"),
			"is_deconstruction_item":   isType("deconstruction-item"),
			"is_upgrade_item":          isType("upgrade-item"),
			"is_item_with_tags":        isType("item-with-tags"),
			"is_item_with_entity_data": isType("item-with-entity-data"),
			"is_item_with_inventory":   isType("item-with-inventory"),
			"is_item_with_label":       isType(labelled...),
		},
		methods: stackMethods(),
	})
}

// labelled are the types of items that can have a label.
var labelled = []string{
	"item-with-label", "item-with-inventory", "item-with-tags", "blueprint", "blueprint-book", "deconstruction-item", "upgrade-item",
}

func (c call) magazine(s *world.Stack) float64 { return c.w.Catalog.Item(s.Name).Magazine }

func (c call) tagged(r stackRef) *world.Stack {
	s := c.filled(r)
	if c.w.Catalog.Item(s.Name).Type != "item-with-tags" {
		c.fail("The item is not an item-with-tags.")
	}
	return s
}

func (c call) labelled(r stackRef) *world.Stack {
	s := c.filled(r)
	for _, typ := range labelled {
		if c.w.Catalog.Item(s.Name).Type == typ {
			return s
		}
	}
	c.fail("The item can't have a label.")
	return nil
}

// tags writes a table of tags; an empty one is none.
func (c call) tags(t *lua.LTable) string {
	if key, _ := t.Next(lua.LNil); key == lua.LNil {
		return ""
	}
	return c.json(t)
}

func (c call) tagTable(s *world.Stack) *lua.LTable { return c.table(c.stored(s.Tags, c.l.NewTable())) }

func stackMethods() methods[stackRef] {
	use := func(change func(c call, s *world.Stack, amount float64) (worn, spent float64)) func(call, stackRef) any {
		return func(c call, r stackRef) any {
			s, amount := c.filled(r), c.number(c.arg(1))
			worn, spent := change(c, s, amount)
			c.w.Wear(s, worn, spent)
			c.w.Tidy(r.inv)
			return nothing{}
		}
	}
	return methods[stackRef]{
		"clear": func(c call, r stackRef) any {
			r.inv.Set(r.slot, world.Stack{})
			c.w.Tidy(r.inv)
			return nothing{}
		},
		"set_stack": func(c call, r stackRef) any {
			var s world.Stack
			if c.arg(1) != lua.LNil {
				s = c.stack(c.arg(1))
			}
			done := r.inv.Set(r.slot, s)
			c.w.Tidy(r.inv)
			return done
		},
		"can_set_stack": func(c call, r stackRef) any {
			return c.arg(1) == lua.LNil || r.inv.CanSet(r.slot, c.stack(c.arg(1)).Key)
		},
		"transfer_stack": transferStack,
		"swap_stack": func(c call, r stackRef) any {
			other, ok := checkUserData[stackRef](c.arg(1))
			if !ok {
				c.expected("LuaItemStack", c.arg(1))
			}
			c.classes["LuaItemStack"].check(c.l, other)
			done := c.w.Swap(r.inv, r.slot, other.inv, other.slot)
			c.w.Tidy(r.inv)
			c.w.Tidy(other.inv)
			return done
		},
		"add_ammo":         use(func(_ call, s *world.Stack, n float64) (float64, float64) { return s.Worn, s.Spent - n }),
		"drain_ammo":       use(func(_ call, s *world.Stack, n float64) (float64, float64) { return s.Worn, s.Spent + n }),
		"add_durability":   use(func(_ call, s *world.Stack, n float64) (float64, float64) { return s.Worn - n, s.Spent }),
		"drain_durability": use(func(_ call, s *world.Stack, n float64) (float64, float64) { return s.Worn + n, s.Spent }),
		"spoil": func(c call, r stackRef) any {
			s := c.filled(r)
			item := c.w.Catalog.Item(s.Name)
			if item.SpoilTicks == 0 {
				return nothing{}
			}
			if item.SpoilAction != nil {
				c.fail("the simulated game does not do what %s does when it spoils", item.Name)
			}
			result := world.Stack{}
			if item.SpoilResult != "" && c.w.Catalog.Item(item.SpoilResult) != nil {
				result = c.w.Fresh(world.Key{Name: item.SpoilResult, Quality: s.Quality}, s.Count)
			}
			r.inv.Set(r.slot, result)
			c.w.Tidy(r.inv)
			return nothing{}
		},
		"get_tag": func(c call, r stackRef) any { return c.tagTable(c.tagged(r)).RawGetString(c.text(c.arg(1))) },
		"set_tag": func(c call, r stackRef) any {
			s, name := c.tagged(r), c.text(c.arg(1))
			t := c.tagTable(s)
			t.RawSetString(name, c.arg(2))
			s.Tags = c.tags(t)
			return nothing{}
		},
		"remove_tag": func(c call, r stackRef) any {
			s, name := c.tagged(r), c.text(c.arg(1))
			t := c.tagTable(s)
			had := t.RawGetString(name) != lua.LNil
			t.RawSetString(name, lua.LNil)
			s.Tags = c.tags(t)
			return had
		},
	}
}

// transferStack moves items from another slot here, all or some; a description of items makes them.
func transferStack(c call, r stackRef) any {
	from, isSlot := checkUserData[stackRef](c.arg(1))
	if !isSlot {
		s := c.stack(c.arg(1))
		want := s.Count
		if c.arg(2) != lua.LNil {
			want = min(want, c.count(c.arg(2)))
		}
		s.Count = want
		return c.w.InsertInto(r.inv, r.slot, s) == want
	}
	s := c.filled(from)
	want := s.Count
	if c.arg(2) != lua.LNil {
		want = c.count(c.arg(2))
	}
	moved := c.w.Transfer(r.inv, r.slot, s, want)
	c.w.Tidy(from.inv)
	return moved == want
}

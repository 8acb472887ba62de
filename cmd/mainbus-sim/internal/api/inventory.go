package api

import (
	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

func (s *Script) addInventoryClass() {
	declare(s, members[*world.Inventory]{
		name:   "LuaInventory",
		valid:  func(inv *world.Inventory) bool { return !inv.Gone },
		length: func(_ call, inv *world.Inventory) int { return len(inv.Slots) },
		index: func(c call, inv *world.Inventory, key lua.LValue) any {
			n, ok := key.(lua.LNumber)
			if !ok {
				c.fail("LuaInventory doesn't contain key %s.", key.String())
			}
			if n < 1 || int(n) > len(inv.Slots) {
				c.fail("Index out of range.")
			}
			return stackRef{inv, int(n) - 1}
		},
		attrs: attributes[*world.Inventory]{
			"index": read(func(_ call, inv *world.Inventory) any {
				if n := constant("inventory", string(inv.Kind)); n >= 0 {
					return n
				}
				return nil
			}),
			"name": read(func(_ call, inv *world.Inventory) any {
				if constant("inventory", string(inv.Kind)) < 0 {
					return nil
				}
				return string(inv.Kind)
			}),
			"entity_owner": read(func(_ call, inv *world.Inventory) any { return inv.Entity }),
			"player_owner": read(func(c call, inv *world.Inventory) any {
				if inv.Entity == nil {
					return inv.Hand
				}
				return c.w.PlayerOf(inv.Entity)
			}),
			"mod_owner": read(func(_ call, inv *world.Inventory) any { return orNil(inv.Mod) }),
		},
		methods: inventoryMethods(),
	})
}

func inventoryMethods() methods[*world.Inventory] {
	m := methods[*world.Inventory]{
		"get_contents":         func(_ call, inv *world.Inventory) any { return inv.Contents() },
		"insert":               func(c call, inv *world.Inventory) any { return inv.Insert(c.stack(c.arg(1))) },
		"remove":               func(c call, inv *world.Inventory) any { return inv.Remove(c.stack(c.arg(1)).Amount) },
		"can_insert":           func(c call, inv *world.Inventory) any { return inv.Insertable(c.stack(c.arg(1)).Key) > 0 },
		"get_insertable_count": func(c call, inv *world.Inventory) any { return inv.Insertable(c.key(c.arg(1))) },
		"is_empty":             func(_ call, inv *world.Inventory) any { return inv.Empty() },
		"is_full":              func(c call, inv *world.Inventory) any { return inv.Full() },
		"clear": func(c call, inv *world.Inventory) any {
			inv.Clear()
			c.w.Tidy(inv)
			return nothing{}
		},
		"sort_and_merge": func(_ call, inv *world.Inventory) any {
			inv.SortAndMerge()
			return nothing{}
		},
		"resize": func(c call, inv *world.Inventory) any {
			size := c.whole(c.arg(1), 0, world.MaxSlots)
			own(c, inv, "resized")
			inv.Resize(size)
			return nothing{}
		},
		"destroy": func(c call, inv *world.Inventory) any {
			own(c, inv, "destroyed")
			c.w.DestroyScriptInventory(inv)
			return nothing{}
		},
	}
	addCounting(m)
	addBarAndFilters(m)
	return m
}

// own raises unless an inventory is one that a script made.
func own(c call, inv *world.Inventory, what string) {
	if inv.Mod == "" {
		c.fail("Only inventories created by LuaGameScript::create_inventory can be %s.", what)
	}
}

func addCounting(m methods[*world.Inventory]) {
	m["get_item_count"] = func(c call, inv *world.Inventory) any {
		if c.arg(1) == lua.LNil {
			return countFiltered(c, inv, nil)
		}
		return inv.Count(c.key(c.arg(1)))
	}
	m["get_item_count_filtered"] = func(c call, inv *world.Inventory) any {
		f := c.itemFilter(c.arg(1))
		return countFiltered(c, inv, &f)
	}
	m["get_item_quality_counts"] = func(c call, inv *world.Inventory) any {
		counts := map[string]int{}
		var only *world.Item
		if c.arg(1) != lua.LNil {
			only = c.item(c.arg(1))
		}
		for _, a := range inv.Contents() {
			if only == nil || only.Name == a.Name {
				counts[a.Quality] += a.Count
			}
		}
		var out []Field
		for _, q := range c.w.Catalog.Qualities {
			if n := counts[q.Name]; n > 0 {
				out = append(out, Field{q.Name, n})
			}
		}
		return out
	}
	m["count_empty_stacks"] = func(c call, inv *world.Inventory) any {
		filtered, bar := c.flag(c.arg(1), false), c.flag(c.arg(2), true)
		n := 0
		for i := range inv.Slots {
			_, has := inv.Filters[i]
			if inv.Slots[i].Count == 0 && (filtered || !has) && (bar || inv.Bar < 0 || i < inv.Bar) {
				n++
			}
		}
		return n
	}
	m["find_item_stack"] = func(c call, inv *world.Inventory) any {
		k := c.key(c.arg(1))
		for i := range inv.Slots {
			if s := &inv.Slots[i]; s.Count > 0 && s.Key == k {
				return several{stackRef{inv, i}, i + 1}
			}
		}
		return several{nil, nil}
	}
	m["find_empty_stack"] = func(c call, inv *world.Inventory) any {
		for i := range inv.Slots {
			if inv.Slots[i].Count > 0 {
				continue
			}
			_, filtered := inv.Filters[i]
			if !filtered || (c.arg(1) != lua.LNil && inv.Accepts(i, c.key(c.arg(1)))) {
				return several{stackRef{inv, i}, i + 1}
			}
		}
		return several{nil, nil}
	}
}

func addBarAndFilters(m methods[*world.Inventory]) {
	m["supports_bar"] = func(_ call, inv *world.Inventory) any { return inv.HasBar }
	m["get_bar"] = func(c call, inv *world.Inventory) any {
		needBar(c, inv)
		if inv.Bar < 0 {
			return len(inv.Slots) + 1
		}
		return inv.Bar + 1
	}
	m["set_bar"] = func(c call, inv *world.Inventory) any {
		needBar(c, inv)
		inv.Bar = -1
		if c.arg(1) != lua.LNil {
			if bar := c.whole(c.arg(1), 1, world.MaxCount) - 1; bar < len(inv.Slots) {
				inv.Bar = bar
			}
		}
		return nothing{}
	}
	m["supports_filters"] = func(_ call, inv *world.Inventory) any { return inv.HasFilters }
	m["is_filtered"] = func(_ call, inv *world.Inventory) any { return len(inv.Filters) > 0 }
	m["get_filter"] = func(c call, inv *world.Inventory) any {
		slot := filterSlot(c, inv)
		if f, ok := inv.Filters[slot]; ok {
			return c.filterTable(&f)
		}
		return nil
	}
	m["can_set_filter"] = func(c call, inv *world.Inventory) any {
		filterSlot(c, inv)
		c.itemFilter(c.arg(2))
		return true
	}
	m["set_filter"] = func(c call, inv *world.Inventory) any {
		slot := filterSlot(c, inv)
		if c.arg(2) == lua.LNil {
			delete(inv.Filters, slot)
			return true
		}
		if inv.Filters == nil {
			inv.Filters = map[int]world.Filter{}
		}
		inv.Filters[slot] = c.itemFilter(c.arg(2))
		return true
	}
}

func needBar(c call, inv *world.Inventory) {
	if !inv.HasBar {
		c.fail("This inventory doesn't support bar.")
	}
}

func filterSlot(c call, inv *world.Inventory) int {
	if !inv.HasFilters {
		c.fail("This inventory doesn't support filters.")
	}
	n := c.whole(c.arg(1), 0, world.MaxCount)
	if n < 1 || n > len(inv.Slots) {
		c.fail("Index out of range.")
	}
	return n - 1
}

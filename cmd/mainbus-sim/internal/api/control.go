package api

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// body is what LuaControl's members work on: an entity, a player, or a player and their character.
type body struct {
	entity *world.Entity // nil for a player without a character
	player *world.Player // nil for an entity that is no player's character
}

// control makes the members of LuaControl, which LuaEntity and LuaPlayer have.
func control[T any](of func(c call, self T) body) (attributes[T], methods[T]) {
	attr := func(get func(c call, b body) any) attribute[T] {
		return read(func(c call, self T) any { return get(c, of(c, self)) })
	}
	method := func(fn func(c call, b body) any) func(call, T) any {
		return func(c call, self T) any { return fn(c, of(c, self)) }
	}
	attrs := attributes[T]{
		"force":         attr(func(c call, b body) any { return b.force(c) }),
		"force_index":   attr(func(c call, b body) any { return b.force(c).Index }),
		"surface":       attr(func(c call, b body) any { return b.surface(c) }),
		"surface_index": attr(func(c call, b body) any { return b.surface(c).Index }),
		"position":      attr(func(c call, b body) any { return b.position(c) }),
		"cursor_stack": attr(func(_ call, b body) any {
			if b.player == nil {
				return nil
			}
			return stackRef{b.player.Hand, 0}
		}),
	}
	force := attrs["force"]
	force.set = func(c call, self T, v lua.LValue) { of(c, self).setForce(c, c.forceOf(v)) }
	attrs["force"] = force
	return attrs, methods[T]{
		"get_inventory": method(func(c call, b body) any {
			if b.entity == nil {
				c.whole(c.arg(1), 0, math.MaxInt32)
				return nil
			}
			return c.inventoryIn(b.entity, c.arg(1))
		}),
		"get_main_inventory": method(func(c call, b body) any {
			if b.entity == nil {
				return nil
			}
			return c.w.Inventory(b.entity, world.CharacterMain)
		}),
		"get_item_count":   method(countItems),
		"has_items_inside": method(func(c call, b body) any { return b.count(c, nil) > 0 }),
		"clear_items_inside": method(func(c call, b body) any {
			for _, inv := range b.inventories(c) {
				inv.Clear()
			}
			return nothing{}
		}),
		"insert": method(func(c call, b body) any { return b.insert(c, c.stack(c.arg(1))) }),
		"remove_item": method(func(c call, b body) any {
			s := c.stack(c.arg(1))
			left := s.Amount
			for _, inv := range b.inventories(c) {
				left.Count -= inv.Remove(left)
			}
			return s.Count - left.Count
		}),
		"can_insert": method(func(c call, b body) any {
			s := c.stack(c.arg(1))
			for _, inv := range b.bags(c, s.Key) {
				if inv.Insertable(s.Key) > 0 {
					return true
				}
			}
			return false
		}),
		"is_player": func(_ call, self T) any {
			_, is := any(self).(*world.Player)
			return is
		},
		"is_cursor_empty": method(func(_ call, b body) any { return b.player == nil || b.player.Hand.Empty() }),
		"mine_entity": method(func(c call, b body) any {
			e := c.entityOf(c.arg(1))
			return b.player != nil && c.w.MineBy(b.player, e, c.flag(c.arg(2), false))
		}),
		"teleport": method(teleport),
		"get_requester_point": method(func(c call, b body) any {
			if b.entity == nil || b.entity.Requests == nil || b.entity.Type != "logistic-container" {
				return nil
			}
			return logisticPoint{b.entity}
		}),
	}
}

func (b body) force(c call) *world.Force {
	if b.entity != nil {
		return c.w.Force(b.entity.Force)
	}
	return c.w.Force(b.player.Force)
}

func (b body) setForce(c call, f *world.Force) {
	if b.player != nil {
		c.w.SetForce(b.player, f)
		return
	}
	b.entity.Force = f.Index
}

func (b body) surface(c call) *world.Surface {
	if b.entity != nil {
		return c.w.Surface(b.entity.Surface)
	}
	surface, _ := c.w.Place(b.player)
	return surface
}

func (b body) position(c call) any {
	if b.entity != nil {
		return point(b.entity.X, b.entity.Y)
	}
	_, at := c.w.Place(b.player)
	return point(at.X, at.Y)
}

func (b body) inventories(c call) []*world.Inventory {
	switch {
	case b.entity == nil:
		return nil
	case len(b.entity.Inventories) == 0:
		if main := c.w.MainInventory(b.entity); main != nil {
			return []*world.Inventory{main}
		}
	}
	return b.entity.Inventories
}

func (b body) bags(c call, k world.Key) []*world.Inventory {
	if b.entity == nil {
		return nil
	}
	return c.w.Bags(b.entity, k)
}

func (b body) insert(c call, s world.Stack) int {
	all := s.Count
	for _, inv := range b.bags(c, s.Key) {
		s.Count -= inv.Insert(s)
	}
	return all - s.Count
}

// count counts items of a filter, or all.
func (b body) count(c call, f *world.Filter) int {
	n := 0
	for _, inv := range b.inventories(c) {
		n += countFiltered(c, inv, f)
	}
	return n
}

func countFiltered(c call, inv *world.Inventory, f *world.Filter) int {
	n := 0
	for i := range inv.Slots {
		if s := &inv.Slots[i]; s.Count > 0 && (f == nil || c.w.Catalog.Allows(*f, s.Key)) {
			n += s.Count
		}
	}
	return n
}

// countItems is get_item_count: of everything, or of what a filter allows. A name alone means normal quality.
func countItems(c call, b body) any {
	if c.arg(1) == lua.LNil {
		return b.count(c, nil)
	}
	f := countFilter(c, c.arg(1))
	return b.count(c, &f)
}

// countFilter reads what to count: an ItemFilter, a stack, or a prototype. Quality is normal if nothing is said.
func countFilter(c call, v lua.LValue) world.Filter {
	if t, ok := v.(*lua.LTable); ok && t.RawGetString("comparator") != lua.LNil {
		return c.itemFilter(v)
	}
	k := c.key(v)
	return world.Filter{Name: k.Name, Quality: k.Quality, Comparator: "="}
}

// teleport is LuaControl.teleport(position, surface?, raise_teleported?), or by one or two numbers.
func teleport(c call, b body) any {
	var x, y float64
	if dx, ok := c.arg(1).(lua.LNumber); ok {
		x, y = float64(dx), 0
		if c.arg(2) != lua.LNil {
			y = c.number(c.arg(2))
		}
		at := c.table(c.value(b.position(c)))
		px, py := c.position(at)
		return b.move(c, b.surface(c), px+x, py+y, false)
	}
	x, y = c.position(c.arg(1))
	to := b.surface(c)
	if c.arg(2) != lua.LNil {
		to = c.surfaceOf(c.arg(2))
	}
	return b.move(c, to, x, y, c.flag(c.arg(3), false))
}

func (b body) move(c call, to *world.Surface, x, y float64, raise bool) bool {
	if b.player != nil {
		c.w.MovePlayer(b.player, to, x, y)
		return true
	}
	if b.entity.Type == "transport-belt" {
		return false
	}
	c.w.TeleportEntity(b.entity, to, x, y, raise)
	return true
}

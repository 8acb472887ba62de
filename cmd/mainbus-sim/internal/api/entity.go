package api

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

func (s *Script) addEntityClass() {
	attrs, methods := control(func(c call, e *world.Entity) body { return body{e, c.w.PlayerOf(e)} })
	m := members[*world.Entity]{
		name:    "LuaEntity",
		valid:   func(e *world.Entity) bool { return !e.Gone },
		attrs:   entityAttributes(),
		methods: entityMethods(),
	}
	addFluids(m)
	addRequests(m)
	addMachines(m)
	declare(s, m.with(attrs, methods))
}

type entityAttribute = attribute[*world.Entity]

func entityAttributes() attributes[*world.Entity] {
	return attributes[*world.Entity]{
		"name":    read(func(_ call, e *world.Entity) any { return e.Name }),
		"type":    read(func(_ call, e *world.Entity) any { return e.Type }),
		"quality": read(func(c call, e *world.Entity) any { return c.w.Catalog.Quality(e.Quality) }),
		"unit_number": read(func(_ call, e *world.Entity) any {
			if e.Type == "item-entity" {
				return nil
			}
			return e.Unit
		}),
		"prototype": read(func(c call, e *world.Entity) any { return c.w.Prototype(e) }),
		"gps_tag": read(func(c call, e *world.Entity) any {
			return fmt.Sprintf("[gps=%.14g,%.14g,%s]", e.X, e.Y, c.w.Surface(e.Surface).Name)
		}),
		"bounding_box": read(func(c call, e *world.Entity) any { return box(c.w.Box(e)) }),
		"stack": read(func(c call, e *world.Entity) any {
			if e.Type != "item-entity" {
				c.fail("The entity is not an item on the ground.")
			}
			return stackRef{e.Inventories[0], 0}
		}),
		"health": entityAttribute{
			get: func(c call, e *world.Entity) any {
				if c.w.MaxHealth(e) == 0 {
					return nil
				}
				return c.w.MaxHealth(e) - e.Damage
			},
			set: func(c call, e *world.Entity, v lua.LValue) {
				e.Damage = c.w.MaxHealth(e) - min(max(c.number(v), 0), c.w.MaxHealth(e))
			},
		},
		"max_health":            read(func(c call, e *world.Entity) any { return c.w.MaxHealth(e) }),
		"is_entity_with_health": read(func(c call, e *world.Entity) any { return c.w.MaxHealth(e) > 0 }),
		"energy": entityAttribute{
			get: func(_ call, e *world.Entity) any { return e.Energy },
			set: func(c call, e *world.Entity, v lua.LValue) { c.w.SetEnergy(e, c.number(v)) },
		},
		"electric_buffer_size": entityAttribute{
			get: func(c call, e *world.Entity) any {
				if c.w.Prototype(e).Buffer == 0 {
					return nil
				}
				return c.w.Capacity(e)
			},
			set: setBuffer,
		},
		"link_id": entityAttribute{
			get: func(c call, e *world.Entity) any { return c.linked(e).Link },
			set: func(c call, e *world.Entity, v lua.LValue) { c.linked(e).Link = uint32(c.count(v)) },
		},
		"destructible": inverted(func(e *world.Entity) *bool { return &e.Protected }),
		"minable_flag": inverted(func(e *world.Entity) *bool { return &e.NotMinable }),
		"operable":     inverted(func(e *world.Entity) *bool { return &e.NotOperable }),
		"minable": read(func(c call, e *world.Entity) any {
			return !e.NotMinable && c.w.Prototype(e).Minable
		}).writable(func(c call, e *world.Entity, v lua.LValue) { e.NotMinable = !c.boolean(v) }),
		"last_user": entityAttribute{
			get: func(c call, e *world.Entity) any { return c.w.PlayerAt(e.LastUser) },
			set: func(c call, e *world.Entity, v lua.LValue) {
				e.LastUser = 0
				if v != lua.LNil {
					e.LastUser = c.playerOf(v).Index
				}
			},
		},
		"player": read(func(c call, e *world.Entity) any {
			if p := c.w.PlayerOf(e); p != nil && p.Online {
				return p
			}
			return nil
		}),
	}
}

// inverted is an attribute that is true unless the entity says otherwise.
func inverted(not func(e *world.Entity) *bool) entityAttribute {
	return entityAttribute{
		get: func(_ call, e *world.Entity) any { return !*not(e) },
		set: func(c call, e *world.Entity, v lua.LValue) { *not(e) = !c.boolean(v) },
	}
}

func setBuffer(c call, e *world.Entity, v lua.LValue) {
	if e.Type != "electric-energy-interface" {
		c.fail("electric_buffer_size can only be written of an electric-energy-interface.")
	}
	e.Buffer = max(0, c.number(v))
	c.w.SetEnergy(e, e.Energy)
}

func (c call) linked(e *world.Entity) *world.Entity {
	if e.Type != "linked-container" {
		c.fail("The entity is not a linked-container.")
	}
	return e
}

func box(a world.Area) any {
	return []Field{{"left_top", a.From}, {"right_bottom", a.To}}
}

func entityMethods() methods[*world.Entity] {
	m := methods[*world.Entity]{
		"get_output_inventory": func(c call, e *world.Entity) any { return c.w.MainInventory(e) },
		"destroy":              destroyEntity,
		"die": func(c call, e *world.Entity) any {
			var force *world.Force
			var cause *world.Entity
			if c.arg(1) != lua.LNil {
				force = c.forceOf(c.arg(1))
			}
			if c.arg(2) != lua.LNil {
				cause = c.entityOf(c.arg(2))
			}
			return c.w.Die(e, force, cause)
		},
		"can_be_destroyed": func(_ call, _ *world.Entity) any { return true },
		"mine":             mineEntity,
		"get_health_ratio": func(c call, e *world.Entity) any {
			if c.w.MaxHealth(e) == 0 {
				return nil
			}
			return 1 - e.Damage/c.w.MaxHealth(e)
		},
		"order_deconstruction": func(c call, e *world.Entity) any {
			force := c.forceOf(c.arg(1))
			if e.NotMinable || !c.w.Prototype(e).Minable {
				return false
			}
			e.Marked = force.Index
			return true
		},
		"cancel_deconstruction": func(c call, e *world.Entity) any {
			if c.forceOf(c.arg(1)).Index == e.Marked {
				e.Marked = 0
			}
			return nothing{}
		},
		"to_be_deconstructed": func(_ call, e *world.Entity) any { return e.Marked != 0 },
		"is_registered_for_deconstruction": func(c call, e *world.Entity) any {
			return e.Marked == c.forceOf(c.arg(1)).Index
		},
	}
	addEntityInventories(m)
	return m
}

// destroyEntity is destroy{raise_destroy = ...}; the table may be missing.
func destroyEntity(c call, e *world.Entity) any {
	raise := false
	if c.arg(1) != lua.LNil {
		raise = c.flag(c.named("raise_destroy"), false)
	}
	c.w.Destroy(e, raise)
	return true
}

// mineEntity is mine{inventory = ..., force = ..., raise_destroyed = ..., ignore_minable = ...}.
func mineEntity(c call, e *world.Entity) any {
	var into *world.Inventory
	force, raise, ignore := false, true, false
	if c.arg(1) != lua.LNil {
		force, raise, ignore = c.flag(c.named("force"), false), c.flag(c.named("raise_destroyed"), true), c.flag(c.named("ignore_minable"), false)
		if v := c.named("inventory"); v != lua.LNil {
			into = c.inventoryOf(v)
		}
	}
	if !ignore && (e.NotMinable || !c.w.Prototype(e).Minable) {
		return false
	}
	return c.w.MineByScript(e, into, force, raise)
}

// addEntityInventories adds the methods that work on an inventory by its number.
func addEntityInventories(m methods[*world.Entity]) {
	inventory := methods[*world.Inventory]{}
	addBarAndFilters(inventory)
	for name, of := range map[string]string{
		"get_inventory_bar": "get_bar", "set_inventory_bar": "set_bar", "inventory_supports_bar": "supports_bar",
		"inventory_supports_filters": "supports_filters", "is_inventory_filtered": "is_filtered",
		"get_inventory_filter": "get_filter", "set_inventory_filter": "set_filter", "can_set_inventory_filter": "can_set_filter",
	} {
		fn := inventory[of]
		m[name] = func(c call, e *world.Entity) any {
			inv := c.inventoryIn(e, c.arg(1))
			if inv == nil {
				c.fail("The entity has no such inventory.")
			}
			c.l.Remove(1)
			return fn(c, inv)
		}
	}
}

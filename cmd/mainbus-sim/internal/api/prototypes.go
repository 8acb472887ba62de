package api

import (
	"mainbus/cmd/mainbus-sim/internal/world"
)

func (s *Script) addPrototypeClasses() {
	class := members[prototypes]{
		name: "LuaPrototypes",
		attrs: attributes[prototypes]{
			"item":           tableNamed[prototypes]("prototypes.item"),
			"entity":         tableNamed[prototypes]("prototypes.entity"),
			"fluid":          tableNamed[prototypes]("prototypes.fluid"),
			"quality":        tableNamed[prototypes]("prototypes.quality"),
			"recipe":         tableNamed[prototypes]("prototypes.recipe"),
			"surface":        tableNamed[prototypes]("prototypes.surface"),
			"space_location": tableNamed[prototypes]("prototypes.space_location"),
			"custom_event":   tableNamed[prototypes]("prototypes.custom_event"),
			"custom_input":   tableNamed[prototypes]("prototypes.custom_input"),
			"virtual_signal": tableNamed[prototypes]("prototypes.virtual_signal"),
			"mod_setting":    tableNamed[prototypes]("prototypes.mod_setting"),
		},
	}
	for attribute := range keptClasses {
		class.attrs[attribute] = tableNamed[prototypes](customTable("prototypes." + attribute))
	}
	declare(s, class)
	s.addKeptClasses()
	s.addItemPrototype()
	s.addEntityPrototype()
	s.addQualityPrototype()
	s.addOtherPrototypes()
	s.addSettingPrototype()
}

// prototypes is the value of the global of that name.
type prototypes struct{}

// always is the validity of prototypes.
func always[T any](T) bool { return true }

func (s *Script) addItemPrototype() {
	declare(s, members[*world.Item]{
		name: "LuaItemPrototype", valid: always[*world.Item],
		attrs: attributes[*world.Item]{
			"name":       read(func(_ call, i *world.Item) any { return i.Name }),
			"type":       read(func(_ call, i *world.Item) any { return i.Type }),
			"order":      read(func(_ call, i *world.Item) any { return i.Order }),
			"stack_size": read(func(_ call, i *world.Item) any { return i.Stack }),
			"stackable":  read(func(_ call, i *world.Item) any { return i.Stack > 1 }),
			"fuel_value": read(func(_ call, i *world.Item) any { return i.FuelValue }),
			"magazine_size": read(func(_ call, i *world.Item) any {
				if i.Magazine == 0 {
					return nil
				}
				return i.Magazine
			}),
			"place_result": read(func(c call, i *world.Item) any { return c.w.Catalog.Entity(i.Place) }),
			"spoil_result": read(func(c call, i *world.Item) any { return c.w.Catalog.Item(i.SpoilResult) }),
			"spoil_to_trigger_result": read(func(_ call, i *world.Item) any {
				if i.SpoilAction == nil {
					return nil
				}
				return s.plain(i.SpoilAction)
			}),
		},
		methods: methods[*world.Item]{
			"get_spoil_ticks": func(c call, i *world.Item) any {
				// Each level of quality keeps 30 % longer.
				return i.SpoilTicks * (10 + 3*c.quality(c.arg(1)).Level) / 10
			},
			"get_durability": func(c call, i *world.Item) any {
				q := c.quality(c.arg(1))
				if i.Durability == 0 {
					return nil
				}
				return i.Durability * q.Multiplier()
			},
		},
	})
}

func (s *Script) addEntityPrototype() {
	declare(s, members[*world.EntityPrototype]{
		name: "LuaEntityPrototype", valid: always[*world.EntityPrototype],
		attrs: attributes[*world.EntityPrototype]{
			"name": read(func(_ call, p *world.EntityPrototype) any { return p.Name }),
			"type": read(func(_ call, p *world.EntityPrototype) any { return p.Type }),
			"logistic_mode": read(func(_ call, p *world.EntityPrototype) any {
				if p.Mode == "" {
					return nil
				}
				return dashed(p.Mode)
			}),
			"fluid_capacity": read(func(_ call, p *world.EntityPrototype) any { return p.Volume }),
			"collision_box":  read(func(_ call, p *world.EntityPrototype) any { return box(world.Area{From: p.Box[0], To: p.Box[1]}) }),
			"items_to_place_this": read(func(c call, p *world.EntityPrototype) any {
				var out []any
				for _, item := range c.w.Catalog.Placing(p.Name) {
					out = append(out, []Field{{"name", item.Name}, {"count", 1}})
				}
				if out == nil {
					return nil
				}
				return out
			}),
		},
		methods: methods[*world.EntityPrototype]{
			"get_inventory_size": func(c call, p *world.EntityPrototype) any {
				q := c.quality(c.arg(2))
				kind := c.inventoryKind(c.arg(1), func(kind world.InventoryKind) bool { return p.InventorySize(kind, q) > 0 })
				if kind == "" {
					return nil
				}
				return p.InventorySize(kind, q)
			},
			"get_max_health": func(c call, p *world.EntityPrototype) any { return p.Health * c.quality(c.arg(1)).Multiplier() },
		},
	})
}

func dashed(text string) string {
	out := []byte(text)
	for i := range out {
		if out[i] == '_' {
			out[i] = '-'
		}
	}
	return string(out)
}

func (s *Script) addQualityPrototype() {
	declare(s, members[*world.Quality]{
		name: "LuaQualityPrototype", valid: always[*world.Quality],
		attrs: attributes[*world.Quality]{
			"name":               read(func(_ call, q *world.Quality) any { return q.Name }),
			"type":               read(func(call, *world.Quality) any { return "quality" }),
			"level":              read(func(_ call, q *world.Quality) any { return q.Level }),
			"next":               read(func(c call, q *world.Quality) any { return c.w.Catalog.Next(q) }),
			"next_probability":   read(func(_ call, q *world.Quality) any { return q.NextProbability }),
			"default_multiplier": read(func(_ call, q *world.Quality) any { return q.Multiplier() }),
		},
	})
}

func (s *Script) addOtherPrototypes() {
	declare(s, members[*world.FluidPrototype]{
		name: "LuaFluidPrototype", valid: always[*world.FluidPrototype],
		attrs: attributes[*world.FluidPrototype]{
			"name":                read(func(_ call, p *world.FluidPrototype) any { return p.Name }),
			"default_temperature": read(func(_ call, p *world.FluidPrototype) any { return p.DefaultTemperature }),
			"max_temperature":     read(func(_ call, p *world.FluidPrototype) any { return p.MaxTemperature }),
			"heat_capacity":       read(func(_ call, p *world.FluidPrototype) any { return p.HeatCapacity }),
		},
	})
	declare(s, members[*world.Recipe]{
		name: "LuaRecipePrototype", valid: always[*world.Recipe],
		attrs: attributes[*world.Recipe]{
			"name":        read(func(_ call, r *world.Recipe) any { return r.Name }),
			"category":    read(func(_ call, r *world.Recipe) any { return r.Category }),
			"energy":      read(func(_ call, r *world.Recipe) any { return r.Energy }),
			"enabled":     read(func(_ call, r *world.Recipe) any { return r.Enabled }),
			"ingredients": read(func(_ call, r *world.Recipe) any { return parts(r.Ingredients, nil) }),
			"products":    read(func(_ call, r *world.Recipe) any { return parts(r.Products, []Field{{"probability", 1}}) }),
		},
	})
	declare(s, members[*world.Location]{
		name: "LuaSpaceLocationPrototype", valid: always[*world.Location],
		attrs: attributes[*world.Location]{
			"name": read(func(_ call, l *world.Location) any { return l.Name }),
			"type": read(func(_ call, l *world.Location) any {
				if l.Planet {
					return "planet"
				}
				return "space-location"
			}),
		},
	})
	declare(s, members[*world.SurfacePrototype]{
		name: "LuaSurfacePrototype", valid: always[*world.SurfacePrototype],
		attrs: attributes[*world.SurfacePrototype]{"name": read(func(_ call, p *world.SurfacePrototype) any { return p.Name })},
	})
	declare(s, members[*world.CustomEvent]{
		name: "LuaCustomEventPrototype", valid: always[*world.CustomEvent],
		attrs: attributes[*world.CustomEvent]{
			"name":     read(func(_ call, e *world.CustomEvent) any { return e.Name }),
			"order":    read(func(_ call, e *world.CustomEvent) any { return e.Order }),
			"event_id": read(func(_ call, e *world.CustomEvent) any { return s.g.eventIDs[e.Name] }),
		},
	})
	declare(s, members[*world.CustomInput]{
		name: "LuaCustomInputPrototype", valid: always[*world.CustomInput],
		attrs: attributes[*world.CustomInput]{
			"name":         read(func(_ call, i *world.CustomInput) any { return i.Name }),
			"order":        read(func(_ call, i *world.CustomInput) any { return i.Order }),
			"key_sequence": read(func(_ call, i *world.CustomInput) any { return i.Keys }),
			"enabled":      read(func(_ call, i *world.CustomInput) any { return !i.Disabled }),
			"event_id":     read(func(_ call, i *world.CustomInput) any { return s.g.eventIDs[i.Name] }),
		},
	})
	declare(s, members[*world.Signal]{
		name: "LuaVirtualSignalPrototype", valid: always[*world.Signal],
		attrs: attributes[*world.Signal]{"name": read(func(_ call, p *world.Signal) any { return p.Name })},
	})
}

func parts(list []world.Part, more []Field) []any {
	out := []any{}
	for _, p := range list {
		out = append(out, append([]Field{{"type", p.Type}, {"name", p.Name}, {"amount", p.Amount}}, more...))
	}
	return out
}

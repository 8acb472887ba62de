package api

import (
	"math"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/luavm"
	"mainbus/cmd/mainbus-sim/internal/world"
)

func (s *Script) addSurfaceClass() {
	declare(s, members[*world.Surface]{
		name:  "LuaSurface",
		valid: func(f *world.Surface) bool { return !f.Gone },
		attrs: attributes[*world.Surface]{
			"name": {
				get: func(_ call, f *world.Surface) any { return f.Name },
				set: func(c call, f *world.Surface, v lua.LValue) {
					name := c.text(v)
					if name == "" || c.w.SurfaceNamed(name) != nil {
						c.fail("Surface name %q is empty or taken.", name)
					}
					c.w.RenameSurface(f, name)
				},
			},
			"index":     read(func(_ call, f *world.Surface) any { return f.Index }),
			"deletable": read(func(_ call, f *world.Surface) any { return f.Index != 1 }),
			"planet": read(func(c call, f *world.Surface) any {
				if f.Planet == "" {
					return nil
				}
				return planet{c.w.Catalog.Location(f.Planet)}
			}),
		},
		methods: surfaceMethods(),
	})
}

func surfaceMethods() methods[*world.Surface] {
	return methods[*world.Surface]{
		"find_entity": func(c call, f *world.Surface) any {
			name := c.entityPrototype(c.arg(1)).Name
			x, y := c.position(c.arg(2))
			for _, e := range c.around(f, x, y, 0, map[string]bool{name: true}) {
				if c.w.Covers(e, x, y) {
					return e
				}
			}
			return nil
		},
		"find_entities": func(c call, f *world.Surface) any {
			var where world.Where
			if c.arg(1) != lua.LNil {
				area := c.area(c.arg(1))
				where.Area = &area
			}
			return list(c.w.Find(f, where))
		},
		"find_entities_filtered": func(c call, f *world.Surface) any { return list(c.search(f, c.table(c.arg(1)))) },
		"count_entities_filtered": func(c call, f *world.Surface) any {
			return len(c.search(f, c.table(c.arg(1))))
		},
		"create_entity": createEntity,
		"can_place_entity": func(c call, f *world.Surface) any {
			x, y := c.position(c.named("position"))
			if force := c.named("force"); force != lua.LNil {
				c.forceOf(force)
			}
			return c.w.Fits(c.entityPrototype(c.named("name")).Name, f, x, y)
		},
		"spill_item_stack": func(c call, f *world.Surface) any {
			x, y := c.position(c.named("position"))
			s := c.stack(c.named("stack"))
			return c.spill(f, x, y, s)
		},
		"spill_inventory": func(c call, f *world.Surface) any {
			x, y := c.position(c.named("position"))
			inv := c.inventoryOf(c.named("inventory"))
			out := []any{}
			for i := range inv.Slots {
				s := inv.Slots[i]
				out = append(out, c.spill(f, x, y, s)...)
			}
			return out
		},
		"clear": func(c call, f *world.Surface) any {
			c.w.ClearSurface(f, !c.flag(c.arg(1), false))
			return nothing{}
		},
		"print": func(c call, f *world.Surface) any {
			return c.print(slices.DeleteFunc(c.w.Connected(), func(p *world.Player) bool {
				at, _ := c.w.Place(p)
				return at != f
			}))
		},
	}
}

// spill makes items on the ground as the named arguments say.
func (c call) spill(f *world.Surface, x, y float64, s world.Stack) []any {
	made := c.w.Spill(f, x, y, s, c.flag(c.named("drop_full_stack"), false))
	if v := c.named("force"); v != lua.LNil {
		force := c.forceOf(v)
		for _, e := range made {
			e.Marked = force.Index
		}
	}
	return list(made)
}

func createEntity(c call, f *world.Surface) any {
	p, quality := c.entityPrototype(c.named("name")), c.quality(c.named("quality"))
	x, y := c.position(c.named("position"))
	force := c.w.ForceNamed("enemy") // the default of the documentation
	if v := c.named("force"); v != lua.LNil {
		force = c.forceOf(v)
	}
	if p.Type == "item-entity" {
		made := c.w.Spill(f, x, y, c.stack(c.named("stack")), true)
		if len(made) == 0 {
			return nil
		}
		return made[0]
	}
	e := c.w.Build(p.Name, quality.Name, f, x, y, force)
	if v := c.named("player"); v != lua.LNil {
		e.LastUser = c.playerOf(v).Index
	}
	if v := c.named("bar"); v != lua.LNil {
		if inv := c.w.MainInventory(e); inv != nil && inv.HasBar {
			inv.Bar = min(c.count(v), len(inv.Slots))
		}
	}
	if c.flag(c.named("raise_built"), false) {
		c.w.RaiseBuilt(e)
	}
	if e.Gone {
		return nil
	}
	return e
}

// searchKeys are the filters that find_entities_filtered has here; others raise rather than find too much.
var searchKeys = []string{
	"area", "position", "radius", "name", "type", "force", "quality", "to_be_deconstructed", "has_item_inside", "limit", "invert",
}

// search is find_entities_filtered.
func (c call) search(f *world.Surface, filter *lua.LTable) []*world.Entity {
	for key, _ := filter.Next(lua.LNil); key != lua.LNil; key, _ = filter.Next(key) {
		if name, ok := key.(lua.LString); !ok || !slices.Contains(searchKeys, string(name)) {
			c.fail("the simulated game has no filter %q", key.String())
		}
	}
	names := c.texts(filter.RawGetString("name"))
	invert := c.flag(filter.RawGetString("invert"), false)
	limit := math.MaxInt
	if n := filter.RawGetString("limit"); n != lua.LNil {
		limit = c.count(n)
	}
	matches := c.conditions(filter, names)
	if invert {
		names = nil
	}
	var out []*world.Entity
	for _, e := range c.place(f, filter, names) {
		if len(out) == limit {
			break
		}
		if matches(e) != invert {
			out = append(out, e)
		}
	}
	return out
}

// conditions are those of a filter that say nothing of the place.
func (c call) conditions(filter *lua.LTable, names map[string]bool) func(*world.Entity) bool {
	var all []func(*world.Entity) bool
	if names != nil {
		all = append(all, func(e *world.Entity) bool { return names[e.Name] })
	}
	if types := c.texts(filter.RawGetString("type")); types != nil {
		all = append(all, func(e *world.Entity) bool { return types[e.Type] })
	}
	if forces := c.forces(filter.RawGetString("force")); forces != nil {
		all = append(all, func(e *world.Entity) bool { return forces[e.Force] })
	}
	if v := filter.RawGetString("quality"); v != lua.LNil {
		f := c.qualityCondition(v)
		all = append(all, func(e *world.Entity) bool { return c.w.Catalog.Allows(f, world.Key{Quality: e.Quality}) })
	}
	if v := filter.RawGetString("to_be_deconstructed"); v != lua.LNil {
		marked := c.boolean(v)
		all = append(all, func(e *world.Entity) bool { return (e.Marked != 0) == marked })
	}
	if v := filter.RawGetString("has_item_inside"); v != lua.LNil {
		k := c.key(v)
		all = append(all, func(e *world.Entity) bool {
			f := world.Filter{Name: k.Name, Quality: k.Quality}
			return body{entity: e}.count(c, &f) > 0
		})
	}
	return func(e *world.Entity) bool {
		for _, matches := range all {
			if !matches(e) {
				return false
			}
		}
		return true
	}
}

// qualityCondition reads a QualityCondition: a quality or {quality, comparator}.
func (c call) qualityCondition(v lua.LValue) world.Filter {
	if t, ok := v.(*lua.LTable); ok {
		return world.Filter{Quality: c.quality(t.RawGetString("quality")).Name, Comparator: c.comparator(t.RawGetString("comparator"))}
	}
	return world.Filter{Quality: c.quality(v).Name, Comparator: "="}
}

// forces reads a ForceSet as indexes; nil when v is nil.
func (c call) forces(v lua.LValue) map[int]bool {
	if v == lua.LNil {
		return nil
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		return map[int]bool{c.forceOf(v).Index: true}
	}
	set := map[int]bool{}
	for i := 1; i <= luavm.Len(t); i++ {
		set[c.forceOf(luavm.Index(t, i)).Index] = true
	}
	return set
}

// place is the entities of where a filter says: an area, a position, a circle, or everywhere.
func (c call) place(f *world.Surface, filter *lua.LTable, names map[string]bool) []*world.Entity {
	if v := filter.RawGetString("area"); v != lua.LNil {
		area := c.area(v)
		return c.w.Find(f, world.Where{Area: &area, Names: names})
	}
	v := filter.RawGetString("position")
	if v == lua.LNil {
		return c.w.Find(f, world.Where{Names: names})
	}
	x, y := c.position(v)
	if r := filter.RawGetString("radius"); r != lua.LNil {
		radius := min(max(c.number(r), 0), 2*mapEdge)
		return slices.DeleteFunc(c.around(f, x, y, radius, names), func(e *world.Entity) bool {
			return math.Hypot(e.X-x, e.Y-y) > radius
		})
	}
	return slices.DeleteFunc(c.around(f, x, y, 0, names), func(e *world.Entity) bool { return !c.w.Covers(e, x, y) })
}

// around is the entities whose boxes touch a square, or nearly so.
func (c call) around(f *world.Surface, x, y, radius float64, names map[string]bool) []*world.Entity {
	reach := radius + 1
	area := world.Area{From: world.Point{X: x - reach, Y: y - reach}, To: world.Point{X: x + reach, Y: y + reach}}
	return c.w.Find(f, world.Where{Area: &area, Names: names})
}

package api

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// customTable is a LuaCustomTable by its name in customTables. What isn't in it is nil.
type customTable string

// content is what a custom table shows.
type content struct {
	all      func(w *world.World) []any
	key      func(thing any) lua.LValue            // what pairs gives
	byName   func(w *world.World, name string) any // nil pointers are nil
	byNumber func(w *world.World, number int) any  // nil when the table has names only
	set      func(w *world.World, name string, v any)
}

// named is a table of things that are found by name.
func named[T any](all func(*world.World) []T, name func(T) string, find func(*world.World, string) T) content {
	return content{
		all:    func(w *world.World) []any { return list(all(w)) },
		key:    func(thing any) lua.LValue { return lua.LString(name(thing.(T))) },
		byName: func(w *world.World, name string) any { return find(w, name) },
	}
}

// customTables are all of them.
func customTables() map[customTable]content {
	surfaces := named(func(w *world.World) []*world.Surface { return w.Surfaces }, func(f *world.Surface) string { return f.Name }, (*world.World).SurfaceNamed)
	surfaces.byNumber = func(w *world.World, n int) any { return w.Surface(n) }
	forces := named(func(w *world.World) []*world.Force { return w.Forces }, func(f *world.Force) string { return f.Name }, (*world.World).ForceNamed)
	forces.byNumber = func(w *world.World, n int) any { return w.Force(n) }
	players := named(func(w *world.World) []*world.Player { return w.Players }, func(p *world.Player) string { return p.Name }, (*world.World).Player)
	players.byNumber = func(w *world.World, n int) any { return w.PlayerAt(n) }
	players.key = func(p any) lua.LValue { return lua.LNumber(p.(*world.Player).Index) } // as the documentation says
	return map[customTable]content{
		"surfaces": surfaces, "forces": forces, "players": players,
		"planets": {
			all:    planets,
			key:    func(p any) lua.LValue { return lua.LString(p.(planet).Name) },
			byName: func(w *world.World, name string) any { return planetNamed(w, name) },
		},
		"prototypes.item": named(func(w *world.World) []*world.Item { return w.Catalog.Items },
			func(p *world.Item) string { return p.Name }, func(w *world.World, name string) *world.Item { return w.Catalog.Item(name) }),
		"prototypes.entity": named(func(w *world.World) []*world.EntityPrototype { return w.Catalog.Entities },
			func(p *world.EntityPrototype) string { return p.Name }, func(w *world.World, name string) *world.EntityPrototype { return w.Catalog.Entity(name) }),
		"prototypes.fluid": named(func(w *world.World) []*world.FluidPrototype { return w.Catalog.Fluids },
			func(p *world.FluidPrototype) string { return p.Name }, func(w *world.World, name string) *world.FluidPrototype { return w.Catalog.Fluid(name) }),
		"prototypes.quality": named(func(w *world.World) []*world.Quality { return w.Catalog.Qualities },
			func(p *world.Quality) string { return p.Name }, func(w *world.World, name string) *world.Quality { return w.Catalog.Quality(name) }),
		"prototypes.recipe": named(func(w *world.World) []*world.Recipe { return w.Catalog.Recipes },
			func(p *world.Recipe) string { return p.Name }, func(w *world.World, name string) *world.Recipe { return w.Catalog.Recipe(name) }),
		"prototypes.surface": named(func(w *world.World) []*world.SurfacePrototype { return w.Catalog.Surfaces },
			func(p *world.SurfacePrototype) string { return p.Name }, func(w *world.World, name string) *world.SurfacePrototype { return w.Catalog.Surface(name) }),
		"prototypes.space_location": named(func(w *world.World) []*world.Location { return w.Catalog.Locations },
			func(p *world.Location) string { return p.Name }, func(w *world.World, name string) *world.Location { return w.Catalog.Location(name) }),
		"prototypes.custom_event": named(func(w *world.World) []*world.CustomEvent { return w.Catalog.Events },
			func(p *world.CustomEvent) string { return p.Name }, func(w *world.World, name string) *world.CustomEvent { return w.Catalog.Event(name) }),
		"prototypes.custom_input": named(func(w *world.World) []*world.CustomInput { return w.Catalog.Inputs },
			func(p *world.CustomInput) string { return p.Name }, func(w *world.World, name string) *world.CustomInput { return w.Catalog.Input(name) }),
		"prototypes.virtual_signal": named(func(w *world.World) []*world.Signal { return w.Catalog.Signals },
			func(p *world.Signal) string { return p.Name }, func(w *world.World, name string) *world.Signal { return w.Catalog.Signal(name) }),
	}
}

func planets(w *world.World) (out []any) {
	for _, l := range w.Catalog.Locations {
		if l.Planet {
			out = append(out, planet{l})
		}
	}
	return out
}

func planetNamed(w *world.World, name string) any {
	if l := w.Catalog.Location(name); l != nil && l.Planet {
		return planet{l}
	}
	return nil
}

// tableNamed is an attribute that is a custom table.
func tableNamed[T any](name customTable) attribute[T] {
	return read(func(call, T) any { return name })
}

func (s *Script) addCustomTableClass() {
	tables := customTables()
	for attribute := range keptClasses {
		tables[customTable("prototypes."+attribute)] = keptTable(attribute)
	}
	tables["prototypes.mod_setting"] = s.settingPrototypes()
	table := func(t customTable) content {
		if settings, ok := s.settingTable(t); ok {
			return settings
		}
		if force, ok := strings.CutPrefix(string(t), recipesOf); ok {
			return recipeTable(force)
		}
		return tables[t]
	}
	declare(s, members[customTable]{
		name:   "LuaCustomTable",
		valid:  always[customTable],
		length: func(c call, t customTable) int { return len(table(t).all(c.w)) },
		index: func(c call, t customTable, key lua.LValue) any {
			switch key := key.(type) {
			case lua.LString:
				return table(t).byName(c.w, string(key))
			case lua.LNumber:
				if find := table(t).byNumber; find != nil && key >= 0 && key <= math.MaxInt32 {
					return find(c.w, int(key))
				}
			}
			return nil
		},
		write: s.writeSetting,
		pairs: func(c call, t customTable) *lua.LTable {
			out := c.l.NewTable()
			for _, thing := range table(t).all(c.w) {
				out.RawSet(table(t).key(thing), c.value(thing))
			}
			return out
		},
	})
}

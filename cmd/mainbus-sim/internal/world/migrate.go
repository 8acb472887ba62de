package world

import (
	"maps"
	"slices"
)

// Renames are what prototypes are called after a migration by what they were called before, by the kind of prototype as
// the game names it: "item", "fluid", "virtual-signal".
type Renames map[string]map[string]string

// Kinds of prototypes that a map refers to by name.
const (
	itemKind    = "item"
	entityKind  = "entity"
	fluidKind   = "fluid"
	qualityKind = "quality"
	recipeKind  = "recipe"
	signalKind  = "virtual-signal"
)

// Names are the prototypes that a map may refer to, sorted, by their kind.
func (c *Catalog) Names() map[string][]string {
	return map[string][]string{
		itemKind: slices.Sorted(maps.Keys(c.items)), entityKind: slices.Sorted(maps.Keys(c.entities)),
		fluidKind: slices.Sorted(maps.Keys(c.fluids)), qualityKind: slices.Sorted(maps.Keys(c.qualities)),
		recipeKind: slices.Sorted(maps.Keys(c.recipes)), signalKind: slices.Sorted(maps.Keys(c.signals)),
	}
}

// Then is r followed by next.
func (r Renames) Then(next Renames) Renames {
	out := Renames{}
	for kind, names := range r {
		out[kind] = map[string]string{}
		for old, now := range names {
			out[kind][old] = next.of(kind, now)
		}
	}
	for kind, names := range next {
		if out[kind] == nil {
			out[kind] = map[string]string{}
		}
		for old, now := range names {
			if _, gone := r[kind][old]; !gone { // else nothing bears that name any more
				out[kind][old] = now
			}
		}
	}
	return out
}

// of is what a name has become.
func (r Renames) of(kind, name string) string {
	if now, renamed := r[kind][name]; renamed {
		return now
	}
	return name
}

func (r Renames) key(k Key) Key { return Key{r.of(itemKind, k.Name), r.of(qualityKind, k.Quality)} }

// migrate renames all that a loaded map refers to, before it is looked up.
func (w *World) migrate(r Renames) {
	if len(r) == 0 {
		return
	}
	for _, f := range w.Forces {
		f.migrate(r)
	}
	for _, inv := range w.ScriptInventories {
		inv.migrate(r)
	}
	for _, e := range w.Entities {
		e.migrate(r)
	}
	for _, p := range w.Players {
		p.Hand.migrate(r)
	}
	for i := range w.Flows {
		if rule, err := w.Flows[i].rule(); err == nil {
			rule.Item, rule.Quality = r.of(itemKind, rule.Item), r.of(qualityKind, rule.Quality)
		}
	}
	for _, t := range []*Tally{&w.Books.Made, &w.Books.Consumed, &w.Books.Inserted, &w.Books.Removed} {
		t.migrate(r)
	}
}

func (f *Force) migrate(r Renames) {
	for _, slots := range f.Groups {
		slots.migrate(r)
	}
	for _, l := range f.Linked {
		l.Container = r.of(entityKind, l.Container)
		l.Inventory.migrate(r)
	}
	recipes := map[string]bool{}
	for name, enabled := range f.Recipes {
		recipes[r.of(recipeKind, name)] = enabled
	}
	f.Recipes = recipes
}

func (e *Entity) migrate(r Renames) {
	e.Name, e.Quality = r.of(entityKind, e.Name), r.of(qualityKind, e.Quality)
	e.Recipe, e.RecipeQuality = r.of(recipeKind, e.Recipe), r.of(qualityKind, e.RecipeQuality)
	for _, inv := range e.Inventories {
		inv.migrate(r)
	}
	if e.Fluid != nil {
		e.Fluid.Name = r.of(fluidKind, e.Fluid.Name)
	}
	if e.Storage != nil {
		*e.Storage = r.key(*e.Storage)
	}
	if e.Requests != nil {
		for _, s := range e.Requests.Sections {
			s.Slots.migrate(r)
		}
	}
}

func (inv *Inventory) migrate(r Renames) {
	for i := range inv.Slots {
		if slot := &inv.Slots[i]; slot.Count > 0 {
			slot.Key = r.key(slot.Key)
		}
	}
	for slot, f := range inv.Filters {
		f.Name, f.Quality = r.of(itemKind, f.Name), r.of(qualityKind, f.Quality)
		inv.Filters[slot] = f
	}
}

// migrate renames requests; their types are called as kinds of prototypes are, but virtual signals.
func (s *Slots) migrate(r Renames) {
	if s == nil {
		return
	}
	for number, q := range *s {
		kind := q.Type
		if kind == "virtual" {
			kind = signalKind
		}
		q.Name, q.Quality = r.of(kind, q.Name), r.of(qualityKind, q.Quality)
		(*s)[number] = q
	}
}

func (t *Tally) migrate(r Renames) {
	items, fluids := Counts{}, FluidCounts{}
	for k, n := range t.Items {
		items[r.key(k)] += n
	}
	for name, n := range t.Fluids {
		fluids[r.of(fluidKind, name)] += n
	}
	t.Items, t.Fluids = items, fluids
}

package world

import (
	"cmp"
	"math"
	"slices"
)

// Entity is something that stands on a surface. Its pointer stays; Gone is set when it is destroyed.
type Entity struct {
	Unit          uint64       `json:"unit"`         // from 1; never used again
	ID            string       `json:"id,omitempty"` // in the scenario file
	Name          string       `json:"name"`
	Type          string       `json:"type"`
	Quality       string       `json:"quality"`
	Surface       int          `json:"surface"`
	Force         int          `json:"force"`
	X             float64      `json:"x"`
	Y             float64      `json:"y"`
	Damage        float64      `json:"damage,omitempty"` // what is missing of its health
	Inventories   []*Inventory `json:"inventories,omitempty"`
	Fluid         *Fluid       `json:"fluid,omitempty"`
	Energy        float64      `json:"energy,omitempty"` // joules
	Buffer        float64      `json:"buffer,omitempty"` // joules, when a script set another than the prototype's
	Requests      *Requests    `json:"requests,omitempty"`
	Storage       *Key         `json:"storage,omitempty"` // filter of a storage chest
	Link          uint32       `json:"link,omitempty"`    // of a linked container
	Recipe        string       `json:"recipe,omitempty"`  // of a machine
	RecipeQuality string       `json:"recipe_quality,omitempty"`
	Marked        int          `json:"marked,omitempty"` // index of the force whose robots shall take it away
	LastUser      int          `json:"last_user,omitempty"`
	Away          bool         `json:"away,omitempty"` // a character whose player is offline: nobody finds it
	NotMinable    bool         `json:"not_minable,omitempty"`
	NotOperable   bool         `json:"not_operable,omitempty"`
	Protected     bool         `json:"protected,omitempty"` // destructible is false
	Gone          bool         `json:"-"`
}

// itemOnGround is the prototype of the entities that hold one spilled stack each.
const itemOnGround = "item-on-ground"

// ground is the kind of the inventory that holds that stack; it has no name in the game.
const ground InventoryKind = "ground"

// Prototype of an entity.
func (w *World) Prototype(e *Entity) *EntityPrototype { return w.Catalog.Entity(e.Name) }

// multiplier is what an entity's quality makes of most of its numbers.
func (w *World) multiplier(e *Entity) float64 { return w.Catalog.Quality(e.Quality).Multiplier() }

// Build places an entity; nil when there is no such prototype. Nobody checks whether there is room, as in the game.
func (w *World) Build(name, quality string, surface *Surface, x, y float64, force *Force) *Entity {
	p, q := w.Catalog.Entity(name), w.Catalog.Quality(orNormal(quality))
	if p == nil || q == nil {
		return nil
	}
	w.LastUnit++
	e := &Entity{Unit: w.LastUnit, Name: name, Type: p.Type, Quality: q.Name, Surface: surface.Index, Force: force.Index}
	e.X, e.Y = p.snap(x), p.snapY(y)
	w.furnish(e, p)
	w.Entities = append(w.Entities, e)
	w.enter(e)
	return e
}

// furnish gives an entity what its type has and it lacks.
func (w *World) furnish(e *Entity, p *EntityPrototype) {
	q := w.Catalog.Quality(e.Quality)
	for _, kind := range InventoryKinds {
		if n := p.InventorySize(kind, q); n > 0 && kind != LinkedChest && w.Inventory(e, kind) == nil {
			e.Inventories = append(e.Inventories, w.newInventory(kind, n))
		}
	}
	switch p.Type {
	case "logistic-container":
		if requests(p.Mode) && e.Requests == nil {
			e.Requests = &Requests{Sections: []*Section{newSection()}}
		}
	case "constant-combinator":
		if e.Requests == nil {
			e.Requests = &Requests{Sections: []*Section{newSection()}}
		}
	case "item-entity":
		if len(e.Inventories) == 0 {
			e.Inventories = append(e.Inventories, w.newInventory(ground, 1))
		}
	case "linked-container":
		w.linked(e.Force, e.Name, e.Link)
	}
	w.own(e, p)
}

// own ties an entity's inventories to it.
func (w *World) own(e *Entity, p *EntityPrototype) {
	for _, inv := range e.Inventories {
		inv.Entity = e
		inv.HasBar = inv.Kind == Chest && p.Bar
		inv.HasFilters = (inv.Kind == Chest && p.Filters) || inv.Kind == CharacterMain
	}
}

// snap puts an entity on the grid by its width: the middle of a tile, or its edge when it is an even number wide.
func (p *EntityPrototype) snap(x float64) float64 { return p.onGrid(x, p.Box[1].X-p.Box[0].X) }

func (p *EntityPrototype) snapY(y float64) float64 { return p.onGrid(y, p.Box[1].Y-p.Box[0].Y) }

func (p *EntityPrototype) onGrid(v, size float64) float64 {
	switch {
	case p.Type == "character" || p.Type == "item-entity":
		return math.Round(v*256) / 256 // the game's positions are multiples of 1/256
	case int(math.Ceil(size))%2 == 0:
		return math.Round(v)
	}
	return math.Floor(v) + 0.5
}

// Inventory is one of an entity's, nil when it has none of the kind.
func (w *World) Inventory(e *Entity, kind InventoryKind) *Inventory {
	if e.Type == "linked-container" && (kind == LinkedChest || kind == Chest) {
		return w.linked(e.Force, e.Name, e.Link)
	}
	for _, inv := range e.Inventories {
		if inv.Kind == kind {
			return inv
		}
	}
	return nil
}

// MainInventory is where items go that are put into an entity; nil when it takes none.
func (w *World) MainInventory(e *Entity) *Inventory {
	switch {
	case e.Type == "linked-container":
		return w.linked(e.Force, e.Name, e.Link)
	case len(e.Inventories) == 0:
		return nil
	}
	for _, kind := range []InventoryKind{Chest, CharacterMain} {
		if inv := w.Inventory(e, kind); inv != nil {
			return inv
		}
	}
	return e.Inventories[0]
}

// Stack is what an item on the ground is.
func (e *Entity) Stack() *Stack { return &e.Inventories[0].Slots[0] }

// MaxHealth of an entity; 0 when it has none.
func (w *World) MaxHealth(e *Entity) float64 { return w.Prototype(e).Health * w.multiplier(e) }

// Capacity is how many joules an entity stores.
func (w *World) Capacity(e *Entity) float64 {
	if e.Buffer > 0 {
		return e.Buffer
	}
	capacity := w.Prototype(e).Buffer
	if e.Type == "accumulator" { // each level of quality doubles what the first one adds
		capacity *= 1 + float64(w.Catalog.Quality(e.Quality).Level)
	}
	return capacity
}

// SetEnergy sets the joules stored, for a script.
func (w *World) SetEnergy(e *Entity, joules float64) {
	joules = min(max(joules, 0), w.Capacity(e))
	if change := joules - e.Energy; change > 0 {
		w.Books.Inserted.Energy += change
	} else {
		w.Books.Removed.Energy -= change
	}
	e.Energy = joules
}

// Destroy removes an entity and what is in it, for a script. raise tells scripts before.
func (w *World) Destroy(e *Entity, raise bool) {
	if raise {
		w.emit("script_raised_destroy", Fields{"entity": e})
	}
	if !e.Gone {
		w.remove(e, &w.Books.Removed)
	}
}

// Die kills an entity, with what is in it. False means that it has no health or is protected.
func (w *World) Die(e *Entity, force *Force, cause *Entity) bool {
	if e.Protected || w.MaxHealth(e) == 0 {
		return false
	}
	loot := w.newInventory("", 0)
	fields := Fields{"entity": e, "loot": loot}
	if force != nil {
		fields["force"] = force
	}
	if cause != nil {
		fields["cause"] = cause
	}
	w.emit("on_entity_died", fields)
	w.drop(loot)
	if !e.Gone {
		w.remove(e, &w.Books.Removed)
	}
	return true
}

// remove takes an entity off the map and writes what it holds into a book.
func (w *World) remove(e *Entity, book *Tally) {
	for _, inv := range e.Inventories {
		inv.empty(book)
		w.drop(inv)
	}
	if e.Fluid != nil {
		book.fluid(e.Fluid.Name, e.Fluid.Amount)
		e.Fluid = nil
	}
	book.Energy += e.Energy
	e.Energy = 0
	if !e.Away {
		w.leave(e)
	}
	e.Gone = true
	delete(w.byUnit, e.Unit)
	delete(w.byID, e.ID)
	if i, found := w.findUnit(e.Unit); found {
		w.Entities = slices.Delete(w.Entities, i, i+1)
	}
	w.died(TargetEntity, e.Unit)
	for _, p := range w.Players {
		if p.Character == e.Unit {
			p.Character = 0
		}
	}
}

func (w *World) findUnit(unit uint64) (int, bool) {
	return slices.BinarySearchFunc(w.Entities, unit, func(e *Entity, unit uint64) int { return cmp.Compare(e.Unit, unit) })
}

// Entity with that unit number, nil if there is none.
func (w *World) Entity(unit uint64) *Entity { return w.byUnit[unit] }

// Named is the entity that the scenario file gives an ID, nil if there is none.
func (w *World) Named(id string) *Entity { return w.byID[id] }

// Mine takes an entity apart into an inventory. What doesn't fit is spilled when force is true; otherwise the entity
// stays, with what is left in it, and the result is false. A nil inventory destroys everything. books is where the
// entity's own items come from: scripts insert them, players make them.
func (w *World) Mine(e *Entity, into *Inventory, force bool, books *Tally) bool {
	if into == nil {
		w.remove(e, &w.Books.Removed)
		return true
	}
	for _, inv := range e.Inventories {
		w.moveAll(inv, into)
		if !inv.Empty() && !force {
			return false
		}
	}
	surface, x, y := w.Surface(e.Surface), e.X, e.Y
	if result := w.Prototype(e).MineResult; result != "" && w.Catalog.Item(result) != nil {
		s := w.Fresh(Key{result, e.Quality}, 1)
		if health := w.MaxHealth(e); health > 0 {
			s.Damage = e.Damage / health
		}
		if !force && into.Insertable(s.Key) < 1 {
			return false
		}
		books.item(s.Key, 1)
		into.put(&s)
		w.lay(surface, x, y, s, 1)
	}
	for _, inv := range e.Inventories {
		for i := range inv.Slots {
			s := inv.Slots[i]
			inv.Slots[i] = Stack{}
			w.lay(surface, x, y, s, 1)
		}
	}
	w.remove(e, &w.Books.Removed)
	return true
}

// Teleport moves an entity.
func (w *World) Teleport(e *Entity, surface *Surface, x, y float64) {
	if !e.Away {
		w.leave(e)
		defer w.enter(e)
	}
	p := w.Prototype(e)
	e.Surface, e.X, e.Y = surface.Index, p.snap(x), p.snapY(y)
}

// MineByScript is Mine for a script; raise tells others before.
func (w *World) MineByScript(e *Entity, into *Inventory, force, raise bool) bool {
	if raise {
		w.emit("script_raised_destroy", Fields{"entity": e})
	}
	return !e.Gone && w.Mine(e, into, force, &w.Books.Inserted)
}

// spillStep is the distance between spilled items, in tiles.
const spillStep = 0.5

// Spill makes items on the ground around a position, each alone or all in one, for a script, and returns the entities.
func (w *World) Spill(surface *Surface, x, y float64, s Stack, together bool) []*Entity {
	w.Books.Inserted.item(s.Key, s.Count)
	each := 1
	if together {
		each = s.Count
	}
	return w.lay(surface, x, y, s, each)
}

// lay puts a stack on the ground, in heaps of some items.
func (w *World) lay(surface *Surface, x, y float64, s Stack, each int) []*Entity {
	var out []*Entity
	taken := map[Point]bool{}
	for _, e := range surface.byName[itemOnGround] {
		taken[Point{e.X, e.Y}] = true
	}
	next := spiral(math.Floor(x)+0.25, math.Floor(y)+0.25)
	for s.Count > 0 {
		at := next()
		if taken[at] {
			continue
		}
		e := w.Build(itemOnGround, "", surface, at.X, at.Y, w.Forces[2])
		w.pour(e.Stack(), &s, min(each, s.Count))
		out = append(out, e)
	}
	return out
}

// spiral gives positions around one, the nearest first.
func spiral(x, y float64) func() Point {
	at, dx, dy, run, left, turns := Point{x, y}, 1.0, 0.0, 1, 1, 0
	first := true
	return func() Point {
		if first {
			first = false
			return at
		}
		at = Point{at.X + dx*spillStep, at.Y + dy*spillStep}
		if left--; left == 0 {
			dx, dy = -dy, dx
			if turns++; turns%2 == 0 {
				run++
			}
			left = run
		}
		return at
	}
}

// TeleportEntity moves an entity for a script, which may want others to hear of it.
func (w *World) TeleportEntity(e *Entity, to *Surface, x, y float64, raise bool) {
	fields := Fields{"entity": e, "old_surface_index": e.Surface, "old_position": Point{e.X, e.Y}}
	w.Teleport(e, to, x, y)
	if raise {
		w.emit("script_raised_teleported", fields)
	}
}

// RaiseBuilt tells scripts that one of them built an entity.
func (w *World) RaiseBuilt(e *Entity) { w.emit("script_raised_built", Fields{"entity": e}) }

// Package world is the simulated map: surfaces, chests with items, and flows that make, move and use them up. All of
// its state can be saved and loaded. It knows nothing of Lua and has no goroutines.
package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// World is one map. Exported fields are its saved state.
type World struct {
	Name               string     `json:"name"`
	Seed               uint32     `json:"seed"`
	Tick               uint64     `json:"tick"`
	Speed              float64    `json:"speed"`
	Random             []byte     `json:"random"`
	ConsoleCommandUsed bool       `json:"console_command_used"`
	Stopped            bool       `json:"stopped"` // the flows, by command
	Surfaces           []*Surface `json:"surfaces"`
	Forces             []*Force   `json:"forces"`
	Entities           []*Entity  `json:"entities"`
	LastUnit           uint64     `json:"last_unit"`
	Players            []*Player  `json:"players"`
	LastPlayer         int        `json:"last_player"`
	Bans               []Ban      `json:"bans"`
	Admins             []string   `json:"admins"`
	Whitelist          []string   `json:"whitelist"`
	Flows              []Flow     `json:"flows"`
	Calls              []Call     `json:"calls"`
	Made               []Amount   `json:"made"`
	Consumed           []Amount   `json:"consumed"`

	Catalog *Catalog  `json:"-"`
	Source  *rand.PCG `json:"-"` // Random as a generator
	byUnit  map[uint64]*Entity
	byID    map[string]*Entity

	listeners []func(Event)
}

// Surface is a place that entities stand on.
type Surface struct {
	Name  string `json:"name"`
	Index int    `json:"index"` // from 1
}

// Force owns entities.
type Force struct {
	Name  string `json:"name"`
	Index int    `json:"index"` // from 1
}

// Entity is something built. Its pointer stays; Gone is set when it is destroyed.
type Entity struct {
	Unit      uint64     `json:"unit"`
	ID        string     `json:"id,omitempty"` // in the scenario file
	Name      string     `json:"name"`
	Type      string     `json:"type"`
	Surface   int        `json:"surface"`
	Force     int        `json:"force"`
	X         float64    `json:"x"`
	Y         float64    `json:"y"`
	Inventory *Inventory `json:"inventory,omitempty"`
	Gone      bool       `json:"-"`
}

// New makes a map as --create does. The contents that its chests begin with count as made.
func New(name string, seed uint32, catalog *Catalog, plan Plan) (*World, error) {
	w := &World{
		Name: name, Seed: seed, Speed: 1, Catalog: catalog,
		Source:   rand.NewPCG(uint64(seed), 0x6661_6374),
		Surfaces: []*Surface{{Name: "nauvis", Index: 1}},
		Forces:   []*Force{{Name: "player", Index: 1}, {Name: "enemy", Index: 2}, {Name: "neutral", Index: 3}},
		Flows:    slices.Clone(plan.Flows),
		Calls:    slices.Clone(plan.Calls),
	}
	w.index()
	for _, chest := range plan.Chests {
		if err := w.addChest(chest); err != nil {
			return nil, fmt.Errorf("chest %q: %w", chest.ID, err)
		}
	}
	for i := range w.Flows {
		if err := w.checkFlow(&w.Flows[i]); err != nil {
			return nil, fmt.Errorf("flow %d: %w", i+1, err)
		}
	}
	return w, nil
}

// Load makes a map from what Save gave.
func Load(data []byte, catalog *Catalog) (*World, error) {
	w := &World{Catalog: catalog, Source: rand.NewPCG(0, 0)}
	if err := json.Unmarshal(data, w); err != nil {
		return nil, fmt.Errorf("read world: %w", err)
	}
	if err := w.Source.UnmarshalBinary(w.Random); err != nil {
		return nil, fmt.Errorf("read world's random generator: %w", err)
	}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("read world: %w", err)
	}
	for _, e := range w.Entities {
		if e.Inventory != nil {
			e.Inventory.adopt(catalog)
		}
	}
	for _, p := range w.Players {
		for _, inv := range w.carried(p) {
			inv.adopt(catalog)
		}
	}
	w.index()
	return w, nil
}

// check refuses what the rest of the package relies on not to find.
func (w *World) check() error {
	if len(w.Surfaces) == 0 || len(w.Forces) != 3 || !(w.Speed > 0) {
		return errors.New("surfaces, forces or speed are missing")
	}
	for _, e := range w.Entities {
		if e == nil || e.Surface < 1 || e.Surface > len(w.Surfaces) || e.Force < 1 || e.Force > len(w.Forces) ||
			w.Catalog.Item(e.Name) == nil || w.Catalog.Item(e.Name).Place == nil {
			return errors.New("an entity stands nowhere, belongs to nobody or is of an unknown kind")
		}
	}
	for _, p := range w.Players {
		if p == nil || p.Name == "" || p.Index < 1 || p.Index > w.LastPlayer || p.Surface < 1 || p.Surface > len(w.Surfaces) ||
			p.Force < 1 || p.Force > len(w.Forces) || slices.Contains(w.carried(p), nil) || len(p.Cursor.Slots) != 1 {
			return errors.New("a player is incomplete")
		}
	}
	for i := range w.Flows {
		if rule, err := w.Flows[i].rule(); err != nil || rule.EveryTicks == 0 {
			return fmt.Errorf("flow %d is incomplete", i+1)
		}
	}
	return nil
}

// Save gives all state as JSON.
func (w *World) Save() ([]byte, error) {
	random, err := w.Source.MarshalBinary()
	if err != nil {
		return nil, err
	}
	w.Random = random
	return json.Marshal(w)
}

func (w *World) index() {
	w.byUnit, w.byID = map[uint64]*Entity{}, map[string]*Entity{}
	for _, e := range w.Entities {
		w.byUnit[e.Unit] = e
		if e.ID != "" {
			w.byID[e.ID] = e
		}
	}
}

func (w *World) addChest(plan ChestPlan) error {
	name := plan.Name
	if name == "" {
		name = "steel-chest"
	}
	surface := w.surfaceNamed(plan.Surface)
	e := w.Build(name, surface, plan.Position[0], plan.Position[1], w.Forces[0])
	if e == nil || e.Inventory == nil {
		return fmt.Errorf("%q is no chest", name)
	}
	if plan.Slots < 0 || plan.Slots > MaxSlots {
		return fmt.Errorf("%d slots", plan.Slots)
	}
	if plan.Slots > 0 {
		e.Inventory = NewInventory(w.Catalog, plan.Slots)
	}
	e.ID = plan.ID
	w.byID[e.ID] = e
	for _, a := range plan.Contents {
		a.Quality = orNormal(a.Quality)
		if e.Inventory.Insert(a) != a.Count {
			return fmt.Errorf("%d %s (%s) do not fit or do not exist", a.Count, a.Name, a.Quality)
		}
		add(&w.Made, a)
	}
	return nil
}

// surfaceNamed makes surfaces that a scenario names, as a planet's surface appears when first needed.
func (w *World) surfaceNamed(name string) *Surface {
	if name == "" {
		return w.Surfaces[0]
	}
	for _, s := range w.Surfaces {
		if s.Name == name {
			return s
		}
	}
	s := &Surface{Name: name, Index: len(w.Surfaces) + 1}
	w.Surfaces = append(w.Surfaces, s)
	return s
}

func orNormal(quality string) string {
	if quality == "" {
		return "normal"
	}
	return quality
}

// Build places an entity in the middle of the tile at x, y; nil when there is no such prototype.
func (w *World) Build(name string, surface *Surface, x, y float64, force *Force) *Entity {
	item := w.Catalog.Item(name)
	if item == nil || item.Place == nil {
		return nil
	}
	w.LastUnit++
	e := &Entity{
		Unit: w.LastUnit, Name: name, Type: item.Place.Type, Surface: surface.Index, Force: force.Index,
		X: math.Floor(x) + 0.5, Y: math.Floor(y) + 0.5,
	}
	if item.Place.Slots > 0 {
		e.Inventory = NewInventory(w.Catalog, item.Place.Slots)
	}
	w.Entities = append(w.Entities, e)
	w.byUnit[e.Unit] = e
	return e
}

// Destroy removes an entity and what is in it.
func (w *World) Destroy(e *Entity) {
	e.Gone = true
	delete(w.byUnit, e.Unit)
	delete(w.byID, e.ID)
	w.Entities = slices.DeleteFunc(w.Entities, func(other *Entity) bool { return other == e })
}

// Entity with that unit number, nil if there is none.
func (w *World) Entity(unit uint64) *Entity { return w.byUnit[unit] }

func add(list *[]Amount, a Amount) {
	if a.Count == 0 {
		return
	}
	for i := range *list {
		if (*list)[i].Key == a.Key {
			(*list)[i].Count += a.Count
			return
		}
	}
	*list = append(*list, a)
}

// Sum is what exists, was made and was consumed of one kind of item.
type Sum struct {
	Key
	Contents int `json:"contents"`
	Made     int `json:"made"`
	Consumed int `json:"consumed"`
}

// inventories are all inventories of the map.
func (w *World) inventories() (out []*Inventory) {
	for _, e := range w.Entities {
		if e.Inventory != nil {
			out = append(out, e.Inventory)
		}
	}
	for _, p := range w.Players {
		out = append(out, w.carried(p)...)
	}
	return out
}

// Sums adds up everything in all inventories, sorted by name and quality.
func (w *World) Sums() []Sum {
	sums := map[Key]*Sum{}
	of := func(k Key) *Sum {
		if sums[k] == nil {
			sums[k] = &Sum{Key: k}
		}
		return sums[k]
	}
	for _, inv := range w.inventories() {
		for _, a := range inv.Contents() {
			of(a.Key).Contents += a.Count
		}
	}
	for _, a := range w.Made {
		of(a.Key).Made += a.Count
	}
	for _, a := range w.Consumed {
		of(a.Key).Consumed += a.Count
	}
	out := []Sum{}
	for _, s := range sums {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Sum) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Quality, b.Quality)
	})
	return out
}

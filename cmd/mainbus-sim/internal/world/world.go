// Package world is the simulated map: surfaces, forces, chests, tanks, accumulators, combinators, players, and flows
// that make, move and use items up. All of its state can be saved and loaded. It knows nothing of Lua and has no
// goroutines.
package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
)

// World is one map. Exported fields are its saved state.
type World struct {
	Name               string     `json:"name"`
	Seed               uint32     `json:"seed"`
	Tick               uint64     `json:"tick"`
	TicksPlayed        uint64     `json:"ticks_played"` // goes on while the tick is paused
	TickPaused         bool       `json:"tick_paused"`
	TicksToRun         uint64     `json:"ticks_to_run"` // although paused
	Speed              float64    `json:"speed"`
	Random             []byte     `json:"random"`
	NoAutosave         bool       `json:"no_autosave"`
	ConsoleCommandUsed bool       `json:"console_command_used"`
	Stopped            bool       `json:"stopped"` // the flows, by command
	Surfaces           []*Surface `json:"surfaces"`
	LastSurface        int        `json:"last_surface"`
	Forces             []*Force   `json:"forces"`
	Entities           []*Entity  `json:"entities"` // in the order of their units
	LastUnit           uint64     `json:"last_unit"`
	LastInventory      uint64     `json:"last_inventory"`
	Players            []*Player  `json:"players"`
	LastPlayer         int        `json:"last_player"`
	Bans               []Ban      `json:"bans"`
	Admins             []string   `json:"admins"`
	Whitelist          []string   `json:"whitelist"`
	Flows              []Flow     `json:"flows"`
	Calls              []Call     `json:"calls"`
	Books              Books      `json:"books"`

	ScriptInventories []*Inventory   `json:"script_inventories"`
	Registrations     []Registration `json:"registrations"`
	LastRegistration  uint64         `json:"last_registration"`
	Dead              []Registration `json:"dead"`     // to be told at the end of the tick
	Deleting          []int          `json:"deleting"` // surfaces, at the end of the tick
	Merging           [][2]int       `json:"merging"`  // forces, at the end of the tick

	ModSettings ModSettings `json:"mod_settings"`

	Catalog *Catalog  `json:"-"`
	Source  *rand.PCG `json:"-"` // Random as a generator

	byUnit      map[uint64]*Entity
	byID        map[string]*Entity
	inventories map[uint64]*Inventory
	listeners   []func(Event)
}

// New makes a map as --create does. What its plan puts into it counts as made.
func New(name string, seed uint32, catalog *Catalog, plan Plan) (*World, error) {
	w := &World{
		Name: name, Seed: seed, Speed: 1, Catalog: catalog,
		Source: rand.NewPCG(uint64(seed), 0x6661_6374),
		Forces: []*Force{
			{Name: "player", Index: playerForce}, {Name: "enemy", Index: enemyForce}, {Name: "neutral", Index: neutralForce},
		},
		Flows: slices.Clone(plan.Flows),
		Calls: slices.Clone(plan.Calls),
	}
	w.makeIndexes()
	w.AddSurface("nauvis")
	if err := w.carryOut(plan); err != nil {
		return nil, err
	}
	for i := range w.Flows {
		if err := w.checkFlow(&w.Flows[i]); err != nil {
			return nil, fmt.Errorf("flow %d: %w", i+1, err)
		}
	}
	return w, nil
}

// Load makes a map from what Save gave. What has another name since is renamed first.
func Load(data []byte, catalog *Catalog, renames Renames) (*World, error) {
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
	w.makeIndexes()
	w.migrate(renames)
	w.dropUnknown()
	w.connect()
	return w, nil
}

// checkInventories refuses those that are missing or share a number.
func (w *World) checkInventories() error {
	seen := map[uint64]bool{}
	check := func(inv *Inventory) bool {
		ok := inv != nil && inv.ID >= 1 && inv.ID <= w.LastInventory && !seen[inv.ID]
		if ok {
			seen[inv.ID] = true
		}
		return ok
	}
	ok := true
	for _, f := range w.Forces {
		for _, l := range f.Linked {
			ok = ok && l != nil && check(l.Inventory)
		}
	}
	for _, inv := range w.ScriptInventories {
		ok = ok && check(inv)
	}
	for _, e := range w.Entities {
		for _, inv := range e.Inventories {
			ok = ok && check(inv)
		}
	}
	for _, p := range w.Players {
		ok = ok && check(p.Hand)
	}
	if !ok {
		return errors.New("an inventory is missing or there twice")
	}
	return nil
}

// check refuses what the rest of the package relies on not to find.
func (w *World) check() error {
	if len(w.Surfaces) == 0 || w.Surfaces[0] == nil || w.Surfaces[0].Index != 1 || len(w.Forces) < 3 || !(w.Speed > 0) {
		return errors.New("surfaces, forces or speed are missing")
	}
	for i, f := range w.Forces {
		if f == nil || f.Name == "" || (i < 3) != (f.Index <= 3) {
			return errors.New("a force is incomplete")
		}
	}
	if slices.Contains(w.Surfaces, nil) || slices.Contains(w.ScriptInventories, nil) {
		return errors.New("a surface or an inventory is missing")
	}
	last := uint64(0)
	for _, e := range w.Entities {
		if e == nil || w.Surface(e.Surface) == nil || w.Force(e.Force) == nil || e.Unit <= last || e.Unit > w.LastUnit ||
			slices.Contains(e.Inventories, nil) || e.brokenRequests() {
			return errors.New("an entity stands nowhere, belongs to nobody or is incomplete")
		}
		last = e.Unit
	}
	for _, p := range w.Players {
		if p == nil || p.Name == "" || p.Index < 1 || p.Index > w.LastPlayer || w.Surface(p.Surface) == nil ||
			w.Force(p.Force) == nil || p.Hand == nil || len(p.Hand.Slots) != 1 {
			return errors.New("a player is incomplete")
		}
	}
	for i := range w.Flows {
		if rule, err := w.Flows[i].rule(); err != nil || rule.EveryTicks == 0 {
			return fmt.Errorf("flow %d is incomplete", i+1)
		}
	}
	return w.checkInventories()
}

func (e *Entity) brokenRequests() bool {
	return e.Requests != nil && slices.ContainsFunc(e.Requests.Sections, func(s *Section) bool {
		return s == nil || (s.Group == "" && s.Slots == nil)
	})
}

// dropUnknown lets entities vanish that no mod has any more, or has with another type, as in the game.
func (w *World) dropUnknown() {
	for _, e := range slices.Clone(w.Entities) {
		p := w.Catalog.Entity(e.Name)
		if w.Catalog.Quality(e.Quality) == nil {
			e.Quality = "normal"
		}
		if w.Catalog.Recipe(e.Recipe) == nil || w.Catalog.Quality(e.RecipeQuality) == nil {
			e.Recipe, e.RecipeQuality = "", ""
		}
		if p != nil && p.Type == e.Type && (e.Type != "item-entity" || (len(e.Inventories) == 1 && len(e.Inventories[0].Slots) == 1)) {
			continue
		}
		e.Away = true // it is in no index yet
		for _, inv := range e.Inventories {
			inv.world = w
		}
		w.remove(e, &w.Books.Consumed)
	}
}

// connect makes of loaded objects one world.
func (w *World) connect() {
	for _, f := range w.Forces {
		for _, l := range f.Linked {
			w.adopt(l.Inventory)
			l.Inventory.HasBar = true
		}
		f.Linked = slices.DeleteFunc(f.Linked, func(l *LinkedInventory) bool { // of containers that no mod has any more
			p := w.Catalog.Entity(l.Container)
			gone := p == nil || p.Type != "linked-container"
			if gone {
				l.Inventory.empty(&w.Books.Consumed)
				w.drop(l.Inventory)
			}
			return gone
		})
	}
	for _, inv := range w.ScriptInventories {
		w.adopt(inv)
	}
	for _, e := range w.Entities {
		for _, inv := range e.Inventories {
			w.adopt(inv)
		}
		w.furnish(e, w.Prototype(e)) // with what a prototype has got since
		if e.Requests != nil {
			for _, s := range e.Requests.Sections {
				w.regroup(e, s)
			}
		}
		if !e.Away {
			w.enter(e)
		}
		w.byUnit[e.Unit] = e
		if e.ID != "" {
			w.byID[e.ID] = e
		}
	}
	for _, p := range w.Players {
		w.adopt(p.Hand)
		p.Hand.Hand = p
	}
	// An item on the ground of a kind that is gone is nothing.
	for _, e := range slices.Clone(w.Entities) {
		if e.Type == "item-entity" && e.Stack().Count == 0 {
			w.remove(e, &w.Books.Consumed)
		}
	}
}

func (w *World) regroup(e *Entity, s *Section) {
	if s.Group == "" {
		return
	}
	f := w.Force(e.Force)
	f.AddGroup(s.Group)
	s.Slots = f.Groups[s.Group]
}

func (w *World) makeIndexes() {
	w.byUnit, w.byID, w.inventories = map[uint64]*Entity{}, map[string]*Entity{}, map[uint64]*Inventory{}
	for _, s := range w.Surfaces {
		s.reset()
	}
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

// Advance begins a tick. False means that the tick is paused: nothing moves, but the time played goes on.
func (w *World) Advance() bool {
	w.TicksPlayed++
	if w.TickPaused {
		if w.TicksToRun == 0 {
			return false
		}
		w.TicksToRun--
	}
	w.Tick++
	return true
}

func orNormal(quality string) string {
	if quality == "" {
		return "normal"
	}
	return quality
}

package world

import (
	"fmt"
	"math"
	"slices"
)

// Plan is what one world begins with.
type Plan struct {
	Chests       []ChestPlan       `json:"chests"`
	Tanks        []TankPlan        `json:"tanks"`
	Accumulators []AccumulatorPlan `json:"accumulators"`
	Entities     []EntityPlan      `json:"entities"`
	Players      []PlayerPlan      `json:"players"`
	Flows        []Flow            `json:"flows"`
	Calls        []Call            `json:"calls"`
}

// EntityPlan is something to be built.
type EntityPlan struct {
	ID       string        `json:"id"`
	Name     string        `json:"name"`
	Quality  string        `json:"quality"` // "normal" when empty
	Surface  string        `json:"surface"` // "nauvis" when empty
	Position [2]float64    `json:"position"`
	Force    string        `json:"force"`    // "player" when empty
	Requests []RequestPlan `json:"requests"` // in the first section
	Link     uint32        `json:"link"`
}

// RequestPlan is a request of a chest, or a signal of a constant combinator.
type RequestPlan struct {
	Type    string `json:"type"` // "item" when empty
	Name    string `json:"name"`
	Quality string `json:"quality"` // "normal" when empty
	Min     int    `json:"min"`
	Max     *int   `json:"max"`
}

// ChestPlan is a chest to be built. Name is "steel-chest" when empty.
type ChestPlan struct {
	EntityPlan
	Slots    int      `json:"slots"` // 0 is what the entity has
	Contents []Amount `json:"contents"`
}

// TankPlan is a tank to be built and filled. Name is "storage-tank" when empty.
type TankPlan struct {
	EntityPlan
	Fluid       string   `json:"fluid"`
	Amount      float64  `json:"amount"`
	Temperature *float64 `json:"temperature"` // the fluid's own when missing
}

// AccumulatorPlan is an accumulator to be built. Name is "accumulator" when empty.
type AccumulatorPlan struct {
	EntityPlan
	Energy float64 `json:"energy"` // joules
}

// PlayerPlan is a player who was here before and is offline.
type PlayerPlan struct {
	Name     string     `json:"name"`
	Surface  string     `json:"surface"`
	Position [2]float64 `json:"position"`
	Force    string     `json:"force"`
	Admin    bool       `json:"admin"`
	Contents []Amount   `json:"contents"` // in the main inventory
}

// carryOut makes what a plan says.
func (w *World) carryOut(plan Plan) error {
	for _, p := range plan.Chests {
		if err := w.planChest(p); err != nil {
			return fmt.Errorf("chest %q: %w", p.ID, err)
		}
	}
	for _, p := range plan.Tanks {
		if err := w.planTank(p); err != nil {
			return fmt.Errorf("tank %q: %w", p.ID, err)
		}
	}
	for _, p := range plan.Accumulators {
		if err := w.planAccumulator(p); err != nil {
			return fmt.Errorf("accumulator %q: %w", p.ID, err)
		}
	}
	for _, p := range plan.Entities {
		if _, err := w.planEntity(p, p.Name); err != nil {
			return fmt.Errorf("entity %q: %w", p.ID, err)
		}
	}
	for _, p := range plan.Players {
		if err := w.planPlayer(p); err != nil {
			return fmt.Errorf("player %q: %w", p.Name, err)
		}
	}
	return nil
}

func (w *World) planEntity(plan EntityPlan, name string) (*Entity, error) {
	if plan.Name != "" {
		name = plan.Name
	}
	force, err := w.plannedForce(plan.Force)
	if err != nil {
		return nil, err
	}
	e := w.Build(name, plan.Quality, w.plannedSurface(plan.Surface), plan.Position[0], plan.Position[1], force)
	if e == nil {
		return nil, fmt.Errorf("no entity %q of quality %q", name, orNormal(plan.Quality))
	}
	e.Link = plan.Link
	e.ID = plan.ID
	if e.ID != "" {
		if w.byID[e.ID] != nil {
			return nil, fmt.Errorf("another has the same id")
		}
		w.byID[e.ID] = e
	}
	for i, r := range plan.Requests {
		if e.Requests == nil {
			return nil, fmt.Errorf("%q has no requests", name)
		}
		request := Request{Type: r.Type, Name: r.Name, Quality: orNormal(r.Quality), Comparator: "=", Min: r.Min, Max: r.Max}
		if request.Type == "" {
			request.Type = "item"
		}
		if !w.Catalog.HasSignal(request.Type, r.Name) || w.Catalog.Quality(request.Quality) == nil {
			return nil, fmt.Errorf("request %d: no %s %q of quality %q", i+1, request.Type, r.Name, request.Quality)
		}
		e.Requests.Sections[0].Set(i+1, request)
	}
	return e, nil
}

func (w *World) planChest(plan ChestPlan) error {
	e, err := w.planEntity(plan.EntityPlan, "steel-chest")
	if err != nil {
		return err
	}
	inv := w.MainInventory(e)
	if inv == nil || (inv.Kind != Chest && inv.Kind != LinkedChest) {
		return fmt.Errorf("%q is no chest", e.Name)
	}
	if plan.Slots < 0 || plan.Slots > MaxSlots {
		return fmt.Errorf("%d slots", plan.Slots)
	}
	if plan.Slots > 0 {
		inv.Slots = make([]Stack, plan.Slots)
	}
	return w.fill(inv, plan.Contents)
}

// fill puts planned items into an inventory; they count as made.
func (w *World) fill(inv *Inventory, contents []Amount) error {
	for _, a := range contents {
		s := w.Fresh(a.Key, a.Count)
		k := s.Key
		n := inv.put(&s)
		if n != a.Count {
			return fmt.Errorf("%d %s (%s) do not fit or do not exist", a.Count, k.Name, k.Quality)
		}
		w.Books.Made.item(k, n)
	}
	return nil
}

func (w *World) planTank(plan TankPlan) error {
	e, err := w.planEntity(plan.EntityPlan, "storage-tank")
	if err != nil {
		return err
	}
	if plan.Fluid == "" && plan.Amount == 0 {
		return nil
	}
	fluid := w.Catalog.Fluid(plan.Fluid)
	if fluid == nil {
		return fmt.Errorf("no fluid %q", plan.Fluid)
	}
	f := Fluid{Name: plan.Fluid, Amount: NewFluidAmount(plan.Amount), Temperature: fluid.DefaultTemperature}
	if plan.Temperature != nil {
		f.Temperature = *plan.Temperature
	}
	n := w.pourFluid(e, f)
	if n != f.Amount {
		return fmt.Errorf("%g of %s does not fit", plan.Amount, plan.Fluid)
	}
	w.Books.Made.fluid(plan.Fluid, n)
	return nil
}

func (w *World) planAccumulator(plan AccumulatorPlan) error {
	e, err := w.planEntity(plan.EntityPlan, "accumulator")
	if err != nil {
		return err
	}
	if !(plan.Energy >= 0) || plan.Energy > w.Capacity(e) {
		return fmt.Errorf("%g J in a buffer of %g J", plan.Energy, w.Capacity(e))
	}
	e.Energy = plan.Energy
	w.Books.Made.Energy += plan.Energy
	return nil
}

func (w *World) planPlayer(plan PlayerPlan) error {
	if plan.Name == "" || w.Player(plan.Name) != nil {
		return fmt.Errorf("the name is missing or there twice")
	}
	force, err := w.plannedForce(plan.Force)
	if err != nil {
		return err
	}
	if math.IsNaN(plan.Position[0]) || math.IsNaN(plan.Position[1]) {
		return fmt.Errorf("no position")
	}
	p := w.addPlayer(plan.Name)
	w.SetForce(p, force)
	w.MovePlayer(p, w.plannedSurface(plan.Surface), plan.Position[0], plan.Position[1])
	if plan.Admin {
		w.Promote(p.Name)
	}
	character := w.CharacterOf(p)
	w.leave(character)
	character.Away = true
	return w.fill(w.InventoryOf(p, CharacterMain), plan.Contents)
}

// plannedSurface makes surfaces that a scenario names, as a planet's surface appears when first needed.
func (w *World) plannedSurface(name string) *Surface {
	if name == "" {
		return w.Surfaces[0]
	}
	if s := w.SurfaceNamed(name); s != nil {
		return s
	}
	return w.AddSurface(name)
}

func (w *World) plannedForce(name string) (*Force, error) {
	if name == "" {
		return w.Forces[0], nil
	}
	if f := w.ForceNamed(name); f != nil {
		return f, nil
	}
	return w.AddForce(name)
}

// HasSignal says whether there is a prototype that a signal or request can name.
func (c *Catalog) HasSignal(typ, name string) bool {
	switch typ {
	case "item":
		return c.Item(name) != nil
	case "fluid":
		return c.Fluid(name) != nil
	case "virtual":
		return c.Signal(name) != nil
	case "entity":
		return c.Entity(name) != nil
	case "recipe":
		return c.Recipe(name) != nil
	case "quality":
		return c.Quality(name) != nil
	case "space-location":
		return c.Location(name) != nil
	}
	return false
}

// SignalTypes are the types that HasSignal knows.
var SignalTypes = []string{"item", "fluid", "virtual", "entity", "recipe", "quality", "space-location"}

// SignalType is the type of prototype that a name without a type means: "" when there is none.
func (c *Catalog) SignalType(name string) string {
	i := slices.IndexFunc(SignalTypes[:3], func(typ string) bool { return c.HasSignal(typ, name) })
	if i < 0 {
		return ""
	}
	return SignalTypes[i]
}

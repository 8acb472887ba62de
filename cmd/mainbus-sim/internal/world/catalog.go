package world

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Catalog is the prototypes of the mods that are loaded. Lists are in the game's order.
type Catalog struct {
	Items     []*Item
	Entities  []*EntityPrototype
	Fluids    []*FluidPrototype
	Qualities []*Quality // by level
	Recipes   []*Recipe
	Locations []*Location // planets and other places in space
	Surfaces  []*SurfacePrototype
	Signals   []*Signal // virtual ones
	Events    []*CustomEvent
	Inputs    []*CustomInput
	Kept      []*Kept // of all other types

	items     map[string]*Item
	entities  map[string]*EntityPrototype
	fluids    map[string]*FluidPrototype
	qualities map[string]*Quality
	recipes   map[string]*Recipe
	locations map[string]*Location
	signals   map[string]*Signal
}

// Item is an item prototype.
type Item struct {
	Name, Type  string
	Stack       int
	SpoilTicks  int            // at normal quality; 0 does not spoil
	SpoilResult string         // "" is nothing
	SpoilAction map[string]any // SpoilToTriggerResult, its trigger without what the game fills in; nil is none
	Place       string         // the entity that it becomes when built; "" is none
	Magazine    float64
	Durability  float64
	FuelValue   float64
	Order       string
}

// EntityPrototype is an entity prototype.
type EntityPrototype struct {
	Name, Type  string
	Slots       int    // of its inventory
	Trash       int    // slots for what is to be carried away
	Bar         bool   // the inventory can have a red bar
	Filters     bool   // the inventory can have filters
	Mode        string // logistic_mode with underscores, "" when it is no logistic chest
	Health      float64
	Volume      float64  // of its fluid box; 0 is none
	Buffer      float64  // joules that it stores; 0 is none
	Categories  []string // of the recipes that a machine crafts; none for what is no machine
	Box         [2]Point
	MineResult  string
	Minable     bool
	LogisticMax int // slots for requests; 0 is no limit
}

// Point is a position on a surface, in tiles.
type Point struct{ X, Y float64 }

// FluidPrototype is a fluid prototype.
type FluidPrototype struct {
	Name                         string
	DefaultTemperature           float64
	MaxTemperature, HeatCapacity float64
	FuelValue                    float64
}

// Quality is a quality prototype.
type Quality struct {
	Name            string
	Level           int
	NextName        string
	NextProbability float64
}

// Multiplier is what a level makes of most numbers: 30 % more for each.
func (q *Quality) Multiplier() float64 { return 1 + 0.3*float64(q.Level) }

// Recipe is a recipe prototype.
type Recipe struct {
	Name, Category string
	Energy         float64
	Enabled        bool
	Ingredients    []Part
	Products       []Part
}

// Part is what a recipe needs or gives.
type Part struct {
	Type, Name string
	Amount     float64
}

// Location is a planet or another place in space.
type Location struct {
	Name   string
	Planet bool
}

// SurfacePrototype is a kind of surface that is no planet's.
type SurfacePrototype struct{ Name string }

// Signal is a virtual signal.
type Signal struct{ Name string }

// CustomEvent is an event that a mod defines for scripts to raise.
type CustomEvent struct{ Name, Order string }

// CustomInput is a key that a mod defines, whose event has its name.
type CustomInput struct {
	Name, Order, Keys string
	Disabled          bool
}

// Kept is a prototype that the map has no use for.
type Kept struct {
	Type, Name, Order string
	Data              Properties
}

// DataType is what a mod-data says that it holds.
func (k *Kept) DataType() string {
	if text := k.Data.text("data_type"); text != "" {
		return text
	}
	return "unknown"
}

// itemTypes are the types of prototypes that are items.
var itemTypes = []string{
	"item", "ammo", "armor", "blueprint", "blueprint-book", "capsule", "copy-paste-tool", "deconstruction-item", "gun",
	"item-with-entity-data", "item-with-inventory", "item-with-label", "item-with-tags", "module", "rail-planner",
	"repair-tool", "selection-tool", "space-platform-starter-pack", "spidertron-remote", "tool", "upgrade-item",
}

// entityTypes are the types of entities that can be here. Those without a behaviour of their own only stand around.
var entityTypes = []string{
	"accumulator", "agricultural-tower", "ammo-turret", "arithmetic-combinator", "arrow", "artillery-flare",
	"artillery-projectile", "artillery-turret", "artillery-wagon", "assembling-machine", "asteroid",
	"asteroid-collector", "beacon", "beam", "boiler", "burner-generator", "capture-robot", "car", "cargo-bay",
	"cargo-landing-pad", "cargo-pod", "cargo-wagon", "character", "character-corpse", "cliff", "combat-robot",
	"constant-combinator", "construction-robot", "container", "corpse", "curved-rail-a", "curved-rail-b",
	"decider-combinator", "deconstructible-tile-proxy", "display-panel", "electric-energy-interface", "electric-pole",
	"electric-turret", "elevated-curved-rail-a", "elevated-curved-rail-b", "elevated-half-diagonal-rail",
	"elevated-straight-rail", "entity-ghost", "explosion", "fire", "fish", "fluid-turret", "fluid-wagon", "furnace",
	"fusion-generator", "fusion-reactor", "gate", "generator", "half-diagonal-rail", "heat-interface", "heat-pipe",
	"highlight-box", "infinity-cargo-wagon", "infinity-container", "infinity-pipe", "inserter", "item-entity",
	"item-request-proxy", "lab", "lamp", "land-mine", "lane-splitter", "legacy-curved-rail", "legacy-straight-rail",
	"lightning", "lightning-attractor", "linked-belt", "linked-container", "loader", "loader-1x1", "locomotive",
	"logistic-container", "logistic-robot", "market", "mining-drill", "offshore-pump", "particle-source", "pipe",
	"pipe-to-ground", "plant", "player-port", "power-switch", "programmable-speaker", "projectile", "proxy-container",
	"pump", "radar", "rail-chain-signal", "rail-ramp", "rail-remnants", "rail-signal", "rail-support", "reactor",
	"resource", "roboport", "rocket-silo", "rocket-silo-rocket", "rocket-silo-rocket-shadow", "segment",
	"segmented-unit", "selector-combinator", "simple-entity", "simple-entity-with-force", "simple-entity-with-owner",
	"smoke-with-trigger", "solar-panel", "space-platform-hub", "speech-bubble", "spider-leg", "spider-unit",
	"spider-vehicle", "splitter", "sticker", "storage-tank", "straight-rail", "stream", "temporary-container",
	"thruster", "tile-ghost", "train-stop", "transport-belt", "tree", "turret", "underground-belt", "unit",
	"unit-spawner", "valve", "wall",
}

// NewCatalog has the prototypes of those mods that come with the game.
func NewCatalog(mods map[string]bool) (*Catalog, error) {
	raw, err := BaseRaw(mods)
	if err != nil {
		return nil, err
	}
	return ReadCatalog(raw)
}

// ReadCatalog reads prototypes.
func ReadCatalog(raw Raw) (*Catalog, error) {
	c := &Catalog{
		items: map[string]*Item{}, entities: map[string]*EntityPrototype{}, fluids: map[string]*FluidPrototype{},
		qualities: map[string]*Quality{}, recipes: map[string]*Recipe{}, locations: map[string]*Location{},
		signals: map[string]*Signal{},
	}
	used := map[string]bool{}
	for _, step := range []struct {
		types []string
		add   func(typ, name string, p Properties) error
	}{
		{itemTypes, c.addItem},
		{entityTypes, c.addEntity},
		{[]string{"fluid"}, c.addFluid},
		{[]string{"quality"}, c.addQuality},
		{[]string{"recipe"}, c.addRecipe},
		{[]string{"planet", "space-location"}, c.addLocation},
		{[]string{"surface"}, func(_, name string, _ Properties) error {
			c.Surfaces = append(c.Surfaces, &SurfacePrototype{Name: name})
			return nil
		}},
		{[]string{"custom-event"}, func(_, name string, p Properties) error {
			c.Events = append(c.Events, &CustomEvent{Name: name, Order: p.text("order")})
			return nil
		}},
		{[]string{"custom-input"}, func(_, name string, p Properties) error {
			c.Inputs = append(c.Inputs, &CustomInput{Name: name, Order: p.text("order"), Keys: p.text("key_sequence"), Disabled: p["enabled"] == false})
			return nil
		}},
		{[]string{"virtual-signal"}, func(_, name string, _ Properties) error {
			c.signals[name] = &Signal{Name: name}
			c.Signals = append(c.Signals, c.signals[name])
			return nil
		}},
	} {
		if err := raw.each(step.types, step.add); err != nil {
			return nil, err
		}
		for _, typ := range step.types {
			used[typ] = true
		}
	}
	for _, typ := range slices.Sorted(maps.Keys(raw)) {
		if used[typ] {
			continue
		}
		err := raw.each([]string{typ}, func(typ, name string, p Properties) error {
			c.Kept = append(c.Kept, &Kept{Type: typ, Name: name, Order: p.text("order"), Data: p})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(c.Qualities, func(a, b *Quality) int { return cmp.Compare(a.Level, b.Level) })
	return c, c.check()
}

// check refuses what the world relies on not to find.
func (c *Catalog) check() error {
	if c.Quality("normal") == nil {
		return fmt.Errorf("no quality \"normal\"")
	}
	for _, name := range []string{"character", itemOnGround} {
		if c.entities[name] == nil {
			return fmt.Errorf("no entity %q", name)
		}
	}
	for _, item := range c.Items {
		if item.Place != "" && c.entities[item.Place] == nil {
			item.Place = "" // an entity of a type that is not simulated
		}
	}
	return nil
}

func (c *Catalog) addItem(typ, name string, p Properties) error {
	item := &Item{
		Name: name, Type: typ, Place: p.text("place_result"), SpoilResult: p.text("spoil_result"),
		SpoilAction: readSpoilAction(p.table("spoil_to_trigger_result")), Order: p.text("order"),
		Magazine: p.number("magazine_size", 0), Durability: p.number("durability", 0),
	}
	var err error
	if item.Stack, err = p.whole("stack_size", 1, MaxCount); err != nil {
		return err
	}
	if item.Stack == 0 {
		return fmt.Errorf("stack_size is 0")
	}
	if item.SpoilTicks, err = p.whole("spoil_ticks", 0, MaxCount); err != nil {
		return err
	}
	if item.FuelValue, err = p.energy("fuel_value"); err != nil {
		return err
	}
	c.items[name] = item
	c.Items = append(c.Items, item)
	return nil
}

// readSpoilAction reads a SpoilToTriggerResult. A trigger is a list, or one of its elements alone.
func readSpoilAction(p Properties) map[string]any {
	if p == nil {
		return nil
	}
	trigger := p.list("trigger")
	if one := p.table("trigger"); one != nil {
		trigger = []any{map[string]any(one)}
	}
	return map[string]any{"items_per_trigger": p.number("items_per_trigger", 1), "trigger": trigger}
}

func (c *Catalog) addEntity(typ, name string, p Properties) error {
	e := &EntityPrototype{
		Name: name, Type: typ, Health: p.number("max_health", 0), Volume: p.table("fluid_box").number("volume", 0),
		Mode: underscored(p.text("logistic_mode")), Box: readBox(p.list("collision_box")),
		Minable: p.table("minable") != nil, MineResult: p.table("minable").text("result"),
	}
	if e.Volume == 0 {
		e.Volume = readFluidBoxes(p)
	}
	for _, category := range p.list("crafting_categories") {
		if text, ok := category.(string); ok {
			e.Categories = append(e.Categories, text)
		}
	}
	kind := p.text("inventory_type")
	e.Bar = kind == "" || kind == "with_bar" || kind == "with_filters_and_bar"
	e.Filters = kind == "with_filters_and_bar"
	var err error
	if e.Slots, err = p.whole("inventory_size", 0, MaxSlots); err != nil {
		return err
	}
	if e.Trash, err = p.whole("trash_inventory_size", 0, MaxSlots); err != nil {
		return err
	}
	if e.LogisticMax, err = p.whole("max_logistic_slots", 0, MaxSlots); err != nil {
		return err
	}
	if e.Buffer, err = p.table("energy_source").energy("buffer_capacity"); err != nil {
		return err
	}
	c.entities[name] = e
	c.Entities = append(c.Entities, e)
	return nil
}

// readFluidBoxes is the volume of a machine's first fluid box. A Lua table with keys besides 1, 2, ... is an object.
func readFluidBoxes(p Properties) float64 {
	first := p.table("fluid_boxes").table("1")
	if boxes := p.list("fluid_boxes"); len(boxes) > 0 {
		first, _ = boxes[0].(map[string]any)
	}
	return first.number("volume", 0)
}

func (c *Catalog) addFluid(_, name string, p Properties) error {
	f := &FluidPrototype{Name: name, DefaultTemperature: p.number("default_temperature", 15), FuelValue: p.number("fuel_value", 0)}
	f.MaxTemperature = p.number("max_temperature", f.DefaultTemperature)
	var err error
	if f.HeatCapacity, err = p.energy("heat_capacity"); err != nil {
		return err
	}
	c.fluids[name] = f
	c.Fluids = append(c.Fluids, f)
	return nil
}

func (c *Catalog) addQuality(_, name string, p Properties) error {
	level, err := p.whole("level", 0, 1000)
	if err != nil {
		return err
	}
	q := &Quality{Name: name, Level: level, NextName: p.text("next"), NextProbability: p.number("next_probability", 0)}
	c.qualities[name] = q
	c.Qualities = append(c.Qualities, q)
	return nil
}

func (c *Catalog) addRecipe(_, name string, p Properties) error {
	r := &Recipe{
		Name: name, Category: p.text("category"), Energy: p.number("energy_required", 0.5), Enabled: p["enabled"] != false,
		Ingredients: readParts(p.list("ingredients")), Products: readParts(p.list("results")),
	}
	if r.Category == "" {
		r.Category = "crafting"
	}
	c.recipes[name] = r
	c.Recipes = append(c.Recipes, r)
	return nil
}

func (c *Catalog) addLocation(typ, name string, _ Properties) error {
	c.locations[name] = &Location{Name: name, Planet: typ == "planet"}
	c.Locations = append(c.Locations, c.locations[name])
	return nil
}

// Item is nil when no loaded mod has it; so are the others below.
func (c *Catalog) Item(name string) *Item { return c.items[name] }

// Entity is an entity prototype.
func (c *Catalog) Entity(name string) *EntityPrototype { return c.entities[name] }

// Fluid is a fluid prototype.
func (c *Catalog) Fluid(name string) *FluidPrototype { return c.fluids[name] }

// Quality is a quality prototype.
func (c *Catalog) Quality(name string) *Quality { return c.qualities[name] }

// Recipe is a recipe prototype.
func (c *Catalog) Recipe(name string) *Recipe { return c.recipes[name] }

// Location is a planet or another place in space.
func (c *Catalog) Location(name string) *Location { return c.locations[name] }

// Signal is a virtual signal.
func (c *Catalog) Signal(name string) *Signal { return c.signals[name] }

// Event is an event of a mod.
func (c *Catalog) Event(name string) *CustomEvent {
	return find(c.Events, func(e *CustomEvent) bool { return e.Name == name })
}

// Input is a key of a mod.
func (c *Catalog) Input(name string) *CustomInput {
	return find(c.Inputs, func(i *CustomInput) bool { return i.Name == name })
}

func find[T any](list []*T, is func(*T) bool) *T {
	if at := slices.IndexFunc(list, is); at >= 0 {
		return list[at]
	}
	return nil
}

// Surface is a kind of surface.
func (c *Catalog) Surface(name string) *SurfacePrototype {
	for _, s := range c.Surfaces {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Next is the quality above q, nil for the best.
func (c *Catalog) Next(q *Quality) *Quality { return c.qualities[q.NextName] }

// Placing are the items that become an entity when built.
func (c *Catalog) Placing(entity string) []*Item {
	var out []*Item
	for _, item := range c.Items {
		if item.Place == entity {
			out = append(out, item)
		}
	}
	return out
}

func readParts(list []any) []Part {
	var out []Part
	for _, v := range list {
		if p, ok := v.(map[string]any); ok {
			p := Properties(p)
			typ := p.text("type")
			if typ == "" {
				typ = "item"
			}
			out = append(out, Part{Type: typ, Name: p.text("name"), Amount: p.number("amount", 1)})
		}
	}
	return out
}

// defaultBox is about that of a chest.
var defaultBox = [2]Point{{-0.35, -0.35}, {0.35, 0.35}}

func readBox(list []any) [2]Point {
	var box [2]Point
	if len(list) != 2 {
		return defaultBox
	}
	for i, v := range list {
		corner, _ := v.([]any)
		if len(corner) != 2 {
			return defaultBox
		}
		x, okX := corner[0].(float64)
		y, okY := corner[1].(float64)
		if !okX || !okY {
			return defaultBox
		}
		box[i] = Point{x, y}
	}
	return box
}

func underscored(mode string) string {
	out := []byte(mode)
	for i := range out {
		if out[i] == '-' {
			out[i] = '_'
		}
	}
	return string(out)
}

// InventorySize is how many slots an inventory of a kind has; 0 when an entity of the prototype has none.
func (p *EntityPrototype) InventorySize(kind InventoryKind, q *Quality) int {
	switch {
	case p.Type == "character":
		return p.characterSlots(kind)
	case kind == ChestTrash && p.Type == "logistic-container":
		return p.Trash
	case kind == Chest && (p.Type == "container" || p.Type == "logistic-container"):
		return min(MaxSlots, int(float64(p.Slots)*q.Multiplier()))
	case kind == LinkedChest && p.Type == "linked-container":
		return p.Slots
	}
	return 0
}

// characterSlots are the slots of a character without bonuses.
func (p *EntityPrototype) characterSlots(kind InventoryKind) int {
	switch kind {
	case CharacterMain:
		return p.Slots
	case CharacterGuns, CharacterAmmo:
		return 3
	case CharacterArmor:
		return 1
	case CharacterTrash:
		return 30
	}
	return 0
}

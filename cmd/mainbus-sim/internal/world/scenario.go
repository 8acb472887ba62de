package world

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// MaxSlots bounds an inventory; it is the game's bound too (a u16).
const MaxSlots = 65535

// Scenario is the content of a scenario file: what the worlds of one installation begin with, and how the program
// behaves. See README.md of the program for each field.
type Scenario struct {
	Worlds          map[string]Plan `json:"worlds"`
	Trace           bool            `json:"trace"`
	AutosaveSeconds float64         `json:"autosave_seconds"`
	SlowSaveMS      int             `json:"slow_save_ms"`
	CrashAtTick     uint64          `json:"crash_at_tick"`
	Clients         Clients         `json:"clients"`
}

// Clients are games that load the map while it runs and have to stay in step. JoinEvery is the ticks in each of which
// one joins at a random moment, 0 is never; CheckEvery the ticks between comparisons of all state, 0 is each tick.
type Clients struct {
	JoinEvery  uint64 `json:"join_every_ticks"`
	CheckEvery uint64 `json:"check_every_ticks"`
}

// Plan is what one world begins with.
type Plan struct {
	Chests []ChestPlan `json:"chests"`
	Flows  []Flow      `json:"flows"`
	Calls  []Call      `json:"calls"`
}

// ChestPlan is a chest to be built.
type ChestPlan struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"` // "steel-chest" when empty
	Surface  string     `json:"surface"`
	Position [2]float64 `json:"position"`
	Slots    int        `json:"slots"` // 0 is what the entity has
	Contents []Amount   `json:"contents"`
}

// Flow moves items in one of three ways. Done counts what it moved.
type Flow struct {
	Make *Rule `json:"make,omitempty"`
	Move *Rule `json:"move,omitempty"`
	Take *Rule `json:"take,omitempty"`
	Done int   `json:"done,omitempty"`
}

// Rule says how much a flow moves and when: Count items each EveryTicks ticks from StartTick on, Limit in all (0 is
// no limit). Make and Take use Chest, Move uses From and To.
type Rule struct {
	Item       string `json:"item"`
	Quality    string `json:"quality,omitempty"` // "normal" when empty
	Count      int    `json:"count"`
	Chest      string `json:"chest,omitempty"`
	From       string `json:"from,omitempty"`
	To         string `json:"to,omitempty"`
	EveryTicks uint64 `json:"every_ticks"`
	StartTick  uint64 `json:"start_tick,omitempty"`
	Limit      int    `json:"limit,omitempty"`
}

// Call is a remote call that is made once, at Tick or as soon after as the interface exists.
type Call struct {
	Tick      uint64            `json:"tick"`
	Interface string            `json:"interface"`
	Function  string            `json:"function"`
	Args      []json.RawMessage `json:"args"`
	Done      bool              `json:"done,omitempty"`
}

// ReadScenario reads a scenario file; a file that isn't there is an empty scenario.
func ReadScenario(path string) (Scenario, error) {
	var s Scenario
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read scenario: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return s, fmt.Errorf("read scenario %s: %w", path, err)
	}
	return s, nil
}

// Plan of the world with that name, or the one named "*".
func (s Scenario) Plan(world string) Plan {
	if plan, ok := s.Worlds[world]; ok {
		return plan
	}
	return s.Worlds["*"]
}

func (f *Flow) rule() (*Rule, error) {
	var rule *Rule
	for _, r := range []*Rule{f.Make, f.Move, f.Take} {
		switch {
		case r == nil:
		case rule != nil:
			return nil, fmt.Errorf("a flow must have one of make, move and take")
		default:
			rule = r
		}
	}
	if rule == nil {
		return nil, fmt.Errorf("a flow must have one of make, move and take")
	}
	return rule, nil
}

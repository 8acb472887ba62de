package world

import (
	"encoding/json"
	"fmt"
)

// Flow moves items in one of three ways. Done counts what it moved.
type Flow struct {
	Make *Rule `json:"make,omitempty"`
	Move *Rule `json:"move,omitempty"`
	Take *Rule `json:"take,omitempty"`
	Done int   `json:"done,omitempty"`
}

// Rule says how much a flow moves and when: Count items each EveryTicks ticks from StartTick on, Limit in all (0 is
// no limit). Make and Take use Chest, Move uses From and To. A Move may instead be of an Amount of a Fluid between tanks, or
// of Energy between accumulators, without a limit.
type Rule struct {
	Item       string  `json:"item,omitempty"`
	Quality    string  `json:"quality,omitempty"` // "normal" when empty
	Count      int     `json:"count,omitempty"`
	Fluid      string  `json:"fluid,omitempty"`
	Amount     float64 `json:"amount,omitempty"`
	Energy     float64 `json:"energy,omitempty"` // joules
	Chest      string  `json:"chest,omitempty"`
	From       string  `json:"from,omitempty"`
	To         string  `json:"to,omitempty"`
	EveryTicks uint64  `json:"every_ticks"`
	StartTick  uint64  `json:"start_tick,omitempty"`
	Limit      int     `json:"limit,omitempty"`
}

func (r *Rule) isOfItems() bool { return r.Fluid == "" && r.Energy == 0 }

// Call is a remote call that is made once, at Tick or as soon after as the interface exists.
type Call struct {
	Tick      uint64            `json:"tick"`
	Interface string            `json:"interface"`
	Function  string            `json:"function"`
	Args      []json.RawMessage `json:"args"`
	Done      bool              `json:"done,omitempty"`
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

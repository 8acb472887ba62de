package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"mainbus/controller/ledger"
)

func (c *cluster) policy(p ledger.Policy) []ledger.Reply {
	c.t.Helper()
	return c.do(ledger.SetPolicy{Policy: p})
}

// wanting makes worlds that trade and want iron plates, in this order.
func (c *cluster) wanting(n int64, slots ...ledger.Slot) {
	c.t.Helper()
	for _, slot := range slots {
		c.join(slot)
		c.totals(slot, rec(iron, 0, 0, n))
	}
}

func TestPolicyOfDivision(t *testing.T) {
	fair := ledger.Rule{Fair: true}
	tests := []struct {
		name   string
		policy ledger.Policy
		want   string
	}{
		{"first come, first served", ledger.Policy{}, "x=40 y=20"},
		{"by share", ledger.Policy{Default: fair}, "x=20 y=20 z=20"},
		{"a rule of an item stands before the default", ledger.Policy{Default: fair, Items: []ledger.ItemRule{{Item: iron}}}, "x=40 y=20"},
		{"by weight", ledger.Policy{Default: fair, Slots: []ledger.SlotRule{{Slot: "y", Weight: 4}}}, "x=10 y=40 z=10"},
		{"by priority", ledger.Policy{Slots: []ledger.SlotRule{{Slot: "z", Priority: 1, Weight: 1}, {Slot: "x", Priority: -1, Weight: 1}}}, "z=40 y=20"},
		{"reserved for one that wants it", ledger.Policy{Reserves: []ledger.Reserve{{Slot: "z", Item: iron, Qty: 30}}}, "x=30 z=30"},
		{"reserved for one that is not there", ledger.Policy{Reserves: []ledger.Reserve{{Slot: "away", Item: iron, Qty: 50}}}, "x=10"},
		{"strict before all", ledger.Policy{Default: ledger.Rule{Strict: true}, Slots: []ledger.SlotRule{{Slot: "x", Priority: 1, Weight: 1}}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newCluster(t)
			c.policy(test.policy)
			c.join("from")
			c.wanting(40, "x", "y", "z")
			if got := grants(c.totals("from", rec(iron, 60, 0, 0))); got != test.want {
				t.Errorf("granted %q, want %q", got, test.want)
			}
		})
	}
}

func TestPolicyThatChangesServesAnew(t *testing.T) {
	c := newCluster(t)
	c.policy(ledger.Policy{Reserves: []ledger.Reserve{{Slot: "away", Item: iron, Qty: 100}}})
	c.join("from")
	c.wanting(40, "x")
	c.totals("from", rec(iron, 60, 0, 0))
	if got := grants(c.policy(ledger.Policy{})); got != "x=40" {
		t.Errorf("granted %q", got)
	}
}

// full turns replies into "slot full" and "slot free" words.
func full(replies []ledger.Reply) string {
	var words []string
	for _, r := range replies {
		if f, ok := r.(ledger.Full); ok {
			words = append(words, fmt.Sprintf("%s %s", f.Slot, map[bool]string{true: "full", false: "free"}[f.Full]))
		}
	}
	return strings.Join(words, ", ")
}

func TestLimit(t *testing.T) {
	c := newCluster(t)
	c.policy(ledger.Policy{Items: []ledger.ItemRule{{Item: iron, Rule: ledger.Rule{Limit: 80}}}})
	c.join("a")
	c.join("b")
	steps := []struct {
		name string
		do   func() []ledger.Reply
		want string
	}{
		{"below", func() []ledger.Reply { return c.totals("a", rec(iron, 79, 0, 0)) }, ""},
		{"reached, and all worlds are told", func() []ledger.Reply { return c.totals("a", rec(iron, 80, 0, 0)) }, "a full, b full"},
		{"what was on its way is booked", func() []ledger.Reply { return c.totals("a", rec(iron, 85, 0, 0)) }, ""},
		{"who comes later is told too", func() []ledger.Reply {
			c.bind("d", "", "d")
			return c.do(ledger.Assigned{Slot: "d", Epoch: c.epoch["d"]})
		}, "d full"},
		{"a little less is not enough", func() []ledger.Reply { return c.totals("b", rec(iron, 0, 0, 14)) }, ""},
		{"an eighth less is", func() []ledger.Reply { return c.totals("b", rec(iron, 0, 14, 15)) }, "a free, b free, d free"},
		{"full again", func() []ledger.Reply { return c.totals("a", rec(iron, 95, 0, 0)) }, "a full, b full, d full"},
		{"no limit any more", func() []ledger.Reply { return c.policy(ledger.Policy{}) }, "a free, b free, d free"},
		{"a limit that is reached already", func() []ledger.Reply { return c.policy(ledger.Policy{Default: ledger.Rule{Limit: 5}}) }, "a full, b full, d full"},
	}
	for _, step := range steps {
		if got := full(step.do()); got != step.want {
			t.Errorf("%s: told %q, want %q", step.name, got, step.want)
		}
	}
	if got := c.account("savea").E; got != 95 {
		t.Errorf("booked %d", got)
	}
}

func TestPolicyIsReadWithTheBooks(t *testing.T) {
	c := newCluster(t)
	want := ledger.Policy{
		Default: ledger.Rule{Limit: 5}, Slots: []ledger.SlotRule{{Slot: "y", Weight: 4}},
		Reserves: []ledger.Reserve{{Slot: "z", Item: iron, Qty: 30}}, Growth: ledger.Growth{Burst: 7},
	}
	c.policy(want)
	b := c.state.Take()
	if b.Policy == nil || fmt.Sprint(*b.Policy) != fmt.Sprint(want) || b.Empty() {
		t.Fatalf("to be stored is %+v", b)
	}
	if again := c.state.Take(); !again.Empty() {
		t.Errorf("taken twice: %+v", again)
	}
	b.Bus = []ledger.BusRow{{Item: iron, Qty: 6, Posted: 6}}
	state, err := ledger.New(b)
	if err != nil {
		t.Fatal(err)
	}
	c.state = state
	c.do(ledger.Begin{UnixSeconds: 1})
	c.bind("y", "", "y", rec(iron, 0, 0, 10))
	if replies := c.do(ledger.Assigned{Slot: "y", Epoch: c.epoch["y"]}); full(replies) != "y full" || grants(replies) != "" {
		t.Errorf("replies %v", replies)
	}
}

func TestPoliciesThatMakeNoSense(t *testing.T) {
	c := newCluster(t)
	for name, p := range map[string]ledger.Policy{
		"negative limit":       {Default: ledger.Rule{Limit: -1}},
		"limit of an item":     {Items: []ledger.ItemRule{{Item: iron, Rule: ledger.Rule{Limit: 1 << 60}}}},
		"item without a name":  {Items: []ledger.ItemRule{{Item: ledger.Item{Quality: "normal"}}}},
		"two rules":            {Items: []ledger.ItemRule{{Item: iron}, {Item: iron}}},
		"too many rules":       {Items: make([]ledger.ItemRule, ledger.MaxRules+1)},
		"weight 0":             {Slots: []ledger.SlotRule{{Slot: "a"}}},
		"weight":               {Slots: []ledger.SlotRule{{Slot: "a", Weight: 101}}},
		"priority":             {Slots: []ledger.SlotRule{{Slot: "a", Weight: 1, Priority: 1001}}},
		"no slot":              {Slots: []ledger.SlotRule{{Weight: 1}}},
		"two rules for a slot": {Slots: []ledger.SlotRule{{Slot: "a", Weight: 1}, {Slot: "a", Weight: 1}}},
		"negative reserve":     {Reserves: []ledger.Reserve{{Slot: "a", Item: iron, Qty: -1}}},
		"large reserve":        {Reserves: []ledger.Reserve{{Slot: "a", Item: iron, Qty: 1 << 49}}},
		"two reserves":         {Reserves: []ledger.Reserve{{Slot: "a", Item: iron}, {Slot: "a", Item: iron}}},
		"negative growth":      {Growth: ledger.Growth{Rate: -1}},
		"absurd growth":        {Growth: ledger.Growth{Burst: 1 << 60}},
	} {
		t.Run(name, func(t *testing.T) { c.t = t; c.refuses(ledger.ErrInvalid, ledger.SetPolicy{Policy: p}) })
	}
}

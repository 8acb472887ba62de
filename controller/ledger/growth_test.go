package ledger_test

import (
	"fmt"
	"testing"

	"mainbus/controller/ledger"
)

func (c *cluster) account(w ledger.World) ledger.AccountRow {
	var found ledger.AccountRow
	for _, a := range c.state.Take().Accounts {
		if a.World == w {
			found = a
		}
	}
	return found
}

func (c *cluster) totalsAt(tick int64, slot ledger.Slot, records ...ledger.Record) []ledger.Reply {
	c.t.Helper()
	return c.do(ledger.Totals{Slot: slot, Epoch: c.epoch[slot], Records: records, Tick: tick})
}

const (
	burst = 1_600_000
	rate  = 160_000
)

func TestGrowthBeyondWhatAWorldCanTakeIsHeld(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	c.totalsAt(100, "a", rec(iron, 10, 0, 0))
	if replies := c.totalsAt(106, "a", rec(iron, 10+burst+6*rate+7, 0, 0)); len(replies) > 0 {
		t.Errorf("replies %v", replies)
	}
	if got := c.account(a); got.E != 10+burst+6*rate || got.Held != 7 {
		t.Errorf("booked %d, held %d", got.E, got.Held)
	}
	// What comes after is booked, what is held stays held.
	c.totalsAt(112, "a", rec(iron, 10+burst+6*rate+7+5, 0, 0))
	if got := c.account(a); got.E != 10+burst+6*rate+5 || got.Held != 7 {
		t.Errorf("booked %d, held %d", got.E, got.Held)
	}
	c.join("b")
	c.totals("b", rec(iron, 0, 0, ledger.MaxCount))
	if got := grants(c.do(ledger.Release{World: a, Item: iron, Amount: 4})); got != fmt.Sprintf("b=%d", 10+burst+6*rate+5+4) {
		t.Errorf("of what was released was granted %s", got)
	}
	c.do(ledger.Release{World: a, Item: iron, Amount: 100})
	if got := c.account(a); got.E != 10+burst+6*rate+5+7 || got.Held != 0 {
		t.Errorf("after release: booked %d, held %d", got.E, got.Held)
	}
	c.refuses(ledger.ErrOrder, ledger.Release{World: a, Item: iron, Amount: 1})
	c.refuses(ledger.ErrInvalid, ledger.Release{World: a, Item: iron, Amount: 0})
	c.refuses(ledger.ErrInvalid, ledger.Release{World: "nobody", Item: iron, Amount: 1})
	kinds := map[ledger.PostingKind]int64{}
	for _, p := range c.state.TakePostings() {
		kinds[p.Kind] += p.Qty
	}
	if kinds[ledger.Held] != 0 || kinds[ledger.Released] != 7 {
		t.Errorf("posted %v", kinds)
	}
}

func TestWhatWasHeldRollsBackFirst(t *testing.T) {
	const most = 100 + burst
	tests := []struct{ save, e, held int64 }{{40, 40, 0}, {100, 100, 0}, {most, most, 0}, {most + 20, most, 20}, {most + 50, most, 50}}
	for _, test := range tests {
		c := newCluster(t)
		a := c.join("a")
		c.totals("a", rec(iron, 100, 0, 0))
		c.totals("a", rec(iron, most+50, 0, 0)) // somebody wrote the total
		c.bind("a", "L1", a, rec(iron, test.save, 0, 0))
		if got := c.account(a); got.E != test.e || got.Held != test.held {
			t.Errorf("back to %d: booked %d, held %d", test.save, got.E, got.Held)
		}
	}
}

func TestWhatHeldIsCannotFallWithinAnEpoch(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	c.totals("a", rec(iron, burst+50, 0, 0))
	c.state.Take()
	if replies := c.totals("a", rec(iron, burst+49, 0, 0)); len(replies) != 1 {
		t.Errorf("replies %v", replies)
	}
	if b := c.state.Take(); !b.Empty() {
		t.Errorf("changed %+v", b)
	}
}

func TestASaveMayHoldWhatItsTicksAllow(t *testing.T) {
	const e = burst + 100*rate
	t.Run("a world that the ledger forgot", func(t *testing.T) {
		c := newCluster(t)
		c.open("a")
		c.do(ledger.Bound{Slot: "a", Epoch: c.epoch["a"], Ledger: "L1", World: "w", NewWorld: "n", Tick: 100, Totals: []ledger.Record{rec(iron, e+3, 0, 0)}})
		if got := c.account("w"); got.E != e || got.Held != 3 {
			t.Errorf("booked %d, held %d", got.E, got.Held)
		}
	})
	t.Run("a save newer than the books", func(t *testing.T) {
		c := newCluster(t)
		w := c.join("a")
		c.totalsAt(1_000, "a", rec(iron, 10, 0, 0))
		c.open("a")
		c.do(ledger.Bound{Slot: "a", Epoch: c.epoch["a"], Ledger: "L1", World: w, NewWorld: "n", Tick: 1_100, Totals: []ledger.Record{rec(iron, 10+e+3, 0, 0)}})
		if got := c.account(w); got.E != 10+e || got.Held != 3 {
			t.Errorf("booked %d, held %d", got.E, got.Held)
		}
	})
	t.Run("what was booked once is no growth, in whatever order saves are loaded", func(t *testing.T) {
		c := newCluster(t)
		w := c.join("a")
		c.totalsAt(1_000, "a", rec(iron, 0, 0, 0))
		c.totalsAt(1_100, "a", rec(iron, e, 0, 0))
		c.bind("a", "L1", w)                       // at tick 0
		c.totalsAt(5_000, "a", rec(iron, 1, 0, 0)) // another future
		c.open("a")                                // and back to the first one
		c.do(ledger.Bound{Slot: "a", Epoch: c.epoch["a"], Ledger: "L1", World: w, NewWorld: "n", Tick: 1_100, Totals: []ledger.Record{rec(iron, e, 0, 0)}})
		if got := c.account(w); got.E != e || got.Held != 0 {
			t.Errorf("booked %d, held %d", got.E, got.Held)
		}
	})
}

func TestGrowthIsAPolicy(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	c.do(ledger.SetPolicy{Policy: ledger.Policy{Growth: ledger.Growth{Burst: 10, Rate: 1}}})
	c.totalsAt(5, "a", rec(iron, 20, 0, 0))
	if got := c.account(a); got.E != 15 || got.Held != 5 {
		t.Errorf("booked %d, held %d", got.E, got.Held)
	}
}

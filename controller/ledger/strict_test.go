package ledger_test

import (
	"testing"

	"mainbus/controller/ledger"
)

func (c *cluster) saved(slot ledger.Slot, w ledger.World, tick int64, totals ...ledger.Record) []ledger.Reply {
	c.t.Helper()
	return c.do(ledger.Saved{Slot: slot, Epoch: c.epoch[slot], Ledger: "L1", World: w, Totals: totals, Tick: tick})
}

// strictCluster has a world in slot a that sent 100 iron plates, of which its newest save has 70, and one in b that
// wants as many as it can get.
func strictCluster(t *testing.T) (c *cluster, a ledger.World) {
	c = newCluster(t)
	c.do(ledger.SetPolicy{Policy: ledger.Policy{Items: []ledger.ItemRule{{Item: iron, Rule: ledger.Rule{Strict: true}}}}})
	a = c.join("a")
	c.join("b")
	c.totals("b", rec(iron, 0, 0, 1_000))
	if got := grants(c.totals("a", rec(iron, 100, 0, 0))); got != "" {
		t.Errorf("no save has them, and granted was %s", got)
	}
	if got := grants(c.saved("a", a, 10, rec(iron, 70, 0, 0))); got != "b=70" {
		t.Errorf("a save has 70, granted %q", got)
	}
	return c, a
}

func TestStrictItemsAreSpentOnlyAsFarAsSavesCoverThem(t *testing.T) {
	c, a := strictCluster(t)
	c.totals("a", rec(iron, 150, 0, 0))
	c.bind("a", "L1", a, rec(iron, 70, 0, 0)) // a crash: the newest save is loaded
	if bus, accounts := c.book(); bus != 0 || accounts[a] != "E70 G0 I0 owed0" {
		t.Errorf("bus %d, account %s", bus, accounts[a])
	}
}

// A world received 100 and sent 50 on. A save that has the first and not the second may be finished, and not told of yet.
func TestWhatAWorldReceivedCoversNothingThatItSends(t *testing.T) {
	c, a := strictCluster(t)
	c.do(ledger.Assigned{Slot: "a", Epoch: c.epoch["a"]})
	c.saved("a", a, 20, rec(iron, 100, 0, 0)) // b gets 30 more
	c.totals("a", rec(iron, 160, 0, 0))
	if got := grants(c.totals("b", rec(iron, 50, 100, 100))); got != "" {
		t.Errorf("granted %s", got)
	}
	c.join("d")
	if got := grants(c.totals("d", rec(iron, 0, 0, 1_000))); got != "" {
		t.Errorf("of 110 on the bus none is in a save, granted %q", got)
	}
	b := c.bind("b", "L1", "saveb", rec(iron, 0, 100, 100)).World
	if got := c.account(b); got.Owed != 0 || got.E != 0 || got.G != 100 {
		t.Errorf("after a crash %+v", got)
	}
	c.do(ledger.Assigned{Slot: "b", Epoch: c.epoch["b"]})
	c.totals("b", rec(iron, 50, 100, 100))
	if got := grants(c.saved("b", b, 30, rec(iron, 50, 100, 0))); got != "d=50" {
		t.Errorf("a save has the 50, granted %q", got)
	}
}

func TestAnOlderSaveThatWasLoadedCoversNoMoreThanItHas(t *testing.T) {
	c, a := strictCluster(t)
	c.bind("a", "L1", a, rec(iron, 80, 0, 0)) // newer than the newest save that was told of, and covered no more than that
	if got := c.account(a); got.Covered != 70 {
		t.Errorf("covered %d", got.Covered)
	}
	c.bind("a", "L1", a, rec(iron, 20, 0, 0))
	if got := c.account(a); got.Covered != 20 || got.Owed != 50 {
		t.Errorf("covered %d, owed %d", got.Covered, got.Owed)
	}
}

func TestSavesThatCoverNothing(t *testing.T) {
	c, a := strictCluster(t)
	for name, m := range map[string]ledger.Saved{
		"of another world":                      {Ledger: "L1", World: "x", Tick: 30},
		"of another ledger":                     {Ledger: "L2", World: a, Tick: 30},
		"older than one that was told of later": {Ledger: "L1", World: a, Tick: 9},
	} {
		m.Slot, m.Epoch, m.Totals = "a", c.epoch["a"], []ledger.Record{rec(iron, 100, 0, 0)}
		if got := grants(c.do(m)); got != "" {
			t.Errorf("%s: granted %s", name, got)
		}
	}
	c.refuses(ledger.ErrStale, ledger.Saved{Slot: "a", Epoch: c.epoch["b"], Ledger: "L1", World: a})
	c.refuses(ledger.ErrInvalid, ledger.Saved{Slot: "a", Epoch: c.epoch["a"], Ledger: "L1", World: a, Tick: -1})
	if got := grants(c.saved("a", a, 30, rec(iron, 100, 0, 0))); got != "b=100" {
		t.Errorf("granted %q", got)
	}
}

func TestNoLongerStrict(t *testing.T) {
	c, _ := strictCluster(t)
	if got := grants(c.do(ledger.SetPolicy{})); got != "b=100" {
		t.Errorf("granted %q", got)
	}
}

// What strict needs to know of all worlds is a sum that is kept, so it must be the same when the books are read.
func TestStrictAfterReading(t *testing.T) {
	books := ledger.Books{
		Ledger: "L1", Policy: &ledger.Policy{Default: ledger.Rule{Strict: true}},
		Worlds:   []ledger.WorldRow{{ID: "w", Slot: "a"}},
		Accounts: []ledger.AccountRow{{World: "w", Item: iron, E: 100, Top: 100, Covered: 60}},
		Bus:      []ledger.BusRow{{Item: iron, Qty: 100}},
	}
	state, err := ledger.New(books)
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, state: state, epoch: map[ledger.Slot]ledger.Epoch{}}
	c.do(ledger.Begin{UnixSeconds: 1})
	c.join("b")
	if got := grants(c.totals("b", rec(iron, 0, 0, 1_000))); got != "b=60" {
		t.Errorf("granted %q", got)
	}
}

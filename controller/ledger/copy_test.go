package ledger_test

import (
	"testing"

	"mainbus/controller/ledger"
)

// moved makes a world in slot a that has sent 100 iron plates, of which the one in slot c has 90, and in slot b a copy of its
// save with 60. Then people say that it has moved there.
func moved(c *cluster) (parent, fork ledger.World) {
	c.t.Helper()
	parent = c.join("a")
	c.totals("a", rec(iron, 60, 0, 0))
	fork = c.bind("b", "L1", parent, rec(iron, 60, 0, 0)).World
	c.totals("a", rec(iron, 100, 0, 0))
	c.join("c")
	c.totals("c", rec(iron, 0, 0, 90))
	c.do(ledger.Closed{Slot: "a", Epoch: c.epoch["a"]})
	c.do(ledger.Answer{World: fork, Moved: true})
	return parent, fork
}

func TestWhatAWorldTradedAfterItMovedAwayIsUndone(t *testing.T) {
	c := newCluster(t)
	parent, fork := moved(c)
	b := c.state.Take()
	if b.Bus[0].Qty != 0 || len(b.Worlds) != 3 {
		t.Errorf("stored %+v", b)
	}
	for _, a := range b.Accounts {
		if a.World == parent && (a.E != 60 || a.Owed != 0) || a.World == fork && a.Owed != 30 {
			t.Errorf("booked %+v", a)
		}
	}

	// It runs after all: what it has sent is there again, and people are asked again.
	c.bind("a", "L1", parent, rec(iron, 100, 0, 0))
	b = c.state.Take()
	if b.Bus[0].Qty != 40 {
		t.Errorf("bus %d", b.Bus[0].Qty)
	}
	for _, w := range b.Worlds {
		if w.ID == fork && (w.Question != ledger.Copied || w.Origin != ledger.Traced) {
			t.Errorf("stored %+v", w)
		}
	}
	c.do(ledger.Closed{Slot: "a", Epoch: c.epoch["a"]})
	c.do(ledger.Answer{World: fork, Moved: true})
	if got := c.bus(); got != 0 {
		t.Errorf("bus %d", got)
	}
}

func TestWhatAWorldReceivedAfterItMovedAwayReturns(t *testing.T) {
	c := newCluster(t)
	c.join("other")
	c.totals("other", rec(iron, 100, 0, 0))
	parent := c.join("a")
	c.totals("a", rec(iron, 0, 0, 30))
	c.totals("a", rec(iron, 0, 30, 30))
	fork := c.bind("b", "L1", parent, rec(iron, 0, 30, 30)).World
	c.totals("a", rec(iron, 0, 30, 50))
	c.totals("a", rec(iron, 0, 45, 50))
	c.do(ledger.Closed{Slot: "a", Epoch: c.epoch["a"]})
	c.bus()
	c.do(ledger.Answer{World: fork, Moved: true})
	if got := c.bus(); got != 70 {
		t.Errorf("bus %d", got)
	}
}

// Nothing tells which of the two a later save of the copy comes from.
func TestACopyThatBeginsAnewFromAnotherSaveReplacesNobody(t *testing.T) {
	c := newCluster(t)
	parent, fork := moved(c)
	c.state.Take()
	if a := c.bind("b", "L1", parent, rec(iron, 60, 0, 0)); a.World != fork || !a.Fresh {
		t.Fatalf("assigned %+v", a)
	}
	if got := c.worlds(); len(got) > 0 {
		t.Errorf("from the same save: stored %v", got)
	}
	if a := c.bind("b", "L1", parent, rec(iron, 70, 0, 0)); a.World != fork || !a.Fresh {
		t.Fatalf("assigned %+v", a)
	}
	b := c.state.Take()
	if len(b.Worlds) != 1 || b.Worlds[0].Origin != ledger.Untraced || len(b.Reborn) != 1 || len(b.Origins) > 0 {
		t.Errorf("stored %+v", b)
	}

	copied := c.bind("d", "L1", fork, rec(iron, 1, 0, 0)).World // about which nothing has been said
	c.bind("d", "L1", fork, rec(iron, 2, 0, 0))
	c.do(ledger.Closed{Slot: "b", Epoch: c.epoch["b"]})
	c.refuses(ledger.ErrOrder, ledger.Answer{World: copied, Moved: true})
}

func TestOfTwoCopiesTheLastOneStandsForTheWorld(t *testing.T) {
	c := newCluster(t)
	parent, first := moved(c)
	second := c.bind("d", "L1", parent, rec(iron, 80, 0, 0)).World // it comes back, in another slot
	if second != parent {
		t.Fatalf("assigned %s", second)
	}
	second = c.bind("e", "L1", parent, rec(iron, 80, 0, 0)).World
	c.do(ledger.Closed{Slot: "d", Epoch: c.epoch["d"]})
	c.do(ledger.Answer{World: first, Moved: true})
	c.worlds()
	c.do(ledger.Answer{World: second, Moved: true})
	worlds := c.worlds()
	if worlds[first].Origin != ledger.Traced || worlds[second].Origin != ledger.Replaces {
		t.Errorf("stored %v", worlds)
	}
}

func TestRestoredBooksDoNotKnowWhereCopiesCameFrom(t *testing.T) {
	c := newCluster(t)
	parent := c.join("a")
	fork := c.bind("b", "L1", parent).World
	c.do(ledger.Closed{Slot: "a", Epoch: c.epoch["a"]})
	c.do(ledger.Restored{})
	c.refuses(ledger.ErrOrder, ledger.Answer{World: fork, Moved: true})
	c.do(ledger.Answer{World: fork})
	if b := c.state.Take(); len(b.Worlds) != 1 || b.Worlds[0].Question != ledger.NoQuestion {
		t.Errorf("stored %+v", b)
	}
}

// What a copy came from is read with the books.
func TestOriginsAreReadWithTheBooks(t *testing.T) {
	books := ledger.Books{
		Ledger: "L1",
		Worlds: []ledger.WorldRow{
			{ID: "p", Slot: "a"}, {ID: "f", Slot: "b", FromLedger: "L1", FromWorld: "p", Question: ledger.Copied, Origin: ledger.Traced},
		},
		Accounts: []ledger.AccountRow{{World: "p", Item: iron, E: 100, Top: 100}},
		Bus:      []ledger.BusRow{{Item: iron, Qty: 100}},
		Origins:  []ledger.OriginRow{{World: "f", Record: rec(iron, 60, 0, 0)}},
	}
	state, err := ledger.New(books)
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, state: state}
	c.do(ledger.Answer{World: "f", Moved: true})
	if got := c.bus(); got != 60 {
		t.Errorf("bus %d", got)
	}
	books.Origins[0].World = "nobody"
	if _, err := ledger.New(books); err == nil {
		t.Error("an origin of nobody was read")
	}
}

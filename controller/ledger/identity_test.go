package ledger_test

import (
	"errors"
	"fmt"
	"testing"

	"mainbus/controller/ledger"
)

func (c *cluster) refuses(want error, m ledger.Message) {
	c.t.Helper()
	c.state.Take()
	if replies, err := c.state.Apply(m); !errors.Is(err, want) || len(replies) > 0 {
		c.t.Errorf("%T: %v, replies %v; want %v", m, err, replies, want)
	}
	if b := c.state.Take(); !b.Empty() {
		c.t.Errorf("%T was refused and changed %+v", m, b)
	}
}

func (c *cluster) worlds() map[ledger.World]ledger.WorldRow {
	all := map[ledger.World]ledger.WorldRow{}
	for _, w := range c.state.Take().Worlds {
		all[w.ID] = w
	}
	return all
}

// forkOfAnIndebtedWorld makes a world in slot a that owes 30 iron plates and is not running, and a copy of it in slot b.
func forkOfAnIndebtedWorld(c *cluster) (parent, fork ledger.World) {
	parent = c.join("a")
	c.join("other")
	c.totals("other", rec(iron, 0, 0, 30))
	c.totals("a", rec(iron, 30, 0, 0))
	c.bind("a", "L1", parent)
	c.do(ledger.Closed{Slot: "a", Epoch: c.epoch["a"]})
	fork = c.bind("b", "L1", parent).World
	return parent, fork
}

func TestACopyIsAskedAbout(t *testing.T) {
	c := newCluster(t)
	parent, fork := forkOfAnIndebtedWorld(c)
	want := ledger.WorldRow{ID: fork, Slot: "b", FromLedger: "L1", FromWorld: parent, Question: ledger.Copied, Origin: ledger.Traced}
	if got := c.worlds()[fork]; got != want {
		t.Errorf("stored %+v, want %+v", got, want)
	}
	c.do(ledger.Answer{World: fork})
	worlds := c.worlds()
	if len(worlds) != 1 || worlds[fork].Question != ledger.NoQuestion {
		t.Errorf("after the answer changed %v", worlds)
	}
	c.refuses(ledger.ErrOrder, ledger.Answer{World: fork, Moved: true})
	c.refuses(ledger.ErrOrder, ledger.Answer{World: "nobody"})
}

func TestAWorldThatMovedTakesItsDebtsAlong(t *testing.T) {
	c := newCluster(t)
	parent, fork := forkOfAnIndebtedWorld(c)
	c.book()
	c.do(ledger.Answer{World: fork, Moved: true})
	b := c.state.Take()
	if len(b.Worlds) != 2 || len(b.Accounts) != 2 {
		t.Fatalf("changed %+v", b)
	}
	for _, w := range b.Worlds {
		if w.ID == parent && w.Slot != "" || w.ID == fork && w.Slot != "b" || w.Question != ledger.NoQuestion {
			t.Errorf("world %+v", w)
		}
	}
	for _, a := range b.Accounts {
		if a.World == parent && a.Owed != 0 || a.World == fork && a.Owed != 30 {
			t.Errorf("account of %s owes %d", a.World, a.Owed)
		}
	}
	if a := c.bind("a", "L1", parent); a.World != parent || a.Fresh {
		t.Errorf("the slot was given up, and its save comes as %+v", a)
	}
}

func TestAWorldThatStillRunsHasNotMoved(t *testing.T) {
	c := newCluster(t)
	w := c.join("a")
	fork := c.bind("b", "L1", w).World
	c.refuses(ledger.ErrOrder, ledger.Answer{World: fork, Moved: true})
	foreign := c.bind("d", "L2", "x").World
	if got := c.worlds()[foreign].Question; got != ledger.Foreign {
		t.Errorf("a world of another ledger raises question %d", got)
	}
	c.refuses(ledger.ErrOrder, ledger.Answer{World: foreign, Moved: true})
	c.do(ledger.Answer{World: foreign})
}

func TestMove(t *testing.T) {
	c := newCluster(t)
	w := c.join("a")
	c.totals("a", rec(iron, 30, 0, 0))
	old := c.epoch["a"]
	c.do(ledger.Move{From: "a", To: "b"})
	c.refuses(ledger.ErrStale, ledger.Totals{Slot: "a", Epoch: old, Records: []ledger.Record{rec(iron, 40, 0, 0)}})
	if a := c.bind("b", "L1", w, rec(iron, 35, 0, 0)); a.World != w || a.Fresh {
		t.Errorf("in its new slot it was assigned %+v", a)
	}
	if bus, _ := c.book(); bus != 35 {
		t.Errorf("bus %d", bus)
	}
	if a := c.bind("a", "L1", w, rec(iron, 40, 0, 0)); a.World == w || !a.Fresh {
		t.Errorf("what stayed behind was assigned %+v", a)
	}
	c.refuses(ledger.ErrOrder, ledger.Move{From: "a", To: "b"}) // b has a world of its own
	c.do(ledger.Move{From: "b"})
	c.do(ledger.Move{From: "a", To: "b"})
	c.refuses(ledger.ErrOrder, ledger.Move{From: "a", To: "d"}) // a has none
	c.refuses(ledger.ErrInvalid, ledger.Move{From: "b", To: "x\n"})
}

func TestGivingUpASlotReturnsUnconfirmedGrants(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	b := c.join("b")
	c.totals("a", rec(iron, 100, 0, 0))
	c.totals("b", rec(iron, 0, 0, 60))
	c.totals("b", rec(iron, 0, 45, 60))
	c.do(ledger.Move{From: "b"})
	if bus, accounts := c.book(); bus != 55 || accounts[b] != "E0 G45 I45 owed0" {
		t.Errorf("bus %d, account %s", bus, accounts[b])
	}
}

// A zombie goes on talking after its slot runs anew.
func TestStraysAreCountedAndNotBooked(t *testing.T) {
	c := newCluster(t)
	w := c.join("a")
	old := c.epoch["a"]
	c.bind("a", "L1", w)
	for range 3 {
		c.refuses(ledger.ErrStale, ledger.Totals{Slot: "a", Epoch: old, Records: []ledger.Record{rec(iron, 40, 0, 0)}})
	}
	c.refuses(ledger.ErrStale, ledger.Closed{Slot: "a", Epoch: old}) // the controller says that of every run, so it is no stray
	if got, want := fmt.Sprint(c.state.Notices()), fmt.Sprint([]ledger.Notice{{Slot: "a", StrayEpoch: old, Strays: 3}}); got != want {
		t.Errorf("noticed %s, want %s", got, want)
	}
}

func TestWorldsThatNeverTradedAreForgotten(t *testing.T) {
	c := newCluster(t)
	first := c.bind("a", "L2", "x", rec(iron, 5, 5, 9)).World
	if got := c.worlds(); len(got) != 1 || got[first].Slot != "a" {
		t.Fatalf("stored %v", got)
	}
	second := c.bind("a", "L2", "y").World
	b := c.state.Take()
	if len(b.Gone) != 1 || b.Gone[0] != first || len(b.Worlds) != 1 || b.Worlds[0].ID != second || b.Empty() {
		t.Errorf("stored %+v", b)
	}
	if a := c.bind("a", "L1", first); a.World != first || a.Fresh {
		t.Errorf("it comes back as %+v", a)
	}
	if b := c.state.Take(); len(b.Gone) != 1 || b.Gone[0] != second || len(b.Worlds) != 1 || b.Worlds[0].ID != first {
		t.Errorf("stored %+v", b)
	}
	c.do(ledger.Assigned{Slot: "a", Epoch: c.epoch["a"]})
	c.totals("a", rec(iron, 1, 0, 0))
	c.bind("a", "L2", "z")
	if b := c.state.Take(); len(b.Gone) != 0 {
		t.Errorf("forgotten although it has traded: %v", b.Gone)
	}
}

func TestRefusalsAreCounted(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	c.totals("a", rec(iron, 10, 0, 0))
	c.totals("a", rec(iron, 9, 0, 0))
	c.totals("a", rec(iron, 10, 1, 0))
	if got := c.state.Notices(); len(got) != 1 || got[0].Refused != 2 || got[0].Why != "iron-plate/normal: it received what was not granted" {
		t.Errorf("noticed %+v", got)
	}
	c.do(ledger.Garbled{Slot: "a", Epoch: c.epoch["a"]})
	c.refuses(ledger.ErrStale, ledger.Garbled{Slot: "a"})
	c.refuses(ledger.ErrInvalid, ledger.Totals{Slot: "a", Epoch: c.epoch["a"], Records: []ledger.Record{rec(iron, -1, 0, 0)}})
	if got := c.state.Notices(); got[0].Refused != 4 || got[0].Strays != 1 {
		t.Errorf("noticed %+v", got)
	}
}

// A world that comes back as what it was on disk before its first tick is known by the id that it was given there, also
// to a ledger that was restored from a backup older than the world.
func TestAForgottenWorldThatWasNeverSavedIsNotCountedTwice(t *testing.T) {
	c := newCluster(t)
	c.join("b")
	c.bind("a", "", "proposed")
	c.do(ledger.Assigned{Slot: "a", Epoch: c.epoch["a"]})
	backup := ledger.Books{Ledger: "L1"} // made before either world
	c.totals("b", rec(iron, 0, 0, 50))
	c.totals("a", rec(iron, 50, 0, 0)) // b has them

	restored, err := ledger.New(backup)
	if err != nil {
		t.Fatal(err)
	}
	c.state = restored
	c.do(ledger.Begin{UnixSeconds: 1_795_000_100})
	c.bind("b", "L1", "saveb", rec(iron, 0, 50, 50))
	if a := c.bind("a", "", "proposed"); a.World != "proposed" {
		t.Errorf("assigned %+v", a)
	}
	bus, accounts := c.book()
	if bus != 0 || accounts["saveb"] != "E0 G50 I50 owed50" {
		t.Errorf("bus %d, accounts %v", bus, accounts)
	}
}

package ledger_test

import (
	"strings"
	"testing"

	"mainbus/controller/ledger"
)

func (c *cluster) bus() (bus int64) {
	for _, row := range c.state.Take().Bus {
		bus = row.Qty
	}
	return bus
}

func TestWhatWasNeverGrantedIsTakenFromNobody(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	c.totals("a", rec(iron, 500, 0, 0))
	b := c.join("b")
	c.totals("b", rec(iron, 0, 0, 100))
	c.totals("b", rec(iron, 0, 100, 100))
	c.bus()

	forged := rec(iron, 40, 1_000_000, 1_000_000)
	c.bind("b", "L1", b, forged)
	if got := c.account(b); got.Owed != 999_900-40 || got.Given != 100 {
		t.Errorf("booked %+v", got)
	}
	if got := c.state.Notices(); len(got) != 1 || got[0].Refused != 1 || !strings.Contains(got[0].Why, "999900 received that were never granted") {
		t.Errorf("noticed %+v", got)
	}
	if kinds := c.posted(); kinds[ledger.Overdrawn] != 999_900 || kinds[ledger.Indebted] != 0 {
		t.Errorf("posted %v", kinds)
	}
	c.bind("b", "L1", b, forged) // said again, it is no more
	if got := c.bus(); got != 0 {
		t.Errorf("the bus has changed to %d", got)
	}
	c.bind("b", "L1", b, rec(iron, 40, 90, 100)) // an older save, which is honest
	bus := c.bus()
	if got := c.do(ledger.Verify{}); len(got) != 1 || bus != 400+40+10 {
		t.Errorf("bus %d, %v", bus, got)
	}
	c.bind("b", "L1", b, rec(iron, 40, 100, 100)) // and a newer one, of what was granted and rolled back
	if got := c.account(b); got.Owed != 0 || got.G != 100 {
		t.Errorf("booked %+v", got)
	}
}

func (c *cluster) posted() map[ledger.PostingKind]int64 {
	kinds := map[ledger.PostingKind]int64{}
	for _, p := range c.state.TakePostings() {
		kinds[p.Kind] += p.Qty
	}
	return kinds
}

// Whoever knows the ledger's id can call a world whatever he likes.
func TestAnUnknownWorldTakesNothingFromTheBus(t *testing.T) {
	for _, restored := range []bool{false, true} {
		c := newCluster(t)
		c.join("a")
		c.totals("a", rec(iron, 500, 0, 0))
		if restored {
			c.do(ledger.Restored{})
		}
		c.bind("b", "L1", "unheardof", rec(iron, 0, 300, 300))
		bus, owed := int64(500), int64(300)
		if restored { // it may have been granted them after the backup
			bus, owed = 200, 0
		}
		row := c.state.Take()
		if got := row.Bus[0].Qty; got != bus {
			t.Errorf("restored %v: bus %d", restored, got)
		}
		for _, a := range row.Accounts {
			if a.World == "unheardof" && a.Owed != owed {
				t.Errorf("restored %v: owes %d", restored, a.Owed)
			}
		}
	}
}

func TestAWorldThatTradedOnAfterABackupIsBelieved(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	c.totals("a", rec(iron, 500, 0, 0))
	backup := c.state.Take()
	restored, err := ledger.New(backup)
	if err != nil {
		t.Fatal(err)
	}
	c.state = restored
	c.do(ledger.Restored{})
	b := c.state.Take()
	if !b.Restored || len(b.Worlds) != 1 || !b.Worlds[0].Behind || b.Empty() {
		t.Errorf("stored %+v", b)
	}
	c.do(ledger.Begin{UnixSeconds: 1_795_000_100})
	c.bind("a", "L1", a, rec(iron, 500, 200, 200))
	if got := c.account(a); got.Owed != 0 || got.G != 200 {
		t.Errorf("booked %+v", got)
	}
}

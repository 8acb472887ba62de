package ledger_test

import (
	"testing"

	"mainbus/controller/ledger"
)

var (
	steam  = ledger.Item{Name: "steam"}
	energy = ledger.Item{}
	egg    = ledger.Item{Name: "egg", Quality: "normal"}
)

func sums(item ledger.Item, e, es, i, is, w int64) ledger.Record {
	return ledger.Record{Item: item, E: e, ES: es, I: i, IS: is, W: w}
}

// grantOf returns the last grant.
func grantOf(replies []ledger.Reply) (g ledger.Grant) {
	for _, r := range replies {
		if found, ok := r.(ledger.Grant); ok {
			g = found
		}
	}
	return g
}

func (c *cluster) sum(item ledger.Item, rows []ledger.BusRow) (qty, sum int64) {
	for _, row := range rows {
		if row.Item == item {
			qty, sum = row.Qty, row.Sum
		}
	}
	return qty, sum
}

func TestKinds(t *testing.T) {
	for item, want := range map[ledger.Item]ledger.Kind{iron: ledger.Goods, steam: ledger.Fluid, energy: ledger.Energy} {
		if got := item.Kind(); got != want {
			t.Errorf("%s is of kind %d", item, got)
		}
	}
	c := newCluster(t)
	c.join("a")
	c.join("b")
	c.totals("b", rec(steam, 0, 0, 50), rec(energy, 0, 0, 7))
	if got := grants(c.totals("a", rec(steam, 100, 0, 0), rec(energy, 5, 0, 0))); got != "b=50 b=5" {
		t.Errorf("granted %q", got)
	}
}

func TestTemperaturesMix(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	c.join("b")
	c.totals("a", sums(steam, 100, 100*15, 0, 0, 0))
	c.totals("a", sums(steam, 200, 100*15+100*165, 0, 0, 0)) // at 90° on average
	g := grantOf(c.totals("b", sums(steam, 0, 0, 0, 0, 50)))
	if g.G != 50 || g.GS != 50*90 {
		t.Errorf("granted %d with %d", g.G, g.GS)
	}
	if g = grantOf(c.totals("b", sums(steam, 0, 0, 50, 50*90, 60))); g.G != 60 || g.GS != 60*90 {
		t.Errorf("then %d with %d", g.G, g.GS)
	}
	if qty, sum := c.sum(steam, c.state.Take().Bus); qty != 140 || sum != 140*90 {
		t.Errorf("left %d with %d", qty, sum)
	}
}

func TestAveragesThatCannotBe(t *testing.T) {
	for _, test := range []struct {
		item    ledger.Item
		es, sum int64
	}{{egg, 10 * 2000, 10 * 1000}, {egg, -5, 0}, {egg, 10 * 400, 10 * 400}, {steam, ledger.MaxCount, 10 * 1_000_000}, {energy, 50, 0}} {
		c := newCluster(t)
		c.join("a")
		c.totals("a", sums(test.item, 10, test.es, 0, 0, 0))
		if qty, sum := c.sum(test.item, c.state.Take().Bus); qty != 10 || sum != test.sum {
			t.Errorf("of %s %d with a sum of %d, told was %d", test.item, qty, sum, test.es)
		}
	}
}

func TestSumsFollowARollback(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	b := c.join("b")
	c.totals("a", sums(egg, 100, 100*900, 0, 0, 0))
	c.totals("b", sums(egg, 0, 0, 0, 0, 40))
	c.bind("b", "L1", b) // what was granted was never received
	c.state.Take()
	c.bind("a", "L1", a, sums(egg, 70, 70*900, 0, 0, 0))
	books := c.state.Take()
	if qty, sum := c.sum(egg, books.Bus); qty != 70 || sum != 70*900 {
		t.Errorf("%d with a sum of %d", qty, sum)
	}
	if row := books.Accounts[0]; row.ES != 70*900 || row.GS != 0 || row.IS != 0 {
		t.Errorf("account %+v", row)
	}
}

func TestADebtIsRepaidWithoutTheBus(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	c.join("b")
	c.totals("b", sums(egg, 0, 0, 0, 0, 30))
	c.totals("a", sums(egg, 30, 30*900, 0, 0, 0))
	c.bind("a", "L1", a)
	c.totals("a", sums(egg, 40, 40*500, 0, 0, 0))
	if qty, sum := c.sum(egg, c.state.Take().Bus); qty != 10 || sum != 10*500 {
		t.Errorf("%d with a sum of %d", qty, sum)
	}
}

func TestSumsNeverChangeACount(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	c.join("b")
	for n := range int64(200) {
		c.totals("a", sums(egg, 7*n, (n*7919)%2003-1000, 0, 0, 0))
		c.totals("b", sums(egg, 0, 0, 0, (n*104729)%3001-1500, 3*n))
	}
	if qty, sum := c.sum(egg, c.state.Take().Bus); qty != 199*7-199*3 || sum < 0 || sum > qty*1000 {
		t.Errorf("%d with a sum of %d", qty, sum)
	}
}

package ledger_test

import (
	"testing"

	"mainbus/controller/ledger"
)

func TestForgive(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	c.join("b")
	c.totals("b", rec(iron, 0, 0, 80))
	c.totals("a", rec(iron, 100, 0, 0)) // 80 of them are b's now
	c.bind("a", "L1", a, rec(iron, 0, 0, 500))
	c.do(ledger.Assigned{Slot: "a", Epoch: c.epoch["a"]})
	c.totals("b", rec(iron, 30, 80, 80)) // b sends 30, which a could use but for its debt of 80
	c.do(ledger.Forgive{World: a, Item: iron, Amount: 50})
	if _, accounts := c.book(); accounts[a] != "E0 G0 I0 owed30" {
		t.Errorf("account %s", accounts[a])
	}
	if got := grants(c.do(ledger.Forgive{World: a, Item: iron, Amount: 1_000})); got != "a=30" {
		t.Errorf("its debt forgiven and 30 on the bus, granted %q", got)
	}
	b := c.state.Take()
	if len(b.Bus) != 1 || b.Bus[0].Posted != 80 {
		t.Errorf("stored on the bus %+v, want 80 posted", b.Bus)
	}
	c.refuses(ledger.ErrOrder, ledger.Forgive{World: a, Item: iron, Amount: 1})
	c.refuses(ledger.ErrInvalid, ledger.Forgive{World: a, Item: iron, Amount: -1})
	c.refuses(ledger.ErrInvalid, ledger.Forgive{World: "nobody", Item: iron, Amount: 1})
	var forgiven int64
	for _, p := range c.state.TakePostings() {
		if p.Kind == ledger.Forgiven {
			forgiven += p.Qty
		}
	}
	if forgiven != 80 {
		t.Errorf("%d posted as forgiven", forgiven)
	}
}

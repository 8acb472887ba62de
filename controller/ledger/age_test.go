package ledger_test

import (
	"fmt"
	"testing"

	"mainbus/controller/ledger"
)

var spoilage = ledger.Item{Name: "spoilage", Quality: "normal"}

// agingCluster has 100 eggs of 800 thousandths on the bus, which spoil in ten minutes.
func agingCluster(t *testing.T, p ledger.Policy, spoils ...ledger.Spoil) *cluster {
	t.Helper()
	c := newCluster(t)
	c.policy(p)
	c.join("a")
	c.totals("a", sums(egg, 100, 100*800, 0, 0, 0))
	c.do(ledger.Spoils{Slot: "a", Epoch: c.epoch["a"], Items: spoils})
	return c
}

func TestGoodsAge(t *testing.T) {
	c := agingCluster(t, ledger.Policy{Aging: true}, ledger.Spoil{Item: egg, Ticks: 36_000, Result: spoilage})
	c.state.Take()
	c.do(ledger.Age{Seconds: 60})
	if qty, sum := c.sum(egg, c.state.Take().Bus); qty != 100 || sum != 100*700 {
		t.Errorf("after a minute %d with a sum of %d", qty, sum)
	}
	g := grantOf(c.totals("a", sums(egg, 100, 100*800, 0, 0, 10)))
	if g.GS != 10*700 {
		t.Errorf("granted ten with a sum of %d", g.GS)
	}
	c.join("b")
	c.totals("b", rec(spoilage, 0, 0, 5))
	if got := grants(c.do(ledger.Age{Seconds: 7 * 60})); got != "b=5" {
		t.Errorf("spoiled, and granted was %q", got)
	}
	rows := c.rows(map[string]string{})
	if rows["egg"] != "0 posted -90" || rows["spoilage"] != "85 posted 90" {
		t.Errorf("stored %v", rows)
	}
	var posted []string
	for _, p := range c.state.TakePostings() {
		if p.Kind == ledger.Spoiled {
			posted = append(posted, fmt.Sprint(p.World, p.Name, p.Qty))
		}
	}
	if got := fmt.Sprint(posted); got != "[egg-90 spoilage90]" {
		t.Errorf("posted %s", got)
	}
}

func TestGoodsThatStandStill(t *testing.T) {
	eggs := ledger.Spoil{Item: egg, Ticks: 36_000, Result: spoilage}
	for name, c := range map[string]*cluster{
		"no such policy":     agingCluster(t, ledger.Policy{}, eggs),
		"not known to spoil": agingCluster(t, ledger.Policy{Aging: true}),
	} {
		c.state.Take()
		c.do(ledger.Age{Seconds: 3600})
		if b := c.state.Take(); !b.Empty() {
			t.Errorf("%s: changed %+v", name, b)
		}
	}
}

func TestWhatBecomesOfSpoiledGoods(t *testing.T) {
	chick := ledger.Item{Name: "chick", Quality: "normal"}
	c := agingCluster(t, ledger.Policy{Aging: true},
		ledger.Spoil{Item: egg, Ticks: 36_000, Result: chick}, ledger.Spoil{Item: chick, Ticks: 36_000})
	c.do(ledger.Age{Seconds: 3600})
	if qty, sum := c.sum(chick, c.state.Take().Bus); qty != 100 || sum != 100*1000 {
		t.Errorf("%d fresh ones with a sum of %d", qty, sum)
	}
	c.do(ledger.Age{Seconds: 3600})
	if qty, _ := c.sum(chick, c.state.Take().Bus); qty != 0 {
		t.Errorf("%d are left", qty)
	}
}

// Every item ages, however little of it there is and however slowly it spoils.
func TestNothingIsTooLittleToAge(t *testing.T) {
	c := newCluster(t)
	c.policy(ledger.Policy{Aging: true})
	c.join("a")
	c.totals("a", sums(egg, 1, 1000, 0, 0, 0))
	c.do(ledger.Spoils{Slot: "a", Epoch: c.epoch["a"], Items: []ledger.Spoil{{Item: egg, Ticks: ledger.MaxTick}}})
	c.do(ledger.Age{Seconds: 1})
	if _, sum := c.sum(egg, c.state.Take().Bus); sum != 999 {
		t.Errorf("a sum of %d", sum)
	}
}

func TestSpoilsThatMakeNoSense(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	many := make([]ledger.Spoil, 5_000)
	for n := range many {
		many[n] = ledger.Spoil{Item: ledger.Item{Name: fmt.Sprint(n), Quality: "normal"}, Ticks: 1}
	}
	for name, items := range map[string][]ledger.Spoil{
		"no time":        {{Item: egg}},
		"a fluid":        {{Item: steam, Ticks: 5}},
		"into itself":    {{Item: egg, Ticks: 5, Result: egg}},
		"into no name":   {{Item: egg, Ticks: 5, Result: ledger.Item{Quality: "normal"}}},
		"an absurd time": {{Item: egg, Ticks: ledger.MaxTick + 1}},
		"too many":       many,
	} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			c.refuses(ledger.ErrInvalid, ledger.Spoils{Slot: "a", Epoch: c.epoch["a"], Items: items})
		})
	}
	c.refuses(ledger.ErrInvalid, ledger.Age{})
	c.refuses(ledger.ErrInvalid, ledger.Age{Seconds: 1 << 40})
}

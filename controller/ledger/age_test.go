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

// TestWhatWasToldLastCounts: a change of mods may let an item stand still that spoiled, and the other way round.
func TestWhatWasToldLastCounts(t *testing.T) {
	c := agingCluster(t, ledger.Policy{Aging: true}, ledger.Spoil{Item: egg, Ticks: 36_000})
	tell := func(p ledger.Spoil) { c.do(ledger.Spoils{Slot: "a", Epoch: c.epoch["a"], Items: []ledger.Spoil{p}}) }
	c.state.Take()
	tell(ledger.Spoil{Item: egg})
	if b := c.state.Take(); len(b.Spoils) != 1 || b.Spoils[0] != (ledger.Spoil{Item: egg}) {
		t.Errorf("to be stored: %+v", b.Spoils)
	}
	tell(ledger.Spoil{Item: egg})
	c.do(ledger.Age{Seconds: 3600})
	if b := c.state.Take(); !b.Empty() {
		t.Errorf("changed %+v", b)
	}
	tell(ledger.Spoil{Item: egg, Ticks: 36_000})
	c.do(ledger.Age{Seconds: 60})
	if _, sum := c.sum(egg, c.state.Take().Bus); sum != 100*700 {
		t.Errorf("a sum of %d", sum)
	}
}

// TestGoodsOfUnknownAgeAreFresh: what came before its world's mods let it spoil does not spoil at once.
func TestGoodsOfUnknownAgeAreFresh(t *testing.T) {
	c := newCluster(t)
	c.policy(ledger.Policy{Aging: true})
	c.join("a")
	c.totals("a", rec(egg, 100, 0, 0))
	c.do(ledger.Spoils{Slot: "a", Epoch: c.epoch["a"], Items: []ledger.Spoil{{Item: egg, Ticks: 36_000, Result: spoilage}}})
	c.do(ledger.Age{Seconds: 60})
	if qty, sum := c.sum(egg, c.state.Take().Bus); qty != 100 || sum != 100*900 {
		t.Errorf("%d with a sum of %d", qty, sum)
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
		"less than none": {{Item: egg, Ticks: -1}},
		"still, but not": {{Item: egg, Result: spoilage}},
		"into a fluid":   {{Item: egg, Ticks: 5, Result: steam}},
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

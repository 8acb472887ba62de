package ledger_test

import (
	"fmt"
	"testing"

	"mainbus/controller/ledger"
)

var (
	copper = ledger.Item{Name: "copper-plate", Quality: "normal"}
	tin    = ledger.Item{Name: "tin-plate", Quality: "normal"}
)

func (c *cluster) renamed(slot ledger.Slot, w ledger.World, renames ...ledger.Rename) []ledger.Reply {
	c.t.Helper()
	c.open(slot)
	return c.do(ledger.Renamed{Slot: slot, Epoch: c.epoch[slot], Ledger: "L1", World: w, Renames: renames})
}

// rows returns what is stored now, in words.
func (c *cluster) rows(rows map[string]string) map[string]string {
	b := c.state.Take()
	for _, a := range b.Accounts {
		rows[string(a.World)+" "+a.Name] = fmt.Sprintf("E%d G%d I%d owed%d", a.E, a.G, a.I, a.Owed)
	}
	for _, row := range b.Bus {
		rows[row.Name] = fmt.Sprintf("%d posted %d", row.Qty, row.Posted)
	}
	return rows
}

func TestRenamedItemsKeepWhatIsBooked(t *testing.T) {
	c := newCluster(t)
	a, b := c.join("a"), c.join("b")
	c.totals("a", rec(iron, 100, 0, 0), rec(tin, 5, 0, 0))
	c.totals("b", rec(iron, 0, 0, 30))
	c.totals("b", rec(iron, 0, 30, 30))
	rows := c.rows(map[string]string{})
	for range 2 { // a repetition does no harm
		c.renamed("a", a, ledger.Rename{Old: iron, New: tin})
		c.rows(rows)
		want := map[string]string{
			"savea iron-plate": "E0 G0 I0 owed0", "savea tin-plate": "E105 G0 I0 owed0",
			"saveb iron-plate": "E0 G30 I30 owed0",
			"iron-plate":       "0 posted 30", "tin-plate": "75 posted -30",
		}
		if fmt.Sprint(rows) != fmt.Sprint(want) {
			t.Errorf("stored %v, want %v", rows, want)
		}
	}
	// The world counts under the new name, so there is nothing to settle.
	c.do(ledger.Bound{Slot: "a", Epoch: c.epoch["a"], Ledger: "L1", World: a, NewWorld: "n", Totals: []ledger.Record{rec(tin, 105, 0, 0)}})
	if got := c.rows(map[string]string{}); len(got) != 0 {
		t.Errorf("bound, and changed %v", got)
	}
	// So does b when its mods have changed, which is what makes up for the posting.
	c.renamed("b", b, ledger.Rename{Old: iron, New: tin})
	c.rows(rows)
	if rows["iron-plate"] != "0 posted 0" || rows["tin-plate"] != "75 posted 0" || rows["saveb tin-plate"] != "E0 G30 I30 owed0" {
		t.Errorf("stored %v", rows)
	}
	var posted []string
	for _, p := range c.state.TakePostings() {
		if p.Kind == ledger.Relabeled {
			posted = append(posted, fmt.Sprint(p.Name, p.Qty))
		}
	}
	if got := fmt.Sprint(posted); got != "[iron-plate-70 tin-plate70]" {
		t.Errorf("posted %s", got)
	}
}

func TestRenamedDebts(t *testing.T) {
	c := newCluster(t)
	parent, _ := forkOfAnIndebtedWorld(c)
	rows := c.rows(map[string]string{})
	c.renamed("a", parent, ledger.Rename{Old: iron, New: tin})
	if c.rows(rows); rows["savea tin-plate"] != "E0 G0 I0 owed30" || rows["savea iron-plate"] != "E0 G0 I0 owed0" {
		t.Errorf("stored %v", rows)
	}
}

func TestWhatIsHeldIsRenamed(t *testing.T) {
	c := newCluster(t)
	c.do(ledger.SetPolicy{Policy: ledger.Policy{Growth: ledger.Growth{Burst: 10}}})
	a := c.join("a")
	c.totals("a", rec(iron, 100, 0, 0))
	c.renamed("a", a, ledger.Rename{Old: iron, New: tin})
	c.do(ledger.Release{World: a, Item: tin, Amount: 90})
	rows := c.rows(map[string]string{})
	if rows["savea tin-plate"] != "E100 G0 I0 owed0" || rows["tin-plate"] != "100 posted 0" {
		t.Errorf("stored %v", rows)
	}
}

func TestRenamesHappenAtOnce(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	c.totals("a", rec(iron, 1, 0, 0), rec(copper, 20, 0, 0), rec(tin, 300, 0, 0))
	rows := c.rows(map[string]string{})
	c.renamed("a", a, ledger.Rename{Old: iron, New: copper}, ledger.Rename{Old: copper, New: tin})
	c.rows(rows)
	if rows["iron-plate"] != "0 posted 0" || rows["copper-plate"] != "1 posted 0" || rows["tin-plate"] != "320 posted 0" {
		t.Errorf("stored %v", rows)
	}
}

// A world that is not the one of the books, because it is a copy or unknown, has no account to rename; but the goods on the
// bus are called as its mods call them.
func TestRenamesOfOtherWorldsAreOfTheBusOnly(t *testing.T) {
	for name, world := range map[string]func(a ledger.World) ledger.World{
		"a copy":  func(a ledger.World) ledger.World { return a },
		"unknown": func(ledger.World) ledger.World { return "x" },
	} {
		c := newCluster(t)
		a := c.join("a")
		c.totals("a", rec(iron, 10, 0, 0))
		rows := c.rows(map[string]string{})
		c.renamed("b", world(a), ledger.Rename{Old: iron, New: tin})
		c.rows(rows)
		if rows["savea iron-plate"] != "E10 G0 I0 owed0" || rows["savea tin-plate"] != "" || rows["iron-plate"] != "0 posted -10" || rows["tin-plate"] != "10 posted 10" {
			t.Errorf("%s: stored %v", name, rows)
		}
	}
}

// A world that goes back to before it had its identity has its account renamed too.
func TestRenamesOfAWorldBackAtItsBirth(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	c.totals("a", rec(iron, 10, 0, 0))
	rows := c.rows(map[string]string{})
	c.open("a")
	c.do(ledger.Renamed{Slot: "a", Epoch: c.epoch["a"], World: a, Renames: []ledger.Rename{{Old: iron, New: tin}}})
	c.do(ledger.Bound{Slot: "a", Epoch: c.epoch["a"], World: a, NewWorld: "n"})
	if c.rows(rows); rows["iron-plate"] != "0 posted 0" || rows["tin-plate"] != "0 posted 0" || rows["savea tin-plate"] != "E0 G0 I0 owed0" {
		t.Errorf("stored %v", rows)
	}
}

func TestRenamesThatAreNone(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	c.totals("a", rec(iron, 10, 0, 0))
	c.open("b")
	ok := ledger.Renamed{Slot: "b", Epoch: c.epoch["b"], Ledger: "L1", World: a, Renames: []ledger.Rename{{Old: iron, New: tin}}}
	c.state.Take()
	foreign := ok
	foreign.Ledger = "L2"
	c.do(foreign)
	if b := c.state.Take(); !b.Empty() {
		t.Errorf("a world of another ledger changed %+v", b)
	}
	for name, renames := range map[string][]ledger.Rename{
		"twice":                  {{Old: iron, New: tin}, {Old: iron, New: copper}},
		"in a circle":            {{Old: iron, New: tin}, {Old: tin, New: iron}},
		"to itself":              {{Old: iron, New: iron}},
		"of nothing":             {{New: tin}, {Old: ledger.Item{Quality: "normal"}, New: tin}},
		"to what can't be named": {{Old: iron, New: ledger.Item{Name: "a\nb", Quality: "normal"}}},
		"too many":               make([]ledger.Rename, 5_000),
	} {
		m := ok
		m.Renames = renames
		t.Run(name, func(t *testing.T) { c.t = t; c.refuses(ledger.ErrInvalid, m) })
	}
	c.t = t
	m := ok
	m.Slot, m.Epoch = "a", c.epoch["a"]
	c.refuses(ledger.ErrOrder, m) // after it was bound
}

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

func TestRenamesThatAreNone(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	c.totals("a", rec(iron, 10, 0, 0))
	c.open("b")
	ok := ledger.Renamed{Slot: "b", Epoch: c.epoch["b"], Ledger: "L1", World: a, Renames: []ledger.Rename{{Old: iron, New: tin}}}
	c.state.Take()
	for name, change := range map[string]func(m *ledger.Renamed){
		"of another slot's world": func(m *ledger.Renamed) {},
		"of another ledger":       func(m *ledger.Renamed) { m.Ledger = "L2" },
		"of an unknown world":     func(m *ledger.Renamed) { m.World = "x" },
	} {
		m := ok
		change(&m)
		c.do(m)
		if b := c.state.Take(); !b.Empty() {
			t.Errorf("%s: changed %+v", name, b)
		}
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

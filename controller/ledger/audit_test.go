package ledger_test

import (
	"slices"
	"testing"

	"mainbus/controller/ledger"
)

// changedBooks are books in which somebody has taken two plates off the bus by hand.
func changedBooks(t *testing.T) *cluster {
	t.Helper()
	state, err := ledger.New(ledger.Books{
		Ledger:   "L1",
		Worlds:   []ledger.WorldRow{{ID: "w", Slot: "a"}},
		Accounts: []ledger.AccountRow{{World: "w", Item: iron, E: 10, Top: 10}},
		Bus:      []ledger.BusRow{{Item: iron, Qty: 8}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, state: state, epoch: map[ledger.Slot]ledger.Epoch{}, wrong: true}
	c.do(ledger.Begin{UnixSeconds: 1})
	return c
}

func TestItemsThatDoNotAddUpAreNotGranted(t *testing.T) {
	c := changedBooks(t)
	replies := c.do(ledger.Verify{})
	if got := replies[0].(ledger.Verified).Wrong; len(got) != 1 || got[0] != (ledger.Mismatch{Item: iron, Bus: 8, Net: 10}) {
		t.Fatalf("found %v", got)
	}
	copper := ledger.Item{Name: "copper-plate", Quality: "normal"}
	c.join("b")
	if got := grants(c.totals("b", rec(iron, 1, 0, 5), rec(copper, 3, 0, 3))); got != "b=3" {
		t.Errorf("granted %q, want copper only", got)
	}
	if got := grants(c.do(ledger.Verify{})); got != "" {
		t.Errorf("they still do not add up, and granted was %s", got)
	}
	c.refuses(ledger.ErrOrder, ledger.Accept{Item: copper})
	c.wrong = false
	if got := grants(c.do(ledger.Accept{Item: iron})); got != "b=5" {
		t.Errorf("taken as they are, granted %q", got)
	}
	b := c.state.Take()
	for _, row := range b.Bus {
		if row.Item == iron && (row.Qty != 4 || row.Posted != -2) {
			t.Errorf("stored %+v", row)
		}
	}
	for _, p := range c.state.TakePostings() {
		if p.Kind == ledger.Accepted && (p.World != "" || p.Qty != -2) {
			t.Errorf("posted %+v", p)
		}
	}
	c.refuses(ledger.ErrOrder, ledger.Accept{Item: iron})
}

// Somebody has changed the tables under the running ledger, which knows better.
func TestWhatTheTablesSayWrongIsNotGranted(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	c.join("b")
	c.totals("a", rec(iron, 10, 0, 0))
	c.state.Take()
	wrong := ledger.Mismatch{Item: iron, Bus: 11, Net: 10}
	found := c.do(ledger.Verify{Stored: []ledger.Mismatch{wrong}})[0].(ledger.Verified)
	if !slices.Equal(found.Wrong, []ledger.Mismatch{wrong}) || found.Items != 1 || found.Worlds != 2 {
		t.Errorf("found %+v", found)
	}
	if got := grants(c.totals("b", rec(iron, 0, 0, 4))); got != "" {
		t.Errorf("granted %s", got)
	}
	if got := grants(c.do(ledger.Verify{})); got != "b=4" {
		t.Errorf("put right, granted %q", got)
	}
	c.state.Take()
	c.do(ledger.Verify{Stored: []ledger.Mismatch{wrong}})
	c.totals("b", rec(iron, 0, 4, 6))
	if got := grants(c.do(ledger.Accept{Item: iron})); got != "b=6" {
		t.Errorf("accepted, granted %q", got)
	}
	if b := c.state.Take(); len(b.Bus) != 1 || b.Bus[0].Posted != 0 || len(b.Accounts) != 2 {
		t.Errorf("stored again %+v", b)
	}
}

package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"mainbus/controller/ledger"
)

// What the simulation found, as the shortest sequences of messages that show it. The numbers of schedules lose their
// meaning whenever the simulation learns something; these don't.

func (c *cluster) bindFrom(m ledger.Bound) ledger.Assign {
	c.t.Helper()
	m.Epoch = c.open(m.Slot)
	c.ids++
	m.NewWorld = ledger.World("born" + string(rune('a'+c.ids)))
	return c.do(m)[0].(ledger.Assign)
}

// A copy that had sent goods was forgotten by a restored ledger, bound again under its own id, and crashed before any
// save had that id. It came back as the copy of its parent and got one more identity, while its goods stayed on the bus.
func TestACopyThatTheLedgerForgotIsTheSameAfterACrash(t *testing.T) {
	c := newCluster(t)
	parent := c.join("a")
	adopted := c.bindFrom(ledger.Bound{
		Slot: "b", Ledger: "L1", World: "fork", FromLedger: "L1", FromWorld: parent,
		Totals: []ledger.Record{rec(iron, 50, 0, 0)},
	})
	if bus, _ := c.book(); adopted.World != "fork" || bus != 50 {
		t.Fatalf("adopted as %s, bus %d", adopted.World, bus)
	}
	again := c.bindFrom(ledger.Bound{Slot: "b", Ledger: "L1", World: parent})
	if bus, _ := c.book(); again.World != "fork" || !again.Fresh || bus != 0 {
		t.Errorf("came back as %+v, bus %d", again, bus)
	}
}

// A world got another identity while it ran, because a restored ledger had met a copy of its save first. It crashed before
// any save had that, and the only file left was the one that it was born with, which names no ledger.
func TestAWorldRenamedWhileItRanIsTheSameFromTheFileItWasBornWith(t *testing.T) {
	c := newCluster(t)
	c.bindFrom(ledger.Bound{Slot: "a", Ledger: "L1", World: "w"})
	renamed := c.bindFrom(ledger.Bound{Slot: "b", Ledger: "L1", World: "w"})
	c.totals("b", rec(iron, 20, 0, 0))
	c.bindFrom(ledger.Bound{Slot: "a", Ledger: "", World: "another"}) // and w is leased nowhere
	again := c.bindFrom(ledger.Bound{Slot: "b", Ledger: "", World: "w"})
	if bus, _ := c.book(); again.World != renamed.World || !again.Fresh || bus != 0 {
		t.Errorf("was %s, came back as %+v, bus %d", renamed.World, again, bus)
	}
}

// A line that was overtaken tells less than was told before. Were it believed, giving up the slot would return what the
// world has received.
func TestWhatWasReceivedIsNotUnreceivedByAnOlderLine(t *testing.T) {
	c := newCluster(t)
	c.join("a")
	c.join("b")
	c.totals("a", rec(iron, 100, 0, 0))
	c.totals("b", rec(iron, 0, 0, 60))
	c.totals("b", rec(iron, 0, 60, 60))
	c.totals("b", rec(iron, 0, 20, 60))
	c.do(ledger.Move{From: "b"})
	if bus, _ := c.book(); bus != 40 {
		t.Errorf("bus %d, want the 40 that nobody has", bus)
	}
}

// A hand-over that was delayed names a holding that is over: the player stays where he is.
func TestAnOlderHandOverChangesNothing(t *testing.T) {
	inv := func(n int64) ledger.Inventory {
		return ledger.Inventory{Blob: []byte("x"), Items: []ledger.Count{{Item: iron, N: n}}}
	}
	for _, from := range []ledger.Slot{"a", "b"} {
		c := newCluster(t)
		c.join("a")
		c.join("b")
		first := c.enter("b", "Ann")
		c.leave("b", "Ann", first.Token, ledger.Inventory{})
		second := c.enter("a", "Ann")
		token := first.Token // of an older holding, by the world that holds him
		if from == "b" {
			token = second.Token // of this one, by a world that does not
		}
		c.do(ledger.PlayerOut{Slot: from, Epoch: c.epoch[from], Name: "Ann", Token: token, Inventory: inv(9)})
		if again := c.enter("a", "Ann"); again.Token != second.Token || len(again.Items) != 0 {
			t.Errorf("by %s: he holds by %s with %v, was %s", from, again.Token, again.Items, second.Token)
		}
	}
}

// A restored ledger met the file that a world was born with first, and then a save of it that had sent goods. The second
// was said to be the one that moved. The first, which never traded, was forgotten, and with it what the save had sent.
func TestWhatAWorldSentBeforeABackupMovesAlong(t *testing.T) {
	c := newCluster(t)
	c.do(ledger.Restored{})
	c.bindFrom(ledger.Bound{Slot: "a", Ledger: "", World: "w"})
	const sent = 10_000_000 // as the ticks of the save allow, and more than could be sent at once
	copied := c.bindFrom(ledger.Bound{Slot: "b", Ledger: "L1", World: "w", Tick: 1000, Totals: []ledger.Record{rec(iron, sent, 0, 0)}})
	c.do(ledger.Closed{Slot: "a", Epoch: c.epoch["a"]})
	c.do(ledger.Answer{World: copied.World, Moved: true})
	if bus, _ := c.book(); bus != sent {
		t.Errorf("bus %d, want the %d that the save has sent", bus, sent)
	}
}

// A copy was bound with mods that had renamed an item, and then it was said to be the world that had moved. What the world had
// under the old name was compared with what the save had under the new one: the copy owed the one, and the bus had the other twice.
func TestACopyWithNewerModsIsACopy(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	c.totals("a", rec(iron, 60, 0, 0))
	c.renamed("b", a, ledger.Rename{Old: iron, New: tin})
	c.do(ledger.Bound{Slot: "b", Epoch: c.epoch["b"], Ledger: "L1", World: a, NewWorld: "copy", Totals: []ledger.Record{rec(tin, 60, 0, 0)}})
	c.do(ledger.Closed{Slot: "a", Epoch: c.epoch["a"]})
	rows := c.rows(map[string]string{})
	c.refuses(ledger.ErrOrder, ledger.Answer{World: "copy", Moved: true})
	if rows["tin-plate"] != "60 posted 60" || rows["copy iron-plate"] != "" {
		t.Errorf("stored %v", rows)
	}
	c.do(ledger.Answer{World: "copy"})
}

// When the world itself gets the newer mods after the copy was made, what is known of the save goes by the new names too.
func TestWhatACopyWasMadeFromIsRenamedWithItsWorld(t *testing.T) {
	c := newCluster(t)
	a := c.join("a")
	c.totals("a", rec(iron, 60, 0, 0), rec(tin, 5, 0, 0))
	copied := c.bindFrom(ledger.Bound{Slot: "b", Ledger: "L1", World: a, Totals: []ledger.Record{rec(iron, 40, 0, 0), rec(tin, 5, 0, 0)}})
	c.renamed("a", a, ledger.Rename{Old: iron, New: tin})
	if got := c.state.Take().Origins; len(got) != 1 || got[0].Item != tin || got[0].E != 45 {
		t.Errorf("known of the save: %+v", got)
	}
	c.do(ledger.Bound{Slot: "a", Epoch: c.epoch["a"], Ledger: "L1", World: a, NewWorld: "n", Totals: []ledger.Record{rec(tin, 65, 0, 0)}})
	c.do(ledger.Closed{Slot: "a", Epoch: c.epoch["a"]})
	c.do(ledger.Answer{World: copied.World, Moved: true})
	rows := c.rows(map[string]string{})
	if rows["tin-plate"] != "45 posted 0" || strings.Contains(fmt.Sprint(rows), "owed20") {
		t.Errorf("stored %v", rows)
	}
}

package controller

import (
	"testing"

	"mainbus/transport/wire"
)

// A restored ledger has forgotten which world it made of a foreign one. The world tells, so that it is the same world still
// when a crash puts it back to before: its goods would be there twice otherwise.
func TestAWorldIsKnownByWhatItWas(t *testing.T) {
	c := newCluster(t, "attic")
	attic := c.agents[0]
	c.pair(attic)
	id := c.create("nauvis", attic)
	made, err := c.BackUp(t.Context(), me)
	if err != nil {
		t.Fatal(err)
	}
	run, assigned := attic.join(id, "00aa", "old", "")
	if !assigned.GetFresh() || assigned.GetWorld() == "old" {
		t.Fatalf("a foreign world was assigned %v", assigned)
	}
	run.tell("iron-plate/normal=120/0/0")
	eventually(t, "the bus", 120, func() int64 { return c.bus("iron-plate").Level })
	c.stop()
	if _, err := Restore(c.dir, made.Path); err != nil {
		t.Fatal(err)
	}
	c.start()
	again, err := attic.open(id)
	if err != nil {
		t.Fatal(err)
	}
	again.send(&wire.RunUp{Msg: &wire.RunUp_Bound{Bound: &wire.Bound{
		Ledger: assigned.GetLedger(), World: assigned.GetWorld(), Reports: []*wire.Report{
			{Channel: "bus", Body: []byte("iron-plate/normal=120/0/0")}, {Channel: "origin", Body: []byte("00aa/old")},
		},
	}}})
	eventually(t, "the bus after the restore", 120, func() int64 { return c.bus("iron-plate").Level })
	_, back := attic.join(id, "00aa", "old", "")
	if back.GetWorld() != assigned.GetWorld() || !back.GetFresh() {
		t.Errorf("the world from before its first save was assigned %v, it was %v", back, assigned)
	}
	if n := c.bus("iron-plate").Level; n != 0 {
		t.Errorf("the bus has %d of what the world holds again", n)
	}
}

package controller

import (
	"testing"

	"mainbus/controller/api"
	"mainbus/transport/wire"
)

// joinTelling is join for a world that tells more than its totals.
func (a *agent) joinTelling(instance string, as *wire.Assign, report, channel, body string) *attachment {
	a.t.Helper()
	at, err := a.open(instance)
	if err != nil {
		a.t.Fatal(err)
	}
	at.send(&wire.RunUp{Msg: &wire.RunUp_Bound{Bound: &wire.Bound{Ledger: as.GetLedger(), World: as.GetWorld(), Reports: []*wire.Report{
		{Channel: "bus", Body: []byte(report)}, {Channel: channel, Body: []byte(body)},
	}}}})
	var down wire.RunDown
	if err := at.stream.Recv(&down); err != nil {
		a.t.Fatal(err)
	}
	if down.GetAssign().GetWorld() != as.GetWorld() || down.GetAssign().GetFresh() {
		a.t.Fatalf("assigned %v, was %v", down.GetAssign(), as)
	}
	at.send(&wire.RunUp{Msg: &wire.RunUp_Assigned{Assigned: &wire.Assigned{}}})
	return at
}

// TestRenamedItemsKeepTheirNumbers: account and bus go on under the new name, told once or twice, and what can't be a rename
// keeps no world away.
func TestRenamedItemsKeepTheirNumbers(t *testing.T) {
	c := newCluster(t, "alpha")
	alpha := c.agents[0]
	c.pair(alpha)
	id := c.create("nauvis", alpha)
	world, own := alpha.join(id, "", "proposal", "")
	world.tell("iron-plate/normal=120/0/0+water/=70/0/0/1050/0")
	eventually(t, "iron on the bus", 120, func() int64 { return c.bus("iron-plate").Level })
	for range 2 {
		world = alpha.joinTelling(id, own, "my_5Firon/normal=120/0/0+brine/=70/0/0/1050/0", "renames", "iron-plate/normal=my_5Firon/normal+water/=brine/")
		want := api.BusItem{Name: "my_iron", Quality: "normal", Level: 120, Sent: 120}
		eventually(t, "iron by its new name", want, func() api.BusItem { return c.bus("my_iron") })
		if old, brine := c.bus("iron-plate"), c.bus("brine"); old.Level != 0 || old.Owed != 0 || brine.Level != 70 {
			t.Errorf("left of iron: %+v; brine: %+v", old, brine)
		}
	}
	for _, garbled := range []string{"my_5Firon", "a/b=b/c+b/c=a/b"} {
		world = alpha.joinTelling(id, own, "my_5Firon/normal=120/0/0+brine/=70/0/0/1050/0", "renames", garbled)
	}
	world.tell("my_5Firon/normal=121/0/0")
	eventually(t, "iron on the bus", 121, func() int64 { return c.bus("my_iron").Level })
}

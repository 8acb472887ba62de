package controller

import (
	"testing"

	"mainbus/controller/ledger"
	"mainbus/transport/wire"
)

// age lets time pass on the bus, as the store does once a minute.
func (c *cluster) age(seconds int64) {
	c.t.Helper()
	if _, err := c.controller.store.Apply(c.t.Context(), ledger.Age{Seconds: seconds}); err != nil {
		c.t.Fatal(err)
	}
}

func (at *attachment) tellSpoils(records string) {
	at.t.Helper()
	at.send(wire.Up(&wire.Envelope{Channel: "spoils", Body: []byte(records)}))
}

// TestGoodsOnTheBusSpoilAsTheirWorldSays: what a world tells of how items spoil, in a line or at bind, makes them older on the
// bus, and what they become in the end goes to who wants it. What can't be read spoils nothing and keeps no world away.
func TestGoodsOnTheBusSpoilAsTheirWorldSays(t *testing.T) {
	c := newCluster(t, "alpha", "beta")
	alpha, beta := c.agents[0], c.agents[1]
	c.pair(alpha)
	c.pair(beta)
	if _, err := c.controller.store.Apply(t.Context(), ledger.SetPolicy{Policy: ledger.Policy{Aging: true}}); err != nil {
		t.Fatal(err)
	}
	from, to := c.create("gleba", alpha), c.create("nauvis", beta)
	sender, own := alpha.join(from, "", "proposal", "")
	receiver, _ := beta.join(to, "", "other", "")
	sender.tell("fruit/normal=100/0/0/100000/0+egg/normal=5/0/0/5000/0")
	sender.tellSpoils("fruit/normal=36000/spoilage/normal+egg/normal=0")
	sender.tellSpoils("fruit/normal=1/")
	sender.tellSpoils("fruit/normal=1/fruit/normal")
	sender.tell("done/normal=1/0/0")
	eventually(t, "all to be heard", 1, func() int64 { return c.bus("done").Level })

	c.age(60)
	receiver.tell("fruit/normal=0/0/10")
	if got := receiver.granted(); got != "fruit/normal=10/9000" {
		t.Fatalf("after a minute of ten minutes %s was granted", got)
	}
	const report = "fruit/normal=100/0/0/100000/0+egg/normal=5/0/0/5000/0+done/normal=1/0/0"
	sender = alpha.joinTelling(from, own, report, "spoils", "fruit/normal=3600/mould/normal+egg/normal=0")
	sender.tell("done/normal=2/0/0")
	eventually(t, "all to be heard", 2, func() int64 { return c.bus("done").Level })
	receiver.tell("fruit/normal=0/10/10/0/9000+mould/normal=0/0/90+egg/normal=0/0/5")
	if got := receiver.granted(); got != "egg/normal=5/5000" {
		t.Fatalf("before it was spoiled %s was granted", got)
	}
	c.age(60)
	if got := receiver.granted(); got != "mould/normal=90" {
		t.Fatalf("spoiled, and %s was granted", got)
	}
	if left := c.bus("fruit").Level; left != 0 {
		t.Errorf("%d are left", left)
	}
	alpha.joinTelling(from, own, report, "spoils", "fruit")
}

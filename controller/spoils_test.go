package controller

import (
	"testing"
	"time"

	"mainbus/controller/api"
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

// TestGoodsAgeByTheMinute: minute by minute what lies on the bus grows older, if the policy says so, and turns into its result as
// many as there were.
func TestGoodsAgeByTheMinute(t *testing.T) {
	now, minutes := time.Now(), make(chan time.Time)
	c := startCluster(&cluster{t: t, minutes: minutes}, "alpha", "beta")
	wait := func(count int) {
		for range count {
			now = now.Add(time.Minute)
			minutes <- now // taken by the writer, which then does nothing else before they have aged
		}
	}
	alpha, beta := c.agents[0], c.agents[1]
	c.pair(alpha)
	c.pair(beta)
	from, to := c.create("gleba", alpha), c.create("nauvis", beta)
	sender, _ := alpha.join(from, "", "proposal", "")
	receiver, _ := beta.join(to, "", "other", "")
	sender.tellSpoils("fruit/normal=36000/mould/normal") // ten minutes
	sender.tell("fruit/normal=100/0/0/100000/0")
	eventually(t, "the fruit on the bus", 100, func() int64 { return c.bus("fruit").Level })

	wait(20)
	receiver.tell("fruit/normal=0/0/10")
	if got := receiver.granted(); got != "fruit/normal=10/10000" {
		t.Fatalf("goods stand still, and after 20 minutes %s was granted", got)
	}
	receiver.tell("fruit/normal=0/10/10/0/10000+mould/normal=0/0/200")
	eventually(t, "what has arrived", 10, func() int64 { return c.bus("fruit").Received })

	if _, err := c.ChangeBusPolicy(t.Context(), me, api.ChangeBusPolicy{Aging: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	wait(8)
	if fruit, mould := c.bus("fruit").Level, c.bus("mould").Level; fruit != 90 || mould != 0 {
		t.Errorf("after eight minutes of ten there are %d and %d that spoiled", fruit, mould)
	}
	wait(3)
	if got := receiver.granted(); got != "mould/normal=90" {
		t.Errorf("after eleven minutes of ten %s was granted", got)
	}
	receiver.tell("fruit/normal=0/10/10/0/10000+mould/normal=0/90/200")
	eventually(t, "what has arrived", 90, func() int64 { return c.bus("mould").Received })
	if fruit, mould := c.bus("fruit"), c.bus("mould"); fruit.Level != 0 || fruit.Granted != 10 || mould.Level != 0 || mould.Granted != 90 {
		t.Errorf("of 100 that were sent there are %+v and %+v", fruit, mould)
	}
	if check, err := c.VerifyBus(t.Context(), me); err != nil || len(check.Wrong) > 0 {
		t.Errorf("the books: %+v, %v", check, err)
	}
}

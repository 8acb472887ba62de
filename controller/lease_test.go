package controller

import (
	"errors"
	"testing"

	"mainbus/controller/api"
	"mainbus/controller/ledger"
)

// TestAWorldMovesWithItsInstance: in its new slot it goes on with what is booked, and what stayed behind is a copy.
func TestAWorldMovesWithItsInstance(t *testing.T) {
	c := newCluster(t, "alpha", "beta")
	alpha, beta := c.agents[0], c.agents[1]
	c.pair(alpha)
	c.pair(beta)
	old, home := c.create("nauvis", alpha), c.create("nauvis-2", beta)
	world, own := alpha.join(old, "", "proposal", "")
	world.tell("iron-plate/normal=120/0/0")
	eventually(t, "iron on the bus", 120, func() int64 { return c.bus("iron-plate").Level })

	if err := c.controller.moveLease(t.Context(), ledger.Slot(old), ledger.Slot(home)); err != nil {
		t.Fatal(err)
	}
	world.ended()
	if _, as := beta.join(home, own.GetLedger(), own.GetWorld(), "iron-plate/normal=150/0/0"); as.GetWorld() != own.GetWorld() || as.GetFresh() {
		t.Errorf("assigned %v", as)
	}
	eventually(t, "iron on the bus", 150, func() int64 { return c.bus("iron-plate").Level })
	if _, as := alpha.join(old, own.GetLedger(), own.GetWorld(), "iron-plate/normal=130/0/0"); as.GetWorld() == own.GetWorld() || !as.GetFresh() {
		t.Errorf("what stayed behind was assigned %v", as)
	}

	var refused *api.Error
	if err := c.controller.moveLease(t.Context(), ledger.Slot(old), ledger.Slot(home)); !errors.As(err, &refused) || refused.Code != api.Refused {
		t.Errorf("to a place that has a world: %v", err)
	}
	if err := c.controller.moveLease(t.Context(), ledger.Slot(home), ""); err != nil {
		t.Error(err)
	}
	if err := c.controller.moveLease(t.Context(), ledger.Slot(old), "\n"); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("to no place: %v", err)
	}
}

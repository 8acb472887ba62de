package controller

import (
	"testing"

	"mainbus/controller/api"
	"mainbus/controller/ledger"
	"mainbus/hostagent/factorio/scriptdat"
	"mainbus/transport/wire"
)

// tellSaved tells of a save that has so many iron plates sent, and nine of coal.
func (at *attachment) tellSaved(of, world string, tick uint64, iron float64) {
	at.t.Helper()
	sent := &scriptdat.Table{Pairs: []scriptdat.Pair{{Key: "iron-plate/normal", Value: iron}, {Key: "coal/normal", Value: 9.0}}}
	text, err := scriptdat.AppendTree(nil, &scriptdat.Table{Pairs: []scriptdat.Pair{{Key: "e", Value: sent}, {Key: "i", Value: &scriptdat.Table{}}}})
	if err != nil {
		at.t.Fatal(err)
	}
	at.send(&wire.RunUp{Msg: &wire.RunUp_Saved{Saved: &wire.Saved{
		Save: "_autosave1.zip", Ledger: of, World: world, Tick: tick, Accounts: text,
	}}})
}

// TestStrictItemsWaitForAFinishedSave: what no save covers is not spent, and going back to the save that covers it leaves
// nobody in debt.
func TestStrictItemsWaitForAFinishedSave(t *testing.T) {
	c := newCluster(t, "alpha", "beta")
	alpha, beta := c.agents[0], c.agents[1]
	c.pair(alpha)
	c.pair(beta)
	iron := ledger.Item{Name: "iron-plate", Quality: "normal"}
	policy := ledger.Policy{Items: []ledger.ItemRule{{Item: iron, Rule: ledger.Rule{Strict: true}}}}
	if _, err := c.controller.store.Apply(t.Context(), ledger.SetPolicy{Policy: policy}); err != nil {
		t.Fatal(err)
	}
	from, to := c.create("nauvis", alpha), c.create("vulcanus", beta)
	sender, own := alpha.join(from, "", "proposal", "")
	receiver, _ := beta.join(to, "", "other", "")
	receiver.tell("iron-plate/normal=0/0/200+coal/normal=0/0/9")
	sender.tell("iron-plate/normal=120/0/0")
	eventually(t, "what is on the bus", 120, func() int64 { return c.bus("iron-plate").Level })

	sender.tellSaved(own.GetLedger(), own.GetWorld(), 600, 1.5) // covers nothing, and nobody falls
	sender.tellSaved(own.GetLedger(), "another", 600, 120)
	sender.tell("coal/normal=9/0/0")
	if got := receiver.granted(); got != "coal/normal=9" {
		t.Fatalf("granted %s before a save has finished", got)
	}
	sender.tellSaved(own.GetLedger(), own.GetWorld(), 700, 100)
	if got := receiver.granted(); got != "iron-plate/normal=100" {
		t.Fatalf("granted %s after a save of 100", got)
	}

	alpha.join(from, own.GetLedger(), own.GetWorld(), "iron-plate/normal=100/0/0+coal/normal=9/0/0") // it went back to that save
	want := api.BusItem{Name: "iron-plate", Quality: "normal", Sent: 100, Granted: 100, InFlight: 100, Strict: true}
	eventually(t, "the bus", want, func() api.BusItem { return c.bus("iron-plate") })
}

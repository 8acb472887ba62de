package controller

import (
	"testing"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/ledger"
	"mainbus/controller/store"
)

func TestHistoryInWords(t *testing.T) {
	saved := time.Date(2026, 11, 26, 12, 40, 0, 0, time.Local)
	run := store.Run{At: saved.Add(time.Hour), SavedAt: saved}
	later, again, unknown := run, run, run
	later.At = saved.AddDate(0, 0, 3)
	again.Again = true
	unknown.SavedAt, unknown.Save = time.Time{}, "nauvis.zip"
	iron := ledger.Item{Name: "iron-plate", Quality: "normal"}
	rare := ledger.Item{Name: "iron-plate", Quality: "rare"}
	posting := func(kind ledger.PostingKind, item ledger.Item, n int64, r *store.Run) store.Posting {
		return store.Posting{Posting: ledger.Posting{World: "w1", Kind: kind, Item: item, Qty: n}, Run: r}
	}
	for _, c := range []struct {
		posting store.Posting
		want    string
	}{
		{posting(ledger.Exported, iron, 1204, nil), "Nauvis sent 1,204 iron-plate"},
		{posting(ledger.Granted, rare, 7, nil), "Nauvis was given 7 iron-plate (rare)"},
		{posting(ledger.Reconciled, iron, 1204, &run), "Nauvis went back to the save of 12:40: 1,204 iron-plate returned to the bus"},
		{posting(ledger.Reconciled, iron, -1234567, &later), "Nauvis went back to the save of 26 November, 12:40: 1,234,567 iron-plate taken back from the bus"},
		{posting(ledger.Reconciled, iron, 5, &again), "Nauvis was cut off and had given more, or got less, than was booked: 5 iron-plate returned to the bus"},
		{posting(ledger.Reconciled, iron, -5, &again), "Nauvis was cut off and had got more than was booked: 5 iron-plate taken back from the bus"},
		{posting(ledger.Reconciled, iron, 5, &unknown), "Nauvis began with the save nauvis.zip: 5 iron-plate returned to the bus"},
		{posting(ledger.Reconciled, iron, 5, nil), "Nauvis was put right: 5 iron-plate returned to the bus"},
		{posting(ledger.Indebted, iron, 40, &run), "Nauvis owes 40 iron-plate: it took them back after others had used them"},
	} {
		if got := tell(c.posting, "Nauvis"); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	// Every kind has words of its own.
	for k := ledger.Exported; k.Known(); k++ {
		p := posting(k, iron, 1, &run)
		if got := tell(p, ""); got == "The world w1: "+k.String()+" of 1 iron-plate" {
			t.Errorf("no words for %s", k)
		}
	}
}

func TestAccountsAndHistoryOfACluster(t *testing.T) {
	c := newCluster(t, "attic")
	c.pair(c.agents[0])
	id := c.create("nauvis", c.agents[0])
	run, assigned := c.agents[0].join(id, "", "proposal", "")
	run.tell("iron-plate/normal=120/0/0")
	eventually(t, "the bus", 120, func() int64 { return c.bus("iron-plate").Level })
	accounts, err := c.BusAccounts(t.Context(), me, api.ReadAccounts{Name: "iron-plate", Quality: "normal"})
	want := api.BusAccount{World: assigned.World, Instance: id, InstanceName: "nauvis", Name: "iron-plate", Quality: "normal", Sent: 120}
	if err != nil || len(accounts) != 1 || accounts[0] != want {
		t.Errorf("%+v, %v", accounts, err)
	}
	c.stop()
	c.start()
	history, err := c.BusHistory(t.Context(), me, api.ReadHistory{Instance: "nauvis"})
	if err != nil || len(history) != 1 || history[0].Text != "nauvis sent 120 iron-plate" || history[0].Count != 120 {
		t.Errorf("%+v, %v", history, err)
	}
	if history, err := c.BusHistory(t.Context(), me, api.ReadHistory{Causes: true}); err != nil || len(history) > 0 {
		t.Errorf("causes: %+v, %v", history, err)
	}
	if _, err := c.BusHistory(t.Context(), me, api.ReadHistory{Instance: "nowhere"}); api.AsError(err).Code != api.NotFound {
		t.Errorf("an instance that is not there: %v", err)
	}
}

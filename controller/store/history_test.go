package store

import (
	"context"
	"testing"
	"time"

	"mainbus/controller/ledger"
)

func TestHistory(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path, nil)
	saved := time.Date(2026, 11, 26, 12, 40, 0, 0, time.UTC)
	begin := func(start string) ledger.Epoch {
		t.Helper()
		epoch := apply(t, s, ledger.Open{Slot: "slot"})[0].(ledger.Run).Epoch
		run := Run{Slot: "slot", Epoch: epoch, At: saved.Add(time.Hour), Start: start, Save: "old.zip", SavedAt: saved, Tick: 7}
		if err := s.AddRun(context.Background(), run); err != nil {
			t.Fatal(err)
		}
		return epoch
	}
	first := begin("1-a")
	world := apply(t, s, ledger.Bound{Slot: "slot", Epoch: first, World: "save", NewWorld: "fresh"})[0].(ledger.Assign).World
	apply(t, s, totals("slot", first, 120, 0, 0))
	again := begin("1-a") // another agent, the same game
	apply(t, s, ledger.Bound{Slot: "slot", Epoch: again, Ledger: s.Ledger(), World: world, NewWorld: "x", Totals: []ledger.Record{{Item: iron, E: 130}}})
	back := begin("2-b")
	apply(t, s, ledger.Bound{Slot: "slot", Epoch: back, Ledger: s.Ledger(), World: world, NewWorld: "x", Totals: []ledger.Record{{Item: iron, E: 100}}})
	s.Close() // writes what gathered
	s = openStore(t, path, nil)

	all, err := s.Postings(context.Background(), PostingFilter{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[ledger.PostingKind][]int64{}
	for _, p := range all {
		kinds[p.Kind] = append(kinds[p.Kind], p.Qty)
		if p.Slot != "slot" || p.Item != iron || p.World != world || p.Run == nil {
			t.Errorf("%+v", p)
		}
	}
	if len(all) != 3 || len(kinds[ledger.Exported]) != 1 || len(kinds[ledger.Reconciled]) != 2 {
		t.Fatalf("postings %+v", all)
	}
	reconciled, err := s.Postings(context.Background(), PostingFilter{Kinds: []ledger.PostingKind{ledger.Reconciled}, Item: &iron, Slot: "slot", Limit: 10})
	if err != nil || len(reconciled) != 2 {
		t.Fatalf("%+v, %v", reconciled, err)
	}
	newest, older := reconciled[0], reconciled[1]
	if newest.Qty != -30 || newest.Run.Again || !newest.Run.SavedAt.Equal(saved) || newest.Run.Save != "old.zip" || newest.Run.Tick != 7 {
		t.Errorf("a save was loaded: %+v of %+v", newest, newest.Run)
	}
	if older.Qty != 10 || !older.Run.Again {
		t.Errorf("an agent came back: %+v of %+v", older, older.Run)
	}
	if page, err := s.Postings(context.Background(), PostingFilter{Before: newest.ID, Limit: 1}); err != nil || len(page) != 1 || page[0].ID >= newest.ID {
		t.Errorf("the next page is %+v, %v", page, err)
	}
	for filter, f := range map[string]PostingFilter{
		"another item": {Item: &ledger.Item{Name: "coal", Quality: "normal"}, Limit: 10}, "another slot": {Slot: "other", Limit: 10},
	} {
		if list, err := s.Postings(context.Background(), f); err != nil || len(list) > 0 {
			t.Errorf("%s: %+v, %v", filter, list, err)
		}
	}
	accounts, err := s.Accounts(context.Background(), &iron)
	if err != nil || len(accounts) != 1 || accounts[0].E != 100 || accounts[0].Slot != "slot" || accounts[0].World != world {
		t.Errorf("accounts %+v, %v", accounts, err)
	}
	if none, err := s.Accounts(context.Background(), &ledger.Item{Name: "coal", Quality: "normal"}); err != nil || len(none) > 0 {
		t.Errorf("accounts of another item: %+v, %v", none, err)
	}
}

package store

import (
	"testing"
	"time"

	"mainbus/controller/lists"
)

// Whoever changes a user's flags, the changes are numbered, and numbers of a later start are higher than all before.
func TestListChangesAreNumbered(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path, nil)
	ctx, at := t.Context(), time.UnixMilli(1000)
	yes, no, reason := true, false, "rude"
	for _, c := range []UserChange{
		{Name: "Ann", Admin: &yes, Banned: &yes, Reason: &reason}, {Name: "bob", Whitelisted: &yes}, {Name: "ANN", Admin: &no}, {Name: "bob", Notes: &reason},
	} {
		c.By, c.At = "test", at
		if _, err := s.ChangeUser(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	changes := func(s *SQLite, list string) (all []lists.Change, top uint64) {
		t.Helper()
		all, top, err := s.ListChanges(ctx, list, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		return all, top
	}
	admins, _ := changes(s, lists.Admins)
	bans, first := changes(s, lists.Bans)
	if len(admins) != 1 || admins[0].Listed || len(bans) != 1 || !bans[0].Listed || bans[0].Reason != "rude" || bans[0].Name != "Ann" {
		t.Fatalf("admins %+v, bans %+v", admins, bans)
	}
	if page, total, err := s.ListEntries(ctx, lists.Whitelist, "", 10); err != nil || total != 1 || page[0].Name != "bob" {
		t.Errorf("whitelist %+v of %d: %v", page, total, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, path, nil)
	reason = "ruder"
	if _, err := s.ChangeUser(ctx, UserChange{Name: "ann", Reason: &reason, By: "test", At: at}); err != nil {
		t.Fatal(err)
	}
	if _, top := changes(s, lists.Bans); top < first+1<<20 {
		t.Errorf("after another start %d follows %d", top, first)
	}
	if sum, err := s.ListSum(ctx, lists.Bans); err != nil || sum.Count != 1 || sum.Hash == 0 {
		t.Errorf("sum %+v, %v", sum, err)
	}
}

func TestTakeListChanges(t *testing.T) {
	s := openStore(t, dbPath(t), nil)
	ctx := t.Context()
	take := func(known uint64, c lists.Change) (taken, same []lists.Change) {
		t.Helper()
		taken, same, err := s.TakeListChanges(ctx, lists.Bans, "in nauvis", time.UnixMilli(5), known, []lists.Change{c})
		if err != nil {
			t.Fatal(err)
		}
		return taken, same
	}
	taken, _ := take(0, lists.Change{Name: "Eve", Listed: true, Reason: "rude", By: "Bob"})
	if len(taken) != 1 || taken[0].Revision == 0 {
		t.Fatalf("taken %+v", taken)
	}
	first := taken[0].Revision
	if u, err := s.User(ctx, "eve"); err != nil || !u.Banned.Set || u.BanReason != "rude" || u.Banned.By != "Bob (in nauvis)" {
		t.Errorf("the record is %+v, %v", u, err)
	}
	again, _ := take(first, lists.Change{Name: "EVE", Listed: true, Reason: "rude"})
	if len(again) != 1 || again[0].Revision <= first {
		t.Errorf("a ban of its own is not numbered anew: %+v", again)
	}
	if taken, same := take(first, lists.Change{Name: "eve"}); len(taken)+len(same) != 0 {
		t.Errorf("an unban by somebody who did not know was taken: %+v", taken)
	}
	if taken, _ := take(again[0].Revision, lists.Change{Name: "eve"}); len(taken) != 1 || taken[0].Listed {
		t.Errorf("an unban was not taken: %+v", taken)
	}
	if taken, same := take(0, lists.Change{Name: "nobody"}); len(taken) != 0 || len(same) != 1 {
		t.Errorf("of nobody: taken %+v, same %+v", taken, same)
	}
}

func TestListModesAreKept(t *testing.T) {
	s := openStore(t, dbPath(t), nil)
	ctx := t.Context()
	m := ListModes{"off", "both", "to_game", "on"}
	if err := s.SetListModes(ctx, "nowhere", m); err == nil {
		t.Error("modes of no instance were set")
	}
	if err := s.PutHost(ctx, Host{ID: "h", Name: "attic"}); err != nil {
		t.Fatal(err)
	}
	if err := s.AddInstance(ctx, Instance{ID: "abcdefghij", Name: "nauvis", Host: "h"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.SetListModes(ctx, "abcdefghij", m); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := s.ListModes(ctx); err != nil || len(all) != 1 || all["abcdefghij"] != m {
		t.Errorf("modes %v, %v", all, err)
	}
	if err := s.DeleteInstance(ctx, "abcdefghij"); err != nil {
		t.Fatal(err)
	}
	if all, err := s.ListModes(ctx); err != nil || len(all) != 0 {
		t.Errorf("after the instance was deleted: %v, %v", all, err)
	}
}

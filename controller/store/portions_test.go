package store

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"
)

func bans(n int) UserBulk {
	b := UserBulk{By: "y", At: at(1), What: fmt.Sprintf("ban %d users", n)}
	for i := range n {
		b.Changes = append(b.Changes, UserChange{Name: fmt.Sprintf("Player%05d", i), By: b.By, At: b.At, Banned: &yes})
	}
	return b
}

var manyUsers = flag.Int("users", 4000, "whom one change is about")

// Transfers are booked while very many users are changed: between any two portions, none of which has many.
func TestTransfersGoOnWhileManyUsersAreChanged(t *testing.T) {
	users := *manyUsers
	s := newUsers(t)
	slot := ledger1(t, s)
	transfers, last := 0, 0
	s.between = func(done int) {
		if done-last > maxPortion {
			t.Fatalf("a portion of %d", done-last)
		}
		slot.send(t, s)
		transfers, last = transfers+1, done
	}
	result, err := s.ChangeUsers(context.Background(), bans(users))
	if err != nil || len(result.Changed) != users || result.Left != 0 {
		t.Fatalf("%d, %d left, %v", len(result.Changed), result.Left, err)
	}
	if transfers < users/maxPortion {
		t.Errorf("%d transfers", transfers)
	}
	t.Logf("%d transfers among %d users", transfers, users)
	_, revision, err := s.ListedUsers(context.Background())
	if err != nil || revision != int64(users) || result.Changed[users-1].After.Revision != int64(users) {
		t.Errorf("%d, %d, %v", revision, result.Changed[users-1].After.Revision, err)
	}
	if left, _, err := s.UnfinishedUsers(context.Background()); err != nil || left.Left != 0 {
		t.Errorf("%+v, %v", left, err)
	}
	if level(t, s) != slot.e {
		t.Errorf("%d on the bus of %d that were sent", level(t, s), slot.e)
	}
}

// What ends in the middle, because the program does, is shown, is done again for the rest, and is undone.
func TestInterruptedChangeOfManyUsers(t *testing.T) {
	path, ctx := dbPath(t), context.Background()
	s := openStore(t, path, nil)
	s.between = func(done int) {
		if done > 100 {
			s.Close()
		}
	}
	const users = 2000
	result, err := s.ChangeUsers(ctx, bans(users))
	did := len(result.Changed)
	if !errors.Is(err, ErrClosed) || did <= 100 || result.Left != users-did || result.Left == 0 {
		t.Fatalf("%d done, %d left, %v", did, result.Left, err)
	}
	s = openStore(t, path, nil)
	if left, underWay, err := s.UnfinishedUsers(ctx); err != nil || left.Left != result.Left || left.What != result.What || left.By != "y" || underWay {
		t.Errorf("%+v, %v, %v", left, underWay, err)
	}
	if all, _, err := s.ListedUsers(ctx); err != nil || len(all) != did {
		t.Errorf("%d listed, %v", len(all), err)
	}
	if preview, err := s.PreviewUsers(ctx, bans(users)); err != nil || len(preview.Changed) != users-did || preview.Unchanged != did {
		t.Errorf("%d, %v", len(preview.Changed), err)
	}
	if again, err := s.ChangeUsers(ctx, bans(users)); err != nil || len(again.Changed) != users-did || again.Unchanged != did {
		t.Errorf("%d, %v", len(again.Changed), err)
	}
	if left, _, err := s.UnfinishedUsers(ctx); err != nil || left.Left != 0 {
		t.Errorf("%+v, %v", left, err)
	}
	if undone, err := s.UndoUsers(ctx, "y", at(2)); err != nil || len(undone.Changed) != users-did {
		t.Errorf("%d, %v", len(undone.Changed), err)
	}
	// The other half's undo is interrupted, and goes on with what it has not come to.
	ctx, cancel := context.WithCancel(ctx)
	s.between = func(int) { cancel() }
	part, err := s.UndoUsers(ctx, "y", at(3))
	if !errors.Is(err, context.Canceled) || len(part.Changed) == 0 || part.Left != did-len(part.Changed) {
		t.Fatalf("%d, %d left, %v", len(part.Changed), part.Left, err)
	}
	s.between, ctx = nil, context.Background()
	if rest, err := s.UndoUsers(ctx, "y", at(4)); err != nil || len(rest.Changed) != part.Left || rest.Since != 0 {
		t.Errorf("%d, %v", len(rest.Changed), err)
	}
	if _, total, err := s.FindUsers(ctx, UserQuery{Limit: 1}); err != nil || total != 0 {
		t.Errorf("%d, %v", total, err)
	}
	if _, err := s.UndoUsers(ctx, "y", at(5)); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestRolesOfManyUsers(t *testing.T) {
	s, ctx := newUsers(t), context.Background()
	for _, id := range []string{"r1", "r2"} {
		if err := s.AddRole(ctx, Role{ID: id, Name: id}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"ann", "bob"} {
		change(t, s, UserChange{Name: name, At: at(0), Create: true})
	}
	for _, role := range []string{"r1", "r2"} {
		if err := s.GrantRole(ctx, "ann", role); err != nil {
			t.Fatal(err)
		}
	}
	bulk := UserBulk{By: "y", At: at(1), What: "roles", Changes: []UserChange{
		{Name: "ANN", At: at(1), Grant: []string{"r1"}, Revoke: []string{"r2"}}, {Name: "bob", At: at(1), Grant: []string{"r1", "gone"}},
		{Name: "nobody", At: at(1), Grant: []string{"r1"}}, {Name: "new", At: at(1), Grant: []string{"r1"}, Create: true},
	}}
	preview, err := s.PreviewUsers(ctx, bulk)
	if err != nil || len(preview.Changed) != 3 || preview.Unchanged != 1 {
		t.Fatalf("%+v, %v", preview, err)
	}
	done, err := s.ChangeUsers(ctx, bulk)
	if err != nil || len(done.Changed) != 3 || !slices.Equal(done.Changed[0].Revoked, []string{"r2"}) || len(done.Changed[0].Granted) != 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	roles := func(want map[string][]string) {
		t.Helper()
		for name, ids := range want {
			has, err := s.UserRoles(ctx, name)
			if slices.Sort(has); err != nil || !slices.Equal(has, ids) {
				t.Errorf("%s has %v, %v", name, has, err)
			}
		}
	}
	roles(map[string][]string{"ann": {"r1"}, "bob": {"r1"}, "new": {"r1"}, "nobody": nil})
	if err := s.GrantRole(ctx, "bob", "r2"); err != nil {
		t.Fatal(err)
	}
	preview, err = s.PreviewUndo(ctx)
	if err != nil || len(preview.Changed) != 3 || preview.By != "y" {
		t.Fatalf("%+v, %v", preview, err)
	}
	if undone, err := s.UndoUsers(ctx, "y", at(2)); err != nil || len(undone.Changed) != 3 {
		t.Fatalf("%+v, %v", undone, err)
	}
	roles(map[string][]string{"ann": {"r1", "r2"}, "bob": {"r2"}})
	if _, err := s.User(ctx, "new"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a record that the change has made stays: %v", err)
	}
}

func TestOldChangesOfManyUsersAreForgotten(t *testing.T) {
	s, ctx := newUsers(t), context.Background()
	for n := range maxBulks + 3 {
		b := bans(2)
		b.Changes[n%2].Reason = text(fmt.Sprint(n))
		if _, err := s.ChangeUsers(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	var bulks, rows int
	if err := s.readers.QueryRow("SELECT (SELECT count(*) FROM user_bulk), (SELECT count(DISTINCT bulk) FROM user_bulk_row)").Scan(&bulks, &rows); err != nil || bulks != maxBulks || rows != maxBulks {
		t.Errorf("%d, %d, %v", bulks, rows, err)
	}
}

// sender is a world that sends iron.
type sender struct {
	send func(t *testing.T, s *SQLite)
	e    int64
}

func ledger1(t *testing.T, s *SQLite) *sender {
	epoch := join(t, s, "slot")
	w := &sender{}
	w.send = func(t *testing.T, s *SQLite) {
		w.e++
		apply(t, s, totals("slot", epoch, w.e, 0, 0))
	}
	return w
}

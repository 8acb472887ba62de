package store

import (
	"errors"
	"reflect"
	"testing"
	"time"
)

func TestInstancesMoveAndGo(t *testing.T) {
	ctx, path := t.Context(), dbPath(t)
	s := openStore(t, path, nil)
	when := time.UnixMilli(1_795_000_000_123)
	for _, id := range []string{"h1", "h2"} {
		if err := s.PutHost(ctx, Host{ID: id, Name: id, PairedAt: when, LastSeen: when}); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"i1", "i2"} {
		if err := s.AddInstance(ctx, Instance{ID: id, Name: "name " + id, Host: "h1", CreatedAt: when}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.MoveInstance(ctx, "i1", "h1", "h2"); err != nil {
		t.Fatal(err)
	}
	if err := s.MoveInstance(ctx, "i1", "h1", "h2"); !errors.Is(err, ErrNotFound) {
		t.Errorf("moved from where it is not: %v", err)
	}
	left := func(want ...Leftover) {
		t.Helper()
		if got, err := s.Leftovers(ctx); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("left over are %v, %v, not %v", got, err, want)
		}
	}
	left(Leftover{"i1", "h1"})
	if err := s.MoveInstance(ctx, "i1", "h2", "h1"); err != nil {
		t.Fatal(err)
	}
	left(Leftover{"i1", "h2"})
	if err := s.RenameInstance(ctx, "i1", "NAME i2"); !errors.Is(err, ErrExists) {
		t.Errorf("renamed to what another is called: %v", err)
	}
	if err := errors.Join(s.RenameInstance(ctx, "i1", "Name I1"), s.CountAsked(ctx, "i1"), s.DeleteInstance(ctx, "i2")); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{s.RenameInstance(ctx, "i2", "x"), s.CountAsked(ctx, "i2"), s.DeleteInstance(ctx, "i2")} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("a deleted instance: %v", err)
		}
	}
	s.Close()
	s = openStore(t, path, nil)
	left(Leftover{"i1", "h2"}, Leftover{"i2", "h1"})
	if err := errors.Join(s.RemoveLeftover(ctx, Leftover{"i1", "h2"}), s.RemoveLeftover(ctx, Leftover{"i1", "h2"})); err != nil {
		t.Fatal(err)
	}
	left(Leftover{"i2", "h1"})
	all, err := s.Instances(ctx)
	if err != nil || len(all) != 1 || all[0].Name != "Name I1" || all[0].Host != "h1" || all[0].Asked != 3 {
		t.Errorf("there are %+v, %v", all, err)
	}
}

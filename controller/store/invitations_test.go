package store

import (
	"errors"
	"path/filepath"
	"testing"
	"time"
)

func TestAnInvitationIsUsedOnce(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "controller.db"), nil)
	ctx := t.Context()
	now := time.UnixMilli(time.Now().UnixMilli())
	for id, expires := range map[string]time.Time{"a": now.Add(time.Hour), "b": now.Add(time.Hour), "old": now} {
		if err := s.AddInvitation(ctx, Invitation{ID: id, Key: []byte{1}, CreatedAt: now.Add(-time.Minute), ExpiresAt: expires}); err != nil {
			t.Fatal(err)
		}
	}
	first, second := Host{ID: "h1", Name: "attic", PairedAt: now}, Host{ID: "h2", Name: "cellar", PairedAt: now}
	for range 2 { // the answer may get lost
		if err := s.UseInvitation(ctx, "a", first); err != nil {
			t.Error(err)
		}
	}
	if err := s.RevokeInvitation(ctx, "b"); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"a", "b", "old", "none"} {
		if err := s.UseInvitation(ctx, id, second); !errors.Is(err, ErrNotFound) {
			t.Errorf("invitation %s: %v", id, err)
		}
	}
	if err := s.RevokeInvitation(ctx, "b"); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoked twice: %v", err)
	}
	hosts, err := s.Hosts(ctx)
	if err != nil || len(hosts) != 1 || hosts[0].Name != "attic" {
		t.Errorf("hosts %+v, %v", hosts, err)
	}
	all, err := s.Invitations(ctx)
	if err != nil || len(all) != 2 || all[0].ID != "a" || all[0].UsedBy != "h1" || all[1].ID != "old" {
		t.Errorf("invitations %+v, %v", all, err)
	}
}

func TestAForgottenHostKeepsItsInstancesAndComesBackWhenPaired(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "controller.db"), nil)
	ctx := t.Context()
	now := time.Now()
	h := Host{ID: "h1", Name: "attic", PairedAt: now.Add(-time.Hour)}
	code := func(id string) error {
		return s.AddInvitation(ctx, Invitation{ID: id, Key: []byte{1}, CreatedAt: now.Add(-2 * time.Hour), ExpiresAt: now.Add(time.Hour)})
	}
	if err := errors.Join(code("used"), code("other"), s.UseInvitation(ctx, "used", h), s.AddInstance(ctx, Instance{ID: "i", Name: "nauvis", Host: "h1"}),
		s.ForgetHost(ctx, "h1", now)); err != nil {
		t.Fatal(err)
	}
	if err := s.ForgetHost(ctx, "h1", now); !errors.Is(err, ErrNotFound) {
		t.Errorf("forgotten twice: %v", err)
	}
	if err := s.UseInvitation(ctx, "used", h); !errors.Is(err, ErrNotFound) {
		t.Errorf("its join code lets it in again: %v", err)
	}
	if all, err := s.Invitations(ctx); err != nil || len(all) != 1 || all[0].ID != "other" {
		t.Errorf("invitations %+v, %v", all, err)
	}
	count := func() int {
		t.Helper()
		hosts, err := s.Hosts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return len(hosts)
	}
	if err := s.PutHost(ctx, h); err != nil { // what was learned at the end of its link
		t.Fatal(err)
	}
	if count() != 0 {
		t.Error("it came back by itself")
	}
	h.PairedAt = now.Add(time.Second)
	if err := s.PutHost(ctx, h); err != nil {
		t.Fatal(err)
	}
	if instances, err := s.Instances(ctx); count() != 1 || err != nil || len(instances) != 1 || instances[0].Host != "h1" {
		t.Errorf("%d hosts, instances %+v, %v", count(), instances, err)
	}
}

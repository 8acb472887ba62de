package store

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"
)

func roleNamed(t *testing.T, s *SQLite, name string) Role {
	t.Helper()
	all, err := s.Roles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(all, func(r Role) bool { return r.Name == name })
	if at < 0 {
		t.Fatalf("no role %s among %+v", name, all)
	}
	return all[at]
}

// The first roles come once: who deletes or changes one has the last word, also after a restart.
func TestFirstRolesComeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "controller.db")
	s := openStore(t, path, nil)
	first := []Role{{ID: "a", Name: "Admin", Grants: []RoleGrant{{Permission: "everything"}}}, {ID: "v", Name: "Viewer", Grants: []RoleGrant{{Permission: "cluster.read"}}}}
	if err := s.MakeRoles(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	viewer := roleNamed(t, s, "Viewer")
	viewer.Grants = nil
	if err := errors.Join(s.PutRole(t.Context(), viewer), s.DeleteRole(t.Context(), "a"), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, path, nil)
	if err := s.MakeRoles(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	all, err := s.Roles(t.Context())
	if err != nil || len(all) != 1 || len(all[0].Grants) != 0 || all[0].Revision != 2 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestRolesOfUsers(t *testing.T) {
	s := newUsers(t)
	ctx := t.Context()
	grants := []RoleGrant{{Permission: "instance.control", Hosts: []string{"h1"}, Instances: []string{"i1", "i2"}}}
	if err := s.AddRole(ctx, Role{ID: "r1", Name: "Helper", Description: "helps", Grants: grants}); err != nil {
		t.Fatal(err)
	}
	if err := s.AddRole(ctx, Role{ID: "r2", Name: "hELPER"}); !errors.Is(err, ErrExists) {
		t.Errorf("the same name: %v", err)
	}
	role := roleNamed(t, s, "Helper")
	if !reflect.DeepEqual(role.Grants, grants) || role.Description != "helps" || role.Revision != 1 {
		t.Errorf("read %+v", role)
	}
	if err := s.PutRole(ctx, role); err != nil {
		t.Error(err)
	}
	if err := s.PutRole(ctx, role); !errors.Is(err, ErrChanged) {
		t.Errorf("a change of what has changed: %v", err)
	}
	if err := s.GrantRole(ctx, "Ann", "r1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a user that is not there: %v", err)
	}
	change(t, s, UserChange{Name: "Ann", At: at(1), Create: true})
	if err := s.GrantRole(ctx, "Ann", "r9"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a role that is not there: %v", err)
	}
	for range 2 {
		if err := s.GrantRole(ctx, "aNN", "r1"); err != nil {
			t.Error(err)
		}
	}
	has, err := s.UserRoles(ctx, "ANN")
	users, err2 := s.RoleUsers(ctx, "r1")
	if err != nil || err2 != nil || !slices.Equal(has, []string{"r1"}) || !slices.Equal(users, []string{"Ann"}) {
		t.Errorf("%v, %v; %v, %v", has, users, err, err2)
	}
	if err := s.RevokeRole(ctx, "ann", "r1"); err != nil {
		t.Error(err)
	}
	if err := s.RevokeRole(ctx, "ann", "r1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("taken away twice: %v", err)
	}
	if err := errors.Join(s.GrantRole(ctx, "ann", "r1"), s.DeleteRole(ctx, "r1")); err != nil {
		t.Error(err)
	}
	if has, err := s.UserRoles(ctx, "ann"); err != nil || len(has) > 0 {
		t.Errorf("after the role is gone: %v, %v", has, err)
	}
}

// A key comes by a code that is good once, and goes with its code, so that it can't come back by it; it goes with its user too.
func TestKeysOfUsers(t *testing.T) {
	s := newUsers(t)
	ctx := context.Background()
	now := time.UnixMilli(time.Now().UnixMilli())
	invite := func(id, user string, expires time.Time) {
		t.Helper()
		if err := s.AddInvitation(ctx, Invitation{ID: id, Key: []byte{1}, CreatedAt: now.Add(-time.Minute), ExpiresAt: expires, User: user}); err != nil {
			t.Fatal(err)
		}
	}
	change(t, s, UserChange{Name: "Ann", At: at(1), Create: true})
	invite("a", "Ann", now.Add(time.Hour))
	invite("b", "Ann", now.Add(time.Hour))
	invite("old", "ann", now)
	invite("nobody", "bob", now.Add(time.Hour))
	invite("host", "", now.Add(time.Hour))
	key := func(id string) Key {
		return Key{ID: id, Machine: "desk", MadeAt: now, LastSeen: now, From: "192.0.2.1"}
	}
	for range 2 { // the answer may get lost
		if err := s.UseUserInvitation(ctx, "a", key("k1")); err != nil {
			t.Error(err)
		}
	}
	for _, id := range []string{"a", "old", "nobody", "host", "none"} {
		if err := s.UseUserInvitation(ctx, id, key("k2")); !errors.Is(err, ErrNotFound) {
			t.Errorf("code %s: %v", id, err)
		}
	}
	if err := s.UseInvitation(ctx, "b", Host{ID: "h1", Name: "attic", PairedAt: now}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a host by a login code: %v", err)
	}
	want := key("k1")
	want.User, want.Name = "ann", "Ann"
	if k, err := s.Key(ctx, "k1"); err != nil || k != want {
		t.Errorf("%+v, %v", k, err)
	}
	want.Machine, want.LastSeen, want.From = "laptop", now.Add(time.Minute), "192.0.2.2"
	if err := s.SeenKey(ctx, want); err != nil {
		t.Error(err)
	}
	if all, err := s.Keys(ctx); err != nil || len(all) != 1 || all[0] != want {
		t.Errorf("%+v, %v", all, err)
	}
	if err := s.RevokeKey(ctx, "k1"); err != nil {
		t.Error(err)
	}
	if _, err := s.Key(ctx, "k1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a key that was revoked: %v", err)
	}
	if err := s.UseUserInvitation(ctx, "a", key("k1")); !errors.Is(err, ErrNotFound) {
		t.Errorf("a key that was revoked came back: %v", err)
	}
	if err := errors.Join(s.UseUserInvitation(ctx, "b", key("k3")), s.DeleteUser(ctx, "ann")); err != nil {
		t.Error(err)
	}
	if all, err := s.Keys(ctx); err != nil || len(all) > 0 {
		t.Errorf("keys of a user that is gone: %+v, %v", all, err)
	}
}

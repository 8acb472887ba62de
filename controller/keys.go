package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/pairing"
)

const (
	usualLogin  = time.Hour
	mostLogin   = 7 * 24 * time.Hour
	maxKeys     = 10_000
	maxUserKeys = 32
	farewell    = 5 * time.Second
)

func (s *service) InviteUser(ctx context.Context, c api.Caller, r api.InviteUser) (api.UserInvitation, error) {
	life := time.Duration(r.Seconds) * time.Second
	if r.Seconds == 0 {
		life = usualLogin
	}
	if r.Seconds < 0 || r.Seconds > int64(mostLogin/time.Second) {
		return api.UserInvitation{}, api.Errorf(api.Invalid, "Say for example 1h.", "a login code is good for at most 7 days")
	}
	s.rolesMu.Lock()
	defer s.rolesMu.Unlock()
	user, err := s.someUser(ctx, r.User)
	if err != nil {
		return api.UserInvitation{}, err
	}
	if err := s.mayActFor(ctx, c, user.Key); err != nil {
		return api.UserInvitation{}, err
	}
	i, err := s.invite(ctx, pairing.NewLogin, user.Key, r.Addresses, life)
	return api.UserInvitation{Invitation: i, User: user.Name}, err
}

// mayActFor refuses to let a caller hand out or take away the keys of somebody who may do more than they.
func (s *service) mayActFor(ctx context.Context, c api.Caller, user string) error {
	roles, err := s.rolesOf(ctx, user)
	if err != nil {
		return err
	}
	var all []store.RoleGrant
	for _, r := range roles {
		all = append(all, r.Grants...)
	}
	return s.mayHandOn(ctx, c, all)
}

func (s *service) UserInvitations(ctx context.Context, _ api.Caller) ([]api.UserInvitation, error) {
	rows, err := s.store.Invitations(ctx)
	if err != nil {
		return nil, err
	}
	list := []api.UserInvitation{}
	for _, row := range rows {
		if row.User != "" {
			list = append(list, s.viewLogin(row))
		}
	}
	return list, nil
}

func (s *service) viewLogin(row store.Invitation) api.UserInvitation {
	return api.UserInvitation{Invitation: s.viewInvitation(row), User: row.User}
}

func (s *service) RevokeUserInvitation(ctx context.Context, _ api.Caller, r api.InvitationRef) (api.UserInvitation, error) {
	row, err := s.revokeInvitation(ctx, r.Invitation, func(i store.Invitation) bool { return i.User != "" }, "mainbusctl keys invitations")
	return s.viewLogin(row), err
}

// admitUser lets in a program that has a login code: its key speaks for the user from now on.
func (c *Controller) admitUser(ctx context.Context, i store.Invitation, p link.PairStream, now time.Time) error {
	c.rolesMu.Lock()
	defer c.rolesMu.Unlock()
	if c.hosts.byID(p.Peer()) != nil {
		return fmt.Errorf("%w: this key is a host's", pairing.ErrNotInvited)
	}
	keys, err := c.store.Keys(ctx)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(keys, func(k store.Key) bool { return k.ID == p.Peer().String() })
	of := slices.DeleteFunc(slices.Clone(others), func(k store.Key) bool { return k.User != i.User })
	if len(others) >= maxKeys || len(of) >= maxUserKeys {
		return fmt.Errorf("%w: %s has %d keys, of %d in all; revoke some that are not used any more", pairing.ErrNotInvited, i.User, len(of), len(others))
	}
	from := p.PeerAddr().Addr().String()
	key := store.Key{ID: p.Peer().String(), User: i.User, Machine: p.Peer().Short()[:8], MadeAt: now, LastSeen: now, From: from}
	if err := c.store.UseUserInvitation(ctx, i.ID, key); err != nil {
		return err
	}
	return authority{c}.Record(ctx, api.AuditEntry{At: now, Who: i.User, From: from, What: "Login", Target: p.Peer().Short(), Result: "done"})
}

func (s *service) Keys(ctx context.Context, _ api.Caller, r api.KeysOf) ([]api.Key, error) {
	rows, err := s.store.Keys(ctx)
	if err != nil {
		return nil, err
	}
	list := []api.Key{}
	for _, row := range rows {
		if r.User == "" || strings.EqualFold(r.User, row.User) {
			list = append(list, s.viewKey(row))
		}
	}
	return list, nil
}

func (s *service) viewKey(row store.Key) api.Key {
	view := api.Key{
		ID: shortKey(row.ID), User: row.Name, Machine: row.Machine, MadeAt: row.MadeAt.UTC(), LastSeen: row.LastSeen.UTC(), From: row.From,
	}
	if id, err := identity.ParseID(row.ID); err == nil {
		view.Connections = s.endpoint.Links(id)
	}
	return view
}

// shortKey is a key's id as people see it.
func shortKey(id string) string {
	parsed, err := identity.ParseID(id)
	if err != nil {
		return ""
	}
	return parsed.Short()
}

func (s *service) RevokeKey(ctx context.Context, c api.Caller, r api.KeyRef) (api.Key, error) {
	s.rolesMu.Lock()
	defer s.rolesMu.Unlock()
	rows, err := s.store.Keys(ctx)
	if err != nil {
		return api.Key{}, err
	}
	want := strings.ToLower(strings.TrimSpace(r.Key))
	found := slices.DeleteFunc(rows, func(k store.Key) bool { return want == "" || !strings.HasPrefix(k.ID, want) })
	if len(found) != 1 {
		return api.Key{}, api.Errorf(api.NotFound, "mainbusctl keys list shows all.", "%d keys begin with %q", len(found), shown(r.Key, 60))
	}
	if found[0].ID != c.Key {
		if err := s.mayActFor(ctx, c, found[0].User); err != nil {
			return api.Key{}, err
		}
	}
	return s.endKey(ctx, c, found[0])
}

func (s *service) Logout(ctx context.Context, c api.Caller) (api.Key, error) {
	if c.Kind == api.Owner {
		return api.Key{}, api.Errorf(api.Refused, "", "the owner of the controller has no key")
	}
	row, err := s.store.Key(ctx, c.Key)
	if err != nil {
		return api.Key{}, err
	}
	return s.endKey(ctx, c, row)
}

// endKey ends a key and its connections. Those of the caller may do nothing any more either, but live long enough to hear that.
func (s *service) endKey(ctx context.Context, c api.Caller, row store.Key) (api.Key, error) {
	view := s.viewKey(row)
	if err := s.store.RevokeKey(context.WithoutCancel(ctx), row.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return api.Key{}, err
	}
	s.hangUp(c, row)
	return view, nil
}

// hangUp ends the connections of a key that is good no more.
func (s *service) hangUp(c api.Caller, row store.Key) {
	id, err := identity.ParseID(row.ID)
	if err != nil {
		return // it was nobody's
	}
	if row.ID != c.Key {
		s.endpoint.Revoke(id)
		return
	}
	s.group.Go(func() {
		select {
		case <-time.After(farewell):
		case <-s.ctx.Done():
		}
		s.endpoint.Revoke(id)
	})
}

// mayRemove refuses to let a caller remove a user who may do more than they, or who is the last that may do everything. It returns the
// keys that the user has.
func (s *service) mayRemove(ctx context.Context, c api.Caller, user string) ([]store.Key, error) {
	if err := s.mayActFor(ctx, c, user); err != nil {
		return nil, err
	}
	roles, err := s.store.Roles(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.keepAdmin(ctx, roles, roles, func(u, _ string) bool { return u == user }); err != nil {
		return nil, err
	}
	keys, err := s.store.Keys(ctx)
	return slices.DeleteFunc(keys, func(k store.Key) bool { return k.User != user }), err
}

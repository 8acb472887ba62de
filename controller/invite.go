package controller

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/transport/discovery"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/pairing"
)

const (
	usualInvitation = 24 * time.Hour
	mostInvitation  = 30 * 24 * time.Hour
	maxInvitations  = 100 // that are open
	maxInvited      = 4   // addresses in a code, but for those that were asked for
)

func (s *service) Invite(ctx context.Context, _ api.Caller, r api.Invite) (api.Invitation, error) {
	life := time.Duration(r.Seconds) * time.Second
	if r.Seconds == 0 {
		life = usualInvitation
	}
	if r.Seconds < 0 || r.Seconds > int64(mostInvitation/time.Second) {
		return api.Invitation{}, api.Errorf(api.Invalid, "Say for example 24h.", "a join code is good for at most 30 days")
	}
	return s.invite(ctx, pairing.NewInvitation, "", r.Addresses, life)
}

// invite makes a join code for a host, or a login code for a user.
func (s *service) invite(ctx context.Context, make func(identity.ID, []string, time.Time) (*pairing.Invitation, error),
	user string, addresses []string, life time.Duration) (api.Invitation, error) {
	open, err := s.store.Invitations(ctx)
	if err != nil {
		return api.Invitation{}, err
	}
	if len(open) >= maxInvitations {
		return api.Invitation{}, api.Errorf(api.Refused, "Revoke some: mainbusctl hosts invitations and mainbusctl keys invitations list them.",
			"there are %d join codes and login codes already", len(open))
	}
	now := time.Now()
	i, err := make(s.id.ID(), s.reachable(addresses), now.Add(life))
	if err != nil {
		return api.Invitation{}, api.Errorf(api.Invalid, "Give addresses as host:port, for example factory.example.org:34181.", "%v", err)
	}
	key := i.Key()
	row := store.Invitation{ID: i.ID().String(), Key: key[:], CreatedAt: now, ExpiresAt: i.Expires, User: user}
	if err := s.store.AddInvitation(ctx, row); err != nil {
		return api.Invitation{}, err
	}
	view := s.viewInvitation(row)
	view.Code, view.Addresses = i.Code(), i.Addresses
	return view, nil
}

// reachable are the addresses at which a host may try to reach this controller: those asked for, then its own.
func (s *service) reachable(asked []string) []string {
	port := strconv.Itoa(int(s.Port()))
	var list []string
	for _, a := range asked {
		if _, _, err := net.SplitHostPort(a); err != nil { // no port: this one's
			a = net.JoinHostPort(strings.Trim(a, "[]"), port)
		}
		list = append(list, a)
	}
	own := s.endpoint.Addr().Addr()
	addrs := []netip.Addr{own}
	if own.IsUnspecified() {
		addrs = discovery.OwnAddresses(discovery.Config{Interfaces: s.cfg.Interfaces})
	}
	for _, a := range addrs {
		text := net.JoinHostPort(a.String(), port)
		if len(list) < len(asked)+maxInvited && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

func (s *service) Invitations(ctx context.Context, _ api.Caller) ([]api.Invitation, error) {
	rows, err := s.store.Invitations(ctx)
	if err != nil {
		return nil, err
	}
	list := []api.Invitation{}
	for _, row := range rows {
		if row.User == "" {
			list = append(list, s.viewInvitation(row))
		}
	}
	return list, nil
}

func (s *service) viewInvitation(row store.Invitation) api.Invitation {
	view := api.Invitation{ID: row.ID, CreatedAt: row.CreatedAt.UTC(), ExpiresAt: row.ExpiresAt.UTC(), UsedBy: row.UsedBy}
	if id, err := identity.ParseID(row.UsedBy); err == nil {
		view.UsedBy = id.Short()
		if h := s.hosts.byID(id); h != nil {
			view.UsedBy = s.hosts.snapshot(h).row.Name
		}
	}
	return view
}

func (s *service) RevokeInvitation(ctx context.Context, _ api.Caller, r api.InvitationRef) (api.Invitation, error) {
	row, err := s.revokeInvitation(ctx, r.Invitation, func(i store.Invitation) bool { return i.User == "" }, "mainbusctl hosts invitations")
	return s.viewInvitation(row), err
}

func (s *service) revokeInvitation(ctx context.Context, id string, is func(store.Invitation) bool, list string) (store.Invitation, error) {
	rows, err := s.store.Invitations(ctx)
	if err != nil {
		return store.Invitation{}, err
	}
	at := slices.IndexFunc(rows, func(i store.Invitation) bool { return i.ID == id && is(i) })
	if at < 0 {
		return store.Invitation{}, api.Errorf(api.NotFound, list+" lists those that are open.", "there is no invitation %q", shown(id, 40))
	}
	if err := s.store.RevokeInvitation(ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Invitation{}, err
	}
	return rows[at], nil
}

// admit lets in a host that has a join code, or a user's program that has a login code. The program that dialed is told why not.
func (c *Controller) admit(ctx context.Context, p link.PairStream) error {
	<-c.ready
	now := time.Now()
	var invited store.Invitation
	err := pairing.Admit(ctx, p, p.Exporter(), c.id.ID(), p.Peer(),
		func(id pairing.InvitationID) (key pairing.JoinKey, err error) {
			invited, err = c.invited(ctx, id, p.Peer().String(), now)
			if err != nil {
				return key, err
			}
			return pairing.JoinKey(invited.Key), nil
		},
		func(pairing.InvitationID) error {
			let := c.admitHost
			if invited.User != "" {
				let = c.admitUser
			}
			err := let(context.WithoutCancel(ctx), invited, p, now)
			if errors.Is(err, store.ErrNotFound) {
				err = fmt.Errorf("%w: it was used or revoked in this moment", pairing.ErrNotInvited)
			}
			return err
		})
	if err != nil {
		c.log.Warn("somebody could not come in by a code", "addr", p.PeerAddr(), "err", err)
		c.attempts.note("somebody", p.PeerAddr().Addr().String(), "Login", "code", err.Error())
		return err
	}
	c.log.Info("somebody has come in by a code", "peer", p.Peer().Short(), "addr", p.PeerAddr(), "user", invited.User)
	return nil
}

func (c *Controller) admitHost(ctx context.Context, i store.Invitation, p link.PairStream, now time.Time) error {
	row := store.Host{
		ID: p.Peer().String(), Name: p.Peer().Short(), Addresses: []string{p.PeerAddr().String()}, DiscoveredBy: "join code",
		PairedAt: now, LastSeen: now,
	}
	if h := c.hosts.byID(p.Peer()); h != nil { // once more, or after it was paired by its code
		known := c.hosts.snapshot(h).row
		known.PairedAt, known.LastSeen = now, now
		row = known
	}
	if err := c.store.UseInvitation(ctx, i.ID, row); err != nil {
		return err
	}
	return c.trust(row)
}

// invited returns an invitation that is open for a peer.
func (c *Controller) invited(ctx context.Context, id pairing.InvitationID, peer string, now time.Time) (store.Invitation, error) {
	rows, err := c.store.Invitations(ctx)
	if err != nil {
		return store.Invitation{}, err
	}
	at := slices.IndexFunc(rows, func(i store.Invitation) bool { return i.ID == id.String() })
	switch {
	case at < 0 || len(rows[at].Key) != len(pairing.JoinKey{}):
		return store.Invitation{}, fmt.Errorf("%w: it was revoked, or made by another controller", pairing.ErrNotInvited)
	case !now.Before(rows[at].ExpiresAt):
		return store.Invitation{}, fmt.Errorf("%w: it has expired", pairing.ErrNotInvited)
	case rows[at].UsedBy != "" && rows[at].UsedBy != peer && rows[at].User == "":
		return store.Invitation{}, fmt.Errorf("%w: another host has used it", pairing.ErrNotInvited)
	case rows[at].UsedBy != "" && rows[at].UsedBy != peer:
		return store.Invitation{}, fmt.Errorf("%w: it was used already", pairing.ErrNotInvited)
	}
	return rows[at], nil
}

// trust takes in a host that has proved itself and is stored, and keeps a link to it.
func (c *Controller) trust(row store.Host) error {
	id, err := identity.ParseID(row.ID)
	if err != nil {
		return err
	}
	known := c.hosts.byID(id)
	if known != nil {
		c.hosts.pairedAgain(known, row)
	} else {
		if err := c.hosts.add(row); err != nil {
			return err
		}
		c.keep(c.hosts.byID(id))
	}
	c.endpoint.Nudge()
	return nil
}

func (s *service) ForgetHost(ctx context.Context, _ api.Caller, r api.HostRef) (api.Host, error) {
	h, err := s.pairedHost(strings.TrimSpace(r.Host))
	if err != nil {
		return api.Host{}, err
	}
	view := s.viewHost(h)
	if err := s.store.ForgetHost(context.WithoutCancel(ctx), h.id.String(), time.Now()); err != nil && !errors.Is(err, store.ErrNotFound) {
		return api.Host{}, err
	}
	s.hosts.remove(h)
	s.endpoint.Revoke(h.id)
	s.bulk.Revoke(h.id)
	view.Linked, view.RTTMS = false, 0
	return view, nil
}

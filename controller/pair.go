package controller

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/pairing"
)

type message = proto.Message

const (
	resolveTimeout = 5 * time.Second
	// linkPatience is how long pairing waits for the first link, so that what comes next finds the host there.
	linkPatience = 5 * time.Second
)

// candidate is a host that may be paired, as far as it is known.
type candidate struct {
	name  string
	short string // empty: whoever answers at the address
	addrs []addrPort
	by    string
}

func (s *service) PairHost(ctx context.Context, _ api.Caller, r api.PairHost) (api.Host, error) {
	code, err := pairing.ParseCode(r.Code)
	if err != nil {
		return api.Host{}, api.Errorf(api.Invalid, "The host shows its code on its console; mainbus-host pair shows it again.", "%v", err)
	}
	who, err := s.candidate(ctx, strings.TrimSpace(r.Host))
	if err != nil {
		return api.Host{}, err
	}
	row := store.Host{Name: who.name, DiscoveredBy: who.by, PairedAt: time.Now(), LastSeen: time.Now()}
	err = s.endpoint.Pair(ctx, who.addrs, func(ctx context.Context, p link.PairStream) error {
		peer := p.Peer()
		if who.short != "" && peer.Short() != who.short {
			return link.ErrOtherKey
		}
		row.ID, row.Addresses = peer.String(), []string{p.PeerAddr().String()}
		return pairing.Initiate(ctx, p, pairing.Session{Code: code, Exporter: p.Exporter(), Controller: s.id.ID(), Agent: peer})
	})
	if err != nil {
		return api.Host{}, pairError(who.name, err)
	}
	return s.welcome(ctx, row)
}

// welcome stores a host that has proved the code, and links to it.
func (s *service) welcome(ctx context.Context, row store.Host) (api.Host, error) {
	// The host trusts this controller from now on, so this must not be lost to an impatient caller.
	if err := s.store.PutHost(context.WithoutCancel(ctx), row); err != nil {
		return api.Host{}, err
	}
	id, err := identity.ParseID(row.ID)
	if err != nil {
		return api.Host{}, err
	}
	if err := s.trust(row); err != nil {
		return api.Host{}, err
	}
	h := s.hosts.byID(id)
	if h == nil {
		return api.Host{}, api.Errorf(api.Refused, "", "%s was forgotten while it was paired", row.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, linkPatience)
	defer cancel()
	select {
	case <-h.up:
	case <-ctx.Done(): // it is paired all the same
	}
	return s.viewHost(h), nil
}

// candidate finds who is meant: a host that announces itself, one that was paired before, or an address.
func (s *service) candidate(ctx context.Context, host string) (candidate, error) {
	var found []candidate
	for _, f := range s.hosts.strangers() {
		if host == f.Short || strings.EqualFold(host, f.Name) {
			found = append(found, candidate{f.Name, f.Short, f.Addrs, f.By})
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return candidate{}, api.Errorf(api.Invalid, "Use the id instead; mainbusctl hosts list shows it.", "%d hosts that want to join are called %q", len(found), host)
	}
	if h, err := s.pairedHost(host); err == nil {
		if _, linked := s.endpoint.Conn(h.id); linked {
			return candidate{}, api.Errorf(api.Refused, "", "host %s is paired and linked already", host)
		}
		return candidate{host, h.id.Short(), s.hosts.addresses(h), s.hosts.snapshot(h).row.DiscoveredBy}, nil
	}
	if _, _, err := net.SplitHostPort(host); err == nil {
		return resolve(ctx, host)
	}
	return candidate{}, api.Errorf(api.NotFound,
		"See that mainbus-host runs there; mainbusctl hosts list shows who was found. Where multicast does not reach, give its address as host:port.",
		"no host %q was found on the network", host)
}

func resolve(ctx context.Context, address string) (candidate, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	host, service, _ := net.SplitHostPort(address) // checked by the caller
	port, err := net.DefaultResolver.LookupPort(ctx, "udp", service)
	if err != nil {
		return candidate{}, api.Errorf(api.Invalid, "Give it as host:port, for example 192.168.1.20:34180.", "%q is no address: %v", address, err)
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return candidate{}, api.Errorf(api.Unavailable, "Check the name, or give a numeric address.", "%q could not be looked up: %v", host, err)
	}
	c := candidate{name: host, by: "address"}
	for _, ip := range ips {
		c.addrs = append(c.addrs, netip.AddrPortFrom(ip.Unmap(), uint16(port)))
	}
	return c, nil
}

func pairError(name string, err error) error {
	switch {
	case errors.Is(err, pairing.ErrWrongCode):
		return api.Errorf(api.Refused, "Read the code on the host's console again; it changes after ten minutes and a few tries.", "that is not the code that %s shows%s", name, reason(err))
	case errors.Is(err, link.ErrRefused):
		return api.Errorf(api.Refused, "The command “mainbus-host pair” on that machine shows the code that holds.", "%s declines%s", name, reason(err))
	case errors.Is(err, link.ErrOtherKey):
		return api.Errorf(api.Refused, "Look at mainbusctl hosts list again.", "somebody else answered at the address of %s", name)
	case errors.Is(err, context.Canceled):
		return err
	}
	return api.Errorf(api.Unavailable, "See that mainbus-host runs there, and that UDP is let through in both directions.", "%s could not be reached: %v", name, err)
}

// reason returns the host's own words in an error, which say what happened and what helps.
func reason(err error) string {
	_, said, found := strings.Cut(err.Error(), link.ErrRefused.Error()+": ")
	if !found {
		return ""
	}
	said = strings.TrimPrefix(strings.TrimSuffix(said, ")"), pairing.ErrWrongCode.Error()+": ")
	return ": " + shown(said, 200)
}

func (s *service) SearchHosts(ctx context.Context, c api.Caller) ([]api.Host, error) {
	if err := s.prober.Sweep(ctx); err != nil {
		return nil, api.Errorf(api.Unavailable, "Give the host's address as host:port, or let it join with a code: mainbusctl hosts invite.", "the networks could not be searched: %v", err)
	}
	return s.Hosts(ctx, c)
}

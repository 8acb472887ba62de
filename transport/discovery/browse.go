package discovery

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/grandcat/zeroconf"
)

const (
	window      = 5 * time.Second // of listening to one query and its repetition
	eagerPause  = time.Second
	calmPause   = 30 * time.Second
	maxEntries  = 256 // per window; whoever sends more than that is no friend
	entryBuffer = 64
)

// Browse looks for agents until ctx ends, and then returns nil. It listens in windows of five seconds with a pause
// of one second between them while eager returns true, else of thirty, or until the interfaces change. found is
// called for each agent as it is heard of, in every window again; it must return soon.
//
// Windows are there because the library's own repetition grows to a minute, and because it never hears of an
// interface that came up after it was started.
func Browse(ctx context.Context, cfg Config, eager func() bool, found func(Found)) error {
	problem := ""
	for ctx.Err() == nil {
		list, err := Usable(cfg)
		if err == nil {
			err = browseOnce(ctx, list, found)
		}
		text := ""
		if err != nil {
			text = err.Error()
		}
		if err != nil && text != problem {
			cfg.log().Warn("hosts can't be found on the network", "err", err)
		}
		problem = text
		pause(ctx, cfg, fingerprint(list), err != nil, eager)
	}
	return nil
}

// pause waits in steps of a second, and asks at each whether it is time.
func pause(ctx context.Context, cfg Config, network uint64, failed bool, eager func() bool) {
	end := time.Now().Add(calmPause)
	step := time.NewTicker(eagerPause)
	defer step.Stop()
	moved, unwatch := watch(ctx)
	defer unwatch()
	for {
		select {
		case <-ctx.Done():
			return
		case <-step.C:
		case <-moved:
		}
		list, err := Usable(cfg)
		if failed && err == nil || eager() || fingerprint(list) != network || !time.Now().Before(end) {
			return
		}
	}
}

func browseOnce(ctx context.Context, list []net.Interface, found func(Found)) (err error) {
	ctx, cancel := context.WithTimeout(ctx, window)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("browse with mDNS: %v", p)
		}
	}()
	r, err := resolver(list)
	if err != nil {
		return fmt.Errorf("browse with mDNS: %w", err)
	}
	entries := make(chan *zeroconf.ServiceEntry, entryBuffer) // the library closes it
	err = r.Browse(ctx, Service, domain, entries)
	n := 0
	for e := range entries { // to the end, for the library waits for room
		if n++; n > maxEntries {
			continue
		}
		if f, err := parse(e.Text, addrsOf(e), time.Now()); err == nil {
			found(f)
		}
	}
	if err != nil {
		return fmt.Errorf("browse with mDNS: %w", err)
	}
	return nil
}

// resolver makes what is good for one window. It listens on the protocols that the interfaces have, and on IPv4
// alone where the other fails, since IPv6 can be half switched off.
func resolver(list []net.Interface) (*zeroconf.Resolver, error) {
	var traffic zeroconf.IPType
	for _, i := range list {
		for _, a := range addresses(i) {
			if a.Is4() {
				traffic |= zeroconf.IPv4
			} else {
				traffic |= zeroconf.IPv6
			}
		}
	}
	r, err := zeroconf.NewResolver(zeroconf.SelectIfaces(list), zeroconf.SelectIPTraffic(traffic))
	if err != nil && traffic == zeroconf.IPv4AndIPv6 {
		r, err = zeroconf.NewResolver(zeroconf.SelectIfaces(list), zeroconf.SelectIPTraffic(zeroconf.IPv4))
	}
	return r, err
}

func addrsOf(e *zeroconf.ServiceEntry) []netip.Addr {
	var list []netip.Addr
	for _, ips := range [][]net.IP{e.AddrIPv4, e.AddrIPv6} {
		for _, ip := range ips {
			if a, ok := netip.AddrFromSlice(ip); ok && len(list) < 4*maxAddrs {
				list = append(list, a.Unmap())
			}
		}
	}
	return list
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"mainbus/cmd/internal/testbed"
)

// Networks that a run can be in.
const (
	anyNetwork = "auto"       // namespaces where they are allowed
	relaysOnly = "relays"     // all on this machine's loopback, behind relays
	namespaced = "namespaces" // each host in a network namespace of Linux too, joined to the relay by a cable
)

// A namespace is a machine of its own as far as the network goes. A pair of veth interfaces, one end in it and one out here, is
// its cable.
type namespace struct {
	name  string // of the namespace, and of the outer end of the cable
	inner netip.Addr
}

// layCable makes a namespace. Addresses are from 198.18.0.0/15, which is set aside for tests of networks (RFC 2544), a network of
// four for each cable.
func layCable(ctx context.Context, number int) (*namespace, error) {
	slot := os.Getpid()%16384*2 + number
	inner := netip.AddrFrom4([4]byte{198, 18 + byte(slot>>14), byte(slot >> 6), byte(slot<<2) + 2})
	n := &namespace{name: fmt.Sprintf("mb%dh%d", os.Getpid(), number), inner: inner}
	in := []string{"-n", n.name}
	for _, args := range [][]string{
		{"netns", "add", n.name},
		{"link", "add", n.name, "type", "veth", "peer", "name", "cable", "netns", n.name},
		{"addr", "add", inner.Prev().String() + "/30", "dev", n.name},
		{"link", "set", n.name, "up"},
		append(in, "addr", "add", inner.String()+"/30", "dev", "cable"),
		append(in, "link", "set", "cable", "up"),
		append(in, "link", "set", "lo", "up"),
		{"netns", "exec", n.name, "true"},
	} {
		if err := ip(ctx, args...); err != nil {
			return nil, errors.Join(err, n.remove())
		}
	}
	return n, nil
}

func ip(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// inside is the command that runs a program in the namespace, as the same process.
func (n *namespace) inside() []string { return []string{"ip", "netns", "exec", n.name} }

func (n *namespace) plug(in bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	state := "down"
	if in {
		state = "up"
	}
	return ip(ctx, "link", "set", n.name, state)
}

func (n *namespace) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = ip(ctx, "link", "del", n.name) // it may not be there yet
	return ip(ctx, "netns", "del", n.name)
}

// layCables decides how hosts are reached, and says so.
func (t *test) layCables(ctx context.Context, hosts int) error {
	if t.options.network == relaysOnly {
		t.say("Links are cut by the relays, as asked")
		return nil
	}
	for number := range hosts {
		n, err := layCable(ctx, number)
		if err != nil {
			t.removeCables()
			if t.options.network == namespaced {
				return fmt.Errorf("no network namespace can be made: %w", err)
			}
			t.say("Links are cut by the relays; network namespaces are not allowed here (%v)", err)
			return nil
		}
		t.cables = append(t.cables, n)
	}
	t.say("Links are cut by taking down interfaces: each host is in a network namespace of its own")
	return nil
}

func (t *test) removeCables() {
	for _, n := range t.cables {
		if err := n.remove(); err != nil {
			t.say("A network namespace is left: %v", err)
		}
	}
	t.cables = nil
}

// plugIn puts a host that has not started into its namespace, if it has one.
func (t *test) plugIn(h *testbed.Host) {
	if n := len(t.relays); n < len(t.cables) {
		h.Inside = t.cables[n].inside()
		t.cableOf[h] = t.cables[n]
	}
}

// route leads the relay of a host to an agent there.
func (t *test) route(h *testbed.Host, port string) error {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("port of %s: %w", h.Name, err)
	}
	addr := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if n := t.cableOf[h]; n != nil {
		addr = n.inner
	}
	t.relays[h].to(netip.AddrPortFrom(addr, uint16(number)))
	return nil
}

// cut cuts the link of a host off until it is mended.
func (t *test) cut(h *testbed.Host) (mend func() error, err error) {
	if n := t.cableOf[h]; n != nil {
		return func() error { return n.plug(true) }, n.plug(false)
	}
	r := t.relays[h]
	before := r.weather.Swap(&weather{cut: true})
	return func() error { r.weather.Store(before); return nil }, nil
}

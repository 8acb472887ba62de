package discovery

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"mainbus/transport/internal/netns"
)

// everything takes all interfaces that are up and can multicast: in a network of its own the only cable is a virtual one.
func everything(all []net.Interface) (list []net.Interface) {
	for _, i := range all {
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagMulticast != 0 && i.Flags&net.FlagLoopback == 0 {
			list = append(list, i)
		}
	}
	return list
}

// live runs f in a network until ctx ends.
func live(ctx context.Context, t *testing.T, n *netns.Network, f func(context.Context)) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.Do(func() { f(ctx) })
	}()
	t.Cleanup(func() { cancel(); <-ended })
}

func browsing(ctx context.Context, t *testing.T, n *netns.Network) <-chan Found {
	found := make(chan Found, 1024)
	live(ctx, t, n, func(ctx context.Context) {
		_ = Browse(ctx, Config{Interfaces: everything}, func() bool { return true }, func(f Found) {
			select {
			case found <- f:
			default:
			}
		})
	})
	return found
}

func announcing(ctx context.Context, t *testing.T, n *netns.Network, a Announcement) {
	live(ctx, t, n, func(ctx context.Context) {
		_ = Announce(ctx, Config{Interfaces: everything}, func() Announcement { return a }, nil)
	})
}

func at(ip string) func(Found) bool {
	return func(f Found) bool { return f.Addrs[0].Addr() == netip.MustParseAddr(ip) }
}

// An agent that starts before DHCP has an answer is found when there is one, and found again when it gets another address, or a
// second interface.
func TestFoundWhateverTheNetworkDoes(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: takes seconds of real multicast")
	}
	here, there := netns.Pair(t)
	there.IP("addr", "add", "10.7.0.1/24", "dev", "eth0")
	there.IP("route", "add", "default", "dev", "eth0")
	a := announcement(t, "late")
	announcing(t.Context(), t, here, a)
	found := browsing(t.Context(), t, there)

	here.IP("addr", "add", "10.7.0.2/24", "dev", "eth0")
	start := time.Now()
	await(t, found, "host with its first address", at("10.7.0.2"))
	t.Logf("found %v after its address came", time.Since(start).Round(time.Millisecond))

	here.IP("addr", "del", "10.7.0.2/24", "dev", "eth0")
	here.IP("addr", "add", "10.7.0.9/24", "dev", "eth0")
	start = time.Now()
	await(t, found, "host with its other address", func(f Found) bool { return len(f.Addrs) == 1 && at("10.7.0.9")(f) })
	t.Logf("found %v after its address changed", time.Since(start).Round(time.Millisecond))

	here.IP("link", "add", "eth1", "type", "veth", "peer", "name", "eth2")
	here.IP("link", "set", "eth2", "up")
	here.IP("addr", "add", "10.8.0.1/24", "dev", "eth1")
	here.IP("link", "set", "eth1", "up", "multicast", "on")
	await(t, found, "host with two interfaces", func(f Found) bool { return len(f.Addrs) == 2 })
}

// Ten agents that start at once, two of them with one name, are all found.
func TestTenAgentsAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: takes seconds of real multicast")
	}
	here, there := netns.Pair(t)
	here.IP("addr", "add", "10.7.0.2/24", "dev", "eth0")
	there.IP("addr", "add", "10.7.0.1/24", "dev", "eth0")
	here.IP("route", "add", "default", "dev", "eth0")
	there.IP("route", "add", "default", "dev", "eth0")
	found := browsing(t.Context(), t, there)
	start := time.Now()
	missing := map[string]bool{}
	for n := range 10 {
		a := announcement(t, fmt.Sprintf("host %d", n/2*2))
		a.Port += uint16(n)
		missing[a.ID.Short()] = true
		announcing(t.Context(), t, here, a)
	}
	await(t, found, "all ten", func(f Found) bool {
		delete(missing, f.Short)
		return len(missing) == 0
	})
	t.Logf("all found after %v", time.Since(start).Round(time.Millisecond))
}

// Where multicast is lost, broadcasts find a host, and where those are, a search does.
func TestProbesFindWhatMulticastDoesNot(t *testing.T) {
	here, there := netns.Pair(t)
	here.IP("addr", "add", "10.7.0.2/24", "brd", "+", "dev", "eth0")
	there.IP("addr", "add", "10.7.0.200/24", "brd", "+", "dev", "eth0")
	a := announcement(t, "cellar")
	var agent, controller *net.UDPConn
	var err error
	here.Do(func() { agent, err = net.ListenUDP("udp", &net.UDPAddr{Port: firstPort}) })
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Close()
	there.Do(func() { controller, err = net.ListenUDP("udp", nil) })
	if err != nil {
		t.Fatal(err)
	}
	defer controller.Close()
	found := make(chan Found, 16)
	p := &Prober{
		Config: Config{Interfaces: everything},
		Found:  func(f Found) { found <- f },
		Send: func(to netip.AddrPort, b []byte) error {
			_, err := controller.WriteToUDPAddrPort(b, to)
			return err
		},
	}
	go serveDatagrams(agent, func(from netip.AddrPort, b []byte) { agent.WriteToUDPAddrPort(Answer(a, b), from) })
	go serveDatagrams(controller, p.Take)
	for name, ask := range map[string]func(){"broadcast": p.broadcast, "search": func() { err = p.Sweep(t.Context()) }} {
		start := time.Now()
		there.Do(ask)
		if err != nil {
			t.Fatal(err)
		}
		f := await(t, found, name, func(Found) bool { return true })
		t.Logf("%s: answered after %v", name, time.Since(start).Round(time.Millisecond))
		if f.Name != "cellar" || f.Short != a.ID.Short() || f.Addrs[0] != netip.MustParseAddrPort(fmt.Sprintf("10.7.0.2:%d", firstPort)) {
			t.Errorf("%s found %+v", name, f)
		}
	}
}

func serveDatagrams(c *net.UDPConn, take func(netip.AddrPort, []byte)) {
	b := make([]byte, 256)
	for {
		n, from, err := c.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		take(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), b[:n])
	}
}

package link

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"mainbus/transport/identity"
	"mainbus/transport/internal/netns"
	"mainbus/transport/wire"
)

// in makes a peer whose socket is in a network.
func in(t *testing.T, n *netns.Network, name string, options ...option) *peer {
	t.Helper()
	var p *peer
	options = append([]option{at(":0")}, options...)
	n.Do(func() { p = newPeer(t, name, options...) })
	return p
}

func ask(c *Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return c.Call(ctx, wire.Method_METHOD_CONSOLE_SEND, &wire.ConsoleSend{}, nil)
}

// grown makes a peer's link old.
func grown(p *peer, id identity.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[id].since = time.Now().Add(-freshLink)
}

// A machine gets another address. Whoever dialed, the two talk again soon: over the same link if it was this machine that
// dialed, over a new one otherwise.
func TestAddressChange(t *testing.T) {
	for name, movedDials := range map[string]bool{"of the side that dialed": true, "of the side that was dialed": false} {
		t.Run(name, func(t *testing.T) {
			here, there := netns.Pair(t)
			here.IP("addr", "add", "10.7.0.2/24", "dev", "eth0")
			there.IP("addr", "add", "10.7.0.1/24", "dev", "eth0")
			moves := in(t, here, "moves", withHandler(wire.Method_METHOD_CONSOLE_SEND, echo))
			stays := in(t, there, "stays", withHandler(wire.Method_METHOD_CONSOLE_SEND, echo))
			addrOf := func(ip string, p *peer) []netip.AddrPort {
				return []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(ip), p.Port())}
			}
			var first *Conn
			var err error
			if movedDials {
				first, err = moves.Dial(ctxOf(t), stays.ID(), addrOf("10.7.0.1", stays))
			} else {
				_, err = stays.Dial(ctxOf(t), moves.ID(), addrOf("10.7.0.2", moves))
				first = receive(t, moves.connected, "link")
			}
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go moves.Keep(ctx, stays.ID(), func() []netip.AddrPort { return addrOf("10.7.0.1", stays) })
			if err := ask(first); err != nil {
				t.Fatal(err)
			}
			grown(moves, stays.ID())
			grown(stays, moves.ID()) // a link that was just made would be kept from one that is dialed at the same moment

			here.IP("addr", "del", "10.7.0.2/24", "dev", "eth0")
			here.IP("addr", "add", "10.7.0.9/24", "dev", "eth0")
			start := time.Now()
			eventually(t, "the two talk again", func() bool {
				c, ok := stays.Conn(moves.ID())
				return ok && c.RemoteAddr().Addr() == netip.MustParseAddr("10.7.0.9") && ask(c) == nil
			})
			t.Logf("talking again %v after the change", time.Since(start).Round(time.Millisecond))
			if movedDials && first.Err() != nil {
				t.Errorf("the link did not move: %v", first.Err())
			}
		})
	}
}

// No address for a while, as when DHCP is late: the link is made when there is one.
func TestLateAddress(t *testing.T) {
	here, there := netns.Pair(t)
	there.IP("addr", "add", "10.7.0.1/24", "dev", "eth0")
	stays := in(t, there, "stays")
	late := in(t, here, "late")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	addr := netip.AddrPortFrom(netip.MustParseAddr("10.7.0.1"), stays.Port())
	go late.Keep(ctx, stays.ID(), func() []netip.AddrPort { return []netip.AddrPort{addr} })
	eventually(t, "it has failed", func() bool { return late.Trouble(stays.ID()) != nil })
	if errors.Is(late.Trouble(stays.ID()), ErrUntrusted) {
		t.Errorf("why: %v", late.Trouble(stays.ID()))
	}
	here.IP("addr", "add", "10.7.0.2/24", "dev", "eth0")
	start := time.Now()
	receive(t, late.connected, "link")
	t.Logf("linked %v after the address came", time.Since(start).Round(time.Millisecond))
}

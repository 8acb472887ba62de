package link

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// What strangers can take of this program. A handshake costs half a millisecond of processor time and, while it lasts,
// about 100 KB; both are bounded for all together, and for each network in which an address is as good as another, so that
// who floods from a few addresses does not keep the others out.
const (
	unproven       = 64  // handshakes a second, after which addresses have to be proved, which costs a round trip
	handshakes     = 512 // a second
	handshakesEach = 64  // … of one network
	underWay       = 128 // at a time
	underWayEach   = 32
	maxNetworks    = 1024 // that are told apart in one second
)

var errFull = errors.New("too many handshakes")

// places can be taken, by one network a few only.
type places struct {
	most, each int

	mu    sync.Mutex
	taken int
	by    map[netip.Prefix]int
}

func newPlaces(most, each int) *places {
	return &places{most: most, each: each, by: map[netip.Prefix]int{}}
}

func (p *places) take(network netip.Prefix) (release func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken >= p.most || p.by[network] >= p.each {
		return nil, false
	}
	p.taken++
	p.by[network]++
	return sync.OnceFunc(func() { p.release(network) }), true
}

func (p *places) release(network netip.Prefix) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.by[network]--; p.by[network] == 0 {
		delete(p.by, network)
	}
}

// gate decides which handshakes begin.
type gate struct {
	under    *places
	lifetime time.Duration // after which a handshake is over, whatever became of it

	mu      sync.Mutex
	second  int64
	knocked int                  // in this second, proved or not
	begun   int                  // … and let in
	begunBy map[netip.Prefix]int // … by network
}

func newGate() *gate {
	return &gate{
		under: newPlaces(underWay, underWayEach), lifetime: handshakeTimeout + time.Second, begunBy: map[netip.Prefix]int{},
	}
}

// suspicious tells whether an address has to be proved before anything is done for it.
func (g *gate) suspicious(net.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tick(time.Now())
	g.knocked++
	return g.knocked > unproven
}

// enter lets a handshake begin, unless too many do; it is over when leave is called, or after its lifetime.
func (g *gate) enter(from netip.Addr, now time.Time) (leave func(), _ error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tick(now)
	network := networkOf(from)
	if g.begun >= handshakes || g.begunBy[network] >= handshakesEach || len(g.begunBy) >= maxNetworks {
		return nil, errFull
	}
	g.begun++
	g.begunBy[network]++
	release, ok := g.under.take(network)
	if !ok {
		return nil, errFull
	}
	expiry := time.AfterFunc(g.lifetime, release)
	return func() { expiry.Stop(); release() }, nil
}

func (g *gate) tick(now time.Time) {
	if second := now.Unix(); second != g.second {
		g.second, g.knocked, g.begun = second, 0, 0
		clear(g.begunBy)
	}
}

// networkOf returns in which network an address is one of many that its owner can have: itself in IPv4, its /64 in IPv6.
func networkOf(a netip.Addr) netip.Prefix {
	bits := 32
	if a = a.Unmap(); a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // fails for no address at all, which is a network as well
	return p
}

// placeKey is under which the context of an accepted connection holds what ends its handshake.
type placeKey struct{}

// admitHandshake is asked by QUIC at the first packet from an address that is proved, or need not be.
func (e *Endpoint) admitHandshake(ctx context.Context, from *quic.ClientInfo) (context.Context, error) {
	leave, err := e.gate.enter(addrPort(from.RemoteAddr).Addr(), time.Now())
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, leave)
	return context.WithValue(ctx, placeKey{}, leave), nil
}

func handshakeDone(q *quic.Conn) {
	if leave, ok := q.Context().Value(placeKey{}).(func()); ok {
		leave()
	}
}

package link

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestCrowdHasToProveItsAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		for n := range 2 * unproven {
			if got := g.suspicious(nil); got != (n >= unproven) {
				t.Fatalf("stranger %d: %v", n, got)
			}
		}
		time.Sleep(time.Second)
		if g.suspicious(nil) {
			t.Error("the crowd is remembered")
		}
	})
}

func addrN(n int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", n)) }

// Whoever floods from one network, with whatever he finishes, leaves room for others.
func TestHandshakesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		in := 0
		for range 1000 {
			if _, err := g.enter(addrN(1), time.Now()); err == nil {
				in++
			}
		}
		if in != underWayEach {
			t.Errorf("%d of one address are under way, want %d", in, underWayEach)
		}
		for n := 2; n < 10; n++ {
			for range underWayEach {
				if _, err := g.enter(addrN(n), time.Now()); err == nil {
					in++
				}
			}
		}
		if in != underWay {
			t.Errorf("%d are under way, want %d", in, underWay)
		}
		time.Sleep(g.lifetime + time.Second) // nobody has finished
		var leave func()
		for n := range handshakesEach {
			var err error
			if leave, err = g.enter(addrN(1), time.Now()); err != nil {
				t.Fatalf("handshake %d: %v", n, err)
			}
			leave()
			leave()
		}
		if _, err := g.enter(addrN(1), time.Now()); err == nil {
			t.Error("one address may begin any number in a second")
		}
		if leave, err := g.enter(addrN(2), time.Now()); err != nil {
			t.Errorf("another address is kept out: %v", err)
		} else {
			leave()
		}
		if g.under.taken != 0 || len(g.under.by) != 0 {
			t.Errorf("%d are under way, of %v", g.under.taken, g.under.by)
		}
	})
}

func TestNetworks(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"10.0.0.1", "::ffff:10.0.0.1"}, {"2001:db8::1", "2001:db8::ffff:1"},
	} {
		if networkOf(netip.MustParseAddr(c.a)) != networkOf(netip.MustParseAddr(c.b)) {
			t.Errorf("%s and %s are different", c.a, c.b)
		}
	}
	if networkOf(netip.MustParseAddr("10.0.0.1")) == networkOf(netip.MustParseAddr("10.0.0.2")) {
		t.Error("two IPv4 addresses are the same")
	}
	networkOf(netip.Addr{})
}

func TestPlaces(t *testing.T) {
	p := newPlaces(maxPairing, pairingEach)
	var release func()
	taken := 0
	for n := range 2 * maxPairing {
		for range maxPairing {
			if r, ok := p.take(networkOf(addrN(n))); ok {
				release, taken = r, taken+1
			}
		}
		if n == 0 && taken != pairingEach {
			t.Errorf("one network took %d places", taken)
		}
	}
	if taken != maxPairing {
		t.Errorf("%d places were taken", taken)
	}
	release()
	release() // counts once
	for n, want := range []bool{true, false} {
		if _, ok := p.take(networkOf(addrN(100 + n))); ok != want {
			t.Errorf("place %d after one was left: %v", n, ok)
		}
	}
}

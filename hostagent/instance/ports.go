package instance

import (
	"cmp"
	"fmt"
	"math"
	"net"
	"net/netip"
	"sync"
)

const (
	firstGamePort = 34197 // the game's own default
	gamePorts     = 1000
)

// Ports hands out UDP ports for the games of one agent, each to one game at a time.
type Ports struct {
	First, Last uint16 // those that are tried; 0: a thousand from the game's own default on

	mu    sync.Mutex
	taken map[uint16]bool
}

// Lease returns the preferred port if it is free, else the first free one, except those to be avoided.
// A port is free if it can be bound.
func (p *Ports) Lease(preferred uint16, avoid map[uint16]bool) (uint16, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken == nil {
		p.taken = map[uint16]bool{}
	}
	free := func(port uint16) bool {
		return port != 0 && (p.Last == 0 || p.First <= port && port <= p.Last) && !p.taken[port] && !avoid[port] && canBind(port)
	}
	if free(preferred) {
		p.taken[preferred] = true
		return preferred, nil
	}
	first := int(cmp.Or(p.First, firstGamePort))
	last := int(p.Last)
	if last == 0 {
		last = min(first+gamePorts-1, math.MaxUint16)
	}
	for n := first; n <= last; n++ {
		if port := uint16(n); free(port) {
			p.taken[port] = true
			return port, nil
		}
	}
	return 0, fmt.Errorf("no UDP port from %d to %d is free for the game", first, last)
}

// Take marks the port of a game that runs already.
func (p *Ports) Take(port uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken == nil {
		p.taken = map[uint16]bool{}
	}
	p.taken[port] = true
}

// Release gives a port back.
func (p *Ports) Release(port uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, port)
}

func canBind(port uint16) bool {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{Port: int(port)})
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// freeLoopbackAddr returns an address for RCON that nobody uses at the moment: the preferred one if it is such.
func freeLoopbackAddr(preferred string) (string, error) {
	if addr, err := netip.ParseAddrPort(preferred); err == nil && addr.Addr().IsLoopback() {
		if listener, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(addr)); err == nil {
			listener.Close()
			return preferred, nil
		}
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a port for RCON: %w", err)
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

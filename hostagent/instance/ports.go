package instance

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"sync"
)

const (
	firstGamePort = 34197 // the game's own default
	gamePorts     = 1000
)

// Ports hands out UDP ports for the games of one agent, each to one game at a time.
type Ports struct {
	First uint16 // of the thousand that are tried; 0: the game's own default

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
	free := func(port uint16) bool { return port != 0 && !p.taken[port] && !avoid[port] && canBind(port) }
	if free(preferred) {
		p.taken[preferred] = true
		return preferred, nil
	}
	first := cmp.Or(p.First, firstGamePort)
	for port := first; port < first+gamePorts; port++ {
		if free(port) {
			p.taken[port] = true
			return port, nil
		}
	}
	return 0, errors.New("no UDP port is free for the game")
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

// freeLoopbackAddr returns an address for RCON that nobody uses at the moment.
func freeLoopbackAddr() (string, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a port for RCON: %w", err)
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

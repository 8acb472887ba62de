package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxFlows   = 64   // controllers that come from different ports
	maxDelayed = 8192 // packets on their way; more are lost
)

// weather is what a relay does to packets.
type weather struct {
	cut    bool
	drop   float64       // share lost
	double float64       // share that comes twice
	delay  time.Duration // up to
}

// A relay is the only way to a host: what it gets at its own UDP port it passes on to an agent's, and back. Packets get
// lost, come twice and overtake each other as the weather says.
type relay struct {
	listen  *net.UDPConn
	target  atomic.Pointer[netip.AddrPort]
	weather atomic.Pointer[weather]
	delayed atomic.Int64
	lost    atomic.Int64
	doubled atomic.Int64
	group   sync.WaitGroup

	mu    sync.Mutex
	flows map[netip.AddrPort]*net.UDPConn // by where the packets come from
}

func newRelay() (*relay, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	r := &relay{listen: conn, flows: map[netip.AddrPort]*net.UDPConn{}}
	r.weather.Store(&weather{})
	r.group.Go(r.forward)
	return r, nil
}

func (r *relay) addr() netip.AddrPort {
	return netip.MustParseAddrPort(r.listen.LocalAddr().String())
}

// to passes packets on to another agent from here on. The flows from before go on with the old one, which is then as cut
// off as a machine whose address another one has taken.
func (r *relay) to(target netip.AddrPort) {
	r.target.Store(&target)
	r.mu.Lock()
	defer r.mu.Unlock()
	for from, flow := range r.flows {
		flow.Close()
		delete(r.flows, from)
	}
}

func (r *relay) close() {
	r.listen.Close()
	r.mu.Lock()
	for _, flow := range r.flows {
		flow.Close()
	}
	r.mu.Unlock()
	r.group.Wait()
}

// forward carries packets from the controller to the agent.
func (r *relay) forward() {
	buffer := make([]byte, 2048)
	for {
		n, from, err := r.listen.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		} else if err != nil {
			continue // an answer to a packet that nobody took
		}
		if flow := r.flow(from); flow != nil {
			r.pass(buffer[:n], func(packet []byte) { _, _ = flow.Write(packet) }) // lost packets are its trade
		}
	}
}

// flow is the socket that stands for one sender. It is nil if nobody is at the other end.
func (r *relay) flow(from netip.AddrPort) *net.UDPConn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if flow := r.flows[from]; flow != nil {
		return flow
	}
	target := r.target.Load()
	if target == nil || len(r.flows) >= maxFlows {
		return nil
	}
	flow, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(*target))
	if err != nil {
		return nil
	}
	r.flows[from] = flow
	r.group.Go(func() { r.back(flow, from) })
	return flow
}

// back carries packets from the agent to the controller.
func (r *relay) back(flow *net.UDPConn, to netip.AddrPort) {
	buffer := make([]byte, 2048)
	for {
		n, err := flow.Read(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		} else if err != nil {
			continue
		}
		r.pass(buffer[:n], func(packet []byte) { _, _ = r.listen.WriteToUDPAddrPort(packet, to) })
	}
}

func (r *relay) pass(packet []byte, send func([]byte)) {
	w := r.weather.Load()
	if w.cut || rand.Float64() < w.drop {
		r.lost.Add(1)
		return
	}
	copies := 1
	if rand.Float64() < w.double {
		r.doubled.Add(1)
		copies = 2
	}
	for range copies {
		delay := time.Duration(rand.Int64N(int64(w.delay) + 1))
		if delay < 100*time.Microsecond {
			send(packet)
			continue
		}
		if r.delayed.Add(1) > maxDelayed {
			r.delayed.Add(-1)
			r.lost.Add(1)
			continue
		}
		later := append([]byte(nil), packet...)
		r.group.Add(1)
		time.AfterFunc(delay, func() {
			defer r.group.Done()
			r.delayed.Add(-1)
			send(later)
		})
	}
}

func sleep(ctx context.Context, length time.Duration) {
	select {
	case <-time.After(length):
	case <-ctx.Done():
	}
}

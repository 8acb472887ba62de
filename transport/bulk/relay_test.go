package bulk

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// network is a bottleneck that several connections share: a rate, a delay, and a queue that loses what does not fit.
type network struct {
	t     testing.TB
	cut   atomic.Bool
	there *pipe // from those who dial
	back  *pipe
	stop  chan struct{}
	group sync.WaitGroup
}

// pipe is one direction.
type pipe struct {
	network *network
	rate    float64 // bytes a second
	delay   time.Duration
	limit   time.Duration // that packets may wait
	packets chan packet
	bytes   atomic.Int64 // that have come in, lost ones too

	mu   sync.Mutex
	free time.Time // when the next packet can begin to leave
}

type packet struct {
	due  time.Time
	body []byte
	send func([]byte)
}

func newNetwork(t testing.TB, rate float64, delay, queue time.Duration) *network {
	n := &network{t: t, stop: make(chan struct{})}
	n.there, n.back = n.pipe(rate, delay, queue), n.pipe(rate, delay, queue)
	t.Cleanup(func() { close(n.stop); n.group.Wait() })
	return n
}

func (n *network) pipe(rate float64, delay, queue time.Duration) *pipe {
	p := &pipe{network: n, rate: rate, delay: delay, limit: queue, packets: make(chan packet, 1<<16)}
	n.group.Go(p.run)
	return p
}

func (p *pipe) put(body []byte, send func([]byte)) {
	p.bytes.Add(int64(len(body)))
	if p.network.cut.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.free.Before(now) {
		p.free = now
	}
	if p.free.Sub(now) > p.limit {
		return
	}
	p.free = p.free.Add(time.Duration(float64(len(body)) / p.rate * float64(time.Second)))
	select {
	case p.packets <- packet{p.free.Add(p.delay), append([]byte(nil), body...), send}:
	default:
	}
}

func (p *pipe) run() {
	for {
		select {
		case one := <-p.packets:
			if wait := time.Until(one.due); wait > 0 {
				time.Sleep(wait)
			}
			one.send(one.body)
		case <-p.network.stop:
			return
		}
	}
}

// to returns an address at which a socket is reached through the network.
func (n *network) to(target netip.AddrPort) netip.AddrPort {
	socket := n.listen("127.0.0.1:0")
	n.group.Go(func() {
		flows := map[netip.AddrPort]*net.UDPConn{}
		defer func() {
			for _, flow := range flows {
				flow.Close()
			}
		}()
		for buf := make([]byte, 1<<16); ; {
			size, from, err := socket.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			flow := flows[from]
			if flow == nil {
				flow = n.listen("127.0.0.1:0")
				flows[from] = flow
				n.group.Go(func() { n.answer(flow, socket, from) })
			}
			n.there.put(buf[:size], func(b []byte) { flow.WriteToUDPAddrPort(b, target) })
		}
	})
	go func() { <-n.stop; socket.Close() }()
	return netip.MustParseAddrPort(socket.LocalAddr().String())
}

func (n *network) answer(flow, socket *net.UDPConn, to netip.AddrPort) {
	for buf := make([]byte, 1<<16); ; {
		size, err := flow.Read(buf)
		if err != nil {
			return
		}
		n.back.put(buf[:size], func(b []byte) { socket.WriteToUDPAddrPort(b, to) })
	}
}

func (n *network) listen(addr string) *net.UDPConn {
	socket, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(addr)))
	if err != nil {
		n.t.Error(err)
		return nil
	}
	socket.SetReadBuffer(4 << 20)
	return socket
}

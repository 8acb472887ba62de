package link

import (
	"net"
	"net/netip"
	"time"
)

const (
	maxDatagram   = 256 // bytes; longer ones are cut, and then are nothing
	answersSecond = 200 // to all together
)

// Send sends a datagram that is no QUIC packet over the socket of the links: its first byte is below 64.
func (e *Endpoint) Send(to netip.AddrPort, b []byte) error {
	_, err := e.transport.WriteTo(b, net.UDPAddrFromAddrPort(to))
	return err
}

// readDatagrams hands on what is no QUIC packet, and sends what comes back.
func (e *Endpoint) readDatagrams() {
	buffer := make([]byte, maxDatagram)
	second, answered := int64(0), 0
	for {
		n, from, err := e.transport.ReadNonQUICPacket(e.ctx, buffer)
		if err != nil {
			return // the endpoint is closed
		}
		answer := e.cfg.Datagram(addrPort(from), buffer[:n])
		if now := time.Now().Unix(); now != second {
			second, answered = now, 0
		}
		if answered++; answer == nil || answered > answersSecond {
			continue
		}
		if err := e.Send(addrPort(from), answer); err != nil && e.ctx.Err() == nil {
			e.log.Debug("a datagram was not answered", "addr", from, "err", err)
		}
	}
}

package link

import (
	"net"

	"github.com/quic-go/quic-go"
)

// udpSocket is what QUIC needs of a socket to send many packets at once. A *net.UDPConn is one.
type udpSocket interface {
	quic.OOBCapablePacketConn
	net.Conn
	SetWriteBuffer(int) error
}

// tolerantConn hides from QUIC that a packet could not be sent because the network is gone for the moment. QUIC
// would end the connection at the first such error; as it is, the packet counts as lost, and the connection
// outlives a changed address or a pulled cable. The whole socket is embedded for the interfaces that offloading needs.
type tolerantConn struct{ udpSocket }

func (t tolerantConn) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	n, oobn, err = t.udpSocket.WriteMsgUDP(b, oob, addr)
	if err != nil && isTransient(err) {
		return len(b), len(oob), nil
	}
	return n, oobn, err
}

func (t tolerantConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	n, err := t.udpSocket.WriteTo(b, addr)
	if err != nil && isTransient(err) {
		return len(b), nil
	}
	return n, err
}

package link

import "net"

// tolerantConn hides from QUIC that a packet could not be sent because the network is gone for the moment. QUIC
// would end the connection at the first such error; as it is, the packet counts as lost, and the connection
// outlives a changed address or a pulled cable. UDPConn is embedded for the interfaces that offloading needs.
type tolerantConn struct{ *net.UDPConn }

func (t tolerantConn) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	n, oobn, err = t.UDPConn.WriteMsgUDP(b, oob, addr)
	if err != nil && isTransient(err) {
		return len(b), len(oob), nil
	}
	return n, oobn, err
}

func (t tolerantConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	n, err := t.UDPConn.WriteTo(b, addr)
	if err != nil && isTransient(err) {
		return len(b), nil
	}
	return n, err
}

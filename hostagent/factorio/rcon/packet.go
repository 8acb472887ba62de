package rcon

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	gorcon "github.com/gorcon/rcon"
)

// Types of packets. AuthResponse and ExecCommand share a number; the direction tells them apart.
const (
	ResponseValue int32 = 0
	AuthResponse  int32 = 2
	ExecCommand   int32 = 2
	AuthRequest   int32 = 3
)

// MaxPacketSize bounds the size field of a packet, in bytes. The game puts a reply of any length into one packet; 744 kB have
// been seen.
const MaxPacketSize = 16 << 20

// Packet is one packet of the Source RCON protocol. Body may hold any bytes.
type Packet struct {
	ID, Type int32
	Body     string
}

// ReadPacket reads one packet. It takes no byte beyond it, and refuses a size field that is impossible or beyond
// MaxPacketSize before anything is allocated. A stream that ends between packets gives io.EOF.
func ReadPacket(r io.Reader) (Packet, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Packet{}, err
	}
	size := int32(binary.LittleEndian.Uint32(head[:]))
	if size < gorcon.MinPacketSize || size > MaxPacketSize {
		return Packet{}, fmt.Errorf("read RCON packet: size field %d is not within %d..%d", size, gorcon.MinPacketSize, MaxPacketSize)
	}
	var p gorcon.Packet
	if _, err := p.ReadFrom(io.MultiReader(bytes.NewReader(head[:]), io.LimitReader(r, int64(size)))); err != nil {
		return Packet{}, fmt.Errorf("read RCON packet of %d bytes: %w", size, err)
	}
	return Packet{ID: p.ID, Type: p.Type, Body: p.Body()}, nil
}

// WritePacket writes p with a single call of Write.
func WritePacket(w io.Writer, p Packet) error {
	if len(p.Body) > MaxPacketSize-int(gorcon.MinPacketSize) {
		return fmt.Errorf("write RCON packet: body of %d bytes is longer than %d", len(p.Body), MaxPacketSize-gorcon.MinPacketSize)
	}
	if _, err := gorcon.NewPacket(p.Type, p.ID, p.Body).WriteTo(w); err != nil {
		return fmt.Errorf("write RCON packet: %w", err)
	}
	return nil
}

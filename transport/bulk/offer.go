package bulk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"sync"
	"time"

	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	// pieceSize is how much of a file is checked, and sent again, at a time. Both sides have to know it.
	pieceSize = 1 << 20

	maxOffers   = 1024
	maxTicket   = 64
	tagged      = 64 << 10 // bytes at the end of a file that its tag depends on
	requestTime = 10 * time.Second
)

// Offer is a file that one peer may fetch until Close.
type Offer struct {
	ticket string
	peer   identity.ID
	source source
	offers *offers
}

// source sends what it is asked for: the head, then pieces and their hashes.
type source interface {
	serve(ctx context.Context, to *outlet, req *wire.BulkFetch) error
}

// Ticket is what the peer has to name.
func (o *Offer) Ticket() string { return o.ticket }

// Close ends the offer. Transfers under way go on.
func (o *Offer) Close() {
	o.offers.mu.Lock()
	defer o.offers.mu.Unlock()
	delete(o.offers.open, o.ticket)
}

type offers struct {
	mu   sync.Mutex
	open map[string]*Offer
}

func (os *offers) add(peer identity.ID, s source) (*Offer, error) {
	os.mu.Lock()
	defer os.mu.Unlock()
	if len(os.open) >= maxOffers {
		return nil, fmt.Errorf("more than %d files are offered at once", maxOffers)
	}
	if os.open == nil {
		os.open = map[string]*Offer{}
	}
	b := make([]byte, 16)
	rand.Read(b) // ends the program rather than fail
	o := &Offer{ticket: hex.EncodeToString(b), peer: peer, source: s, offers: os}
	os.open[o.ticket] = o
	return o, nil
}

func (os *offers) find(ticket string, peer identity.ID) *Offer {
	os.mu.Lock()
	defer os.mu.Unlock()
	if o := os.open[ticket]; o != nil && o.peer == peer {
		return o
	}
	return nil
}

// Offer lets a peer fetch a file as it is now. A file that is replaced or written to after that is not sent any more.
func (n *Node) Offer(peer identity.ID, path string) (*Offer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("offer a file: %w", err)
	}
	defer f.Close()
	_, tag, err := describe(f)
	if err != nil {
		return nil, fmt.Errorf("offer %s: %w", path, err)
	}
	return n.offers.add(peer, fileSource{path, tag})
}

// Relay lets a peer fetch what another one offers to this side. The bytes pass through and are stored nowhere.
func (n *Node) Relay(peer identity.ID, origin Peer, ticket string) (*Offer, error) {
	return n.offers.add(peer, relaySource{n, origin, ticket})
}

func (n *Node) serve(ctx context.Context, c *link.Conn, s *link.Stream) error {
	var req wire.BulkFetch
	s.SetReadDeadline(time.Now().Add(requestTime))
	if err := s.Recv(&req); err != nil {
		return link.Errorf(wire.Code_CODE_INVALID, "read what is wanted: %v", err)
	}
	o := n.offers.find(req.GetTicket(), c.Peer())
	if o == nil {
		return link.Errorf(wire.Code_CODE_NOT_FOUND, "the file is not offered any more")
	}
	defer n.hold(c)()
	to := &outlet{ctx: ctx, stream: s, governor: n.governor(c)}
	err := o.source.serve(ctx, to, &req)
	if err != nil && to.begun {
		s.Close() // a status would be taken for bytes of the file
	}
	return err
}

// outlet is the governed way to the peer.
type outlet struct {
	ctx      context.Context
	stream   *link.Stream
	governor *governor
	begun    bool // bytes may have been sent
}

func (o *outlet) head(size int64, tag string) error {
	return o.stream.Send(&wire.BulkHead{Size: uint64(size), Tag: tag})
}

func (o *outlet) Write(p []byte) (n int, err error) {
	o.begun = true
	for len(p) > 0 {
		part := p[:min(len(p), o.governor.chunk())]
		if err := o.governor.wait(o.ctx, len(part)); err != nil {
			return n, err
		}
		if _, err := o.stream.Write(part); err != nil {
			return n, err
		}
		n += len(part)
		p = p[len(part):]
	}
	return n, nil
}

// fileSource is a file on this machine.
type fileSource struct {
	path string
	tag  string
}

// describe returns the size of a file and what tells its content from others. The end of a save holds the checksums of all its parts.
func describe(f *os.File) (size int64, tag string, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, "", err
	}
	if !info.Mode().IsRegular() {
		return 0, "", errors.New("it is no file")
	}
	sum := sha256.New()
	size = info.Size()
	fmt.Fprintf(sum, "%d %d\n", size, info.ModTime().UnixNano())
	if _, err := io.Copy(sum, io.NewSectionReader(f, max(0, size-tagged), tagged)); err != nil {
		return 0, "", err
	}
	return size, hex.EncodeToString(sum.Sum(nil)), nil
}

func (s fileSource) serve(ctx context.Context, to *outlet, req *wire.BulkFetch) error {
	f, err := os.Open(s.path)
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	defer f.Close()
	size, tag, err := describe(f)
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	if tag != s.tag {
		return link.Errorf(wire.Code_CODE_REFUSED, "the file has been changed since it was offered")
	}
	from, end := int64(req.GetOffset()), size
	if from < 0 || from > size {
		return link.Errorf(wire.Code_CODE_INVALID, "the file has %d bytes, byte %d is wanted", size, req.GetOffset())
	}
	if n := req.GetLength(); n > 0 && n < uint64(size-from) {
		end = from + int64(n)
	}
	if end != size && end%pieceSize != 0 {
		return link.Errorf(wire.Code_CODE_INVALID, "what is wanted does not end where a piece does")
	}
	if err := to.head(size, tag); err != nil || req.GetTag() != "" && req.GetTag() != tag {
		return err
	}
	return sendPieces(f, to, from, end)
}

// sendPieces sends bytes and, at the end of each piece, the hash of all of it.
func sendPieces(f io.ReaderAt, to io.Writer, from, end int64) error {
	sum, buf := sha256.New(), make([]byte, 256<<10)
	at := from - from%pieceSize
	if err := hashRange(sum, f, buf, at, from); err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	for at = from; at < end; {
		left := min(end, at-at%pieceSize+pieceSize) - at
		part := buf[:min(int64(len(buf)), left)]
		if _, err := f.ReadAt(part, at); err != nil {
			return fmt.Errorf("read the file: %w", err)
		}
		sum.Write(part)
		if _, err := to.Write(part); err != nil {
			return err
		}
		if at += int64(len(part)); int64(len(part)) < left {
			continue
		}
		if _, err := to.Write(sum.Sum(nil)); err != nil {
			return err
		}
		sum.Reset()
	}
	return nil
}

func hashRange(sum hash.Hash, f io.ReaderAt, buf []byte, from, to int64) error {
	_, err := io.CopyBuffer(struct{ io.Writer }{sum}, io.NewSectionReader(f, from, to-from), buf)
	return err
}

// relaySource is a file that another peer offers.
type relaySource struct {
	node   *Node
	origin Peer
	ticket string
}

func (s relaySource) serve(ctx context.Context, to *outlet, req *wire.BulkFetch) error {
	c, err := s.node.reach(ctx, s.origin)
	if err != nil {
		return link.Errorf(wire.Code_CODE_UNAVAILABLE, "%v", err)
	}
	defer s.node.hold(c)()
	from, head, err := ask(ctx, c, &wire.BulkFetch{Ticket: s.ticket, Offset: req.GetOffset(), Length: req.GetLength(), Tag: req.GetTag()})
	if status := (*link.StatusError)(nil); errors.As(err, &status) {
		return status
	} else if err != nil {
		return link.Errorf(wire.Code_CODE_UNAVAILABLE, "%v", err)
	}
	defer from.Close()
	if err := to.head(int64(head.GetSize()), head.GetTag()); err != nil {
		return err
	}
	for buf := make([]byte, 64<<10); ; {
		from.SetReadDeadline(time.Now().Add(stall))
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

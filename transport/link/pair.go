package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"

	"mainbus/transport/identity"
)

const (
	pairTimeout   = 30 * time.Second // with the search for an address that answers
	serveTimeout  = 10 * time.Second // nobody types anything meanwhile, so who takes longer only holds a place
	reasonTimeout = time.Second      // for the peer to say more than that the code was wrong
	exporterLabel = "EXPORTER-mainbus-pair"

	// lingerDone and lingerFailed give the peer time to read the last bytes before the connection is closed,
	// which discards what is under way.
	lingerDone   = 2 * time.Second
	lingerFailed = 250 * time.Millisecond
)

// PairStream is what two programs that do not know each other yet talk over. Its reads and writes end with the
// context that was given along with it.
type PairStream interface {
	io.ReadWriter
	Exporter() []byte // 32 bytes that only the two ends of this TLS session know
	Peer() identity.ID
	PeerAddr() netip.AddrPort
}

type pairStream struct {
	*quic.Stream
	exporter []byte
	peer     identity.ID
	addr     netip.AddrPort
}

var _ PairStream = (*pairStream)(nil)

func newPairStream(q *quic.Conn, s *quic.Stream) (*pairStream, error) {
	state := q.ConnectionState().TLS
	id, err := peerID(state)
	if err != nil {
		return nil, err
	}
	exporter, err := state.ExportKeyingMaterial(exporterLabel, nil, 32)
	if err != nil {
		return nil, err
	}
	return &pairStream{Stream: s, exporter: exporter, peer: id, addr: addrPort(q.RemoteAddr())}, nil
}

func (p *pairStream) Exporter() []byte         { return p.exporter }
func (p *pairStream) Peer() identity.ID        { return p.peer }
func (p *pairStream) PeerAddr() netip.AddrPort { return p.addr }

func (p *pairStream) Read(b []byte) (int, error) {
	n, err := p.Stream.Read(b)
	return n, readable(err)
}

func (p *pairStream) Write(b []byte) (int, error) {
	n, err := p.Stream.Write(b)
	return n, readable(err)
}

// Pair connects to an agent that is in pairing mode, whatever its key, and runs do with it. The agent's reasons to
// decline come as ErrRefused from the stream that do works on.
func (e *Endpoint) Pair(ctx context.Context, addrs []netip.AddrPort, do func(context.Context, PairStream) error) error {
	ctx, cancel := e.bounded(ctx, pairTimeout)
	defer cancel()
	q, err := e.race(ctx, addrs, e.pairTLS())
	if err != nil {
		return fmt.Errorf("pair: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { q.CloseWithError(codeClosed, "given up") })
	defer stop()
	defer q.CloseWithError(codeClosed, "")
	s, err := q.OpenStreamSync(ctx)
	if err != nil {
		return fmt.Errorf("pair: %w", readable(err))
	}
	stream, err := newPairStream(q, s)
	if err != nil {
		return fmt.Errorf("pair: %w", err)
	}
	if err := do(ctx, stream); err != nil {
		return withReason(ctx, q, err)
	}
	s.Close()
	s.SetReadDeadline(time.Now().Add(lingerDone))
	_, _ = io.Copy(io.Discard, io.LimitReader(s, readBuffer)) // until the agent has read all and ends the stream too
	return nil
}

// withReason adds what the peer says of a failure, if it does.
func withReason(ctx context.Context, q *quic.Conn, err error) error {
	if errors.Is(err, ErrRefused) {
		return err
	}
	waitFor(ctx, q, reasonTimeout)
	if why := readable(context.Cause(q.Context())); errors.Is(why, ErrRefused) {
		return fmt.Errorf("%w (%w)", err, why)
	}
	return err
}

// servePair runs the agent's side of one pairing.
func (e *Endpoint) servePair(q *quic.Conn, _ func()) {
	ctx, cancel := context.WithTimeout(e.ctx, serveTimeout)
	defer cancel()
	addr := addrPort(q.RemoteAddr())
	err := e.pairWith(ctx, q)
	if err != nil {
		e.log.Info("pairing failed", "addr", addr, "err", err)
		waitFor(ctx, q, lingerFailed)
		(&Conn{q: q}).end(codePairing, err.Error())
		return
	}
	waitFor(ctx, q, lingerDone)
	q.CloseWithError(codeClosed, "")
}

func (e *Endpoint) pairWith(ctx context.Context, q *quic.Conn) error {
	s, err := q.AcceptStream(ctx)
	if err != nil {
		return readable(err)
	}
	defer s.ReleaseStreamCredit()
	stop := context.AfterFunc(ctx, func() { s.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	stream, err := newPairStream(q, s)
	if err != nil {
		return err
	}
	if err := e.cfg.Pair(ctx, stream); err != nil {
		return err
	}
	return s.Close()
}

// waitFor gives the peer at most d to close the connection.
func waitFor(ctx context.Context, q *quic.Conn, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	select {
	case <-ctx.Done():
	case <-q.Context().Done():
	}
}

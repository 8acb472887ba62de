// Package link connects programs that know each other's keys: one QUIC connection between two peers, over which
// either side makes calls and opens streams of wire messages. It also carries the pairing of programs that do not
// know each other yet, and nothing else for those. It is the only package that knows QUIC.
//
// An Endpoint owns every goroutine here, those of handlers and callbacks included; Close waits for all of them.
package link

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"mainbus/transport/identity"
	"mainbus/transport/internal/display"
	"mainbus/transport/signal"
	"mainbus/transport/wire"
)

const (
	alpnLink = "mainbus-link/1"
	alpnBulk = "mainbus-bulk/1"
	alpnPair = "mainbus-pair/1"

	handshakeTimeout = 5 * time.Second
	helloTimeout     = 5 * time.Second

	// A peer that is gone is noticed after idleTimeout; by then two questions and their repetitions have had no answer. On a
	// slow link the transport waits for three of its probe timeouts at least, however long they are.
	idleTimeout = 6 * time.Second
	keepAlive   = 2 * time.Second

	maxFeatures = 64
	maxFeature  = 32   // characters
	maxStreams  = 1024 // that a peer may have open
	maxBulk     = 32   // … on an endpoint for bulk
	maxGreeting = 32   // incoming links that have not said hello yet; only peers that are trusted get there
	maxSeveral  = 16   // links of one peer that may have several
	maxPairing  = 4
	pairingEach = 2 // … of one network, so that a stranger who says nothing does not keep the others out

	// bulkWindow is what may be on its way at once: enough for 1 Gbit/s over 60 ms.
	bulkWindow = 8 << 20

	// freshLink is how long a link is safe from being replaced by one that the peer dialed at the same time.
	freshLink = time.Second
)

// Codes with which a connection is closed.
const (
	codeClosed quic.ApplicationErrorCode = iota
	codeReplaced
	codeDuplicate
	codeProtocol
	codeBusy
	codePairing
	codeRevoked
	codeVersion
	codeSameKey
)

var (
	// ErrClosed says that the endpoint has been closed.
	ErrClosed = errors.New("the endpoint is closed")
	// ErrUntrusted says that the peer does not know this program's key: it has to be paired (again).
	ErrUntrusted = errors.New("the peer does not know this program's key: pair the two")
	// ErrOtherKey says that somebody else than the wanted peer answers at an address.
	ErrOtherKey = errors.New("another key than the wanted one answers there")
	// ErrRefused says that the peer is there and declined; the text after it is the peer's reason.
	ErrRefused = errors.New("refused by the peer")
)

// Config is what an endpoint needs. Identity, Trusted and Hello are required.
type Config struct {
	Identity  *identity.Identity
	Addr      string                                  // of the UDP socket: ":34180"; port 0 is any free one
	Trusted   func(identity.ID) bool                  // whether a peer may link; called at each handshake, from any goroutine
	Several   func(identity.ID) bool                  // optional; peers whose programs may have up to 16 links at once, none of which is their Conn
	Handlers  map[wire.Method]Handler                 // of the streams that peers open; METHOD_HELLO is the endpoint's own
	Hello     func() *wire.Hello                      // what this program says of itself at the start of each link
	Connected func(*Conn)                             // optional; called in its own goroutine when a link is up
	Troubled  func(identity.ID)                       // optional; called in its own goroutine when Trouble of a peer has changed
	Pair      func(context.Context, PairStream) error // the side of a pairing that is dialed; nil refuses all
	Bulk      bool                                    // an endpoint for files (transport/bulk), apart from those for messages; pairs nobody
	Silence   time.Duration                           // after which a link counts as dead; 0: 6 s
	// Datagram is optional; called for each datagram that is no QUIC packet, from one goroutine. It returns what to send back, or nil.
	Datagram func(from netip.AddrPort, b []byte) []byte
	Log      *slog.Logger // optional

	socket func(*net.UDPConn) udpSocket // of tests: a socket that fails
}

// Endpoint is one UDP socket with the links over it. It is safe for concurrent use.
type Endpoint struct {
	cfg       Config
	log       *slog.Logger
	id        identity.ID
	socket    *net.UDPConn
	transport *quic.Transport
	listener  *quic.Listener

	ctx      context.Context // ends when Close begins
	cancel   context.CancelFunc
	greeting *places
	pairing  *places

	gate   *gate
	nudged signal.Signal
	moved  signal.Signal // the network has changed

	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
	conns  map[identity.ID]*Conn
	others map[identity.ID][]*Conn // links of peers that may have several
	known  map[identity.ID]*acquaintance
}

// Listen binds the socket and starts to accept links. An address in use is an error that wraps syscall.EADDRINUSE
// (or its Windows sibling).
func Listen(cfg Config) (*Endpoint, error) {
	if cfg.Identity == nil || cfg.Trusted == nil || cfg.Hello == nil {
		return nil, errors.New("link: Identity, Trusted and Hello are required")
	}
	addr, err := net.ResolveUDPAddr("udp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", cfg.Addr, err)
	}
	socket, err := net.ListenUDP("udp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", cfg.Addr, err)
	}
	e := &Endpoint{
		cfg: cfg, log: cfg.Log, id: cfg.Identity.ID(), socket: socket,
		greeting: newPlaces(maxGreeting, maxGreeting),
		pairing:  newPlaces(maxPairing, pairingEach),
		gate:     newGate(),
		conns:    map[identity.ID]*Conn{},
		others:   map[identity.ID][]*Conn{},
		known:    map[identity.ID]*acquaintance{},
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	if err := e.start(); err != nil {
		e.cancel()
		socket.Close()
		return nil, fmt.Errorf("listen at %s: %w", cfg.Addr, err)
	}
	return e, nil
}

func (e *Endpoint) start() error {
	// The library prints to the standard log when the system caps socket buffers, which costs nothing at LAN speed.
	os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	// The same key at each start: a program that came back can tell its peers that their old links are dead.
	reset := quic.StatelessResetKey(e.cfg.Identity.Derive("stateless-reset"))
	socket := udpSocket(e.socket)
	if e.cfg.socket != nil {
		socket = e.cfg.socket(e.socket)
	}
	e.transport = &quic.Transport{
		Conn:                tolerantConn{socket},
		StatelessResetKey:   &reset,
		VerifySourceAddress: e.gate.suspicious,
		ConnContext:         e.admitHandshake,
	}
	listener, err := e.transport.Listen(e.serverTLS(), e.quicConfig())
	if err != nil {
		return err
	}
	e.listener = listener
	e.spawn(e.acceptLoop)
	e.watchNetwork()
	if e.cfg.Datagram != nil {
		e.spawn(e.readDatagrams)
	}
	return nil
}

func (e *Endpoint) quicConfig() *quic.Config {
	silence := cmp.Or(e.cfg.Silence, idleTimeout)
	c := &quic.Config{
		HandshakeIdleTimeout:       handshakeTimeout,
		MaxIdleTimeout:             silence,
		KeepAlivePeriod:            min(keepAlive, silence/3),
		MaxIncomingStreams:         maxStreams,
		MaxIncomingUniStreams:      -1,
		RequireStreamCreditRelease: true, // a handler counts until it has returned
	}
	if e.cfg.Bulk {
		c.MaxIncomingStreams = maxBulk
		c.MaxStreamReceiveWindow, c.MaxConnectionReceiveWindow = bulkWindow, bulkWindow // one file fills it as well as many
	}
	return c
}

// protocol is what the links of this endpoint speak.
func (e *Endpoint) protocol() string {
	if e.cfg.Bulk {
		return alpnBulk
	}
	return alpnLink
}

// Addr is the address that the socket is bound to.
func (e *Endpoint) Addr() netip.AddrPort { return addrPort(e.socket.LocalAddr()) }

// Port is the UDP port that the socket is bound to.
func (e *Endpoint) Port() uint16 { return e.Addr().Port() }

// Conn returns the current link of a peer, if there is one.
func (e *Endpoint) Conn(id identity.ID) (*Conn, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := e.conns[id]
	if !ok || c.Err() != nil {
		return nil, false
	}
	return c, true
}

// Links returns how many links a peer has that may have several.
func (e *Endpoint) Links(id identity.ID) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.others[id])
}

// Close ends all links, and returns when every handler and callback has. It must not be called from one.
func (e *Endpoint) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		e.group.Wait()
		return nil
	}
	e.closed = true
	e.mu.Unlock()

	e.cancel() // ends every link
	err := e.listener.Close()
	e.group.Wait()
	return errors.Join(err, e.transport.Close(), e.socket.Close())
}

// spawn runs f in a goroutine that Close waits for. It returns false, and runs nothing, once Close has begun.
func (e *Endpoint) spawn(f func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.group.Go(f)
	return true
}

func (e *Endpoint) acceptLoop() {
	for {
		q, err := e.listener.Accept(e.ctx)
		if err != nil {
			if e.ctx.Err() == nil {
				e.log.Error("accepting links ended", "err", err)
			}
			return
		}
		if !e.spawn(func() { e.incoming(q) }) {
			q.CloseWithError(codeClosed, "shutting down")
		}
	}
}

func (e *Endpoint) incoming(q *quic.Conn) {
	handshakeDone(q)
	serve, places := e.serveLink, e.greeting
	if q.ConnectionState().TLS.NegotiatedProtocol == alpnPair {
		serve, places = e.servePair, e.pairing
	}
	release, ok := places.take(networkOf(addrPort(q.RemoteAddr()).Addr()))
	if !ok {
		q.CloseWithError(codeBusy, "too many at once, try again in a moment")
		return
	}
	defer release()
	serve(q, release)
}

// serveLink answers the hello of a peer that dialed, then serves its streams until the link ends.
func (e *Endpoint) serveLink(q *quic.Conn, greeted func()) {
	id, err := peerID(q.ConnectionState().TLS)
	if err != nil {
		q.CloseWithError(codeProtocol, "no identity")
		return
	}
	c := newConn(e, q, id, false)
	if err := c.answerHello(); err != nil {
		e.log.Debug("incoming link failed", "peer", id.Short(), "addr", c.RemoteAddr(), "err", err)
		return
	}
	greeted()
	c.serve()
}

func (e *Endpoint) forget(c *Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conns[c.peer] == c {
		delete(e.conns, c.peer)
	}
	e.others[c.peer] = slices.DeleteFunc(e.others[c.peer], func(other *Conn) bool { return other == c })
	if len(e.others[c.peer]) == 0 {
		delete(e.others, c.peer)
	}
}

func (e *Endpoint) hello() *wire.Hello { return cleanHello(e.cfg.Hello()) }

// cleanHello bounds what a peer says of itself, for it is shown and logged.
func cleanHello(h *wire.Hello) *wire.Hello {
	return &wire.Hello{
		Name:        display.Name(h.GetName(), 40),
		Version:     display.Name(h.GetVersion(), 40),
		Os:          display.Name(h.GetOs(), 20),
		Arch:        display.Name(h.GetArch(), 20),
		Boot:        display.Name(h.GetBoot(), 40),
		GameVersion: display.Name(h.GetGameVersion(), 40),
		BulkPort:    h.GetBulkPort(),
		Features:    cleanFeatures(h.GetFeatures()),
	}
}

func cleanFeatures(list []string) []string {
	clean := make([]string, 0, min(len(list), maxFeatures))
	for _, f := range list[:min(len(list), maxFeatures)] {
		clean = append(clean, display.Name(f, maxFeature))
	}
	return clean
}

func addrPort(a net.Addr) netip.AddrPort {
	udp, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := udp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

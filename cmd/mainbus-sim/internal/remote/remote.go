// Package remote is the game's RCON interface: it listens, checks passwords and hands commands on. A Server owns a
// goroutine that accepts and two for each connection; Close ends and waits for all.
package remote

import (
	"bufio"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mainbus/cmd/mainbus-sim/internal/scenario"
	"mainbus/hostagent/factorio/rcon"
)

const (
	maxConnections = 128 // the game's own bound
	maxReplies     = 1024
)

// Config is what a Server needs.
type Config struct {
	Listener net.Listener
	Password string
	// Submit takes a command; it may block until done is closed. answer takes the reply, from any goroutine.
	Submit func(text string, answer func(reply string), done <-chan struct{})
	// Info and Failure write lines of the log.
	Info, Failure func(source, format string, args ...any)
}

// Server is an open RCON interface.
type Server struct {
	cfg     Config
	done    chan struct{}
	workers sync.WaitGroup
	frozen  sync.RWMutex // held while the main thread is busy
	faults  atomic.Pointer[scenario.RCON]

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// Serve begins to accept connections. Close closes the listener too.
func Serve(cfg Config) *Server {
	s := &Server{cfg: cfg, done: make(chan struct{}), conns: map[net.Conn]bool{}}
	s.faults.Store(&scenario.RCON{})
	s.workers.Go(s.accept)
	return s
}

// Freeze keeps connections from being served, as the game's main thread does when it is busy; Thaw ends that.
func (s *Server) Freeze() { s.frozen.Lock() }

// Thaw is the end of Freeze.
func (s *Server) Thaw() { s.frozen.Unlock() }

// Disturb makes connections behave badly.
func (s *Server) Disturb(faults scenario.RCON) { s.faults.Store(&faults) }

// Close ends all connections. The server must not be frozen.
func (s *Server) Close() {
	close(s.done)
	s.cfg.Listener.Close()
	s.mu.Lock()
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.workers.Wait()
}

// awake waits until the main thread has time.
func (s *Server) awake() {
	s.frozen.RLock()
	defer s.frozen.RUnlock()
}

func (s *Server) accept() {
	for {
		conn, err := s.cfg.Listener.Accept()
		if err != nil {
			return
		}
		s.awake()
		s.mu.Lock()
		full := len(s.conns) >= maxConnections
		if !full {
			s.conns[conn] = true
		}
		s.mu.Unlock()
		if full {
			conn.Close()
			continue
		}
		s.cfg.Info("RemoteCommandProcessor.cpp:245", "New RCON connection from IP ADDR:({%s})", conn.RemoteAddr())
		s.workers.Go(func() { s.serve(conn) })
	}
}

// connection is one client. Replies are written by a goroutine of their own: the game must not wait for a caller that
// doesn't read, whose connection ends instead.
type connection struct {
	*Server
	conn          net.Conn
	replies       chan rcon.Packet
	ended         chan struct{}
	authenticated bool
	commands      int
}

func (s *Server) serve(conn net.Conn) {
	c := &connection{Server: s, conn: conn, replies: make(chan rcon.Packet, maxReplies), ended: make(chan struct{})}
	s.workers.Go(c.writeReplies)
	defer func() {
		close(c.ended)
		conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
	select {
	case <-s.done: // closed while this connection was accepted
		return
	default:
	}
	in := bufio.NewReader(conn)
	for {
		p, err := rcon.ReadPacket(in)
		s.awake()
		if err != nil {
			s.reportEnd(err)
			return
		}
		if !c.take(p) {
			return
		}
	}
}

// take deals with one packet; false ends the connection.
func (c *connection) take(p rcon.Packet) bool {
	switch {
	case p.Type == rcon.AuthRequest:
		id := p.ID
		c.authenticated = subtle.ConstantTimeCompare([]byte(p.Body), []byte(c.cfg.Password)) == 1
		if !c.authenticated {
			id = -1
		}
		c.send(rcon.Packet{ID: id, Type: rcon.AuthResponse})
	case !c.authenticated:
		return false
	case p.Type != rcon.ExecCommand || p.Body == "":
		// an empty command is never answered
	default:
		c.commands++
		if limit := c.faults.Load().DropAfter; limit > 0 && c.commands >= limit {
			return false
		}
		n := c.commands
		c.cfg.Submit(p.Body, func(reply string) { c.reply(p.ID, n, reply) }, c.done)
	}
	return true
}

// reply answers the n-th command of the connection, as well as the scenario lets it.
func (c *connection) reply(id int32, n int, text string) {
	faults := c.faults.Load()
	due := func(every int) bool { return every > 0 && n%every == 0 }
	if due(faults.LoseEvery) {
		return
	}
	if due(faults.WrongEvery) {
		text = faults.WrongReply
	}
	c.send(rcon.Packet{ID: id, Type: rcon.ResponseValue, Body: text})
}

func (c *connection) send(p rcon.Packet) {
	select {
	case c.replies <- p:
	default:
		c.conn.Close()
	}
}

func (c *connection) writeReplies() {
	for {
		select {
		case p := <-c.replies:
			if !c.delay() {
				return
			}
			if err := rcon.WritePacket(c.conn, p); err != nil {
				c.conn.Close()
				return
			}
		case <-c.ended:
			return
		}
	}
}

// delay waits as long as the scenario wants; false means that the connection has ended.
func (c *connection) delay() bool {
	ms := c.faults.Load().DelayMS
	if ms <= 0 {
		return true
	}
	select {
	case <-time.After(time.Duration(ms) * time.Millisecond):
		return true
	case <-c.ended:
		return false
	}
}

func (s *Server) reportEnd(err error) {
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed):
	case strings.Contains(err.Error(), "reset by peer"):
		s.cfg.Failure("RemoteCommandProcessor.cpp:326", "RCON connection read failed: Can't read socket: Connection reset by peer")
	default:
		s.cfg.Failure("RemoteCommandProcessor.cpp:297", "Couldn't parse RCON data: Couldn't read from input file. File could be corrupted.")
	}
}

package game

import (
	"bufio"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"

	"mainbus/hostagent/factorio/rcon"
)

const (
	maxConnections = 128 // the game's own bound
	maxReplies     = 1024
)

// rconServer takes commands from RCON connections. It owns an accepting goroutine and two per connection; close waits
// for all.
type rconServer struct {
	listener net.Listener
	password string
	requests chan<- *request
	out      *output
	done     chan struct{}
	workers  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// openRCON starts listening, if the command line asks for it.
func (s *server) openRCON() error {
	password := s.opts.values["rcon-password"]
	port, err := s.opts.number("rcon-port", 0, 65535)
	if err != nil {
		return err
	}
	address := s.opts.values["rcon-bind"]
	if address == "" && port > 0 {
		address = fmt.Sprintf("0.0.0.0:%d", port)
	}
	if address == "" || password == "" {
		return nil
	}
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		if isAddressInUse(err) {
			return complaint("Can't bind socket: Address already in use")
		}
		return err
	}
	s.rcon = &rconServer{
		listener: listener, password: password, requests: s.requests, out: s.out, done: make(chan struct{}),
		conns: map[net.Conn]bool{},
	}
	s.rcon.workers.Go(s.rcon.accept)
	s.out.info("RemoteCommandProcessor.cpp:126", "Starting RCON interface at IP ADDR:({%s})", listener.Addr())
	return nil
}

func (s *rconServer) close() {
	close(s.done)
	s.listener.Close()
	s.mu.Lock()
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.workers.Wait()
}

func (s *rconServer) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
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
		s.out.info("RemoteCommandProcessor.cpp:245", "New RCON connection from IP ADDR:({%s})", conn.RemoteAddr())
		s.workers.Go(func() { s.serve(conn) })
	}
}

// serve reads one connection. Replies are written by a goroutine of their own: the game must not wait for a caller
// that doesn't read, whose connection ends instead.
func (s *rconServer) serve(conn net.Conn) {
	replies := make(chan rcon.Packet, maxReplies)
	ended := make(chan struct{})
	s.workers.Go(func() { s.writeReplies(conn, replies, ended) })
	defer func() {
		close(ended)
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
	send := func(p rcon.Packet) {
		select {
		case replies <- p:
		default:
			conn.Close()
		}
	}
	in := bufio.NewReader(conn)
	authenticated := false
	for {
		p, err := rcon.ReadPacket(in)
		if err != nil {
			s.reportEnd(err)
			return
		}
		switch {
		case p.Type == rcon.AuthRequest:
			id := p.ID
			authenticated = subtle.ConstantTimeCompare([]byte(p.Body), []byte(s.password)) == 1
			if !authenticated {
				id = -1
			}
			send(rcon.Packet{ID: id, Type: rcon.AuthResponse})
		case !authenticated:
			return
		case p.Type != rcon.ExecCommand || p.Body == "":
			continue // an empty command is never answered
		default:
			s.submit(p, send)
		}
	}
}

func (s *rconServer) submit(p rcon.Packet, send func(rcon.Packet)) {
	if s.out.trace != nil {
		s.out.trace.add("in", p.Body)
	}
	r := &request{text: p.Body, remote: true, out: s.out, done: func(reply string) {
		send(rcon.Packet{ID: p.ID, Type: rcon.ResponseValue, Body: reply})
	}}
	select {
	case s.requests <- r:
	case <-s.done:
	}
}

func (s *rconServer) writeReplies(conn net.Conn, replies <-chan rcon.Packet, ended <-chan struct{}) {
	for {
		select {
		case p := <-replies:
			if err := rcon.WritePacket(conn, p); err != nil {
				conn.Close()
				return
			}
		case <-ended:
			return
		}
	}
}

func (s *rconServer) reportEnd(err error) {
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed):
	case strings.Contains(err.Error(), "reset by peer"):
		s.out.failure("RemoteCommandProcessor.cpp:326", "RCON connection read failed: Can't read socket: Connection reset by peer")
	default:
		s.out.failure("RemoteCommandProcessor.cpp:297", "Couldn't parse RCON data: Couldn't read from input file. File could be corrupted.")
	}
}

package game

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mainbus/hostagent/factorio/rcon"
)

// TestConnectionsEndWithTheServer closes an RCON server that has connections in every state: silent, authenticated with
// more commands waiting than the game takes, in the middle of a packet.
func TestConnectionsEndWithTheServer(t *testing.T) {
	defer goleak.VerifyNone(t)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	requests := make(chan *request) // nobody takes them
	s := &rconServer{
		listener: listener, password: "secret", requests: requests, out: &output{stdout: io.Discard}, done: make(chan struct{}),
		conns: map[net.Conn]bool{},
	}
	s.workers.Go(s.accept)
	for i := range 3 {
		conn, err := net.Dial("tcp4", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i == 0 {
			continue
		}
		if err := rcon.WritePacket(conn, rcon.Packet{ID: 1, Type: rcon.AuthRequest, Body: "secret"}); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := rcon.ReadPacket(conn); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			err = rcon.WritePacket(conn, rcon.Packet{ID: 2, Type: rcon.ExecCommand, Body: "/version"})
		} else {
			_, err = conn.Write([]byte{30, 0, 0, 0, 1})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s.close()
}

func TestTraceIsCompleteAfterClose(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	trace, err := openTrace(dir)
	if err != nil {
		t.Fatal(err)
	}
	const entries = 5000
	for range entries {
		trace.add("out", "line")
	}
	trace.close()
	data, err := os.ReadFile(filepath.Join(dir, "sim-trace.jsonl"))
	if err != nil || strings.Count(string(data), "\n") != entries {
		t.Errorf("%d lines, %v", strings.Count(string(data), "\n"), err)
	}
}

package api

import (
	"path/filepath"
	"testing"

	"mainbus/transport/local"
)

// Programs that connect and say nothing keep nobody out, and a client that had to make way for them goes on.
func TestSilentConnectionsKeepNobodyOut(t *testing.T) {
	dir := serve(t, echo{})
	before := Dial(dir)
	defer before.Close()
	if _, err := before.Status(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	for range 2 * maxConnections {
		conn, err := local.Dial(t.Context(), filepath.Join(dir, SocketName))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	after := Dial(dir)
	defer after.Close()
	for name, c := range map[string]*Client{"that came after them": after, "that was there before": before} {
		if _, err := c.Status(t.Context(), owner); err != nil {
			t.Errorf("the client %s: %v", name, err)
		}
	}
}

func TestBusyCallersKeepTheirSeats(t *testing.T) {
	r := &room{}
	server, _ := local.Dial(t.Context(), "") // nil: nothing is closed
	var first *seat
	for n := range maxConnections {
		s, ok := r.take(server)
		if !ok {
			t.Fatalf("no seat for caller %d", n)
		}
		s.turn(true)
		if n == 0 {
			first = s
		}
	}
	if _, ok := r.take(server); ok {
		t.Error("a caller was put out in the middle of a call")
	}
	r.leave(first)
	if _, ok := r.take(server); !ok {
		t.Error("a seat that was left is not free")
	}
}

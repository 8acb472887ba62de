package remote

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"mainbus/controller/api"
)

// A controller that is away is said in words, not in those of the network's library.
func TestControllerThatDoesNotAnswer(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0") // hears, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	l := remembered(t, t.TempDir(), "factory", newID(t))
	l.Addresses = []string{silent.LocalAddr().String()}
	c, err := Connect(l)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	hurry, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for what, ctx := range map[string]context.Context{"the caller gives up": hurry, "the network does": t.Context()} {
		_, err := c.open(ctx)
		e := api.AsError(err)
		if e.Code != api.Unavailable || !strings.HasPrefix(e.Message, "the controller of factory does not answer at 127.0.0.1:") || strings.Contains(e.Message, "time") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

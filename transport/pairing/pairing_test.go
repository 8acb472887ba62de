package pairing

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gtank/ristretto255"
	"go.uber.org/goleak"

	"mainbus/transport/identity"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func session() Session {
	s := Session{Code: "K7Q4-9XBM", Exporter: bytes.Repeat([]byte{0x5a}, 32)}
	for i := range s.Controller {
		s.Controller[i], s.Agent[i] = byte(i), byte(255-i)
	}
	return s
}

// pair runs both sides over a pipe and returns how each ended.
func pair(controller, agent Session) (atController, atAgent error) {
	c, a := net.Pipe()
	done := make(chan error, 1)
	go func() {
		defer a.Close()
		done <- Respond(context.Background(), a, agent)
	}()
	atController = Initiate(context.Background(), c, controller)
	c.Close()
	return atController, <-done
}

func TestSameCodePairs(t *testing.T) {
	forgiving := session()
	forgiving.Code = "k7q49xbm"
	for _, s := range []Session{session(), forgiving} {
		if c, a := pair(s, session()); c != nil || a != nil {
			t.Errorf("controller: %v, agent: %v", c, a)
		}
	}
}

// Whatever the two sides do not agree on looks like a wrong code to both.
func TestAnyDifferenceIsRefused(t *testing.T) {
	for name, change := range map[string]func(*Session){
		"code":               func(s *Session) { s.Code = "K7Q4-9XBN" },
		"TLS session":        func(s *Session) { s.Exporter = bytes.Repeat([]byte{0x5b}, 32) },
		"controller's key":   func(s *Session) { s.Controller[0] ^= 1 },
		"agent's key":        func(s *Session) { s.Agent[31] ^= 1 },
		"roles":              func(s *Session) { s.Controller, s.Agent = s.Agent, s.Controller },
		"length of exporter": func(s *Session) { s.Exporter = append(s.Exporter, 0) },
	} {
		other := session()
		other.Exporter = bytes.Clone(other.Exporter)
		change(&other)
		if c, a := pair(session(), other); !errors.Is(c, ErrWrongCode) || !errors.Is(a, ErrWrongCode) {
			t.Errorf("%s: controller: %v, agent: %v", name, c, a)
		}
	}
}

func TestSessionMustBeComplete(t *testing.T) {
	for name, change := range map[string]func(*Session){
		"no code":       func(s *Session) { s.Code = "" },
		"short code":    func(s *Session) { s.Code = "K7Q4" },
		"no exporter":   func(s *Session) { s.Exporter = nil },
		"no controller": func(s *Session) { s.Controller = identity.ID{} },
		"no agent":      func(s *Session) { s.Agent = identity.ID{} },
		"one key":       func(s *Session) { s.Agent = s.Controller },
	} {
		s := session()
		change(&s)
		var silent bytes.Buffer
		if err := Initiate(context.Background(), &silent, s); err == nil || silent.Len() > 0 {
			t.Errorf("%s: %v after %d bytes", name, err, silent.Len())
		}
	}
}

// recorder keeps what one side writes.
type recorder struct {
	net.Conn
	wrote bytes.Buffer
}

func (r *recorder) Write(b []byte) (int, error) {
	r.wrote.Write(b)
	return r.Conn.Write(b)
}

// The transcript of fixed scalars must never change: agents and controllers of different versions pair.
func TestTranscriptIsStable(t *testing.T) {
	scalar := func(fill byte) *ristretto255.Scalar {
		return ristretto255.NewScalar().FromUniformBytes(bytes.Repeat([]byte{fill}, 64))
	}
	c, a := net.Pipe()
	controller, agent := &recorder{Conn: c}, &recorder{Conn: a}
	done := make(chan error, 1)
	go func() { done <- run(context.Background(), agent, session(), scalar(2), respond) }()
	if err := run(context.Background(), controller, session(), scalar(1), initiate); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	const (
		wantController = "e61792930a13f999a33765911851f8167be84d4f9c713f7bdd33d74ede1b5a6ce6e214886bb7a6b5c54f922bff201373d16f2496c64141f567725b054afb0ece01"
		wantAgent      = "6a82cad844762d0a9c9e8db0c9788b9fa816c33a6d7b7be485b94863b6b65d3301e49ef5a687e1952ee397f63df0f1707979d87f3e2746e82ee21b5405515ac96e"
	)
	if got := hex.EncodeToString(controller.wrote.Bytes()); got != wantController {
		t.Errorf("controller wrote %s", got)
	}
	if got := hex.EncodeToString(agent.wrote.Bytes()); got != wantAgent {
		t.Errorf("agent wrote %s", got)
	}
}

// script is a peer that says what it likes and listens to nothing.
type script struct {
	io.Reader
	heard bytes.Buffer
}

func (s *script) Write(b []byte) (int, error) { return s.heard.Write(b) }

func TestHostilePeer(t *testing.T) {
	identityElement := make([]byte, 32)
	element := ristretto255.NewElement().Base().Encode(nil)
	noElement := bytes.Repeat([]byte{0xff}, 32)
	junk := bytes.Repeat([]byte{1}, 33)
	for _, c := range []struct {
		name  string
		says  [][]byte
		agent error
		heard int // most bytes that the agent may answer with
	}{
		{"identity element", [][]byte{identityElement, junk}, ErrMalformed, 0},
		{"no element", [][]byte{noElement, junk}, ErrMalformed, 0},
		{"wrong confirmation", [][]byte{element, junk}, ErrWrongCode, 33},
		{"ends early", [][]byte{element[:31]}, io.ErrUnexpectedEOF, 0},
		{"ends after its element", [][]byte{element}, io.EOF, 32},
		{"nothing", nil, io.EOF, 0},
	} {
		p := &script{Reader: bytes.NewReader(bytes.Join(c.says, nil))}
		if err := Respond(context.Background(), p, session()); !errors.Is(err, c.agent) {
			t.Errorf("agent, %s: %v", c.name, err)
		}
		if p.heard.Len() > c.heard {
			t.Errorf("agent, %s: answered %d bytes", c.name, p.heard.Len())
		}
	}
	for name, says := range map[string][][]byte{
		"identity element":   {identityElement, {1}, junk},
		"no element":         {noElement, {1}, junk},
		"wrong confirmation": {element, {1}, junk},
		"unknown verdict":    {element, {7}, junk},
	} {
		p := &script{Reader: bytes.NewReader(bytes.Join(says, nil))}
		if err := Initiate(context.Background(), p, session()); err == nil {
			t.Errorf("controller, %s: paired", name)
		}
		if name == "wrong confirmation" && p.heard.Len() > 64 {
			t.Errorf("controller, %s: said that it paired", name)
		}
	}
}

// A peer that echoes everything knows no code, yet its element and confirmation are well formed.
func TestEchoingPeerIsRefused(t *testing.T) {
	for name, do := range map[string]func(context.Context, io.ReadWriter, Session) error{"controller": Initiate, "agent": Respond} {
		var echo bytes.Buffer
		ya := ristretto255.NewElement().Base().Encode(nil)
		if name == "agent" {
			echo.Write(ya)
		}
		if err := do(context.Background(), &echo, session()); err == nil {
			t.Errorf("%s pairs with its echo", name)
		}
	}
}

func TestContextEndsAWait(t *testing.T) {
	c, a := net.Pipe()
	defer c.Close()
	defer a.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := Respond(ctx, a, session()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the end is %v", err)
	}
}

func FuzzRespond(f *testing.F) {
	f.Add(bytes.Repeat([]byte{0}, 97))
	f.Add(append(ristretto255.NewElement().Base().Encode(nil), bytes.Repeat([]byte{1}, 64)...))
	f.Fuzz(func(t *testing.T, says []byte) {
		p := &script{Reader: bytes.NewReader(says)}
		if err := Respond(context.Background(), p, session()); err == nil {
			t.Error("paired without the code")
		}
		if p.heard.Len() > 33 {
			t.Errorf("answered %d bytes", p.heard.Len())
		}
	})
}

func FuzzInitiate(f *testing.F) {
	f.Add(append(ristretto255.NewElement().Base().Encode(nil), bytes.Repeat([]byte{1}, 64)...))
	f.Fuzz(func(t *testing.T, says []byte) {
		if err := Initiate(context.Background(), &script{Reader: bytes.NewReader(says)}, session()); err == nil {
			t.Error("paired without the code")
		}
	})
}

func TestParseCode(t *testing.T) {
	for _, s := range []string{"K7Q4-9XBM", "k7q49xbm", " k7q4 9xbm\n", "K7Q4–9XBM", "K-7-Q-4-9-X-B-M"} {
		if c, err := ParseCode(s); err != nil || c != "K7Q4-9XBM" {
			t.Errorf("ParseCode(%q) = %q, %v", s, c, err)
		}
	}
	if c, err := ParseCode("oOiI lL00"); err != nil || c != "0011-1100" {
		t.Errorf("look-alikes read as %q, %v", c, err)
	}
	for _, s := range []string{"", "K7Q4-9XB", "K7Q4-9XBMM", "K7Q4-9XBU", "K7Q4-9XB€", strings.Repeat("-", 65) + "K7Q49XBM"} {
		if c, err := ParseCode(s); err == nil {
			t.Errorf("ParseCode(%q) = %q", s, c)
		}
	}
}

func TestNewCodesAreReadableAndDiffer(t *testing.T) {
	seen := map[Code]bool{}
	for range 1000 {
		c := NewCode()
		if back, err := ParseCode(string(c)); err != nil || back != c || seen[c] {
			t.Fatalf("code %q reads as %q, %v", c, back, err)
		}
		seen[c] = true
	}
}

func FuzzParseCode(f *testing.F) {
	f.Add("k7q4 9xbm")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCode(s)
		if err != nil {
			return
		}
		if again, err := ParseCode(string(c)); err != nil || again != c || len(c) != codeLen+1 {
			t.Errorf("%q reads as %q, which reads as %q, %v", s, c, again, err)
		}
	})
}

func BenchmarkBothSides(b *testing.B) {
	for b.Loop() {
		if c, a := pair(session(), session()); c != nil || a != nil {
			b.Fatal(c, a)
		}
	}
}

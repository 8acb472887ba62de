package bulk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

// newLiar is a source that answers as it likes.
func newLiar(t *testing.T, answer link.Handler) Peer {
	t.Helper()
	own, err := identity.Load(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e, err := link.Listen(link.Config{
		Identity: own, Addr: "127.0.0.1:0", Trusted: func(identity.ID) bool { return true }, Bulk: true,
		Hello:    func() *wire.Hello { return &wire.Hello{Name: "liar"} },
		Handlers: map[wire.Method]link.Handler{wire.Method_METHOD_BULK_FETCH: answer},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return Peer{ID: own.ID(), Addrs: func() []netip.AddrPort {
		return []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), e.Port())}
	}}
}

// Whatever a source says, a fetch ends, nothing gets the target's name that does not fit its hash, and nothing is written elsewhere.
func TestHostileSource(t *testing.T) {
	b := newProgram(t, "b", 0)
	content := bytes.Repeat([]byte("x"), 1000)
	sum := sha256.Sum256(content)
	for name, test := range map[string]struct {
		head *wire.BulkHead
		body []byte
		want string // in the error; empty: the time is up, since it might be the network
	}{
		"size beyond all":   {&wire.BulkHead{Size: math.MaxUint64, Tag: "t"}, nil, "can't be"},
		"size beyond disks": {&wire.BulkHead{Size: 1 << 60, Tag: "t"}, nil, "can't be"},
		"more than wanted":  {&wire.BulkHead{Size: 1 << 30, Tag: "t"}, nil, "are not taken"},
		"no tag":            {&wire.BulkHead{Size: 10}, nil, "can't be"},
		"long tag":          {&wire.BulkHead{Size: 10, Tag: strings.Repeat("t", 200)}, nil, "can't be"},
		"wrong hash":        {&wire.BulkHead{Size: 1000, Tag: "t"}, append(bytes.Clone(content), make([]byte, 32)...), "hash"},
		"no hash":           {&wire.BulkHead{Size: 1000, Tag: "t"}, content, ""},
		"too short":         {&wire.BulkHead{Size: 1001, Tag: "t"}, append(bytes.Clone(content), sum[:]...), ""},
		"nothing":           {&wire.BulkHead{Size: 1000, Tag: "t"}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			liar := newLiar(t, func(_ context.Context, _ *link.Conn, s *link.Stream) error {
				var req wire.BulkFetch
				if err := s.Recv(&req); err != nil {
					return err
				}
				if err := s.Send(test.head); err != nil {
					return err
				}
				if from := req.GetOffset(); len(test.body) > 0 && from < uint64(len(test.body)) {
					s.Write(test.body[from:])
				}
				return nil
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if test.want == "" {
				ctx, cancel = context.WithTimeout(t.Context(), 500*time.Millisecond)
			}
			defer cancel()
			target := filepath.Join(t.TempDir(), "target.zip")
			err := b.Fetch(ctx, Request{Peer: liar, Ticket: "x", Target: target, MaxSize: 1 << 20})
			if err == nil || !strings.Contains(err.Error(), test.want) || test.want == "" && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("err = %v", err)
			}
			if _, err := os.Stat(target); err == nil {
				t.Error("there is a file")
			}
		})
	}
}

// A source that is another one at each request keeps nobody for ever.
func TestSourceThatIsNeverTheSame(t *testing.T) {
	n := 0
	liar := newLiar(t, func(_ context.Context, _ *link.Conn, s *link.Stream) error {
		var req wire.BulkFetch
		if err := s.Recv(&req); err != nil {
			return err
		}
		n++
		return s.Send(&wire.BulkHead{Size: 1000, Tag: fmt.Sprint(n)})
	})
	b := newProgram(t, "b", 0)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := b.Fetch(ctx, Request{Peer: liar, Ticket: "x", Target: filepath.Join(t.TempDir(), "x")}); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ErrChanged) {
		t.Errorf("err = %v", err)
	}
	if n > 20 {
		t.Errorf("asked %d times in half a second", n)
	}
}

// Whatever somebody asks for, only the file is read, and the source lives.
func TestHostileReceiver(t *testing.T) {
	a, b := newProgram(t, "a", 0), newProgram(t, "b", 0)
	path, _ := testFile(t, 3*pieceSize)
	ticket := offer(t, a, b, path)
	c, err := b.reach(t.Context(), a.at(a.addr()))
	if err != nil {
		t.Fatal(err)
	}
	for name, req := range map[string]*wire.BulkFetch{
		"beyond the end":   {Ticket: ticket, Offset: 3*pieceSize + 1},
		"beyond 2^63":      {Ticket: ticket, Offset: math.MaxUint64},
		"half a piece":     {Ticket: ticket, Length: 100},
		"no ticket":        {},
		"path as a ticket": {Ticket: path},
		"long ticket":      {Ticket: strings.Repeat("x", 1<<20)},
	} {
		var status *link.StatusError
		if _, _, err := ask(t.Context(), c, req); !errors.As(err, &status) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	s, _, err := ask(t.Context(), c, &wire.BulkFetch{Ticket: ticket, Offset: 2*pieceSize + 17, Length: math.MaxUint64})
	if err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(s); err != nil || len(rest) != pieceSize-17+32 {
		t.Errorf("%d bytes to the end, err = %v", len(rest), err)
	}
	s.Close()
}

// FuzzLeftovers opens what an earlier transfer might have left: only bytes with their hash are believed.
func FuzzLeftovers(f *testing.F) {
	content := []byte("what has arrived")
	head, _ := json.Marshal(label{Size: int64(len(content)), Tag: "t"})
	f.Add(content, fmt.Appendf(nil, "%s\n%x\n", head, sha256.Sum256(content)))
	f.Add(content, fmt.Appendf(nil, "%s\n%x\n", head, sha256.Sum256(nil)))
	f.Add([]byte{}, []byte(`{"size":1,"tag":"t"}`))
	f.Fuzz(func(t *testing.T, content, sums []byte) {
		target := filepath.Join(t.TempDir(), "x")
		os.WriteFile(target+partSuffix, content, 0o600)
		os.WriteFile(target+partSuffix+sumsSuffix, sums, 0o600)
		p, err := openPart(target)
		if err != nil {
			t.Fatal(err)
		}
		defer p.close()
		for piece, want := range p.hashes {
			start, end := p.bounds(piece)
			if got := sha256.Sum256(content[start:end]); got != want || end > p.have {
				t.Fatal("bytes are believed that do not have their hash")
			}
		}
		if p.have > 0 && len(p.hashes) == 0 {
			t.Fatal("bytes are believed without a hash")
		}
	})
}

// FuzzArrive takes bytes as from a source: a file is whole only if its hashes are right.
func FuzzArrive(f *testing.F) {
	sum := sha256.Sum256([]byte("abc"))
	f.Add(uint64(3), "t", append([]byte("abc"), sum[:]...))
	f.Add(uint64(3), "t", append([]byte("abd"), sum[:]...))
	f.Add(uint64(math.MaxUint64), "", []byte{})
	f.Fuzz(func(t *testing.T, size uint64, tag string, body []byte) {
		target := filepath.Join(t.TempDir(), "x")
		p, err := openPart(target)
		if err != nil {
			t.Fatal(err)
		}
		defer p.close()
		if _, err := p.begin(&wire.BulkHead{Size: size, Tag: tag}, 1<<20); err != nil {
			return
		}
		err = p.take(bytes.NewReader(body), func(int64) {})
		if p.have > p.size || uint64(p.size) != size {
			t.Fatalf("%d of %d bytes", p.have, p.size)
		}
		if err == nil && size > 0 && sha256.Sum256(body[:size]) != [32]byte(body[size:]) {
			t.Fatal("a file is whole whose hash is wrong")
		}
	})
}

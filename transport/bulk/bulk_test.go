package bulk

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type program struct {
	*Node
	id identity.ID
}

func newProgram(t testing.TB, name string, silence time.Duration) program {
	t.Helper()
	own, err := identity.Load(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Identity: own, Addr: "127.0.0.1:0", Silence: silence,
		Trusted: func(identity.ID) bool { return true },
		Hello:   func() *wire.Hello { return &wire.Hello{Name: name} },
	}
	if testing.Verbose() {
		cfg.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})).With("program", name)
	}
	n, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return program{n, own.ID()}
}

func (p program) addr() netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), p.Port())
}

// at is the program as somebody knows it who reaches it there.
func (p program) at(addrs ...netip.AddrPort) Peer {
	return Peer{ID: p.id, Addrs: func() []netip.AddrPort { return addrs }}
}

// testFile makes a file that nothing can compress or mistake for another.
func testFile(t testing.TB, size int64) (path string, sum [32]byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "source.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(f, hash), rand.NewChaCha8([32]byte{byte(size)}), size); err != nil {
		t.Fatal(err)
	}
	return path, [32]byte(hash.Sum(nil))
}

func sumOf(t testing.TB, path string) [32]byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		t.Fatal(err)
	}
	return [32]byte(hash.Sum(nil))
}

func offer(t testing.TB, from, to program, path string) string {
	t.Helper()
	o, err := from.Offer(to.id, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o.Ticket()
}

func onlyFile(t testing.TB, target string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(target))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(target) {
			t.Errorf("%s is left beside the file", e.Name())
		}
	}
}

func TestFetch(t *testing.T) {
	a, b := newProgram(t, "a", 0), newProgram(t, "b", 0)
	for _, size := range []int64{0, 1, pieceSize - 1, pieceSize, pieceSize + 1, 5*pieceSize + 12345} {
		path, sum := testFile(t, size)
		target := filepath.Join(t.TempDir(), "target.zip")
		var last Progress
		err := b.Fetch(t.Context(), Request{
			Peer: a.at(a.addr()), Ticket: offer(t, a, b, path), Target: target, MaxSize: size + 1, Progress: func(p Progress) { last = p },
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := sumOf(t, target); got != sum || sumOf(t, path) != sum {
			t.Errorf("%d bytes: what arrived or what was sent is another file", size)
		}
		if want := (Progress{Verifying, size, size}); last != want {
			t.Errorf("%d bytes: last progress is %v", size, last)
		}
		onlyFile(t, target)
	}
}

// Only one of the two needs to be able to dial.
func TestTheSourceDials(t *testing.T) {
	a, b := newProgram(t, "a", 0), newProgram(t, "b", 0)
	path, sum := testFile(t, 3*pieceSize)
	target := filepath.Join(t.TempDir(), "target.zip")
	ticket := offer(t, a, b, path)
	a.Reach(b.at(b.addr()))
	if err := b.Fetch(t.Context(), Request{Peer: a.at(), Ticket: ticket, Target: target}); err != nil {
		t.Fatal(err)
	}
	if sumOf(t, target) != sum {
		t.Error("another file arrived")
	}
}

func TestRelay(t *testing.T) {
	a, b, middle := newProgram(t, "a", 0), newProgram(t, "b", 0), newProgram(t, "middle", 0)
	path, sum := testFile(t, 7*pieceSize+99)
	o, err := middle.Relay(b.id, a.at(a.addr()), offer(t, a, middle, path))
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	target := filepath.Join(t.TempDir(), "target.zip")
	flipped := false
	err = b.Fetch(t.Context(), Request{Peer: middle.at(middle.addr()), Ticket: o.Ticket(), Target: target, Progress: func(p Progress) {
		if p.Phase == Verifying && p.Done == 0 && !flipped { // the piece is asked for through the relay too
			flipped = true
			flip(t, target+partSuffix, 2*pieceSize+5)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if !flipped || sumOf(t, target) != sum {
		t.Error("another file arrived")
	}
}

func flip(t testing.TB, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		t.Error(err)
	}
	b[0] ^= 0x10
	if _, err := f.WriteAt(b[:], at); err != nil {
		t.Error(err)
	}
}

// The connection is lost ten times at random places, and a byte on the receiver's disk changes before it is looked at again.
func TestLinkCutAtRandomOffsets(t *testing.T) {
	const size, silence = 32 << 20, 500 * time.Millisecond
	a, b := newProgram(t, "a", silence), newProgram(t, "b", silence)
	network := newNetwork(t, 40e6, time.Millisecond, 30*time.Millisecond)
	there := network.to(a.addr())
	path, sum := testFile(t, size)
	target := filepath.Join(t.TempDir(), "target.zip")

	var offsets []int64
	for range 10 {
		offsets = append(offsets, rand.Int64N(size-pieceSize))
	}
	slices.Sort(offsets)
	t.Log("cut at", offsets)
	cuts, flipped := 0, false
	var flipAt int64 = rand.Int64N(size)
	err := b.Fetch(t.Context(), Request{Peer: a.at(there), Ticket: offer(t, a, b, path), Target: target, Progress: func(p Progress) {
		switch {
		case p.Phase == Receiving && cuts < len(offsets) && p.Done >= offsets[cuts] && network.cut.CompareAndSwap(false, true):
			for cuts < len(offsets) && offsets[cuts] <= p.Done {
				cuts++
			}
			time.AfterFunc(silence+silence/2, func() { network.cut.Store(false) })
		case p.Phase == Verifying && p.Done == 0 && !flipped:
			flipped = true
			flip(t, target+partSuffix, flipAt)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if cuts != len(offsets) || !flipped {
		t.Fatalf("only %d cuts, flipped: %v", cuts, flipped)
	}
	if sumOf(t, target) != sum || sumOf(t, path) != sum {
		t.Error("what arrived or what was sent is another file")
	}
	sent := network.back.bytes.Load()
	t.Logf("%d bytes for %d: %d more", sent, size, sent-size)
	if sent > size+10<<20 {
		t.Errorf("%d bytes were sent for %d", sent, size)
	}
	onlyFile(t, target)
}

func TestDiskThatNeverGivesBackWhatWasWritten(t *testing.T) {
	a, b := newProgram(t, "a", 0), newProgram(t, "b", 0)
	path, sum := testFile(t, 3*pieceSize)
	target := filepath.Join(t.TempDir(), "target.zip")
	if err := os.WriteFile(target, []byte("what was there"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := b.Fetch(t.Context(), Request{Peer: a.at(a.addr()), Ticket: offer(t, a, b, path), Target: target, Progress: func(p Progress) {
		if p.Phase == Verifying && p.Done == 0 {
			flip(t, target+partSuffix, pieceSize)
		}
	}})
	if err == nil || !strings.Contains(err.Error(), "gives back other bytes") {
		t.Errorf("err = %v", err)
	}
	if got, _ := os.ReadFile(target); string(got) != "what was there" {
		t.Error("the old file was replaced")
	}
	if sumOf(t, path) != sum {
		t.Error("the source has changed")
	}
}

// A program that ends in the middle goes on from what is on disk, as far as that is what was sent.
func TestGoesOnAfterARestart(t *testing.T) {
	a, b := newProgram(t, "a", 0), newProgram(t, "b", 0)
	const size = 20 * pieceSize
	path, sum := testFile(t, size)
	target := filepath.Join(t.TempDir(), "target.zip")
	ctx, cancel := context.WithCancel(t.Context())
	err := b.Fetch(ctx, Request{Peer: a.at(a.addr()), Ticket: offer(t, a, b, path), Target: target, Progress: func(p Progress) {
		if p.Done >= 10*pieceSize {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	flip(t, target+partSuffix, 8*pieceSize+1)
	b.Close()
	b2 := newProgram(t, "b2", 0)
	first := int64(-1)
	err = b2.Fetch(t.Context(), Request{Peer: a.at(a.addr()), Ticket: offer(t, a, b2, path), Target: target, Progress: func(p Progress) {
		if first < 0 {
			first = p.Done
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if first != 8*pieceSize {
		t.Errorf("went on at %d instead of the piece that has changed on disk", first)
	}
	if sumOf(t, target) != sum {
		t.Error("another file arrived")
	}
	onlyFile(t, target)
}

func TestLeftoversOfAnotherFileAreNotBelieved(t *testing.T) {
	a, b := newProgram(t, "a", 0), newProgram(t, "b", 0)
	old, _ := testFile(t, 9*pieceSize)
	target := filepath.Join(t.TempDir(), "target.zip")
	ctx, cancel := context.WithCancel(t.Context())
	b.Fetch(ctx, Request{Peer: a.at(a.addr()), Ticket: offer(t, a, b, old), Target: target, Progress: func(p Progress) {
		if p.Done >= 5*pieceSize {
			cancel()
		}
	}})
	path, sum := testFile(t, 8*pieceSize)
	if err := b.Fetch(t.Context(), Request{Peer: a.at(a.addr()), Ticket: offer(t, a, b, path), Target: target}); err != nil {
		t.Fatal(err)
	}
	if sumOf(t, target) != sum {
		t.Error("another file arrived")
	}
}

func TestCancelLeavesNothing(t *testing.T) {
	a, b := newProgram(t, "a", 0), newProgram(t, "b", 0)
	path, sum := testFile(t, 10*pieceSize)
	target := filepath.Join(t.TempDir(), "target.zip")
	for _, phase := range []string{Receiving, Verifying} {
		ctx, cancel := context.WithCancelCause(t.Context())
		err := b.Fetch(ctx, Request{Peer: a.at(a.addr()), Ticket: offer(t, a, b, path), Target: target, Progress: func(p Progress) {
			if p.Phase == phase && p.Done >= 2*pieceSize {
				cancel(ErrCanceled)
			}
		}})
		if !errors.Is(err, ErrCanceled) {
			t.Errorf("%s: err = %v", phase, err)
		}
		onlyFile(t, filepath.Join(filepath.Dir(target), "nothing"))
	}
	if sumOf(t, path) != sum {
		t.Error("the source has changed")
	}
}

func TestSourceThatChanges(t *testing.T) {
	a, b := newProgram(t, "a", 0), newProgram(t, "b", 0)
	path, _ := testFile(t, 10*pieceSize)
	target := filepath.Join(t.TempDir(), "target.zip")
	ticket := offer(t, a, b, path)
	flip(t, path, 10*pieceSize-1)
	err := b.Fetch(t.Context(), Request{Peer: a.at(a.addr()), Ticket: ticket, Target: target})
	if err == nil || !strings.Contains(err.Error(), "changed since it was offered") {
		t.Errorf("err = %v", err)
	}
}

func TestOffersAreForOnePeer(t *testing.T) {
	a, b, thief := newProgram(t, "a", 0), newProgram(t, "b", 0), newProgram(t, "thief", 0)
	path, _ := testFile(t, 100)
	o, err := a.Offer(b.id, path)
	if err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "target.zip")
	for name, err := range map[string]error{
		"another peer":   thief.Fetch(t.Context(), Request{Peer: a.at(a.addr()), Ticket: o.Ticket(), Target: target}),
		"another ticket": b.Fetch(t.Context(), Request{Peer: a.at(a.addr()), Ticket: "00", Target: target}),
	} {
		if err == nil || !strings.Contains(err.Error(), "not offered") {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	o.Close()
	if err := b.Fetch(t.Context(), Request{Peer: a.at(a.addr()), Ticket: o.Ticket(), Target: target}); err == nil {
		t.Error("fetched what is offered no more")
	}
	for _, path := range []string{filepath.Dir(path), path + ".gone"} {
		if _, err := a.Offer(b.id, path); err == nil {
			t.Errorf("offered %s", path)
		}
	}
}

// Both programs are in this process, so what it takes is what both take.
func TestMemoryStaysSmall(t *testing.T) {
	a, b := newProgram(t, "a", 0), newProgram(t, "b", 0)
	path, sum := testFile(t, 192<<20)
	target := filepath.Join(t.TempDir(), "target.zip")
	runtime.GC()
	before, most := memory(), uint64(0)
	err := b.Fetch(t.Context(), Request{Peer: a.at(a.addr()), Ticket: offer(t, a, b, path), Target: target, Progress: func(Progress) {
		most = max(most, memory())
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MB at the start, %d MB at most", before>>20, most>>20)
	if most > before+64<<20 {
		t.Errorf("memory grew by %d MB", (most-before)>>20)
	}
	if sumOf(t, target) != sum {
		t.Error("another file arrived")
	}
}

func memory() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}

// besideMessages carries a file over 100 Mbit/s with 4 ms of round trip and a queue of 50 ms, and a message and its answer every 5 ms.
func besideMessages(t testing.TB, size int64) (p50, p99 time.Duration, rate float64) {
	a, b := newProgram(t, "a", 0), newProgram(t, "b", 0)
	network := newNetwork(t, 12.5e6, 2*time.Millisecond, 50*time.Millisecond)
	echo := func(_ context.Context, _ *link.Conn, s *link.Stream) error {
		for {
			var m wire.ConsoleSend
			if err := s.Recv(&m); err != nil {
				return nil
			}
			if err := s.Send(&wire.ConsoleReply{Text: m.GetLine()}); err != nil {
				return err
			}
		}
	}
	stream := messages(t, network, echo)
	path, sum := testFile(t, size)
	target := filepath.Join(t.TempDir(), "target.zip")
	done := make(chan error, 1)
	var began, received atomic.Int64
	ticket := offer(t, a, b, path)
	there := network.to(a.addr())
	go func() {
		done <- b.Fetch(t.Context(), Request{Peer: a.at(there), Ticket: ticket, Target: target, Progress: func(p Progress) {
			began.CompareAndSwap(0, time.Now().UnixNano())
			if p.Phase == Receiving {
				received.Store(time.Now().UnixNano())
			}
		}})
	}()
	var times []time.Duration
	line := strings.Repeat("x", 200)
	for running := true; running; {
		sent := time.Now()
		var reply wire.ConsoleReply
		if err := errors.Join(stream.Send(&wire.ConsoleSend{Line: line}), stream.Recv(&reply)); err != nil {
			t.Fatal(err)
		}
		if began.Load() != 0 {
			times = append(times, time.Since(sent))
		}
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		case <-time.After(5*time.Millisecond - min(time.Since(sent), 5*time.Millisecond)):
		}
	}
	if sumOf(t, target) != sum {
		t.Error("another file arrived")
	}
	slices.Sort(times)
	took := time.Duration(received.Load() - began.Load()).Seconds()
	return times[len(times)/2], times[len(times)*99/100], float64(size) / took
}

func messages(t testing.TB, network *network, h link.Handler) *link.Stream {
	t.Helper()
	var ends [2]*link.Endpoint
	var ids [2]identity.ID
	for n := range ends {
		own, err := identity.Load(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		ids[n] = own.ID()
		ends[n], err = link.Listen(link.Config{
			Identity: own, Addr: "127.0.0.1:0", Trusted: func(identity.ID) bool { return true },
			Hello:    func() *wire.Hello { return &wire.Hello{Name: "messages"} },
			Handlers: map[wire.Method]link.Handler{wire.Method_METHOD_CONSOLE_SEND: h},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ends[n].Close() })
	}
	c, err := ends[1].Dial(t.Context(), ids[0], []netip.AddrPort{network.to(ends[0].Addr())})
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Open(t.Context(), wire.Method_METHOD_CONSOLE_SEND)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// BenchmarkFetch is on loopback, with verification.
func BenchmarkFetch(b *testing.B) {
	from, to := newProgram(b, "a", 0), newProgram(b, "b", 0)
	const size = 512 << 20
	path, _ := testFile(b, size)
	target := filepath.Join(b.TempDir(), "target.zip")
	ticket := offer(b, from, to, path)
	b.SetBytes(size)
	for b.Loop() {
		if err := to.Fetch(b.Context(), Request{Peer: from.at(from.addr()), Ticket: ticket, Target: target}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBesideMessages measures what messages take while a file shares 100 Mbit/s with them.
func BenchmarkBesideMessages(b *testing.B) {
	for b.Loop() {
		p50, p99, rate := besideMessages(b, 64<<20)
		b.ReportMetric(float64(p50.Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(p99.Microseconds())/1000, "p99-ms")
		b.ReportMetric(rate/1e6, "MB/s-file")
	}
}

// BenchmarkManySmallFiles brings 150 files of 64 KiB over 100 Mbit/s with a round trip of 20 ms, as the mods of a pack come. What it takes
// without any pause between two files is 0.8 s.
func BenchmarkManySmallFiles(b *testing.B) {
	const files, size = 150, 64 << 10
	for _, atOnce := range []int{1, 4, 8} {
		b.Run(fmt.Sprint(atOnce, " at once"), func(b *testing.B) {
			for b.Loop() {
				network := newNetwork(b, 100e6/8, 10*time.Millisecond, 50*time.Millisecond)
				from, to := newProgram(b, "a", 0), newProgram(b, "b", 0)
				at := from.at(network.to(from.addr()))
				dir := b.TempDir()
				var tickets []string
				for range files {
					path, _ := testFile(b, size)
					tickets = append(tickets, offer(b, from, to, path))
				}
				began := time.Now()
				next := make(chan int)
				var group sync.WaitGroup
				for range atOnce {
					group.Go(func() {
						for i := range next {
							if err := to.Fetch(b.Context(), Request{Peer: at, Ticket: tickets[i], Target: filepath.Join(dir, fmt.Sprint(i, ".zip"))}); err != nil {
								b.Error(err)
							}
						}
					})
				}
				for i := range tickets {
					next <- i
				}
				close(next)
				group.Wait()
				b.ReportMetric(time.Since(began).Seconds(), "s")
			}
		})
	}
}

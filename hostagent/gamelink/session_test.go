package gamelink

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mainbus/hostagent/factorio/rcon"
	"mainbus/transport/wire"
)

// noise is text that can't be compressed much.
func noise(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.IntN(256))
	}
	return string(b)
}

// recorder is the Owner in tests.
type recorder struct {
	mu     sync.Mutex
	up     []*wire.Envelope
	faults []string
	still  []bool
	tick   uint64
}

func (r *recorder) Up(e *wire.Envelope)               { r.with(func() { r.up = append(r.up, e) }) }
func (r *recorder) Fault(text string)                 { r.with(func() { r.faults = append(r.faults, text) }) }
func (r *recorder) Still(still bool)                  { r.with(func() { r.still = append(r.still, still) }) }
func (r *recorder) Beat(tick uint64, _ time.Duration) { r.with(func() { r.tick = tick }) }

func (r *recorder) with(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// bodies tells what came up; a truth is marked by "!".
func (r *recorder) bodies() (out []string) {
	r.with(func() {
		for _, e := range r.up {
			body := string(e.Body)
			if e.Truth {
				body = "!" + body
			}
			out = append(out, body)
		}
	})
	return out
}

type linked struct {
	*recorder
	game    *game
	session *Session
	client  *rcon.Client
	ended   chan error
}

// link binds a session to a game over a real RCON connection.
func link(t *testing.T, g *game) *linked {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	client, err := rcon.Dial(ctx, g.addr, "secret")
	if err != nil {
		t.Fatal(err)
	}
	l := &linked{recorder: &recorder{}, game: g, client: client, ended: make(chan error, 1)}
	l.session = NewSession(Config{RCON: client, Owner: l.recorder, Start: "5-abc", Epoch: "1795000000.7"})
	g.feed = func(line string) { l.session.Feed(line, 1000) }
	done := make(chan struct{})
	go func() { defer close(done); l.ended <- l.session.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; client.Close() })
	return l
}

func (l *linked) bindAndAssign(t *testing.T) *wire.Bound {
	t.Helper()
	bound, err := l.session.Bind(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.session.Assign(t.Context(), &wire.Assign{Ledger: "beef", World: bound.World})
	if err != nil {
		t.Fatal(err)
	}
	return bound
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func (l *linked) waitUp(t *testing.T, want ...string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%.200q came up", want), func() bool { return len(l.bodies()) >= len(want) })
	if got := l.bodies(); !slices.Equal(got, want) {
		t.Fatalf("came up: %.300q, want %.300q", got, want)
	}
}

func envelope(class wire.Class, key, body string) *wire.Envelope {
	return &wire.Envelope{Channel: "test", Op: "set", Key: key, Class: class, Body: []byte(body)}
}

func TestBindAssignAndNewsBothWays(t *testing.T) {
	g := newGame(t)
	l := link(t, g)
	l.session.Deliver(envelope(wire.Class_CLASS_BUS, "", "too early to be sent"))
	bound, err := l.session.Bind(t.Context())
	if err != nil || bound.Ledger != "" || bound.World != g.world || len(bound.Reports) != 1 ||
		bound.Reports[0].Channel != "test" || string(bound.Reports[0].Body) != "nothing" {
		t.Fatalf("bound %v, %v", bound, err)
	}
	if _, err := l.session.Assign(t.Context(), &wire.Assign{Ledger: "beef", World: "cafe", Fresh: true}); err != nil {
		t.Fatal(err)
	}
	long := noise(20_000)
	g.say("-", "short", true)
	g.say("k", long, false) // in parts
	l.waitUp(t, "short", long)
	first := l.up[0]
	if first.Channel != "test" || first.Key != "" || l.up[1].Key != "k" || first.Offset != 1000 || first.Truth || first.Tick == 0 {
		t.Errorf("envelope %v", first)
	}
	l.session.Deliver(envelope(wire.Class_CLASS_BUS, "", noise(5000)))
	l.session.Deliver(envelope(wire.Class_CLASS_BUS, "", "after it"))
	eventually(t, "commands are executed", func() bool { return g.count(func(g *game) int { return len(g.commands) }) == 4 })
	want := []string{"assign beef/cafe/1", "set too early to be sent", "set " + noise(5000), "set after it"}
	if !slices.Equal(g.commands, want) {
		t.Errorf("executed %.200q", g.commands)
	}
	eventually(t, "beats", func() bool { return g.count(func(g *game) int { return g.beats }) >= 2 })
	if n := g.count(func(g *game) int { return g.reports }); n != 0 {
		t.Errorf("%d reports of an undisturbed link", n)
	}
}

func TestDisturbedLinesLeadToTheTruth(t *testing.T) {
	forged := func(epoch string, seq int, text string) string {
		rest := fmt.Sprintf("%s %d 1/1 400 test - r%s", epoch, seq, text)
		return fmt.Sprintf("mainbus:1 %d %s %s", len(rest), sum(rest), rest)
	}
	nth := func(n int, f func(line string) []string) func(string) []string {
		count := 0
		return func(line string) []string {
			if count++; count == n {
				return f(line)
			}
			return []string{line}
		}
	}
	for _, test := range []struct {
		name   string
		mangle func(string) []string
		want   []string
	}{
		{"lost line", nth(2, func(string) []string { return nil }), []string{"a", "!d", "e"}},
		{"lost last line", nth(4, func(string) []string { return nil }), []string{"a", "b", "c", "!d", "e"}},
		{"torn line", nth(2, func(l string) []string { return []string{l[:30] + "   1.000 Info x", l[30:]} }), []string{"a", "!d", "e"}},
		{"forged line taken", nth(2, func(l string) []string { return []string{forged("1795000000.7", 2, "evil"), l} }),
			[]string{"a", "evil", "c", "d", "!d", "e"}},
		{"forged, far ahead", nth(2, func(l string) []string { return []string{forged("1795000000.7", 1000, "evil"), l} }),
			[]string{"a", "b", "c", "d", "e"}},
		{"forged, wrong sum", nth(2, func(l string) []string {
			return []string{strings.Replace(forged("1795000000.7", 2, "evil"), "evil", "bad!", 1), l}
		}), []string{"a", "b", "c", "d", "e"}},
		{"forged, other epoch", nth(2, func(l string) []string { return []string{forged("1795000000.6", 2, "evil"), l} }),
			[]string{"a", "b", "c", "d", "e"}},
		{"doubled line", nth(2, func(l string) []string { return []string{l, l} }), []string{"a", "b", "c", "d", "e"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			g := newGame(t)
			l := link(t, g)
			l.bindAndAssign(t)
			eventually(t, "the first beat", func() bool { return g.count(func(g *game) int { return g.beats }) > 0 })
			g.mangle = test.mangle
			for _, text := range []string{"a", "b", "c", "d"} {
				g.say("-", text, true)
			}
			want := test.want[:len(test.want)-1]
			l.waitUp(t, want...)
			beats := g.count(func(g *game) int { return g.beats })
			eventually(t, "two more beats", func() bool { return g.count(func(g *game) int { return g.beats }) > beats+1 })
			g.say("-", "e", true)
			l.waitUp(t, test.want...)
			l.session.Deliver(envelope(wire.Class_CLASS_BUS, "", "released"))
			eventually(t, "commands are released", func() bool { return g.count(func(g *game) int { return len(g.commands) }) == 2 })
		})
	}
}

func TestForgedLineInAQuietWorld(t *testing.T) {
	g := newGame(t)
	l := link(t, g)
	l.bindAndAssign(t)
	g.say("-", "a", true)
	l.waitUp(t, "a")
	rest := "1795000000.7 2 1/1 400 test - revil"
	g.feed(fmt.Sprintf("mainbus:1 %d %s %s", len(rest), sum(rest), rest))
	l.waitUp(t, "a", "evil")
	// The world prints nothing more that would contradict it.
	eventually(t, "the truth comes up", func() bool { return len(l.bodies()) == 3 })
	l.waitUp(t, "a", "evil", "!a")
	g.say("-", "b", true)
	l.waitUp(t, "a", "evil", "!a", "b")
}

func TestCommandsWaitWhileTheLinkIsInDoubt(t *testing.T) {
	g := newGame(t)
	l := link(t, g)
	l.bindAndAssign(t)
	eventually(t, "the first beat", func() bool { return g.count(func(g *game) int { return g.beats }) > 0 })
	before := g.count(func(g *game) int { return len(g.order) })
	g.feed("mainbus:1 torn")
	g.feed("   1.000 nothing") // when this has been taken the torn line was dealt with
	eventually(t, "both are read", func() bool { return len(l.session.fed) == 0 })
	l.session.Deliver(envelope(wire.Class_CLASS_CONTROL, "", "withheld"))
	eventually(t, "it is released", func() bool { return g.count(func(g *game) int { return len(g.commands) }) == 2 })
	if after := g.order[before:]; after[0] != "beat" {
		t.Errorf("executed %q after a torn line", after)
	}
}

func TestUrgentGoesFirstAndDependentWaits(t *testing.T) {
	g := newGame(t)
	l := link(t, g)
	freeze := make(chan struct{})
	l.bindAndAssign(t)
	g.mu.Lock()
	g.freeze = freeze
	g.mu.Unlock()
	// All are under way or waiting while the game is busy.
	l.session.Deliver(envelope(wire.Class_CLASS_LEVELS, "a", noise(60_000)))
	eventually(t, "it is begun", func() bool {
		l.session.queue.mu.Lock()
		defer l.session.queue.mu.Unlock()
		return l.session.queue.count == 0
	})
	l.session.Deliver(envelope(wire.Class_CLASS_LEVELS, "a", "dependent"))
	l.session.Deliver(envelope(wire.Class_CLASS_BUS, "b", "bus"))
	l.session.Deliver(envelope(wire.Class_CLASS_CONTROL, "c", "control"))
	close(freeze)
	eventually(t, "all are executed", func() bool { return g.count(func(g *game) int { return len(g.commands) }) == 5 })
	want := []string{"set control", "set bus", "set " + noise(60_000), "set dependent"}
	if !slices.Equal(g.commands[1:], want) {
		t.Errorf("executed %.60q", g.commands[1:])
	}
}

// TestManyShortMessagesAreFewCommands: the first is sent at once, and what gathers while it is under way goes together, of
// each key only the newest.
func TestManyShortMessagesAreFewCommands(t *testing.T) {
	g := newGame(t)
	l := link(t, g)
	freeze := make(chan struct{})
	l.bindAndAssign(t)
	g.mu.Lock()
	g.freeze = freeze
	g.mu.Unlock()
	grant := func(item, total int) {
		key := fmt.Sprintf("an-item-with-a-name-%d/normal", item)
		e := envelope(wire.Class_CLASS_BUS, key, fmt.Sprintf("%s=%d", key, total))
		e.Joins = true
		if err := l.session.Deliver(e); err != nil {
			t.Fatal(err)
		}
	}
	waiting := func() int {
		l.session.queue.mu.Lock()
		defer l.session.queue.mu.Unlock()
		return l.session.queue.count
	}
	grant(0, 7)
	eventually(t, "the first is sent", func() bool { return waiting() == 0 })
	other := envelope(wire.Class_CLASS_BUS, "x", "another op of another channel")
	other.Channel, other.Joins = "elsewhere", true
	l.session.Deliver(other)
	for total := range 3 {
		for item := range 40 {
			grant(item, 100+total)
		}
	}
	close(freeze)
	last := "an-item-with-a-name-39/normal=102"
	eventually(t, "all are executed", func() bool {
		return g.count(func(g *game) int { return strings.Count(strings.Join(g.commands, "\n"), last) }) > 0
	})
	commands := g.commands[1:]
	if len(commands) > 4 || commands[0] != "set an-item-with-a-name-0/normal=7" {
		t.Errorf("%d commands: %.200q", len(commands), commands)
	}
	var told []string
	for _, command := range commands[1:] {
		told = append(told, strings.Split(strings.TrimPrefix(command, "set "), "+")...)
	}
	if len(told) != 40 || slices.ContainsFunc(told, func(r string) bool { return !strings.HasSuffix(r, "=102") }) {
		t.Errorf("%d records: %.300q", len(told), told)
	}
	t.Logf("40 kinds took %d commands", len(commands)-1)
}

func TestRefusalsToBind(t *testing.T) {
	for _, test := range []struct {
		name, reply string
		check       func(error) bool
	}{
		{"another start", "err 1 start this is start 6", func(err error) bool {
			var refused *RefusedError
			return errors.As(err, &refused) && refused.Code == CodeStart
		}},
		{"newer controller", "err 1 incarnation bound by a newer controller", func(err error) bool {
			var refused *RefusedError
			return errors.As(err, &refused) && refused.Code == CodeIncarnation
		}},
		{"newer attachment", "err 1 epoch bound by a newer attachment", func(err error) bool { return errors.Is(err, ErrEpoch) }},
		{"no module", `Unknown command "mainbus". Type /h or /help for more help about commands.`,
			func(err error) bool { return errors.Is(err, ErrNoModule) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := newGame(t)
			g.answer = func(string) (string, bool) { return test.reply, true }
			if _, err := link(t, g).session.Bind(t.Context()); !test.check(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestChecksumRefusalIsSentAgainOnce(t *testing.T) {
	g := newGame(t)
	l := link(t, g)
	tries := map[string]int{}
	g.answer = func(op string) (string, bool) {
		tries[op]++
		return "err 0 crc malformed command", op == "bind" && tries[op] == 1 || op == "set" && tries[op] <= 2
	}
	l.bindAndAssign(t)
	l.session.Deliver(envelope(wire.Class_CLASS_BUS, "", "given up after two"))
	l.session.Deliver(envelope(wire.Class_CLASS_BUS, "", "next"))
	eventually(t, "the next is executed", func() bool { return g.count(func(g *game) int { return len(g.commands) }) == 2 })
	if g.commands[1] != "set next" || tries["bind"] != 2 || tries["set"] != 3 {
		t.Errorf("executed %q after %v", g.commands, tries)
	}
}

func TestSessionEnds(t *testing.T) {
	t.Run("with the connection", func(t *testing.T) {
		g := newGame(t)
		l := link(t, g)
		l.bindAndAssign(t)
		g.cutRCON()
		if err := <-l.ended; err == nil {
			t.Error("no error")
		}
		l.session.Feed("after the end", 0)
		if _, err := l.session.Bind(t.Context()); !errors.Is(err, ErrEnded) {
			t.Errorf("Bind: %v", err)
		}
	})
	t.Run("when another attachment binds", func(t *testing.T) {
		g := newGame(t)
		l := link(t, g)
		l.bindAndAssign(t)
		g.mu.Lock()
		g.epoch = "1795000000.8"
		g.mu.Unlock()
		if err := <-l.ended; !errors.Is(err, ErrEpoch) {
			t.Errorf("got %v", err)
		}
	})
}

func TestFaultIsTold(t *testing.T) {
	g := newGame(t)
	l := link(t, g)
	l.bindAndAssign(t)
	g.mu.Lock()
	g.print("core", "fault", pack("tick: something broke", false))
	g.mu.Unlock()
	eventually(t, "the fault is told", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.faults) == 1 && l.faults[0] == "tick: something broke"
	})
}

// A paused game moves a few ticks with each command, so it is left in peace until it says something.
func TestBeatsPauseWithTheGame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var step, beats atomic.Int64
		step.Store(60)
		tick := int64(1000) // of Run
		commander := commanderFunc(func(command string) (<-chan rcon.Reply, error) {
			text := "ok 1 5 - cafe"
			if strings.Contains(command, " core beat ") {
				tick += step.Load()
				beats.Add(1)
				text = fmt.Sprintf("ok 2 %d 0 00000000", tick)
			}
			reply := make(chan rcon.Reply, 1)
			reply <- rcon.Reply{Text: text}
			return reply, nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		owner := &recorder{}
		s := NewSession(Config{RCON: commander, Owner: owner, Start: "1", Epoch: "1.1"})
		var done sync.WaitGroup
		done.Go(func() { s.Run(ctx) })
		defer done.Wait()
		defer cancel()
		if _, err := s.Bind(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Assign(ctx, &wire.Assign{Ledger: "beef", World: "cafe"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10*time.Second + beatInterval/2)
		synctest.Wait()
		if beats.Load() != 11 {
			t.Errorf("%d beats in ten seconds", beats.Load())
		}
		step.Store(3) // paused
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if beats.Load() != 13 || !slices.Equal(owner.still, []bool{true}) {
			t.Errorf("%d beats, standing still: %v", beats.Load(), owner.still)
		}
		step.Store(600) // goes on
		s.Feed("2026-08-02 02:16:35 [JOIN] somebody joined the game", 0)
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		if beats.Load() != 16 || !slices.Equal(owner.still, []bool{true, false}) {
			t.Errorf("%d beats, standing still: %v", beats.Load(), owner.still)
		}
	})
}

func TestLatencyOfDeliver(t *testing.T) {
	started := make(chan time.Time, 1)
	commander := commanderFunc(func(string) (<-chan rcon.Reply, error) {
		started <- time.Now()
		reply := make(chan rcon.Reply, 1)
		reply <- rcon.Reply{Text: "ok 1 5 0 00000000"}
		return reply, nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	s := NewSession(Config{RCON: commander, Owner: &recorder{}, Start: "1", Epoch: "1.1"})
	var done sync.WaitGroup
	done.Go(func() { s.Run(ctx) })
	defer done.Wait()
	defer cancel()
	if _, err := s.Bind(ctx); err != nil {
		t.Fatal(err)
	}
	<-started
	s.requests <- &request{op: "assign", done: make(chan result, 1)}
	<-started
	<-started // the first beat
	var took []time.Duration
	for range 500 {
		at := time.Now()
		s.Deliver(envelope(wire.Class_CLASS_BUS, "", "iron-plate/normal=120"))
		took = append(took, (<-started).Sub(at))
	}
	slices.Sort(took)
	t.Logf("Deliver to Start: p50 %v, p99 %v", took[len(took)/2], took[len(took)*99/100])
}

type commanderFunc func(string) (<-chan rcon.Reply, error)

func (f commanderFunc) Start(command string) (<-chan rcon.Reply, error) { return f(command) }

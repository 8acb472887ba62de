// Package gamelink is the agent's half of the game link (docs/gamelink.md): the text forms of lines, commands and
// replies, and Session, which speaks the protocol with one running game. It reads the core channel and passes the
// messages of all others on unread.
//
// A Session owns no goroutine: the caller runs Run in one. It ends for good at the first thing that it can't set
// right by itself; whoever owns it makes another one, under a new epoch.
package gamelink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mainbus/hostagent/factorio/rcon"
	"mainbus/hostagent/internal/grid"
	"mainbus/transport/wire"
)

const (
	beatInterval  = time.Second
	beatStep      = beatInterval / 10      // of the clock, at which beats fall: not all of an agent's at once, which would keep items waiting
	stillInterval = time.Minute            // between beats while the game stands still: each moves it by a few ticks
	hurry         = 250 * time.Millisecond // between beats that suspicions ask for
	readTime      = 2 * time.Second        // for lines that the module says it has printed

	maxInFlight = 4 // commands, besides one of the core channel

	maxJoined = 2 << 10 // bytes of messages in one command: compressed they mostly fit it
)

// StillTicks is what a game does at least between two beats, unless it is paused: fewer twice in a row mean that it is.
const StillTicks = 10

var (
	// ErrEpoch says that somebody else has bound the world since.
	ErrEpoch = errors.New("the world is bound to another attachment")
	// ErrEnded is what a Session's methods say after Run has returned.
	ErrEnded = errors.New("game link session has ended")
)

// RefusedError is the module's refusal to bind or to be assigned.
type RefusedError struct{ Code, Text string }

func (e *RefusedError) Error() string { return "the world refuses: " + e.Text }

// Commander sends RCON commands; an *rcon.Client is one. Start must not block.
type Commander interface {
	Start(command string) (<-chan rcon.Reply, error)
}

// Owner is told what happens in a session. It is called from Run and must not block.
type Owner interface {
	// Up gets what a feature's half in the game says.
	Up(*wire.Envelope)
	// Beat gets the game's clock, and how long the command took that asked for it.
	Beat(tick uint64, took time.Duration)
	// Still tells that the game has come to stand still, or goes on.
	Still(bool)
	// Fault tells that the module has stopped trading, and why.
	Fault(text string)
}

// Config says what a session is about.
type Config struct {
	RCON    Commander
	Owner   Owner
	Command string // name of the module's command; empty: CommandName
	Start   string // start number that the save was patched with
	Epoch   string
	Log     *slog.Logger
}

// Session is one attachment to a running game.
type Session struct {
	cfg      Config
	fed      chan fedLine
	requests chan *request
	queue    *Queue
	done     chan struct{} // closed when Run has returned

	// The rest belongs to Run.
	encoder   encoder
	check     checker
	assembler assembler
	seq       uint64 // of the last message sent
	bound     bool
	trading   bool // assigned

	core    slot
	asked   []*request
	beatDue bool
	report  bool // wanted
	awaited *awaited
	fault   *fault // told by a line, not proved yet
	slots   [maxInFlight]slot
	active  []*outgoing

	beatTimer *time.Timer
	lastBeat  time.Time // when the last was sent
	noticed   time.Time // when lastTick was
	lastTick  uint64
	slow      int // beats in a row with hardly a tick between them
	still     bool
}

type fedLine struct {
	text   string
	offset uint64
}

// request is a command of the core channel that a caller waits for.
type request struct {
	op   string
	body string
	done chan result // buffered
}

type result struct {
	answer string
	err    error
}

// slot is one command under way.
type slot struct {
	reply   <-chan rcon.Reply // nil: free
	command string
	again   bool // sent for the second time

	op      string // of a core command
	request *request
	mark    mark
	message *outgoing
}

// mark is what was known when a command was sent.
type mark struct {
	arrivals uint64 // sightings so far
	taken    uint64 // number of the last line taken
}

// outgoing is a message of which not every part is answered.
type outgoing struct {
	envelope *wire.Envelope // the first of those that were joined
	parts    []string       // not sent yet
	underway int
}

// awaited is a beat that names a line which has not been read yet.
type awaited struct {
	beat
	mark mark
}

// fault is why the module says that it has stopped.
type fault struct {
	text string
	seq  uint64 // of the line
}

// NewSession returns a session that Run brings to life.
func NewSession(cfg Config) *Session {
	if cfg.Command == "" {
		cfg.Command = CommandName
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Session{
		cfg: cfg, fed: make(chan fedLine, 256), requests: make(chan *request), queue: NewQueue(),
		done: make(chan struct{}), beatTimer: time.NewTimer(time.Hour),
	}
	s.beatTimer.Stop()
	s.check.resyncing = true // until the answer to bind
	return s
}

// Feed takes a line of the game's output that stood at offset there. Lines other than link lines may be fed too:
// they tell that the game is awake. Feed waits while earlier lines are being worked on.
func (s *Session) Feed(text string, offset uint64) {
	select {
	case s.fed <- fedLine{text, offset}:
	case <-s.done:
	}
}

// Deliver sends envelopes to the world as soon as they may be: after assign, while lines and totals agree, and when
// no earlier message of the same channel and key is under way. It does not wait. The error is ErrFull if too much waits.
func (s *Session) Deliver(list ...*wire.Envelope) error { return s.queue.Push(list...) }

// Waiting returns how many envelopes wait to be sent to the world.
func (s *Session) Waiting() int { return s.queue.Len() }

// Bind binds the world to this session's epoch and returns what it says about itself, without the name of its save. There is
// no timeout but ctx: a game that is saving answers late.
func (s *Session) Bind(ctx context.Context) (*wire.Bound, error) {
	answer, err := s.ask(ctx, "bind", s.cfg.Start)
	if err != nil {
		return nil, fmt.Errorf("bind: %w", err)
	}
	return parseBound(answer)
}

// Assign tells the world whose it is, after which it trades. It returns the tick at which it took effect.
func (s *Session) Assign(ctx context.Context, a *wire.Assign) (tick uint64, err error) {
	fresh := "0"
	if a.Fresh {
		fresh = "1"
	}
	answer, err := s.ask(ctx, "assign", a.Ledger+"/"+a.World+"/"+fresh)
	if err != nil {
		return 0, fmt.Errorf("assign: %w", err)
	}
	if _, err := fmt.Sscanf(answer, "%d", &tick); err != nil {
		return 0, fmt.Errorf("assign: malformed answer %.40q", answer)
	}
	return tick, nil
}

func (s *Session) ask(ctx context.Context, op, body string) (string, error) {
	r := &request{op: op, body: body, done: make(chan result, 1)}
	select {
	case s.requests <- r:
	case <-s.done:
		return "", ErrEnded
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	select {
	case result := <-r.done:
		return result.answer, result.err
	case <-s.done:
		return "", ErrEnded
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// Run speaks with the game until ctx ends, the RCON connection does, or the world is bound by somebody else.
func (s *Session) Run(ctx context.Context) error {
	defer close(s.done)
	defer s.beatTimer.Stop()
	for {
		if err := s.send(); err != nil {
			return err
		}
		if err := s.step(ctx); err != nil {
			return err
		}
	}
}

// step waits for the next thing to happen and deals with it.
func (s *Session) step(ctx context.Context) error {
	select {
	case line := <-s.fed:
		return s.onLine(line)
	case r := <-s.core.reply:
		return s.onCoreReply(r)
	case r := <-s.slots[0].reply:
		return s.onReply(&s.slots[0], r)
	case r := <-s.slots[1].reply:
		return s.onReply(&s.slots[1], r)
	case r := <-s.slots[2].reply:
		return s.onReply(&s.slots[2], r)
	case r := <-s.slots[3].reply:
		return s.onReply(&s.slots[3], r)
	case <-s.queue.Ready():
	case r := <-s.requests:
		s.asked = append(s.asked, r)
	case <-s.beatTimer.C:
		s.onTimer()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// onTimer finds that a beat is due, or that awaited lines have not come.
func (s *Session) onTimer() {
	if s.awaited == nil {
		s.beatDue = true
		return
	}
	s.awaited = nil
	s.disprove("lines that the world has printed were not read")
}

// proven tells whether commands other than the core's may be sent.
func (s *Session) proven() bool {
	return s.trading && s.check.suspected == 0 && !s.check.resyncing
}

func (s *Session) onLine(fed fedLine) error {
	line, err := ParseLine(fed.text)
	switch {
	case errors.Is(err, ErrNotLink):
		s.wake()
		return nil
	case err != nil:
		s.suspect(err.Error())
		return nil
	case line.Epoch != s.cfg.Epoch:
		return nil
	}
	s.wake()
	taken, suspicious := s.check.arrive(line, fed.offset)
	if suspicious {
		s.suspect("line out of sequence")
	}
	s.use(taken)
	if s.awaited != nil && s.check.judge(s.awaited.beat, s.awaited.mark.taken) != early {
		s.judge(s.awaited.beat, s.awaited.mark)
	}
	return nil
}

// use passes on what lines say.
func (s *Session) use(lines []sighting) {
	for _, line := range lines {
		body, whole, err := s.assembler.add(line.Line)
		switch {
		case err != nil:
			s.suspect(err.Error())
		case !whole:
		case line.Channel != coreChannel:
			e := &wire.Envelope{Channel: line.Channel, Key: line.Key, Body: body, Tick: line.Tick, Offset: line.offset}
			if e.Key == noKey {
				e.Key = ""
			}
			s.cfg.Owner.Up(e)
		case line.Key == "fault":
			s.fault = &fault{string(body), line.Seq}
		}
	}
}

// suspect makes the next beat come soon; until it has found everything right nothing is sent but core commands.
func (s *Session) suspect(why string) {
	if !s.bound {
		return
	}
	if s.check.suspected == 0 {
		s.cfg.Log.Warn("game link in doubt", "why", why)
	}
	s.check.suspect()
	if s.awaited == nil && !s.beatDue {
		s.beatTimer.Reset(time.Until(s.lastBeat.Add(hurry)))
	}
}

// disprove asks for the truth. What is read until it comes is held.
func (s *Session) disprove(why string) {
	s.cfg.Log.Warn("game link broken, reading the totals again", "why", why)
	s.check.resyncing = true
	s.report = true
}

// judge draws the conclusion from a beat; m was made when it was sent.
func (s *Session) judge(b beat, m mark) {
	s.awaited = nil
	switch s.check.judge(b, m.taken) {
	case right:
		s.check.confirm(m.arrivals)
		s.tellFault(b.seq)
		s.planBeat()
	case early:
		s.awaited = &awaited{b, m}
		s.beatTimer.Reset(readTime)
	case wrong:
		s.disprove("lines read differ from lines printed")
	}
}

// tellFault passes on a fault once the lines up to it are proved: nothing would take a forged one back.
func (s *Session) tellFault(proved uint64) {
	if s.fault != nil && s.fault.seq <= proved {
		s.cfg.Owner.Fault(s.fault.text)
		s.fault = nil
	}
}

func (s *Session) planBeat() {
	interval := beatInterval
	switch {
	case s.check.suspected != 0:
		interval = hurry
	case s.still:
		interval = stillInterval
	}
	s.beatTimer.Reset(grid.Wait(time.Until(s.lastBeat.Add(interval)), beatStep))
}

// wake makes a beat due in a game that stood still and has said something.
func (s *Session) wake() {
	if s.still && s.core.reply == nil {
		s.beatTimer.Reset(time.Until(s.lastBeat.Add(hurry)))
	}
}

// notice finds out from the game's clock whether it stands still.
func (s *Session) notice(tick uint64) {
	s.cfg.Owner.Beat(tick, time.Since(s.lastBeat))
	if time.Since(s.noticed) < beatInterval/2 {
		return
	}
	if tick < s.lastTick+StillTicks {
		s.slow++
	} else {
		s.slow = 0
	}
	s.noticed = time.Now()
	s.lastTick = tick
	if still := s.slow >= 2; still != s.still {
		s.still = still
		s.cfg.Owner.Still(still)
	}
}

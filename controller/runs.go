package controller

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"mainbus/controller/bus"
	"mainbus/controller/ledger"
	"mainbus/controller/store"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	busChannel     = "bus"
	renamesChannel = "renames" // reports only, and of interest at bind
	originChannel  = "origin"  // the same
	spoilsChannel  = "spoils"
	// closeTimeout bounds telling the ledger that a run has ended. If it can't be told, the next run's epoch says so.
	closeTimeout = 5 * time.Second
)

// stream is what a run needs of a link.Stream.
type stream interface {
	Send(proto.Message) error
	Recv(proto.Message) error
	Close()
}

// session is one attachment of an agent to a running game, at the controller's end.
type session struct {
	slot    ledger.Slot
	epoch   ledger.Epoch
	stream  stream
	store   store.Store
	log     *slog.Logger
	out     *outbox
	lines   bus.Parser
	changed func() // called when an account may have changed
	refused int    // messages and records that were not booked
}

// runs finds the session to which a grant belongs. It may be used by any goroutine.
type runs struct {
	mu       sync.Mutex
	sessions map[ledger.Slot]*session
}

func newRuns() *runs { return &runs{sessions: map[ledger.Slot]*session{}} }

// push passes on what the ledger says to a slot; what is for a run that is gone is dropped, since the next bind settles
// it. It never blocks.
func (r *runs) push(reply ledger.ForSlot) {
	slot, epoch := reply.For()
	r.mu.Lock()
	s := r.sessions[slot]
	r.mu.Unlock()
	if s == nil || s.epoch != epoch {
		return
	}
	switch reply := reply.(type) {
	case ledger.Grant:
		s.out.put(outKey{opGrant, reply.Item}, reply.G, reply.GS)
	case ledger.Full:
		s.out.put(outKey{opFull, reply.Item}, number(reply.Full), 0)
	case ledger.Fenced: // the agent attaches anew, also if it has nothing to say
		s.stream.Close()
	}
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// add makes s the slot's session and ends the one before. It returns false if s is itself an older one.
func (r *runs) add(s *session) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.sessions[s.slot]; old != nil {
		if compareEpochs(old.epoch, s.epoch) > 0 {
			return false
		}
		old.stream.Close()
	}
	r.sessions[s.slot] = s
	return true
}

func compareEpochs(a, b ledger.Epoch) int {
	return cmp.Or(cmp.Compare(a.Incarnation, b.Incarnation), cmp.Compare(a.Number, b.Number))
}

func (r *runs) remove(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sessions[s.slot] == s {
		delete(r.sessions, s.slot)
	}
}

// handleRun serves one attachment until either side ends it.
func (c *Controller) handleRun(ctx context.Context, conn *link.Conn, s *link.Stream) error {
	var up wire.RunUp
	if err := s.Recv(&up); err != nil {
		return err
	}
	id := up.GetOpen().GetInstance()
	if err := c.mayRun(ctx, conn, id); err != nil {
		return err
	}
	err := c.serveRun(ctx, ledger.Slot(id), s)
	c.log.Info("run ended", "instance", id, "err", err)
	return runStatus(err)
}

// mayRun checks that an instance is where it should be.
func (c *Controller) mayRun(ctx context.Context, conn *link.Conn, id string) error {
	all, err := c.store.Instances(ctx)
	if err != nil {
		return link.Errorf(wire.Code_CODE_UNAVAILABLE, "%v", err)
	}
	for _, i := range all {
		if i.ID == id && i.Host == conn.Peer().String() {
			return nil
		}
	}
	return link.Errorf(wire.Code_CODE_REFUSED, "no instance %.20q belongs on this host", id)
}

func (c *Controller) serveRun(ctx context.Context, slot ledger.Slot, stream stream) error {
	replies, err := c.store.Apply(ctx, ledger.Open{Slot: slot})
	if err != nil {
		return err
	}
	s := &session{slot: slot, epoch: replies[0].(ledger.Run).Epoch, stream: stream, store: c.store, log: c.log, out: newOutbox(), changed: c.changes.bus}
	defer s.close()
	if !c.runs.add(s) {
		return ledger.ErrStale
	}
	defer c.runs.remove(s)
	granted := &wire.Granted{Epoch: s.epoch.String()}
	if err := stream.Send(&wire.RunDown{Msg: &wire.RunDown_Granted{Granted: granted}}); err != nil {
		return err
	}
	c.log.Info("run opened", "instance", string(slot), "epoch", s.epoch.String())
	ctx, cancel := context.WithCancel(ctx)
	var sender sync.WaitGroup
	defer sender.Wait()
	defer cancel()
	sender.Go(func() { s.send(ctx) })
	return s.receive(ctx)
}

// close tells the ledger that nobody waits for grants any more.
func (s *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_, err := s.store.Apply(ctx, ledger.Closed{Slot: s.slot, Epoch: s.epoch})
	if err != nil && !errors.Is(err, ledger.ErrStale) && !errors.Is(err, store.ErrClosed) {
		s.log.Warn("the end of a run was not booked", "instance", string(s.slot), "err", err)
	}
}

// send passes grants on as they come.
func (s *session) send(ctx context.Context) {
	for {
		select {
		case <-s.out.ready:
		case <-ctx.Done():
			return
		}
		for list := s.out.take(); len(list) > 0; list = s.out.take() {
			if err := s.stream.Send(wire.Down(list...)); err != nil {
				s.stream.Close() // which ends receive too
				return
			}
		}
	}
}

// receive takes what the agent says until it has said all.
func (s *session) receive(ctx context.Context) error {
	in := newInbox(s.stream)
	go in.read(ctx) // ends with the stream
	for {
		up, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := s.take(ctx, up, in); err != nil {
			return err
		}
	}
}

func (s *session) take(ctx context.Context, up *wire.RunUp, in *inbox) error {
	defer s.changed()
	switch m := up.GetMsg().(type) {
	case *wire.RunUp_Bound:
		return s.bound(ctx, m.Bound)
	case *wire.RunUp_Assigned:
		_, err := s.store.Apply(ctx, ledger.Assigned{Slot: s.slot, Epoch: s.epoch})
		return err
	case *wire.RunUp_Standing:
		_, err := s.store.Apply(ctx, ledger.Still{Slot: s.slot, Epoch: s.epoch, Still: m.Standing.GetStill()})
		return err
	case *wire.RunUp_Saved:
		return s.saved(ctx, m.Saved)
	case *wire.RunUp_Envelopes:
		in.rest = m.Envelopes.GetList()
		for e := in.envelope(); e != nil; e = in.envelope() {
			if err := s.hear(ctx, e, in); err != nil {
				return err
			}
		}
		return nil
	default:
		return link.Errorf(wire.Code_CODE_INVALID, "a run does not begin twice")
	}
}

// hear takes what a feature's half in the game says; what comes behind it may be taken with it.
func (s *session) hear(ctx context.Context, e *wire.Envelope, in *inbox) error {
	switch e.GetChannel() {
	case renamesChannel, originChannel:
		return nil
	case busChannel:
		if isLine(e) {
			return s.busLines(ctx, e, in)
		}
		return s.busTruth(ctx, e)
	case spoilsChannel:
		return s.spoils(ctx, e.GetBody())
	default:
		s.refuse("unknown channel", "channel", shown(e.GetChannel(), 40))
		return nil
	}
}

// bound lets the ledger say who the world is, and passes that on.
func (s *session) bound(ctx context.Context, b *wire.Bound) error {
	totals, err := bus.ParseReport(reportOf(b.GetReports(), busChannel))
	if err != nil {
		return err
	}
	run := store.Run{
		Slot: s.slot, Epoch: s.epoch, At: time.Now(), Start: shown(b.GetStart(), 100), Save: shown(b.GetSave(), 200), Tick: b.GetTick(),
	}
	if t := b.GetSaveTime(); t > 0 {
		run.SavedAt = time.Unix(t, 0)
	}
	if err := s.store.AddRun(ctx, run); err != nil {
		return err
	}
	if err := s.renamed(ctx, b); err != nil {
		return err
	}
	fromLedger, fromWorld := originOf(b.GetReports())
	replies, err := s.store.Apply(ctx, ledger.Bound{
		Slot: s.slot, Epoch: s.epoch, Ledger: b.GetLedger(), World: ledger.World(b.GetWorld()),
		FromLedger: fromLedger, FromWorld: fromWorld,
		Totals: totals, NewWorld: ledger.World(randomHex(16)),
		Tick: clock(b.GetTick()),
	})
	if err != nil {
		return err
	}
	for _, r := range replies {
		if a, ok := r.(ledger.Assign); ok {
			s.log.Info("world bound", "instance", string(s.slot), "world", string(a.World), "fresh", a.Fresh, "tick", b.GetTick(), "save", shown(b.GetSave(), 100))
			assign := &wire.Assign{Ledger: a.Ledger, World: string(a.World), Fresh: a.Fresh}
			if err := s.stream.Send(&wire.RunDown{Msg: &wire.RunDown_Assign{Assign: assign}}); err != nil {
				return err
			}
		}
	}
	return s.spoils(ctx, reportOf(b.GetReports(), spoilsChannel))
}

// spoils passes on how items spoil. What makes no sense lets goods on the bus stand still, and the world goes on.
func (s *session) spoils(ctx context.Context, body []byte) error {
	items, err := bus.ParseSpoils(body)
	if err == nil && len(items) > 0 {
		_, err = s.store.Apply(ctx, ledger.Spoils{Slot: s.slot, Epoch: s.epoch, Items: items})
	}
	if errors.Is(err, bus.ErrMalformed) || errors.Is(err, ledger.ErrInvalid) {
		s.refuse("how items spoil", "err", err)
		return nil
	}
	return err
}

// originOf is what the world says that it was before it got its identity; empty if it always was what it is.
func originOf(reports []*wire.Report) (string, ledger.World) {
	from, world, _ := strings.Cut(string(reportOf(reports, originChannel)), "/")
	return strings.TrimPrefix(from, "-"), ledger.World(world)
}

// renamed passes on what the game's mods have renamed. What the ledger does not take is settled at bind like any other
// difference: the world's own totals are of the new names.
func (s *session) renamed(ctx context.Context, b *wire.Bound) error {
	renames, err := bus.ParseRenames(reportOf(b.GetReports(), renamesChannel))
	if err == nil && len(renames) > 0 {
		_, err = s.store.Apply(ctx, ledger.Renamed{
			Slot: s.slot, Epoch: s.epoch, Ledger: b.GetLedger(), World: ledger.World(b.GetWorld()), Renames: renames,
		})
		s.log.Debug("a world told what mods have renamed", "instance", string(s.slot), "renames", len(renames), "err", err)
	}
	if errors.Is(err, bus.ErrMalformed) || errors.Is(err, ledger.ErrInvalid) {
		s.refuse("what was renamed in a world", "err", err)
		return nil
	}
	return err
}

// saved tells the ledger what a finished save holds. One that makes no sense covers nothing, and the world goes on.
func (s *session) saved(ctx context.Context, m *wire.Saved) error {
	totals, err := bus.ParseAccounts(m.GetAccounts())
	if err == nil {
		_, err = s.store.Apply(ctx, ledger.Saved{
			Slot: s.slot, Epoch: s.epoch, Ledger: m.GetLedger(), World: ledger.World(m.GetWorld()), Totals: totals, Tick: clock(m.GetTick()),
		})
	}
	if errors.Is(err, bus.ErrMalformed) || errors.Is(err, ledger.ErrInvalid) {
		s.refuse("the accounts in a save", "save", shown(m.GetSave(), 100), "err", err)
		return nil
	}
	return err
}

func reportOf(reports []*wire.Report, channel string) []byte {
	for _, r := range reports {
		if r.GetChannel() == channel {
			return r.GetBody()
		}
	}
	return nil
}

// busTruth books a complete report, which must make sense.
func (s *session) busTruth(ctx context.Context, e *wire.Envelope) error {
	totals, err := bus.ParseReport(e.GetBody())
	if err != nil {
		return err
	}
	_, err = s.store.Apply(ctx, ledger.Truth{Slot: s.slot, Epoch: s.epoch, Totals: totals, Tick: clock(e.GetTick())})
	return err
}

// clock is a world's clock as the ledger takes it; what is beyond its limit is beyond it here too.
func clock(tick uint64) int64 { return int64(min(tick, ledger.MaxTick+1)) }

// refuse counts what was not booked. Only the first of a run is logged: a broken world says the same ten times a second.
func (s *session) refuse(what string, args ...any) {
	if s.refused++; s.refused == 1 {
		s.log.Warn("refused what a world said", append([]any{"instance", string(s.slot), "what", what}, args...)...)
	}
}

// runStatus tells the agent why its attachment ended.
func runStatus(err error) error {
	switch {
	case errors.Is(err, ledger.ErrStale):
		return link.Errorf(wire.Code_CODE_REFUSED, "%v", err)
	case errors.Is(err, ledger.ErrInvalid), errors.Is(err, ledger.ErrOrder), errors.Is(err, bus.ErrMalformed):
		return link.Errorf(wire.Code_CODE_INVALID, "%v", err)
	case errors.Is(err, store.ErrWrite), errors.Is(err, store.ErrClosed):
		return link.Errorf(wire.Code_CODE_UNAVAILABLE, "%v", err)
	}
	return err
}

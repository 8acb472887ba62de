package instance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"mainbus/hostagent/factorio/rcon"
	"mainbus/hostagent/gamelink"
	"mainbus/transport/wire"
)

// maxGathered is how many bytes of envelopes go into one message, the last of which may reach beyond it.
const maxGathered = 64 << 10

// RunStream is one attachment to a running game as the controller sees it: RunUp goes out, RunDown comes in.
type RunStream interface {
	Send(proto.Message) error
	Recv(proto.Message) error
	CloseSend() error // says that nothing more is sent
	Close()
}

// attachment joins a game link session to a stream to the controller. When either ends both do, and the next
// attachment starts over under a new epoch: nothing is acknowledged or kept for later.
type attachment struct {
	run      *run
	stream   RunStream
	session  *gamelink.Session
	up       *gamelink.Queue
	still    chan bool        // newest only
	saved    chan *wire.Saved // newest only
	assigned chan *wire.Assign
	identity *wire.Assign // once it was taken
	end      context.CancelCauseFunc
}

// attach returns why the attachment ended, or what kept it from coming about.
func (r *run) attach(ctx context.Context, client *rcon.Client, stream RunStream) error {
	ctx, end := context.WithCancelCause(ctx)
	stop := context.AfterFunc(ctx, stream.Close)
	defer stop()
	var workers sync.WaitGroup
	defer workers.Wait()
	defer stream.Close()
	defer end(nil)

	epoch, err := openRun(stream, r.instance.cfg.ID)
	if err != nil {
		return err
	}
	a := &attachment{
		run: r, stream: stream, up: gamelink.NewQueue(), still: make(chan bool, 1), saved: make(chan *wire.Saved, 1),
		assigned: make(chan *wire.Assign, 1), end: end,
	}
	cfg := gamelink.Config{RCON: client, Owner: a, Start: r.note.Start, Epoch: epoch, Log: r.instance.log}
	if name := r.command.Load(); name != nil {
		cfg.Command = *name
	}
	a.session = gamelink.NewSession(cfg)
	workers.Go(func() { end(a.session.Run(ctx)) })
	received := make(chan struct{})
	workers.Go(func() {
		defer close(received)
		end(a.receive())
	})
	r.attached.Store(a)
	defer r.attached.Store(nil)

	if err := a.introduce(ctx); err != nil {
		if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
			return cause
		}
		return err
	}
	if !stop() {
		return context.Cause(ctx)
	}
	workers.Go(func() { end(a.sendUp(ctx)) })
	workers.Go(func() { end(a.tellSaves(ctx)) })
	<-ctx.Done()
	if r.isEnding() {
		a.tellLast(received)
	}
	return context.Cause(ctx)
}

func openRun(stream RunStream, id string) (epoch string, err error) {
	open := &wire.RunUp{Msg: &wire.RunUp_Open{Open: &wire.RunOpen{Instance: id}}}
	if err := stream.Send(open); err != nil {
		return "", fmt.Errorf("ask for an epoch: %w", err)
	}
	var down wire.RunDown
	if err := stream.Recv(&down); err != nil {
		return "", fmt.Errorf("wait for an epoch: %w", err)
	}
	granted := down.GetGranted()
	if granted == nil {
		return "", errors.New("the controller granted no epoch")
	}
	return granted.GetEpoch(), nil
}

// introduce takes the attachment from its epoch to trade.
func (a *attachment) introduce(ctx context.Context) error {
	bound, err := a.session.Bind(ctx)
	if err != nil {
		return err
	}
	n := a.run.note
	bound.Save, bound.SaveTime, bound.Start = n.Source, n.Written, n.Start
	if bound.GetLedger() == "" && a.run.assigned {
		// A script has wiped storage. What the world took is still in it, so it is neither the world that it was nor the one
		// before its first trade, whose id its save proposes: it begins anew.
		a.run.instance.log.Warn("the scenario has wiped the world's accounts: it begins anew, as another world", "world", bound.GetWorld())
		bound.World = randomHex(16)
	}
	if err := a.stream.Send(&wire.RunUp{Msg: &wire.RunUp_Bound{Bound: bound}}); err != nil {
		return fmt.Errorf("tell the controller who the world is: %w", err)
	}
	var assign *wire.Assign
	select {
	case assign = <-a.assigned:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	tick, err := a.session.Assign(ctx, assign)
	if err != nil {
		return err
	}
	if err := a.stream.Send(&wire.RunUp{Msg: &wire.RunUp_Assigned{Assigned: &wire.Assigned{Tick: tick}}}); err != nil {
		return fmt.Errorf("tell the controller that the world trades: %w", err)
	}
	r := a.run
	a.identity, r.assigned = assign, true
	r.instance.post(func() { r.instance.onAssigned(r, assign.GetWorld()) })
	return nil
}

// receive passes on what the controller sends.
func (a *attachment) receive() error {
	for {
		var down wire.RunDown
		if err := a.stream.Recv(&down); err != nil {
			return fmt.Errorf("connection to the controller: %w", err)
		}
		switch {
		case down.GetEnvelopes() != nil:
			if err := a.session.Deliver(down.GetEnvelopes().GetList()...); err != nil {
				return fmt.Errorf("messages to the world: %w", err)
			}
		case down.GetAssign() != nil:
			select {
			case a.assigned <- down.GetAssign():
			default:
				return errors.New("the controller assigned the world twice")
			}
		}
	}
}

// sendUp passes on what the world says, from assign on.
func (a *attachment) sendUp(ctx context.Context) error {
	for {
		up := &wire.RunUp{}
		select {
		case still := <-a.still:
			up.Msg = &wire.RunUp_Standing{Standing: &wire.Standing{Still: still}}
			if err := a.stream.Send(up); err != nil {
				return fmt.Errorf("connection to the controller: %w", err)
			}
		case saved := <-a.saved:
			up.Msg = &wire.RunUp_Saved{Saved: saved}
			if err := a.stream.Send(up); err != nil {
				return fmt.Errorf("connection to the controller: %w", err)
			}
		case <-a.up.Ready():
			for list := a.gathered(); len(list) > 0; list = a.gathered() {
				if err := a.stream.Send(wire.Up(list...)); err != nil {
					return fmt.Errorf("connection to the controller: %w", err)
				}
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// gathered takes what waits for the controller, as much as one message should hold.
func (a *attachment) gathered() []*wire.Envelope {
	size := 0
	return a.up.Take(func(e *wire.Envelope) bool {
		fits := size < maxGathered
		size += len(e.Body)
		return fits
	})
}

// Up takes what the world says. A controller that is too slow for it gets a new attachment instead of old news.
func (a *attachment) Up(e *wire.Envelope) {
	if err := a.up.Push(e); err != nil {
		a.end(fmt.Errorf("messages from the world: %w", err))
	}
}

// Beat notes the game's clock.
func (a *attachment) Beat(tick uint64, took time.Duration) {
	a.run.gauges.beat(tick, took)
	a.run.instance.onTick(tick)
}

// Still tells the controller, the newest only.
func (a *attachment) Still(still bool) {
	a.run.gauges.pause(still)
	for {
		select {
		case a.still <- still:
			return
		case <-a.still:
		}
	}
}

// Fault shows why the module has stopped trading. The attachment stays: the next start of the game may help.
func (a *attachment) Fault(text string) {
	a.run.instance.log.Error("the module in the world has stopped", "fault", text)
	a.run.instance.tryPost(func() {
		a.run.instance.onLink(a.run, false, "the module in the world has stopped: "+text)
	})
}

var _ gamelink.Owner = (*attachment)(nil)

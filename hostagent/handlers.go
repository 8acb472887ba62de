package hostagent

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"time"

	"google.golang.org/protobuf/proto"

	"mainbus/hostagent/instance"
	"mainbus/transport/link"
	"mainbus/transport/signal"
	"mainbus/transport/wire"
)

const (
	observePause = 50 * time.Millisecond // between two states sent: what changes meanwhile goes together
	maxReadWait  = 30 * time.Second
)

// handlers are what controllers may ask for. All but to look is for the owner of the instances.
func (a *Agent) handlers() map[wire.Method]link.Handler {
	all := map[wire.Method]link.Handler{
		wire.Method_METHOD_OBSERVE:      a.observe,
		wire.Method_METHOD_MEASURE:      a.sendMeasured,
		wire.Method_METHOD_PLAY:         a.owned(a.tellPlay),
		wire.Method_METHOD_DESIRED:      a.owned(link.Unary(a.desired)),
		wire.Method_METHOD_BUNDLE:       a.owned(link.Unary(a.bundle)),
		wire.Method_METHOD_KILL:         a.owned(link.Unary(a.kill)),
		wire.Method_METHOD_FAILURE:      a.owned(link.Unary(a.failure)),
		wire.Method_METHOD_CONSOLE_SEND: a.owned(link.Unary(a.sendConsole)),
		wire.Method_METHOD_CONSOLE_READ: a.owned(link.Unary(a.readConsole)),

		wire.Method_METHOD_NAMES:     a.owned(link.Unary(a.listNames)),
		wire.Method_METHOD_NAMES_GET: a.owned(link.Unary(a.getNames)),

		wire.Method_METHOD_GAMES:           a.watchGames,
		wire.Method_METHOD_GAMES_AVAILABLE: link.Unary(a.availableGames),
		wire.Method_METHOD_GAME_DOWNLOAD:   a.owned(link.Unary(a.downloadGame)),
		wire.Method_METHOD_GAME_CANCEL:     a.owned(link.Unary(a.cancelGame)),
		wire.Method_METHOD_GAME_REMOVE:     a.owned(link.Unary(a.removeGame)),
	}
	maps.Copy(all, a.saveHandlers())
	maps.Copy(all, a.moveHandlers())
	maps.Copy(all, a.adoptHandlers())
	maps.Copy(all, a.modHandlers())
	maps.Copy(all, a.listHandlers())
	return all
}

func (a *Agent) owned(h link.Handler) link.Handler {
	return func(ctx context.Context, c *link.Conn, s *link.Stream) error {
		if owner, ok := a.peers.owner(); !ok || owner != c.Peer() {
			return link.Errorf(wire.Code_CODE_REFUSED, "the instances of this host belong to another controller%s", a.ownerName())
		}
		return h(ctx, c, s)
	}
}

func (a *Agent) ownerName() string {
	if list := a.peers.list(); len(list) > 0 && list[0].Name != "" {
		return ", " + list[0].Name
	}
	return ""
}

func (a *Agent) desired(_ context.Context, _ *link.Conn, d *wire.Desired) (*wire.DesiredReply, error) {
	reply, err := a.fleet.want(d)
	if err != nil {
		return nil, link.Errorf(wire.Code_CODE_INVALID, "%v", err)
	}
	return reply, nil
}

func (a *Agent) bundle(_ context.Context, _ *link.Conn, b *wire.Bundle) (*wire.Empty, error) {
	if err := a.fleet.addBundle(b.GetHash(), b.GetContent()); err != nil {
		return nil, link.Errorf(wire.Code_CODE_INVALID, "%v", err)
	}
	return &wire.Empty{}, nil
}

// observe sends how things are, at once and after each change, the newest only.
func (a *Agent) observe(ctx context.Context, _ *link.Conn, s *link.Stream) error {
	return sendChanges(ctx, s, &a.changed, func() proto.Message { return a.observed() })
}

// sendChanges sends how something is, at once and after each change, the newest only.
func sendChanges(ctx context.Context, s *link.Stream, changes *signal.Signal, now func() proto.Message) error {
	for {
		changed := changes.Wait()
		if err := s.Send(now()); err != nil {
			return err
		}
		pause := time.NewTimer(observePause)
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		pause.Stop()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

func (a *Agent) find(id string) (*instance.Instance, error) {
	if i, ok := a.fleet.get(id); ok {
		return i, nil
	}
	return nil, link.Errorf(wire.Code_CODE_NOT_FOUND, "no such instance on this host")
}

func (a *Agent) kill(ctx context.Context, _ *link.Conn, k *wire.Kill) (*wire.Empty, error) {
	i, err := a.find(k.GetInstance())
	if err != nil {
		return nil, err
	}
	if err := i.Kill(ctx); err != nil {
		return nil, refusal(err)
	}
	return &wire.Empty{}, nil
}

func (a *Agent) sendConsole(ctx context.Context, _ *link.Conn, c *wire.ConsoleSend) (*wire.ConsoleReply, error) {
	i, err := a.find(c.GetInstance())
	if err != nil {
		return nil, err
	}
	text, err := i.SendConsole(ctx, c.GetLine())
	if err != nil {
		return nil, refusal(err)
	}
	return &wire.ConsoleReply{Text: text}, nil
}

func (a *Agent) readConsole(ctx context.Context, _ *link.Conn, c *wire.ConsoleRead) (*wire.ConsolePage, error) {
	i, err := a.find(c.GetInstance())
	if err != nil {
		return nil, err
	}
	wait := min(time.Duration(c.GetWaitMs())*time.Millisecond, maxReadWait)
	lines, next, err := i.ReadConsole(ctx, c.GetOffset(), wait, int(c.GetLimit()))
	if err != nil {
		return nil, err
	}
	return &wire.ConsolePage{Lines: lines, Next: next}, nil
}

func (a *Agent) failure(_ context.Context, _ *link.Conn, ask *wire.FailureAsk) (*wire.Failure, error) {
	i, err := a.find(ask.GetInstance())
	if err != nil {
		return nil, err
	}
	f, err := i.Failure()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, link.Errorf(wire.Code_CODE_NOT_FOUND, "this instance has not failed since it was made")
	}
	return f, err
}

// observed is how everything is.
func (a *Agent) observed() *wire.Observed {
	o := a.fleet.observed()
	o.Disk = a.space.current()
	return o
}

func refusal(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return link.Errorf(wire.Code_CODE_UNAVAILABLE, "the game is busy: %v", err)
	}
	return link.Errorf(wire.Code_CODE_REFUSED, "%v", err)
}

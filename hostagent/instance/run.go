package instance

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mainbus/hostagent/factorio/console"
	"mainbus/hostagent/factorio/rcon"
	"mainbus/hostagent/gamelink"
	"mainbus/hostagent/supervisor"
)

// run is a game that runs: its output, its RCON connection and its link. Everything that it notices goes to the
// instance's loop; link lines go straight to the session.
type run struct {
	instance *Instance
	game     *supervisor.Game
	note     note
	follower console.Follower // of the output, by read and what it calls
	live     uint64           // end of what was printed before this agent read it; by read, as is missed
	missed   bool             // lines of the game's own were left out
	line     supervisor.Line  // that is read
	assigned bool             // the world has had a ledger in this run; by connect and what it calls

	saves  *saves
	gauges gauges
	gaps   atomic.Bool   // lines are missing: who is in the game is to be asked
	ending atomic.Bool   // it saves and ends, by its own words or because it was asked to
	ended  chan struct{} // closed when the process has ended, or is watched no more

	ready     chan struct{} // closed when the game says that RCON is open
	readyOnce sync.Once
	attached  atomic.Pointer[attachment]
	command   atomic.Pointer[string] // name of the module's command, if it has said hello
}

// watch follows the game until it ends, which it tells the loop, or ctx does, which leaves the game alone.
func (r *run) watch(ctx context.Context) {
	inner, cancel := context.WithCancel(ctx)
	var connecting sync.WaitGroup
	connecting.Go(func() { r.connect(inner) })
	connecting.Go(func() { r.keepBook(inner) })
	exit, err := r.read(inner)
	close(r.ended)
	cancel()
	connecting.Wait()
	r.closeBook(ctx.Err() == nil, exit, err)
	if ctx.Err() == nil {
		r.tell(r.follower.End())
		e := &ending{note: r.note, exit: exit, err: err, started: true, trouble: r.follower.Status().Failure, ran: time.Since(r.game.Run().Began)}
		if err != nil {
			e.exit.Offset = 1<<64 - 1
		}
		e.lines = tailOf(r.instance.folder.ours(), r.game.Run().Offset, e.exit.Offset)
		r.instance.post(func() { r.instance.onEnd(r, e) })
	}
}

// read follows the output to the game's end.
func (r *run) read(ctx context.Context) (supervisor.Exit, error) {
	offset := r.game.Run().Offset
	if _, _, end, err := supervisor.ReadOutput(r.instance.folder.ours(), nil, 0); err == nil {
		r.live = end
	}
	var wait backoff
	for {
		if tail, err := r.game.Tail(ctx, offset); err == nil {
			offset = r.follow(tail, offset)
		}
		if ctx.Err() != nil {
			return supervisor.Exit{}, context.Cause(ctx)
		}
		exit, err := r.game.Exit()
		if !errors.Is(err, supervisor.ErrLost) {
			return exit, err
		}
		if _, err := supervisor.Attach(r.instance.folder.ours()); err != nil { // it may have ended just now
			return r.game.Exit()
		}
		wait.sleep(ctx)
	}
}

func (r *run) follow(tail *supervisor.Tail, offset uint64) (next uint64) {
	defer tail.Close()
	for {
		line, err := tail.Next()
		if err == io.EOF {
			return offset
		}
		if line.Gap {
			r.instance.log.Warn("some of the game's output was overwritten before it was read")
			r.gaps.Store(true)
			r.tell(r.follower.Gap())
		}
		offset = line.End
		r.onLine(line)
		r.instance.output.announce()
	}
}

func (r *run) onLine(line supervisor.Line) {
	r.line = line
	link := strings.HasPrefix(line.Text, gamelink.Prefix)
	if !link && !r.takes(line) {
		return
	}
	if a := r.attached.Load(); a != nil {
		a.session.Feed(line.Text, line.Offset)
	}
	if link {
		if name, ok := gamelink.Hello(line.Text); ok {
			r.command.Store(&name)
		}
		return
	}
	r.tell(r.follower.Feed(line.Text))
}

// takes tells whether a line is worked on; one of a flood is not. What was printed before this agent came is read at once and is none.
func (r *run) takes(line supervisor.Line) bool {
	now, flood := time.Now(), &r.instance.flood
	if line.Cut {
		flood.tooLong(line, now)
	}
	if line.Offset < r.live {
		return true
	}
	ok, own := flood.takes(line, now)
	switch {
	case ok && own && r.missed:
		r.missed = false
		r.gaps.Store(true)
		r.tell(r.follower.Gap())
	case !ok && own:
		r.missed = true
		r.readyOnce.Do(func() { close(r.ready) }) // it may have been this line: if it was not, dialing is tried again
	}
	return ok
}

// tell passes on what the output says of the game's state.
func (r *run) tell(entries []console.Entry) {
	for _, entry := range entries {
		event := entry.Event
		if r.line.Offset >= r.live { // what was printed before this agent came is old
			r.instance.lists.saw(event)
		}
		switch event.Kind {
		case console.SaveStarted:
			r.gauges.saveBegun()
		case console.SaveFinished:
			r.saves.announce()
			r.gauges.saveDone()
		case console.Join, console.Leave, console.Kick, console.Ban:
			book := r.instance.Book()
			bookPlay(book, entry, r.line.End, printed(entry, r.line.Offset < r.live, time.Now()))
			r.gauges.online(book.Here())
		}
		switch event.Kind {
		case console.RCONReady:
			r.readyOnce.Do(func() { close(r.ready) })
		case console.LoadingMap, console.Hosting, console.SaveStarted, console.SavingProgress, console.SaveFinished, console.ShuttingDown, console.Quitting:
			r.instance.post(func() { r.instance.onConsole(r, event) })
		}
	}
}

// isEnding tells whether the last save of a run is about to be seen, or can be seen already.
func (r *run) isEnding() bool {
	select {
	case <-r.ended:
		return true
	default:
		return r.ending.Load()
	}
}

// connect keeps an RCON connection and the link over it.
func (r *run) connect(ctx context.Context) {
	var wait backoff
	for {
		select {
		case <-r.ready:
		case <-ctx.Done():
			return
		}
		if client, err := rcon.Dial(ctx, r.note.RCON, r.note.Password); err == nil {
			wait.reset()
			r.instance.post(func() { r.instance.onRCON(r, client) })
			r.link(ctx, client)
			r.instance.post(func() { r.instance.onRCON(r, nil) })
			client.Close()
		}
		if !wait.sleep(ctx) {
			return
		}
	}
}

// link keeps the world attached to the controller while the RCON connection lasts.
func (r *run) link(ctx context.Context, client *rcon.Client) {
	if r.note.Start == "" {
		r.stayUnlinked(ctx, client)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() {
		select {
		case <-client.Done():
			cancel()
		case <-ctx.Done():
		}
	})
	var wait backoff
	cause := "waiting for the controller"
	for {
		r.tellLink(false, cause)
		began := time.Now()
		stream, err := r.instance.cfg.OpenRun(ctx)
		if err == nil {
			err = r.attach(ctx, client, stream)
		}
		if ctx.Err() != nil {
			r.tellLink(false, "waiting for the game's RCON")
			return
		}
		cause = err.Error()
		r.instance.log.Info("world is not linked", "err", err)
		if time.Since(began) > stableLink {
			wait.reset()
		}
		if !wait.sleep(ctx) {
			return
		}
	}
}

// stayUnlinked is for a save that was not patched.
func (r *run) stayUnlinked(ctx context.Context, client *rcon.Client) {
	if r.note.Converts != "" {
		r.instance.post(func() { r.instance.onConvertible(r) })
	} else {
		r.tellLink(false, cmp.Or(r.note.Refusal, "the save was not patched"))
	}
	select {
	case <-client.Done():
	case <-ctx.Done():
	}
}

func (r *run) tellLink(linked bool, cause string) {
	r.instance.post(func() { r.instance.onLink(r, linked, cause) })
}

const (
	firstWait  = 100 * time.Millisecond
	maxWait    = 10 * time.Second
	stableLink = 10 * time.Second
)

// backoff waits longer after each failure.
type backoff struct{ wait time.Duration }

func (b *backoff) reset() { b.wait = 0 }

// sleep returns false when ctx ended first.
func (b *backoff) sleep(ctx context.Context) bool {
	b.wait = min(max(firstWait, 2*b.wait), maxWait)
	timer := time.NewTimer(b.wait + time.Duration(rand.Int64N(int64(b.wait)/4)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

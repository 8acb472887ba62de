// Package instance runs one game server: from its folder on disk, through patching its save and starting it under a
// supervisor, to restarting it when it dies, adopting it after a restart of the agent, and linking its world to the
// controller.
//
// One goroutine, Run, owns an Instance. What others notice (a launch, the game's output, its link) reaches it as
// functions that it calls; it never waits for anything itself. The end of Run's context is the agent's shutdown and
// leaves the game running; stopping and killing a game are things that somebody wants.
package instance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"mainbus/hostagent/factorio/rcon"
	"mainbus/hostagent/games"
	"mainbus/hostagent/modfolder"
	"mainbus/hostagent/playtime"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/wire"
)

const (
	maxPortTries = 20
	callTime     = 15 * time.Second // for the supervisor to answer
)

// ErrNotRunning says that there is no game that could be killed or spoken to.
var ErrNotRunning = errors.New("the game is not running")

// Config is what an instance needs. All of it is required.
type Config struct {
	ID    string
	Dir   string // absolute; made if it is missing
	Games *games.Store
	Self  string // this program's executable, which also is the supervisor
	Ports *Ports

	// Starts has games start in order and a few at a time. Room says why there is no room for so many bytes on the disk.
	Starts *Starts
	Room   func(bytes int64) error
	Mods   *Mods
	// Modules returns the Lua files of the bundle with this hash, or why it can't.
	Modules func(hash string) (map[string][]byte, error)
	// OpenRun waits for a link to the owning controller and opens a run stream over it. It fails when ctx ends.
	OpenRun func(ctx context.Context) (RunStream, error)
	// Changed is called after Observed has changed, Played after the Book has. They must not block.
	Changed func()
	Played  func()
	// ListsChanged is called after ListStates has changed. It must not block.
	ListsChanged func()
	Log          *slog.Logger
}

// want is what somebody wants of an instance.
type want struct {
	*wire.DesiredInstance
	bundle string
}

// Instance is one game server.
type Instance struct {
	cfg    Config
	folder folder
	log    *slog.Logger
	inbox  chan func()
	done   chan struct{} // closed when the loop has ended
	output broadcast
	flood  flood
	wrote  scriptOutput
	tick   atomic.Uint64
	// The game that runs, for those who only measure it.
	running atomic.Pointer[run]
	book    atomic.Pointer[playtime.Book]
	files   files
	looks   looks
	lists   *playerLists
	quiet   atomic.Bool // no game runs and none is being started

	mu       sync.Mutex
	observed *wire.ObservedInstance
	current  *supervisor.Game
	client   *rcon.Client
	// Replies to console commands whose callers have left.
	unanswered []<-chan rcon.Reply
	failure    *wire.Failure // the newest of this agent's life

	// The rest belongs to Run.
	ctx       context.Context
	workers   sync.WaitGroup
	told      bool // whether anything is wanted: until then nothing is done
	anew      bool // somebody has stopped it: the next start looks for a newer version of the game
	want      want
	state     state
	launch    context.CancelFunc // of the launch that is under way
	run       *run
	orphaned  bool            // a game without supervisor may run
	ending    bool            // it is being ended
	mods      modfolder.State // of the folder, when somebody has looked last
	modWish   modWish
	modRemark string // what is to be said of the mods of the last start
	working   string // what is done with the stopped instance, which keeps it from being started
	// The last run has converted the older save that it was started with.
	converted bool
	stopping  bool // the game is about to end
	asked     bool // because it was asked to
	overdue   bool // it did not in time and was killed
	killing   bool // the launch that is under way is to come to nothing
	halted    bool // it is not started again before somebody wants it
	unseen    *ending
	remark    string // what was wrong with an end that was wanted
	retryAt   time.Time
	status    wire.State
	phase     string
	cause     string
	linked    bool
	restarts  restarts
	avoid     map[uint16]bool
	retry     *time.Timer // a start that waits
	deadline  *time.Timer // of a stop
}

// New returns an instance that Run brings to life.
func New(cfg Config) *Instance {
	i := &Instance{
		cfg: cfg, folder: folder(cfg.Dir), log: cfg.Log.With("instance", cfg.ID),
		inbox: make(chan func(), 64), done: make(chan struct{}), status: wire.State_STATE_STOPPED, files: newFiles(),
		observed: &wire.ObservedInstance{Id: cfg.ID, State: wire.State_STATE_STOPPED}, avoid: map[uint16]bool{},
	}
	i.lists = newPlayerLists(i.folder, cfg.ListsChanged)
	i.flood.changed = func() { i.tryPost(func() {}) }
	i.flood.calm = func(left uint64) {
		i.log.Warn("the game printed too much; lines were left out", "lines", left)
		i.flood.changed()
	}
	return i
}

// Run brings the instance to what is wanted and keeps it there until ctx ends, which leaves a running game alone.
func (i *Instance) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer i.workers.Wait()
	defer close(i.done)
	defer cancel()
	i.ctx = ctx
	defer i.cfg.Starts.Leave(i.cfg.ID)
	defer i.flood.settle(true)
	var err error
	if i.state, err = i.folder.readState(); err != nil {
		i.status, i.cause = wire.State_STATE_FAILED, err.Error()
		i.publish()
		return fmt.Errorf("instance %s: %w", i.cfg.ID, err)
	}
	i.openBook()
	i.adopt()
	i.recoverMods()
	i.workers.Go(func() { i.keepLists(ctx) })
	defer func() { stopTimer(i.retry); stopTimer(i.deadline) }()
	for {
		i.reconcile()
		i.leaveStart()
		i.publish()
		select {
		case f := <-i.inbox:
			f()
		case <-ctx.Done():
			return nil
		}
	}
}

// post has the loop call f.
func (i *Instance) post(f func()) {
	select {
	case i.inbox <- f:
	case <-i.done:
	}
}

// tryPost is post that gives up rather than waits.
func (i *Instance) tryPost(f func()) {
	select {
	case i.inbox <- f:
	default:
	}
}

// Want says what is wanted from now on; d is kept. Saying something else than before tries a failed start again at once. A
// nil d stops the game.
func (i *Instance) Want(d *wire.DesiredInstance, bundle string) {
	i.post(func() {
		if !i.told || bundle != i.want.bundle || !proto.Equal(d, i.want.DesiredInstance) {
			i.tryAgain()
		}
		i.told, i.want = true, want{d, bundle}
		i.lists.want(d.GetLists())
	})
}

// TryAgain starts a game that is wanted at once, although it failed.
func (i *Instance) TryAgain() { i.post(i.tryAgain) }

func (i *Instance) tryAgain() {
	i.restarts.forgive()
	i.retry, i.halted = stopTimer(i.retry), false
}

// Observed returns how things are. It must not be changed.
func (i *Instance) Observed() *wire.ObservedInstance {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.observed
}

// Kill ends the game at once, without a save, whatever it is doing: starting, saving, hanging, or running without a supervisor. It
// starts again if it is wanted.
func (i *Instance) Kill(ctx context.Context) error {
	i.mu.Lock()
	game := i.current
	i.mu.Unlock()
	if game != nil {
		return game.Kill(ctx)
	}
	done := make(chan error, 1)
	i.post(func() { done <- i.killOther() })
	select {
	case err := <-done:
		return err
	case <-i.done:
		return ErrNotRunning
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// killOther ends what is no running game: one that has lost its supervisor, or that is only on its way.
func (i *Instance) killOther() error {
	switch {
	case i.run != nil:
		i.call("kill the game", i.run.game.Kill)
	case i.launch != nil:
		i.killing = true
		i.launch()
	case i.ending, i.orphaned:
		if err := supervisor.KillOrphan(i.folder.ours()); !errors.Is(err, supervisor.ErrGone) {
			return err
		}
		return ErrNotRunning
	default:
		return ErrNotRunning
	}
	return nil
}

func (i *Instance) adopt() {
	game, err := supervisor.Attach(i.folder.ours())
	if errors.Is(err, supervisor.ErrGone) {
		i.takeBackSettings()
		if i.orphaned = supervisor.Orphaned(i.folder.ours()); !i.orphaned {
			i.findUnseen()
		}
		return
	}
	var n note
	if err == nil {
		n, err = readNote(game.Spec())
	}
	if err != nil {
		i.orphaned = true
		i.log.Error("can't adopt the running game", "err", err)
		return
	}
	i.log.Info("adopted the running game", "pid", game.Run().PID)
	i.cfg.Ports.Take(n.Port)
	i.cfg.Games.Keep(i.cfg.ID, n.Game)
	i.follow(game, n)
	i.phase = "adopting"
	// What opened RCON may have left the ring long ago. If it is not open yet, dialing is tried again.
	i.run.readyOnce.Do(func() { close(i.run.ready) })
}

// follow watches a game that runs.
func (i *Instance) follow(game *supervisor.Game, n note) {
	r := &run{
		instance: i, game: game, note: n, saves: newSaves(i.folder.saves()), ended: make(chan struct{}), ready: make(chan struct{}),
	}
	r.assigned = n.World != "" && n.World != i.state.World // before the agent came back
	i.run, i.status, i.phase, i.cause, i.stopping = r, wire.State_STATE_STARTING, "starting game", "", false
	i.asked, i.overdue, i.remark = false, false, ""
	i.setCurrent(game, nil)
	i.flood.begin()
	i.running.Store(r)
	i.Book().Begin(runName(game.Run().Began))
	i.workers.Go(func() { r.watch(i.ctx) })
}

// leaveStart gives up its place among the starts when it needs none: it runs, has failed, or is not wanted.
func (i *Instance) leaveStart() {
	if i.told && i.launch == nil && !(i.run != nil && i.status == wire.State_STATE_STARTING) {
		i.cfg.Starts.Leave(i.cfg.ID)
	}
}

func (i *Instance) setCurrent(game *supervisor.Game, client *rcon.Client) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.current, i.client, i.unanswered = game, client, nil
}

// unlimited says which limits of a game do not hold, empty if all do.
func unlimited(game *supervisor.Game) string {
	if game == nil {
		return ""
	}
	var troubles []string
	spec := game.Spec()
	if spec.Limits.MemoryBytes > 0 && spec.Scope == "" && !spec.MemoryHeld {
		why := strings.Trim(spec.Unscoped+"; "+spec.GroupTrouble, "; ")
		troubles = append(troubles, "the memory limit does not hold: "+cmp.Or(why, "it needs systemd on the host"))
	} else if spec.Group != "" && spec.GroupTrouble != "" {
		troubles = append(troubles, spec.GroupTrouble)
	}
	if t := game.Run().Trouble; t != "" {
		troubles = append(troubles, strings.ReplaceAll(t, "\n", "; "))
	}
	if len(troubles) == 0 {
		return ""
	}
	return "It runs, but not within all of its limits: " + strings.Join(troubles, "; ") + "."
}

// publish makes what Observed returns.
func (i *Instance) publish() {
	quiet := i.told && i.run == nil && i.launch == nil && !i.orphaned && !i.ending && i.working == ""
	if i.quiet.Swap(quiet) != quiet {
		i.lists.news.Fire()
	}
	o := &wire.ObservedInstance{
		Id: i.cfg.ID, State: i.status, Phase: i.phase, Cause: i.cause, Linked: i.linked,
		GamePort: uint32(i.state.Port), Starts: i.state.Starts, Tick: i.tick.Load(),
	}
	o.GameVersion, o.VersionRemark = i.version()
	o.Mods = i.observeMods()
	if i.status == wire.State_STATE_FAILED && i.retry != nil {
		o.RetryMs = i.retryAt.UnixMilli()
	}
	if i.run != nil {
		o.Warning = strings.TrimSpace(unlimited(i.run.game) + " " + i.flood.warning() + " " + i.run.gauges.logWarning() + " " + i.wrote.warning(i.folder))
		o.Save, o.GamePort, o.Starts = i.run.note.Save, uint32(i.run.note.Port), i.run.note.Number
	}
	i.mu.Lock()
	same := proto.Equal(o, i.observed)
	if !same {
		i.observed = o
	}
	i.mu.Unlock()
	if !same {
		i.cfg.Changed()
	}
}

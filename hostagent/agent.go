// Package hostagent is the agent of one machine: it keeps the game servers there as its controller wants them, found
// and paired over the local network, and goes on without a controller from what it was last told. It knows no
// feature: what a world and the controller say to each other passes through unread.
//
// Agent.Run owns every goroutine of the package and of the instances. Its end leaves the games running: the next Run
// adopts them.
package hostagent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"unicode/utf8"

	"mainbus/hostagent/adopt"
	"mainbus/hostagent/games"
	"mainbus/hostagent/releases"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/bulk"
	"mainbus/transport/discovery"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/local"
	"mainbus/transport/pairing"
	"mainbus/transport/signal"
	"mainbus/transport/wire"
)

// MetricsAddr is where an agent shows its figures to Prometheus unless it is told otherwise.
const MetricsAddr = "127.0.0.1:34183"

// DefaultPort is the UDP port that agents listen on unless it is taken.
const DefaultPort = 34180

const (
	portTries = 100
	maxName   = 40 // characters of a name for people
)

// Config is what an agent needs. Interfaces may be nil.
type Config struct {
	DataDir string
	Name    string // for people
	Port    uint16 // UDP; 0: the one last used, else DefaultPort or the next free one
	Version string // of this program
	Self    string // path of this program's executable: started with "supervise DIR" it supervises a game
	Hidden  bool   // not announced: controllers need the address

	FactorioDirs []string        // folders of the game that are taken before all others
	Places       []games.Place   // where else to look for it
	Releases     releases.Sites  // where to download it from
	Distro       releases.Distro // what can be downloaded for this machine; empty: nothing

	// FirstGamePort and LastGamePort are the UDP ports that games may have; 0: a thousand from the game's own default on.
	FirstGamePort, LastGamePort uint16

	// GoingDown tells, when Run ends, whether the machine does too: then games that would be ended without time to save are stopped
	// first. nil: no.
	GoingDown func() bool
	// Free tells how many bytes are free on the disk of a folder; nil asks the system.
	Free func(dir string) (int64, error)
	// Metrics is the TCP address at which figures are shown to Prometheus; empty: nowhere.
	Metrics string
	// Interfaces chooses the network interfaces on which the agent is announced; nil takes the usual ones.
	Interfaces func([]net.Interface) []net.Interface
	// Started is called once, when the agent is reachable.
	Started func(Status)
	// PairingCode is called with each new code that lets a controller in.
	PairingCode func(PairingCode)
	Log         *slog.Logger
}

// Agent runs the game servers of one machine.
type Agent struct {
	cfg      Config
	log      *slog.Logger
	boot     string
	games    *games.Store
	identity *identity.Identity
	endpoint *link.Endpoint
	bulk     *bulk.Node
	peers    *peers
	fleet    *fleet
	window   pairing.Window
	keptMu   sync.Mutex
	kept     map[identity.ID]context.CancelFunc // end the keeping of links, by controller
	measured measured
	named    named
	space    *space

	linked    signal.Signal // a link came up
	changed   signal.Signal // an instance's observed state changed
	played    signal.Signal // what is played in an instance was written
	listed    signal.Signal // what is told of lists of players changed
	restocked signal.Signal // the copies of the game, or their downloads, changed
	paired    signal.Signal // a controller was paired, or tried to
	announced chan struct{} // wakes the announcement
	listening chan struct{} // closed when endpoint is set

	ctx     context.Context
	stop    context.CancelFunc // ends Run
	workers sync.WaitGroup
}

// New returns an agent that Run brings to life.
func New(cfg Config) *Agent {
	return &Agent{
		cfg: cfg, log: cfg.Log, boot: randomHex(8), announced: make(chan struct{}, 1), listening: make(chan struct{}),
		named: named{keys: map[string]string{}, bad: map[string]bool{}}, kept: map[identity.ID]context.CancelFunc{},
	}
}

// Run works until ctx ends or something that the agent can't do without fails at the start. Games go on.
func (a *Agent) Run(ctx context.Context) (err error) {
	if n := utf8.RuneCountInString(a.cfg.Name); n == 0 || n > maxName {
		return fmt.Errorf("a host's name has 1 to %d characters", maxName)
	}
	if a.cfg.DataDir, err = filepath.Abs(a.cfg.DataDir); err != nil {
		return fmt.Errorf("use data folder: %w", err)
	}
	if err := os.MkdirAll(a.cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("use data folder: %w", err)
	}
	unlock, err := local.Lock(a.path(lockFile))
	if errors.Is(err, local.ErrLocked) {
		return fmt.Errorf("another agent uses the data folder %s", a.cfg.DataDir)
	}
	if err != nil {
		return fmt.Errorf("use data folder: %w", err)
	}
	defer unlock()

	ctx, cancel := context.WithCancel(ctx)
	a.ctx, a.stop = ctx, cancel
	defer a.workers.Wait()
	defer cancel()
	if err := a.load(ctx); err != nil {
		return err
	}
	defer a.saveBeforeShutdown()
	defer a.games.Wait()
	defer a.fleet.wait()
	defer cancel()
	if err := a.listenBulk(); err != nil {
		return err
	}
	defer a.bulk.Close()
	if err := a.listen(); err != nil {
		return err
	}
	defer a.endpoint.Close()
	door, err := local.Listen(a.path(doorFile))
	if err != nil {
		return fmt.Errorf("open the door for local programs: %w", err)
	}
	a.workers.Go(func() { a.serveDoor(ctx, door) })
	defer door.Close()

	if err := adopt.Clean(a.path("instances")); err != nil {
		a.log.Warn("what is left of a copy that was cut off stays on the disk", "err", err)
	}
	a.log.Info("games live " + supervisor.Home())
	a.fleet.start(ctx)
	a.workers.Go(func() { a.refreshInstances(ctx) })
	a.workers.Go(func() { a.watchSpace(ctx) })
	a.workers.Go(func() { a.keepModsTidy(ctx) })
	for _, id := range a.peers.ids() {
		a.keepLink(id)
	}
	a.workers.Go(func() { a.keepMeasuring(ctx) })
	a.workers.Go(func() { a.keepNames(ctx) })
	if a.cfg.Metrics != "" {
		a.workers.Go(func() { a.serveMetrics(ctx) })
	}
	if !a.cfg.Hidden {
		a.workers.Go(func() { a.announce(ctx) })
	}
	a.cfg.Started(a.status())
	a.showCodes(ctx)
	return nil
}

func (a *Agent) path(name string) string { return filepath.Join(a.cfg.DataDir, name) }

// load reads everything that is on disk.
func (a *Agent) load(ctx context.Context) (err error) {
	if a.identity, err = identity.Load(a.cfg.DataDir); err != nil {
		return err
	}
	if a.peers, err = loadPeers(a.path("peers.json")); err != nil {
		return err
	}
	if a.games, err = a.openGames(ctx); err != nil {
		return err
	}
	if program, err := keepProgram(a.path("programs"), a.cfg.Self); err != nil { // a full disk, perhaps
		a.log.Warn("games are supervised by this program itself: it can't be replaced while they run", "err", err)
	} else {
		a.cfg.Self = program
	}
	a.space = newSpace(a.cfg.DataDir, a.cfg.Free)
	a.fleet, err = loadFleet(fleetConfig{
		dir: a.cfg.DataDir, games: a.games, self: a.cfg.Self, first: a.cfg.FirstGamePort, last: a.cfg.LastGamePort, room: a.space.room,
		openRun: a.openRun, changed: a.changed.Fire, played: a.played.Fire, listsChanged: a.listed.Fire, log: a.log,
	})
	return err
}

// listen binds the UDP socket: an explicit port or none, else the last one, so that peers find the agent again.
func (a *Agent) listen() error {
	port, tries := a.cfg.Port, 1
	if port == 0 {
		if port = a.peers.port(); port == 0 {
			port = DefaultPort
		}
		tries = portTries
	}
	var err error
	for range tries {
		a.endpoint, err = link.Listen(link.Config{
			Identity: a.identity, Addr: fmt.Sprintf(":%d", port), Trusted: a.peers.trusted, Handlers: a.handlers(),
			Hello: a.hello, Connected: a.connected, Pair: a.pair, Datagram: a.answerProbe, Log: a.log,
		})
		if err == nil {
			close(a.listening)
			return a.peers.setPort(a.endpoint.Port())
		}
		port++
	}
	return fmt.Errorf("no free UDP port: %w", err)
}

// greeting is what this host says of itself to whoever knows its key.
func (a *Agent) greeting() *wire.Hello {
	return &wire.Hello{
		Name: a.cfg.Name, Version: a.cfg.Version, Os: runtime.GOOS, Arch: runtime.GOARCH, Boot: a.boot, GameVersion: a.games.Default(),
	}
}

func (a *Agent) hello() *wire.Hello {
	h := a.greeting()
	h.BulkPort = uint32(a.bulk.Port())
	return h
}

func (a *Agent) announcement() discovery.Announcement {
	return discovery.Announcement{
		Name: a.cfg.Name, ID: a.identity.ID(), Port: a.endpoint.Port(), Paired: a.peers.any(), Boot: a.boot,
	}
}

// answerProbe answers controllers that ask who is there, unless nobody shall find this host.
func (a *Agent) answerProbe(_ netip.AddrPort, b []byte) []byte {
	if a.cfg.Hidden {
		return nil
	}
	<-a.listening
	return discovery.Answer(a.announcement(), b)
}

func (a *Agent) announce(ctx context.Context) {
	err := discovery.Announce(ctx, discovery.Config{Interfaces: a.cfg.Interfaces, Log: a.log}, a.announcement, a.announced)
	if err != nil && ctx.Err() == nil {
		a.log.Error("this host can't be announced on the network", "err", err)
	}
}

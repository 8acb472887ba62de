// Package controller is the cluster's controller as a library: it knows hosts and instances, tells agents what is
// wanted of them, keeps the ledger, and answers people through controller/api. A program makes one with New, starts it,
// and stops it; cmd/mainbus-controller does only that.
//
// A Controller owns all goroutines here; Stop waits for them.
package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/credentials"
	"mainbus/controller/lists"
	"mainbus/controller/mods"
	"mainbus/controller/series"
	"mainbus/controller/store"
	"mainbus/transport/bulk"
	"mainbus/transport/discovery"
	"mainbus/transport/identity"
	"mainbus/transport/link"
	"mainbus/transport/local"
	"mainbus/transport/signal"
)

// MetricsAddr is where programs show their figures to Prometheus unless they are told otherwise.
const MetricsAddr = "127.0.0.1:34182"

// ErrInUse says that another controller runs on the data folder.
var ErrInUse = errors.New("another controller runs on this data folder")

// Config is what a controller needs. Only DataDir is required.
type Config struct {
	DataDir string
	Metrics string // TCP address at which figures are shown to Prometheus; empty: nowhere
	Name    string // shown to hosts; empty: the machine's name
	// Addr of the UDP socket; empty: the port used last, else the default one, else the next free one.
	Addr string
	// Browse looks for hosts on the network until ctx ends; nil: by mDNS and broadcasts.
	Browse func(ctx context.Context, eager func() bool, found func(discovery.Found)) error
	// Interfaces chooses the network interfaces on which hosts are looked for; nil takes the usual ones.
	Interfaces func([]net.Interface) []net.Interface
	// Minutes tells the time about once a minute, for the age of what lies on the bus; nil: the machine's clock does.
	Minutes <-chan time.Time
	// Portal and Auth are the addresses of the mod portal and of the login at factorio.com; empty: the real ones.
	Portal, Auth string
	Keyring      credentials.Ring // keeps the token of the account there; nil: the system's, if it has one
	Log          *slog.Logger
}

// Controller is one running controller.
type Controller struct {
	cfg         Config
	log         *slog.Logger
	id          *identity.Identity
	store       store.Store
	series      *series.Keeper
	hosts       *hosts
	changes     *changes
	listed      signal.Signal // records of users were changed
	presence    *presence
	runs        *runs
	started     time.Time
	boot        string
	generations generations
	moves       *moves
	callers     *callers
	attempts    *attempts
	sent        *sent
	modFetches  modFetches
	policyMu    sync.Mutex // held while the policy is changed
	modPortal   modPortal
	mods        *mods.Library
	names       *thingNames
	packForms   *packForms
	modesMu     sync.Mutex // held while the modes of lists are changed; guards listSums
	listSums    map[string]lists.Sum
	told        *toldLists
	rolesMu     sync.Mutex // held while roles, or who has them, are changed

	endpoint *link.Endpoint
	bulk     *bulk.Node
	tasks    tasks
	ready    chan struct{} // closed when endpoint is set
	prober   *discovery.Prober
	service  api.Service

	ctx     context.Context // ends when Stop begins
	cancel  context.CancelCauseFunc
	group   sync.WaitGroup
	release func() // the lock of the data folder

	stopOnce sync.Once
	stopped  chan struct{}
	stopErr  error
}

// New opens the data folder, and makes it if there is none. Nothing is heard or answered before Start; Stop must be
// called even if Start never is.
func New(cfg Config) (*Controller, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Name == "" {
		cfg.Name, _ = os.Hostname() // a name is a courtesy
	}
	dir, err := filepath.Abs(cfg.DataDir)
	if err != nil {
		return nil, fmt.Errorf("open controller: %w", err)
	}
	cfg.DataDir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open controller: %w", err)
	}
	release, err := lock(dir)
	if err != nil {
		return nil, fmt.Errorf("open controller: %w", err)
	}
	c := &Controller{
		cfg: cfg, log: cfg.Log, runs: newRuns(), changes: newChanges(), presence: newPresence(), packForms: newPackForms(), moves: newMoves(), told: newToldLists(), listSums: map[string]lists.Sum{}, callers: newCallers(), boot: randomHex(8),
		release: release, stopped: make(chan struct{}), ready: make(chan struct{}),
	}
	c.hosts = newHosts(c.changes.cluster)
	c.prober = &discovery.Prober{Config: discovery.Config{Interfaces: cfg.Interfaces}, Found: c.found, Send: func(to addrPort, b []byte) error { return c.endpoint.Send(to, b) }}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.service = api.Guard(&service{c}, authority{c})
	c.attempts = c.newAttempts()
	if err := c.open(); err != nil {
		release()
		return nil, fmt.Errorf("open controller: %w", err)
	}
	return c, nil
}

// lock keeps a second controller out of a data folder.
func lock(dir string) (release func(), err error) {
	release, err = local.Lock(filepath.Join(dir, "controller.lock"))
	if errors.Is(err, local.ErrLocked) {
		err = fmt.Errorf("%w: %w", ErrInUse, err)
	}
	return release, err
}

func (c *Controller) open() (err error) {
	if c.id, err = identity.Load(c.cfg.DataDir); err != nil {
		return err
	}
	s, err := store.Open(store.Config{
		Path:    filepath.Join(c.cfg.DataDir, databaseName),
		Backups: c.backups(),
		Push:    c.runs.push,
		Minutes: c.cfg.Minutes,
		Log:     c.log,
	})
	if err != nil {
		return err
	}
	c.store = s
	if err := errors.Join(s.MakeRoles(c.ctx, firstRoles()), c.addHosts(), c.recordInterrupted()); err != nil {
		return errors.Join(err, s.Close())
	}
	if c.sent, err = newSent(filepath.Join(c.cfg.DataDir, sentFolder)); err != nil {
		return errors.Join(err, s.Close())
	}
	c.names = newThingNames(filepath.Join(c.cfg.DataDir, namesFolder))
	c.names.load()
	if err := c.openMods(); err != nil {
		return errors.Join(err, s.Close())
	}
	if c.series, err = series.Open(filepath.Join(c.cfg.DataDir, figuresName), c.log); err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}

func (c *Controller) addHosts() error {
	rows, err := c.store.Hosts(c.ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := c.hosts.add(row); err != nil {
			return err
		}
	}
	return nil
}

// Start begins to talk to hosts and to answer local programs.
func (c *Controller) Start() error {
	c.started = time.Now()
	listener, err := local.Listen(filepath.Join(c.cfg.DataDir, api.SocketName))
	if err != nil {
		return fmt.Errorf("start controller: %w", err)
	}
	if c.bulk, err = c.listenBulk(); err != nil {
		listener.Close()
		return fmt.Errorf("start controller: %w", err)
	}
	if c.endpoint, err = c.listen(); err != nil {
		listener.Close()
		return fmt.Errorf("start controller: %w", err)
	}
	close(c.ready)
	for _, h := range c.hosts.all() {
		c.keep(h)
	}
	c.group.Go(func() { c.browse(c.ctx) })
	c.group.Go(func() {
		store.KeepBackups(c.ctx, c.backups(), c.store.Backup, func(err error) { c.log.Error("no backup was made", "err", err) })
	})
	c.group.Go(func() { c.keepVerifying(c.ctx) })
	c.group.Go(func() { c.keepTidy(c.ctx) })
	c.group.Go(func() { c.keepModsComing(c.ctx) })
	c.group.Go(func() { c.series.Run(c.ctx) })
	c.group.Go(func() { c.sweepMods(c.ctx) })
	c.group.Go(func() { c.keepNames(c.ctx) })
	if c.cfg.Metrics != "" {
		c.group.Go(func() { c.serveMetrics(c.ctx) })
	}
	c.group.Go(func() {
		caller := localOwner()
		if err := api.Serve(c.ctx, listener, c.service, func(net.Conn) api.Caller { return caller }); err != nil {
			c.cancel(fmt.Errorf("answer local programs: %w", err))
		}
	})
	return nil
}

// Service is the cluster as its users see it; permissions are checked in it.
func (c *Controller) Service() api.Service { return c.service }

// Port is the UDP port that hosts reach this controller at, 0 before Start.
func (c *Controller) Port() uint16 {
	if c.endpoint == nil {
		return 0
	}
	return c.endpoint.Port()
}

// Wait returns when the controller has been stopped, or with what made it unable to go on; it has to be stopped then.
func (c *Controller) Wait() error {
	<-c.ctx.Done()
	if err := context.Cause(c.ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	<-c.stopped
	return c.stopErr
}

// Stop ends all links and closes the database. Hosts and games go on. It returns when all of it is done, or when ctx
// ends; the rest then ends in the background.
func (c *Controller) Stop(ctx context.Context) error {
	c.stopOnce.Do(func() {
		c.cancel(nil)
		go func() {
			defer close(c.stopped)
			c.stopErr = c.close()
		}()
	})
	select {
	case <-c.stopped:
		return c.stopErr
	case <-ctx.Done():
		return fmt.Errorf("stop controller: %w", ctx.Err())
	}
}

func (c *Controller) close() error {
	defer c.release()
	var err error
	if c.endpoint != nil {
		err = c.endpoint.Close()
	}
	if c.bulk != nil {
		err = errors.Join(err, c.bulk.Close())
	}
	c.group.Wait()
	c.modPortal.web.Close()
	if err := errors.Join(err, c.series.Close(), c.store.Close()); err != nil {
		return fmt.Errorf("stop controller: %w", err)
	}
	return nil
}

// browse looks for hosts for as long as the controller runs.
func (c *Controller) browse(ctx context.Context) {
	look := c.cfg.Browse
	if look == nil {
		look = func(ctx context.Context, eager func() bool, found func(discovery.Found)) error {
			var probing sync.WaitGroup
			probing.Go(func() { c.prober.Run(ctx, eager) })
			defer probing.Wait()
			return discovery.Browse(ctx, discovery.Config{Interfaces: c.cfg.Interfaces, Log: c.log}, eager, found)
		}
	}
	if err := look(ctx, c.missing, c.found); err != nil && ctx.Err() == nil {
		c.log.Warn("hosts can't be found on the network any more", "err", err)
	}
}

// missing tells whether somebody is awaited: a paired host without a link, or the first one.
func (c *Controller) missing() bool {
	all := c.hosts.all()
	for _, h := range all {
		if _, linked := c.endpoint.Conn(h.id); !linked {
			return true
		}
	}
	return len(all) == 0
}

// found takes note of a host that announced itself. If it is a paired one that came back, it is dialed at once.
func (c *Controller) found(f discovery.Found) {
	h, news := c.hosts.found(f)
	if h == nil || !news {
		return
	}
	if _, linked := c.endpoint.Conn(h.id); !linked {
		c.endpoint.Nudge()
	}
}

// keep keeps a link to a paired host for as long as the controller runs and knows the host.
func (c *Controller) keep(h *host) {
	c.group.Go(func() {
		ctx, cancel := context.WithCancel(c.ctx)
		defer cancel()
		defer context.AfterFunc(h.over, cancel)()
		c.endpoint.Keep(ctx, h.id, func() []addrPort { return c.hosts.addresses(h) })
	})
}

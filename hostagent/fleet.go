package hostagent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path/filepath"
	"regexp"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"mainbus/hostagent/games"
	"mainbus/hostagent/instance"
	"mainbus/hostagent/internal/disk"
	"mainbus/transport/wire"
)

const (
	maxInstances    = 200
	maxInstanceName = 80 // characters
)

var instanceID = regexp.MustCompile(`^[a-z0-9]{10}$`)

type fleetConfig struct {
	dir     string
	games   *games.Store
	self    string
	first   uint16 // of the UDP ports for games; 0: as usual
	last    uint16
	room    func(bytes int64) error // why there is none on the disk
	openRun func(context.Context) (instance.RunStream, error)
	changed func()
	played  func()
	// listsChanged is called when what is told of lists of players has changed.
	listsChanged func()
	log          *slog.Logger
}

// fleet is the set of instances on this machine, and what is wanted of them. It is on disk when it takes effect, so that a
// restarted agent goes on without a controller.
type fleet struct {
	cfg     fleetConfig
	bundles bundles
	mods    *modStore
	ports   instance.Ports
	starts  instance.Starts
	workers sync.WaitGroup

	mu        sync.Mutex
	ctx       context.Context
	desired   *wire.Desired
	wishes    map[string]localWish // by instance
	unsaved   map[string]error     // files that hold an older state than is meant
	instances map[string]*instance.Instance
	ends      map[string]func() // of their loops
}

func loadFleet(cfg fleetConfig) (*fleet, error) {
	f := &fleet{
		cfg: cfg, bundles: bundles{dir: filepath.Join(cfg.dir, "bundles")},
		ports:   instance.Ports{First: cfg.first, Last: cfg.last},
		desired: &wire.Desired{}, instances: map[string]*instance.Instance{}, unsaved: map[string]error{}, ends: map[string]func(){},
	}
	var err error
	if f.mods, err = openModStore(filepath.Join(cfg.dir, "mods")); err != nil {
		return nil, err
	}
	if err := f.loadWishes(); err != nil {
		return nil, err
	}
	text, err := disk.Read(f.desiredFile())
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		err = protojson.Unmarshal(text, f.desired)
	}
	if err == nil {
		err = checkDesired(f.desired)
	}
	if err != nil {
		return nil, fmt.Errorf("load what the controller wants from %s (without that file the controller sends it again): %w", f.desiredFile(), err)
	}
	return f, nil
}

func (f *fleet) path(name string) string { return filepath.Join(f.cfg.dir, name) }
func (f *fleet) desiredFile() string     { return f.path("desired.json") }

func writeProto(path string, m proto.Message) error {
	text, err := protojson.MarshalOptions{Multiline: true}.Marshal(m)
	if err != nil {
		return err
	}
	return disk.Write(path, text)
}

// start brings the instances to life until ctx ends.
func (f *fleet) start(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ctx = ctx
	f.apply()
}

// wait returns when all instances have ended, after the end of the context of start.
func (f *fleet) wait() { f.workers.Wait() }

// checkDesired refuses what could reach outside an instance's folder or is absurd.
func checkDesired(d *wire.Desired) error {
	if len(d.GetInstances()) > maxInstances {
		return fmt.Errorf("more than %d instances", maxInstances)
	}
	if d.GetBundle() != "" && !isHash(d.GetBundle()) {
		return errors.New("malformed hash of the save modules")
	}
	seen := map[string]bool{}
	for _, i := range d.GetInstances() {
		if !instanceID.MatchString(i.GetId()) || seen[i.GetId()] {
			return fmt.Errorf("malformed or repeated instance id %.20q", i.GetId())
		}
		if utf8.RuneCountInString(i.GetName()) > maxInstanceName {
			return fmt.Errorf("instance name longer than %d characters", maxInstanceName)
		}
		if set := i.GetMods().GetSet(); set != "" && !isHash(set) {
			return fmt.Errorf("malformed hash of the mods of %s", i.GetId())
		}
		seen[i.GetId()] = true
	}
	return nil
}

// want takes over what the controller wants. It tells what of it the controller has to send.
func (f *fleet) want(d *wire.Desired) (*wire.DesiredReply, error) {
	if err := checkDesired(d); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if d.GetGeneration() < f.desired.GetGeneration() {
		f.cfg.log.Warn("ignored outdated wishes", "generation", d.GetGeneration(), "current", f.desired.GetGeneration())
		return f.lacks(f.desired), nil
	}
	f.desired = d
	f.save(f.desiredFile(), d)
	f.apply()
	return f.lacks(d), nil
}

// lacks tells what is missing of what is wanted.
func (f *fleet) lacks(d *wire.Desired) *wire.DesiredReply {
	return &wire.DesiredReply{NeedBundle: !f.bundles.has(d.GetBundle()), NeedModSets: f.missingSets(d)}
}

// disown makes room for another controller, whose numbers begin anew. Until it says what it wants, all goes on as it is.
func (f *fleet) disown() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	free := proto.CloneOf(f.desired)
	free.Generation = 0
	text, err := protojson.MarshalOptions{Multiline: true}.Marshal(free)
	if err == nil {
		err = disk.Write(f.desiredFile(), text)
	}
	if err != nil {
		return fmt.Errorf("make room for another controller: %w", err)
	}
	f.desired = free
	return nil
}

// addBundle stores save modules; what waited for them starts.
func (f *fleet) addBundle(hash string, content []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.bundles.add(hash, content, f.desired.GetBundle()); err != nil {
		return err
	}
	for _, i := range f.instances {
		i.TryAgain()
	}
	return nil
}

// apply tells each instance what is wanted of it; what is wanted no longer is stopped, its folder stays. It is called
// with the lock held. Before start, which calls it too, it does nothing.
func (f *fleet) apply() {
	if f.ctx == nil {
		return
	}
	f.starts.SetMost(int(f.desired.GetStartsAtOnce()))
	wanted := map[string]*wire.DesiredInstance{}
	for _, d := range f.desired.GetInstances() {
		if wanted[d.GetId()], _ = f.effective(d); wanted[d.GetId()].GetRunning() {
			f.starts.Expect(d.GetId(), d.GetSupervision().GetOrder())
		}
		if f.instances[d.GetId()] == nil {
			f.instances[d.GetId()] = f.launch(d.GetId())
		}
	}
	for id, i := range f.instances {
		i.Want(wanted[id], f.desired.GetBundle())
	}
	f.cfg.changed()
}

func (f *fleet) launch(id string) *instance.Instance {
	i := instance.New(instance.Config{
		ID: id, Dir: f.dirOf(id), Games: f.cfg.games,
		Self: f.cfg.self, Ports: &f.ports, Starts: &f.starts, Room: f.cfg.room,
		Mods:    &instance.Mods{Cache: f.mods.cache, Set: f.mods.set, Fetching: f.mods.isFetching, Changed: &f.mods.changed},
		Modules: f.bundles.modules, OpenRun: f.cfg.openRun, Changed: f.cfg.changed, Played: f.cfg.played, ListsChanged: f.cfg.listsChanged, Log: f.cfg.log,
	})
	ctx, cancel := context.WithCancel(f.ctx)
	done := make(chan struct{})
	f.ends[id] = func() { cancel(); <-done }
	f.workers.Go(func() {
		defer close(done)
		if err := i.Run(ctx); err != nil {
			f.cfg.log.Error("instance ended", "err", err)
		}
	})
	return i
}

// all returns the instances by their ids.
func (f *fleet) all() map[string]*instance.Instance {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.instances)
}

// names returns what people call the instances.
func (f *fleet) names() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	names := map[string]string{}
	for _, d := range f.desired.GetInstances() {
		names[d.GetId()] = d.GetName()
	}
	return names
}

// refresh has the instances show what there is of the game.
func (f *fleet) refresh() {
	for _, i := range f.all() {
		i.Refresh()
	}
}

func (f *fleet) get(id string) (*instance.Instance, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, ok := f.instances[id]
	return i, ok
}

// observed returns how everything is. Instances that are not wanted any more are in it until they have stopped.
func (f *fleet) observed() *wire.Observed {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := &wire.Observed{Generation: f.desired.GetGeneration()}
	wanted := map[string]bool{}
	for _, d := range f.desired.GetInstances() {
		wanted[d.GetId()] = true
		if i := f.instances[d.GetId()]; i != nil {
			state := i.Observed()
			if _, here := f.effective(d); here != "" {
				state = proto.CloneOf(state)
				state.DecidedHere = here
			}
			o.Instances = append(o.Instances, state)
		}
	}
	for id, i := range f.instances {
		if state := i.Observed(); !wanted[id] && state.GetState() != wire.State_STATE_STOPPED {
			o.Instances = append(o.Instances, state)
		}
	}
	return o
}

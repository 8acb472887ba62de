package instance

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mainbus/hostagent/factorio/patch"
	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/games"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/wire"
)

const (
	createPatience = 30 * time.Minute
	spawnTime      = 30 * time.Second
	maxCreateTail  = 4 << 10
)

// note is what an agent needs to know of a game that an earlier life of it has started. It is kept in the supervisor's
// specification, which only the owner can read.
type note struct {
	Game      string `json:"game"`    // folder of the copy that runs
	Version   string `json:"version"` // its version
	Port      uint16 `json:"port"`
	RCON      string `json:"rcon"` // address
	Password  string `json:"password"`
	Save      string `json:"save"`                // file name
	Source    string `json:"source"`              // the save that it was patched from
	Written   int64  `json:"written"`             // when that was, Unix seconds
	Number    uint64 `json:"number"`              // of the start, counted
	Start     string `json:"start"`               // as the save was patched with; empty: it was not
	World     string `json:"world,omitempty"`     // id of the world that the save holds or was given
	Whitelist bool   `json:"whitelist,omitempty"` // only who is on it gets in
	Refusal   string `json:"refusal,omitempty"`   // why it was not
	Converts  string `json:"converts,omitempty"`  // version of the older save that this run only brings up to date
}

func readNote(spec supervisor.Spec) (n note, err error) {
	if err := json.Unmarshal(spec.Note, &n); err != nil {
		return note{}, fmt.Errorf("read what the game was started with: %w", err)
	}
	return n, nil
}

// launch is one start of a game, from its folder to its process. It runs in a goroutine of its own and shares nothing
// with the instance but what it is given.
type launch struct {
	cfg    *Config
	folder folder
	lists  *playerLists
	files  files
	want   want
	state  state
	avoid  map[uint16]bool // ports that only seemed free
	again  bool            // nobody has stopped it since the last start
	game   games.Game      // that is to run

	formerMods bool   // the set that is wanted is not all there, and somebody wants to go on without
	modRemark  string // what is to be said of the mods

	converted bool // the run before has converted the save that is chosen
	phase     func(wire.State, string)
}

type launched struct {
	game      *supervisor.Game
	note      note
	state     state // also if the launch has failed
	modRemark string
	err       error
}

func (l *launch) run(ctx context.Context) launched {
	if err := l.awaitMods(ctx); err != nil {
		return launched{state: l.state, err: err}
	}
	unlock, err := l.files.lock(ctx)
	if err != nil {
		return launched{state: l.state, err: err}
	}
	defer unlock()
	game, n, err := l.start(ctx)
	return launched{game, n, l.state, l.modRemark, err}
}

func (l *launch) start(ctx context.Context) (*supervisor.Game, note, error) {
	if err := supervisor.EndOrphan(ctx, l.folder.ours(), stopTime(l.want.GetSupervision())); err != nil {
		return nil, note{}, err
	}
	l.phase(wire.State_STATE_STARTING, "waiting for its turn to start")
	if err := l.cfg.Starts.enter(ctx, l.cfg.ID, l.want.GetSupervision().GetOrder()); err != nil {
		return nil, note{}, err
	}
	l.phase(wire.State_STATE_STARTING, "preparing")
	if err := l.takeGame(ctx); err != nil {
		return nil, note{}, err
	}
	if err := l.folder.prepare(l.game.Installation, l.want.GetName()); err != nil {
		return nil, note{}, err
	}
	if err := l.applyMods(ctx); err != nil {
		return nil, note{}, err
	}
	if err := l.folder.rotateLogs(); err != nil {
		l.cfg.Log.Warn("the game's older logs stay as they are", "instance", l.cfg.ID, "err", err)
	}
	modules, err := l.cfg.Modules(l.want.bundle)
	if err != nil {
		return nil, note{}, err
	}
	n, err := l.prepareSave(ctx, modules)
	if err != nil {
		return nil, note{}, err
	}
	n.Game, n.Version = l.game.Dir, l.game.Version.String()
	n.Whitelist = l.lists.beforeStart()
	if err := l.reserve(&n); err != nil {
		return nil, note{}, err
	}
	game, err := l.spawn(ctx, n)
	if err != nil {
		l.cfg.Ports.Release(n.Port)
		return nil, note{}, err
	}
	return game, n, nil
}

func (l *launch) savePath() string {
	return filepath.Join(l.folder.saves(), saveName(l.want.GetName(), l.cfg.ID)+".zip")
}

// saveCopies is how many times its save a start writes: the patched one, and the first that the game saves itself.
const saveCopies = 2

// room refuses a start that would fill the disk: the game would run and could not save.
func (l *launch) room(source string) error {
	info, err := os.Stat(source)
	if err != nil {
		return fmt.Errorf("look at the save: %w", err)
	}
	return l.cfg.Room(saveCopies * info.Size())
}

// prepareSave patches the newest save that is whole. That a save is damaged shows when it is copied.
func (l *launch) prepareSave(ctx context.Context, modules map[string][]byte) (note, error) {
	damaged := map[string]bool{}
	for {
		source, err := l.source(ctx, damaged)
		if err != nil {
			return note{}, err
		}
		if target := l.savePath(); damaged[target] { // somebody may want to repair what would be overwritten
			if err := os.Rename(target, fmt.Sprintf("%s.damaged-%d", target, l.state.Starts)); err != nil {
				return note{}, fmt.Errorf("keep a damaged save: %w", err)
			}
			delete(damaged, target)
		}
		if err := l.room(source.path); err != nil {
			return note{}, err
		}
		n, err := l.patch(source, modules)
		if err == nil && n.Converts == "" { // it has been followed: what comes next is newer
			err = l.folder.setNext("")
		}
		if err == nil {
			return n, nil
		}
		if save.Verify(source.path) == nil { // the disk is full, perhaps
			return note{}, err
		}
		l.cfg.Log.Warn("passed over a damaged save", "save", source.path, "err", err)
		damaged[source.path] = true
	}
}

// source finds the save to start from, or has the game make one.
func (l *launch) source(ctx context.Context, damaged map[string]bool) (chosen, error) {
	l.phase(wire.State_STATE_STARTING, "choosing save")
	if name, err := l.folder.next(); err != nil || name != "" {
		return l.chosenByName(name, err)
	}
	source, ok, err := chooseSave(l.folder.saves(), l.state.World, damaged, l.cfg.Log)
	if err == nil && ok {
		err = l.checkVersion(source)
	}
	if err != nil || ok {
		return source, err
	}
	if err := l.cfg.Room(0); err != nil {
		return chosen{}, err
	}
	l.phase(wire.State_STATE_WORKING, "creating map")
	l.state.World = ""
	path := l.savePath()
	var options []string
	if seed := l.want.GetCreate().GetSeed(); seed != 0 {
		options = append(options, "--map-gen-seed", strconv.FormatUint(uint64(seed), 10))
	}
	return chosen{path: path, version: l.game.Version}, l.createMap(ctx, path, options)
}

// chosenByName is the save that somebody has chosen. It is that one or none: another world must not start in its place.
func (l *launch) chosenByName(name string, err error) (chosen, error) {
	var source chosen
	if err == nil {
		source, err = examine(filepath.Join(l.folder.saves(), name))
	}
	if err == nil {
		err = save.Verify(source.path)
	}
	if err == nil {
		err = l.checkVersion(source)
	}
	if err != nil {
		return chosen{}, fmt.Errorf("the save %s was chosen for this start and can't be loaded, choose another one: %w", name, err)
	}
	return source, nil
}

// patch puts the module, a new start number and, into a world that has none, an id into the save that the game runs from.
func (l *launch) patch(source chosen, modules map[string][]byte) (note, error) {
	if l.isOlder(source.version) {
		if !l.converted {
			return l.toConvert(source)
		}
		var err error
		if source, err = l.takeConverted(source); err != nil {
			return note{}, err
		}
		defer os.RemoveAll(l.folder.conversion())
	}
	l.phase(wire.State_STATE_STARTING, "patching save")
	// A world that was not saved since its first start is the same world when it starts again: under another id
	// the ledger would take it for one more, and what it traded would be lost.
	l.state.World = cmp.Or(source.world, source.proposed, randomHex(16))
	l.state.Starts++
	// A copied or an older save may hold the number of any earlier start, here or elsewhere, hence the random part.
	start := fmt.Sprintf("%d-%s", l.state.Starts, randomHex(4))
	target := l.savePath()
	written := modified(source.path) // before it may be replaced
	if err := l.secure(source, target); err != nil {
		return note{}, err
	}
	refusal, err := patch.Patch{Start: start, World: l.state.World, Modules: modules}.Apply(source.path, target)
	if err != nil {
		return note{}, fmt.Errorf("patch save %s: %w", filepath.Base(source.path), err)
	}
	n := note{
		Save: filepath.Base(target), Source: filepath.Base(source.path), Written: written, Number: l.state.Starts, World: l.state.World,
	}
	if n.Refusal = refusal; refusal == "" {
		n.Start = start
	}
	return n, nil
}

// reserve finds ports and makes a password for this run.
func (l *launch) reserve(n *note) (err error) {
	if n.RCON, err = freeLoopbackAddr(l.state.RCON); err != nil {
		return err
	}
	n.Password = randomHex(24)
	if n.Port, err = l.cfg.Ports.Lease(l.state.Port, l.avoid); err != nil {
		return err
	}
	l.state.Port, l.state.RCON = n.Port, n.RCON
	if err := l.folder.writeState(l.state); err != nil {
		l.cfg.Ports.Release(n.Port)
		return fmt.Errorf("remember start: %w", err)
	}
	return nil
}

func (l *launch) spawn(ctx context.Context, n note) (*supervisor.Game, error) {
	l.phase(wire.State_STATE_STARTING, "starting game")
	text, err := json.Marshal(n)
	if err != nil {
		return nil, fmt.Errorf("start game: %w", err)
	}
	file, settings := l.savePath(), l.folder.conversionSettings()
	if n.Converts != "" {
		file = l.folder.converted()
	} else if settings, err = l.folder.handOutSettings(l.want.GetName()); err != nil {
		return nil, err
	}
	spec := supervisor.Spec{Dir: string(l.folder), Note: text, Env: l.game.Env(), Argv: []string{
		l.game.Binary(), "--config", l.folder.config(),
		"--start-server", file,
		"--port", strconv.Itoa(int(n.Port)),
		"--rcon-bind", n.RCON, "--rcon-password", n.Password,
		"--server-settings", settings,
		"--mod-directory", l.folder.mods(),
	}}
	if n.Converts != "" {
		spec.Argv = append(spec.Argv, "--bind", "127.0.0.1")
	}
	if n.Whitelist {
		spec.Argv = append(spec.Argv, "--use-server-whitelist", "true")
	}
	policy := l.want.GetSupervision()
	spec.Limits = supervisor.Limits{MemoryBytes: policy.GetMemoryBytes(), Niceness: int(policy.GetNiceness())}
	for _, n := range policy.GetCpus() {
		spec.Limits.CPUs = append(spec.Limits.CPUs, int(n))
	}
	spec.Scope = fmt.Sprintf("mainbus-game-%s-%d", l.cfg.ID, l.state.Starts)
	spec.StopSeconds = int(stopTime(policy).Seconds())
	// Not to be given up half-way: a game would run that nobody knows of.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), spawnTime)
	defer cancel()
	return supervisor.Start(ctx, l.folder.ours(), spec, l.cfg.Self)
}

// tailBuffer keeps the end of what is written to it.
type tailBuffer struct{ b []byte }

func (t *tailBuffer) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if len(t.b) > 2*maxCreateTail {
		t.b = append(t.b[:0], t.b[len(t.b)-maxCreateTail:]...)
	}
	return len(p), nil
}

func (t *tailBuffer) lastLines(n int) string {
	lines := strings.Split(string(bytes.TrimSpace(t.b)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}

// modified is when a file was written in Unix seconds, 0 if that can't be told.
func modified(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.ModTime().Unix()
}

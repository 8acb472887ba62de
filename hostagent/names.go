package hostagent

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"mainbus/hostagent/games"
	"mainbus/hostagent/internal/disk"
	"mainbus/hostagent/names"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	namesFolder = "names"
	namesWork   = "work-"
	namesUser   = "names" // who uses the copy of the game meanwhile
	namesPause  = 30 * time.Second
	namesKept   = 30 * 24 * time.Hour
	namesEnd    = ".json"
)

var namesKey = regexp.MustCompile(`^[0-9a-f]{32}$`)

// named are the sets of mods of which the names are known.
type named struct {
	mu   sync.Mutex
	keys map[string]string // by instance
	bad  map[string]bool   // keys of which nothing could be found out; this life of the agent does not try again
}

// namesFile is what is kept of a set of mods.
type namesFile struct {
	Dumped bool        `json:"dumped"`
	Names  names.Names `json:"names"`
}

// keepNames finds out what the things of each instance's game are called, when its mods have changed and no game is starting. It does one at a
// time, and gives up for a game that wants to start.
func (a *Agent) keepNames(ctx context.Context) {
	ticker := time.NewTicker(namesPause)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		for _, o := range a.fleet.observed().GetInstances() {
			if a.quiet() && ctx.Err() == nil {
				a.nameThings(ctx, o)
			}
		}
		a.sweepNames()
	}
}

// quiet tells that no game is on its way up or down.
func (a *Agent) quiet() bool {
	return !slices.ContainsFunc(a.fleet.observed().GetInstances(), func(o *wire.ObservedInstance) bool {
		switch o.GetState() {
		case wire.State_STATE_STARTING, wire.State_STATE_STOPPING, wire.State_STATE_WORKING:
			return true
		}
		return false
	})
}

func (a *Agent) nameThings(ctx context.Context, o *wire.ObservedInstance) {
	all := a.games.List()
	at := slices.IndexFunc(all, func(g games.Game) bool { return g.Problem == "" && g.Version.String() == o.GetGameVersion() })
	if at < 0 {
		return
	}
	g := all[at]
	game := names.Game{
		Binary: g.Binary(), Env: g.Env(), Data: g.Data(), Version: g.Version.String(), Mods: filepath.Join(a.path("instances"), o.GetId(), "mods"),
	}
	key, err := names.Key(game)
	if err != nil {
		a.log.Debug("the mods of an instance can't be looked at", "instance", o.GetId(), "err", err)
		return
	}
	a.named.mu.Lock()
	bad := a.named.bad[key]
	a.named.mu.Unlock()
	if bad {
		return
	}
	if _, err := os.Stat(a.namesPath(key)); errors.Is(err, fs.ErrNotExist) {
		if err := a.findNames(ctx, g, game, key); err != nil {
			return
		}
	}
	a.named.mu.Lock()
	defer a.named.mu.Unlock()
	a.named.keys[o.GetId()] = key
}

func (a *Agent) namesPath(key string) string {
	return filepath.Join(a.path(namesFolder), key+namesEnd)
}

func (a *Agent) findNames(ctx context.Context, g games.Game, game names.Game, key string) error {
	a.games.Keep(namesUser, g.Dir)
	defer a.games.Release(namesUser)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	var watching sync.WaitGroup
	defer watching.Wait()
	defer close(done)
	watching.Go(func() { // a start goes first
		for {
			changed := a.changed.Wait()
			if !a.quiet() {
				cancel(errBusyStarting)
			}
			select {
			case <-changed:
			case <-done:
				return
			}
		}
	})
	if err := os.MkdirAll(a.path(namesFolder), 0o700); err != nil {
		a.log.Warn("names of things can't be kept", "err", err)
		return err
	}
	found, dumped, why, err := names.Find(ctx, game, filepath.Join(a.path(namesFolder), namesWork+randomHex(4)))
	if err == nil {
		err = disk.WriteJSON(a.namesPath(key), namesFile{dumped, found})
	}
	switch {
	case ctx.Err() != nil:
		return cmp.Or(err, context.Cause(ctx))
	case err != nil:
		a.log.Warn("what the things of a game are called could not be found out", "version", game.Version, "err", err, "dump", why)
		a.named.mu.Lock()
		defer a.named.mu.Unlock()
		a.named.bad[key] = true
	case !dumped:
		a.log.Info("the game did not tell what its things are called; the locale files do", "version", game.Version, "err", why)
	}
	return err
}

var errBusyStarting = errors.New("a game starts or ends")

// sweepNames removes the names of sets of mods that nobody has any more.
func (a *Agent) sweepNames() {
	entries, err := os.ReadDir(a.path(namesFolder))
	if err != nil {
		return
	}
	a.named.mu.Lock()
	defer a.named.mu.Unlock()
	used := map[string]bool{}
	for _, key := range a.named.keys {
		used[key] = true
	}
	for _, e := range entries {
		info, err := e.Info()
		key, isNames := strings.CutSuffix(e.Name(), namesEnd)
		if strings.HasPrefix(e.Name(), namesWork) { // of an agent that was killed
			os.RemoveAll(filepath.Join(a.path(namesFolder), e.Name()))
			continue
		}
		if err == nil && isNames && !used[key] && time.Since(info.ModTime()) > namesKept {
			os.Remove(filepath.Join(a.path(namesFolder), e.Name())) // or else the next time
		}
	}
}

func (a *Agent) listNames(context.Context, *link.Conn, *wire.NamesAsk) (*wire.NamesList, error) {
	a.named.mu.Lock()
	defer a.named.mu.Unlock()
	list := &wire.NamesList{}
	for instance, key := range a.named.keys {
		if _, here := a.fleet.get(instance); here {
			list.Instances = append(list.Instances, &wire.InstanceNames{Instance: instance, Key: key})
		}
	}
	return list, nil
}

func (a *Agent) getNames(_ context.Context, _ *link.Conn, r *wire.NamesRef) (*wire.NamesContent, error) {
	if !namesKey.MatchString(r.GetKey()) {
		return nil, link.Errorf(wire.Code_CODE_INVALID, "names of nothing")
	}
	var file namesFile
	err := disk.ReadJSON(a.namesPath(r.GetKey()), &file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, link.Errorf(wire.Code_CODE_NOT_FOUND, "these names are not known here")
	}
	if err != nil {
		return nil, err
	}
	content := &wire.NamesContent{Key: r.GetKey(), Dumped: file.Dumped}
	for kind, of := range file.Names {
		content.Kinds = append(content.Kinds, &wire.NamesOfKind{Kind: kind, Names: of})
	}
	return content, nil
}

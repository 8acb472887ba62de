package instance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"mainbus/hostagent/factorio/exchange"
	"mainbus/hostagent/factorio/mapsettings"
	"mainbus/hostagent/savefiles"
	"mainbus/transport/wire"
)

var (
	errNotStopped = errors.New("a map is made while the game is stopped: stop it first")
	presetName    = regexp.MustCompile(`^[a-z0-9][a-zA-Z0-9_-]{0,60}$`)
	scenarioName  = regexp.MustCompile(`^([a-zA-Z0-9][a-zA-Z0-9 ._-]{0,60}/)?[a-zA-Z0-9][a-zA-Z0-9 ._-]{0,60}$`)
)

// CreateMap has the game make a new map, as a save that the next start loads. The instance is working meanwhile.
func (i *Instance) CreateMap(ctx context.Context, r *wire.SaveCreate, progress func(phase string)) error {
	keep := savefiles.In(i.cfg.Dir)
	if err := keep.CheckFree(r.GetName()); err != nil {
		return err
	}
	l, err := i.beginWork(ctx, "creating map")
	if err != nil {
		return err
	}
	defer i.post(func() { i.working = ""; i.lookAtMods() })
	l.phase = func(_ wire.State, phase string) { progress(phase) }
	if err := l.awaitMods(ctx); err != nil {
		return err
	}
	unlock, err := i.lockFiles(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	defer i.cfg.Games.Release(i.cfg.ID)
	if err := l.takeGame(ctx); err != nil {
		return err
	}
	if err := l.folder.prepare(l.game.Installation, l.want.GetName()); err != nil {
		return err
	}
	if err := l.applyMods(ctx); err != nil {
		return err
	}
	progress("creating map")
	path, err := l.make(ctx, r)
	if err != nil {
		return err
	}
	if err := checkSave(path); err != nil {
		return fmt.Errorf("the game made no save that can be read: %s", problemOf(err, path))
	}
	if err := keep.Adopt(filepath.Base(path), r.GetName()); err != nil {
		return err
	}
	return i.folder.setNext(r.GetName())
}

// beginWork shows a stopped instance as working, and keeps it from being started, until working is empty again.
func (i *Instance) beginWork(ctx context.Context, what string) (*launch, error) {
	type answer struct {
		l   *launch
		err error
	}
	answers := make(chan answer, 1)
	i.post(func() {
		if i.run != nil || i.launch != nil || i.orphaned || i.ending || i.working != "" || i.want.GetRunning() {
			answers <- answer{err: errNotStopped}
			return
		}
		i.working = what
		answers <- answer{l: &launch{cfg: &i.cfg, folder: i.folder, files: i.files, want: i.want, state: i.state, again: !i.anew}}
	})
	select {
	case a := <-answers:
		return a.l, a.err
	case <-i.done:
		return nil, ErrBusy
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// make runs the game, and returns the save in the staging area.
func (l *launch) make(ctx context.Context, r *wire.SaveCreate) (path string, err error) {
	dir, err := os.MkdirTemp(l.folder.ours(), "create-")
	if err != nil {
		return "", fmt.Errorf("create map: %w", err)
	}
	defer os.RemoveAll(dir)
	options, err := mapOptions(dir, r)
	if err != nil {
		return "", err
	}
	staged, err := savefiles.In(string(l.folder)).Stage("create-" + randomHex(8) + ".zip")
	if err != nil {
		return "", err
	}
	if r.GetScenario() != "" {
		return staged, l.fromScenario(ctx, r.GetScenario(), options, staged)
	}
	return staged, l.createMap(ctx, staged, options)
}

// createMap has the game make a map.
func (l *launch) createMap(ctx context.Context, path string, options []string) error {
	if err := l.runGame(ctx, append([]string{"--create", path}, options...)); err != nil {
		return fmt.Errorf("create map: %w", err)
	}
	return nil
}

// fromScenario takes the save that appears, since only the game knows how it names it.
func (l *launch) fromScenario(ctx context.Context, scenario string, options []string, to string) error {
	before, err := listSaves(l.folder.saves())
	if err != nil {
		return err
	}
	known := map[string]time.Time{}
	for _, s := range before {
		known[s.path] = s.modified
	}
	base := scenario[strings.LastIndex(scenario, "/")+1:] + ".zip"
	if _, there := known[filepath.Join(l.folder.saves(), base)]; there {
		return fmt.Errorf("%w: the game would replace it: rename %q first", savefiles.ErrThere, base)
	}
	if err := l.runGame(ctx, append([]string{"--scenario2map", scenario}, options...)); err != nil {
		return fmt.Errorf("make a map of the scenario %s: %w", scenario, err)
	}
	after, err := listSaves(l.folder.saves())
	if err != nil {
		return err
	}
	for _, s := range after {
		if _, there := known[s.path]; !there {
			return os.Rename(s.path, to)
		}
	}
	return fmt.Errorf("make a map of the scenario %s: the game ended well, but there is no new save", scenario)
}

// runGame runs the game for something that ends by itself.
func (l *launch) runGame(ctx context.Context, args []string) error {
	ctx, cancel := context.WithTimeout(ctx, createPatience)
	defer cancel()
	var output tailBuffer
	args = append([]string{"--config", l.folder.config(), "--mod-directory", l.folder.mods()}, args...)
	cmd := exec.CommandContext(ctx, l.game.Binary(), args...)
	cmd.Env = append(os.Environ(), l.game.Env()...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = string(l.folder), &output, &output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, output.lastLines(3))
	}
	return nil
}

// mapOptions writes what the game reads from files, and returns the options for it. What is given by itself goes before what
// the exchange string says.
func mapOptions(dir string, r *wire.SaveCreate) ([]string, error) {
	gen, settings := r.GetMapGenSettings(), r.GetMapSettings()
	if text := r.GetExchange(); text != "" {
		s, err := exchange.Parse(text)
		if err != nil {
			return nil, err
		}
		both, err := json.Marshal(s)
		var parts struct {
			Gen json.RawMessage `json:"map_gen_settings"`
			Map json.RawMessage `json:"map_settings"`
		}
		if err == nil {
			err = json.Unmarshal(both, &parts)
		}
		if err != nil {
			return nil, fmt.Errorf("map exchange string: %w", err)
		}
		if len(gen) == 0 {
			gen = parts.Gen
		}
		if len(settings) == 0 {
			settings = parts.Map
		}
	}
	var options []string
	if preset := r.GetPreset(); preset != "" {
		if !presetName.MatchString(preset) {
			return nil, fmt.Errorf("%.40q is no name of a preset, as default or rail-world are", preset)
		}
		options = append(options, "--preset", preset)
	}
	if s := r.GetScenario(); s != "" && !scenarioName.MatchString(s) {
		return nil, fmt.Errorf("%.80q is no name of a scenario, as base/freeplay is", s)
	}
	for _, file := range []struct {
		kind    mapsettings.Kind
		content []byte
		option  string
	}{{mapsettings.Generation, gen, "map-gen-settings"}, {mapsettings.Map, settings, "map-settings"}} {
		if len(file.content) == 0 {
			continue
		}
		parsed, err := mapsettings.Parse(file.kind, file.content)
		if err != nil {
			return nil, err
		}
		path := filepath.Join(dir, file.option+".json")
		if err := os.WriteFile(path, parsed.Bytes(), 0o600); err != nil {
			return nil, fmt.Errorf("create map: %w", err)
		}
		options = append(options, "--"+file.option, path)
	}
	if seed := r.GetSeed(); seed != 0 {
		options = append(options, "--map-gen-seed", strconv.FormatUint(uint64(seed), 10))
	}
	return options, nil
}

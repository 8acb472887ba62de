package game

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/api"
	"mainbus/cmd/mainbus-sim/internal/life"
	"mainbus/cmd/mainbus-sim/internal/mapgen"
	"mainbus/cmd/mainbus-sim/internal/mods"
	"mainbus/cmd/mainbus-sim/internal/world"
	"mainbus/hostagent/factorio/save"
)

// freeplay is the scenario of ordinary maps.
const freeplay = "base/freeplay"

// mapScenario is what a new map is made of: a folder in scenarios of a mod or of the write directory.
type mapScenario struct {
	mod, name string // mod is empty for those of the write directory
	names     []string
	files     map[string][]byte
}

// maxScenario bounds the files of a scenario together, in bytes.
const maxScenario = 64 << 20

// findScenario reads [MOD/]NAME.
func (g *run) findScenario(name string) (mapScenario, error) {
	sc := mapScenario{name: name, files: map[string][]byte{}}
	if mod, rest, ok := strings.Cut(name, "/"); ok {
		sc.mod, sc.name = mod, rest
	}
	if !filepath.IsLocal(sc.name) || !filepath.IsLocal(filepath.Join("x", sc.mod)) {
		return sc, complaint("Scenario %s not found", name)
	}
	for _, place := range g.scenarioPlaces(sc.mod) {
		err := sc.find(place)
		if err == nil && len(sc.names) > 0 {
			return sc, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return sc, fmt.Errorf("read scenario %s: %w", name, err)
		}
	}
	return sc, complaint("Scenario %s not found", name)
}

// scenarioPlaces are where a mod's scenarios may be: folders and zips.
func (g *run) scenarioPlaces(mod string) []string {
	if mod == "" {
		return []string{g.paths.write}
	}
	folders := []string{filepath.Join(g.paths.read, mod), filepath.Join(g.paths.mods, mod)}
	versions, err := filepath.Glob(filepath.Join(g.paths.mods, mod+"_*"))
	if err != nil {
		return folders // the name holds a pattern that is none
	}
	return append(folders, versions...)
}

// find reads the scenario from a folder or zip that may have it.
func (sc *mapScenario) find(place string) error {
	inside := path.Join("scenarios", filepath.ToSlash(sc.name))
	if filepath.Ext(place) != ".zip" {
		root, err := os.OpenRoot(place)
		if err != nil {
			return err
		}
		defer root.Close()
		return sc.read(root.FS(), inside)
	}
	archive, err := zip.OpenReader(place)
	if err != nil {
		return err
	}
	defer archive.Close()
	top := ""
	if len(archive.File) > 0 {
		top, _, _ = strings.Cut(archive.File[0].Name, "/")
	}
	return sc.read(archive, path.Join(top, inside))
}

// read takes all files of a folder.
func (sc *mapScenario) read(from fs.FS, dir string) error {
	folder, err := fs.Sub(from, dir)
	if err != nil {
		return err
	}
	total := int64(0)
	return fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		f, err := folder.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, maxScenario-total+1))
		if total += int64(len(data)); total > maxScenario {
			return fmt.Errorf("more than %d bytes", maxScenario)
		}
		if !ownEntry(path.Clean(name)) {
			sc.names = append(sc.names, name)
			sc.files[name] = data
		}
		return err
	})
}

// create makes a map and saves it.
func (g *run) create(file string) error { return g.makeMap(freeplay, file) }

// scenarioToMap makes a save of a scenario's name.
func (g *run) scenarioToMap(name string) error {
	return g.makeMap(name, g.paths.save(path.Base(filepath.ToSlash(name))))
}

func (g *run) makeMap(scenario, file string) error {
	s := &server{run: g, file: file}
	var err error
	if s.settings, err = readSettings(g.opts.Value("server-settings"), g.paths.write); err != nil {
		return err
	}
	g.out.Engine("Creating new map %s", file)
	if err := s.beginMap(scenario, strings.TrimSuffix(filepath.Base(file), ".zip")); err != nil {
		return s.creatingFailed(err)
	}
	defer s.scripts.Close()
	content, err := s.snapshot()
	if err != nil {
		return s.creatingFailed(err)
	}
	return content.write(file, false)
}

func (s *server) creatingFailed(err error) error {
	var handler *api.HandlerError
	if errors.As(err, &handler) {
		s.out.Failure("MainLoop.cpp:1488", "Exception at tick %d: %s", s.world.Tick, scriptError(err))
		return errReported
	}
	return err
}

// begin makes a new map of a scenario run.
func (s *server) begin(scenario string) error {
	name := path.Base(filepath.ToSlash(scenario))
	s.file, s.unnamed = filepath.Join(s.paths.saves(), name+".zip"), true
	return s.beginMap(scenario, name)
}

// beginMap makes a new map. name is that of the save, by which the scenario file of the simulator knows worlds.
func (s *server) beginMap(scenario, name string) error {
	sc, err := s.findScenario(scenario)
	if err != nil {
		return err
	}
	settings, err := s.mapSettings()
	if err != nil {
		return err
	}
	catalog, err := s.catalog()
	if err != nil {
		return err
	}
	plan := s.plan.World(name)
	if s.content, err = newMapFile(sc, s.mods, commandsHeader(s.settings.AllowCommands)); err != nil {
		return err
	}
	s.content.Level.MapGen, s.content.Level.MapSettings = settings.Gen, settings.Map
	renaming, running := s.told.Migrations()
	s.content.Level.Migrations = mods.Applied{}.With(renaming).With(running)
	s.content.Level.Prototypes = catalog.Names()
	s.outside = s
	if s.world, err = world.New(name, settings.Seed, catalog, plan.Plan); err != nil {
		return fmt.Errorf("world %q of the scenario: %w", name, err)
	}
	if s.life, err = life.New(slices.Clone(plan.Life), uint64(settings.Seed)); err != nil {
		return fmt.Errorf("world %q of the scenario: %w", name, err)
	}
	if s.scripts, err = s.newScripts(s.peer, s.content); err != nil {
		return err
	}
	if err := s.scripts.Init(); err != nil {
		s.scripts.Close()
		return err
	}
	return nil
}

// mapSettings are the settings that the command line gives a new map.
func (g *run) mapSettings() (mapgen.Settings, error) {
	request := mapgen.Request{Preset: g.opts.Value("preset"), Mods: modVersions(g.mods)}
	for option, to := range map[string]*json.RawMessage{"map-gen-settings": &request.Gen, "map-settings": &request.Map} {
		file := g.opts.Value(option)
		if file == "" {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return mapgen.Settings{}, fmt.Errorf("read %s: %w", option, err)
		}
		*to = data
	}
	most, err := g.opts.Number("map-gen-seed-max", 1<<32-1, 1<<32-1)
	if err != nil {
		return mapgen.Settings{}, err
	}
	request.Drawn = uint32(rand.Uint64N(most + 1))
	if g.opts.Has("map-gen-seed") {
		seed, err := g.opts.Number("map-gen-seed", 0, 1<<32-1)
		if err != nil {
			return mapgen.Settings{}, err
		}
		given := uint32(seed)
		request.Seed = &given
	}
	return mapgen.Make(request)
}

// mapToScenario makes a scenario of a save: what it is made of, without the map.
func (g *run) mapToScenario(name string) error {
	file := g.paths.save(name)
	content, err := readMapFile(file, g.out)
	if err != nil {
		return err
	}
	dir := filepath.Join(g.paths.write, "scenarios", strings.TrimSuffix(filepath.Base(file), ".zip"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make scenario: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("make scenario: %w", err)
	}
	defer root.Close()
	for _, name := range slices.Sorted(maps.Keys(content.Files)) {
		if ownEntry(name) {
			continue
		}
		if err := root.MkdirAll(filepath.Dir(filepath.FromSlash(name)), 0o755); err != nil {
			return fmt.Errorf("make scenario: %w", err)
		}
		if err := root.WriteFile(filepath.FromSlash(name), content.Files[name], 0o644); err != nil {
			return fmt.Errorf("make scenario: %w", err)
		}
	}
	return nil
}

func (g *run) catalog() (*world.Catalog, error) { return world.ReadCatalog(g.told.Raw) }

// dumpData writes all prototypes.
func (g *run) dumpData() error {
	data, err := json.Marshal(g.told.Raw)
	if err != nil {
		return fmt.Errorf("dump data: %w", err)
	}
	dir := filepath.Join(g.paths.write, "script-output")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("dump data: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data-raw-dump.json"), data, 0o644); err != nil {
		return fmt.Errorf("dump data: %w", err)
	}
	return nil
}

// newMapFile is a new map of a scenario, without storage.
func newMapFile(sc mapScenario, mods []save.Mod, allowed uint8) (*mapFile, error) {
	m := &mapFile{Header: save.NewHeader(gameVersion), Names: slices.Clone(sc.names), Files: maps.Clone(sc.files)}
	m.Header.Level, m.Header.BaseMod = sc.name, sc.mod
	m.Header.LoadedFrom, m.Header.Build = gameVersion, gameBuild
	m.Header.AllowedCommands, m.Header.Mods = allowed, mods
	initial, err := m.Header.AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	for name, data := range map[string][]byte{"info.json": []byte("null\n"), "level-init.dat": initial} {
		if _, ok := m.Files[name]; !ok {
			m.Names = append(m.Names, name)
			m.Files[name] = data
		}
	}
	slices.Sort(m.Names)
	return m, nil
}

package game

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/gamelog"
	"mainbus/cmd/mainbus-sim/internal/mods"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/factorio/scriptdat"
)

// gameVersion is the version that the simulated game claims to be.
var gameVersion = factorio.Version{Major: 2, Minor: 0, Patch: 77}

const gameBuild = 84539

// worldMark stands between the header and the simulator's own data in the level. The real game's data, which the
// simulator can't read, does not have it.
var worldMark = []byte("\x00mainbus-sim world 2\x00")

// mapFile is the content of a save.
type mapFile struct {
	Header  save.Header
	Level   level
	Storage []scriptdat.Block
	Names   []string // other entries, in their order
	Files   map[string][]byte
}

// level is what the simulator keeps in the level data behind the header.
type level struct {
	World       json.RawMessage `json:"world"` // as world.Save gives it
	Life        json.RawMessage `json:"life,omitempty"`
	MapGen      json.RawMessage `json:"map_gen_settings,omitempty"`
	MapSettings json.RawMessage `json:"map_settings,omitempty"`
	Migrations  mods.Applied    `json:"migrations,omitempty"`
	Prototypes  prototypes      `json:"prototypes,omitempty"`
}

// ownEntry says whether the game writes an entry itself, rather than keeping what it found.
func ownEntry(name string) bool {
	return strings.HasPrefix(name, "level.dat") || name == "script.dat"
}

// scriptFile finds a script of the save.
func (m *mapFile) scriptFile(name string) ([]byte, bool) {
	data, ok := m.Files[name]
	return data, ok
}

// readMapFile reads a save. Lines about it go to out.
func readMapFile(file string, out *gamelog.Log) (*mapFile, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	out.Engine("Loading map %s: %d bytes.", file, info.Size())
	archive, err := save.Open(file)
	if err != nil {
		return nil, complaint("Bad zip file %s: %s", file, err)
	}
	defer archive.Close()
	m := &mapFile{Files: map[string][]byte{}}
	if !slices.Contains(archive.Names(), "info.json") {
		return nil, fmt.Errorf("%s/info.json not found", archive.Root())
	}
	if err := m.readLevel(archive, out); err != nil {
		return nil, err
	}
	if err := m.readScript(archive, out); err != nil {
		return nil, err
	}
	for _, name := range archive.Names() {
		if ownEntry(name) {
			continue
		}
		data, err := readEntry(archive, name)
		if err != nil {
			return nil, err
		}
		m.Names = append(m.Names, name)
		m.Files[name] = data
	}
	return m, nil
}

func (m *mapFile) readLevel(archive *save.Archive, out *gamelog.Log) error {
	r, err := archive.Level()
	if err != nil {
		return fmt.Errorf("level.dat not found: %w", err)
	}
	defer r.Close()
	level, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("read level.dat: %w", err)
	}
	out.Engine("Loading level.dat: %d bytes.", len(level))
	buffered := bufio.NewReader(bytes.NewReader(level))
	if m.Header, err = save.ReadHeader(buffered); err != nil {
		return err
	}
	if m.Header.Version.Compare(gameVersion) > 0 {
		return complaint("Map version %s cannot be loaded because it is higher than the game version (%s).",
			mapVersion(m.Header.Version), mapVersion(gameVersion))
	}
	out.Info("Scenario.cpp:154", "Map version %s", mapVersion(m.Header.Version))
	_, data, ok := bytes.Cut(level, worldMark)
	if !ok {
		return errors.New("level.dat holds a map of the real game, which the simulated game can't read")
	}
	if err := json.Unmarshal(data, &m.Level); err != nil {
		return fmt.Errorf("read level.dat: %w", err)
	}
	out.Engine(`Blueprint storage "blueprint-storage-2.dat" was not found, trying to load previous version storage "blueprint-storage.dat"`)
	return nil
}

func mapVersion(v factorio.Version) string { return fmt.Sprintf("%s-%d", v, v.Developer) }

func (m *mapFile) readScript(archive *save.Archive, out *gamelog.Log) error {
	data, err := readEntry(archive, "script.dat")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	out.Engine("Loading script.dat: %d bytes.", len(data))
	file, err := scriptdat.Read(bytes.NewReader(data))
	if err != nil {
		return err
	}
	m.Storage = file.Blocks
	return nil
}

func readEntry(archive *save.Archive, name string) ([]byte, error) {
	r, err := archive.Open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}

// write makes the save in a file beside the target and renames it. A torn one ends the process in the middle.
func (m *mapFile) write(target string, torn bool) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	root := strings.TrimSuffix(filepath.Base(target), ".zip")
	temporary := filepath.Join(filepath.Dir(target), root+".tmp.zip")
	w, err := save.Create(temporary, root)
	if err != nil {
		return err
	}
	err = m.writeEntries(w)
	if err = errors.Join(err, w.Close()); err != nil {
		return err
	}
	if torn {
		if info, err := os.Stat(temporary); err == nil {
			_ = os.Truncate(temporary, info.Size()/2) // whole or not, it is not renamed
		}
		die()
	}
	return os.Rename(temporary, target)
}

func (m *mapFile) writeEntries(w *save.Writer) error {
	for _, name := range m.Names {
		if err := w.File(path.Clean(name), m.Files[name]); err != nil {
			return err
		}
	}
	data, err := json.Marshal(m.Level)
	if err != nil {
		return err
	}
	if err := w.Level(m.Header, io.MultiReader(bytes.NewReader(worldMark), bytes.NewReader(data))); err != nil {
		return err
	}
	return w.Script(scriptdat.File{Version: gameVersion, Blocks: m.Storage})
}

package instance

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mainbus/hostagent/factorio/install"
	"mainbus/hostagent/factorio/serversettings"
	"mainbus/hostagent/internal/disk"
)

// folder is an instance's place on disk. It has the game's own layout, so that it can be taken away and used without
// Mainbus; what is ours is in .mainbus.
type folder string

func (f folder) path(parts ...string) string {
	return filepath.Join(append([]string{string(f)}, parts...)...)
}
func (f folder) saves() string          { return f.path("saves") }
func (f folder) mods() string           { return f.path("mods") }
func (f folder) config() string         { return f.path("config", "config.ini") }
func (f folder) serverSettings() string { return f.path("server-settings.json") }
func (f folder) ours() string           { return f.path(".mainbus") }
func (f folder) failureFile() string    { return f.path(".mainbus", "failure.json") }
func (f folder) stateFile() string      { return f.path(".mainbus", "state.json") }

// state is what an instance remembers from one start to the next.
type state struct {
	World  string `json:"world,omitempty"`  // id of the world that runs here
	Starts uint64 `json:"starts,omitempty"` // how many starts there were
	Port   uint16 `json:"port,omitempty"`   // of the game, last used
	RCON   string `json:"rcon,omitempty"`   // address, last used

	Version  string `json:"version,omitempty"`  // of the game that was started last
	Selector string `json:"selector,omitempty"` // by which it was chosen

	Ended time.Time `json:"ended,omitzero"` // when the last game ended of which an agent has seen the end
}

func (f folder) readState() (state, error) {
	var s state
	return s, disk.ReadJSONIfAny(f.stateFile(), &s)
}

func (f folder) writeState(s state) error { return disk.WriteJSON(f.stateFile(), s) }

// prepare makes what the game needs to find before a start and leaves alone what is there.
func (f folder) prepare(game *install.Installation, name string) error {
	for _, dir := range []string{f.ours(), f.saves(), f.mods(), filepath.Dir(f.config())} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("prepare instance folder: %w", err)
		}
	}
	if err := f.checkWritable(); err != nil {
		return err
	}
	old, err := os.ReadFile(f.config())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("prepare instance folder: %w", err)
	}
	if ini := withPaths(string(old), game.Data(), string(f)); ini != string(old) {
		if err := disk.Write(f.config(), []byte(ini)); err != nil {
			return fmt.Errorf("prepare instance folder: %w", err)
		}
	}
	if _, err := os.Stat(f.serverSettings()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return f.writeServerSettings(game, name)
}

// checkWritable tries to write where the game will. The game itself would run, and fail to save hours later.
func (f folder) checkWritable() error {
	for _, dir := range []string{string(f), f.saves(), f.mods()} {
		file, err := os.CreateTemp(dir, ".write-test-*")
		if err == nil {
			err = errors.Join(file.Close(), os.Remove(file.Name()))
		}
		if err != nil {
			return fmt.Errorf("the game could not save, because its folder can't be written: give the user who runs mainbus-host the right to write there: %w", err)
		}
	}
	return nil
}

// withPaths returns config.ini with these paths and everything else as it was.
func withPaths(ini, readData, writeData string) string {
	lines := []string{"[path]", "read-data=" + readData, "write-data=" + writeData}
	inPath := false
	for line := range strings.Lines(ini) {
		line = strings.TrimRight(line, "\r\n")
		if section := strings.TrimSpace(line); strings.HasPrefix(section, "[") {
			inPath = section == "[path]"
		}
		if !inPath {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// writeServerSettings takes the game's own example, comments included, and changes what a server in a cluster needs differently:
// it is no public game, goes on with nobody online, and saves often, because a crash undoes everything since the last save.
func (f folder) writeServerSettings(game *install.Installation, name string) error {
	settings := serversettings.New()
	example, err := os.ReadFile(filepath.Join(game.Data(), "server-settings.example.json"))
	if err == nil {
		settings, err = serversettings.Parse(example)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("make server settings from the game's example: %w", err)
	}
	if err := forCluster(settings, name); err != nil {
		return err
	}
	return disk.Write(f.serverSettings(), settings.Bytes())
}

// forCluster sets what a server in a cluster needs differently.
func forCluster(settings *serversettings.File, name string) error {
	for _, set := range []struct {
		key   string
		value any
	}{
		{"name", name}, {"visibility.public", false}, {"visibility.lan", true},
		{"auto_pause", false}, {"autosave_interval", 5}, {"autosave_slots", 5},
	} {
		if err := settings.Set(set.key, set.value); err != nil {
			return fmt.Errorf("make server settings: %w", err)
		}
	}
	return nil
}

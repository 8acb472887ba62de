// Package mods loads the mods of an installation as the game does before a map: it finds zips and folders, decides
// which version of which mod is loaded and in what order, and runs the stages in which mods tell their settings and
// prototypes. It starts no goroutines.
package mods

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/gamelog"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/modlist"
	"mainbus/hostagent/factorio/save"
)

// Config says where mods are and which are wanted.
type Config struct {
	Data    string           // the game's own mods, a folder each
	Dir     string           // zips and folders of other mods, mod-settings.dat
	Builtin []save.Mod       // the game's own, with their checksums
	Game    factorio.Version // what mods must be made for
	List    *modlist.List    // gets a line for each mod that it lacks
	NewOff  bool             // such a mod is not enabled, unless it is the game's own
	Log     *gamelog.Log
}

// Find gives the mods to load, in load order. What keeps the game from starting is an error.
func Find(c Config) ([]*Mod, error) {
	builtin, err := c.findBuiltin()
	if err != nil {
		return nil, err
	}
	versions, err := c.findVersions()
	if err != nil {
		return nil, err
	}
	enabled := map[string]*Mod{}
	for _, m := range builtin {
		if c.wanted(m.Info.Name) || m.Info.Name == "base" {
			enabled[m.Info.Name] = m
		}
	}
	var failures []string
	for _, name := range sortedNames(versions) {
		if enabled[name] != nil || !c.wanted(name) {
			continue
		}
		m, failure := c.choose(name, versions[name])
		if failure != "" {
			failures = append(failures, failure)
			continue
		}
		enabled[name] = m
	}
	failures = append(failures, unmet(enabled)...)
	if len(failures) > 0 {
		return nil, failed("%s", strings.Join(failures, "\n"))
	}
	return order(enabled)
}

// findBuiltin reads the game's own mods, as far as they are installed.
func (c Config) findBuiltin() ([]*Mod, error) {
	var found []*Mod
	for _, b := range c.Builtin {
		m, err := readFolder(filepath.Join(c.Data, b.Name))
		if errors.Is(err, os.ErrNotExist) && b.Name != "base" {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read mod %s: %w", b.Name, err)
		}
		m.CRC, m.Builtin = b.CRC, true
		found = append(found, m)
	}
	return found, nil
}

// findVersions reads the mod directory. Zips and folders that are no mods get a line and don't count.
func (c Config) findVersions() (map[string][]*Mod, error) {
	entries, err := os.ReadDir(c.Dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read mod directory: %w", err)
	}
	versions := map[string][]*Mod{}
	for _, e := range entries {
		path := filepath.Join(c.Dir, e.Name())
		info, err := os.Stat(path) // of what a link points to
		if err != nil {
			continue
		}
		var m *Mod
		switch {
		case info.IsDir():
			if m, err = readFolder(path); errors.Is(err, os.ErrNotExist) {
				continue
			}
		case filepath.Ext(path) == ".zip":
			m, err = readZip(path)
		default:
			continue
		}
		if err != nil {
			c.Log.Failure("ModManager.cpp:813", "Mod package read error. %s", err)
			continue
		}
		versions[m.Info.Name] = append(versions[m.Info.Name], m)
	}
	return versions, nil
}

// wanted says whether a mod is enabled. One that the list doesn't know becomes so, unless NewOff.
func (c Config) wanted(name string) bool {
	if c.List.Get(name) == nil {
		own := slices.ContainsFunc(c.Builtin, func(b save.Mod) bool { return b.Name == name })
		c.List.Set(name, own || !c.NewOff)
	}
	return c.List.Get(name).Enabled
}

// choose picks the version that is loaded: the pinned one, else the highest, a folder before a zip.
func (c Config) choose(name string, versions []*Mod) (*Mod, string) {
	slices.SortStableFunc(versions, func(a, b *Mod) int {
		return cmp.Or(b.Info.Version.Compare(a.Info.Version), rank(a)-rank(b))
	})
	best := versions[0]
	if pin, ok := c.List.Get(name).Pinned(); ok {
		at := slices.IndexFunc(versions, func(m *Mod) bool { return m.Info.Version.Compare(pin) == 0 })
		if at < 0 {
			return nil, fmt.Sprintf("%s %s, which mod-list.json asks for, is not there", name, pin)
		}
		best = versions[at]
	} else {
		for _, other := range versions[1:] {
			c.Log.Info("ModManager.cpp:241", "Found duplicate mod %s, using higher version (%s > %s).", name, best.Info.Version, other.Info.Version)
		}
	}
	if !best.Info.RunsIn(c.Game) {
		return nil, fmt.Sprintf("%s %s is for Factorio %s, not for %s", name, best.Info.Version, modinfo.MajorMinor(best.Info.FactorioVersion), modinfo.MajorMinor(c.Game))
	}
	return best, ""
}

// rank puts folders before zips.
func rank(m *Mod) int {
	if m.folder {
		return 0
	}
	return 1
}

// unmet says what the enabled mods miss or can't be with, a line each.
func unmet(enabled map[string]*Mod) []string {
	present := map[string]factorio.Version{}
	for name, m := range enabled {
		present[name] = m.Info.Version
	}
	var out []string
	for _, name := range sortedNames(enabled) {
		for _, d := range enabled[name].Info.Dependencies {
			if why := d.Unmet(present); why != "" {
				out = append(out, fmt.Sprintf("%s %s: %s", name, present[name], why))
			}
		}
	}
	return out
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// failed is what keeps the game from starting, in its words.
func failed(format string, args ...any) error {
	return errors.New("Failed to load mods: " + fmt.Sprintf(format, args...))
}

package mods

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// Migration is a file in a mod's folder of migrations. Each is applied once to a save: JSON renames prototypes while
// the map is loaded, Lua runs afterwards.
type Migration struct {
	Mod, Title string
	File       string // "1.2.0.json"
	data       []byte
}

// maxRenames bounds those of one file.
const maxRenames = 100_000

func isMigration(name string) bool {
	return path.Dir(name) == "migrations" && (path.Ext(name) == ".json" || path.Ext(name) == ".lua")
}

// Applied are the files of migrations that a save has been through, by their mod.
type Applied map[string][]string

// Migrations are all those of the loaded mods: first those that rename, then those that run; of these by the order of the
// mods, then by name.
func (l *Loaded) Migrations() (renaming, running []Migration) {
	for _, m := range l.Mods {
		for _, file := range m.migrations { // sorted as all files of a mod are
			file.Mod, file.Title = m.Info.Name, m.Info.Title
			if path.Ext(file.File) == ".json" {
				renaming = append(renaming, file)
			} else {
				running = append(running, file)
			}
		}
	}
	return renaming, running
}

// Pending are those of some migrations that a save has not been through.
func (a Applied) Pending(all []Migration) []Migration {
	return slices.DeleteFunc(slices.Clone(all), func(m Migration) bool { return slices.Contains(a[m.Mod], m.File) })
}

// With is a with more. Mods that are not loaded stay in it: their migrations are not applied again when they come back.
func (a Applied) With(more []Migration) Applied {
	out := Applied{}
	for mod, files := range a {
		out[mod] = slices.Clone(files)
	}
	for _, m := range more {
		out[m.Mod] = append(out[m.Mod], m.File)
	}
	return out
}

// Source is the script of a migration that runs, and its name in errors.
func (m Migration) Source() (name string, source []byte) {
	return "__" + m.Mod + "__/migrations/" + m.File, m.data
}

// Renames is what migrations that rename do one after the other.
func Renames(migrations []Migration) (world.Renames, error) {
	var all world.Renames
	for _, m := range migrations {
		one, err := parseRenames(m.data)
		if err != nil {
			name, _ := m.Source()
			return nil, failed("%s: %s", name, err)
		}
		all = all.Then(one)
	}
	return all, nil
}

// parseRenames reads {"item": [["old", "new"], ...], ...}. What a file renames is renamed at once.
func parseRenames(data []byte) (world.Renames, error) {
	var kinds map[string][][]string
	if err := json.Unmarshal(data, &kinds); err != nil {
		return nil, err
	}
	out, count := world.Renames{}, 0
	for kind, pairs := range kinds {
		if count += len(pairs); count > maxRenames {
			return nil, fmt.Errorf("more than %d renames", maxRenames)
		}
		out[kind] = map[string]string{}
		for _, pair := range pairs {
			if len(pair) != 2 || pair[0] == "" || pair[1] == "" {
				return nil, fmt.Errorf("%q is no pair of names of %s", pair, kind)
			}
			out[kind][pair[0]] = pair[1]
		}
	}
	return out, nil
}

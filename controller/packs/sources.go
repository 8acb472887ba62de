package packs

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/modlist"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/factorio/save"
)

const (
	maxText     = 4 << 20 // bytes of a file with a string, and of a mod list
	maxEntries  = 20_000  // of a folder of mods
	maxRemarks  = 200
	maxFileName = 300 // bytes
)

// A Draft is a pack that was made of something else. Its name and version of the game may be missing.
type Draft struct {
	Source  string // of api's kinds
	Pack    store.Pack
	Remarks []string // what the source did not say, and what was made of it: a sentence each
}

func (d *Draft) remark(format string, args ...any) {
	if len(d.Remarks) < maxRemarks {
		d.Remarks = append(d.Remarks, fmt.Sprintf(format, args...))
	}
}

// add adds a mod. One that is there more than once counts as it is told last, as in the game.
func (d *Draft) add(m store.PackMod) {
	if m.Name == "core" {
		return // is always there, and in no list
	}
	if err := modinfo.CheckName(m.Name); err != nil {
		d.remark("A mod was left out: %v.", err)
		return
	}
	if in := Find(&d.Pack, m.Name); in != nil {
		*in = m
		return
	}
	d.Pack.Mods = append(d.Pack.Mods, m)
}

// FromPath reads what is at a path: a folder of mods, a mod-list.json with the files beside it, a save, or a file with a mod pack string.
func FromPath(path string) (Draft, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return Draft{}, err
	case info.IsDir():
		return FromFolder(path)
	case !info.Mode().IsRegular():
		return Draft{}, fmt.Errorf("%s is neither a file nor a folder", path)
	case filepath.Ext(path) == ".zip":
		return FromSave(path)
	}
	data, err := readBounded(path, maxText)
	if err != nil {
		return Draft{}, err
	}
	if trimmed := strings.TrimSpace(strings.TrimPrefix(string(data), "\ufeff")); strings.HasPrefix(trimmed, "{") {
		return fromModList(filepath.Dir(path), data)
	}
	return FromString(string(data))
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d MiB", path, limit>>20)
	}
	return data, err
}

// FromSave makes a pack of the mods that a save was made with.
func FromSave(path string) (Draft, error) {
	a, err := save.Open(path)
	if err != nil {
		return Draft{}, err
	}
	defer a.Close()
	h, err := a.Header()
	if err != nil {
		return Draft{}, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	d := Draft{Source: api.PackFromSave}
	d.Pack.Name = strings.TrimSuffix(filepath.Base(path), ".zip")
	d.Pack.Game = modinfo.MajorMinor(h.Version)
	for _, m := range h.Mods {
		d.add(store.PackMod{Name: m.Name, Version: m.Version.String(), Enabled: true})
	}
	settings := modsettings.New(h.Version)
	settings.Scopes.Set(modsettings.Startup, h.Settings)
	d.Pack.Settings = settings.Scopes
	d.remark("Only the settings for the start are taken: those of the map and of players stay in the save.")
	Fit(&d.Pack, "")
	return d, Check(withGame(d.Pack))
}

// withGame is a pack that can be checked although the version of its game is not known yet.
func withGame(p store.Pack) store.Pack {
	p.Game = cmp.Or(p.Game, "2.0")
	return p
}

// FromFolder makes a pack of a folder of mods as the game has it.
func FromFolder(dir string) (Draft, error) {
	list, err := readBounded(filepath.Join(dir, "mod-list.json"), maxText)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Draft{}, err
	}
	d, err := fromModList(dir, list)
	d.Source = api.PackFromFolder
	return d, err
}

// fromModList makes a pack of a mod list and of what lies beside it, from where versions and settings are. Without a list all mods are on.
func fromModList(dir string, list []byte) (Draft, error) {
	d := Draft{Source: api.PackFromModList}
	var known modlist.List
	if list != nil {
		var err error
		if known, err = modlist.Parse(list); err != nil {
			return Draft{}, err
		}
		for _, problem := range known.Problems() {
			d.remark("mod-list.json: %s.", problem)
		}
	}
	files, err := modFiles(dir, &d)
	if err != nil {
		return Draft{}, err
	}
	if list == nil && len(files) == 0 {
		return Draft{}, fmt.Errorf("there are neither mods nor a mod-list.json in %s", dir)
	}
	d.Pack.Name = filepath.Base(dir)
	if d.Pack.Name == "mods" {
		d.Pack.Name = filepath.Base(filepath.Dir(dir))
	}
	if err := d.addSettings(filepath.Join(dir, "mod-settings.dat")); err != nil {
		return Draft{}, err
	}
	d.addListed(known, files)
	if list != nil {
		for name := range files {
			if known.Get(name) == nil {
				d.add(store.PackMod{Name: name, Version: newest(files[name]), Enabled: true})
			}
		}
	}
	d.guessGame(files)
	Fit(&d.Pack, "")
	return d, Check(withGame(d.Pack))
}

// addListed adds the mods of the list in the versions that the game would load; without a list all that are there.
func (d *Draft) addListed(known modlist.List, files map[string][]modinfo.Info) {
	if known.Mods == nil {
		for name := range files {
			d.add(store.PackMod{Name: name, Version: newest(files[name]), Enabled: true})
		}
		return
	}
	for _, m := range known.Mods {
		mod := store.PackMod{Name: m.Name, Enabled: m.Enabled, Version: newest(files[m.Name])}
		if pinned, ok := m.Pinned(); ok {
			mod.Version = pinned.String()
		}
		if mod.Version == "" && !modinfo.IsOwn(m.Name) {
			d.remark("The list does not say which version of %s, and its file is not beside it.", m.Name)
		}
		d.add(mod)
	}
}

func (d *Draft) addSettings(path string) error {
	data, err := readBounded(path, maxSettings)
	if errors.Is(err, fs.ErrNotExist) {
		d.remark("There is no mod-settings.dat beside it, so all settings are as they are made.")
		return nil
	}
	if err != nil {
		return err
	}
	file, err := modsettings.Parse(data)
	if err != nil {
		return err
	}
	d.Pack.Game = modinfo.MajorMinor(file.Version)
	d.Pack.Settings = file.Scopes
	return nil
}

// guessGame takes the version of the game that most mods are for, if the settings did not tell.
func (d *Draft) guessGame(files map[string][]modinfo.Info) {
	if d.Pack.Game != "" {
		return
	}
	votes := make(map[string]int)
	for _, m := range d.Pack.Mods {
		for _, f := range files[m.Name] {
			if f.Version.String() == m.Version {
				votes[modinfo.MajorMinor(f.FactorioVersion)]++
			}
		}
	}
	for _, game := range slices.Sorted(maps.Keys(votes)) { // of as many votes for two the newer game
		if votes[game] >= votes[d.Pack.Game] {
			d.Pack.Game = game
		}
	}
}

func newest(files []modinfo.Info) string {
	if len(files) == 0 {
		return ""
	}
	return slices.MaxFunc(files, func(a, b modinfo.Info) int { return a.Version.Compare(b.Version) }).Version.String()
}

// modFiles looks for mods in a folder, and returns what their files say, by name.
func modFiles(dir string, d *Draft) (map[string][]modinfo.Info, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	if len(entries) > maxEntries {
		return nil, fmt.Errorf("%s has more than %d files", dir, maxEntries)
	}
	found := make(map[string][]modinfo.Info)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		var info modinfo.Info
		var err error
		switch stat, statErr := os.Stat(path); {
		case statErr != nil || len(e.Name()) > maxFileName:
			continue
		case stat.IsDir():
			if info, err = modinfo.ReadPath(path); errors.Is(err, fs.ErrNotExist) {
				continue // some other folder
			}
		case strings.EqualFold(filepath.Ext(e.Name()), ".zip"):
			info, err = modinfo.ReadPath(path)
		default:
			continue
		}
		if err != nil {
			d.remark("%s is no mod that can be read: %v.", e.Name(), err)
			continue
		}
		found[info.Name] = append(found[info.Name], info)
	}
	return found, nil
}

// Reported is a mod as a host tells of it.
type Reported struct {
	Name, Version string
	Enabled       bool
}

// FromInstance makes a pack of what lies in the folder of an instance. game is the version that it runs; settings are a mod-settings.dat,
// or nothing.
func FromInstance(name, game string, mods []Reported, settings []byte) (Draft, error) {
	d := Draft{Source: api.PackFromInstance}
	d.Pack.Name = name
	if v, err := factorio.ParseLenient(game); err == nil {
		d.Pack.Game = modinfo.MajorMinor(v)
	}
	if len(mods) > maxMods {
		return Draft{}, fmt.Errorf("%d mods are more than %d", len(mods), maxMods)
	}
	for _, m := range mods {
		version, err := modVersion(m.Version)
		if err != nil && !modinfo.IsOwn(m.Name) {
			d.remark("It is not known which version of %s is there.", m.Name)
		}
		if err != nil {
			version = ""
		}
		d.add(store.PackMod{Name: m.Name, Version: version, Enabled: m.Enabled})
	}
	switch {
	case len(settings) > maxSettings:
		return Draft{}, fmt.Errorf("mod-settings.dat has more than %d MiB", maxSettings>>20)
	case len(settings) > 0:
		file, err := modsettings.Parse(settings)
		if err != nil {
			return Draft{}, err
		}
		d.Pack.Settings = file.Scopes
		d.Pack.Game = cmp.Or(d.Pack.Game, modinfo.MajorMinor(file.Version))
	default:
		d.remark("There is no mod-settings.dat, so all settings are as they are made.")
	}
	Fit(&d.Pack, "")
	return d, Check(withGame(d.Pack))
}

// merged returns an object with a member more.
func merged(object json.RawMessage, key string, value any) (json.RawMessage, error) {
	member, err := json.Marshal(map[string]any{key: value})
	if err != nil || len(object) == 0 || string(object) == "{}" {
		return member, err
	}
	return append(append(append([]byte{}, member[:len(member)-1]...), ','), object[1:]...), nil
}

package modfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modlist"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/factorio/proptree"
	"mainbus/hostagent/internal/disk"
)

func (f Folder) readList(dir string) (modlist.List, error) {
	data, err := disk.Read(f.path(dir, listFile))
	if errors.Is(err, fs.ErrNotExist) {
		return modlist.List{}, nil
	}
	if err != nil {
		return modlist.List{}, err
	}
	return modlist.Parse(data)
}

func (f Folder) readSettings(dir string) (s modsettings.File, found bool, err error) {
	data, err := disk.Read(f.path(dir, settingsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err == nil {
		s, err = modsettings.Parse(data)
	}
	return s, err == nil, err
}

// Settings returns the mod-settings.dat in the folder, nothing if there is none. One that can't be read is an error.
func (f Folder) Settings() ([]byte, error) {
	s, found, err := f.readSettings(current)
	if err != nil || !found {
		return nil, err
	}
	return s.Bytes()
}

// CheckSettings says that the game of this version would ignore the settings in the folder, which a newer one has written, and take
// defaults instead; nil if it would not.
func (f Folder) CheckSettings(game factorio.Version) error {
	s, found, err := f.readSettings(current)
	if err != nil || !found { // the game complains of what it can't read by itself
		return nil
	}
	if s.Version.Compare(game) <= 0 || empty(s) {
		return nil
	}
	return fmt.Errorf("mod-settings.dat in the mods folder was written by Factorio %s, and %s would ignore it without a word and give all mods their default settings: "+
		"set the version of this instance to %s or newer, or move the file away if defaults will do", s.Version, game, s.Version)
}

// empty tells that a file sets nothing, as that of a game without mods.
func empty(s modsettings.File) bool {
	for _, scope := range s.Scopes {
		if settings, ok := scope.Value.(proptree.Dictionary); !ok || len(settings) > 0 {
			return false
		}
	}
	return true
}

// Amiss says what in the folder is not as the set wants it, empty if all is.
func (f Folder) Amiss(s Set, game factorio.Version) string {
	record := f.readRecord(current)
	if record == nil || record.Set != s.Hash {
		return "another set is there"
	}
	if why := f.damaged(record); why != "" {
		return why
	}
	list, err := f.readList(current)
	if err != nil {
		return err.Error()
	}
	for _, m := range s.GetMods() {
		line := list.Get(m.GetName())
		switch {
		case line == nil && m.GetEnabled() || line == nil && m.GetBuiltin(): // unknown ones are enabled, or switched off by the game's settings
			return m.GetName() + " is not in " + listFile
		case line != nil && line.Enabled != m.GetEnabled():
			return m.GetName() + " was switched in " + listFile
		case line != nil && Needs(m) && line.Version != "" && line.Version != m.GetVersion():
			return "another version of " + m.GetName() + " was pinned in " + listFile
		}
	}
	return f.settingsAmiss(s, game)
}

// settingsAmiss looks at startup settings only: the others are what a new map begins with.
func (f Folder) settingsAmiss(s Set, game factorio.Version) string {
	now, found, err := f.readSettings(current)
	if err != nil {
		return err.Error()
	}
	if found && now.Version.Compare(game) > 0 && !empty(now) {
		return settingsFile + " is of a newer game"
	}
	if len(s.GetSettings()) == 0 {
		return ""
	}
	wanted, err := modsettings.Parse(s.GetSettings())
	if err != nil {
		return "" // Check has said so
	}
	if !found {
		return settingsFile + " is gone"
	}
	node, _ := wanted.Scopes.Get(modsettings.Startup)
	startup, _ := node.Value.(proptree.Dictionary)
	for _, setting := range startup {
		want, _ := wanted.Get(modsettings.Startup, setting.Key)
		// One that is missing has been dropped by the game, which does not know it.
		if got, ok := now.Get(modsettings.Startup, setting.Key); ok && !sameValue(got, want) {
			return "the setting " + setting.Key + " was changed in " + settingsFile
		}
	}
	return ""
}

// sameValue compares numbers whatever type they are stored as: the game writes them as its version does.
func sameValue(a, b any) bool {
	x, xNumber := number(a)
	y, yNumber := number(b)
	if xNumber && yNumber {
		return x == y
	}
	c, cDict := a.(proptree.Dictionary)
	d, dDict := b.(proptree.Dictionary)
	if !cDict || !dDict {
		return !cDict && !dDict && a == b
	}
	if len(c) != len(d) {
		return false
	}
	for _, e := range c {
		other, ok := d.Get(e.Key)
		if !ok || !sameValue(e.Value, other.Value) {
			return false
		}
	}
	return true
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	}
	return 0, false
}

// Strangers are mods in the folder that are not of its set, and PutAside moves them away.
func (f Folder) Strangers() ([]string, error) { return f.strangers(current, f.readRecord(current)) }

// PutAside moves mods out of the folder, into one beside it where nothing removes them.
func (f Folder) PutAside(names []string) error { return f.putAside(current, names) }

// Told is a list of names for people, the first of many.
func Told(names []string) string {
	if more := len(names) - maxNamesTold; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNamesTold], ", "), more)
	}
	return strings.Join(names, ", ")
}

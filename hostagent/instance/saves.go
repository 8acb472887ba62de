package instance

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/patch"
	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/savefiles"
)

const maxSaveName = 60

type saveFile struct {
	path     string
	modified time.Time
}

// listSaves returns the saves in dir, newest first, without the unfinished ones that a killed game leaves behind and the hidden
// ones that are none: a Mac writes ._alpha.zip beside alpha.zip on disks of other systems.
func listSaves(dir string) ([]saveFile, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list saves: %w", err)
	}
	var list []saveFile
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || !savefiles.IsSave(entry.Name()) {
			continue
		}
		list = append(list, saveFile{filepath.Join(dir, entry.Name()), info.ModTime()})
	}
	slices.SortStableFunc(list, func(a, b saveFile) int { return cmp.Or(b.modified.Compare(a.modified), cmp.Compare(a.path, b.path)) })
	return list, nil
}

// chosen is the save that a start begins with.
type chosen struct {
	path     string
	version  factorio.Version // of the game that wrote it
	world    string           // as the save tells; empty if it never ran with the module
	proposed string           // id that an earlier start wrote into a save which has not been saved by the game since
}

// chooseSave returns the newest save of the world, or the newest of all where no world is known or none of it is left.
// A save that can't be read, or is in damaged already, is passed over and put into damaged. ok is false if there is no save.
func chooseSave(dir, world string, damaged map[string]bool, log *slog.Logger) (c chosen, ok bool, err error) {
	list, err := listSaves(dir)
	if err != nil {
		return chosen{}, false, err
	}
	var newest *chosen
	for _, s := range list {
		if damaged[s.path] {
			continue
		}
		c, err := examine(s.path)
		if err != nil {
			log.Warn("passed over a save that can't be read", "save", s.path, "err", err)
			damaged[s.path] = true
			continue
		}
		if world == "" || c.world == world {
			return c, true, nil
		}
		if newest == nil {
			newest = &c
		}
	}
	switch {
	case len(list) == 0:
		return chosen{}, false, nil
	case newest == nil:
		return chosen{}, false, fmt.Errorf("none of the saves in %s can be read: put a good one there, or move them away to begin a new map", dir)
	case len(damaged) > 0: // one of them may be this world's: another world must not take its place unasked
		return chosen{}, false, fmt.Errorf("no save of this world in %s can be read: put a good one there, or move damaged ones away to go on with another world", dir)
	}
	return *newest, true, nil
}

// examine finds out which world is in a save without loading it.
func examine(path string) (chosen, error) {
	archive, err := save.Open(path)
	if err != nil {
		return chosen{}, err
	}
	defer archive.Close()
	header, err := archive.Header()
	if err != nil {
		return chosen{}, err
	}
	known, _, err := readAccounts(archive)
	if err != nil {
		return chosen{}, err
	}
	c := chosen{path: path, version: header.Version, world: known.world}
	if c.world == "" {
		c.proposed, err = patch.Proposed(archive)
	}
	return c, err
}

// saveName makes an instance's name into a file name that every system takes and that the game does not use itself.
func saveName(name, id string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_':
			return r
		case r < ' ':
			return -1
		}
		return '-'
	}, name)
	clean = strings.Trim(clean, "-")
	clean = clean[:min(len(clean), maxSaveName)]
	if strings.Trim(clean, "-_") == "" || strings.HasPrefix(clean, "_") || savefiles.IsDevice(clean) {
		return "world-" + id
	}
	return clean
}

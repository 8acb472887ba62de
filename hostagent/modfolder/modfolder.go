// Package modfolder puts sets of mods into the mods folder of an instance, as a whole or not at all, and looks at what lies there. It is
// called while no game uses the folder, which rewrites its lists when it ends. It starts no goroutines.
//
// A set is made ready beside the folder and takes its place by renaming, so that whatever ends the program leaves the old or the new
// set there; Recover finishes what was begun. docs/mods.md has the folders and what a crash leaves between any two steps.
package modfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mainbus/hostagent/internal/disk"
)

// The folders beside each other in that of the instance.
const (
	current  = "mods"
	staged   = "mods.staged"   // made ready
	replaced = "mods.replaced" // what was current, until it is known what becomes of it
	former   = "mods.former"   // what an undo goes back to
	retired  = "mods.retired"  // what is removed, but for what is nobody's
	aside    = "mods.aside-"   // with a time behind it: what nobody has asked to be removed
)

// The files in each that are no mods.
const (
	listFile     = "mod-list.json"
	settingsFile = "mod-settings.dat"
	recordFile   = "mainbus-set.json" // the game looks at zips, folders and its own two files only
)

const (
	maxEntries   = 20_000
	asideStamp   = "20060102-150405"
	maxAsideTry  = 1000
	maxNamesTold = 5
)

// Folder is an instance's folder, an absolute path.
type Folder string

func (f Folder) path(parts ...string) string {
	return filepath.Join(append([]string{string(f)}, parts...)...)
}

// A Record says which set lies in a folder. It is in that folder, so that both are one.
type Record struct {
	Set   string       `json:"set"`   // hash
	Label string       `json:"label"` // for people: pack and revision
	Game  string       `json:"game"`  // version of the game that the settings were written for
	At    time.Time    `json:"at"`
	Files []RecordFile `json:"files"` // zips of the set
}

// RecordFile is one zip of a set.
type RecordFile struct {
	File    string `json:"file"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
}

// Has tells whether a file is the set's own.
func (r *Record) Has(file string) bool {
	if r == nil {
		return false
	}
	for _, own := range r.Files {
		if own.File == file {
			return true
		}
	}
	return false
}

// readRecord returns nil for a folder that holds no set, or is not there. A record that can't be read is as none: then nothing in the
// folder is ours to remove.
func (f Folder) readRecord(dir string) *Record {
	var r Record
	if err := disk.ReadJSON(f.path(dir, recordFile), &r); err != nil || r.Set == "" {
		return nil
	}
	return &r
}

// State is what lies in the folder, and what an undo goes back to.
type State struct {
	Applied   *Record // nil: what is there is of no set
	Whole     bool    // all files of Applied are there, as large as they were
	Former    *Record // nil: the same, if HasFormer
	HasFormer bool
}

// State reads it.
func (f Folder) State() State {
	s := State{Applied: f.readRecord(current), Former: f.readRecord(former), HasFormer: f.is(former)}
	s.Whole = s.Applied != nil && f.damaged(s.Applied) == ""
	return s
}

// damaged says which file of the set in the folder is not as it was, empty if all are.
func (f Folder) damaged(record *Record) string {
	for _, own := range record.Files {
		info, err := os.Lstat(f.path(current, own.File))
		switch {
		case err != nil:
			return own.File + " is gone"
		case !info.Mode().IsRegular() || info.Size() != own.Size:
			return own.File + " was changed"
		}
	}
	return ""
}

func (f Folder) is(dir string) bool {
	_, err := os.Lstat(f.path(dir))
	return err == nil
}

// step is called before each step that changes the disk. Tests end the program in it.
var step = func(string) {}

func (f Folder) rename(from, to string) error {
	step("rename " + from + " to " + to)
	if err := os.Rename(f.path(from), f.path(to)); err != nil {
		return fmt.Errorf("change the mods folder: %w", err)
	}
	return nil
}

func (f Folder) remove(dir string) error {
	if !f.is(dir) {
		return nil
	}
	step("remove " + dir)
	if err := os.RemoveAll(f.path(dir)); err != nil {
		return fmt.Errorf("change the mods folder: %w", err)
	}
	return nil
}

// Swap puts what was staged in the place of what is there, which becomes the former set. If it is the same set once more, because
// something was amiss with it, the former one stays what it was. It is called after Stage, and after Recover if that was not called since.
func (f Folder) Swap() error {
	ready := f.readRecord(staged)
	if ready == nil {
		return errors.New("change the mods folder: nothing is staged")
	}
	to := replaced
	if now := f.readRecord(current); now != nil && now.Set == ready.Set {
		to = retired
	}
	if f.is(current) {
		if err := f.rename(current, to); err != nil {
			return err
		}
	}
	if err := f.rename(staged, current); err != nil {
		return err
	}
	return f.settle()
}

// Back exchanges what is there with the former set.
func (f Folder) Back() error {
	if !f.is(former) {
		return errors.New("there is no former set of mods to go back to")
	}
	if err := f.remove(staged); err != nil {
		return err
	}
	if err := f.rename(current, replaced); err != nil {
		return err
	}
	if err := f.rename(former, current); err != nil {
		return err
	}
	return f.settle()
}

// Recover finishes, or takes back, what an earlier life of the program has begun.
func (f Folder) Recover() error {
	if !f.is(current) {
		// What was there has been moved away, and nothing has come yet.
		moved := f.is(replaced) || f.is(retired)
		var from string
		switch {
		case moved && f.readRecord(staged) != nil:
			from = staged
		case f.is(replaced):
			from = replaced
		case f.is(retired):
			from = retired
		}
		if from != "" {
			if err := f.rename(from, current); err != nil {
				return err
			}
		}
	}
	if err := f.remove(staged); err != nil {
		return err
	}
	return f.settle()
}

// settle gives what was replaced its place, and removes what is older. It can be called again wherever it has ended.
func (f Folder) settle() error {
	if err := f.clearRetired(); err != nil || !f.is(replaced) {
		return err
	}
	if f.is(former) {
		if err := f.rename(former, retired); err != nil {
			return err
		}
	}
	if err := f.rename(replaced, former); err != nil {
		return err
	}
	return f.clearRetired()
}

// clearRetired removes an old set. What is not of the set is put aside, unless it is in the folder still: somebody has put it there, and may
// want it.
func (f Folder) clearRetired() error {
	if !f.is(retired) {
		return nil
	}
	record := f.readRecord(retired)
	strange, err := f.strangers(retired, record)
	if err != nil {
		return err
	}
	if info, err := os.Lstat(f.path(retired)); err == nil && !info.IsDir() || record == nil && len(strange) > 0 {
		to, err := f.newAside(false)
		if err != nil {
			return err
		}
		return f.rename(retired, to)
	}
	strange = slices.DeleteFunc(strange, func(name string) bool { return f.same(filepath.Join(retired, name), filepath.Join(current, name)) })
	if err := f.putAside(retired, strange); err != nil {
		return err
	}
	return f.remove(retired)
}

// same reports whether two names are those of one file.
func (f Folder) same(one, other string) bool {
	a, err := os.Lstat(f.path(one))
	b, err2 := os.Lstat(f.path(other))
	return err == nil && err2 == nil && os.SameFile(a, b)
}

// strangers are the mods, zips and folders, in dir that are not of the set that the record tells: also a file of the set that is another
// size than it was.
func (f Folder) strangers(dir string, record *Record) ([]string, error) {
	entries, err := os.ReadDir(f.path(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at the mods folder: %w", err)
	}
	if len(entries) > maxEntries {
		return nil, fmt.Errorf("there are more than %d files in %s", maxEntries, f.path(dir))
	}
	sizes := map[string]int64{}
	if record != nil {
		for _, own := range record.Files {
			sizes[own.File] = own.Size
		}
	}
	var names []string
	for _, e := range entries {
		if !isMod(e) {
			continue
		}
		if size, own := sizes[e.Name()]; own {
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() && info.Size() == size {
				continue
			}
		}
		names = append(names, e.Name())
	}
	return names, nil
}

// isMod tells what the game looks at: zips and folders, also by a link.
func isMod(e fs.DirEntry) bool {
	name := e.Name()
	return !strings.HasPrefix(name, ".") && (e.IsDir() || e.Type()&fs.ModeSymlink != 0 || strings.EqualFold(filepath.Ext(name), ".zip"))
}

// putAside moves files out of a folder, to where nothing looks at them and nothing removes them.
func (f Folder) putAside(dir string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	to, err := f.newAside(true)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := f.rename(filepath.Join(dir, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

// newAside returns the name of a folder that is not there, or makes it.
func (f Folder) newAside(made bool) (string, error) {
	stamp := aside + time.Now().Format(asideStamp)
	name := stamp
	for n := range maxAsideTry {
		if n > 0 {
			name = fmt.Sprintf("%s-%d", stamp, n)
		}
		if f.is(name) {
			continue
		}
		if !made {
			return name, nil
		}
		err := os.Mkdir(f.path(name), 0o700)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("put mods aside: %w", err)
		}
		return name, nil
	}
	return "", fmt.Errorf("put mods aside: there are too many folders like %s", stamp)
}

// Aside are the folders with what was put aside, the newest first.
func (f Folder) Aside() []string {
	entries, _ := os.ReadDir(string(f)) // there may be no folder yet
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), aside) {
			names = append([]string{e.Name()}, names...)
		}
	}
	return names
}

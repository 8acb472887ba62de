package instance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/internal/disk"
	"mainbus/hostagent/savefiles"
	"mainbus/transport/wire"
)

const filesPatience = 10 * time.Second // for somebody else's work on the saves

// What is done with the saves of an instance while its game may run: what only reads a save, and what makes one under a new name,
// is always possible, since the game replaces saves as a whole and looks at no other. The save that a running game writes to keeps its name and its place.
// While a game is being started, all of them do.
var (
	// ErrBusy says that a save can't be changed at this moment.
	ErrBusy = errors.New("the instance is being started, or its saves are being worked on: try again in a moment")
	errUse  = errors.New("there is no such thing to do with a save")
)

// files lets one at a time change the saves of an instance: whoever starts its game, or does what somebody asked for.
type files chan struct{}

func newFiles() files { return make(files, 1) }

func (f files) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case f <- struct{}{}:
		return func() { <-f }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (f folder) nextFile() string { return f.path(".mainbus", "next.json") }

// next is the save that somebody has chosen for the next start.
type next struct {
	Save string `json:"save"`
}

func (f folder) next() (string, error) {
	var n next
	err := disk.ReadJSONIfAny(f.nextFile(), &n)
	if err == nil && n.Save != "" {
		err = savefiles.CheckName(n.Save)
	}
	return n.Save, err
}

func (f folder) setNext(name string) error {
	if name == "" {
		err := os.Remove(f.nextFile())
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if err := os.MkdirAll(f.ours(), 0o700); err != nil {
		return err
	}
	return disk.WriteJSON(f.nextFile(), next{name})
}

// looks remembers what was found in saves, by path, as long as they do not change.
type looks struct {
	mu    sync.Mutex
	known map[string]look
}

type look struct {
	size     int64
	modified time.Time
	facts    *wire.SaveFile
}

// at fills in what is in the file.
func (l *looks) at(path string, file savefiles.File) *wire.SaveFile {
	l.mu.Lock()
	known, ok := l.known[path]
	l.mu.Unlock()
	if !ok || known.size != file.Size || !known.modified.Equal(file.Modified) {
		known = look{file.Size, file.Modified, describe(path)}
		l.mu.Lock()
		if l.known == nil || len(l.known) > 4000 {
			l.known = map[string]look{}
		}
		l.known[path] = known
		l.mu.Unlock()
	}
	facts := known.facts
	s := &wire.SaveFile{
		Id: file.ID, Name: file.Name, Size: uint64(file.Size), Saved: file.Modified.Unix(), Reason: file.Reason,
		Autosave: savefiles.IsAutosave(file.Name), Version: facts.Version, Scenario: facts.Scenario, Mods: facts.Mods,
		Tick: facts.Tick, World: facts.World, Problem: facts.Problem,
	}
	if !file.Put.IsZero() {
		s.Put = file.Put.Unix()
	}
	return s
}

// describe reads what a save says of itself.
func describe(path string) *wire.SaveFile {
	s := &wire.SaveFile{}
	archive, err := save.Open(path)
	if err != nil {
		s.Problem = problemOf(err, path)
		return s
	}
	defer archive.Close()
	header, err := archive.Header()
	if err != nil {
		s.Problem = problemOf(err, path)
		return s
	}
	s.Version, s.Scenario = header.LoadedFrom.String(), header.Level
	if header.BaseMod != "" {
		s.Scenario = header.BaseMod + "/" + header.Level
	}
	for _, m := range header.Mods[:min(len(header.Mods), maxModsShown)] {
		s.Mods = append(s.Mods, m.Name+" "+m.Version.String())
	}
	known, _, err := readAccounts(archive)
	if err != nil {
		s.Problem = problemOf(err, path)
	}
	s.Tick, s.World = known.tick, known.world
	return s
}

const (
	maxModsShown = 500
	maxProblem   = 300
	maxShown     = 200 // saves of an area that are looked into
)

// problemOf leaves out the path, which says more of the machine than of the save.
func problemOf(err error, path string) string {
	text := strings.ReplaceAll(err.Error(), path, filepath.Base(path))
	return text[:min(len(text), maxProblem)]
}

// Saves returns all saves, and which of them a start would load.
func (i *Instance) Saves() (*wire.SaveList, error) {
	keep := savefiles.In(i.cfg.Dir)
	list := &wire.SaveList{}
	busy := i.inUse()
	for _, area := range []struct {
		area savefiles.Area
		to   *[]*wire.SaveFile
	}{{savefiles.Live, &list.Saves}, {savefiles.Bin, &list.Bin}, {savefiles.Backups, &list.Backups}} {
		found, err := keep.List(area.area)
		if err != nil {
			return nil, err
		}
		for _, file := range found[:min(len(found), maxShown)] {
			s := i.looks.at(keep.Path(area.area, file.ID), file)
			s.Running = area.area == savefiles.Live && busy.is(file.ID)
			*area.to = append(*area.to, s)
		}
	}
	kept, err := i.folder.kept()
	if err != nil {
		return nil, err
	}
	list.Keep = viewKeep(kept)
	if list.Chosen, err = i.folder.next(); err != nil {
		return nil, err
	}
	list.Next, list.Why = i.folder.wouldLoad(list.Chosen)
	return list, nil
}

// wouldLoad tells which save a start would begin with, and why.
func (f folder) wouldLoad(chosen string) (name, why string) {
	if chosen != "" {
		return chosen, "it was chosen for the next start"
	}
	s, err := f.readState()
	if err != nil {
		return "", err.Error()
	}
	c, ok, err := chooseSave(f.saves(), s.World, map[string]bool{}, slog.New(slog.DiscardHandler))
	switch {
	case err != nil:
		return "", err.Error()
	case !ok:
		return "", "there is no save yet: the first start makes a new map"
	case s.World != "" && (c.world == s.World || c.proposed == s.World):
		return filepath.Base(c.path), "it is the newest save of the world that runs here"
	case s.World != "":
		return filepath.Base(c.path), "it is the newest save; none of the world that ran here is left"
	}
	return filepath.Base(c.path), "it is the newest save"
}

// use says which saves a game needs to find in their places.
type use struct {
	all  bool
	save string
}

func (u use) is(name string) bool { return u.all || u.save != "" && strings.EqualFold(u.save, name) }

func (i *Instance) inUse() use {
	switch o := i.Observed(); o.GetState() {
	case wire.State_STATE_STOPPED, wire.State_STATE_FAILED, wire.State_STATE_UNSPECIFIED:
		return use{}
	default:
		return use{all: o.GetSave() == "", save: o.GetSave()}
	}
}

// lockFiles waits a moment for whoever changes the saves.
func (i *Instance) lockFiles(ctx context.Context) (unlock func(), err error) {
	wait, cancel := context.WithTimeout(ctx, filesPatience)
	defer cancel()
	unlock, err = i.files.lock(wait)
	if err != nil && ctx.Err() == nil {
		err = ErrBusy
	}
	return unlock, err
}

// ChangeSave does something with a save.
func (i *Instance) ChangeSave(ctx context.Context, c *wire.SaveChange) error {
	unlock, err := i.lockFiles(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	keep := savefiles.In(i.cfg.Dir)
	name, to := c.GetSave(), c.GetTo()
	switch c.GetAction() {
	case wire.SaveAction_SAVE_ACTION_RENAME:
		if err := i.mayMove(name); err != nil {
			return err
		}
		if err := keep.Rename(name, to); err != nil {
			return err
		}
		return i.followChoice(name, to)
	case wire.SaveAction_SAVE_ACTION_DELETE:
		if err := i.mayMove(name); err != nil {
			return err
		}
		if err := keep.Delete(name); err != nil {
			return err
		}
		return errors.Join(i.followChoice(name, ""), keep.Sweep(savefiles.Bin, savefiles.BinKeep))
	case wire.SaveAction_SAVE_ACTION_COPY:
		return keep.Copy(savefiles.Live, name, to)
	case wire.SaveAction_SAVE_ACTION_RESTORE:
		return keep.Restore(name, to)
	case wire.SaveAction_SAVE_ACTION_REMOVE:
		area := savefiles.Bin
		if _, err := keep.Find(area, name); err != nil {
			area = savefiles.Backups
		}
		return keep.Remove(area, name)
	case wire.SaveAction_SAVE_ACTION_CHOOSE:
		return i.choose(name)
	case wire.SaveAction_SAVE_ACTION_BACK_UP:
		return i.folder.backUp(name, backupAsked)
	case wire.SaveAction_SAVE_ACTION_KEEP:
		return i.setKept(c.GetKeep())
	case wire.SaveAction_SAVE_ACTION_TAKE_BACKUP:
		return keep.Copy(savefiles.Backups, name, to)
	}
	return errUse
}

func (i *Instance) mayMove(name string) error {
	switch busy := i.inUse(); {
	case busy.all:
		return ErrBusy
	case busy.is(name):
		return savefiles.ErrRunning
	}
	return nil
}

// followChoice keeps the choice for the next start with the file that it means.
func (i *Instance) followChoice(from, to string) error {
	if chosen, err := i.folder.next(); err != nil || chosen != from {
		return err
	}
	return i.folder.setNext(to)
}

func (i *Instance) choose(name string) error {
	if name == "" {
		return i.folder.setNext("")
	}
	if _, err := savefiles.In(i.cfg.Dir).Find(savefiles.Live, name); err != nil {
		return err
	}
	if _, err := examine(filepath.Join(i.folder.saves(), name)); err != nil {
		return fmt.Errorf("the save can't be read: %w", err)
	}
	return i.folder.setNext(name)
}

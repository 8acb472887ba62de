package game

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

type saveKind uint8

const (
	byHand saveKind = iota
	autoSave
	idleSave // the last player left
)

// saveOrder is a save that was asked for and is made at the end of the tick.
type saveOrder struct {
	kind saveKind
	name string // empty is the running save, or the next slot of an autosave
}

// backgroundSave is a save that goes on beside the game.
type backgroundSave struct {
	done chan struct{}
	end  time.Time // once done is closed
}

// snapshot copies the map's state, so that it can be written while the game goes on.
func (s *server) snapshot() (*mapFile, error) {
	data, err := s.world.Save()
	if err != nil {
		return nil, err
	}
	storage, err := s.scripts.Storage()
	if err != nil {
		return nil, err
	}
	content := *s.content
	if content.Level.Life, err = s.life.Save(); err != nil {
		return nil, err
	}
	content.Level.World, content.Storage = data, storage
	content.Header.Version, content.Header.LoadedFrom, content.Header.Build = gameVersion, gameVersion, gameBuild
	content.Header.Mods, content.Header.AllowedCommands = s.mods, commandsHeader(s.settings.AllowCommands)
	content.Header.Settings, content.Header.SettingsChecksum = s.told.Settings.Saved(), s.told.Settings.Checksum()
	return &content, nil
}

// sleepWhileSaving takes the time that a big map would; progress is told once a second.
func sleepWhileSaving(total time.Duration, progress func(percent float64)) {
	for spent := time.Duration(0); spent < total; {
		step := min(time.Second, total-spent)
		time.Sleep(step)
		spent += step
		if progress != nil && spent < total {
			progress(100 * float64(spent) / float64(total))
		}
	}
}

// write is a save that is ready to be written, by any goroutine.
type write struct {
	content *mapFile
	file    string
	takes   time.Duration
	torn    bool // dies in the middle of it
	full    bool // the disk is
}

func (s *server) newWrite(content *mapFile, file string) write {
	s.saves++
	return write{content, file, s.slowSave(), s.knobs.TornSave > 0 && s.saves == s.knobs.TornSave, s.knobs.DiskFull}
}

func (w *write) run() error {
	if w.full {
		return &os.PathError{Op: "write", Path: w.file, Err: syscall.ENOSPC}
	}
	return w.content.write(w.file, w.torn)
}

// finish writes the save and tells so; end is the place in the game's sources.
func (s *server) finish(w write, end string) {
	sleepWhileSaving(w.takes, nil)
	if err := w.run(); err != nil {
		s.saveFailed(w.file, err)
		return
	}
	s.out.Info(end, "Saving finished")
}

// saveNow makes the saves that were asked for in this tick.
func (s *server) saveNow() error {
	orders := s.orders
	s.orders = nil
	for _, order := range orders {
		var err error
		switch {
		case order.kind == autoSave:
			err = s.autosaveAs(order.name)
		case order.kind == idleSave:
			s.out.Info("ServerMultiplayerManager.cpp:1231", "Auto saving map as %s", s.file)
			err = s.saveAs(s.file, "AppManager.cpp:415", "AppManagerStates.cpp:2110")
		case order.name == "":
			err = s.saveAs(s.file, "AppManager.cpp:416", "AppManager.cpp:419")
		default:
			err = s.saveAs(filepath.Join(s.paths.saves(), order.name+".zip"), "AppManager.cpp:416", "AppManager.cpp:419")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// saveAs makes a save while the game stands still. begin and end are the places in the game's sources that tell of it.
func (s *server) saveAs(file, begin, end string) error {
	content, err := s.snapshot()
	if err != nil {
		return err
	}
	s.finishBackgroundSave()
	s.out.Info(begin, "Saving game as %s", file)
	s.finish(s.newWrite(content, file), end)
	return nil
}

// autosaveIfDue makes the autosave that the interval asks for. The next is due an interval after the end of this one.
func (s *server) autosaveIfDue() error {
	if s.saving != nil {
		select {
		case <-s.saving.done:
			s.autosave = s.saving.end.Add(s.autosaveInterval())
			s.saving = nil
		default:
		}
	}
	if s.autosaveInterval() <= 0 || s.world.NoAutosave || s.saving != nil || s.paused() || time.Now().Before(s.autosave) {
		return nil
	}
	err := s.autosaveAs("")
	s.autosave = time.Now().Add(s.autosaveInterval())
	return err
}

// autosaveAs writes a slot, blocking or in the background. The game forks for the latter, on UNIX only.
func (s *server) autosaveAs(name string) error {
	if name == "" {
		name = s.autosaveSlot()
	} else {
		name = "_autosave-" + name
	}
	content, err := s.snapshot()
	if err != nil {
		return err
	}
	s.finishBackgroundSave()
	write := s.newWrite(content, filepath.Join(s.paths.saves(), name+".zip"))
	const end = "AppManagerStates.cpp:2110"
	if !s.settings.NonBlockingSaving || runtime.GOOS == "windows" {
		s.out.Info("AppManager.cpp:323", "Saving to %s (blocking).", name)
		s.finish(write, end)
		return nil
	}
	s.out.Info("AppManager.cpp:323", "Saving to %s (non-blocking).", name)
	s.saving = &backgroundSave{done: make(chan struct{})}
	go func(b *backgroundSave) { // finishBackgroundSave waits for it before the next save and before the end
		defer close(b.done)
		s.finish(write, end)
		b.end = time.Now()
	}(s.saving)
	return nil
}

// finishBackgroundSave waits for a save that goes on in the background: there is one at a time.
func (s *server) finishBackgroundSave() {
	if s.saving != nil {
		<-s.saving.done
		s.autosave = s.saving.end.Add(s.autosaveInterval())
		s.saving = nil
	}
}

// autosaveSlot is the first unused slot, else the oldest.
func (s *server) autosaveSlot() string {
	oldest, oldestTime := "", time.Time{}
	for i := 1; i <= max(1, s.settings.AutosaveSlots); i++ {
		name := fmt.Sprintf("_autosave%d", i)
		info, err := os.Stat(filepath.Join(s.paths.saves(), name+".zip"))
		if err != nil {
			return name
		}
		if oldest == "" || info.ModTime().Before(oldestTime) {
			oldest, oldestTime = name, info.ModTime()
		}
	}
	return oldest
}

// validSaveName says whether a save may be given that name by hand.
func validSaveName(name string) bool {
	return filepath.IsLocal(name) && filepath.Base(name) == name && !strings.HasPrefix(name, "_autosave")
}

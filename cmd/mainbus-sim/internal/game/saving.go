package game

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// saveOrder is a save that was asked for and is made at the end of the tick.
type saveOrder struct {
	name string // empty is the running save, or the next slot of an autosave
	auto bool
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
	content.World, content.Storage = data, storage
	content.Header.Version, content.Header.LoadedFrom, content.Header.Build = gameVersion, gameVersion, gameBuild
	content.Header.Mods = s.mods
	return &content, nil
}

// sleepWhileSaving takes the time that a big map would; progress is told once a second.
func (s *server) sleepWhileSaving(progress func(percent float64)) {
	total := s.knobs.slowSave()
	for spent := time.Duration(0); spent < total; {
		step := min(time.Second, total-spent)
		time.Sleep(step)
		spent += step
		if progress != nil && spent < total {
			progress(100 * float64(spent) / float64(total))
		}
	}
}

// saveNow makes the saves that were asked for in this tick.
func (s *server) saveNow() error {
	orders := s.orders
	s.orders = nil
	for _, order := range orders {
		var err error
		if order.auto {
			err = s.autosave(order.name)
		} else {
			err = s.saveAs(order.name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *server) saveAs(name string) error {
	file := s.file
	if name != "" {
		file = filepath.Join(s.paths.saves(), name+".zip")
	}
	content, err := s.snapshot()
	if err != nil {
		return err
	}
	s.finishBackgroundSave()
	s.out.info("AppManager.cpp:416", "Saving game as %s", file)
	s.sleepWhileSaving(nil)
	if err := content.write(file); err != nil {
		s.saveFailed(file, err)
		return nil
	}
	s.out.info("AppManager.cpp:419", "Saving finished")
	return nil
}

// autosave writes a slot, blocking or in the background. The game forks for the latter, on UNIX only.
func (s *server) autosave(name string) error {
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
	file := filepath.Join(s.paths.saves(), name+".zip")
	write := func() {
		s.sleepWhileSaving(nil)
		if err := content.write(file); err != nil {
			s.saveFailed(file, err)
			return
		}
		s.out.info("AppManagerStates.cpp:2110", "Saving finished")
	}
	if !s.settings.NonBlockingSaving || runtime.GOOS == "windows" {
		s.out.info("AppManager.cpp:323", "Saving to %s (blocking).", name)
		write()
		return nil
	}
	s.out.info("AppManager.cpp:323", "Saving to %s (non-blocking).", name)
	s.background.Go(write)
	return nil
}

// finishBackgroundSave waits for a save that goes on in the background: there is one at a time.
func (s *server) finishBackgroundSave() { s.background.Wait() }

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

func (s *server) autosaveInterval() time.Duration {
	if s.knobs.AutosaveSeconds > 0 {
		return time.Duration(s.knobs.AutosaveSeconds * float64(time.Second))
	}
	return time.Duration(s.settings.AutosaveInterval) * time.Minute
}

// validSaveName says whether a save may be given that name by hand.
func validSaveName(name string) bool {
	return filepath.IsLocal(name) && filepath.Base(name) == name && !strings.HasPrefix(name, "_autosave")
}

package instance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/console"
	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/savefiles"
	"mainbus/transport/wire"
)

const (
	maxLoadLog = 16 << 20 // bytes of a log in which the game tells what it has loaded
	maxSaved   = 5000     // mods of a save
)

// Mods tells what lies in the mods folder.
func (i *Instance) Mods() (*wire.InstanceMods, error) {
	o := i.Observed()
	version, _ := factorio.ParseVersion(o.GetGameVersion()) // zero: not known
	answer, err := i.folder.modFolder().Look(version)
	if err != nil {
		return nil, err
	}
	answer.State = o.GetMods()
	loaded, unchanged, err := i.folder.loadedMods()
	if err != nil {
		i.log.Warn("what mods the game has loaded can't be read from its log", "err", err)
	}
	for _, m := range answer.Mods {
		if l, ok := loaded[m.Name]; ok && m.Used && (l.version == m.Version || l.version == "" && unchanged) {
			m.Crc, m.CrcKnown = l.crc, true
		}
	}
	return answer, nil
}

// ModSettings returns the mod-settings.dat in the mods folder, nothing if there is none.
func (i *Instance) ModSettings() ([]byte, error) { return i.folder.modFolder().Settings() }

// loadedMod is a mod as the newest run of the game has loaded it.
type loadedMod struct {
	version string // empty: it has no data stage, in which the game tells it
	crc     uint32
}

// loadedMods reads the log of the newest run up to where all mods are loaded, and tells whether the mods folder is as it was then: sets
// are put there between two runs only.
func (f folder) loadedMods() (mods map[string]loadedMod, unchanged bool, err error) {
	log, err := os.Open(f.path(currentLog))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer log.Close()
	info, err := log.Stat()
	if err != nil {
		return nil, false, err
	}
	record := f.modFolder().State().Applied
	unchanged = record == nil || !record.At.After(info.ModTime())
	loaded := map[string]loadedMod{}
	var follower console.Follower
	lines := bufio.NewScanner(io.LimitReader(log, maxLoadLog))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		for _, entry := range follower.Feed(lines.Text()) {
			switch e := entry.Event; e.Kind {
			case console.LoadingMod:
				l := loaded[e.Name]
				l.version = e.Version.String()
				loaded[e.Name] = l
			case console.Checksum:
				l := loaded[e.Name]
				l.crc = e.CRC
				loaded[e.Name] = l
			case console.Initialised:
				return loaded, unchanged, nil
			}
		}
	}
	return nil, false, lines.Err()
}

// SaveMods tells with which mods a save was played last. An empty name stands for the save that a start would load.
func (i *Instance) SaveMods(name string) (*wire.SaveMods, error) {
	if name == "" {
		next, err := i.folder.next()
		if err != nil {
			return nil, err
		}
		if name, _ = i.folder.wouldLoad(next); name == "" {
			return &wire.SaveMods{}, nil
		}
	} else if _, err := savefiles.In(i.cfg.Dir).Find(savefiles.Live, name); err != nil {
		return nil, err
	}
	path := filepath.Join(i.folder.saves(), name)
	archive, err := save.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %s", name, problemOf(err, path))
	}
	defer archive.Close()
	header, err := archive.Header()
	if err != nil {
		return nil, fmt.Errorf("read %s: %s", name, problemOf(err, path))
	}
	answer := &wire.SaveMods{Save: name, Version: header.LoadedFrom.String()}
	for _, m := range header.Mods[:min(len(header.Mods), maxSaved)] {
		answer.Mods = append(answer.Mods, &wire.InstalledMod{Name: m.Name, Version: m.Version.String(), Enabled: true, Crc: m.CRC, CrcKnown: true})
	}
	return answer, nil
}

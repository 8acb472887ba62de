package instance

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mainbus/hostagent/internal/disk"
	"mainbus/hostagent/savefiles"
	"mainbus/transport/wire"
)

const (
	maxKeepCount = 1000
	maxKeepDays  = 3650
)

// Reasons of backups.
const (
	backupAsked  = "asked"
	backupStart  = "start"  // a start replaces the save
	backupUpdate = "update" // another version of the game loads it for the first time
	backupMods   = "mods"   // other mods do
)

func (f folder) keepFile() string { return f.path(".mainbus", "keep.json") }

// kept is what the owner wants to be kept of backups, of each reason; zero fields bound nothing.
type kept struct {
	Count int   `json:"count"`
	Days  int   `json:"days"`
	Bytes int64 `json:"bytes"`
}

func (f folder) kept() (savefiles.Keep, error) {
	k := kept{savefiles.BackupKeep.Count, int(savefiles.BackupKeep.Age / (24 * time.Hour)), savefiles.BackupKeep.Bytes}
	err := disk.ReadJSONIfAny(f.keepFile(), &k)
	return savefiles.Keep{Count: k.Count, Age: time.Duration(k.Days) * 24 * time.Hour, Bytes: k.Bytes, Least: 1}, err
}

func viewKeep(k savefiles.Keep) *wire.BackupKeep {
	return &wire.BackupKeep{Count: uint32(k.Count), Days: uint32(k.Age / (24 * time.Hour)), Bytes: uint64(k.Bytes)}
}

func (i *Instance) setKept(k *wire.BackupKeep) error {
	if k == nil || k.GetCount() > maxKeepCount || k.GetDays() > maxKeepDays || k.GetBytes() > 1<<50 {
		return fmt.Errorf("of backups up to %d, up to %d days old, can be kept", maxKeepCount, maxKeepDays)
	}
	if err := os.MkdirAll(i.folder.ours(), 0o700); err != nil {
		return err
	}
	if err := disk.WriteJSON(i.folder.keepFile(), kept{int(k.GetCount()), int(k.GetDays()), int64(k.GetBytes())}); err != nil {
		return err
	}
	return i.folder.sweepBackups()
}

func (f folder) sweepBackups() error {
	keep, err := f.kept()
	if err != nil {
		return err
	}
	return savefiles.In(string(f)).Sweep(savefiles.Backups, keep)
}

// backUp is called with the files locked.
func (f folder) backUp(name, reason string) error {
	if _, err := savefiles.In(string(f)).BackUp(name, reason); err != nil {
		return err
	}
	return f.sweepBackups()
}

// backUpNext makes a backup of the save that a start would load, before something is done that might harm its world, unless it is one
// already. Without a save there is nothing to do. It is called with the files locked.
func (f folder) backUpNext(reason string) error {
	chosen, err := f.next()
	if err != nil {
		return err
	}
	name, _ := f.wouldLoad(chosen)
	if name == "" {
		return nil
	}
	if _, err := savefiles.In(string(f)).Secure(name, reason); err != nil {
		return fmt.Errorf("make a backup of %s: %w", name, err)
	}
	return f.sweepBackups()
}

// secure keeps what a start is about to replace or to load with another version of the game. A file that is there already as a
// backup is not kept twice.
func (l *launch) secure(source chosen, target string) error {
	keep := savefiles.In(string(l.folder))
	backUp := func(path, reason string) error {
		if _, err := os.Stat(path); err != nil {
			return nil // nothing is replaced
		}
		if _, err := keep.Secure(filepath.Base(path), reason); err != nil {
			return fmt.Errorf("keep %s before the start changes it: %w", filepath.Base(path), err)
		}
		return nil
	}
	if source.version.Compare(l.game.Version) < 0 {
		if err := backUp(source.path, backupUpdate); err != nil {
			return err
		}
	}
	if err := backUp(target, backupStart); err != nil {
		return err
	}
	return l.folder.sweepBackups()
}

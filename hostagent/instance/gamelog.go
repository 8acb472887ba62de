package instance

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	currentLog  = "factorio-current.log"
	previousLog = "factorio-previous.log"

	logKept    = 64 << 20  // bytes of a run's log that outlive it, the newest
	logLimit   = 256 << 20 // of a log that is written: where its beginning can't be freed a warning is shown from here on
	oldLogs    = 10        // kept in .mainbus/logs beside those two
	oldLogSize = 256 << 20 // of all of them
)

func (f folder) logs() string { return f.path(".mainbus", "logs") }

// rotateLogs is called while no game runs. The game itself renames the log of the run before when it starts, over the one before that:
// this one is kept, the oldest are removed, and of a very long one the end is.
func (f folder) rotateLogs() error {
	if err := keepEnd(f.path(currentLog), logKept); err != nil {
		return fmt.Errorf("shorten the game's log: %w", err)
	}
	previous := f.path(previousLog)
	info, err := os.Stat(previous)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.MkdirAll(f.logs(), 0o700)
	}
	if err == nil {
		err = keepEnd(previous, logKept)
	}
	if err == nil {
		err = os.Rename(previous, filepath.Join(f.logs(), "factorio-"+info.ModTime().UTC().Format("20060102-150405.000")+".log"))
	}
	if err == nil {
		err = f.removeOldLogs()
	}
	if err != nil {
		return fmt.Errorf("keep the game's older log: %w", err)
	}
	return nil
}

func (f folder) removeOldLogs() error {
	entries, err := os.ReadDir(f.logs()) // by name: the oldest first
	if err != nil {
		return err
	}
	kept, size := 0, int64(0)
	for _, entry := range slices.Backward(entries) {
		info, err := entry.Info()
		if err != nil || !strings.HasPrefix(entry.Name(), "factorio-") {
			continue
		}
		kept, size = kept+1, size+info.Size()
		if kept > oldLogs || size > oldLogSize {
			if err := os.Remove(filepath.Join(f.logs(), entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepEnd shortens a file that nobody writes to its last size bytes.
func keepEnd(path string, size int64) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.Size() <= size {
		return err
	}
	short, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(short.Name())
	_, err = io.Copy(short, io.NewSectionReader(file, info.Size()-size, size))
	file.Close() // Windows renames over no open file
	if err = errors.Join(err, short.Close()); err == nil {
		err = os.Chtimes(short.Name(), time.Time{}, info.ModTime())
	}
	if err == nil {
		err = os.Rename(short.Name(), path)
	}
	return err
}

// boundLog keeps the log of a game that runs from filling the disk. The game has it open and writes on where it was, so it can't be
// cut off; where the system can, the place that its beginning takes is freed. It returns a warning where it can't.
func (f folder) boundLog(limit, kept int64) string {
	path := f.path(currentLog)
	info, err := os.Stat(path)
	if err != nil || info.Size() <= limit {
		return ""
	}
	if err := freeBeginning(path, info.Size()-kept); err == nil {
		return ""
	}
	return fmt.Sprintf("The game's log has grown to %d MiB; it is made smaller when the game starts anew.", info.Size()>>20)
}

package instance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/savefiles"
)

const staleAfter = 24 * time.Hour // for what nobody has gone on with

// Snapshot makes a save stay as it is while it is sent, though the game may replace it. Release has to be called.
func (i *Instance) Snapshot(area, id string) (path string, release func(), err error) {
	a := savefiles.Area(area)
	if a != savefiles.Live && a != savefiles.Backups {
		if area != "bin" {
			return "", nil, fmt.Errorf("there are no saves in %.20q", area)
		}
		a = savefiles.Bin
	}
	keep := savefiles.In(i.cfg.Dir)
	if _, err := keep.Find(a, id); err != nil {
		return "", nil, err
	}
	path, err = keep.Stage("offer-" + randomHex(8) + ".zip")
	if err != nil {
		return "", nil, err
	}
	// A second name for the same file: it stays when the game renames another one over the first. Where there are no second names the
	// file is sent from its place, and if the game replaces it meanwhile the transfer says so.
	if os.Link(keep.Path(a, id), path) != nil {
		return keep.Path(a, id), func() {}, nil
	}
	return path, func() { os.Remove(path) }, nil
}

// Staged returns where a save may arrive that is to be called name, and refuses at once what could not be called so.
func (i *Instance) Staged(key, name string) (string, error) {
	keep := savefiles.In(i.cfg.Dir)
	if err := keep.CheckFree(name); err != nil {
		return "", err
	}
	i.sweepStaging()
	return keep.Stage("take-" + key + ".zip")
}

func (i *Instance) sweepStaging() {
	dir := savefiles.In(i.cfg.Dir).Path(savefiles.Staging, "")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // there is none yet
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > staleAfter {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// AdoptSave gives a file that has arrived its name among the saves, if it is a save and whole.
func (i *Instance) AdoptSave(ctx context.Context, staged, name string) error {
	if err := checkSave(staged); err != nil {
		return errors.Join(fmt.Errorf("what arrived is no save that can be loaded: %s", problemOf(err, staged)), os.Remove(staged))
	}
	unlock, err := i.lockFiles(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return savefiles.In(i.cfg.Dir).Adopt(filepath.Base(staged), name)
}

func checkSave(path string) error {
	archive, err := save.Open(path)
	if err != nil {
		return err
	}
	_, err = archive.Header()
	if err := errors.Join(err, archive.Close()); err != nil {
		return err
	}
	return save.Verify(path)
}

package controller

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"mainbus/controller/api"
	"mainbus/controller/store"
)

// Names in a controller's data folder.
const (
	databaseName = "controller.db"
	backupsName  = "backups"
)

func (c *Controller) backups() string { return filepath.Join(c.cfg.DataDir, backupsName) }

// Restore puts a backup in the place of what a data folder holds. It fails with ErrInUse while a controller runs on it.
// What it replaces becomes a backup itself.
func Restore(dataDir, backup string) (store.Restored, error) {
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return store.Restored{}, fmt.Errorf("restore: %w", err)
	}
	release, err := lock(dataDir)
	if err != nil {
		return store.Restored{}, fmt.Errorf("restore: %w", err)
	}
	defer release()
	return store.Restore(backup, filepath.Join(dataDir, databaseName), filepath.Join(dataDir, backupsName))
}

func (s *service) Backups(context.Context, api.Caller) ([]api.Backup, error) {
	all, err := store.Backups(s.backups())
	if err != nil {
		return nil, err
	}
	list := make([]api.Backup, 0, len(all))
	for _, b := range all {
		list = append(list, viewBackup(b))
	}
	return list, nil
}

func (s *service) BackUp(ctx context.Context, _ api.Caller) (api.Backup, error) {
	b, err := s.store.Backup(ctx, store.Asked)
	if err != nil {
		return api.Backup{}, err
	}
	return viewBackup(b), nil
}

func viewBackup(b store.Backup) api.Backup {
	return api.Backup{Path: b.Path, At: b.At, Reason: string(b.Reason), Bytes: b.Bytes}
}

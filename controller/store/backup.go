package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Reason says why a backup was made; it is part of the file's name.
type Reason string

const (
	Regular         Reason = "regular"   // hourly; thinned by age
	Asked           Reason = "asked"     // somebody wanted it; never removed by itself
	BeforeMigration Reason = "migration" // a newer program changed the form of the tables
	BeforeRestore   Reason = "restore"   // what a restored backup replaced
)

const (
	backupInterval = time.Hour
	keptHours      = 24
	keptDays       = 14
	keptChanges    = 10 // of those before migrations and restores

	backupTime = "20060102-150405" // in UTC
	backupEnd  = ".db"
)

// A Backup is one file in the folder of backups.
type Backup struct {
	Path   string
	At     time.Time
	Reason Reason
	Bytes  int64
}

// snapshot copies a database as it is between two transactions to path, whole and on disk. Nobody is kept from
// writing meanwhile: SQLite's own step-by-step copy starts over with every write and would not end on a busy ledger.
func snapshot(db *sql.Conn, path string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	part := path + ".part"
	if err := os.WriteFile(part, nil, 0o600); err != nil { // the copy keeps the mode of an empty file
		return fmt.Errorf("back up: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(part)
		}
	}()
	if _, err := db.ExecContext(context.Background(), "VACUUM INTO ?", part); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	if err := syncFile(part); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

func backupPath(dir string, at time.Time, why Reason) string {
	return filepath.Join(dir, at.UTC().Format(backupTime)+"-"+string(why)+backupEnd)
}

// Backups lists a folder's backups, the newest first. A folder that is not there has none.
func Backups(dir string) ([]Backup, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list backups: %w", err)
	}
	var all []Backup
	for _, e := range entries {
		stamp, ok := strings.CutSuffix(e.Name(), backupEnd)
		if !ok || len(stamp) < len(backupTime)+2 {
			continue
		}
		at, err := time.Parse(backupTime, stamp[:len(backupTime)])
		info, err2 := e.Info()
		if err != nil || err2 != nil || !info.Mode().IsRegular() {
			continue
		}
		all = append(all, Backup{
			Path: filepath.Join(dir, e.Name()), At: at, Reason: Reason(stamp[len(backupTime)+1:]), Bytes: info.Size(),
		})
	}
	slices.SortFunc(all, func(a, b Backup) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Path, b.Path)) })
	return all, nil
}

// tooMany says which of the backups are kept no longer: of the regular ones the newest of each of the last hours and
// days stays.
func tooMany(newestFirst []Backup, now time.Time) []Backup {
	var gone []Backup
	hours, days, changes := map[time.Time]bool{}, map[time.Time]bool{}, map[Reason]int{}
	for _, b := range newestFirst {
		switch b.Reason {
		case Regular:
			hour, day := b.At.Truncate(time.Hour), b.At.Truncate(24*time.Hour)
			keep := !hours[hour] && now.Sub(b.At) < keptHours*time.Hour || !days[day] && now.Sub(b.At) < keptDays*24*time.Hour
			hours[hour], days[day] = true, true
			if !keep {
				gone = append(gone, b)
			}
		case BeforeMigration, BeforeRestore:
			if changes[b.Reason]++; changes[b.Reason] > keptChanges {
				gone = append(gone, b)
			}
		}
	}
	return gone
}

// Backup implements Store.
func (s *SQLite) Backup(ctx context.Context, why Reason) (Backup, error) {
	conn, err := s.copier.Conn(ctx)
	if err != nil {
		return Backup{}, fmt.Errorf("back up: %w", err)
	}
	defer conn.Close()
	at := time.Now()
	path := backupPath(s.backups, at, why)
	if err := snapshot(conn, path); err != nil {
		return Backup{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return Backup{}, fmt.Errorf("back up: %w", err)
	}
	return Backup{Path: path, At: at.UTC().Truncate(time.Second), Reason: why, Bytes: info.Size()}, nil
}

// KeepBackups makes a backup when the newest regular one is an hour old and removes those that are too many, until ctx
// ends. It tells failed what went wrong and tries again a minute later.
func KeepBackups(ctx context.Context, dir string, take func(context.Context, Reason) (Backup, error), failed func(error)) {
	for {
		wait, err := keepBackups(ctx, dir, time.Now(), take)
		if err != nil {
			if ctx.Err() == nil {
				failed(err)
			}
			wait = time.Minute
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// keepBackups returns how long it is until the next backup is due.
func keepBackups(ctx context.Context, dir string, now time.Time, take func(context.Context, Reason) (Backup, error)) (time.Duration, error) {
	all, err := Backups(dir)
	if err != nil {
		return 0, err
	}
	wait := backupInterval
	newest := slices.IndexFunc(all, func(b Backup) bool { return b.Reason == Regular && !b.At.After(now) })
	if newest >= 0 && now.Sub(all[newest].At) < backupInterval {
		wait -= now.Sub(all[newest].At)
	} else if _, err := take(ctx, Regular); err != nil {
		return 0, err
	}
	var errs []error
	for _, b := range tooMany(all, now) {
		errs = append(errs, os.Remove(b.Path))
	}
	return wait, errors.Join(errs...)
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncFolder makes a new name in a folder last. Windows has no such call and needs none.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

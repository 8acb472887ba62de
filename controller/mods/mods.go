// Package mods keeps mods for the cluster: their files in a folder, named by the hash of their content, with an index in the
// controller's store, and what is known of the mod portal, for search and for solving dependencies, also without internet. It starts no
// goroutine that outlives a call.
package mods

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"mainbus/controller/portal"
	"mainbus/controller/store"
)

const (
	// binKept is how long a deleted mod can be taken out of the bin.
	binKept = 7 * 24 * time.Hour
	// incomingKept is how long an unfinished download is kept to be gone on with.
	incomingKept = 7 * 24 * time.Hour

	incomingFolder = ".incoming"
	portalFolder   = ".portal"
	zipEnd         = ".zip"
)

// Config is what Open needs.
type Config struct {
	Dir    string // folder of the files, made when it is needed
	Index  store.Mods
	Portal *portal.Client
	Log    *slog.Logger
}

// Library is the stored mods and what is known of the portal's. Its methods may be called from any goroutine.
type Library struct {
	dir    string
	index  store.Mods
	portal *portal.Client
	log    *slog.Logger
	now    func() time.Time

	change   sync.Mutex // held while files or rows of the index come and go
	problems struct {
		sync.Mutex
		found []string
	}
	downloading struct {
		sync.Mutex
		files map[string]chan struct{} // closed when nobody downloads the file any more
	}
	list    list
	details details
}

var _ Catalogue = (*Library)(nil)

// Open opens the folder of mods, and mends what a program that was killed may have left: files that nobody finished are removed, whole
// ones without a row get one, and rows without a file are told by Problem.
func Open(ctx context.Context, cfg Config) (*Library, error) {
	l := &Library{dir: cfg.Dir, index: cfg.Index, portal: cfg.Portal, log: cfg.Log, now: time.Now}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	l.details.l, l.list.l = l, l
	l.downloading.files = map[string]chan struct{}{}
	if err := os.MkdirAll(l.incoming(), 0o700); err != nil {
		return nil, fmt.Errorf("open the mods: %w", err)
	}
	if err := l.mend(ctx); err != nil {
		return nil, fmt.Errorf("open the mods: %w", err)
	}
	return l, nil
}

func (l *Library) incoming() string { return filepath.Join(l.dir, incomingFolder) }

// Path is the file of a stored mod. It must not be changed.
func (l *Library) Path(sha256 string) string { return filepath.Join(l.dir, sha256+zipEnd) }

// Mods returns the index, those in the bin too.
func (l *Library) Mods(ctx context.Context) ([]store.Mod, error) { return l.index.Mods(ctx, "") }

// Mod returns one stored mod; store.ErrNotFound: there is none, or it is in the bin.
func (l *Library) Mod(ctx context.Context, name, version string) (store.Mod, error) {
	m, err := l.row(ctx, name, version)
	if err == nil && !m.DeletedAt.IsZero() {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Mod{}, fmt.Errorf("mod %s %s: %w", name, version, err)
	}
	return m, nil
}

func (l *Library) row(ctx context.Context, name, version string) (store.Mod, error) {
	rows, err := l.index.Mods(ctx, name)
	if err != nil {
		return store.Mod{}, err
	}
	for _, m := range rows {
		if m.Version == version {
			return m, nil
		}
	}
	return store.Mod{}, store.ErrNotFound
}

// Problem says why a stored mod can't be used, empty if nothing is known against it.
func (l *Library) Problem(m store.Mod) string {
	switch info, err := os.Stat(l.Path(m.SHA256)); {
	case errors.Is(err, fs.ErrNotExist):
		return "its file is gone from the store; add it or download it again"
	case err != nil:
		return fmt.Sprintf("its file can't be read: %v", err)
	case info.Size() != m.Bytes:
		return fmt.Sprintf("its file is damaged: it has %d bytes in place of %d; add it or download it again", info.Size(), m.Bytes)
	}
	return ""
}

// Problems says what was found wrong when the store was opened, a sentence each.
func (l *Library) Problems() []string {
	l.problems.Lock()
	defer l.problems.Unlock()
	return append([]string{}, l.problems.found...)
}

func (l *Library) tell(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	l.log.Warn("store of mods", "problem", text)
	l.problems.Lock()
	defer l.problems.Unlock()
	l.problems.found = append(l.problems.found, text)
}

// Delete puts a mod into the bin; Restore takes it out. store.ErrNotFound: it is not there.
func (l *Library) Delete(ctx context.Context, name, version string) error {
	l.change.Lock()
	defer l.change.Unlock()
	if _, err := l.Mod(ctx, name, version); err != nil {
		return err
	}
	return l.index.SetModDeleted(ctx, name, version, l.now())
}

// Restore takes a mod out of the bin.
func (l *Library) Restore(ctx context.Context, name, version string) error {
	l.change.Lock() // or Sweep could remove what it has seen in the bin
	defer l.change.Unlock()
	return l.index.SetModDeleted(ctx, name, version, time.Time{})
}

// Sweep removes what has been in the bin for a week, and downloads that nobody has gone on with for as long.
func (l *Library) Sweep(ctx context.Context) error {
	l.change.Lock()
	defer l.change.Unlock()
	rows, err := l.index.Mods(ctx, "")
	if err != nil {
		return err
	}
	for _, m := range rows {
		if m.DeletedAt.IsZero() || l.now().Sub(m.DeletedAt) < binKept {
			continue
		}
		// The file goes first: a row without one is mended by itself, a file without a row would come back.
		if err := os.Remove(l.Path(m.SHA256)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("empty the bin of mods: %w", err)
		}
		if err := l.index.RemoveMod(ctx, m.Name, m.Version); err != nil {
			return fmt.Errorf("empty the bin of mods: %w", err)
		}
	}
	return errors.Join(l.sweepIncoming(), l.sweepDetails())
}

// sweepIncoming removes unfinished downloads that nobody has gone on with.
func (l *Library) sweepIncoming() error {
	entries, err := os.ReadDir(l.incoming())
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // somebody else has removed it
		}
		if e.IsDir() || l.now().Sub(info.ModTime()) < incomingKept {
			continue
		}
		if err := os.Remove(filepath.Join(l.incoming(), e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// mend brings folder and index together. Nobody else is at work yet.
func (l *Library) mend(ctx context.Context) error {
	if err := os.RemoveAll(filepath.Join(l.incoming(), unfinished)); err != nil {
		return err
	}
	rows, err := l.index.Mods(ctx, "")
	if err != nil {
		return err
	}
	known := make(map[string]bool, len(rows))
	for _, m := range rows {
		known[m.SHA256] = true
		why := l.Problem(m)
		if why == "" {
			continue
		}
		if !m.DeletedAt.IsZero() {
			if err := l.index.RemoveMod(ctx, m.Name, m.Version); err != nil {
				return err
			}
			continue
		}
		l.tell("%s %s: %s", m.Name, m.Version, why)
	}
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if sum, isZip := strings.CutSuffix(e.Name(), zipEnd); isZip && !known[sum] {
			if err := l.adopt(ctx, sum); err != nil {
				return err
			}
		}
	}
	return nil
}

// adopt gives a file without a row one, if it is what its name says: the program was killed between the two.
func (l *Library) adopt(ctx context.Context, sum string) error {
	path := l.Path(sum)
	found, err := examine(ctx, path, nil)
	if err != nil && ctx.Err() != nil {
		return err
	}
	if err == nil && found.sha256 != sum {
		err = errors.New("its content is not what its name says")
	}
	if err == nil {
		_, other := l.row(ctx, found.Name, found.Version.String())
		if other == nil {
			err = fmt.Errorf("%s %v is stored with another content", found.Name, found.Version)
		} else if !errors.Is(other, store.ErrNotFound) {
			return other
		}
	}
	if err != nil {
		l.tell("the file %s was removed from the store: %v", filepath.Base(path), err)
		return os.Remove(path)
	}
	l.tell("%s %v had no row in the index, and has one again", found.Name, found.Version)
	return l.index.PutMod(ctx, found.row(Origin{Source: "found"}, l.now()))
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

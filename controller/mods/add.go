package mods

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"mainbus/controller/store"
	"mainbus/transport/fetch"
)

// unfinished is the folder of files that are being written; a program that is killed leaves them to the next Open.
const unfinished = "unfinished"

// Origin says where a mod comes from.
type Origin struct {
	Source  string // upload, portal, host, found
	By      string // who has added it
	Replace bool   // what is stored under the same name and version with another content
}

// Outcome is what became of a mod that was added.
type Outcome int

const (
	Taken    Outcome = iota
	Kept             // it was stored already
	Replaced         // another content
)

// ErrOther says that a mod of the same name and version is stored, with another content.
var ErrOther = errors.New("it is stored with another content")

// Add takes a zip, or an unpacked mod, into the store: all of it, checked, or nothing. progress may be nil.
func (l *Library) Add(ctx context.Context, path string, o Origin, progress func(done, total int64)) (store.Mod, Outcome, error) {
	info, err := os.Stat(path)
	if err != nil {
		return store.Mod{}, 0, err
	}
	part, err := l.create()
	if err != nil {
		return store.Mod{}, 0, err
	}
	defer os.Remove(part.Name()) // when it has been renamed this finds nothing
	if info.IsDir() {
		err = packFolder(ctx, path, part)
	} else {
		err = copyFile(ctx, path, part)
	}
	if err := errors.Join(err, part.Sync(), part.Close()); err != nil {
		return store.Mod{}, 0, fmt.Errorf("take %s: %w", filepath.Base(path), explain(err, part.Name()))
	}
	m, outcome, err := l.take(ctx, part.Name(), o, progress, nil)
	if err != nil {
		return store.Mod{}, 0, fmt.Errorf("take %s: %w", filepath.Base(path), err)
	}
	return m, outcome, nil
}

// explain says of an error of the disk what it means; others it leaves.
func explain(err error, path string) error {
	if _, isPath := errors.AsType[*fs.PathError](err); isPath {
		return fetch.ExplainDisk(err, path, 0, 0)
	}
	return err
}

func (l *Library) create() (*os.File, error) {
	dir := filepath.Join(l.incoming(), unfinished)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.CreateTemp(dir, "")
}

func copyFile(ctx context.Context, path string, to io.Writer) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is no file")
	}
	n, err := io.Copy(to, &watched{ctx: ctx, r: io.LimitReader(from, maxZip+1)})
	if err == nil && n > maxZip {
		err = errors.New("it has more bytes than a mod has")
	}
	return err
}

// take puts a whole file, which is on the disk, into its place. want, which may be nil, may refuse it.
func (l *Library) take(ctx context.Context, part string, o Origin, progress func(done, total int64), want func(found) error) (store.Mod, Outcome, error) {
	f, err := examine(ctx, part, progress)
	if err != nil {
		return store.Mod{}, 0, err
	}
	if want != nil {
		if err := want(f); err != nil {
			return store.Mod{}, 0, err
		}
	}
	l.change.Lock()
	defer l.change.Unlock()
	row := f.row(o, l.now())
	old, err := l.row(ctx, row.Name, row.Version)
	outcome := Taken
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return store.Mod{}, 0, err
	case old.SHA256 == row.SHA256:
		if l.Problem(old) == "" && old.DeletedAt.IsZero() {
			return old, Kept, nil
		}
		outcome, row = Kept, old
		row.DeletedAt = time.Time{}
	case !o.Replace && old.DeletedAt.IsZero():
		return store.Mod{}, 0, fmt.Errorf("%s %s: %w (SHA-1 %s, added on %s); a mod that was changed should have another version", row.Name, row.Version,
			ErrOther, old.SHA1, old.AddedAt.Format("2006-01-02"))
	default:
		outcome = Replaced
	}
	if err := l.put(ctx, part, row, outcome == Kept); err != nil {
		return store.Mod{}, 0, err
	}
	if outcome == Replaced {
		if err := os.Remove(l.Path(old.SHA256)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			l.log.Warn("the file of a replaced mod was not removed", "mod", old.Name, "err", err)
		}
	}
	return row, outcome, nil
}

// put renames a file to its place and writes its row. Killed between the two, the next Open writes the row. Who does not wait any more does
// not end it between the two: the row could be written all the same, and its file would be taken away.
func (l *Library) put(ctx context.Context, part string, row store.Mod, hasRow bool) error {
	if err := os.Chmod(part, 0o600); err != nil {
		return err
	}
	path := l.Path(row.SHA256)
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("put the file in its place: %w", err)
	}
	err := syncFolder(l.dir)
	if err == nil {
		err = l.index.PutMod(context.WithoutCancel(ctx), row)
	}
	if err != nil && !hasRow {
		os.Remove(path) // or else the next Open does it, or writes the row
	}
	return err
}

package adopt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/internal/unpack"
)

// unfinished ends the name of a copy that is being made, beside where it goes.
const unfinished = ".adopting"

// Options are what Take may be told.
type Options struct {
	Room     func(bytes int64) error // why there is not enough on the disk; nil: nobody asks
	Progress func(done, total int64) // bytes; may be nil
}

// Take copies the server in dir, in the game's own layout, to a folder into, which must not be there. It is refused while a game runs there,
// or anything that belongs to the server can't be read. The copy is on the disk, and its newest save has been read through, before it gets its name;
// whatever happens earlier leaves nothing behind. dir is only read.
func Take(ctx context.Context, dir, into string, o Options) (Found, error) {
	s, err := survey(dir)
	if err != nil {
		return Found{}, err
	}
	defer s.root.Close()
	if len(s.Obstacles) > 0 {
		return s.Found, fmt.Errorf("%s can't be adopted as it is: %s", s.Dir, strings.Join(s.Obstacles, " "))
	}
	if o.Room != nil {
		if err := o.Room(s.Bytes); err != nil {
			return s.Found, err
		}
	}
	if _, err := os.Lstat(into); err == nil {
		return s.Found, fmt.Errorf("%s is there already", into)
	}
	staging := into + unfinished
	err = errors.Join(os.RemoveAll(staging), os.MkdirAll(staging, 0o700))
	if err == nil {
		defer os.RemoveAll(staging)
		err = s.copyTo(ctx, staging, o.Progress)
	}
	if err == nil {
		err = os.Rename(staging, into)
	}
	if err != nil {
		return s.Found, fmt.Errorf("copy the server folder: %w", err)
	}
	return s.Found, nil
}

// Clean removes what a killed program has left of copies in a folder of instances.
func Clean(instances string) error {
	left, err := filepath.Glob(filepath.Join(instances, "*"+unfinished))
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// copyTo fills the staging folder and looks whether it is whole.
func (s *surveyed) copyTo(ctx context.Context, staging string, progress func(done, total int64)) error {
	done := int64(0)
	for _, f := range s.files {
		err := s.copyFile(staging, f, func(n int) error {
			if done += int64(n); progress != nil {
				progress(done, s.Bytes)
			}
			return context.Cause(ctx)
		})
		if err != nil {
			return err
		}
	}
	if err := s.unchanged(); err != nil {
		return err
	}
	if s.newest != "" {
		if err := save.Verify(filepath.Join(staging, filepath.FromSlash(s.newest))); err != nil {
			return fmt.Errorf("the newest save is damaged: %w. To go on from an older one, move it out of the folder first", err)
		}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return unpack.Sync(staging)
}

// copyFile copies one file with its time, by which the newest save is told.
func (s *surveyed) copyFile(staging string, f file, step func(n int) error) error {
	in, err := s.root.Open(f.from)
	if err != nil {
		return err
	}
	defer in.Close()
	target := filepath.Join(staging, filepath.FromSlash(f.to))
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	n, err := io.Copy(stepping{out, step}, io.LimitReader(in, f.info.Size()+1))
	if err == nil && n != f.info.Size() {
		err = changed(f.from)
	}
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close(), os.Chtimes(target, f.info.ModTime(), f.info.ModTime()))
}

type stepping struct {
	w    io.Writer
	step func(n int) error
}

func (s stepping) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	return n, errors.Join(err, s.step(n))
}

func changed(name string) error {
	return fmt.Errorf("%s was written to meanwhile: a game may run from the folder. Stop it, then try again", name)
}

// unchanged looks whether anybody has written while the copy was made, also a game whose lock is not seen.
func (s *surveyed) unchanged() error {
	if busy, err := s.inUse(); err != nil || busy != "" {
		return errors.Join(err, fmt.Errorf("a game has been started from the folder (%s): stop it, then try again", busy))
	}
	for _, f := range s.files {
		info, err := s.stat(f.from)
		if err != nil || info.Size() != f.info.Size() || !info.ModTime().Equal(f.info.ModTime()) {
			return changed(f.from)
		}
	}
	return nil
}

package instance

import (
	"archive/tar"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/internal/disk"
	"mainbus/transport/fetch"
	"mainbus/transport/wire"
)

// ErrRuns says that something can only be done while an instance is stopped.
var ErrRuns = errors.New("the instance is not stopped")

const (
	maxPacked = 200_000  // files
	tarExtra  = 4 << 10  // bytes that a tar adds to a file, about
	spare     = 64 << 20 // bytes that stay free on the disk
)

// goesAlong is what moves of our own folder in an instance.
var goesAlong = []string{".mainbus", ".mainbus/state.json", ".mainbus/next.json", ".mainbus/played.json", ".mainbus/credentials.json", ".mainbus/mods.json"}

// stays is what does not go along when an instance moves: what the game or the agent makes anew, and what belongs to this machine.
func stays(name string) bool {
	switch top, _, _ := strings.Cut(name, "/"); top {
	case "temp", "script-output", "mods.staged", ".lock", "factorio-current.log", "factorio-previous.log":
		return true
	case ".mainbus":
		return !slices.Contains(goesAlong, name)
	}
	return false
}

// hold keeps a stopped instance from starting until it is released.
func (i *Instance) hold(ctx context.Context) (release func(), err error) {
	release, err = i.lockFiles(ctx)
	if err != nil {
		return nil, err
	}
	if state := i.Observed().GetState(); state != wire.State_STATE_STOPPED {
		release()
		return nil, fmt.Errorf("%w: it is %s", ErrRuns, strings.ToLower(strings.TrimPrefix(state.String(), "STATE_")))
	}
	return release, nil
}

// Pack puts everything that belongs to the stopped instance into one file. The save that it would start from has been read
// through, so a damaged one goes nowhere unnoticed. Until it is released the instance does not start; what is packed again is the same, byte for byte.
func (i *Instance) Pack(ctx context.Context) (path string, release func(), err error) {
	unlock, err := i.hold(ctx)
	if err != nil {
		return "", nil, err
	}
	path = i.folder.path(".mainbus", "outgoing.tar")
	release = func() { os.Remove(path); unlock() }
	if err := errors.Join(checkWhole(i.cfg.Dir), os.MkdirAll(i.folder.ours(), 0o700)); err != nil {
		release()
		return "", nil, err
	}
	if err := pack(ctx, i.cfg.Dir, path); err != nil {
		release()
		return "", nil, fmt.Errorf("pack the instance: %w", err)
	}
	return path, release, nil
}

// checkWhole reads the save through that the instance in dir would start from, if it has any.
func checkWhole(dir string) error {
	f := folder(dir)
	s, err := f.readState()
	if err != nil {
		return err
	}
	name, err := f.next()
	if err != nil {
		return err
	}
	path := filepath.Join(f.saves(), name)
	if name == "" {
		c, ok, err := chooseSave(f.saves(), s.World, map[string]bool{}, slog.New(slog.DiscardHandler))
		if err != nil || !ok {
			return err
		}
		path = c.path
	}
	if err := save.Verify(path); err != nil {
		return fmt.Errorf("the save %s, which would be loaded next, is damaged: choose another one: %w", filepath.Base(path), err)
	}
	return nil
}

type packedFile struct {
	name string // with slashes, below the folder
	info fs.FileInfo
}

// listPacked returns what goes along, in the order of names.
func listPacked(dir string) (list []packedFile, size int64, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		switch {
		case name == ".":
			return nil
		case stays(name) && entry.IsDir():
			return filepath.SkipDir
		case stays(name), entry.IsDir() && strings.HasPrefix(name, ".mainbus"):
			return nil
		case !entry.IsDir() && !entry.Type().IsRegular():
			return fmt.Errorf("%s is a link or a device: put the file itself there, then try again", name)
		case len(list) >= maxPacked:
			return fmt.Errorf("more than %d files", maxPacked)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if list = append(list, packedFile{name, info}); !entry.IsDir() {
			size += info.Size()
		}
		return nil
	})
	return list, size, err
}

func pack(ctx context.Context, dir, path string) error {
	list, size, err := listPacked(dir)
	if err != nil {
		return err
	}
	need := size + int64(len(list))*tarExtra + spare
	if free, err := fetch.FreeSpace(dir); err == nil && free < need {
		return fmt.Errorf("the disk has %d MB left, and %d MB are needed: free some space, then try again", free>>20, need>>20)
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(out)
	for _, f := range list {
		if err = cmp.Or(context.Cause(ctx), addPacked(archive, dir, f)); err != nil {
			break
		}
	}
	return errors.Join(err, archive.Close(), out.Close())
}

func addPacked(archive *tar.Writer, dir string, f packedFile) error {
	header := &tar.Header{Name: f.name, Typeflag: tar.TypeReg, Size: f.info.Size(), Mode: 0o600, ModTime: f.info.ModTime(), Format: tar.FormatPAX}
	if f.info.IsDir() {
		header.Typeflag, header.Size, header.Name, header.Mode = tar.TypeDir, 0, f.name+"/", 0o700
	} else if f.info.Mode()&0o111 != 0 {
		header.Mode = 0o700
	}
	if err := archive.WriteHeader(header); err != nil || f.info.IsDir() {
		return err
	}
	in, err := os.Open(filepath.Join(dir, filepath.FromSlash(f.name)))
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(archive, in) // more or less than the header says is an error
	return err
}

// arrival is which move has brought a folder here.
type arrival struct {
	Key string `json:"key"`
}

func (f folder) arrivalFile() string { return f.path(".mainbus", "arrival.json") }

// Arrived tells whether the folder came by the move with this key.
func Arrived(dir, key string) bool {
	var a arrival
	return disk.ReadJSONIfAny(folder(dir).arrivalFile(), &a) == nil && a.Key == key
}

// Settle looks whether what was unpacked into dir can run, and marks it as come by the move with this key.
func Settle(dir, key string) error {
	f := folder(dir)
	if err := checkWhole(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(f.ours(), 0o700); err != nil {
		return err
	}
	return disk.WriteJSON(f.arrivalFile(), arrival{key})
}

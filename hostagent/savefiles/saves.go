// Package savefiles keeps the save files of one instance: those that the game uses, the bin, and backups. Nothing here looks into a
// save, nothing is replaced, and what is deleted goes to the bin first. All names are checked, and all paths stay in the instance's folder,
// links in it included. It starts no goroutines.
package savefiles

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"mainbus/transport/fetch"
)

// Area is one of the folders in which an instance keeps saves.
type Area string

// The areas, by their folders.
const (
	Live    Area = "saves"
	Bin     Area = ".mainbus/bin"
	Backups Area = "backups"
	Staging Area = ".mainbus/incoming" // what is arriving; nobody lists it
)

const (
	maxListed = 1000     // files of an area
	spare     = 64 << 20 // bytes that a copy leaves free on the disk
)

// Errors that a caller may tell apart.
var (
	ErrThere   = errors.New("there is a save of that name already")
	ErrNoSuch  = errors.New("there is no such save")
	ErrRunning = errors.New("the running game uses this save and would write it again")
)

// File is one save file. In the bin and among backups its name has a stamp in front, and Name is what it was called.
type File struct {
	ID       string // file name
	Name     string
	Size     int64
	Modified time.Time
	Put      time.Time // into the bin or the backups
	Reason   string    // of a backup
}

// Folder is an instance's folder. Calls for one instance must not overlap, but for List.
type Folder struct {
	dir string
	now func() time.Time
}

// In returns the saves of the instance in dir, an absolute path.
func In(dir string) Folder { return Folder{dir, time.Now} }

// Path is where a file of an area is.
func (f Folder) Path(a Area, id string) string {
	return filepath.Join(f.dir, filepath.FromSlash(string(a)), id)
}

func (f Folder) open() (*os.Root, error) {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenRoot(f.dir)
}

// List returns the files of an area, newest first: by their time in the live area, else by when they were put there.
func (f Folder) List(a Area) ([]File, error) {
	entries, err := os.ReadDir(f.Path(a, ""))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list saves: %w", err)
	}
	var list []File
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || !IsSave(entry.Name()) {
			continue
		}
		file := File{ID: entry.Name(), Name: entry.Name(), Size: info.Size(), Modified: info.ModTime()}
		if a != Live && !file.unstamp() {
			continue
		}
		list = append(list, file)
	}
	slices.SortFunc(list, func(x, y File) int {
		return cmp.Or(y.Put.Compare(x.Put), y.Modified.Compare(x.Modified), cmp.Compare(x.ID, y.ID))
	})
	return list[:min(len(list), maxListed)], nil
}

// Find returns the file of an area with this ID, or in the live area of this name.
func (f Folder) Find(a Area, id string) (File, error) {
	list, err := f.List(a)
	if err != nil {
		return File{}, err
	}
	for _, file := range list {
		if file.ID == id {
			return file, nil
		}
	}
	return File{}, fmt.Errorf("%w: %q", ErrNoSuch, id)
}

// free makes sure that a live name is new, also where case does not count, and that a file may have it.
func (f Folder) free(name string) error {
	if err := checkNew(name); err != nil {
		return err
	}
	entries, err := os.ReadDir(f.Path(Live, ""))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look at the saves: %w", err)
	}
	for _, entry := range entries {
		if strings.EqualFold(entry.Name(), name) {
			return fmt.Errorf("%w: %q", ErrThere, entry.Name())
		}
	}
	return nil
}

// CheckFree says why a new save can't have a name.
func (f Folder) CheckFree(name string) error { return f.free(name) }

// Rename gives a live save another name.
func (f Folder) Rename(from, to string) error {
	if _, err := f.Find(Live, from); err != nil {
		return err
	}
	if err := f.free(to); err != nil && !strings.EqualFold(from, to) {
		return err
	}
	return f.move(f.at(Live, from), f.at(Live, to))
}

func (f Folder) at(a Area, id string) string { return path.Join(string(a), id) }

func (f Folder) move(from, to string) error {
	root, err := f.open()
	if err != nil {
		return fmt.Errorf("move a save: %w", err)
	}
	defer root.Close()
	if err := errors.Join(root.MkdirAll(path.Dir(to), 0o700), root.Rename(from, to)); err != nil {
		return fmt.Errorf("move a save: %w", err)
	}
	return nil
}

// Copy makes a live save of a file of any area. The copy is as new as its source, and read back before it gets its name.
func (f Folder) Copy(a Area, id, to string) error {
	file, err := f.Find(a, id)
	if err != nil {
		return err
	}
	if err := f.free(to); err != nil {
		return err
	}
	return f.copy(f.at(a, id), f.at(Live, to), file.Modified)
}

func (f Folder) copy(from, to string, modified time.Time) error {
	root, err := f.open()
	if err != nil {
		return fmt.Errorf("copy a save: %w", err)
	}
	defer root.Close()
	temp := f.at(Staging, path.Base(to)+".copy")
	err = errors.Join(root.MkdirAll(path.Dir(to), 0o700), root.MkdirAll(string(Staging), 0o700))
	if err == nil {
		err = f.write(root, from, temp)
	}
	if err == nil {
		err = root.Chtimes(temp, modified, modified)
	}
	if err == nil {
		err = root.Rename(temp, to)
	}
	if err != nil {
		root.Remove(temp)
		return fmt.Errorf("copy a save: %w", err)
	}
	return nil
}

// write copies bytes and compares what is on disk then.
func (f Folder) write(root *os.Root, from, to string) error {
	in, err := root.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if free, err := fetch.FreeSpace(f.dir); err == nil && free < info.Size()+spare {
		return fmt.Errorf("the disk has %d MB left, and %d MB are needed: free some space, then try again", free>>20, (info.Size()+spare)>>20)
	}
	out, err := root.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	read, back := sha256.New(), sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, read), in); err != nil {
		return fetch.ExplainDisk(err, f.Path(Live, ""), 0, info.Size())
	}
	if err := out.Sync(); err != nil {
		return err
	}
	if err := readBack(out, back); err != nil {
		return err
	}
	if string(read.Sum(nil)) != string(back.Sum(nil)) {
		return errors.New("the disk gives back other bytes than were written")
	}
	return out.Close()
}

func readBack(f *os.File, to hash.Hash) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(to, f)
	return err
}

// Delete moves a live save into the bin.
func (f Folder) Delete(name string) error {
	if _, err := f.Find(Live, name); err != nil {
		return err
	}
	id, err := f.stamp(Bin, "", name)
	if err != nil {
		return err
	}
	return f.move(f.at(Live, name), f.at(Bin, id))
}

// Restore takes a file out of the bin, under the name that it had or another one.
func (f Folder) Restore(id, to string) error {
	file, err := f.Find(Bin, id)
	if err != nil {
		return err
	}
	to = cmp.Or(to, file.Name)
	if err := f.free(to); err != nil {
		if IsAutosave(to) && !errors.Is(err, ErrThere) {
			err = fmt.Errorf("%w: give the save another name", err)
		}
		return err
	}
	return f.move(f.at(Bin, id), f.at(Live, to))
}

// Remove removes a file of the bin or a backup for good.
func (f Folder) Remove(a Area, id string) error {
	if a != Bin && a != Backups {
		return errors.New("a save that is in use goes to the bin first")
	}
	if _, err := f.Find(a, id); err != nil {
		return err
	}
	root, err := f.open()
	if err != nil {
		return fmt.Errorf("remove a save: %w", err)
	}
	defer root.Close()
	if err := root.Remove(f.at(a, id)); err != nil {
		return fmt.Errorf("remove a save: %w", err)
	}
	return nil
}

// Adopt makes a live save of a file in the staging area.
func (f Folder) Adopt(staged, to string) error {
	if err := f.free(to); err != nil {
		return err
	}
	return f.move(f.at(Staging, staged), f.at(Live, to))
}

// Stage returns where a file may arrive, on the disk of the instance.
func (f Folder) Stage(name string) (string, error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	if err := os.MkdirAll(f.Path(Staging, ""), 0o700); err != nil {
		return "", fmt.Errorf("make room for a file that arrives: %w", err)
	}
	return f.Path(Staging, name), nil
}

// A stamped name is "<milliseconds>~<reason>~<name>".
func (f Folder) stamp(a Area, reason, name string) (string, error) {
	for at := f.now().UnixMilli(); ; at++ {
		id := fmt.Sprintf("%d~%s~%s", at, reason, name)
		_, err := os.Lstat(f.Path(a, id))
		if errors.Is(err, fs.ErrNotExist) {
			return id, nil
		}
		if err != nil {
			return "", fmt.Errorf("look for a free name: %w", err)
		}
	}
}

func (f *File) unstamp() bool {
	parts := strings.SplitN(f.ID, "~", 3)
	if len(parts) != 3 {
		return false
	}
	at, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || CheckName(parts[2]) != nil {
		return false
	}
	f.Put, f.Reason, f.Name = time.UnixMilli(at), parts[1], parts[2]
	return true
}

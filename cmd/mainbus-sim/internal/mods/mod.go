package mods

import (
	"archive/zip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"mainbus/hostagent/factorio/locale"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/save"
)

// Bounds of one mod.
const (
	maxScripts = 64 << 20 // bytes of its scripts and migrations together
	maxInfo    = 1 << 20
	maxFiles   = 100_000
)

// Mod is a mod as it was found.
type Mod struct {
	Info    modinfo.Info
	CRC     uint32 // of the names and contents of all its files
	Builtin bool

	folder     bool
	scripts    map[string][]byte // by path inside the mod
	migrations []Migration       // by the name of their files
	locale     locale.Table      // in English
}

// Script is a script of the mod by its path inside it, "control.lua".
func (m *Mod) Script(path string) ([]byte, bool) {
	source, ok := m.scripts[path]
	return source, ok
}

// Saved is the mod's line in the header of a save.
func (m *Mod) Saved() save.Mod {
	return save.Mod{Name: m.Info.Name, Version: m.Info.Version, CRC: m.CRC}
}

// file is one file of a mod.
type file struct {
	name string // inside the mod
	crc  func() (uint32, error)
	open func() (io.ReadCloser, error)
}

// read makes a mod of its files. where is its place for error messages.
func read(where string, files []file) (*Mod, error) {
	m := &Mod{scripts: map[string][]byte{}, locale: locale.Table{}}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	sum, room, found := crc32.NewIEEE(), int64(maxScripts), false
	for _, f := range files {
		crc, err := f.crc()
		if err != nil {
			return nil, fmt.Errorf("read %s/%s: %w", where, f.name, err)
		}
		fmt.Fprintf(sum, "%s\x00%d\x00", f.name, crc)
		switch {
		case f.name == "info.json":
			data, err := f.read(maxInfo)
			if err != nil {
				return nil, fmt.Errorf("read %s/info.json: %w", where, err)
			}
			if m.Info, err = modinfo.Parse(data); err != nil {
				return nil, fmt.Errorf("%s/info.json: %w", where, err)
			}
			found = true
		case isEnglish(f.name):
			data, err := f.read(room)
			if err == nil {
				err = m.locale.Parse(data)
			}
			if err != nil {
				return nil, fmt.Errorf("read %s/%s: %w", where, f.name, err)
			}
			room -= int64(len(data))
		case path.Ext(f.name) == ".lua", isMigration(f.name):
			data, err := f.read(room)
			if err != nil {
				return nil, fmt.Errorf("read %s/%s: %w", where, f.name, err)
			}
			room -= int64(len(data))
			if isMigration(f.name) {
				m.migrations = append(m.migrations, Migration{File: path.Base(f.name), data: data})
			} else {
				m.scripts[f.name] = data
			}
		}
	}
	if !found {
		return nil, errors.New("File " + where + "/info.json not found")
	}
	m.CRC = sum.Sum32()
	return m, nil
}

func isEnglish(name string) bool {
	language, ok := locale.Language(name)
	return ok && language == "en"
}

func (f file) read(limit int64) ([]byte, error) {
	r, err := f.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	return data, err
}

// readZip reads a packed mod: one folder with everything in it.
func readZip(name string) (*Mod, error) {
	archive, err := zip.OpenReader(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer archive.Close()
	if len(archive.File) > maxFiles {
		return nil, fmt.Errorf("%s: more than %d files", name, maxFiles)
	}
	var files []file
	root := ""
	for _, f := range archive.File {
		top, inside, _ := strings.Cut(f.Name, "/")
		if inside == "" || strings.HasSuffix(f.Name, "/") {
			continue
		}
		if root == "" {
			root = top
		}
		if top != root {
			return nil, fmt.Errorf("%s: more than one folder at the top: %s and %s", name, root, top)
		}
		files = append(files, file{inside, func() (uint32, error) { return f.CRC32, nil }, f.Open})
	}
	m, err := read(name, files)
	return m, err
}

// readFolder reads an unpacked mod. A folder without info.json is an os.ErrNotExist.
func readFolder(dir string) (*Mod, error) {
	if _, err := os.Stat(filepath.Join(dir, "info.json")); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var files []file
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if len(files) == maxFiles {
			return fmt.Errorf("%s: more than %d files", dir, maxFiles)
		}
		open := func() (io.ReadCloser, error) { return root.Open(name) }
		files = append(files, file{name, func() (uint32, error) { return checksum(open) }, open})
		return nil
	})
	if err != nil {
		return nil, err
	}
	m, err := read(dir, files)
	if m != nil {
		m.folder = true
	}
	return m, err
}

func checksum(open func() (io.ReadCloser, error)) (uint32, error) {
	r, err := open()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	sum := crc32.NewIEEE()
	_, err = io.Copy(sum, r)
	return sum.Sum32(), err
}

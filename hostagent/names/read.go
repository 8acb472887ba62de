package names

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mainbus/hostagent/factorio/locale"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/modlist"
	"mainbus/hostagent/factorio/save"
)

const (
	english    = "en"
	maxLocale  = 8 << 20 // bytes of one file
	maxRead    = 64 << 20
	nameSuffix = "-name"
)

// read takes the names from the English locale files of the game and of the mods that are switched on. Those that the game makes up from others,
// as for a recipe without a name of its own, are missing.
func read(ctx context.Context, g Game) (Names, error) {
	r := reader{table: locale.Table{}, left: maxRead}
	list, err := enabled(filepath.Join(g.Mods, modList))
	if err != nil {
		return nil, err
	}
	for _, own := range modinfo.OwnNames {
		if own == "core" || own == "base" || list(own) {
			if err := r.folder(filepath.Join(g.Data, own)); err != nil {
				return nil, err
			}
		}
	}
	entries, err := os.ReadDir(g.Mods)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		name := strings.TrimSuffix(e.Name(), ".zip")
		if at := strings.LastIndexByte(name, '_'); at > 0 && strings.Trim(name[at+1:], ".0123456789") == "" {
			name = name[:at] // of name_1.2.3
		}
		if !list(name) {
			continue
		}
		if err := r.mod(filepath.Join(g.Mods, e.Name())); err != nil {
			return nil, err
		}
	}
	return r.names()
}

// enabled tells whether a mod is switched on; one that is not in the list is.
func enabled(path string) (func(name string) bool, error) {
	content, err := readFile(path, maxSettings)
	if errors.Is(err, fs.ErrNotExist) {
		return func(string) bool { return true }, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := modlist.Parse(content)
	if err != nil {
		return nil, err
	}
	return func(name string) bool {
		m := list.Get(name)
		return m == nil || m.Enabled
	}, nil
}

type reader struct {
	table locale.Table
	left  int64 // bytes that may be read
}

// mod reads a zip or folder. What is no mod, or can't be read, is passed over: the game tells of it.
func (r *reader) mod(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil
	case info.IsDir():
		return r.folder(path)
	case !isZip(path):
		return nil
	}
	a, err := save.Open(path)
	if err != nil {
		return nil
	}
	defer a.Close()
	for _, name := range a.Names() {
		if language, ok := locale.Language(name); !ok || language != english {
			continue
		}
		file, err := a.Open(name)
		if err != nil {
			continue
		}
		err = r.file(file)
		file.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
	}
	return nil
}

func (r *reader) folder(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "locale", english, "*.cfg"))
	if err != nil {
		return nil // the folder has a name that means something else there
	}
	slices.Sort(files)
	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			continue
		}
		err = r.file(file)
		file.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func (r *reader) file(from io.Reader) error {
	content, err := io.ReadAll(io.LimitReader(from, min(maxLocale, r.left)+1))
	if err != nil {
		return nil // damaged; the others may be whole
	}
	if r.left -= int64(len(content)); r.left < 0 || len(content) > maxLocale {
		return errors.New("more text than makes sense")
	}
	return r.table.Parse(content)
}

// names are the texts of the sections of names.
func (r *reader) names() (Names, error) {
	all := Names{}
	room := room{}
	for key := range r.table {
		section, id, ok := strings.Cut(key, ".")
		kind, isName := strings.CutSuffix(section, nameSuffix)
		if !ok || !isName || strings.HasPrefix(kind, "mod") {
			continue
		}
		name := r.table.Name(section, id)
		if name == "" {
			continue
		}
		if err := room.take(kind, id, name); err != nil {
			return nil, err
		}
		if all[kind] == nil {
			all[kind] = map[string]string{}
		}
		all[kind][id] = name
	}
	return all, nil
}

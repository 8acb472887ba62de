package modfolder

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/modcache"
	"mainbus/transport/wire"
)

var game = factorio.Version{Major: 2, Minor: 0, Patch: 77}

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		crashChild(dir)
		return
	}
	os.Exit(m.Run())
}

// modZip makes a mod.
func modZip(t *testing.T, name, version, needs string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	dependencies := `["base"]`
	if needs != "" {
		dependencies = fmt.Sprintf(`["base", %q]`, needs)
	}
	for _, file := range [][2]string{ // in one order: the same mod has to be the same bytes
		{"info.json", fmt.Sprintf(`{"name":%q,"version":%q,"title":"A mod","author":"a","factorio_version":"2.0","dependencies":%s}`, name, version, dependencies)},
		{"data.lua", "-- " + name + version},
	} {
		f, err := w.Create(name + "_" + version + "/" + file[0])
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(file[1]))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// stock puts a mod into the cache.
func stock(t *testing.T, c *modcache.Cache, name, version, needs string) *wire.SetMod {
	t.Helper()
	data := modZip(t, name, version, needs)
	sum := sha256.Sum256(data)
	hash := hex.EncodeToString(sum[:])
	err := c.Bring(t.Context(), hash, func(_ context.Context, path string) error { return os.WriteFile(path, data, 0o600) })
	if err != nil {
		t.Fatal(err)
	}
	return &wire.SetMod{Name: name, Version: version, Enabled: true, Sha256: hash, Size: uint64(len(data))}
}

func settings(t *testing.T, v factorio.Version, value int64) []byte {
	t.Helper()
	s := modsettings.New(v)
	s.Set(modsettings.Startup, "belt-speed", value)
	data, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// set makes a set of mods, with base and an expansion that is off.
func set(hash string, revision uint64, settings []byte, mods ...*wire.SetMod) Set {
	own := []*wire.SetMod{{Name: "base", Enabled: true, Builtin: true}, {Name: "space-age", Builtin: true}}
	return Set{Hash: hash, ModSet: &wire.ModSet{Pack: "Belts", Revision: revision, Game: "2.0", Mods: append(own, mods...), Settings: settings}}
}

func openCache(t *testing.T, dir string) *modcache.Cache {
	t.Helper()
	c, err := modcache.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tree is what lies in a folder, by path inside it. The time in a record says nothing.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if filepath.Base(path) == recordFile {
			var r Record
			if err := json.Unmarshal(data, &r); err != nil {
				return err
			}
			data = []byte(r.Set)
		}
		inside, _ := filepath.Rel(dir, path)
		found[filepath.ToSlash(inside)] = string(data)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return found
}

func apply(t *testing.T, f Folder, c *modcache.Cache, s Set) {
	t.Helper()
	if err := f.Stage(t.Context(), s, game, c.Link); err != nil {
		t.Fatal(err)
	}
	if err := f.Swap(); err != nil {
		t.Fatal(err)
	}
}

// asideTree is all that was put aside.
func asideTree(t *testing.T, f Folder) string {
	t.Helper()
	var names []string
	for _, dir := range f.Aside() {
		for name := range tree(t, f.path(dir)) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func modSetFor(game string) *wire.ModSet { return &wire.ModSet{Pack: "Belts", Game: game} }

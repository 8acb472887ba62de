package mods

import (
	"archive/zip"
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mainbus/cmd/mainbus-sim/internal/gamelog"
	"mainbus/cmd/mainbus-sim/internal/world"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modlist"
	"mainbus/hostagent/factorio/save"
)

// tree is an installation's mods: info.json by folder or zip.
type tree struct {
	dir  string
	list modlist.List
	log  bytes.Buffer
}

func newTree(t *testing.T, infos map[string]string) *tree {
	t.Helper()
	tr := &tree{dir: t.TempDir()}
	write := func(name, text string) {
		file := filepath.Join(tr.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("data/base/info.json", `{"name": "base", "version": "2.0.77", "factorio_version": "2.0", "dependencies": []}`)
	for name, info := range infos {
		if strings.HasSuffix(name, ".zip") {
			write("mods/"+name, zipped(t, map[string]string{"x/info.json": info}))
			continue
		}
		write("mods/"+name+"/info.json", info)
	}
	return tr
}

func zipped(t testing.TB, files map[string]string) string {
	t.Helper()
	var data bytes.Buffer
	w := zip.NewWriter(&data)
	for name, text := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return data.String()
}

func (tr *tree) find() ([]*Mod, error) {
	return Find(Config{
		Data: filepath.Join(tr.dir, "data"), Dir: filepath.Join(tr.dir, "mods"), Builtin: []save.Mod{{Name: "base", CRC: 1}, {Name: "quality"}},
		Game: factorio.Version{Major: 2, Patch: 77}, List: &tr.list, Log: gamelog.New(time.Now(), &tr.log, nil),
	})
}

// info is an info.json with more fields.
func info(name, version string, needs ...string) string {
	dependencies := `["base"`
	for _, need := range needs {
		dependencies += `, "` + need + `"`
	}
	return `{"name": "` + name + `", "version": "` + version + `", "title": "t", "author": "a", "factorio_version": "2.0", "dependencies": ` + dependencies + `]}`
}

// TestWhatIsLoaded gives mods by file name, the list, and what comes of it: "name version" in load order, or a part of
// the error; and lines that are told.
func TestWhatIsLoaded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		infos map[string]string
		list  string
		want  string
		lines []string
	}{
		"none": {want: "base 2.0.77"},
		"names are sorted as people count": {
			infos: map[string]string{"m10": info("m10", "1.0.0"), "M9": info("M9", "1.0.0"), "b.zip": info("b", "1.0.0")},
			want:  "base 2.0.77, b 1.0.0, M9 1.0.0, m10 1.0.0",
		},
		"depth first": {
			infos: map[string]string{"a": info("a", "1.0.0", "z > 1.0"), "z": info("z", "1.0.1", "? y"), "y": info("y", "0.1.0")},
			want:  "base 2.0.77, y 0.1.0, z 1.0.1, a 1.0.0",
		},
		"tilde does not order": {
			infos: map[string]string{"a": info("a", "1.0.0", "~ z"), "z": info("z", "1.0.0")},
			want:  "base 2.0.77, a 1.0.0, z 1.0.0",
		},
		"hidden and recommended order": {
			infos: map[string]string{"a": info("a", "1.0.0", "(?) z"), "b": info("b", "1.0.0", "+ z", "+ none"), "z": info("z", "1.0.0")},
			want:  "base 2.0.77, z 1.0.0, a 1.0.0, b 1.0.0",
		},
		"highest version wins": {
			infos: map[string]string{"a_1.11.2.zip": info("a", "1.11.2"), "a_1.11.1.zip": info("a", "1.11.1")},
			want:  "base 2.0.77, a 1.11.2",
			lines: []string{"Found duplicate mod a, using higher version (1.11.2 > 1.11.1)."},
		},
		"a pinned version wins": {
			infos: map[string]string{"a_2.zip": info("a", "2.0.0"), "a_1.zip": info("a", "1.0.0")},
			list:  `{"mods": [{"name": "a", "enabled": true, "version": "1.0.0"}]}`,
			want:  "base 2.0.77, a 1.0.0",
		},
		"a pinned version is missing": {
			infos: map[string]string{"a_2.zip": info("a", "2.0.0")},
			list:  `{"mods": [{"name": "a", "enabled": true, "version": "1.0.0"}]}`,
			want:  "error: Failed to load mods: a 1.0.0, which mod-list.json asks for, is not there",
		},
		"disabled": {
			infos: map[string]string{"a": info("a", "1.0.0")},
			list:  `{"mods": [{"name": "a", "enabled": false}]}`,
			want:  "base 2.0.77",
		},
		"missing": {
			infos: map[string]string{"a": info("a", "1.0.0", "z >= 1.5")},
			want:  "error: Failed to load mods: a 1.0.0: it needs z >= 1.5.0, which is missing or disabled",
		},
		"too old": {
			infos: map[string]string{"a": info("a", "1.0.0", "? z >= 1.5"), "z": info("z", "1.4.9")},
			want:  "error: Failed to load mods: a 1.0.0: it needs z >= 1.5.0, but 1.4.9 is there",
		},
		"incompatible": {
			infos: map[string]string{"a": info("a", "1.0.0", "! z"), "z": info("z", "1.4.9")},
			want:  "error: Failed to load mods: a 1.0.0: it can't be used together with z",
		},
		"a circle": {
			infos: map[string]string{"a": info("a", "1.0.0", "z"), "z": info("z", "1.4.9", "a")},
			want:  "error: Failed to load mods: a depends on itself by way of others",
		},
		"for no version": {
			infos: map[string]string{"a": `{"name": "a", "version": "1.0.0", "title": "a", "author": "a"}`},
			want:  "error: Failed to load mods: a 1.0.0 is for Factorio 0.12, not for 2.0",
		},
		"broken": {
			infos: map[string]string{"a": `{"name": 3}`, "b": info("b", "1.0.0")},
			want:  "base 2.0.77, b 1.0.0",
			lines: []string{"Error ModManager.cpp:813: Mod package read error. "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTree(t, test.infos)
			if test.list != "" {
				var err error
				if tr.list, err = modlist.Parse([]byte(test.list)); err != nil {
					t.Fatal(err)
				}
			}
			got := ""
			found, err := tr.find()
			for _, m := range found {
				got += ", " + m.Info.Name + " " + m.Info.Version.String()
			}
			if err != nil {
				got = ", error: " + err.Error()
			}
			if got = strings.TrimPrefix(got, ", "); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
			for _, line := range test.lines {
				if !strings.Contains(tr.log.String(), line) {
					t.Errorf("no line %q:\n%s", line, tr.log.String())
				}
			}
		})
	}
}

func TestUnknownModsAreAddedToTheList(t *testing.T) {
	t.Parallel()
	tr := newTree(t, map[string]string{"a": info("a", "1.0.0")})
	if _, err := tr.find(); err != nil {
		t.Fatal(err)
	}
	if m := tr.list.Get("a"); m == nil || !m.Enabled {
		t.Errorf("the list has %+v", m)
	}
}

func TestFoldersAndZipsHaveTheSameChecksum(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string]string{"info.json": info("a", "1.0.0"), "control.lua": "x = 1", "graphics/a.png": "\x00\x01"}
	packed := map[string]string{}
	for name, text := range files {
		packed["any/"+name] = text
		file := filepath.Join(dir, "a", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pack := func() *Mod {
		t.Helper()
		file := filepath.Join(dir, "a.zip")
		if err := os.WriteFile(file, []byte(zipped(t, packed)), 0o644); err != nil {
			t.Fatal(err)
		}
		m, err := readZip(file)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	folder, err := readFolder(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if m := pack(); m.CRC != folder.CRC || !slices.Equal(m.scripts["control.lua"], folder.scripts["control.lua"]) {
		t.Errorf("zip %d, folder %d", m.CRC, folder.CRC)
	}
	packed["any/graphics/a.png"] = "\x00\x02"
	if m := pack(); m.CRC == folder.CRC {
		t.Error("another picture has the same checksum")
	}
}

func TestNatural(t *testing.T) {
	t.Parallel()
	sorted := []string{"", "1", "02", "2a", "10", "A", "a1", "A02", "a10", "a10b", "b"}
	for range 100 {
		mixed := slices.Clone(sorted)
		rand.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		slices.SortFunc(mixed, natural)
		if !slices.Equal(mixed, sorted) {
			t.Fatalf("got %q", mixed)
		}
	}
}

// FuzzZip tries files that are no mods.
func FuzzZip(f *testing.F) {
	f.Add([]byte(zipped(f, map[string]string{"a/info.json": info("a", "1.0.0"), "a/control.lua": "x = 1"})))
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "a.zip")
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if m, err := readZip(file); err == nil && m.Info.Name == "" {
			t.Error("a mod without a name")
		}
	})
}

func TestRenames(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files []string
		want  world.Renames
		err   bool
	}{
		"one after the other": {files: []string{`{"item": [["a", "b"]]}`, `{"item": [["b", "c"]], "fluid": [["a", "b"]]}`},
			want: world.Renames{"item": {"a": "c", "b": "c"}, "fluid": {"a": "b"}}},
		"of a file at once":       {files: []string{`{"item": [["a", "b"], ["b", "a"]]}`}, want: world.Renames{"item": {"a": "b", "b": "a"}}},
		"a name that is taken up": {files: []string{`{"item": [["a", "b"]]}`, `{"item": [["a", "c"]]}`}, want: world.Renames{"item": {"a": "b"}}},
		"no pair":                 {files: []string{`{"item": [["a"]]}`}, err: true},
		"no name":                 {files: []string{`{"item": [["a", ""]]}`}, err: true},
		"no list":                 {files: []string{`{"item": {"a": "b"}}`}, err: true},
		"no object":               {files: []string{`[]`}, err: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all []Migration
			for _, text := range test.files {
				all = append(all, Migration{data: []byte(text)})
			}
			got, err := Renames(all)
			if (err != nil) != test.err || err == nil && !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// FuzzRenames: whatever is read names something.
func FuzzRenames(f *testing.F) {
	f.Add([]byte(`{"item": [["a", "b"]], "virtual-signal": []}`))
	f.Add([]byte(`{"item": [["a"]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		renames, err := parseRenames(data)
		if err != nil {
			return
		}
		for kind, names := range renames.Then(renames) {
			for old, now := range names {
				if old == "" || now == "" {
					t.Errorf("%s: %q becomes %q", kind, old, now)
				}
			}
		}
	})
}

package save

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/internal/sample"
	"mainbus/hostagent/factorio/scriptdat"
)

// realSaves returns the paths of the sample saves.
func realSaves(t testing.TB) []string {
	t.Helper()
	saves, err := filepath.Glob(filepath.Join(sample.Dir(t, "saves"), "*.zip"))
	if err != nil || len(saves) < 4 {
		t.Fatalf("%d sample saves, want 4 at least; %v", len(saves), err)
	}
	return saves
}

func openSave(t testing.TB, path string) *Archive {
	t.Helper()
	a, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// The values that were taken from the samples by other means.
func TestDescriptionsOfRealSaves(t *testing.T) {
	want := make(map[string]any)
	data, err := os.ReadFile(filepath.Join(sample.Dir(t, "saves"), "expected-headers.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for _, path := range realSaves(t) {
		name := filepath.Base(path)
		d, err := openSave(t, path).Describe()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		data, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var got any
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want[name]) {
			t.Errorf("%s:\ngot  %v\nwant %v", name, got, want[name])
		}
		delete(want, name)
		if err := Verify(path); err != nil {
			t.Error(err)
		}
	}
	if len(want) > 0 {
		t.Errorf("no save for %v", want)
	}
}

// A map may be older than the oldest version whose header is known, since the game has carried it on.
func TestDescriptionOfAnOldMap(t *testing.T) {
	old := file("a/"+levelInit, "\x00\x00\x0f\x00\x28\x00\x01\x00and more of it")
	d, err := openSave(t, makeZip(t, file("a/level.dat", string(encode(t, header20))), old)).Describe()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(d.LevelInitHeader); err != nil || string(got) != `{"version":"0.15.40-1"}` {
		t.Errorf("got %s, %v", got, err)
	}
	for name, data := range map[string]string{"empty": "", "zeros": strings.Repeat("\x00", 1000), "text": "this is no level"} {
		broken := makeZip(t, file("a/level.dat", string(encode(t, header20))), file("a/"+levelInit, data))
		if d, err := openSave(t, broken).Describe(); err == nil || !strings.HasPrefix(err.Error(), "describe save: level-init.dat: read save header: ") {
			t.Errorf("%s: %+v, %v", name, d.LevelInitHeader, err)
		}
	}
}

// The order of the keys is that of the samples' description too.
func TestDescriptionKeepsTheOrder(t *testing.T) {
	path := filepath.Join(sample.Dir(t, "saves"), "2.0.73-factoriotest-headless-save.zip")
	d, err := openSave(t, path).Describe()
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(map[string]Description{filepath.Base(path): d}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(sample.Dir(t, "saves"), "expected-headers.json"))
	if err != nil {
		t.Fatal(err)
	}
	// One entry of the samples' object, without the braces around it.
	if !bytes.Contains(want, bytes.TrimSuffix(bytes.TrimPrefix(got, []byte("{\n")), []byte("\n}"))) {
		t.Errorf("not in the samples' description:\n%s", got)
	}
}

func TestSubtreeOfRealSave(t *testing.T) {
	for _, path := range realSaves(t) {
		a := openSave(t, path)
		h, err := a.Header()
		if err != nil {
			t.Fatal(err)
		}
		v, ok, err := a.Subtree("created_items")
		if err != nil || ok != (h.Version.Major >= 2) {
			t.Errorf("%s: %v, %v, %v", filepath.Base(path), v, ok, err)
		}
	}
}

// makeSave writes a save of several parts and returns its path and its level data.
func makeSave(t testing.TB, dir string) (path string, level []byte) {
	t.Helper()
	path = filepath.Join(dir, "world.zip")
	rest := bytes.Repeat([]byte("0123456789abcdef"), 3*partSize/16)
	w, err := Create(path, "a root with blanks")
	if err != nil {
		t.Fatal(err)
	}
	w.File("control.lua", []byte("require('x')\n"))
	w.File("locale/de/freeplay.cfg", nil)
	w.Level(header20, bytes.NewReader(rest))
	w.Script(scriptdat.File{Version: header20.Version, Blocks: []scriptdat.Block{{Name: "level", Flag: 1, Value: &scriptdat.Table{
		Pairs: []scriptdat.Pair{{Key: "ledger", Value: &scriptdat.Table{Pairs: []scriptdat.Pair{{Key: "world", Value: "w1"}}}}},
	}}}})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path, append(encode(t, header20), rest...)
}

func readAll(t testing.TB, a *Archive, name string) string {
	t.Helper()
	r, err := a.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestWrittenSaveReadsBack(t *testing.T) {
	path, want := makeSave(t, t.TempDir())
	if err := Verify(path); err != nil {
		t.Fatal(err)
	}
	a := openSave(t, path)
	names := []string{"control.lua", "locale/de/freeplay.cfg", "level.dat0", "level.dat1", "level.dat2", "level.dat3", "level.datmetadata", "script.dat"}
	if a.Root() != "a root with blanks" || !slices.Equal(a.Names(), names) {
		t.Errorf("root %q, names %q", a.Root(), a.Names())
	}
	if h, err := a.Header(); err != nil || !reflect.DeepEqual(h, header20) {
		t.Errorf("header %+v, %v", h, err)
	}
	level, err := a.Level()
	if err != nil {
		t.Fatal(err)
	}
	defer level.Close()
	if got, err := io.ReadAll(level); err != nil || !bytes.Equal(got, want) {
		t.Errorf("level of %d bytes, want %d; %v", len(got), len(want), err)
	}
	if v, ok, err := a.Subtree("ledger"); err != nil || !ok || v.(*scriptdat.Table).Get("world") != "w1" {
		t.Errorf("subtree %v, %v, %v", v, ok, err)
	}
	if _, err := a.Open("none.lua"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent file: %v", err)
	}
}

// The game writes no dates and sizes before the data; it must get back what it knows.
func TestWrittenEntriesLookLikeTheGames(t *testing.T) {
	dir := t.TempDir()
	path, _ := makeSave(t, dir)
	if err := Rewrite(path, path, map[string][]byte{"new.lua": []byte("x")}); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		method := zip.Deflate
		if strings.HasPrefix(f.Name, "a root with blanks/level.dat") && !strings.HasSuffix(f.Name, "metadata") {
			method = zip.Store
		}
		if f.ModifiedDate != 0 || f.ModifiedTime != 0 || len(f.Extra) != 0 || f.Flags&flagDescriptor != 0 || f.Method != method {
			t.Errorf("%s: %+v", f.Name, f.FileHeader)
		}
	}
}

func TestWriterRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, root := range []string{"", "..", "a/b", `a\b`, "c:", "a/"} {
		if _, err := Create(filepath.Join(dir, "x.zip"), root); err == nil {
			t.Errorf("root %q: no error", root)
		}
	}
	for _, name := range []string{"", "..", "../x", "/x", "a/../x", `a\x`, "c:x", "a//b", "a/", "there"} {
		w, err := Create(filepath.Join(dir, "x.zip"), "x")
		if err != nil {
			t.Fatal(err)
		}
		w.File("there", nil)
		if err := w.File(name, nil); err == nil {
			t.Errorf("name %q: no error", name)
		}
		if err := w.Close(); err == nil {
			t.Errorf("name %q: Close has no error", name)
		}
	}
	w, err := Create(filepath.Join(dir, "x.zip"), "x")
	if err != nil {
		t.Fatal(err)
	}
	if w.Level(Header{}, strings.NewReader("")) == nil || w.Close() == nil {
		t.Error("a header of version 0: no error")
	}
}

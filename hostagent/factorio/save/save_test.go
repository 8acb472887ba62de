package save

import (
	"archive/zip"
	"bufio"
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

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/internal/sample"
	"mainbus/hostagent/factorio/scriptdat"
)

// expected is one save in the samples' expected-headers.json.
type expected struct {
	Entries      int
	Root         string `json:"root_dir"`
	LevelParts   int    `json:"level_parts"`
	LevelTotal   int64  `json:"level_inflated_total"`
	LevelDatSize int64  `json:"level_dat_size"`
	Header       struct {
		Version         string
		Campaign        string
		Level           string `json:"level_name"`
		BaseMod         string `json:"base_mod"`
		Difficulty      uint8
		Finished        bool
		PlayerWon       bool   `json:"player_won"`
		NextLevel       string `json:"next_level"`
		CanContinue     bool   `json:"can_continue"`
		ButContinuing   bool   `json:"finished_but_continuing"`
		SavingReplay    bool   `json:"saving_replay"`
		NonAdminDebug   bool   `json:"allow_non_admin_debug_options"`
		LoadedFrom      string `json:"loaded_from"`
		Build           uint32 `json:"loaded_from_build"`
		AllowedCommands uint8  `json:"allowed_commands"`
		Mods            []struct {
			Name, Version string
			CRC           uint32
		}
		Checksum uint32         `json:"unknown_u32_before_settings"`
		Settings map[string]any `json:"startup_settings"`
		Consumed int            `json:"header_bytes_consumed"`
	} `json:"level_header"`
	Init struct {
		Version    string
		Level      string `json:"level_name"`
		LoadedFrom string `json:"loaded_from"`
		Build      uint32 `json:"loaded_from_build"`
		Commands   uint8  `json:"allowed_commands"`
		Mods       int
	} `json:"level_init_header"`
}

func version(t testing.TB, s string) factorio.Version {
	t.Helper()
	v, err := factorio.ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (e expected) header(t testing.TB) Header {
	x := e.Header
	h := Header{
		Version: version(t, x.Version), Campaign: x.Campaign, Level: x.Level, BaseMod: x.BaseMod, Difficulty: x.Difficulty,
		Finished: x.Finished, PlayerWon: x.PlayerWon, NextLevel: x.NextLevel, CanContinue: x.CanContinue,
		FinishedButContinuing: x.ButContinuing, SavingReplay: x.SavingReplay, NonAdminDebug: x.NonAdminDebug,
		LoadedFrom: version(t, x.LoadedFrom), Build: x.Build, AllowedCommands: x.AllowedCommands,
		StartupChecksum: x.Checksum, StartupSettings: len(x.Settings) > 0,
	}
	for _, m := range x.Mods {
		h.Mods = append(h.Mods, Mod{m.Name, version(t, m.Version), m.CRC})
	}
	return h
}

// realSaves returns the sample saves by path.
func realSaves(t testing.TB) map[string]expected {
	t.Helper()
	dir := sample.Dir(t, "saves")
	data, err := os.ReadFile(filepath.Join(dir, "expected-headers.json"))
	if err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]expected)
	if err := json.Unmarshal(data, &byName); err != nil {
		t.Fatal(err)
	}
	saves := make(map[string]expected)
	for name, e := range byName {
		saves[filepath.Join(dir, name)] = e
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

func TestRealSaves(t *testing.T) {
	saves := realSaves(t)
	if len(saves) != 4 {
		t.Fatalf("%d sample saves, want 4", len(saves))
	}
	for path, want := range saves {
		t.Run(filepath.Base(path), func(t *testing.T) {
			a := openSave(t, path)
			if a.Root() != want.Root || len(a.Names()) != want.Entries {
				t.Errorf("root %q with %d entries, want %q with %d", a.Root(), len(a.Names()), want.Root, want.Entries)
			}
			got, err := a.Header()
			if wantHeader := want.header(t); err != nil || !reflect.DeepEqual(got, wantHeader) {
				t.Errorf("header is %+v, %v\nwant      %+v", got, err, wantHeader)
			}
			level, err := a.Level()
			if err != nil {
				t.Fatal(err)
			}
			defer level.Close()
			r := bufio.NewReader(level)
			if _, err := ReadHeader(r); err != nil {
				t.Fatal(err)
			}
			rest, err := io.Copy(io.Discard, r)
			if total := max(want.LevelTotal, want.LevelDatSize); err != nil || total-rest != int64(want.Header.Consumed) {
				t.Errorf("%d of %d bytes after the header (%v), but it has %d", rest, total, err, want.Header.Consumed)
			}
			if err := Verify(path); err != nil {
				t.Error(err)
			}
			checkInit(t, a, want)
		})
	}
}

func checkInit(t *testing.T, a *Archive, want expected) {
	t.Helper()
	r, err := a.Open("level-init.dat")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	h, err := ReadHeader(r)
	w := want.Init
	if err != nil || h.Version != version(t, w.Version) || h.Level != w.Level || h.LoadedFrom != version(t, w.LoadedFrom) ||
		h.Build != w.Build || h.AllowedCommands != w.Commands || len(h.Mods) != w.Mods {
		t.Errorf("header of level-init.dat is %+v, %v; want %+v", h, err, w)
	}
}

func TestSubtreeOfRealSave(t *testing.T) {
	for path, e := range realSaves(t) {
		v, ok, err := openSave(t, path).Subtree("created_items")
		if want := version(t, e.Header.Version).Major >= 2; err != nil || ok != want {
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
	return path, append(header20.Append(nil), rest...)
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
	if err := errors.Join(w.Level(Header{}, strings.NewReader("")), w.Close()); err == nil {
		t.Error("a header of version 0: no error")
	}
}

// entry is one entry of a zip made for a test.
type entry struct {
	zip.FileHeader
	data string
}

func file(name, data string) entry { return entry{zip.FileHeader{Name: name}, data} }

func makeZip(t testing.TB, entries ...entry) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for _, e := range entries {
		var w io.Writer
		if e.UncompressedSize64 > 0 {
			w, err = z.CreateRaw(&e.FileHeader)
		} else {
			w, err = z.CreateHeader(&e.FileHeader)
		}
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, e.data)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenRefuses(t *testing.T) {
	link := file("a/x", "target")
	link.SetMode(fs.ModeSymlink | 0o777)
	claim := func(name string, packed, size uint64) entry {
		return entry{zip.FileHeader{Name: name, Method: zip.Deflate, CompressedSize64: packed, UncompressedSize64: size}, strings.Repeat("x", int(packed))}
	}
	many := make([]entry, maxEntries+1)
	for i := range many {
		many[i] = file("a/"+strings.Repeat("x", i%100)+string(rune('0'+i/100)), "")
	}
	long := make([]entry, 200)
	for i := range long {
		long[i] = file("a/"+strings.Repeat("x", 60_000)+string(rune('0'+i)), "")
	}
	text := filepath.Join(t.TempDir(), "text.zip")
	if err := os.WriteFile(text, []byte("this is no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"absent":          filepath.Join(t.TempDir(), "absent.zip"),
		"a folder":        t.TempDir(),
		"not a zip":       text,
		"empty zip":       makeZip(t),
		"no root folder":  makeZip(t, file("level.dat0", "")),
		"two roots":       makeZip(t, file("a/x", ""), file("b/x", "")),
		"beside the root": makeZip(t, file("a/x", ""), file("y", "")),
		"absolute":        makeZip(t, file("/a/x", "")),
		"absolute within": makeZip(t, file("a//x", "")),
		"parent":          makeZip(t, file("a/../x", "")),
		"root is parent":  makeZip(t, file("../x", "")),
		"root is dot":     makeZip(t, file("./x", "")),
		"backslash":       makeZip(t, file(`a/..\x`, "")),
		"drive":           makeZip(t, file("c:/x", "")),
		"drive within":    makeZip(t, file("a/c:x", "")),
		"parent folder":   makeZip(t, file("a/../", "")),
		"zero byte":       makeZip(t, file("a/x\x00y", "")),
		"twice":           makeZip(t, file("a/x", "1"), file("a/x", "2")),
		"symlink":         makeZip(t, link),
		"many entries":    makeZip(t, many...),
		"long directory":  makeZip(t, long...),
		"bomb by ratio":   makeZip(t, claim("a/x", 1000, 1<<30)),
		"entry too large": makeZip(t, claim("a/x", 8<<20, 5<<30)),
		"total too large": makeZip(t, claim("a/x", 4<<20, 4<<30-2), claim("a/y", 4<<20, 4<<30-2), claim("a/z", 4<<20, 4<<30-2)),
	} {
		if a, err := Open(path); err == nil {
			t.Errorf("%s: no error, root %q names %.5q", name, a.Root(), a.Names())
			a.Close()
		}
	}
}

func TestOpenToleratesFolderEntries(t *testing.T) {
	a := openSave(t, makeZip(t, file("a/", ""), file("a/locale/", ""), file("a/locale/x", "1")))
	if !slices.Equal(a.Names(), []string{"locale/x"}) {
		t.Errorf("names %q", a.Names())
	}
}

func TestVerifyFindsDamage(t *testing.T) {
	path, _ := makeSave(t, t.TempDir())
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.zip")
	for at := 0; at < len(whole); at += 97 {
		b := bytes.Clone(whole)
		b[at] ^= 0x55
		if err := os.WriteFile(damaged, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if Verify(damaged) == nil && differs(t, path, damaged) {
			t.Errorf("byte %d of %d changed: content differs, but no error", at, len(whole))
		}
	}
	if err := os.WriteFile(damaged, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if Verify(damaged) == nil {
		t.Error("half of the file: no error")
	}
}

// differs reports whether two saves that open have other names or contents.
func differs(t *testing.T, one, two string) bool {
	a, b := openSave(t, one), openSave(t, two)
	if !slices.Equal(a.Names(), b.Names()) {
		return false // a changed name is a complete other save
	}
	for _, name := range a.Names() {
		if readAll(t, a, name) != readAll(t, b, name) {
			return true
		}
	}
	return false
}

func TestVerifyFindsLevelsThatDisagree(t *testing.T) {
	path, _ := makeSave(t, t.TempDir())
	a := openSave(t, path)
	for name, set := range map[string]map[string][]byte{
		"metadata":            {"level.datmetadata": []byte("\x00\x00\x10\x00\x00\x00\x00\x00")},
		"short metadata":      {"level.datmetadata": []byte("\x00")},
		"gap in the parts":    {"level.dat5": []byte(readAll(t, a, "level.dat3"))},
		"one part more":       {"level.dat4": []byte(readAll(t, a, "level.dat3"))},
		"part is no zlib":     {"level.dat1": []byte("text")},
		"bytes after a part":  {"level.dat1": []byte(readAll(t, a, "level.dat1") + "x")},
		"header is something": {"level.dat0": []byte(readAll(t, a, "level.dat1"))},
	} {
		other := filepath.Join(t.TempDir(), "other.zip")
		if err := Rewrite(path, other, set); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := os.Stat(other); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a file is left: %v", name, err)
		}
	}
	if err := Verify(makeZip(t, file("a/control.lua", ""))); err == nil {
		t.Error("no level at all: no error")
	}
}

func FuzzArchive(f *testing.F) {
	path := filepath.Join(f.TempDir(), "small.zip")
	w, err := Create(path, "w")
	if err != nil {
		f.Fatal(err)
	}
	w.File("control.lua", []byte("x"))
	w.Level(header20, strings.NewReader("rest"))
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := newArchive(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		_, headerErr := a.Header()
		a.Subtree("ledger")
		if a.verify() == nil && headerErr != nil {
			t.Errorf("verified, but the header can't be read: %v", headerErr)
		}
		for _, name := range a.Names() {
			if checkName(name) != nil {
				t.Errorf("name %q", name)
			}
		}
	})
}

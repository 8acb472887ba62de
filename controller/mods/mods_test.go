package mods

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mainbus/controller/ledger"
	"mainbus/controller/portal"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio/webtest"
	"mainbus/transport/fetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// zipOf packs files, which are given as pairs of name and content.
func zipOf(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for pair := range slices.Chunk(files, 2) {
		f, err := w.Create(pair[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(pair[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func info(name, version string, dependencies ...string) string {
	text, _ := json.Marshal(map[string]any{
		"name": name, "version": version, "title": "The " + name, "author": "anna", "factorio_version": "2.0", "dependencies": append([]string{"base"}, dependencies...),
	})
	return string(text)
}

func modZip(t testing.TB, name, version string, more ...string) []byte {
	t.Helper()
	root := name + "_" + version + "/"
	files := []string{root + "info.json", info(name, version)}
	for pair := range slices.Chunk(more, 2) {
		files = append(files, root+pair[0], pair[1])
	}
	return zipOf(t, files...)
}

func write(t testing.TB, path string, content []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// A library over a database and fake services, which can be closed and opened again.
type shelf struct {
	*Library
	t        testing.TB
	dir      string
	index    *store.SQLite
	services *webtest.Services
	portal   *portal.Client
}

func newShelf(t testing.TB) *shelf {
	t.Helper()
	s := &shelf{t: t, dir: t.TempDir(), services: webtest.New(t)}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	s.portal = portal.New(fetch.New(fetch.Options{HTTP: &http.Client{Transport: transport}, Backoff: time.Millisecond, Attempts: 2}), s.services.Portal)
	s.open()
	return s
}

func (s *shelf) open() {
	s.t.Helper()
	var err error
	s.index, err = store.Open(store.Config{Path: filepath.Join(s.dir, "controller.db"), Push: func(ledger.ForSlot) {}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.index.Close() })
	if s.Library, err = Open(context.Background(), Config{Dir: filepath.Join(s.dir, "mods"), Index: s.index, Portal: s.portal}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) reopen() {
	s.t.Helper()
	if err := s.index.Close(); err != nil {
		s.t.Fatal(err)
	}
	s.open()
}

// files are those in the folder of mods; what is below folders has their name before it.
func (s *shelf) files() []string {
	s.t.Helper()
	var all []string
	err := filepath.WalkDir(s.Library.dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !strings.Contains(path, portalFolder) {
			name, _ := filepath.Rel(s.Library.dir, path)
			all = append(all, name)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func (s *shelf) names() []string {
	s.t.Helper()
	rows, err := s.Mods(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, m := range rows {
		text := m.Name + " " + m.Version
		if !m.DeletedAt.IsZero() {
			text += " deleted"
		}
		names = append(names, text)
	}
	return names
}

func (s *shelf) add(path string, o Origin) (store.Mod, Outcome) {
	s.t.Helper()
	o.Source, o.By = "upload", "anna"
	m, outcome, err := s.Add(context.Background(), path, o, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return m, outcome
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func TestTheSameBytesAreOneFile(t *testing.T) {
	s := newShelf(t)
	content := modZip(t, "pipes", "1.2.3", "control.lua", "-- one")
	first := write(t, filepath.Join(t.TempDir(), "pipes_1.2.3.zip"), content)
	second := write(t, filepath.Join(t.TempDir(), "copy.zip"), content)
	m, outcome := s.add(first, Origin{})
	if outcome != Taken || m.SHA256 != hashOf(content) || m.FileName != "pipes_1.2.3.zip" || m.Game != "2.0" || !slices.Equal(m.Dependencies, []string{"base"}) || m.AddedBy != "anna" {
		t.Errorf("taken as %+v, %v", m, outcome)
	}
	if _, outcome := s.add(second, Origin{}); outcome != Kept {
		t.Errorf("the same bytes: %v", outcome)
	}
	if got := s.files(); !slices.Equal(got, []string{hashOf(content) + ".zip"}) {
		t.Errorf("files %q", got)
	}
	stat, err := os.Stat(s.Path(m.SHA256))
	if err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", stat.Mode(), err)
	}
	if got, err := os.ReadFile(s.Path(m.SHA256)); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file has other bytes: %v", err)
	}
}

func TestAnotherContentIsRefusedUnlessAskedFor(t *testing.T) {
	s := newShelf(t)
	dir := t.TempDir()
	one, two := modZip(t, "pipes", "1.2.3", "control.lua", "-- one"), modZip(t, "pipes", "1.2.3", "control.lua", "-- two")
	s.add(write(t, filepath.Join(dir, "one.zip"), one), Origin{})
	path := write(t, filepath.Join(dir, "two.zip"), two)
	_, _, err := s.Add(t.Context(), path, Origin{Source: "upload"}, nil)
	if !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "pipes 1.2.3") {
		t.Errorf("error %v", err)
	}
	if got := s.files(); !slices.Equal(got, []string{hashOf(one) + ".zip"}) {
		t.Errorf("after a refusal: %q", got)
	}
	if _, outcome := s.add(path, Origin{Replace: true}); outcome != Replaced {
		t.Errorf("outcome %v", outcome)
	}
	if got := s.files(); !slices.Equal(got, []string{hashOf(two) + ".zip"}) {
		t.Errorf("after replacing: %q", got)
	}
}

func TestUnpackedModsArePackedTheSameEachTime(t *testing.T) {
	s := newShelf(t)
	make := func() string {
		dir := filepath.Join(t.TempDir(), "some folder")
		write(t, filepath.Join(dir, "info.json"), []byte(info("pipes", "0.1.0")))
		write(t, filepath.Join(dir, "locale", "en", "names.cfg"), []byte("[item-name]\npipe=Pipe\n"))
		write(t, filepath.Join(dir, "control.lua"), []byte("-- code"))
		write(t, filepath.Join(dir, ".git", "HEAD"), []byte("ref"))
		write(t, filepath.Join(dir, ".DS_Store"), []byte("x"))
		return dir
	}
	a, _ := s.add(make(), Origin{})
	if _, outcome := s.add(make(), Origin{}); outcome != Kept {
		t.Errorf("the second time: %v", outcome)
	}
	r, err := zip.OpenReader(s.Path(a.SHA256))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var names []string
	for _, f := range r.File {
		names = append(names, f.Name)
	}
	if want := []string{"pipes_0.1.0/control.lua", "pipes_0.1.0/info.json", "pipes_0.1.0/locale/en/names.cfg"}; !slices.Equal(names, want) {
		t.Errorf("packed %q", names)
	}
	linked := make()
	if err := os.Symlink("/etc/passwd", filepath.Join(linked, "secret")); err != nil {
		t.Skip(err)
	}
	if _, _, err := s.Add(t.Context(), linked, Origin{}, nil); err == nil || !strings.Contains(err.Error(), "secret") {
		t.Errorf("a link in a folder: %v", err)
	}
}

func TestWhatIsNoModIsRefused(t *testing.T) {
	s := newShelf(t)
	dir := t.TempDir()
	good := modZip(t, "pipes", "1.0.0", "data.lua", strings.Repeat("x = 1\n", 1000))
	flipped := bytes.Clone(good)
	flipped[bytes.Index(flipped, []byte("data.lua"))+20] ^= 1
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":             {nil, "no zip"},
		"a page":            {[]byte("<!doctype html><html>"), "no zip"},
		"cut":               {good[:len(good)-30], "no zip"},
		"damaged":           {flipped, "data.lua"},
		"two folders":       {zipOf(t, "a/info.json", info("a", "1.0.0"), "b/x.lua", ""), `not in the root folder "a"`},
		"no folder":         {zipOf(t, "info.json", info("a", "1.0.0")), "root folder"},
		"no info":           {zipOf(t, "a/data.lua", ""), "no mod"},
		"leads outside":     {zipOf(t, "a/info.json", info("a", "1.0.0"), "a/../../x", ""), "plain path"},
		"backslash":         {zipOf(t, "a/info.json", info("a", "1.0.0"), `a/..\x`, ""), "backslash"},
		"bad info":          {zipOf(t, "a/info.json", "{"), "info.json"},
		"long info":         {zipOf(t, "a/info.json", strings.Repeat(" ", 1<<20)+info("a", "1.0.0")), "more than 1 MiB"},
		"the game's own":    {zipOf(t, "a/info.json", info("space-age", "2.0.0")), "comes with the game"},
		"a name that leads": {zipOf(t, "a/info.json", info("../x", "1.0.0")), "can't be a mod's name"},
		"a name too long":   {zipOf(t, "a/info.json", info(strings.Repeat("x", 101), "1.0.0")), "can't be a mod's name"},
	} {
		path := write(t, filepath.Join(dir, name+".zip"), test.content)
		_, _, err := s.Add(t.Context(), path, Origin{Source: "upload"}, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := s.files(); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
	if got := s.names(); len(got) != 0 {
		t.Errorf("rows: %q", got)
	}
}

// A zip of a few kilobytes that unpacks to gigabytes is not unpacked.
func TestBombsAreNotUnpacked(t *testing.T) {
	s := newShelf(t)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for n := range 3 {
		f, err := w.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("a/%d", n), Method: zip.Deflate, CompressedSize64: 5, UncompressedSize64: 3 << 30})
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte("short"))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.Add(t.Context(), write(t, filepath.Join(t.TempDir(), "bomb.zip"), b.Bytes()), Origin{}, nil)
	if err == nil || !strings.Contains(err.Error(), "can't inflate") {
		t.Errorf("error %v", err)
	}
}

func TestTheBin(t *testing.T) {
	s := newShelf(t)
	content := modZip(t, "pipes", "1.2.3")
	path := write(t, filepath.Join(t.TempDir(), "a.zip"), content)
	s.add(path, Origin{})
	if err := s.Delete(t.Context(), "pipes", "1.2.3"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Mod(t.Context(), "pipes", "1.2.3"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
	if err := s.Delete(t.Context(), "pipes", "1.2.3"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if err := errors.Join(s.Sweep(t.Context()), s.Restore(t.Context(), "pipes", "1.2.3"), s.Delete(t.Context(), "pipes", "1.2.3")); err != nil {
		t.Fatal(err)
	}
	if _, outcome := s.add(path, Origin{}); outcome != Kept || s.names()[0] != "pipes 1.2.3" {
		t.Errorf("added again: %v, %q", outcome, s.names())
	}
	if err := s.Delete(t.Context(), "pipes", "1.2.3"); err != nil {
		t.Fatal(err)
	}
	s.now = func() time.Time { return time.Now().Add(binKept + time.Hour) }
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.files()) != 0 || len(s.names()) != 0 {
		t.Errorf("a week later: %q, %q", s.files(), s.names())
	}
}

func TestOpenMendsWhatAKilledProgramLeft(t *testing.T) {
	s := newShelf(t)
	kept, gone, binned := modZip(t, "kept", "1.0.0"), modZip(t, "gone", "1.0.0"), modZip(t, "binned", "1.0.0")
	for i, content := range [][]byte{kept, gone, binned} {
		s.add(write(t, filepath.Join(t.TempDir(), fmt.Sprint(i, ".zip")), content), Origin{})
	}
	if err := errors.Join(s.Delete(t.Context(), "binned", "1.0.0"), os.Remove(s.Path(hashOf(gone))), os.Remove(s.Path(hashOf(binned)))); err != nil {
		t.Fatal(err)
	}
	whole, other := modZip(t, "whole", "2.0.0"), modZip(t, "kept", "1.0.0", "x.lua", "")
	write(t, s.Path(hashOf(whole)), whole)                                                     // renamed, but killed before its row
	write(t, s.Path(hashOf(other)), other)                                                     // would replace what is there
	write(t, s.Path(strings.Repeat("0", 64)), whole)                                           // not what its name says
	write(t, filepath.Join(s.incoming(), unfinished, "123"), whole[:50])                       // half a copy
	write(t, filepath.Join(s.incoming(), ".whole_2.0.0.zip.partial"), []byte("to go on with")) // a download
	s.reopen()
	if got, want := s.names(), []string{"gone 1.0.0", "kept 1.0.0", "whole 2.0.0"}; !slices.Equal(got, want) {
		t.Errorf("rows %q", got)
	}
	want := []string{filepath.Join(incomingFolder, ".whole_2.0.0.zip.partial"), hashOf(kept) + ".zip", hashOf(whole) + ".zip"}
	slices.Sort(want)
	if got := s.files(); !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	if got := s.Problems(); len(got) != 4 {
		t.Errorf("told %q", got)
	}
	m, err := s.Mod(t.Context(), "gone", "1.0.0")
	if err != nil || !strings.Contains(s.Problem(m), "gone from the store") {
		t.Errorf("%v, %q", err, s.Problem(m))
	}
	if m, outcome := s.add(write(t, filepath.Join(t.TempDir(), "again.zip"), gone), Origin{}); outcome != Kept || s.Problem(m) != "" {
		t.Errorf("the file that was gone, added again: %v, %q", outcome, s.Problem(m))
	}
}

func TestPlan(t *testing.T) {
	s := newShelf(t)
	dir := t.TempDir()
	stored := modZip(t, "stored", "1.0.0")
	s.add(write(t, filepath.Join(t.TempDir(), "a.zip"), stored), Origin{})
	write(t, filepath.Join(dir, "stored_1.0.0.zip"), stored)
	write(t, filepath.Join(dir, "new_0.1.0.zip"), modZip(t, "new", "0.1.0"))
	write(t, filepath.Join(dir, "new_0.1.0-copy.zip"), modZip(t, "new", "0.1.0"))
	write(t, filepath.Join(dir, "unpacked", "info.json"), []byte(info("unpacked", "3.0.0")))
	write(t, filepath.Join(dir, "broken.zip"), []byte("PK"))
	write(t, filepath.Join(dir, "mod-list.json"), []byte("{}"))
	write(t, filepath.Join(dir, "other", "stored_1.0.0.zip"), modZip(t, "stored", "1.0.0", "x.lua", ""))
	paths := []string{dir, filepath.Join(dir, "other"), filepath.Join(dir, "missing.zip"), filepath.Join(dir, "mod-list.json")}
	for _, replace := range []bool{false, true} {
		steps, err := s.Plan(t.Context(), paths, replace)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, step := range steps {
			text := fmt.Sprint(step.Info.Name, " ", step.Outcome)
			if step.Refused != nil {
				text = "refused"
			}
			name, _ := filepath.Rel(dir, step.Path)
			got[filepath.ToSlash(name)] = text
		}
		want := map[string]string{
			"new_0.1.0-copy.zip": "new 0", "new_0.1.0.zip": "refused", "stored_1.0.0.zip": "stored 1", "unpacked": "unpacked 0", "broken.zip": "refused",
			"other/stored_1.0.0.zip": "refused", "missing.zip": "refused", "mod-list.json": "refused",
		}
		if !maps.Equal(got, want) {
			t.Errorf("replace %v: %v", replace, got)
		}
	}
	if got := s.names(); !slices.Equal(got, []string{"stored 1.0.0"}) {
		t.Errorf("a plan has changed the store: %q", got)
	}
}

func TestACanceledAddLeavesNothing(t *testing.T) {
	s := newShelf(t)
	path := write(t, filepath.Join(t.TempDir(), "a.zip"), modZip(t, "pipes", "1.0.0", "big", strings.Repeat("x", 1<<20)))
	ctx, cancel := context.WithCancel(t.Context())
	if _, _, err := s.Add(ctx, path, Origin{}, func(int64, int64) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if len(s.files()) != 0 || len(s.names()) != 0 {
		t.Errorf("left %q, %q", s.files(), s.names())
	}
}

// hasty is an index whose caller gives up while a row is being written. It is written all the same.
type hasty struct {
	rows
	giveUp context.CancelFunc
}

type rows = store.Mods

func (h hasty) PutMod(ctx context.Context, m store.Mod) error {
	err := h.rows.PutMod(ctx, m)
	h.giveUp()
	return cmp.Or(ctx.Err(), err)
}

func TestAnAddThatIsCanceledLateLosesNothing(t *testing.T) {
	s := newShelf(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.Library.index = hasty{s.index, cancel}
	path := write(t, filepath.Join(t.TempDir(), "pipes.zip"), modZip(t, "pipes", "1.0.0"))
	_, _, _ = s.Library.Add(ctx, path, Origin{Source: "upload"}, nil) // whichever way it goes
	s.reopen()
	if m, err := s.Mod(t.Context(), "pipes", "1.0.0"); err != nil || s.Problem(m) != "" {
		t.Errorf("%v: %s", err, s.Problem(m))
	}
}

func FuzzZip(f *testing.F) {
	f.Add(modZip(f, "pipes", "1.2.3", "data.lua", "x = 1"))
	f.Add(zipOf(f, "a/info.json", info("a", "1.0.0", "? b >= 1.0"), "a/b/", "", "a/c.png", "png"))
	f.Add(zipOf(f, "a/../info.json", "{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := look(t.Context(), bytes.NewReader(data), int64(len(data)), nil)
		if err != nil {
			return
		}
		if checkName(found.Info) != nil || !filepath.IsLocal(found.FileName()) || strings.ContainsAny(found.FileName(), `/\`) {
			t.Errorf("taken with the name %q", found.FileName())
		}
	})
}

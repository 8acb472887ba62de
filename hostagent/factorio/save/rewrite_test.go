package save

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestRewriteRealSaves(t *testing.T) {
	set := map[string][]byte{"control.lua": []byte("require('mainbus/control')\n"), "mainbus/control.lua": []byte("-- ours\n")}
	for _, path := range realSaves(t) {
		dst := filepath.Join(t.TempDir(), "patched.zip")
		if err := Rewrite(path, dst, set); err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		was, is := openSave(t, path), openSave(t, dst)
		for name, want := range set {
			if got := readAll(t, is, name); got != string(want) {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		kept := slices.DeleteFunc(is.Names(), func(name string) bool { return set[name] != nil })
		if want := slices.DeleteFunc(was.Names(), func(name string) bool { return set[name] != nil }); !slices.Equal(kept, want) {
			t.Errorf("%s: kept %q, want %q", path, kept, want)
		}
		for _, name := range kept {
			if !bytes.Equal(rawEntry(t, is, name), rawEntry(t, was, name)) {
				t.Errorf("%s: %s is stored differently", path, name)
			}
		}
		if is.Root() != was.Root() {
			t.Errorf("root %q became %q", was.Root(), is.Root())
		}
	}
}

func rawEntry(t *testing.T, a *Archive, name string) []byte {
	t.Helper()
	r, err := a.entries[name].OpenRaw()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRewriteInPlaceTwice(t *testing.T) {
	path, _ := makeSave(t, t.TempDir())
	if err := os.WriteFile(path+TempSuffix, []byte("left over"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		if err := Rewrite(path, path, map[string][]byte{"mainbus/start.lua": []byte(text)}); err != nil {
			t.Fatal(err)
		}
		a, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, a, "mainbus/start.lua"); got != text || len(a.Names()) != 9 {
			t.Errorf("start.lua is %q of %q", got, a.Names())
		}
		a.Close()
	}
	if _, err := os.Stat(path + TempSuffix); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("temporary file is left: %v", err)
	}
}

func TestRewriteDropsFiles(t *testing.T) {
	path, _ := makeSave(t, t.TempDir())
	before := openSave(t, path).Names()
	set := map[string][]byte{"mainbus/a.lua": []byte("a"), "mainbus/b.lua": []byte("b")}
	if err := Rewrite(path, path, set); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		set  map[string][]byte
		drop []string
		want []string
	}{
		{map[string][]byte{"mainbus/b.lua": []byte("c")}, []string{"mainbus/a.lua", "mainbus/b.lua", "absent"}, append(slices.Clone(before), "mainbus/b.lua")},
		{nil, []string{"mainbus/b.lua"}, before},
	} {
		if err := Rewrite(path, path, step.set, step.drop...); err != nil {
			t.Fatal(err)
		}
		if got := openSave(t, path).Names(); !slices.Equal(got, step.want) {
			t.Errorf("dropped %q: left %q, want %q", step.drop, got, step.want)
		}
	}
	if err := Rewrite(path, path, nil, before[len(before)-1], "level.dat0"); err == nil {
		t.Error("a level without its beginning was accepted")
	}
}

func TestFailedRewriteLeavesTheOldSave(t *testing.T) {
	dir := t.TempDir()
	path, _ := makeSave(t, dir)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, set := range map[string]map[string][]byte{
		"bad name":     {"../control.lua": nil},
		"broken level": {"level.dat0": []byte("x")},
	} {
		if err := Rewrite(path, path, set); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := Rewrite(path, filepath.Join(dir, "absent", "x.zip"), nil); err == nil {
		t.Error("absent folder: no error")
	}
	if err := Rewrite(filepath.Join(dir, "absent.zip"), path, nil); err == nil {
		t.Error("absent source: no error")
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the save changed (%v)", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

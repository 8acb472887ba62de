package patch

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/internal/sample"
	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/factorio/scriptdat"
)

func TestReadControl(t *testing.T) {
	const play = "require('__base__/script/freeplay/control.lua')\n"
	for _, test := range []struct {
		name, text string
		want       control
		patched    string
	}{
		{"freeplay", play, control{text: play}, firstRequire + play},
		{"empty", "", control{}, firstRequire},
		{"a long comment", "--[[ a\nb ]] x = 1", control{text: "--[[ a\nb ]] x = 1"}, firstRequire + "--[[ a\nb ]] x = 1"},
		{"for a shell", "#!/bin/lua\nx", control{text: "#!/bin/lua\nx"}, firstRequireHash + "#!/bin/lua\nx"},
		{"byte order mark", "\uFEFFx", control{text: "\uFEFFx"}, "\uFEFF" + firstRequire + "x"},
		{"both", "\uFEFF#x", control{text: "\uFEFF#x"}, "\uFEFF" + firstRequireHash + "#x"},
		{"patched", firstRequire + play, control{text: play, marked: true}, firstRequire + play},
		{"patched for a shell", firstRequireHash + "#!", control{text: "#!", marked: true}, firstRequireHash + "#!"},
		{"patched behind a mark", "\uFEFF" + firstRequire + "x", control{text: "\uFEFFx", marked: true}, "\uFEFF" + firstRequire + "x"},
		{"patched, was empty", firstRequire, control{marked: true}, firstRequire},
		{"patched, was absent", onlyRequire, control{absent: true, marked: true}, onlyRequire},
		{"an old patch", oldMarker + oldFreeplay + "require('mainbus/control')\n", control{text: oldFreeplay, marked: true}, firstRequire + oldFreeplay},
		{"an old patch without freeplay", oldMarker + "require('mainbus/control')\n", control{absent: true, marked: true}, onlyRequire},
		{"an old patch below text", "-- mine\n" + oldMarker, control{text: "-- mine\n", marked: true}, firstRequire + "-- mine\n"},
	} {
		got := readControl(test.text)
		if got != test.want || got.patched() != test.patched {
			t.Errorf("%s: %+v, patched %q", test.name, got, got.patched())
		}
	}
}

func FuzzControl(f *testing.F) {
	for _, seed := range []string{"", "x", "#!\n", "\uFEFF#", firstRequire, firstRequireHash, onlyRequire, oldMarker + oldFreeplay, "\uFEFF" + firstRequire + firstRequire} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first := readControl(text)
		if !first.marked && first.text != text {
			t.Fatalf("%q is not what it was: %+v", text, first)
		}
		patched := first.patched()
		again := readControl(patched)
		if again.text != first.text || again.absent != first.absent || !again.marked || again.patched() != patched {
			t.Fatalf("%+v became %+v", first, again)
		}
		if strings.Count(patched, "\n") > strings.Count(first.text, "\n") && !first.absent {
			t.Fatalf("lines moved: %q", patched)
		}
	})
}

// A patched scenario is Lua still, our line runs first, and lines have their numbers.
func TestPatchedControlRuns(t *testing.T) {
	lua, err := exec.LookPath("lua5.2")
	if err != nil {
		t.Skip("SKIPPED: lua5.2 is not installed")
	}
	for _, text := range []string{
		"", "where()", "\n\nwhere()", "(function() where() end)()", "--[[ a\n ]] where()", "-- a\nwhere()", "--[==[\n]==]\nwhere()",
		"#!/usr/bin/lua\nwhere()", "--\n::again:: where()", "local require = 5\nwhere()", "return where()", "goto x\n::x::\nwhere()",
	} {
		run := func(script string) string {
			dir := t.TempDir()
			prelude := "local name = ... local out = {} function require(m) print(m) end function where() print(debug.getinfo(2, 'l').currentline) end " +
				"local f = io.open(name) local s = f:read('*a') if s:sub(1, 1) == '#' then s = '--' .. s end assert(load(s, '=control'))()"
			for name, content := range map[string]string{"prelude.lua": prelude, "control.lua": script} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := exec.Command(lua, filepath.Join(dir, "prelude.lua"), filepath.Join(dir, "control.lua")).CombinedOutput()
			if err != nil {
				t.Errorf("%q: %v: %s", script, err, out)
			}
			return string(out)
		}
		if got, want := run(readControl(text).patched()), "mainbus/control\n"+run(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// contentOf is all files of a save.
func contentOf(t *testing.T, path string) (names []string, files map[string]string) {
	t.Helper()
	archive, err := save.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files = map[string]string{}
	for _, name := range archive.Names() {
		r, err := archive.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(data)
	}
	return archive.Names(), files
}

var testPatch = Patch{Start: "1-abcd0123", World: strings.Repeat("a1", 16), Modules: map[string][]byte{"control.lua": []byte("-- one"), "bus.lua": nil}}

// makeSave makes a save without scripts.
func makeSave(t *testing.T, path string) {
	t.Helper()
	w, err := save.Create(path, "root")
	if err != nil {
		t.Fatal(err)
	}
	version := factorio.Version{Major: 2, Minor: 0, Patch: 77}
	storage := &scriptdat.Table{Pairs: []scriptdat.Pair{{Key: "x", Value: "y"}}}
	for _, err := range []error{
		w.Level(save.Header{Version: version, BaseMod: "base", Level: "freeplay"}, strings.NewReader("rest")),
		w.File("info.json", []byte("null\n")),
		w.Script(scriptdat.File{Version: version, Blocks: []scriptdat.Block{{Name: "level", Value: storage, Flag: 1}}}),
		w.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func proposed(t *testing.T, path string) string {
	t.Helper()
	archive, err := save.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	world, err := Proposed(archive)
	if err != nil {
		t.Fatal(err)
	}
	return world
}

// savesToPatch are the real ones, and made ones for each kind of control.lua.
func savesToPatch(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "none.zip")}
	makeSave(t, paths[0])
	for n, text := range []string{"", "#!\n", "\uFEFFx = 1\r\n", "local x = [[\n]]\n", strings.Repeat("-", maxScript)} {
		path := filepath.Join(dir, fmt.Sprintf("made-%d.zip", n))
		if err := save.Rewrite(paths[0], path, map[string][]byte{controlFile: []byte(text), "other.lua": nil}); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	real, err := filepath.Glob(filepath.Join(sample.Dir(t, "saves"), "*.zip"))
	if err != nil {
		t.Fatal(err)
	}
	return append(paths, real...)
}

func TestPatchTwiceAndBack(t *testing.T) {
	for _, path := range savesToPatch(t) {
		dir := t.TempDir()
		once, twice, later, back := filepath.Join(dir, "1.zip"), filepath.Join(dir, "2.zip"), filepath.Join(dir, "3.zip"), filepath.Join(dir, "4.zip")
		other := testPatch
		other.Start, other.Modules = "2-abcd0123", map[string][]byte{"control.lua": []byte("-- two"), "more.lua": nil}
		for _, step := range []struct {
			p        Patch
			src, dst string
		}{{testPatch, path, once}, {testPatch, once, twice}, {other, once, later}} {
			if refusal, err := step.p.Apply(step.src, step.dst); err != nil || refusal != "" {
				t.Fatalf("%s: %q, %v", path, refusal, err)
			}
		}
		first, err1 := os.ReadFile(once)
		second, err2 := os.ReadFile(twice)
		if string(first) != string(second) || errors.Join(err1, err2) != nil {
			t.Errorf("%s: the same patch gives other bytes", path)
		}
		_, files := contentOf(t, later)
		for name, want := range map[string]string{"mainbus/control.lua": "-- two", "mainbus/more.lua": ""} {
			if got, is := files[name]; !is || got != want {
				t.Errorf("%s: %s is %q, %v", path, name, got, is)
			}
		}
		if _, is := files["mainbus/bus.lua"]; is {
			t.Errorf("%s: a module of an earlier patch is left", path)
		}
		for _, patched := range []string{later, path} {
			if err := Undo(patched, back); err != nil {
				t.Fatal(err)
			}
			names, files := contentOf(t, back)
			wantNames, want := contentOf(t, path)
			if !slices.Equal(names, wantNames) || !maps.Equal(files, want) {
				t.Errorf("%s: %q became %q, or their content differs", path, wantNames, names)
			}
		}
	}
}

// The game may put its own control.lua into an old save; the rest of the patch is known by the file that only we write.
func TestPatchWhoseControlWasReplaced(t *testing.T) {
	dir := t.TempDir()
	path, back := filepath.Join(dir, "a.zip"), filepath.Join(dir, "b.zip")
	makeSave(t, path)
	if _, err := testPatch.Apply(path, path); err != nil {
		t.Fatal(err)
	}
	if err := save.Rewrite(path, path, map[string][]byte{controlFile: []byte(oldFreeplay)}); err != nil {
		t.Fatal(err)
	}
	if err := Undo(path, back); err != nil {
		t.Fatal(err)
	}
	if names, files := contentOf(t, back); files[controlFile] != oldFreeplay || slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "mainbus") }) {
		t.Errorf("left: %q", names)
	}
	if refusal, err := testPatch.Apply(path, path); refusal != "" || err != nil {
		t.Errorf("%q, %v", refusal, err)
	}
	if _, files := contentOf(t, path); files[controlFile] != firstRequire+oldFreeplay {
		t.Errorf("control.lua is %q", files[controlFile])
	}
}

func TestSavesThatCannotBePatchedStayAsTheyAre(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string][]byte
		says  string
	}{
		"a folder of that name":           {map[string][]byte{"mainbus/control.lua": []byte("-- theirs")}, "mainbus/control.lua"},
		"a folder with a start file":      {map[string][]byte{"mainbus/start.lua": []byte("return { speed = 1 }\n")}, "mainbus/start.lua"},
		"a folder with a huge start file": {map[string][]byte{"mainbus/start.lua": make([]byte, maxText+1)}, "mainbus/start.lua"},
		"a folder of nearly that name":    {map[string][]byte{"MainBus/x.lua": nil}, "MainBus/x.lua"},
		"a file of that name":             {map[string][]byte{"mainbus": nil}, `"mainbus"`},
		"nearly a control.lua":            {map[string][]byte{"Control.lua": nil}, "Control.lua"},
		"a folder in the place of a file": {map[string][]byte{"control.lua/x": nil}, "control.lua/x"},
		"a script that is too long":       {map[string][]byte{"control.lua": make([]byte, maxScript+1)}, "longer than 4 MiB"},
		"a script that is much too long":  {map[string][]byte{"control.lua": make([]byte, maxText+1)}, "longer than 4 MiB"},
		"a compiled script":               {map[string][]byte{"control.lua": []byte("\x1bLua")}, "compiled"},
		"ours, and a folder much like it": {map[string][]byte{"control.lua": []byte(firstRequire), "Mainbus/x.lua": nil}, "Mainbus/x.lua"},
		"ours, and a file in its place":   {map[string][]byte{"control.lua": []byte(firstRequire), "mainbus": nil}, `"mainbus"`},
	} {
		dir := t.TempDir()
		path, copied := filepath.Join(dir, "a.zip"), filepath.Join(dir, "b.zip")
		makeSave(t, path)
		if err := save.Rewrite(path, path, test.files); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, dst := range []string{path, copied} {
			refusal, err := testPatch.Apply(path, dst)
			if err != nil || !strings.Contains(refusal, test.says) {
				t.Errorf("%s: %q, %v", name, refusal, err)
			}
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
			t.Errorf("%s: the save was changed (%v)", name, err)
		}
		wantNames, want := contentOf(t, path)
		if names, files := contentOf(t, copied); !slices.Equal(names, wantNames) || !maps.Equal(files, want) {
			t.Errorf("%s: the copy differs: %q", name, names)
		}
		if world := proposed(t, path); world != "" {
			t.Errorf("%s: proposes %q", name, world)
		}
	}
}

func TestFailedPatchLeavesTheSaveAsItWas(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.zip")
	makeSave(t, path)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := Patch{Start: "1-a", World: "w1", Modules: map[string][]byte{"../../evil.lua": nil}}
	if _, err := p.Apply(path, path); err == nil {
		t.Error("a module outside its folder was accepted")
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the save was changed: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestProposedWorldIsReadFromAPatch(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.zip")
	makeSave(t, path)
	if _, err := testPatch.Apply(path, path); err != nil {
		t.Fatal(err)
	}
	if world := proposed(t, path); world != testPatch.World {
		t.Errorf("proposes %q", world)
	}
	if _, err := os.Stat(path + save.TempSuffix); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a temporary file is left: %v", err)
	}
}

package lua

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

func TestBundleIsStableAndFlat(t *testing.T) {
	_, first := Bundle()
	second, err := pack(modules)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("packing the same modules twice gives different bytes")
	}
	archive, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range archive.File {
		names = append(names, f.Name)
	}
	for _, want := range []string{"bus.lua", "codec.lua", "control.lua", "core.lua", "script.lua"} {
		if !slices.Contains(names, want) {
			t.Errorf("bundle lacks %s: %v", want, names)
		}
	}
}

// interpreter finds the reference interpreter: the game runs Lua 5.2, and only that one prints and parses as it does.
func interpreter(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("SKIPPED: %s is not installed (Debian package lua5.2), the save modules were NOT tested here", name)
	}
	return path
}

func TestModulesCompile(t *testing.T) {
	luac := interpreter(t, "luac5.2")
	files, err := filepath.Glob("*/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatalf("find modules: %v %v", files, err)
	}
	for _, file := range files {
		if out, err := exec.Command(luac, "-p", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
	}
}

func TestModules(t *testing.T) {
	lua := interpreter(t, "lua5.2")
	scripts, err := filepath.Glob("testdata/*_test.lua")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("find tests: %v %v", scripts, err)
	}
	for _, script := range scripts {
		t.Run(filepath.Base(script), func(t *testing.T) {
			cmd := exec.Command(lua, script)
			cmd.Env = append(os.Environ(), "LC_ALL=C")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

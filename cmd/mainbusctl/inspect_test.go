package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInspectRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	inspected := func(args ...string) (string, string, int) {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"--data", t.TempDir()}, args...), &out, &errs)
		return out.String(), errs.String(), code
	}
	tests := []struct {
		name, file string
		want       string
	}{
		{"nothing there", filepath.Join(dir, "none"), "no such file"},
		{"an empty file", write("empty.zip", ""), "it is empty"},
		{"a text", write("save.zip", "hello\nworld\n"), "no file of the game that can be told"},
		{"bytes", write("x.log", "\x7fELF\x02\x01\x01\x00\x00\x00\x00"), "no file of the game that can be told"},
		{"a cut zip", write("cut.zip", "PK\x03\x04\x14\x00"), "it is a zip, but no save and no mod"},
		{"other JSON", write("package.json", `{"left":"pad"}`), "it is JSON, but"},
		{"broken JSON", write("mod-list.json", `{"mods":[`), "it looks like JSON, but is none"},
		{"a mod list without mods", write("mods.json", `{"mods":3}`), "it looks like a mod list"},
		{"a mod without name", write("info.json", `{"version":"1.0.0","title":"x","author":"y"}`), "mod that the game does not load"},
		{"cut mod settings", write("mod-settings.dat", "\x02\x00\x00\x00\x48\x00\x00\x00\x00\x05\x00\x03"), "it looks like mod settings, but can't be read"},
		{"a folder", dir, "mod that the game does not load"},
		{"a folder of something else", t.TempDir(), "it is a folder, but not a mod's"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, args := range [][]string{{"inspect", test.file}, {"inspect", test.file, "--json"}} {
				out, errs, code := inspected(args...)
				if code != 1 || out != "" || !strings.Contains(errs, test.want) || strings.Count(strings.TrimSpace(errs), "\n") != 0 {
					t.Errorf("exit code %d\n%s%s", code, out, errs)
				}
			}
		})
	}
	if _, errs, code := inspected("inspect"); code != 2 {
		t.Errorf("without a file: exit code %d: %s", code, errs)
	}
}

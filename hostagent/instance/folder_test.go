package instance

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/install"
)

func TestServerSettings(t *testing.T) {
	const example = "{\n  \"_comment\": \"c\",\n  \"name\": \"x\",\n  \"visibility\":\n  {\n    \"public\": true\n  },\n  \"of_a_later_game\": 1.0\n}\n"
	for _, test := range []struct{ name, example, want, err string }{
		{"an example of the game", example, "{\n  \"_comment\": \"c\",\n  \"name\": \"a \\\"b\\\"\",\n  \"visibility\":\n  {\n    \"public\": false,\n    \"lan\": true\n  }," +
			"\n  \"of_a_later_game\": 1.0,\n  \"auto_pause\": false,\n  \"autosave_interval\": 5,\n  \"autosave_slots\": 5\n}\n", ""},
		{"no example", "", "\n  \"require_user_verification\": true,\n", ""},
		{"a damaged example", "{\n\"name\": \n", "", "make server settings from the game's example: server settings: line 2, column 8: the JSON ends too early"},
	} {
		game, dir := openInstallation(t), folder(t.TempDir())
		if test.example != "" {
			if err := os.WriteFile(filepath.Join(game.Data(), "server-settings.example.json"), []byte(test.example), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := dir.prepare(game, `a "b"`)
		if test.err != "" {
			if _, left := os.Stat(dir.serverSettings()); err == nil || err.Error() != test.err || left == nil {
				t.Errorf("%s: %v; %v", test.name, err, left)
			}
			continue
		}
		if got, readErr := os.ReadFile(dir.serverSettings()); err != nil || readErr != nil || !strings.Contains(string(got), test.want) {
			t.Errorf("%s: %v, %v, %s", test.name, err, readErr, got)
		}
		if err := os.WriteFile(dir.serverSettings(), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := dir.prepare(game, "x"); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(dir.serverSettings()); err != nil || string(got) != "mine" {
			t.Errorf("%s: the user's file became %s, %v", test.name, got, err)
		}
	}
}

// openInstallation makes an installation without a game.
func openInstallation(t *testing.T) *install.Installation {
	t.Helper()
	dir := t.TempDir()
	for _, path := range []string{"bin/x64/factorio", "bin/x64/factorio.exe", "bin/arm64/factorio", "data/base/info.json"} {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	game, err := install.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return game
}

func TestAFolderThatCannotBeWritten(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("SKIPPED: nothing is read-only for this user")
	}
	game, dir := openInstallation(t), folder(t.TempDir())
	if err := dir.prepare(game, "x"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir.saves(), 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir.saves(), 0o700)
	if err := dir.prepare(game, "x"); err == nil || !strings.Contains(err.Error(), dir.saves()) || !strings.Contains(err.Error(), "could not save") {
		t.Errorf("it says %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(string(dir), "*", ".write-test-*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

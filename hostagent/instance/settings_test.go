package instance

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/internal/simgame"
	"mainbus/transport/wire"
)

func TestServerSettingsAreChanged(t *testing.T) {
	i := New(Config{ID: "abcdefghij", Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler), Changed: func() {}})
	change := func(c *wire.SettingsChange) string {
		t.Helper()
		s, err := i.ChangeSettings(t.Context(), "nauvis", c)
		if err != nil {
			t.Fatalf("%v: %v", c, err)
		}
		return string(s.GetShown())
	}
	first, err := i.Settings("nauvis")
	if err != nil || !strings.Contains(string(first.GetShown()), `"nauvis"`) {
		t.Fatalf("before the first start: %s, %v", first.GetShown(), err)
	}
	for _, bad := range []*wire.SettingsChange{
		{Key: "no_such_key", Value: "1"}, {Key: "autosave_interval", Value: "often"}, {File: []byte("{")}, {File: []byte(`{"auto_pause": 7}`)},
	} {
		if _, err := i.ChangeSettings(t.Context(), "nauvis", bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	if _, err := os.Stat(i.folder.serverSettings()); err == nil {
		t.Error("something was written")
	}
	change(&wire.SettingsChange{File: []byte(`{"_comment": "mine", "name": "x", "future_key": [1, 2], "token": "geheim"}`)})
	change(&wire.SettingsChange{Key: "name", Value: "123"}) // a text, though it looks like a number
	change(&wire.SettingsChange{Key: "visibility.public", Value: "true"})
	shown := change(&wire.SettingsChange{Key: "autosave_interval", Value: "7"})
	if strings.Contains(shown, "geheim") || !strings.Contains(shown, "(not shown)") {
		t.Errorf("it shows %s", shown)
	}
	change(&wire.SettingsChange{File: []byte(shown)}) // as it was shown
	text, err := os.ReadFile(i.folder.serverSettings())
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"future_key"`, `"token": ""`, `"123"`, `"public": true`, `"autosave_interval": 7`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s is not in %s", part, text)
		}
	}
	if whole := handedOut(t, i.folder); !strings.Contains(whole, `"token": "geheim"`) {
		t.Errorf("a game gets %s", whole)
	}
	change(&wire.SettingsChange{Key: "token", Value: ""})
	if whole := handedOut(t, i.folder); strings.Contains(whole, "geheim") {
		t.Errorf("a token that was taken away is still there: %s", whole)
	}
}

// handedOut returns the settings that a game would get.
func handedOut(t *testing.T, f folder) string {
	t.Helper()
	path, err := f.handOutSettings("x")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What somebody writes into the file by hand counts, and is put away at the next start.
func TestCredentialsInASettingsFile(t *testing.T) {
	f := folder(t.TempDir())
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(f.serverSettings(), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const both = `{"name": "x", "token": "first", "game_password": "secret"}`
	write(both)
	if got := handedOut(t, f); got != both {
		t.Errorf("a game gets %s", got)
	}
	if text, err := os.ReadFile(f.serverSettings()); err != nil || string(text) != `{"name": "x", "token": "", "game_password": ""}` {
		t.Errorf("it says %s, %v", text, err)
	}
	write(`{"name": "x", "token": "second"}`)
	if got := handedOut(t, f); !strings.Contains(got, `"token": "second"`) || !strings.Contains(got, `"game_password": "secret"`) {
		t.Errorf("a game gets %s", got)
	}
	for _, file := range []string{f.credentialsFile(), f.startSettings(), f.serverSettings()} {
		if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	write(`{"name": "x", "token": 7}`) // the game will say what it thinks of that
	if got := handedOut(t, f); got != `{"name": "x", "token": 7}` {
		t.Errorf("a game gets %s", got)
	}
}

// A public game has its account while it starts; nothing of it is left in its folder's open files once it runs, or has ended.
func TestCredentialsAreThereOnlyWhileAGameStarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := newAgent(t, dir, simgame.Install(t, scenario), &controller{ledger: "beef"})
	for key, value := range map[string]string{"token": "geheim", "username": "Ann", "visibility.public": "true"} {
		if _, err := a.ChangeSettings(t.Context(), "Alpha One", &wire.SettingsChange{Key: key, Value: value}); err != nil {
			t.Fatal(err)
		}
	}
	a.wantRunning(true)
	a.waitLinked()
	if lines, _, err := a.ReadConsole(t.Context(), 0, time.Second, 2000); err != nil || strings.Contains(strings.Join(lines, "\n"), "Missing token") {
		t.Errorf("the game had no token: %v, %q", err, lines)
	}
	if _, err := os.Stat(a.folder.startSettings()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("while it runs: %v", err)
	}
	a.stopGame()
	if text, err := os.ReadFile(a.folder.serverSettings()); err != nil || strings.Contains(string(text), "geheim") {
		t.Errorf("the settings say %s, %v", text, err)
	}
}

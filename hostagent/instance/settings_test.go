package instance

import (
	"log/slog"
	"os"
	"strings"
	"testing"

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
	for _, part := range []string{`"future_key"`, `"geheim"`, `"123"`, `"public": true`, `"autosave_interval": 7`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s is not in %s", part, text)
		}
	}
}

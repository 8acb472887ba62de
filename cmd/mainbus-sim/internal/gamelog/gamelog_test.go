package gamelog

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mainbus/cmd/mainbus-sim/internal/scenario"
)

func TestShapesAndWhereTheyGo(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "factorio-current.log"), []byte("the run before"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout strings.Builder
	o := New(time.Now().Add(-1234567*time.Second), &stdout, nil)
	console := filepath.Join(dir, "console.log")
	if err := o.Open(dir, true); err != nil {
		t.Fatal(err)
	}
	if err := o.OpenConsole(console); err != nil {
		t.Fatal(err)
	}
	o.Info("A.cpp:1", "two\nlines")
	o.Dated("CHAT", "ann: hi")
	o.Bare("reply")
	o.Raw("torn", false)
	o.Engine("Goodbye")
	const date = `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d `
	for name, want := range map[string]string{
		"":                      `^1234567\.\d{3} Info A\.cpp:1: two\nlines\n` + date + `\[CHAT\] ann: hi\nreply\ntorn1234567\.\d{3} Goodbye\n$`,
		"factorio-current.log":  `^1234567\.\d{3} Info A\.cpp:1: two\nlines\n1234567\.\d{3} Goodbye\n$`,
		"factorio-previous.log": `^the run before$`,
		"console.log":           `^` + date + `\[CHAT\] ann: hi\n$`,
	} {
		text := stdout.String()
		if name != "" {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			text = string(data)
		}
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("%s: got %q", name, text)
		}
	}
}

func TestDisturbances(t *testing.T) {
	var stdout strings.Builder
	killed := 0
	o := New(time.Now(), &stdout, func() { killed++ })
	o.Disturb(-365*24*time.Hour, scenario.Die{AtLine: "now", Nth: 2})
	for _, line := range []string{"now", "not yet?", "wait", "now it is"} {
		o.Dated("", line)
	}
	if killed != 1 {
		t.Errorf("killed %d times", killed)
	}
	if year := time.Now().Add(-365 * 24 * time.Hour).Format("2006-"); !strings.HasPrefix(stdout.String(), year) {
		t.Errorf("got %q", stdout.String())
	}
}

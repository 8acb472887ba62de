package console

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParseOnline(t *testing.T) {
	for answer, want := range map[string][]string{
		"Online players (0):":                                 nil,
		"Online players (0):\n":                               nil,
		"Online players (2):\n  ann (online)\n  Bob (online)": {"ann", "Bob"},
		"Online players (1):\r\n  ann (online)\r\n":           {"ann"},
		"Online players (1):\n  (online) (online)":            {"(online)"},
	} {
		if got, ok := ParseOnline(answer); !ok || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %t", answer, got, ok)
		}
	}
	for _, answer := range []string{"", "Players (0):", "Online players (2):\n  ann (online)", "Online players (1):\n  ann", "Online players (0):\n  ann (online)",
		"Online players (1):\n  a b (online)", "Online players (1000000):", `Unknown command "players".`, "x\nOnline players (0):"} {
		if got, ok := ParseOnline(answer); ok {
			t.Errorf("%q: %q", answer, got)
		}
	}
}

func FuzzParseOnline(f *testing.F) {
	f.Add("Online players (2):\n  ann (online)\n  Bob (online)")
	f.Fuzz(func(t *testing.T, answer string) {
		players, ok := ParseOnline(answer)
		if !ok {
			return
		}
		again := fmt.Sprintf("Online players (%d):", len(players))
		for _, name := range players {
			again += "\n  " + name + " (online)"
		}
		if back, ok := ParseOnline(again); !ok || !slices.Equal(back, players) || strings.Count(again, "\n") != len(players) {
			t.Errorf("%q is %q, and that %q", answer, again, back)
		}
	})
}

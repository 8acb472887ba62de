package display

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestName(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Garage server", "Garage server"},
		{"control characters", "a\x1b[31mb\x00c\u202ed", "a[31mbcd"},
		{"blanks are joined and trimmed", " \t a \n\n b  ", "a b"},
		{"not UTF-8", "a\xff\xfeb", "ab"},
		{"other scripts stay", "Fabrik ÄÖ 工場", "Fabrik ÄÖ 工場"},
		{"cut in characters, not bytes", strings.Repeat("ä", 50), strings.Repeat("ä", 40)},
		{"no blank at the end of a cut", strings.Repeat("x", 39) + " y", strings.Repeat("x", 39)},
		{"empty", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Name(c.in, 40); got != c.want {
				t.Errorf("Name(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func FuzzName(f *testing.F) {
	f.Add("a \x00\u2028b", 3)
	f.Fuzz(func(t *testing.T, s string, max int) {
		max = min(max&0xff, 64)
		got := Name(s, max)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > max || strings.TrimSpace(got) != got {
			t.Errorf("Name(%q, %d) = %q", s, max, got)
		}
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Errorf("Name(%q, %d) = %q has %U", s, max, got, r)
			}
		}
	})
}

package playername

import (
	"strings"
	"testing"
	"unicode"
)

func TestCheck(t *testing.T) {
	for _, good := range []string{"a", "Rseding91", "user_name-2.x", "Jörg", "Иван", "王小明", "(x)", "a/b", "a;b", "!?", strings.Repeat("ä", MaxLength)} {
		if err := Check(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"":                               "a player's name can't be empty",
		"a b":                            `"a b" is no name of a player: it can't contain ' '`,
		" a":                             `" a" is no name of a player: it can't contain ' '`,
		"a\n/quit":                       `"a\n/quit" is no name of a player: it can't contain '\n'`,
		"a\r":                            `"a\r" is no name of a player: it can't contain '\r'`,
		"a\x00b":                         `"a\x00b" is no name of a player: it can't contain '\x00'`,
		"a\tb":                           `"a\tb" is no name of a player: it can't contain '\t'`,
		"a\u2028b":                       `"a\u2028b" is no name of a player: it can't contain '\u2028'`,
		"a\u0085b":                       `"a\u0085b" is no name of a player: it can't contain '\u0085'`,
		"a\u00a0b":                       `"a\u00a0b" is no name of a player: it can't contain '\u00a0'`,
		"a\u3000b":                       `"a\u3000b" is no name of a player: it can't contain '\u3000'`,
		"a\u200bb":                       `"a\u200bb" is no name of a player: it can't contain '\u200b'`,
		"a\u202eb":                       `"a\u202eb" is no name of a player: it can't contain '\u202e'`,
		"a\u3164b":                       "\"a\u3164b\" is no name of a player: it can't contain '\u3164'",
		"\ufeffa":                        `"\ufeffa" is no name of a player: it can't contain '\ufeff'`,
		"a\ufffdb":                       "\"a\ufffdb\" is no name of a player: it can't contain '\ufffd'",
		"a\xff":                          `"a\xff" is no name of a player: it is not UTF-8`,
		"/quit":                          `"/quit" is no name of a player: it begins like a command`,
		Server:                           `"<server>" is no name of a player: it can't contain '<'`,
		`a"b`:                            `"a\"b" is no name of a player: it can't contain '"'`,
		`a\`:                             `"a\\" is no name of a player: it can't contain '\\'`,
		"[img=x]":                        `"[img=x]" is no name of a player: it can't contain '['`,
		strings.Repeat("a", MaxLength+1): `"` + strings.Repeat("a", 61) + `" is no name of a player: it has 61 characters, more than 60`,
	} {
		if err := Check(bad); err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", bad, err, want)
		}
	}
}

func TestCheckText(t *testing.T) {
	for _, good := range []string{"", "griefing, twice", "/quit is no command here", `"quoted" [b]`, strings.Repeat("ä", MaxText)} {
		if err := CheckText(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"a\nb", "a\r", "a\x00", "a\u2029b", "a\u202eb", "\x1b[31m", "a\xff", strings.Repeat("a", MaxText+1)} {
		if err := CheckText(bad); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
}

func TestKey(t *testing.T) {
	for _, same := range [][2]string{{"Ann", "aNN"}, {"JÖRG", "jörg"}, {"a_b-C.1", "A_B-c.1"}} {
		if Key(same[0]) != Key(same[1]) {
			t.Errorf("%q and %q are two players", same[0], same[1])
		}
	}
	if Key("Ann") == Key("Anna") {
		t.Error("two players are one")
	}
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{"Ann", "a b", "a\n/quit", "İ", "\u212a", "a\u200b", strings.Repeat("x", 70)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		key := Key(name)
		if Key(key) != key {
			t.Errorf("%q has the key %q, and that has %q", name, key, Key(key))
		}
		if Check(name) != nil {
			return
		}
		if err := CheckText(name); err != nil {
			t.Errorf("%q may be a name and no text: %v", name, err)
		}
		if err := Check(key); err != nil {
			t.Errorf("%q may be a name and its key not: %v", name, err)
		}
		line := "/ban " + name + " for a reason"
		if words := strings.Fields(line); len(words) != 5 || words[1] != name {
			t.Errorf("%q is not the second word of %q", name, line)
		}
		if strings.ContainsFunc(line, unicode.IsControl) || len(strings.Split(line, "\n")) != 1 {
			t.Errorf("%q is more than a line", line)
		}
	})
}

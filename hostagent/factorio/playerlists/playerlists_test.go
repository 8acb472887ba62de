package playerlists

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func parse(t *testing.T, text string) List {
	t.Helper()
	l, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return l
}

// The three forms in which the game's files are found.
func TestParse(t *testing.T) {
	l := parse(t, "\ufeff[ \"OldOne\", {\"address\": \"0.0.0.0\", \"since\": [1, 2.0], \"username\": \"other\"},\n {\"username\": \"x\", \"reason\": \"<b>\"}]")
	if got := l.Names(); !reflect.DeepEqual(got, []string{"OldOne", "other", "x"}) {
		t.Errorf("names %q", got)
	}
	if p := l.Get("OTHER"); p == nil || p.Name != "other" || p.Address != "0.0.0.0" || p.Reason != "" {
		t.Errorf("got %+v", p)
	}
	if p := l.Get("nobody"); p != nil {
		t.Errorf("got %+v", p)
	}
	if empty := parse(t, "[]"); len(empty.Players) != 0 || string(empty.Bytes()) != "[]\n" || len(empty.Names()) != 0 {
		t.Errorf("empty: %+v", empty)
	}
	if names := parse(t, `["Rseding91","Oxyd"]`); string(names.Bytes()) != "[\n  \"Rseding91\",\n  \"Oxyd\"\n]\n" {
		t.Errorf("written %s", names.Bytes())
	}
}

func TestChangesKeepTheRest(t *testing.T) {
	l := parse(t, `["b", {"since": {"x": 1.0}, "username": "Ann", "address": ""}, "a", "c"]`)
	l.Set(Player{Name: "ANN", Reason: "rude"})
	l.Set(Player{Name: "a", Address: "10.0.0.1"})
	l.Set(Player{Name: "dan"})
	if !l.Remove("C") || l.Remove("c") {
		t.Error("c was not there once")
	}
	const want = `[
  "b",
  {
    "since": {"x": 1.0},
    "username": "Ann",
    "address": "",
    "reason": "rude"
  },
  {
    "username": "a",
    "address": "10.0.0.1"
  },
  "dan"
]
`
	if got := string(l.Bytes()); got != want {
		t.Errorf("written %s", got)
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string][]string{
		`["a", {"username": "b", "address": "2001:db8::1"}, {"username": "c", "address": "0.0.0.0"}]`: nil,
		`["Ann", "bob", {"username": "aNN"}]`:              {`"aNN" is there more than once`},
		`[" ann"]`:                                         {`" ann" has blanks around the name, so it is nobody's`},
		`[{"username": "a", "address": "1.2.3"}]`:          {`"a" has the address "1.2.3", which is none`},
		`[{"username": "a", "reason": "x", "reason": ""}]`: {`"reason" is there more than once in one entry`},
	} {
		l := parse(t, text)
		if got := l.Problems(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q", text, got)
		}
	}
	many := Of(strings.Split(strings.Repeat("a,", 500)+"a", ","))
	if got := many.Problems(); len(got) != 100 {
		t.Errorf("%d problems", len(got))
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "list of players: no JSON: the file is empty",
		`{"username": "a"}`:                      "list of players: it is a JSON object, but must be an array",
		"[\n  \"a\",\n]":                         "list of players: line 3, column 1: invalid character ']' looking for beginning of value",
		"[":                                      "list of players: line 1, column 2: the JSON ends too early",
		`["a", "b`:                               "list of players: line 1, column 9: the JSON ends too early",
		`[{"username": "a"`:                      "list of players: line 1, column 18: the JSON ends too early",
		`["a" "b"]`:                              "list of players: line 1, column 6: invalid character '\"' after array element",
		"[a, b]":                                 "list of players: line 1, column 2: invalid character 'a' looking for beginning of value",
		"a\nb\n":                                 "list of players: line 1, column 1: invalid character 'a' looking for beginning of value",
		`"a"`:                                    "list of players: it is a JSON text, but must be an array",
		"null":                                   "list of players: it is a JSON null, but must be an array",
		"[\n\"J\xf6rg\"]":                        "list of players: line 2, column 3: byte 0xf6 is not UTF-8",
		"\xff\xfe[\x00]\x00":                     "list of players: the text is UTF-16: save it as UTF-8",
		`["a", true]`:                            `list of players: entry 2: true is neither a name nor an object like {"username": "x"}`,
		`[{"username": ""}]`:                     "list of players: entry 1: it has no name",
		`[{"username": ["a",` + "\n" + ` "b"]}]`: `list of players: entry 1: "username" is ["a","b"], but must be a text`,
		`[{"username": "a", "address": 16777343}]`:                  `list of players: entry 1: "address" is 16777343, but must be a text`,
		`[{"username": {"x": "` + strings.Repeat("y", 100) + `"}}]`: `list of players: entry 1: "username" is {"x":"` + strings.Repeat("y", 34) + `…, but must be a text`,
		`["a"`:              "list of players: line 1, column 5: the JSON ends too early",
		`["a"] "b"`:         "list of players: line 1, column 7: invalid character '\"' after top-level value",
		`["a", 5]`:          `list of players: entry 2: 5 is neither a name nor an object like {"username": "x"}`,
		`[null]`:            `list of players: entry 1: null is neither a name nor an object like {"username": "x"}`,
		`[["a"]]`:           `list of players: entry 1: ["a"] is neither a name nor an object like {"username": "x"}`,
		`["a", ""]`:         "list of players: entry 2: it has no name",
		`[{}]`:              "list of players: entry 1: it has no name",
		`[{"name": "a"}]`:   "list of players: entry 1: it has no name",
		`[{"username": 5}]`: `list of players: entry 1: "username" is 5, but must be a text`,
		`["a", {"username": "b", "reason": null}]`:          `list of players: entry 2: "reason" is null, but must be a text`,
		"[" + strings.Repeat(`"a",`, maxPlayers) + `"a"]`:   "list of players: 200001 are more than 200000",
		"[" + strings.Repeat(" ", 16<<20) + "]":             "list of players: 16777218 bytes of JSON, more than 16 MiB",
		strings.Repeat("[", 101) + strings.Repeat("]", 101): "list of players: line 1, column 102: nested deeper than 100",
	} {
		if _, err := Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%.60s:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestGeneratedListsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		var want List
		for i := range r.IntN(6) {
			want.Players = append(want.Players, Player{
				Name:   fmt.Sprintf("%s%d", []string{"Ann", "b c", `"<ä>"`, "\\\n"}[r.IntN(4)], i),
				Reason: []string{"", "rude", "\u2028 &"}[r.IntN(3)], Address: []string{"", "0.0.0.0", "10.1.2.3"}[r.IntN(3)],
			})
		}
		got, err := Parse(want.Bytes())
		if err != nil {
			t.Fatalf("%v in %s", err, want.Bytes())
		}
		if string(got.Bytes()) != string(want.Bytes()) {
			t.Fatalf("written %s\nagain %s", want.Bytes(), got.Bytes())
		}
		for i := range got.Players {
			got.Players[i].fields = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("read %+v\nwant %+v", got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`["a", {"username": "b", "reason": "x", "address": "0.0.0.0", "z": {"y": []}}, "A"]`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Parse(data)
		if err != nil {
			return
		}
		l.Problems()
		written := l.Bytes()
		again, err := Parse(written)
		if err != nil {
			t.Fatalf("%v in %s", err, written)
		}
		if string(again.Bytes()) != string(written) || !reflect.DeepEqual(again.Names(), l.Names()) {
			t.Errorf("written %s\nagain %s", written, again.Bytes())
		}
		for _, name := range l.Names() {
			if !again.Remove(name) && again.Get(name) != nil {
				t.Errorf("%q is still there", name)
			}
		}
		if len(again.Players) != 0 {
			t.Errorf("left %+v", again.Players)
		}
	})
}

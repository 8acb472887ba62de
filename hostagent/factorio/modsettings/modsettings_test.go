package modsettings

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/internal/sample"
	"mainbus/hostagent/factorio/proptree"
)

var v11, v20 = factorio.Version{Major: 1, Minor: 1, Patch: 110}, factorio.Version{Major: 2, Patch: 72}

func TestRealFiles(t *testing.T) {
	dir := sample.Dir(t, "mod-settings")
	text, err := os.ReadFile(filepath.Join(dir, "expected-decoded.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected map[string]struct {
		Settings json.RawMessage `json:"settings"`
	}
	if err := json.Unmarshal(text, &expected); err != nil {
		t.Fatal(err)
	}
	if len(expected) < 3 {
		t.Fatalf("%d files", len(expected))
	}
	for name, want := range expected {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again, err := f.Bytes(); err != nil || !bytes.Equal(again, data) {
			t.Errorf("%s: written otherwise than it was read, %v", name, err)
		}
		if got := f.Problems(); got != nil {
			t.Errorf("%s: problems %q", name, got)
		}
		// Byte for byte, so that 1.0 and 1 are not the same.
		var compact bytes.Buffer
		if err := json.Compact(&compact, want.Settings); err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(f.Scopes); err != nil || !bytes.Equal(got, compact.Bytes()) {
			t.Errorf("%s: JSON differs: %v\n got %.300s\nwant %.300s", name, err, got, compact.Bytes())
		}
	}
}

func TestEmptyFile(t *testing.T) {
	b, err := New(v11).Bytes()
	if err != nil || len(b) != 76 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestSetGetDelete(t *testing.T) {
	for _, test := range []struct {
		version factorio.Version
		whole   any
	}{{v11, 7.0}, {v20, int64(7)}} {
		f := New(test.version)
		before := f
		f.Set(Startup, "a", int64(7))
		f.Set(Startup, "b", "x")
		f.Set(RuntimeGlobal, "a", false)
		f.Set(Startup, "b", proptree.Dictionary{{Key: "r", Node: proptree.Node{Value: 0.5}}})
		if v, ok := f.Get(Startup, "a"); !ok || v != test.whole {
			t.Errorf("%v: a is %v, %v", test.version, v, ok)
		}
		if v, ok := f.Get(RuntimeGlobal, "a"); !ok || v != false {
			t.Errorf("global a is %v, %v", v, ok)
		}
		f.Delete(Startup, "a")
		f.Delete(RuntimePerUser, "none")
		if v, ok := f.Get(Startup, "a"); ok {
			t.Errorf("a is still %v", v)
		}
		if v, ok := f.Get(Startup, "b"); !ok || v.(proptree.Dictionary)[0].Key != "r" {
			t.Errorf("b is %v", v)
		}
		if !reflect.DeepEqual(before, New(test.version)) {
			t.Error("a copy made before has changed")
		}
	}
}

func TestGeneratedFilesReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	versions := []factorio.Version{
		{Minor: 17}, {Minor: 17, Patch: 79}, {Minor: 18, Patch: 47}, {Major: 1}, v11, {Major: 2}, v20, {Major: 2, Minor: 1, Patch: 12, Developer: 3},
	}
	for _, v := range versions {
		for range 150 {
			want := generated(r, v)
			b, err := want.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := Parse(b); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%v: got %+v, %v\nwant %+v", v, got, err, want)
			}
			if got := want.Problems(); got != nil {
				t.Fatalf("%v: problems %q", v, got)
			}
		}
	}
}

// generated makes a file with values of every type that the version has.
func generated(r *rand.Rand, v factorio.Version) File {
	f := New(v)
	f.Flag, f.anyType = r.IntN(9) == 0, r.IntN(9) == 0
	for i := range r.IntN(20) {
		colour := proptree.Dictionary{}
		for _, c := range []string{"r", "g", "b", "a"} {
			colour.Set(c, r.Float64())
		}
		values := []any{r.IntN(2) == 0, r.NormFloat64(), strings.Repeat("ö", r.IntN(300)), int64(r.Uint64()), colour, r.Uint64()}
		if v.Major < 2 {
			values = values[:5]
		}
		f.Set(scopes[r.IntN(3)], "setting-"+strconv.Itoa(i), values[r.IntN(len(values))])
	}
	return f
}

func TestParseRefuses(t *testing.T) {
	const head = "\x02\x00\x00\x00\x48\x00\x00\x00\x00"
	dict := func(key, node string) string {
		return "\x05\x00\x01\x00\x00\x00\x00" + string(rune(len(key))) + key + node
	}
	const empty = "\x05\x00\x00\x00\x00\x00"
	inValue := func(node string) string { return head + dict("startup", dict("x", dict("value", node))) }
	const within = ` (in "startup", "x", "value")`
	for _, test := range []struct{ name, data, want string }{
		{"empty", "", "the file ends too early, at byte 0: unexpected EOF"},
		{"JSON", `{"startup": {}, "runtime-global": {}}`, "the file does not begin with a version of the game: is it a mod-settings.dat?"},
		{"a zip", "PK\x03\x04\x14\x00\x00\x00\x08\x00", "the file does not begin with a version of the game: is it a mod-settings.dat?"},
		{"numbers in the other order", "\x00\x02\x00\x00\x00\x48\x00\x00\x00" + empty, "the file does not begin with a version of the game: is it a mod-settings.dat?"},
		{"zeros", strings.Repeat("\x00", 80), "the file begins with version 0.0.0, but there were none before 0.17"},
		{"old", "\x00\x00\x10\x00\x33\x00\x00\x00", "the file begins with version 0.16.51, but there were none before 0.17"},
		{"cut in the version", head[:5], "the file ends too early, at byte 5: unexpected EOF"},
		{"no flag", head[:8], "the file ends too early, at byte 8: unexpected EOF"},
		{"a flag that is none", head[:8] + "\x05" + empty, "before byte 9: byte 5 where 0 or 1 belongs"},
		{"no flag, as before 0.17", head[:8] + empty, "before byte 9: byte 5 where 0 or 1 belongs"},
		{"no tree", head, "the file ends too early, at byte 9: unexpected EOF"},
		{"a count alone", head + "\x05\x00\x03\x00\x00\x00", "the file ends too early, at byte 15: unexpected EOF"},
		{"false count", head + "\x05\x00\xff\xff\xff\xff" + "\x00\x07startup" + empty, "the file ends too early, at byte 30: unexpected EOF"},
		{"cut in a name", head + "\x05\x00\x01\x00\x00\x00\x00\x07start", "the file ends too early, at byte 22: unexpected EOF"},
		{"cut in a setting", inValue("\x02\x00123"), "the file ends too early, at byte 51: unexpected EOF" + within},
		{"unknown type", inValue("\x09\x00"), "before byte 48: a property of unknown type 9, where 0 to 7 may be" + within},
		{"a truth value that is none", inValue("\x01\x00\x02"), "before byte 49: byte 2 where 0 or 1 belongs" + within},
		{"a long text", inValue("\x03\x00\x00\xff\x00\x00\x00\x7f"), "before byte 54: 2130706432 bytes where at most 33554392 may be" + within},
		{"a text longer than the file", inValue("\x03\x00\x00\xff\x00\x00\x00\x01text"), "the file ends too early, at byte 58: unexpected EOF" + within},
		{"deep", inValue(strings.Repeat("\x04\x00\x01\x00\x00\x00\x01", 100)),
			`before byte 732: a property tree is nested deeper than 100 (in "startup", "x", "value", "", "", "", "", "", …)`},
		{"a setting twice", head + dict("startup", "\x05\x00\x02\x00\x00\x00"+strings.Repeat("\x00\x01x"+empty, 2)),
			`before byte 48: a property tree has the key "x" twice (in "startup")`},
		{"a scope twice", head + "\x05\x00\x02\x00\x00\x00" + strings.Repeat("\x00\x07startup"+empty, 2), `before byte 45: a property tree has the key "startup" twice`},
		{"too much", head + empty + "more", "4 bytes too many behind the settings, which end at byte 15"},
		{"two files in one", head + empty + head + empty, "15 bytes too many behind the settings, which end at byte 15"},
		{"nothing as root", head + "\x00\x00", "the file holds nothing where the dictionary of scopes belongs"},
		{"a truth value as root", head + "\x01\x00\x01", "the file holds a truth value where the dictionary of scopes belongs"},
		{"a text as root", head + "\x03\x00\x00\x02hi", "the file holds a text where the dictionary of scopes belongs"},
		{"a list as root", head + "\x04\x00\x00\x00\x00\x00", "the file holds a list where the dictionary of scopes belongs"},
		{"no settings", head + dict("startup", "\x01\x00\x01"), `"startup" is a truth value where a dictionary of settings belongs`},
		{"a number instead of settings", head + dict("startup", "\x06\x00\x01\x00\x00\x00\x00\x00\x00\x00"), `"startup" is a number where a dictionary of settings belongs`},
		{"too large", strings.Repeat("\x00", maxFile+1), "34603009 bytes, more than 33 MiB"},
	} {
		if f, err := Parse([]byte(test.data)); err == nil || err.Error() != "mod settings: "+test.want || f.Scopes != nil {
			t.Errorf("%s:\n got %+v, %v\nwant %s", test.name, f, err, test.want)
		}
	}
	whole, err := New(v20).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := Parse(whole[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("first %d bytes: %v", n, err)
		}
	}
}

func TestProblems(t *testing.T) {
	f := File{Version: v11}
	f.Set("odd", "a", true)
	f.Set(Startup, "list", proptree.List(nil))
	f.Set(Startup, "colour", proptree.Dictionary{{Key: "r", Node: proptree.Node{Value: 1.0}}})
	f.Set(Startup, "fine", math.Pi)
	f.Set(RuntimeGlobal, "x", uint64(1))
	global := f.scope(RuntimeGlobal)
	global.Set("none", proptree.Dictionary(nil))
	f.Scopes.Set(RuntimeGlobal, global)
	want := []string{
		`the scope "runtime-per-user" is missing`,
		`the game knows no scope "odd"`,
		`startup, "list": its value is none of truth value, number, text and colour`,
		`startup, "colour": it is a colour without "g"`,
		`runtime-global, "x": it is stored as an integer, which games before 2.0 don't read`,
		`runtime-global, "none": it has no value`,
	}
	if got := f.Problems(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func FuzzParse(f *testing.F) {
	file := New(v20)
	file.Set(Startup, "a", int64(1))
	file.Set(RuntimeGlobal, "b", "text")
	b, err := file.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data)
		if err != nil {
			return
		}
		file.Problems()
		b, err := file.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := again.Bytes(); err != nil || !bytes.Equal(b, c) {
			t.Errorf("written %q, again %q, %v", b, c, err)
		}
		if _, err := json.Marshal(file.Scopes); err != nil {
			t.Error(err)
		}
	})
}

// The largest real file known, of 1,437 settings.
func BenchmarkParse(b *testing.B) {
	data, err := os.ReadFile(filepath.Join(sample.Dir(b, "mod-settings"), "2.0.72-altiummm-huge.dat"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBytes(b *testing.B) {
	data, err := os.ReadFile(filepath.Join(sample.Dir(b, "mod-settings"), "2.0.72-altiummm-huge.dat"))
	if err != nil {
		b.Fatal(err)
	}
	f, err := Parse(data)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Bytes(); err != nil {
			b.Fatal(err)
		}
	}
}

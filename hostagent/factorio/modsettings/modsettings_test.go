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
	for range 1000 {
		f := New([]factorio.Version{{Minor: 17, Patch: 79}, {Minor: 18}, v11, v20, {Major: 2, Minor: 1, Patch: 12, Developer: 3}}[r.IntN(5)])
		f.Flag, f.anyType = r.IntN(9) == 0, r.IntN(9) == 0
		for i := range r.IntN(20) {
			colour := proptree.Dictionary{}
			for _, c := range []string{"r", "g", "b", "a"} {
				colour.Set(c, r.Float64())
			}
			value := []any{r.IntN(2) == 0, r.NormFloat64(), strings.Repeat("ö", r.IntN(300)), int64(r.Uint64()), colour}[r.IntN(5)]
			f.Set(scopes[r.IntN(3)], "setting-"+strconv.Itoa(i), value)
		}
		b, err := f.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Parse(b); err != nil || !reflect.DeepEqual(got, f) {
			t.Fatalf("got %+v, %v\nwant %+v", got, err, f)
		}
		if got := f.Problems(); got != nil {
			t.Fatalf("problems %q", got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const head = "\x02\x00\x00\x00\x48\x00\x00\x00\x00"
	dict := func(key, node string) string {
		return "\x05\x00\x01\x00\x00\x00\x00" + string(rune(len(key))) + key + node
	}
	empty := "\x05\x00\x00\x00\x00\x00"
	for _, test := range []struct{ name, data, want string }{
		{"empty", "", "mod settings: the file ends too early, at byte 0: unexpected EOF"},
		{"JSON", `{"startup": {}, "runtime-global": {}}`, `mod settings: before byte 9: byte 112 where 0 or 1 belongs`},
		{"old", "\x00\x00\x10\x00\x33\x00\x00\x00", "mod settings: the file begins with version 0.16.51, but there were none before 0.17"},
		{"no tree", head, "mod settings: the file ends too early, at byte 9: unexpected EOF"},
		{"cut in a setting", head + dict("startup", dict("x", dict("value", "\x02\x00123"))),
			`mod settings: the file ends too early, at byte 51: unexpected EOF (in "startup", "x", "value")`},
		{"unknown type", head + dict("startup", dict("x", dict("value", "\x09\x00"))),
			`mod settings: before byte 48: a property of unknown type 9, where 0 to 7 may be (in "startup", "x", "value")`},
		{"too much", head + empty + "more", "mod settings: 4 bytes too many behind the settings, which end at byte 15"},
		{"no dictionary", head + "\x01\x00\x01", "mod settings: the file holds no dictionary of scopes"},
		{"no settings", head + dict("startup", "\x01\x00\x01"), `mod settings: "startup" is no dictionary of settings`},
	} {
		if f, err := Parse([]byte(test.data)); err == nil || err.Error() != test.want {
			t.Errorf("%s:\n got %+v, %v\nwant %s", test.name, f, err, test.want)
		}
	}
	if _, err := Parse(make([]byte, maxFile+1)); err == nil || err.Error() != "mod settings: 34603009 bytes, more than 33 MiB" {
		t.Errorf("too large: %v", err)
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

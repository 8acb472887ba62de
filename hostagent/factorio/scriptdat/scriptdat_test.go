package scriptdat

import (
	"archive/zip"
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/internal/bin"
	"mainbus/hostagent/factorio/internal/sample"
)

// realScripts returns script.dat and script-init.dat of real saves by "save/entry".
func realScripts(t testing.TB) map[string][]byte {
	t.Helper()
	saves, err := filepath.Glob(filepath.Join(sample.Dir(t, "saves"), "*.zip"))
	if err != nil || len(saves) == 0 {
		t.Fatalf("no sample saves: %v", err)
	}
	scripts := make(map[string][]byte)
	for _, save := range saves {
		z, err := zip.OpenReader(save)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		for _, f := range z.File {
			_, name, _ := strings.Cut(f.Name, "/")
			if name != "script.dat" && name != "script-init.dat" {
				continue
			}
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			scripts[strings.TrimSuffix(filepath.Base(save), ".zip")+"/"+name] = data
		}
	}
	return scripts
}

func TestRealScriptsReadToTheEndAndWriteBackAlike(t *testing.T) {
	blocks := map[string][]string{
		"0.18-fsm-test/script.dat":                     {"level", "mod-belt-balancer", "mod-train-station-overview"},
		"1.1.19-fsm-test/script.dat":                   {"level", "mod-belt-balancer", "mod-train-station-overview"},
		"2.0.55-headless-init/script.dat":              {"level"},
		"2.0.73-factoriotest-headless-save/script.dat": {"level", "mod-factorio-test"},
	}
	for name, data := range realScripts(t) {
		f, err := Read(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, b := range f.Blocks {
			got = append(got, b.Name)
			if old := f.Version.Compare(factorio.Version{Major: 1}) < 0; old != (b.Lua != "") || old != (b.Value == nil) {
				t.Errorf("%s: block %s has Lua %q and value %v", name, b.Name, b.Lua, b.Value)
			}
		}
		if want, ok := blocks[name]; ok && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: blocks %q, want %q", name, got, want)
		}
		delete(blocks, name)
		var b bytes.Buffer
		if err := Write(&b, f); err != nil || !bytes.Equal(b.Bytes(), data) {
			t.Errorf("%s: written again it differs (%v)", name, err)
		}
	}
	if len(blocks) > 0 {
		t.Errorf("not read: %v", blocks)
	}
}

func TestRealValues(t *testing.T) {
	scripts := realScripts(t)
	v, ok, err := Find(opened(scripts["2.0.55-headless-init/script.dat"]), "level", "created_items")
	if err != nil || !ok || v.(*Table).Get("iron-plate") != 8.0 {
		t.Errorf("created_items of the freeplay scenario is %v, %v, %v", v, ok, err)
	}
	v, ok, err = Find(opened(scripts["1.1.19-fsm-test/script.dat"]), "mod-train-station-overview", "train_stops")
	if err != nil || !ok || len(v.(*Table).Pairs) != 0 {
		t.Errorf("train_stops of a mod is %v, %v, %v", v, ok, err)
	}
	for _, miss := range [][2]string{{"level", "mainbus_ledger_v1"}, {"mod-none", "created_items"}} {
		if v, ok, err := Find(opened(scripts["2.0.55-headless-init/script.dat"]), miss[0], miss[1]); ok || err != nil || v != nil {
			t.Errorf("Find(%q) = %v, %v, %v", miss, v, ok, err)
		}
	}
}

func table(pairs ...Value) *Table {
	t := &Table{}
	for i := 0; i < len(pairs); i += 2 {
		t.Pairs = append(t.Pairs, Pair{pairs[i], pairs[i+1]})
	}
	return t
}

func file(level Value) File {
	return File{
		Version: factorio.Version{Major: 2, Patch: 77},
		Blocks:  []Block{{Name: "mod-before", Value: table("ledger", table("of", "another")), Flag: 1}, {Name: "level", Value: level, Flag: 1}},
	}
}

func opened(data []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

func encode(t testing.TB, f File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEveryKindOfValueReadsBack(t *testing.T) {
	want := file(table(
		"nil is a value", nil, true, false, 1.0, math.Inf(-1), -0.5, "\x00\xff", "", strings.Repeat("x", 300),
		table(1.0, 2.0), Ref(0xfffe), Object(math.MaxUint64), table(), "deep", table("deep", table("deep", table())),
	))
	long := table()
	for i := range 300 {
		long.Pairs = append(long.Pairs, Pair{float64(i), nil})
	}
	want.Blocks = append(want.Blocks, Block{Name: strings.Repeat("n", 255), Value: long, Flag: 7}, Block{Name: "nil"})
	got, err := Read(bytes.NewReader(encode(t, want)))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestFind(t *testing.T) {
	ledger := table("world", "w", "tick", 4711.0, "e", table("iron-plate/normal", 120.0))
	forged := string(bin.AppendString([]byte{tagString}, "ledger")) + "\x05\x01\x04\x05world\x04\x06forged"
	for name, c := range map[string]struct {
		level Value
		want  Value
	}{
		"at the top":                 {table("ledger", ledger), ledger},
		"deep, after shared things":  {table(1.0, Ref(3), "a", table(Object(9), table(2.0, table("ledger", ledger)))), ledger},
		"second because plain":       {table("ledger", table("a", Ref(1)), "b", table("ledger", ledger)), ledger},
		"only with a game object":    {table("ledger", table("a", Object(1))), nil},
		"within a not plain one":     {table("ledger", table("a", Object(1), "ledger", ledger)), ledger},
		"only as a value":            {table("x", "ledger", "y", ledger), nil},
		"not a table":                {table("ledger", "text"), nil},
		"after a string that forges": {table("chat", forged, "ledger", ledger), ledger},
		"only in a string":           {table("chat", forged), nil},
		"only within a key":          {table("my_ledger", ledger), nil},
		"in no table":                {"ledger", nil},
		"empty":                      {table("ledger", table()), table()},
	} {
		got, ok, err := Find(opened(encode(t, file(c.level))), "level", "ledger")
		if err != nil || ok != (c.want != nil) || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, %v, %v", name, got, ok, err)
		}
	}
}

func TestFindPassesUnknownTags(t *testing.T) {
	ledger := table("world", "w")
	for name, level := range map[string]*Table{
		"before": table("x", "UNKNOWN", "ledger", ledger),
		"after":  table("ledger", ledger, "x", "UNKNOWN"),
	} {
		data := encode(t, file(level))
		at := bytes.Index(data, []byte("\x04\x07UNKNOWN"))
		data[at] = 8
		got, ok, err := Find(opened(data), "level", "ledger")
		if err != nil || !ok || !reflect.DeepEqual(got, ledger) {
			t.Errorf("%s: %v, %v, %v", name, got, ok, err)
		}
		if _, err := Read(bytes.NewReader(data)); err == nil || !strings.Contains(err.Error(), "unknown tag 8") {
			t.Errorf("%s: Read does not name the tag: %v", name, err)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	cyclic := table()
	cyclic.Pairs = []Pair{{"self", cyclic}}
	for name, v := range map[string]Value{
		"cycle": cyclic, "nil key": table(nil, 1.0), "int": 1, "nested int": table("a", table("b", 1)),
	} {
		if err := Write(io.Discard, file(v)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestGetOfAbsent(t *testing.T) {
	var none *Table
	if none.Get("a") != nil || table("a", 1.0, 2.0, "b").Get("b") != nil || table("a", 1.0).Get("a") != 1.0 {
		t.Error("Get is wrong")
	}
}

func BenchmarkFind(b *testing.B) {
	level := table()
	for i := range 300_000 {
		level.Pairs = append(level.Pairs, Pair{float64(i), table("name", "some-entity", "unit", Object(i))})
	}
	level.Pairs = append(level.Pairs, Pair{"ledger", table("world", "w")})
	data := encode(b, file(level))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, ok, err := Find(opened(data), "level", "ledger"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func seeds(f *testing.F) {
	f.Add(encode(f, file(table("ledger", table("world", "w", 1.0, true), "o", Object(1), "r", Ref(2)))))
	f.Add(raw([]byte("do local _={};return _;end")))
	f.Add(raw(body("\x05\xff\xff\xff\xff\xff")))
	f.Add(raw(body("\x05\x02\x04\x01x\x09\x04\x06ledger\x05\x01\x04\x01w\x02"))) // behind an unknown tag
	f.Add(encode(f, file(table("ledger", table("ledger", table("w", true), "o", Object(1))))))
	f.Add(encode(f, file(table("chat", "\x04\x06ledger\x05\x00", table("ledger", 1.0), table()))))
	r := rand.New(rand.NewPCG(6, 6))
	for range 4 {
		f.Add(encode(f, file(table("a", randomTable(r, 4, false), "ledger", randomTable(r, 4, true)))))
	}
}

func FuzzRead(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		again, err := Read(bytes.NewReader(encode(t, file)))
		if err != nil {
			t.Fatalf("what was read does not read again: %v", err)
		}
		if !bytes.Equal(encode(t, again), encode(t, file)) { // bytes, because NaN differs from itself
			t.Error("what was read reads differently again")
		}
	})
}

func FuzzFind(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		v, ok, _ := Find(opened(data), "level", "ledger")
		if ok != (v != nil) {
			t.Errorf("found %v, value %v", ok, v)
		}
		if ok {
			encode(t, file(v))
		}
	})
}

package instance

import (
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/factorio/scriptdat"
)

// accountsOf reads the accounts of a save whose storage has this under the module's key.
func accountsOf(t *testing.T, value scriptdat.Value) (accounts, bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.zip")
	w, err := save.Create(path, "root")
	if err != nil {
		t.Fatal(err)
	}
	version := factorio.Version{Major: 2, Patch: 77}
	storage := &scriptdat.Table{Pairs: []scriptdat.Pair{{Key: "other", Value: &scriptdat.Table{}}, {Key: ledgerKey, Value: value}}}
	w.Level(save.Header{Version: version}, strings.NewReader("rest"))
	w.Script(scriptdat.File{Version: version, Blocks: []scriptdat.Block{{Name: "level", Value: storage, Flag: 1}}})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	archive, err := save.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	a, found, err := readAccounts(archive)
	if err != nil {
		t.Fatal(err)
	}
	return a, found
}

func table(pairs ...scriptdat.Value) *scriptdat.Table {
	t := &scriptdat.Table{}
	for i := 0; i < len(pairs); i += 2 {
		t.Pairs = append(t.Pairs, scriptdat.Pair{Key: pairs[i], Value: pairs[i+1]})
	}
	return t
}

func TestAccountsOfASave(t *testing.T) {
	a, found := accountsOf(t, table("ledger", "beef", "world", "w1", "epoch", "1.7", "tick", 4711.0,
		"e", table("iron-plate/normal", 120.0, "my_5Fmod-item/rare", float64(maxTotal)), "i", table("coal/normal", 7.0), "buffer", table("coal/normal", 2.0)))
	if !found || a.ledger != "beef" || a.world != "w1" || a.epoch != "1.7" || a.tick != 4711 {
		t.Errorf("%+v, %v", a, found)
	}
	got, err := a.totals()
	want := map[string]total{"iron-plate/normal": {sent: 120}, "my_5Fmod-item/rare": {sent: maxTotal}, "coal/normal": {received: 7, buffer: 2}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("totals %v, %v", got, err)
	}
	for _, none := range []scriptdat.Value{nil, "text", table("ledger", scriptdat.Object(1))} {
		if a, found := accountsOf(t, none); found {
			t.Errorf("%v: found %+v", none, a)
		}
	}
}

// Anybody who may type commands can write to storage.
func TestAccountsThatAreNone(t *testing.T) {
	for _, id := range []scriptdat.Value{nil, 1.0, "", `w" }`, "w 1", "wörld", strings.Repeat("w", maxID+1), table()} {
		if a, found := accountsOf(t, table("world", id, "ledger", id, "tick", -1.0)); !found || a.world != "" || a.ledger != "" || a.tick != 0 {
			t.Errorf("%v: %+v, %v", id, a, found)
		}
	}
	for _, test := range []struct {
		e    scriptdat.Value
		want string
	}{
		{nil, "e is no table"},
		{"text", "e is no table"},
		{table("x", "1"), `e of "x" is no whole number from 0 to 2^53`},
		{table("x", -1.0), `e of "x" is no whole number from 0 to 2^53`},
		{table("x", 0.5), `e of "x" is no whole number from 0 to 2^53`},
		{table("x", math.NaN()), `e of "x" is no whole number from 0 to 2^53`},
		{table("x", math.Inf(1)), `e of "x" is no whole number from 0 to 2^53`},
		{table("x", float64(maxTotal)*2), `e of "x" is no whole number from 0 to 2^53`},
		{table(1.0, 1.0), "e has a key that is no text"},
	} {
		a, _ := accountsOf(t, table("world", "w1", "e", test.e, "i", table(), "buffer", table()))
		if got, err := a.totals(); err == nil || err.Error() != "accounts in the save: "+test.want {
			t.Errorf("%v: %v, %v", test.e, got, err)
		}
		if a.world != "w1" {
			t.Errorf("%v: the world is %q", test.e, a.world)
		}
	}
}

// wantTotals is about a save that a game has made.
func wantTotals(t *testing.T, path, ledger string, want map[string]total) {
	t.Helper()
	archive, err := save.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	a, found, err := readAccounts(archive)
	if err != nil || !found || a.ledger != ledger || a.epoch == "" || a.tick == 0 {
		t.Fatalf("accounts of %s: %+v, %v, %v", path, a, found, err)
	}
	if got, err := a.totals(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("totals of %s: %v, %v; want %v", path, got, err, want)
	}
}

package instance

import (
	"maps"
	"path/filepath"
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
		"e", table("iron-plate/normal", 120.0, "my_5Fmod-item/rare", 1e15), "i", table("coal/normal", 7.0), "buffer", table("coal/normal", 2.0)))
	if !found || a.ledger != "beef" || a.world != "w1" || a.epoch != "1.7" || a.tick != 4711 {
		t.Errorf("%+v, %v", a, found)
	}
	if e, _ := a.tree.Get("e").(*scriptdat.Table); e.Get("iron-plate/normal") != 120.0 {
		t.Errorf("the tree is %v", a.tree)
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
}

// wantAccounts is about a save that a game has made: what it has sent and received.
func wantAccounts(t *testing.T, path, ledger string, sent, received map[string]float64) {
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
	if e, i := numbers(a.tree, "e"), numbers(a.tree, "i"); !maps.Equal(e, sent) || !maps.Equal(i, received) {
		t.Errorf("accounts of %s: %v sent, %v received", path, e, i)
	}
}

// numbers reads a table of numbers under a key.
func numbers(tree *scriptdat.Table, key string) map[string]float64 {
	all := map[string]float64{}
	if table, ok := tree.Get(key).(*scriptdat.Table); ok {
		for _, p := range table.Pairs {
			all[p.Key.(string)] = p.Value.(float64)
		}
	}
	return all
}

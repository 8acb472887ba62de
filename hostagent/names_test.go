package hostagent

import (
	"os"
	"path/filepath"
	"testing"

	"mainbus/hostagent/internal/simgame"
	"mainbus/transport/wire"
)

func TestNamesOfAnInstancesThings(t *testing.T) {
	h := &host{dir: t.TempDir(), factorio: simgame.Install(t, "{}").Dir()}
	desired := `{"generation": "3", "instances": [{"id": "` + instanceName + `", "name": "nauvis", "running": false}]}`
	if err := os.WriteFile(filepath.Join(h.dir, "desired.json"), []byte(desired), 0o600); err != nil {
		t.Fatal(err)
	}
	h.start(t)
	a, ctx := h.agent, t.Context()
	keys := func() []*wire.InstanceNames {
		list, err := a.listNames(ctx, nil, &wire.NamesAsk{})
		if err != nil {
			t.Fatal(err)
		}
		return list.GetInstances()
	}
	find := func() string {
		t.Helper()
		eventually(t, "the names are known", func() bool { // the copies of the game are looked at in the background
			for _, o := range a.fleet.observed().GetInstances() {
				a.nameThings(ctx, o)
			}
			return len(keys()) == 1 && keys()[0].GetInstance() == instanceName
		})
		if !a.quiet() {
			t.Error("a game seems to be starting")
		}
		return keys()[0].GetKey()
	}
	key := find()
	got, err := a.getNames(ctx, nil, &wire.NamesRef{Key: key})
	if err != nil || !got.GetDumped() {
		t.Fatal(got.GetDumped(), err)
	}
	name := ""
	for _, k := range got.GetKinds() {
		if k.GetKind() == "item" {
			name = k.GetNames()["iron-plate"]
		}
	}
	if name != "Iron plate" {
		t.Errorf("iron-plate is called %q", name)
	}
	if again := find(); again != key {
		t.Errorf("the same mods have another key")
	}
	mods := filepath.Join(h.dir, "instances", instanceName, "mods")
	if err := os.MkdirAll(mods, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(mods, "mod-list.json"), []byte(`{"mods": [{"name": "base", "enabled": true}, {"name": "space-age", "enabled": false}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if other := find(); other == key {
		t.Error("other mods have the same key")
	}
	for _, bad := range []string{"", "../desired", "0123456789abcdef0123456789abcdef"} {
		if _, err := a.getNames(ctx, nil, &wire.NamesRef{Key: bad}); err == nil {
			t.Errorf("names of %q", bad)
		}
	}
}

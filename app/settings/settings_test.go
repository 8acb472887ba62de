package settings

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func load(t *testing.T, path string) *Settings {
	t.Helper()
	s, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatWasArrangedIsThereInTheNextSession(t *testing.T) {
	path := filepath.Join(t.TempDir(), "window.json")
	synctest.Test(t, func(t *testing.T) {
		s := load(t, path)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Run(ctx, func(err error) { t.Error(err) })
		}()
		s.SetNarrow(true)
		s.SetTable("hosts", Table{Widths: map[string]float32{"name": 90}, Sort: "name", Filter: "attic"})
		time.Sleep(time.Minute)
		s.SetInstance("i1", Instance{Typed: []string{"/time"}, LuaAllowed: true}) // just before the end
		cancel()
		<-ended
	})
	again := load(t, path)
	if table := again.Table("hosts"); !again.Narrow() || table.Widths["name"] != 90 || table.Sort != "name" || table.Filter != "attic" {
		t.Errorf("narrow %v, table %+v", again.Narrow(), table)
	}
	if i := again.Instance("i1"); !i.LuaAllowed || !slices.Equal(i.Typed, []string{"/time"}) {
		t.Errorf("instance %+v", i)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v (%v)", info.Mode(), err)
	}
}

func TestADamagedFileIsToldAndDoesNoHarm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "window.json")
	if err := os.WriteFile(path, []byte(`{"narrow_sidebar": true, "tables": [`), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Load(path)
	if err == nil || s.Narrow() {
		t.Errorf("narrow %v, error %v", s.Narrow(), err)
	}
	s.SetTable("hosts", Table{Sort: "name"})
	if s.Table("hosts").Sort != "name" {
		t.Error("it can't be used")
	}
}

func TestInstancesAreBounded(t *testing.T) {
	s := load(t, "")
	for n := range maxInstances + 20 {
		s.SetInstance(string(rune('a'+n%26))+string(rune('a'+n/26)), Instance{LuaAllowed: true})
	}
	if n := len(s.now.Instances); n != maxInstances {
		t.Errorf("%d are kept", n)
	}
}

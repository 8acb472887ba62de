package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sim.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRead(t *testing.T) {
	f, err := Read(write(t, `{
		"worlds": {
			"a": {"chests": [{"id": "x"}], "life": [{"tick": 3, "join": {"player": "ann"}}]},
			"*": {"life": [{"seconds": 1, "console": "/time"}]}},
		"mods": {"space-age": false}, "slow_save_ms": 5, "die": {"at_line": "Saving finished", "nth": 2}}`))
	if err != nil {
		t.Fatal(err)
	}
	if a := f.World("a"); len(a.Chests) != 1 || len(a.Life) != 1 || a.Life[0].Join.Player != "ann" {
		t.Errorf("world a: %+v", a)
	}
	if other := f.World("b"); len(other.Life) != 1 || other.Life[0].Console != "/time" {
		t.Errorf("world b: %+v", other)
	}
	if f.SlowSaveMS != 5 || f.Die != (Die{AtLine: "Saving finished", Nth: 2}) {
		t.Errorf("behaviour: %+v", f.Behaviour)
	}
	if err := f.Change(`{"slow_save_ms": 6, "exit_code": 3}`); err != nil || f.SlowSaveMS != 6 || *f.ExitCode != 3 || f.Die.Nth != 2 {
		t.Errorf("changed: %+v, %v", f.Behaviour, err)
	}
	if _, err := Read(filepath.Join(t.TempDir(), "missing")); err != nil {
		t.Error(err)
	}
}

func TestFilesThatMakeNoSense(t *testing.T) {
	for _, text := range []string{`{`, `{"wrlds": {}}`, `{"worlds": {"*": {"life": [{"tick": 1}]}}}`, `{"worlds": {"*": {"chest": []}}}`} {
		if _, err := Read(write(t, text)); err == nil {
			t.Errorf("took %s", text)
		}
	}
	b := Behaviour{SlowSaveMS: 4}
	if b.Change(`{"slow_save_ms": "x"}`) == nil || b.Change(`{"unknown": 1}`) == nil || b.SlowSaveMS != 4 {
		t.Errorf("took nonsense: %+v", b)
	}
}

func TestNoise(t *testing.T) {
	n := Noise{Tick: 5, EveryTicks: 3}
	for tick, want := range map[uint64]bool{4: false, 5: true, 6: false, 8: true, 11: true} {
		if n.Due(tick) != want {
			t.Errorf("tick %d: %v", tick, !want)
		}
	}
}

// TestManual reads the example of the program's manual.
func TestManual(t *testing.T) {
	manual, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(manual), "```json\n")
	example, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the manual has no example")
	}
	f, err := Read(write(t, example))
	if err != nil {
		t.Fatal(err)
	}
	if w := f.World("alpha"); len(w.Chests) == 0 || len(w.Flows) == 0 || len(w.Life) == 0 {
		t.Errorf("the example has only %+v", w)
	}
}

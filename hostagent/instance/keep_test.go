package instance

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mainbus/hostagent/internal/simgame"
	"mainbus/hostagent/savefiles"
	"mainbus/transport/wire"
)

func (a *agent) change(action wire.SaveAction, save, to string) error {
	return a.ChangeSave(a.t.Context(), &wire.SaveChange{Action: action, Save: save, To: to})
}

func (a *agent) saves() *wire.SaveList {
	a.t.Helper()
	list, err := a.Saves()
	if err != nil {
		a.t.Fatal(err)
	}
	return list
}

func savesNamed(list []*wire.SaveFile) string {
	var all []string
	for _, s := range list {
		all = append(all, s.GetName())
	}
	return strings.Join(all, " ")
}

// What may be done with saves while their game runs, and which of them the next start loads.
func TestSavesOfARunningGame(t *testing.T) {
	t.Parallel()
	a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "beef"})
	if list := a.saves(); list.GetNext() != "" || !strings.Contains(list.GetWhy(), "new map") {
		t.Errorf("before the first start: %v", list)
	}
	a.wantRunning(true)
	a.waitLinked()
	if _, err := a.SendConsole(t.Context(), "/server-save one"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the save is there", func() bool { return len(a.saves().GetSaves()) == 2 })
	const own = "Alpha-One.zip"
	list := a.saves()
	one := list.GetSaves()[0]
	if savesNamed(list.GetSaves()) != "one.zip "+own || !list.GetSaves()[1].GetRunning() || one.GetRunning() {
		t.Errorf("saves %v", list)
	}
	if one.GetProblem() != "" || one.GetVersion() == "" || one.GetScenario() == "" || one.GetSize() == 0 || one.GetTick() == 0 || len(one.GetMods()) == 0 {
		t.Errorf("the save is described as %v", one)
	}
	if list.GetNext() != "one.zip" || !strings.Contains(list.GetWhy(), "newest save of the world") {
		t.Errorf("a start would load %s because %s", list.GetNext(), list.GetWhy())
	}

	for name, err := range map[string]error{
		"renamed": a.change(wire.SaveAction_SAVE_ACTION_RENAME, own, "other.zip"),
		"deleted": a.change(wire.SaveAction_SAVE_ACTION_DELETE, own, ""),
	} {
		if !errors.Is(err, savefiles.ErrRunning) {
			t.Errorf("the running game's save was %s: %v", name, err)
		}
	}
	for _, step := range []struct {
		action   wire.SaveAction
		save, to string
	}{
		{wire.SaveAction_SAVE_ACTION_COPY, own, "copy.zip"},
		{wire.SaveAction_SAVE_ACTION_RENAME, "one.zip", "two.zip"},
		{wire.SaveAction_SAVE_ACTION_BACK_UP, own, ""},
		{wire.SaveAction_SAVE_ACTION_DELETE, "copy.zip", ""},
		{wire.SaveAction_SAVE_ACTION_CHOOSE, "two.zip", ""},
		{wire.SaveAction_SAVE_ACTION_RENAME, "two.zip", "three.zip"}, // the choice goes with it
	} {
		if err := a.change(step.action, step.save, step.to); err != nil {
			t.Errorf("%v %s: %v", step.action, step.save, err)
		}
	}
	a.stopGame()
	list = a.saves()
	// The first start has put its modules into the map that was just made.
	if b := list.GetBackups(); len(b) != 2 || b[0].GetReason() != "asked" || b[1].GetReason() != "start" || savesNamed(list.GetBin()) != "copy.zip" {
		t.Errorf("bin and backups: %v", list)
	}
	if list.GetNext() != "three.zip" || list.GetChosen() != "three.zip" {
		t.Errorf("a start would load %s, chosen %q", list.GetNext(), list.GetChosen())
	}
	a.wantRunning(true)
	a.waitLinked()
	a.controller.with(func() {
		if bound := a.controller.bound; bound[len(bound)-1].GetSave() != "three.zip" {
			t.Errorf("the game was started from %s", bound[len(bound)-1].GetSave())
		}
	})
	if chosen := a.saves().GetChosen(); chosen != "" {
		t.Errorf("%s is still chosen: every restart would go back to it", chosen)
	}
	a.stopGame()
}

// A chosen save that can't be loaded is no reason to start another one.
func TestChosenSaveThatCannotBeLoaded(t *testing.T) {
	t.Parallel()
	a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "beef"})
	a.wantRunning(true)
	a.waitLinked()
	a.stopGame()
	if err := a.change(wire.SaveAction_SAVE_ACTION_COPY, "Alpha-One.zip", "good.zip"); err != nil {
		t.Fatal(err)
	}
	if err := a.change(wire.SaveAction_SAVE_ACTION_CHOOSE, "nothing.zip", ""); !errors.Is(err, savefiles.ErrNoSuch) {
		t.Errorf("chose nothing: %v", err)
	}
	bad := filepath.Join(a.folder.saves(), "bad.zip")
	if err := os.WriteFile(bad, []byte("no save"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.change(wire.SaveAction_SAVE_ACTION_CHOOSE, "bad.zip", ""); err == nil {
		t.Error("chose a save that can't be read")
	}
	if problem := a.saves().GetSaves()[0].GetProblem(); !strings.Contains(problem, "no zip") || strings.Contains(problem, a.folder.saves()) {
		t.Errorf("what is wrong with it: %q", problem)
	}
	if err := a.change(wire.SaveAction_SAVE_ACTION_CHOOSE, "good.zip", ""); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(bad, filepath.Join(a.folder.saves(), "good.zip")); err != nil {
		t.Fatal(err)
	}
	a.wantRunning(true)
	eventually(t, "the start has failed", func() bool {
		return a.Observed().GetState() == wire.State_STATE_FAILED && strings.Contains(a.Observed().GetCause(), "chosen for this start")
	})
	if err := a.change(wire.SaveAction_SAVE_ACTION_CHOOSE, "", ""); err != nil {
		t.Fatal(err)
	}
	a.wantRunning(true)
	a.waitLinked()
	a.stopGame()
}

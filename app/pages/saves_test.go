package pages_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

func someSaves() api.SaveList {
	at := time.Now().Add(-5 * time.Minute)
	return api.SaveList{
		Saves: []api.Save{
			{ID: "_autosave3.zip", Name: "_autosave3.zip", SizeBytes: 80 << 20, SavedAt: at, Version: "2.0.77", Scenario: "base/freeplay", Mods: []string{"base 2.0.77"}, Tick: 19_044_001, Autosave: true},
			{ID: "Nauvis.zip", Name: "Nauvis.zip", SizeBytes: 79 << 20, SavedAt: at.Add(-time.Hour), Version: "2.0.77", Running: true},
			{ID: "broken.zip", Name: "broken.zip", SizeBytes: 12, SavedAt: at.Add(-2 * time.Hour), Problem: "it is no zip file"},
		},
		Backups: []api.Save{{ID: "1~start~Nauvis.zip", Name: "Nauvis.zip", SizeBytes: 78 << 20, SavedAt: at.Add(-3 * time.Hour), PutAt: at, Reason: "start"}},
		Bin:     []api.Save{{ID: "1~~old.zip", Name: "old.zip", SizeBytes: 5 << 20, SavedAt: at.Add(-4 * time.Hour), PutAt: at}},
		Next:    "_autosave3.zip", Why: "it is the newest save of the world that runs here", Keep: api.Keep{Count: 20, Days: 30, Bytes: 5 << 30},
	}
}

func TestSavesAreListedWithTheOneThatAStartLoads(t *testing.T) {
	c := fiveInstances()
	c.SetSaves(someSaves())
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Open("i1")
		s.Settle()
		s.Tap("Saves")
		s.Soon()
		s.Expect("A start loads “_autosave3.zip”: it is the newest save of the world that runs here.", "Nauvis.zip", "80.0 MiB", "88:10 h", "loaded by the next start", "in use",
			"can't be read: it is no zip file")
		s.Tap("Nauvis.zip")
		s.Press("Load at next start")
		s.Settle()
		if got := c.Calls(); !slices.Equal(got, []string{"ChangeSave i1 choose Nauvis.zip "}) {
			t.Errorf("calls %q", got)
		}
		s.Tap("broken.zip")
		if on := s.On("Load at next start"); len(on) > 0 {
			t.Error("a save that can't be read can be chosen")
		}
	})
}

func TestATransferIsFollowedAndCanceled(t *testing.T) {
	c := fiveInstances()
	c.SetSaves(someSaves(), api.Task{ID: "t1", State: api.TaskRunning, Phase: "receiving", DoneBytes: 30 << 20, SizeBytes: 120 << 20})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Open("i1")
		s.Settle()
		s.Drop("/home/anna/base.zip")
		s.Soon()
		if got := c.Calls(); !slices.Equal(got, []string{"UploadSave i1 /home/anna/base.zip"}) {
			t.Errorf("calls %q", got)
		}
		s.PressChip("What is going on, and how it ended")
		s.Expect("Upload base.zip to Nauvis", "receiving · 120.0 MiB · 25 %")
		s.Press("Cancel")
		s.Settle()
		if got := c.Calls(); got[len(got)-1] != "CancelTask t1" {
			t.Errorf("calls %q", got)
		}
		c.SetSaves(someSaves(), api.Task{ID: "t1", State: api.TaskFailed, Error: api.Errorf(api.Refused, "Choose another name.", "there is a save of that name already")})
		s.Soon()
		s.Expect("there is a save of that name already", "Choose another name.")
	})
}

func TestSavesInTheBinAndBackups(t *testing.T) {
	c := fiveInstances()
	c.SetSaves(someSaves())
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Open("i1")
		s.Settle()
		s.Tap("Saves")
		s.Soon()
		s.Choose("Bin")
		s.Expect("old.zip", "What is deleted stays here for a week.")
		s.Choose("Backups")
		s.Expect("before a start", "Kept of each reason: 20 backups, 30 days, 5.00 GiB")
		if strings.Contains(strings.Join(s.Texts(), "\n"), "old.zip") {
			t.Error("the bin is still shown")
		}
	})
}

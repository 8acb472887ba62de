package pages_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

func somePack() api.Pack {
	at := time.Now().Add(-time.Hour)
	return api.Pack{
		PackRow: api.PackRow{ID: "p1", Name: "Nauvis", Description: "what we play", Game: "2.0.77", Content: api.ContentBase, WhoJoins: "Everybody who owns the game can join.", Mods: 2, Disabled: 1,
			Missing: 1, Instances: []string{"Nauvis"}, Revision: 7, ChangedAt: at, ChangedBy: "anna"},
		List: []api.PackMod{
			{Name: "base", Version: "2.0.77", Enabled: true, BuiltIn: true},
			{Name: "better-belts", Title: "Better Belts", Version: "1.2.0", Enabled: true, Stored: true, SizeBytes: 12 << 20, Pinned: true},
			{Name: "signs", Version: "0.3.1", Enabled: true},
			{Name: "walls", Title: "Walls", Version: "2.0.0", Stored: true},
		},
		Revisions: []api.PackRevision{{Revision: 7, ChangedAt: at, ChangedBy: "anna", Change: "signs 0.3.1 added"}, {Revision: 6, ChangedAt: at, ChangedBy: "ben", Change: "made"}},
	}
}

func withPack() *headless.Cluster {
	c := fiveInstances()
	c.SetPacks(somePack())
	c.ChangeInstance("i1", func(i *api.Instance) { i.Pack = "p1" })
	return c
}

func openPack(s *headless.Screen) {
	s.Page("Packs")
	s.Settle()
	s.DoubleTap("Nauvis")
	s.Settle()
}

// lastCall decodes the JSON of the newest call, which must be of this name.
func lastCall[T any](t *testing.T, c *headless.Cluster, name string) (r T) {
	t.Helper()
	calls := c.Calls()
	if len(calls) == 0 || !strings.HasPrefix(calls[len(calls)-1], name+" ") {
		t.Fatalf("calls %q, want %s last", calls, name)
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(calls[len(calls)-1], name+" ")), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPacksAreListedAndMade(t *testing.T) {
	c := withPack()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Packs")
		s.Settle()
		s.Expect("Nauvis", "Base game", "2 + 1 off", "Showing 1 of 1")
		s.Press("New pack…")
		s.Expect("Everybody who owns the game can join.")
		s.Tap("Space Age")
		s.Expect("Only players who own Space Age can join.")
		s.Type("as everybody shall know it", "Ages")
		s.Press("Create")
		s.Settle()
		expectCalls(t, c, "CreatePack Ages 2.0 space-age ")
		s.Expect("Packs / Ages", "No mods in this pack yet.")
		s.PressChip("Back")
		s.Settle()
		s.Expect("Showing 2 of 2")
	})
	headless.Run(t, fiveInstances(), func(t *testing.T, s *headless.Screen) {
		s.Page("Packs")
		s.Settle()
		s.Expect("No mod pack yet.")
	})
}

func TestNothingIsDoneToAPackBeforeItsPlanIsConfirmed(t *testing.T) {
	c := withPack()
	c.SetPlan(api.PackPlan{Possible: true, Hash: "h1", Steps: []api.PlanStep{
		{Name: "walls", Title: "Walls", Action: api.PlanEnable, From: "2.0.0", To: "2.0.0", Source: api.FromStore, Why: "it was asked for"},
		{Name: "lib", Action: api.PlanInstall, To: "1.0.0", Source: api.FromPortal, SizeBytes: 5 << 20, Why: "Walls needs it"}},
		Downloads: 1, DownloadBytes: 5 << 20, Warnings: []api.PlanWarning{{Text: "lib is deprecated."}}, Restarts: []api.PlanRestart{{Name: "Nauvis", Running: true}},
		HeldBack: []api.HeldBack{{Name: "signs", Version: "0.3.1", Newest: "0.4.0", Why: []string{"it is pinned."}}}})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		openPack(s)
		s.Expect("Better Belts", "pinned", "not stored yet", "comes with the game", "Walls (off)", "used by Nauvis", "Everybody who owns the game can join.")
		s.Tap("Walls (off)")
		s.Press("Switch on")
		s.Settle()
		if r := lastCall[api.PlanPack](t, c, "PlanPack"); len(r.Enable) != 1 || r.Enable[0] != "walls" || r.Pack != "p1" {
			t.Errorf("a plan for %+v", r)
		}
		s.Expect("1 to install, 1 to switch on", "1 to download, 5.0 MiB", "Walls needs it", "lib is deprecated.", "stays at 0.3.1, though there is 0.4.0", "goes on with its mods until it is started again")
		s.Press("Do it")
		s.Settle()
		if r := lastCall[api.ApplyPackPlan](t, c, "ApplyPackPlan"); r.Hash != "h1" || len(r.Enable) != 1 {
			t.Errorf("applied %+v", r)
		}

		c.SetPlan(api.PackPlan{Conflicts: []api.PlanConflict{{Kind: "refuse", Mod: "walls", Other: "signs", Text: "Walls can't be with signs."}}})
		s.Soon() // or it would be a double click
		s.Tap("Walls (off)")
		s.Press("Switch on")
		s.Settle()
		s.Expect("That is not possible", "Walls can't be with signs.")
		if on := s.On("Do it"); len(on) > 0 {
			t.Error("what is not possible can be done")
		}
		s.Press("Ignore in this pack")
		s.Settle()
		if r := lastCall[api.PlanPack](t, c, "PlanPack"); len(r.Ignore) != 1 || r.Ignore[0] != (api.IgnoredNeed{Mod: "walls", Needs: "signs"}) {
			t.Errorf("a plan for %+v", r)
		}
	})
}

func TestMissingModsOfAPackAreDownloaded(t *testing.T) {
	c := withPack()
	c.SetAccount(api.PortalAccount{Username: "anna"}, nil)
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		openPack(s)
		s.Press("Download missing (1)")
		if r := lastCall[api.DownloadMods](t, c, "DownloadMods"); len(r.Mods) != 1 || r.Mods[0].Name != "signs" || r.Mods[0].Version != "0.3.1" {
			t.Errorf("downloads %+v", r)
		}
		s.Tap("signs")
		s.Press("Pin")
		if r := lastCall[api.EditPack](t, c, "EditPack"); r.Revision != 7 || len(r.Mods) != 1 || !*r.Mods[0].Pinned {
			t.Errorf("edits %+v", r)
		}
	})
}

func TestSettingsOfAPackAreCheckedInPlaceAndSavedTogether(t *testing.T) {
	c := withPack()
	c.SetPackSettings(api.PackSettings{Revision: 7, Settings: []api.PackSetting{
		{Scope: "startup", Name: "belt-speed", Mod: "better-belts", Kind: api.SettingInt, Known: true, Title: "Speed of belts", Description: "How fast.", Default: json.RawMessage("5"), Min: json.RawMessage("1"), Max: json.RawMessage("10")},
		{Scope: "runtime-global", Name: "belt-colours", Mod: "better-belts", Kind: api.SettingBool, Known: true, Title: "Colours", Default: json.RawMessage("false")},
	}})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		openPack(s)
		s.Tap("Settings")
		s.Settle()
		s.Expect("Speed of belts", "Startup", "Colours", "Map", "Showing 2 of 2")
		s.Tap("Speed of belts")
		s.Expect("How fast.", "Default: 5", "It can be: 1 to 10")
		s.Type("number", "11")
		s.Expect("it has to be 1 to 10")
		if s.HasButton("Save changes (1)") {
			t.Error("what can't be is kept")
		}
		s.Type("number", "7")
		s.ExpectNot("it has to be 1 to 10")
		s.Tap("Colours")
		s.Tap("yes")
		s.Press("Save changes (2)")
		s.Settle()
		r := lastCall[api.EditPack](t, c, "EditPack")
		if r.Revision != 7 || len(r.Settings) != 2 || string(r.Settings[0].Value) != "7" || string(r.Settings[1].Value) != "true" {
			t.Errorf("edits %+v", r)
		}
		s.Choose("Startup")
		s.Expect("Showing 1 of 2")
	})
}

func TestAPackIsImportedAfterALook(t *testing.T) {
	c := withPack()
	c.SetDraft(api.PackDraft{Source: api.PackFromString, Pack: api.Pack{PackRow: api.PackRow{ID: "p1", Name: "Theirs", Game: "2.0", Mods: 4}}, Missing: []api.MissingMod{{Name: "far", Version: "1.0.0"}}, Remarks: []string{"It names no description."}})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Packs")
		s.Settle()
		s.Press("Import…")
		if on := s.On("Look", "Import"); len(on) > 0 {
			t.Errorf("with nothing to import %q are on", on)
		}
		s.Type("Paste a mod pack string; Clusterio's will do too", "eNpack")
		s.Press("Look")
		s.Settle()
		s.Expect("A mod pack string: pack “Theirs” for Factorio 2.0, 4 mods", "far 1.0.0", "It names no description.")
		s.Press("Import")
		s.Settle()
		if r := lastCall[api.ImportPack](t, c, "ImportPack"); r.Text != "eNpack" {
			t.Errorf("imports %+v", r)
		}
		s.Expect("Packs / Theirs")
		s.Page("Packs")
		s.Drop("/home/anna/mod-list.json")
		s.Settle()
		if r := lastCall[api.ImportPack](t, c, "LookAtPack"); r.Path != "/home/anna/mod-list.json" {
			t.Errorf("looks at %+v", r)
		}
	})
}

func TestAPackIsGivenToInstancesUndoneAndCopiedAsAString(t *testing.T) {
	c := withPack()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		openPack(s)
		s.Press("Instances…")
		s.Expect("They get its mods and settings at their next start")
		s.Tap("Aquilo · attic · Stopped")
		s.Tap("Nauvis · attic · Running")
		s.Press("Save")
		s.Settle()
		got := map[string]bool{}
		for _, call := range c.Calls() {
			got[call] = true
		}
		if !got["AssignPack i5 p1"] || !got["AssignPack i1 "] || len(got) != 2 {
			t.Errorf("calls %v", got)
		}
		s.Tap("History")
		s.Tap("made")
		s.Press("Go back to this revision")
		if r := lastCall[api.UndoPack](t, c, "UndoPack"); r.Revision != 6 {
			t.Errorf("undoes %+v", r)
		}
		s.Press("More")
		s.Tap("Copy as a string")
		s.Settle()
		s.Expect("Copied to the clipboard")
		s.Press("More")
		s.Tap("For players…")
		s.Settle()
		s.Expect("Connect to the server", "Everybody who owns the game can join.")
		s.Press("Close")
		s.Press("More")
		s.Tap("Delete…")
		s.Expect("Nauvis is used by Nauvis.", "first.")
	})
}

func TestAnotherGameForAPackIsPlannedFirst(t *testing.T) {
	c := withPack()
	c.SetPlan(api.PackPlan{Possible: true, Hash: "h1", Game: "2.1", GameWas: "2.0.77", Warnings: []api.PlanWarning{{Text: "Worlds may be lost."}}, Restarts: []api.PlanRestart{{Name: "Nauvis", Running: true}}})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		openPack(s)
		edit := func(was, is string) {
			s.Press("More")
			s.Tap("Edit…")
			s.Type(was, is)
			s.Press("Save")
			s.Settle()
		}
		edit("as everybody shall know it", "Rails")
		if r := lastCall[api.EditPack](t, c, "EditPack"); *r.Name != "Rails" || r.Game != nil || r.Revision != 7 {
			t.Errorf("edits %+v", r)
		}
		edit("such as 2.0, or exactly 2.0.60", "2.1")
		if r := lastCall[api.PlanPack](t, c, "PlanPack"); r.Game != "2.1" || r.Pack != "p1" {
			t.Errorf("plans %+v", r)
		}
		s.Expect("Factorio 2.1 instead of 2.0.77. All of its mods can stay as they are.", "Worlds may be lost.", "Nauvis: runs and goes on")
		s.Press("Do it")
		s.Settle()
		if r := lastCall[api.ApplyPackPlan](t, c, "ApplyPackPlan"); r.Hash != "h1" || r.Game != "2.1" {
			t.Errorf("applies %+v", r)
		}
	})
}

package pages_test

import (
	"testing"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

func TestModsOfAnInstanceAndItsPack(t *testing.T) {
	c := withPack()
	c.SetPacks(somePack(), api.Pack{PackRow: api.PackRow{ID: "p2", Name: "Vanilla"}})
	c.SetInstanceMods(api.InstanceMods{GameVersion: "2.0.77", Mods: []api.InstalledMod{{Name: "base", BuiltIn: true, Enabled: true, Version: "2.0.77"}, {Name: "better-belts", Title: "Better Belts", Version: "1.2.0", Enabled: true, OfPack: true, Used: true, File: "x.zip", SizeBytes: 12 << 20}, {Name: "odd", File: "odd", Problem: "its info.json can't be read"}},
		State: api.ModState{Applied: "Nauvis, revision 6", Wanted: "Nauvis, revision 7", Pending: true, Former: "Nauvis, revision 5", Missing: 1, MissingBytes: 3 << 20, Problem: "A file is missing."}},
		api.ModComparison{Save: "Nauvis.zip", Mods: []api.ComparedMod{{Name: "odd", Server: &api.ModSide{Enabled: true}, State: api.ModMissing, Advice: "Remove it from the server."}}})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Open("i1")
		s.Settle()
		s.Tap("Mods")
		s.Settle()
		s.Expect("Better Belts", "its pack", "the game", "odd", "its info.json can't be read", "The next start puts Nauvis, revision 7 there, in place of Nauvis, revision 6.", "1 files are not on its host yet", "A file is missing.", "3 mods · Factorio 2.0.77")
		s.Press("Fetch now")
		s.Choose("Vanilla")
		s.Settle()
		c.SetAssignPlan(api.AssignPlan{Name: "Nauvis", Pack: "Vanilla", Save: "Nauvis.zip", Running: true, Hash: "h1", Mods: []api.ComparedMod{{Name: "odd", Save: &api.ModSide{Enabled: true}}},
			Losses: []string{"odd vanishes from the map."}, Warnings: []string{"One file is not stored."}})
		s.Choose("Vanilla")
		s.Settle()
		s.Expect("Mods: 1 go. It runs and goes on with its mods until it is started again.", "odd vanishes from the map.", "One file is not stored.")
		s.Press("Cancel")
		s.Settle()
		expectCalls(t, c, "FetchMods i1", "AssignPack i1 p2")
		s.Choose("Vanilla")
		s.Settle()
		s.Press("Give the pack")
		s.Settle()
		c.SetAssignPlan(api.AssignPlan{})
		s.Choose("no pack")
		s.Settle()
		s.Press("Compare…")
		s.Settle()
		s.Expect("Remove it from the server.", "What differs stands first.", "there")
		s.Press("Close")
		expectCalls(t, c, "FetchMods i1", "AssignPack i1 p2", "AssignPack i1 p2 h1", "AssignPack i1 ")
	})
}

func TestListsOfPlayersOfAnInstance(t *testing.T) {
	c := fiveInstances()
	c.SetLists([]api.ListModes{{Instance: "i1", Admins: api.ListBoth, Bans: api.ListBoth, Whitelist: api.ListOff}},
		api.ListState{Instance: "i1", List: api.Bans, State: api.ListInStep, Entries: 1200}, api.ListState{Instance: "i2", List: api.Bans, State: api.ListProblem, Problem: "of another"})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Menu("Nauvis")
		s.Tap("Lists of players…")
		s.Settle()
		s.Expect("Lists of players of Nauvis", "1,200 names · in step", "both ways", "by itself", "as the game has it")
		s.ExpectNot("of another")
		s.Choose("only who is on the whitelist")
		s.Press("Save")
		r := lastCall[api.SetListModes](t, c, "SetListModes")
		if r.Instance != "i1" || r.Admins != nil || r.Bans != nil || r.Whitelist != nil || *r.Whitelisting != "on" {
			t.Errorf("changes %+v", r)
		}
	})
}

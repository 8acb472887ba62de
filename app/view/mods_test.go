package view

import (
	"slices"
	"testing"
	"time"

	"mainbus/controller/api"
)

func TestWordsAboutMods(t *testing.T) {
	now := time.Now()
	hour := now.Add(-time.Hour)
	for _, test := range []struct{ got, want string }{
		{DependencyWords("base >= 2.0"), "needs base >= 2.0"}, {DependencyWords("? a"), "optional: a"}, {DependencyWords("(?) a"), "optional, not shown by the game: a"},
		{DependencyWords("! a"), "can't be with a"}, {DependencyWords("~ a > 1"), "needs a > 1, in any order of loading"},
		{PortalWords(api.PortalPage{}, now), "The portal was not asked yet"},
		{PortalWords(api.PortalPage{Known: 30_000, AskedAt: &hour}, now), "30,000 mods are known · asked 1 h ago"},
		{PortalWords(api.PortalPage{Known: 3, AskedAt: &hour, Problem: "no such host"}, now), "3 mods are known · asked 1 h ago · no such host"},
		{PortalWords(api.PortalPage{Known: 3, Updating: true}, now), "3 mods are known · the portal is being asked"},
		{Beginning("one two three", 8), "one two …"}, {Beginning(" short ", 8), "short"}, {Beginning("ééééééééé", 3), "ééé …"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
	releases := []api.ModRelease{{Version: "2.0.0", Game: "2.1"}, {Version: "1.1.0", Game: "2.0"}, {Version: "1.0.0", Game: "2.0"}}
	for game, want := range map[string][]string{"2.0.77": {"1.1.0", "1.0.0"}, "2.1": {"2.0.0"}, "": {"2.0.0", "1.1.0", "1.0.0"}, "1.1": {"2.0.0", "1.1.0", "1.0.0"}} {
		if got := ReleasesFor(releases, game); !slices.Equal(got, want) {
			t.Errorf("for %q there are %q, want %q", game, got, want)
		}
	}
	lines := UploadWords([]api.UploadStep{{Name: "a", Version: "1.0.0", Action: api.UploadTakes, SizeBytes: 1 << 20, Why: "It is for 1.1."}, {Path: "/x.zip", Action: api.UploadRefuses, Why: "no mod"}, {Name: "b", Action: "something new"}})
	if want := []string{"a 1.0.0 is taken, 1.0 MiB · It is for 1.1.", "/x.zip is refused: no mod", "b: something new"}; !slices.Equal(lines, want) {
		t.Errorf("an upload is %q", lines)
	}
}

func TestWordsAboutPlans(t *testing.T) {
	plan := api.PackPlan{Possible: true, Downloads: 3, DownloadBytes: 5 << 20, SizesUnknown: 1, Steps: []api.PlanStep{{Name: "a", Action: api.PlanInstall, To: "1.0.0", Source: api.FromPortal}, {Name: "b", Action: api.PlanRemove, From: "1.0.0", Source: api.FromStore}},
		Restarts: []api.PlanRestart{{Name: "Nauvis", Running: true}, {Name: "Gleba"}}}
	for _, test := range []struct{ got, want string }{
		{PlanWords(api.PackPlan{}), "That is not possible: these demands can't be met together."},
		{PlanWords(api.PackPlan{Possible: true}), "Nothing has to be changed."},
		{PlanWords(plan), "Mods: 1 to install, 1 to remove. 3 to download, 5.0 MiB and those whose size the portal does not tell (1)."},
		{PlanWords(api.PackPlan{Possible: true, Game: "2.1", GameWas: "2.0"}), "Factorio 2.1 instead of 2.0. All of its mods can stay as they are."},
		{PlanWords(api.PackPlan{Possible: true, Game: "2.0", GameWas: "2.0", Steps: []api.PlanStep{{Name: "a", Action: api.PlanDownload}}}), "Mods: 1 to download."},
		{AssignWords(api.AssignPlan{Pack: "Rails", Save: "a.zip", Running: true, Mods: []api.ComparedMod{{Save: &api.ModSide{Enabled: true}}, {Server: &api.ModSide{Enabled: true}}}}),
			"Mods: 1 come, 1 go. It runs and goes on with its mods until it is started again."},
		{AssignWords(api.AssignPlan{Pack: "Rails"}), "There is no world to compare with."},
		{AssignWords(api.AssignPlan{}), "Its mods stay as they are."},
		{PlanRestarts(plan), "Nauvis: runs and goes on with its mods until it is started again. Gleba: at the next start."},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
	rows := PlanSteps(plan)
	if rows[0].Title != "a" || rows[0].Size != "download" || rows[1].Size != "" || rows[1].Word != "remove" {
		t.Errorf("%+v", rows)
	}
	for kind, want := range map[string]bool{"need": true, "refuse": true, "range": true, "want": false, "off": false} {
		if _, ok := Ignorable(api.PlanConflict{Kind: kind, Mod: "a", Other: "b"}); ok != want {
			t.Errorf("a conflict of kind %q can be ignored: %v", kind, ok)
		}
	}
}

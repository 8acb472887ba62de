package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"mainbus/app/internal/headless"
	"mainbus/app/look"
	"mainbus/controller/api"
)

// withPacks adds mods and packs to a cluster.
func withPacks(c *headless.Cluster) {
	at := time.Date(2026, 11, 26, 12, 40, 7, 0, time.Local)
	list := []api.PackMod{
		{Name: "base", Title: "Base mod", Version: "2.0.77", Enabled: true, BuiltIn: true}, {Name: "elevated-rails", Title: "Elevated Rails", Version: "2.0.77", Enabled: true, BuiltIn: true},
		{Name: "quality", Title: "Quality", Version: "2.0.77", Enabled: true, BuiltIn: true}, {Name: "space-age", Title: "Space Age", Version: "2.0.77", Enabled: true, BuiltIn: true},
	}
	for i, title := range []string{"Faster trains", "Labels on chests", "Очень длинное название мода 🚂 mit Umlauten äöü und allem, was dazugehört", "Lamps", "Night vision", "Tidy inventories", "Wider belts"} {
		list = append(list, api.PackMod{Name: fmt.Sprintf("example-mod-%d", i), Title: title, Version: fmt.Sprintf("1.%d.0", i), Enabled: i != 3, Stored: i != 4, SizeBytes: int64(i+1) << 20, Pinned: i == 1})
	}
	list[9].Problem = "its file is damaged: download it again"
	row := api.PackRow{ID: "p1", Name: "Space Age with trains", Description: "what we play since autumn", Game: "2.0.77", Content: api.ContentSpaceAge, WhoJoins: "Only players who own Space Age can join.",
		Mods: 6, Disabled: 1, Missing: 1, Instances: []string{"Nauvis main", "Vulcanus"}, Revision: 7, ChangedAt: at.Add(-72 * time.Hour), ChangedBy: "anna"}
	c.SetPacks(
		api.Pack{PackRow: row, List: list, Problems: []string{"Tidy inventories can't be loaded: its file is damaged."},
			Revisions: []api.PackRevision{{Revision: 7, ChangedAt: at.Add(-72 * time.Hour), ChangedBy: "anna", Change: "Wider belts 1.6.0 added"}, {Revision: 6, ChangedAt: at.Add(-96 * time.Hour), ChangedBy: "anna", Change: "4 settings"},
				{Revision: 5, ChangedAt: at.Add(-800 * time.Hour), ChangedBy: "ben", Change: "imported from a save"}}},
		api.Pack{PackRow: api.PackRow{ID: "p2", Name: "Vanilla", Game: "2.0", Content: api.ContentBase, WhoJoins: "Everybody who owns the game can join.", ChangedAt: at, ChangedBy: "anna", Instances: []string{"Aquilo"}}},
		api.Pack{PackRow: api.PackRow{ID: "p3", Name: strings.Repeat("Langer Name mit 🚂 ", 4), Game: "2.1.13", Content: api.ContentOwn, Mods: 148, Disabled: 12, Missing: 31, ChangedAt: at, ChangedBy: "ben"}},
	)
	var settings []api.PackSetting
	for i := range 200 {
		settings = append(settings, api.PackSetting{Scope: []string{"startup", "runtime-global", "runtime-per-user"}[i%3], Name: fmt.Sprintf("example-mod-%d-number-%d", i%7, i), Mod: fmt.Sprintf("example-mod-%d", i%7),
			Kind: api.SettingInt, Known: true, Title: fmt.Sprintf("How many of them (%d)", i), Description: "How many there may be at once. More of them cost UPS.", Default: json.RawMessage("5"), Min: json.RawMessage("1"), Max: json.RawMessage("100")})
	}
	settings[1] = api.PackSetting{Scope: "runtime-global", Name: "example-mode", Mod: "example-mod-1", Kind: api.SettingString, Known: true, Title: "Mode", Default: json.RawMessage(`"a"`), Value: json.RawMessage(`"b"`),
		Allowed: []api.SettingChoice{{Value: json.RawMessage(`"a"`), Title: "Slow and steady"}, {Value: json.RawMessage(`"b"`), Title: "Fast"}}}
	settings[2].Value, settings[3].Problem, settings[3].Value = json.RawMessage("12"), "it has to be 1 to 100", json.RawMessage("900")
	c.SetPackSettings(api.PackSettings{Revision: 7, Settings: settings, Problems: []string{"Night vision is not stored, so its settings are not known."}})
	c.SetPlan(api.PackPlan{Possible: true, Hash: "h", Downloads: 2, DownloadBytes: 14 << 20, Steps: []api.PlanStep{
		{Name: "example-library", Title: "A library", Action: api.PlanInstall, To: "0.4.2", Source: api.FromPortal, SizeBytes: 2 << 20, Why: "Wider belts needs it."},
		{Name: "example-mod-6", Title: "Wider belts", Action: api.PlanUpdate, From: "1.6.0", To: "2.0.0", Source: api.FromPortal, SizeBytes: 12 << 20, Why: "An update was asked for."},
		{Name: "example-mod-3", Title: "Lamps", Action: api.PlanRemove, From: "1.3.0", Why: "Wider belts 2.0.0 can't be with it."}},
		Warnings: []api.PlanWarning{{Text: "Wider belts 2.0.0 has changed its settings: what was set for “Width” gets lost."}},
		HeldBack: []api.HeldBack{{Name: "Labels on chests", Version: "1.1.0", Newest: "1.4.0", Why: []string{"it is pinned."}}},
		Restarts: []api.PlanRestart{{Name: "Nauvis main", Running: true}, {Name: "Vulcanus"}}})
	c.SetDraft(api.PackDraft{Source: api.PackFromSave, Pack: api.Pack{PackRow: api.PackRow{Name: "Nauvis main", Game: "2.0.77", Mods: 31, WhoJoins: "Only players who own Space Age can join."}},
		Missing: []api.MissingMod{{Name: "example-far", Version: "1.0.0"}, {Name: "example-further", Version: "0.3.7"}}, Remarks: []string{"A save tells the startup settings only; the others get their defaults."}})
	deleted := at
	stored := api.ModList{Bytes: 412 << 20}
	for i, m := range list[4:] {
		stored.Mods = append(stored.Mods, api.StoredMod{Name: m.Name, Title: m.Title, Version: m.Version, Author: "anna", Game: "2.0", SizeBytes: m.SizeBytes, Source: []string{api.ModDownload, api.ModUploaded, api.ModFromHost}[i%3],
			AddedAt: at.Add(-time.Hour * time.Duration(i*9)), AddedBy: "anna", UsedBy: []string{"Space Age with trains"}, Problem: m.Problem})
	}
	stored.Mods = append(stored.Mods, api.StoredMod{Name: "gone", Title: "Put away", Version: "1.0.0", DeletedAt: &deleted})
	var portal []api.PortalMod
	for i := range 30_000 {
		portal = append(portal, api.PortalMod{Name: fmt.Sprintf("example-%d", i), Title: fmt.Sprintf("%s %d", []string{"Trains", "Belts", "Lamps", "Walls and gates with a long name"}[i%4], i), Owner: "somebody", Summary: "What it does, in a sentence or two that may well be longer than the column in which it stands.",
			Category: "content", Downloads: int64(1_000_000 / (i + 1)), Version: "1.2.3", Game: "2.0", Stored: i%5 == 1, Deprecated: i%7 == 3})
	}
	c.SetMods(stored, portal, api.ModDetails{PortalMod: api.PortalMod{Title: "Trains 0", Summary: "What it does, in a sentence or two.", Owner: "somebody", Downloads: 1_000_000, Version: "1.2.3", Game: "2.0"}, License: "MIT", UpdatedAt: &at,
		Description: strings.Repeat("It does this and that, and it does so well. ", 20), Releases: []api.ModRelease{{Version: "1.2.3", Game: "2.0", Stored: true, Dependencies: []string{"base >= 2.0.28", "? example-far >= 1.0", "! example-other"}}}})
	c.SetUpload(api.UploadStep{Name: "example-mod-1", Version: "1.1.0", Action: api.UploadReplaces, SizeBytes: 2 << 20}, api.UploadStep{Name: "example-new", Version: "0.1.0", Action: api.UploadTakes, SizeBytes: 3 << 20, Why: "It is for Factorio 1.1; no pack for 2.0 can use it."},
		api.UploadStep{Path: "/home/anna/Downloads/holiday.zip", Action: api.UploadRefuses, Why: "there is no info.json in it."})
}

// withInstalled says what lies in the folders of instances, and how their lists of players go with the cluster's.
func withInstalled(c *headless.Cluster) {
	crc := uint32(4711)
	c.SetInstanceMods(api.InstanceMods{GameVersion: "2.0.77", Aside: []string{"mods-2026-11-20"}, Mods: []api.InstalledMod{
		{Name: "base", Title: "Base mod", Version: "2.0.77", Enabled: true, BuiltIn: true}, {Name: "space-age", Title: "Space Age", Version: "2.0.77", Enabled: true, BuiltIn: true},
		{Name: "example-mod-1", Title: "Labels on chests", Version: "1.1.0", Enabled: true, OfPack: true, Used: true, File: "x", SizeBytes: 2 << 20, CRC: &crc},
		{Name: "example-mod-3", Title: "Lamps", Version: "1.3.0", OfPack: true, File: "x", SizeBytes: 4 << 20},
		{Name: "example-mod-6", Title: "Wider belts", Version: "1.5.0", Enabled: true, File: "y", SizeBytes: 4 << 20}, {Name: "example-mod-6", Title: "Wider belts", Version: "1.6.0", Enabled: true, OfPack: true, Used: true, File: "z", SizeBytes: 5 << 20},
		{Name: "example-odd", Version: "0.1.0", File: "odd", Problem: "its info.json can't be read: the game will not start with it"}},
		State: api.ModState{Applied: "Space Age with trains, revision 6", Wanted: "Space Age with trains, revision 7", Pending: true, Former: "Space Age with trains, revision 5", Missing: 2, MissingBytes: 14 << 20,
			Problem: "2 files of the pack are not on attic yet, so the next start is refused."}, Problems: []string{"Remove example-odd or put it right."}},
		api.ModComparison{Save: "_autosave3.zip", Advice: []string{"The save was made with other mods; the game migrates it at its next start."}, Mods: []api.ComparedMod{
			{Name: "example-mod-6", Server: &api.ModSide{Version: "1.6.0", Enabled: true}, Save: &api.ModSide{Version: "1.5.0", Enabled: true}, State: api.ModDiffers, Advice: "Nothing: the game migrates it."},
			{Name: "example-mod-1", Server: &api.ModSide{Version: "1.1.0", Enabled: true}, Save: &api.ModSide{Version: "1.1.0", Enabled: true}, State: api.ModSame}}})
	c.SetLists([]api.ListModes{{Instance: "i1", Admins: api.ListBoth, Bans: api.ListBoth, Whitelist: api.ListToGame, Whitelisting: "on"}},
		api.ListState{Instance: "i1", List: api.Admins, State: api.ListInStep, Entries: 2}, api.ListState{Instance: "i1", List: api.Bans, State: api.ListPending, Entries: 1204, ToGame: 3},
		api.ListState{Instance: "i1", List: api.Whitelist, State: api.ListProblem, Entries: 17, Problem: "The file can't be written.", Next: "Look at its rights."})
}

func picturesOfAnInstance(t *testing.T, s *headless.Screen, mode string) {
	s.Open("i1")
	s.Settle()
	s.Tap("Mods")
	s.Settle()
	picture(t, s, "instance-mods-"+mode)
	s.Press("Compare…")
	s.Settle()
	picture(t, s, "compare-"+mode)
	s.Press("Close")
	s.Page("Instances")
	s.Menu("Nauvis main")
	s.Tap("Lists of players…")
	s.Settle()
	picture(t, s, "lists-"+mode)
	s.Press("Cancel")
}

func TestPicturesOfMods(t *testing.T) {
	for name, mode := range map[string]look.Mode{"dark": look.Dark, "light": look.Light} {
		t.Run(name, func(t *testing.T) {
			c := busyCluster()
			withPacks(c)
			withInstalled(c)
			headless.RunIn(t, mode, c, func(t *testing.T, s *headless.Screen) { picturesOfMods(t, s, name) })
			headless.RunIn(t, mode, c, func(t *testing.T, s *headless.Screen) { picturesOfPacks(t, c, s, name) })
			headless.RunIn(t, mode, c, func(t *testing.T, s *headless.Screen) { picturesOfAnInstance(t, s, name) })
			headless.RunIn(t, mode, headless.NewCluster(), func(t *testing.T, s *headless.Screen) {
				s.Page("Mods")
				s.Settle()
				picture(t, s, "mods-empty-"+name)
				s.Page("Packs")
				s.Settle()
				picture(t, s, "packs-empty-"+name)
			})
		})
	}
}

func picturesOfMods(t *testing.T, s *headless.Screen, mode string) {
	s.Page("Mods")
	s.Settle()
	picture(t, s, "mods-"+mode)
	s.Drop("/home/anna/Downloads")
	s.Settle()
	picture(t, s, "upload-"+mode)
	s.Press("Cancel")
	s.Tap("Mod portal")
	s.Settle()
	s.Tap("Trains 0")
	s.Settle()
	picture(t, s, "portal-"+mode)
	s.Press("Download")
	s.Settle()
	picture(t, s, "account-"+mode)
	s.Press("Cancel")
}

func picturesOfPacks(t *testing.T, c *headless.Cluster, s *headless.Screen, mode string) {
	s.Page("Packs")
	s.Settle()
	picture(t, s, "packs-"+mode)
	s.Press("New pack…")
	picture(t, s, "pack-create-"+mode)
	s.Press("Cancel")
	s.Press("Import…")
	s.Type("Paste a mod pack string; Clusterio's will do too", "eNpjZGBgYGZgYG")
	s.Press("Look")
	s.Settle()
	picture(t, s, "pack-import-"+mode)
	s.Press("Cancel")
	s.DoubleTap("Space Age with trains")
	s.Settle()
	picture(t, s, "pack-"+mode)
	s.Tap("Wider belts")
	s.Press("Update…")
	s.Settle()
	picture(t, s, "plan-"+mode)
	s.Press("Cancel")
	c.SetPlan(api.PackPlan{Conflicts: []api.PlanConflict{{Kind: "need", Mod: "example-mod-6", Other: "example-library", Text: "Wider belts 2.0.0 needs A library in version 0.4 or newer."},
		{Kind: "refuse", Mod: "example-mod-5", Other: "example-library", Text: "Tidy inventories 1.5.0 can't be with A library."}}})
	s.Press("Update…")
	s.Settle()
	picture(t, s, "plan-impossible-"+mode)
	s.Press("Cancel")
	s.Press("Add…")
	s.Settle()
	picture(t, s, "pick-"+mode)
	s.Press("Cancel")
	s.Press("Instances…")
	picture(t, s, "pack-instances-"+mode)
	s.Press("Cancel")
	s.Press("More")
	picture(t, s, "pack-menu-"+mode)
	s.Tap("For players…")
	s.Settle()
	picture(t, s, "pack-players-"+mode)
	s.Press("Close")
	s.Tap("Settings")
	s.Settle()
	s.Tap("How many of them (0)")
	s.Type("number", "101")
	picture(t, s, "pack-settings-"+mode)
	s.Tap("History")
	picture(t, s, "pack-history-"+mode)
}

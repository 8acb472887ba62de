package pages_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

func manyUsers(n int) (all []api.UserRecord) {
	at := time.Now().Add(-time.Hour)
	for i := range n {
		all = append(all, api.UserRecord{Name: fmt.Sprintf("player-%05d", i), LastSeen: &at, Seconds: int64(i) * 60, Joins: int64(i)})
	}
	return all
}

func withUsers(n int) *headless.Cluster {
	c := fiveInstances()
	at := time.Now().Add(-time.Hour)
	all := append([]api.UserRecord{
		{Name: "anna", Online: []api.Presence{{Instance: "i1", InstanceName: "Nauvis", Since: at}}, FirstSeen: &at, LastSeen: &at, Seconds: 7500, Joins: 3, Admin: api.UserFlag{Set: true, By: "ben", At: &at}, Notes: "helps a lot"},
		{Name: "griefer", LastSeen: &at, Banned: api.UserFlag{Set: true, By: "anna", At: &at}, BanReason: "broke the main bus"},
	}, manyUsers(n)...)
	c.SetUsers(all, []api.UserPlay{{Instance: "i1", InstanceName: "Nauvis", Joins: 3, Seconds: 7500, LastJoin: at}}, []api.UserVisit{{InstanceName: "Nauvis", Joined: at}})
	c.SetRoles([]api.Role{{ID: "r1", Name: "operator", Description: "starts and stops", Revision: 4, Grants: []api.Grant{{Permission: api.InstanceControl, Instances: []string{"i1"}}}, Places: map[string]string{"i1": "Nauvis"}, Users: []string{"anna"}, UserCount: 1},
		{ID: "r2", Name: "viewer", Grants: []api.Grant{{Permission: api.ClusterRead}}}},
		map[string][]api.RoleName{"anna": {{ID: "r1", Name: "operator"}}},
		api.Key{ID: "k1", User: "anna", Machine: "laptop", MadeAt: at, LastSeen: at, From: "192.0.2.7", Connections: 1})
	return c
}

func TestAUserIsShownWithEverythingThatIsKnown(t *testing.T) {
	c := withUsers(0)
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Users")
		s.Settle()
		s.Expect("anna", "Nauvis", "2:05 h", "admin", "griefer", "banned", "Showing 2 of 2 · 1 online", "Select a player")
		s.Tap("anna")
		s.Settle()
		s.Expect("yes · by ben", "operator", "helps a lot", "Nauvis: 2:05 h, 3 joins", "is there")
		s.Tap("griefer")
		s.Settle()
		s.Expect("broke the main bus", "yes · by anna")
		s.ExpectNot("helps a lot")
		s.Choose("Banned")
		s.Expect("Showing 1 of 1")
	})
}

// All 50,000 can be searched and sorted, though only what is in sight is made, and typing does not ask at each letter.
func TestFiftyThousandUsers(t *testing.T) {
	c := withUsers(50_000)
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Users")
		s.Settle()
		s.Expect("Showing 200 of 50,002")
		s.Tap("anna")
		s.PressKey(fyne.KeyEnd)
		s.Expect("Showing 400 of 50,002")
		s.Tap("Played")
		s.Settle()
		found := c.FoundUsers()
		if last := found[len(found)-1]; last.Sort != "time" || last.Offset != 0 {
			t.Errorf("sorted by %+v", last)
		}
		s.Type("Search users", "player-4999")
		s.Later(time.Second)
		s.Expect("Showing 10 of 10")
		if n := len(c.FoundUsers()) - len(found); n > 2 {
			t.Errorf("one word made %d searches", n)
		}
	})
}

func TestManyUsersAreChangedAfterALook(t *testing.T) {
	c := withUsers(3)
	c.SetChanges(api.UserChanges{What: "ban", Changed: 5, Created: 1, Rows: []api.UserEffect{{Name: "anna", Text: "banned (spam), not admin any more"}}, Skipped: []string{"<script>: that is no name"}, Bad: 1})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Users")
		s.Settle()
		s.Tap("anna")
		s.Canvas().Focused().(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutSelectAll{})
		s.Settle()
		s.Expect("5 players are selected", "5 selected")
		s.Press("Ban…")
		s.Type("as the game shows it to the player", "spam")
		s.Press("Ban")
		s.Settle()
		s.Expect("ban: 5 users change, 1 of them get a record, 1 can't be taken over.", "banned (spam), not admin any more", "The first 1 are listed.", "<script>: that is no name")
		if got := c.Calls(); len(got) != 1 || !strings.HasPrefix(got[0], "PreviewBulk ") {
			t.Fatalf("without an answer: %q", got)
		}
		s.Press("Ban")
		s.Settle()
		if r := lastCall[api.BulkUsers](t, c, "BulkUsers"); r.Action != api.BulkBan || len(r.Names) != 5 || r.Reason != "spam" {
			t.Errorf("did %+v", r)
		}
		s.Expect("5 users changed")
		s.Press("More")
		s.Tap("Undo the last change of many…")
		s.Settle()
		s.Press("Undo")
		if got := c.Calls(); got[len(got)-1] != "UndoUsers null" {
			t.Errorf("calls %q", got)
		}
	})
}

// Ctrl+A selects the rows that were read; those who match beside them are one press further, and are never taken along silently.
func TestAllWhoMatchGetARole(t *testing.T) {
	c := withUsers(300)
	c.SetChanges(api.UserChanges{What: "role viewer for 302 users", Changed: 302})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Users")
		s.Settle()
		s.Tap("anna")
		s.Canvas().Focused().(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutSelectAll{})
		s.Settle()
		s.Expect("200 selected", "Only these 200 are selected: select all 302 who match")
		s.Press("More")
		s.Tap("Give a role…")
		s.Settle()
		s.Tap("Choose…")
		s.Tap("viewer")
		s.Press("Look")
		s.Settle()
		s.Press("Give a role")
		s.Settle()
		if r := lastCall[api.BulkUsers](t, c, "BulkUsers"); r.Action != api.BulkGrantRole || len(r.Names) != 200 || r.Match != nil || r.Role != "viewer" {
			t.Errorf("did %+v", r)
		}
		s.Press("Only these 200 are selected: select all 302 who match")
		s.Settle()
		s.Expect("302 players are selected", "302 selected")
		s.ExpectNot("Only these")
		s.Press("More")
		s.Tap("Make admin")
		s.Settle()
		s.Press("Make admin")
		s.Settle()
		if r := lastCall[api.BulkUsers](t, c, "BulkUsers"); r.Action != api.BulkPromote || len(r.Names) != 0 || r.Match == nil || *r.Match != (api.FindUsers{}) {
			t.Errorf("did %+v", r)
		}
		s.Tap("griefer")
		s.ExpectNot("302 selected")
		s.Tap("Any role")
		s.Tap("operator")
		s.Settle()
		s.Expect("Showing 1 of 1")
		c.SetUnfinished("ban 9 users by anna was interrupted, 4 were left.")
		s.Later(10 * time.Second)
		s.Expect("ban 9 users by anna was interrupted")
	})
}

func TestOnePlayerIsModerated(t *testing.T) {
	c := withUsers(0)
	c.SetChanges(api.UserChanges{}, api.Moderated{InstanceName: "Nauvis"})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Users")
		s.Settle()
		s.Tap("griefer")
		if on := s.On("Kick…", "Ban…"); !slices.Equal(on, []string{"Ban…"}) {
			t.Errorf("of somebody who does not play %q are on", on)
		}
		s.Tap("anna")
		s.Press("Kick…")
		s.Type("as the game shows it to the player", "behave")
		s.Press("Kick")
		s.Settle()
		s.Expect("Kick anna: Nauvis")
		s.Press("Ban…")
		s.Type("as the game shows it to the player", "enough")
		s.Press("Ban")
		s.Settle()
		c.SetChanges(api.UserChanges{}, api.Moderated{InstanceName: "Nauvis", Problem: "the game is stopped"})
		s.Press("More")
		s.Tap("Mute")
		s.Settle()
		s.Expect("Mute anna: Nauvis: the game is stopped")
		s.Press("More")
		s.Tap("Send to another server…")
		s.Expect("There is no other server that runs.")
		expectCalls(t, c, "ModeratePlayer kick anna behave", "BanUser anna enough", "ModeratePlayer mute anna ")
		s.Press("Change…")
		s.Tap("viewer")
		s.Press("Save")
		s.Settle()
		expectCalls(t, c, "ModeratePlayer kick anna behave", "BanUser anna enough", "ModeratePlayer mute anna ", "GrantRole anna r2")
	})
}

func TestAFileOfUsersIsImportedAfterALook(t *testing.T) {
	c := withUsers(0)
	c.SetChanges(api.UserChanges{What: "import bans", Changed: 1, Rows: []api.UserEffect{{Name: "x", Text: "banned"}}})
	path := filepath.Join(t.TempDir(), "server-banlist.json")
	if err := os.WriteFile(path, []byte(`[{"username":"x","reason":""}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Users")
		s.Settle()
		s.Drop(path)
		s.Expect("Import server-banlist.json", "Bans (server-banlist.json)")
		s.Press("Look")
		s.Settle()
		s.Expect("import bans: 1 users change.")
		s.Press("Import")
		s.Settle()
		if r := lastCall[api.ImportUsers](t, c, "ImportUsers"); r.Form != api.BanFile || len(r.Content) == 0 || r.Restore {
			t.Errorf("imports %+v", r)
		}
		s.Drop(path + ".gone")
		s.Expect("no such file", "Choose another file.")
	})
}

// The database of Clusterio: roles.json first, then users.json with the roles beside it.
func TestClusteriosDatabaseIsImported(t *testing.T) {
	c := withUsers(0)
	c.SetChanges(api.UserChanges{What: "import of 1 users (clusterio)", Changed: 1, Rows: []api.UserEffect{{Name: "x", Text: "role Moderator"}}})
	dir := t.TempDir()
	for name, text := range map[string]string{"roles.json": `[{"id": 5}]`, "users.json": `[{"name": "x", "roles": [5]}]`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Users")
		s.Settle()
		s.Drop(filepath.Join(dir, "roles.json"))
		s.Settle()
		s.Expect("1 roles are made.", "a role Moderator: console.send · without an equal: core.plugin.list", "nothing: nothing that it allows")
		s.Press("Import roles")
		s.Settle()
		if r := lastCall[api.ImportRoles](t, c, "ImportRoles"); string(r.Content) != `[{"id": 5}]` {
			t.Errorf("imports %s", r.Content)
		}
		s.Drop(filepath.Join(dir, "users.json"))
		s.Settle()
		s.Expect("Users of Clusterio's database (users.json)")
		s.Press("Look")
		s.Settle()
		s.Press("Import")
		s.Settle()
		if r := lastCall[api.ImportUsers](t, c, "ImportUsers"); r.Form != api.ClusterioFile || string(r.Roles) != `[{"id": 5}]` {
			t.Errorf("imports %+v", r)
		}
	})
}

func TestARoleGivesWhatIsTickedAndSaved(t *testing.T) {
	c := withUsers(0)
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Roles")
		s.Settle()
		s.Expect("operator", "viewer", "Showing 2 of 2", "instance.control on")
		s.Tap("operator")
		s.Settle()
		s.Expect("start, stop and kill games", "only Nauvis", "Who has it (1)", "anna")
		if on := s.On("Save", "Discard"); len(on) > 0 {
			t.Errorf("nothing is changed and %q are on", on)
		}
		s.Press("only Nauvis")
		s.Tap("Aquilo · attic")
		s.Press("Use")
		s.Expect("only Aquilo, Nauvis")
		s.Press("Save")
		s.Settle()
		r := lastCall[api.ChangeRole](t, c, "ChangeRole")
		if r.Revision != 4 || r.Grants == nil || len(*r.Grants) != 1 || !slices.Equal((*r.Grants)[0].Instances, []string{"i5", "i1"}) {
			t.Errorf("changes %+v", r)
		}
		if on := s.On("Save"); len(on) > 0 {
			t.Error("what was saved can be saved")
		}
		s.Press("New role…")
		s.Type("as everybody shall know it", "helper")
		s.Press("Create")
		s.Settle()
		s.Expect("Who has it (0)", "Nobody.")
	})
}

func TestKeysOfUsers(t *testing.T) {
	c := withUsers(0)
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Roles")
		s.Settle()
		s.Press("Keys…")
		s.Settle()
		s.Expect("laptop", "connected", "A code for ben")
		s.Tap("laptop")
		s.Press("Revoke")
		s.Press("Revoke the code")
		s.Press("Login code…")
		s.Type("as in the list of users", "carl")
		s.Press("Make a code")
		s.Settle()
		s.Expect("mainbusctl login ml1.AGk2Vb3", "Login code for carl", "not shown again")
		calls := c.Calls()
		if len(calls) != 3 || calls[0] != "RevokeKey k1" || calls[1] != "RevokeUserInvitation fedcba9876543210" || !strings.HasPrefix(calls[2], `InviteUser {"user":"carl","seconds":3600`) {
			t.Errorf("calls %q", calls)
		}
	})
}

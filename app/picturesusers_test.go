package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mainbus/app/internal/headless"
	"mainbus/app/look"
	"mainbus/controller/api"
)

// withPlayers adds users and roles to a cluster.
func withPlayers(c *headless.Cluster) {
	at := time.Date(2026, 11, 26, 12, 40, 7, 0, time.Local)
	yes := func(by string) api.UserFlag { return api.UserFlag{Set: true, By: by, At: &at} }
	online := func(instance string) []api.Presence { return []api.Presence{{InstanceName: instance, Since: at}} }
	all := []api.UserRecord{
		{Name: "anna", Online: online("Nauvis main"), FirstSeen: &at, LastSeen: &at, Seconds: 3_660_120, Joins: 412, Admin: yes("ben"), Whitelisted: yes("ben"), Notes: "helps new players; ask her before big changes to the train network"},
		{Name: "ben", LastSeen: &at, Seconds: 912_000, Joins: 130, Admin: yes("the owner")},
		{Name: "griefer_2000", LastSeen: &at, Seconds: 900, Joins: 2, Banned: yes("anna"), BanReason: "took the rails apart, and went on after he was asked not to"},
		{Name: "очень-длинное-имя-игрока-🚂-mit-Umlauten-äöü-und-mehr", Online: []api.Presence{{InstanceName: "Vulcanus", Unknown: true}}, LastSeen: &at, Seconds: 77_000, Joins: 31, Whitelisted: yes("anna")},
		{Name: "never_seen", Banned: yes("import")},
	}
	for i := range 50_000 {
		all = append(all, api.UserRecord{Name: fmt.Sprintf("player_%05d", i), LastSeen: &at, Seconds: int64(i%977) * 600, Joins: int64(i % 91), Whitelisted: api.UserFlag{Set: i%3 == 0}})
	}
	c.SetUsers(all, []api.UserPlay{{InstanceName: "Nauvis main", Joins: 400, Seconds: 3_000_000, LastJoin: at}, {InstanceName: "Vulcanus", Joins: 12, Seconds: 660_120, LastJoin: at}},
		[]api.UserVisit{{InstanceName: "Nauvis main", Joined: at}, {InstanceName: "Vulcanus", Joined: at.Add(-5 * time.Hour), Left: &at, Seconds: 5400, Reason: "quit"}, {InstanceName: "Nauvis main", Joined: at.Add(-30 * time.Hour), Left: &at, Seconds: 900, Reason: "game_ended"}})
	c.SetRoles([]api.Role{
		{ID: "r1", Name: "Operator", Description: "starts and stops, and reads what happened", Revision: 4, Users: []string{"anna", "ben"}, UserCount: 2,
			Grants: []api.Grant{{Permission: api.ClusterRead}, {Permission: api.InstanceControl, Hosts: []string{"h1"}}, {Permission: api.ConsoleRead, Instances: []string{"i1", "i2"}}, {Permission: api.SaveRead}}, Places: map[string]string{"h1": "attic", "i1": "Nauvis main", "i2": "Vulcanus"}},
		{ID: "r2", Name: "Viewer", Grants: []api.Grant{{Permission: api.ClusterRead}}, UserCount: 50_000, Users: []string{"player_00000", "player_00001"}},
		{ID: "r3", Name: strings.Repeat("Langer Name 🚂 ", 4), Grants: []api.Grant{{Permission: api.UserModerate}}},
	}, map[string][]api.RoleName{"anna": {{ID: "r1", Name: "Operator"}, {ID: "r2", Name: "Viewer"}}},
		api.Key{ID: "k1", User: "anna", Machine: "laptop", MadeAt: at, LastSeen: at, From: "192.0.2.77:51234", Connections: 1},
		api.Key{ID: "k2", User: "ben", Machine: strings.Repeat("a-machine-with-a-long-name-", 3), MadeAt: at, LastSeen: at, From: "[2001:db8:1234:5678:9abc:def0:1234:5678]:51234"})
	c.SetChanges(api.UserChanges{What: "ban", Changed: 5, Unchanged: 2, Rows: []api.UserEffect{{Name: "anna", Text: "banned (spam), not admin any more"}, {Name: "ben", Text: "banned (spam), not admin any more"}, {Name: "player_00001", Text: "banned (spam), off the whitelist"}},
		Bad: 1, Skipped: []string{"“a\nb”: a name has no line breaks"}})
}

func TestPicturesOfUsers(t *testing.T) {
	for name, mode := range map[string]look.Mode{"dark": look.Dark, "light": look.Light} {
		t.Run(name, func(t *testing.T) {
			c := busyCluster()
			withPlayers(c)
			headless.RunIn(t, mode, c, func(t *testing.T, s *headless.Screen) {
				picturesOfUsers(t, s, name)
				picturesOfRoles(t, s, name)
			})
			headless.RunIn(t, mode, headless.NewCluster(), func(t *testing.T, s *headless.Screen) {
				s.Page("Users")
				s.Settle()
				picture(t, s, "users-empty-"+name)
				s.Page("Roles")
				s.Settle()
				picture(t, s, "roles-empty-"+name)
			})
		})
	}
}

func picturesOfUsers(t *testing.T, s *headless.Screen, mode string) {
	s.Page("Users")
	s.Settle()
	s.Tap("griefer_2000")
	s.Settle()
	picture(t, s, "user-banned-"+mode)
	s.Tap("anna")
	s.Settle()
	picture(t, s, "users-"+mode)
	s.Press("More")
	picture(t, s, "users-menu-"+mode)
	s.Tap("Send to another server…")
	s.Press("Ban…")
	picture(t, s, "ban-"+mode)
	s.Press("Cancel")
	s.Press("Change…")
	picture(t, s, "user-roles-"+mode)
	s.Press("Cancel")
	s.Press("More")
	s.Tap("Take admin away")
	s.Settle()
	s.Press("Cancel")
	s.Press("More")
	s.Tap("Undo the last change of many…")
	s.Settle()
	picture(t, s, "users-preview-"+mode)
	s.Press("Cancel")
}

func picturesOfRoles(t *testing.T, s *headless.Screen, mode string) {
	s.Page("Roles")
	s.Settle()
	s.Tap("Operator")
	s.Settle()
	picture(t, s, "roles-"+mode)
	s.Press("only attic")
	picture(t, s, "role-where-"+mode)
	s.Press("Cancel")
	s.Press("Keys…")
	s.Settle()
	picture(t, s, "keys-"+mode)
	s.Press("Login code…")
	s.Type("as in the list of users", "anna")
	s.Press("Make a code")
	s.Settle()
	picture(t, s, "login-code-"+mode)
	s.Press("Close")
	s.Press("Close")
}

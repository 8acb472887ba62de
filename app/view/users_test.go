package view

import (
	"strings"
	"testing"
	"time"

	"mainbus/controller/api"
)

func TestUserRows(t *testing.T) {
	seen := time.Now()
	rows := Users([]api.UserRecord{
		{Name: "Anna", Online: []api.Presence{{InstanceName: "Nauvis"}, {InstanceName: "Gleba", Unknown: true}}, LastSeen: &seen, Seconds: 3_660_120},
		{Name: "ben", Banned: api.UserFlag{Set: true}, BanReason: "griefing"},
	})
	if r := rows[0]; r.Where != "Nauvis, Gleba" || r.Sure || r.Seen != seen || PlayedWords(r.Seconds) != "1,016:42 h" {
		t.Errorf("%+v", r)
	}
	if r := rows[1]; r.Where != "" || !r.Sure || !r.Banned || r.Reason != "griefing" || PlayedWords(r.Seconds) != "" {
		t.Errorf("%+v", r)
	}
	page := MergeUsers(rows, []User{{Name: "carl"}}, 1)
	if len(page) != 2 || page[1].Name != "carl" || rows[1].Name != "ben" {
		t.Errorf("merged %v, and what was shown is %v", page, rows)
	}
}

func TestWordsAboutUsers(t *testing.T) {
	now := time.Now()
	hour := now.Add(-time.Hour)
	for _, test := range []struct{ got, want string }{
		{FlagWords(api.UserFlag{}, now), ""},
		{FlagWords(api.UserFlag{Set: true, By: "anna", At: &hour}, now), "yes · by anna · 1 h ago"},
		{FlagWords(api.UserFlag{By: "anna", At: &hour}, now), "no longer · by anna · 1 h ago"},
		{strings.Join(PlayLines([]api.UserPlay{{InstanceName: "Nauvis", Joins: 3, Seconds: 7500, LastJoin: hour}, {LastJoin: hour}}, now), "|"),
			"Nauvis: 2:05 h, 3 joins, last 1 h ago|an instance that is gone: less than a minute, 0 joins, last 1 h ago"},
		{ChangeWords(api.UserChanges{What: "ban", Changed: 1200, Created: 2, Unchanged: 5, Since: 1, Bad: 3}),
			"ban: 1,200 users change, 2 of them get a record, 5 are so already, 1 were changed since and stay as they are, 3 can't be taken over."},
		{FormOfUsers("server-banlist.json", nil), api.BanFile}, {FormOfUsers("x.json", []byte(`[{"username":"a","reason":"b"}]`)), api.BanFile},
		{FormOfUsers("export.json", []byte(`[["a",{"is_admin":true}]]`)), api.UsersFile}, {FormOfUsers("x.json", []byte(`["a"]`)), ""},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
	visits := VisitLines([]api.UserVisit{{InstanceName: "Gleba", Joined: now}, {InstanceName: "Nauvis", Joined: hour, Left: &now, Seconds: 3600, Reason: "game_ended"}})
	if !strings.HasSuffix(visits[0], "Gleba · is there") || !strings.HasSuffix(visits[1], "Nauvis · 1:00 h · game ended") {
		t.Errorf("visits %q", visits)
	}
	done, wrong := ModeratedWords([]api.Moderated{{InstanceName: "Nauvis"}, {InstanceName: "Gleba", Problem: "the game is stopped"}})
	if done != "Nauvis" || wrong != "Gleba: the game is stopped" {
		t.Errorf("%q, %q", done, wrong)
	}
}

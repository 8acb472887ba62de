package pages_test

import (
	"testing"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

func withSettings() *headless.Cluster {
	c := threeHosts()
	c.SetServerSettings(api.ServerSettings{
		Settings: []byte(`{"name":"Nauvis main","description":"all welcome","max_players":0,"visibility":{"public":false,"lan":true},"autosave_interval":5,` +
			`"autosave_slots":5,"auto_pause":false,"game_password":"(not shown)","rare_key":7}`),
		Problems: []string{"rare_key is not known"},
	})
	return c
}

func openSettings(s *headless.Screen) {
	s.Menu("Nauvis")
	s.Tap("Server settings…")
	s.Settle()
}

func TestCommonServerSettingsAreChangedByKey(t *testing.T) {
	c := withSettings()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		openSettings(s)
		s.Expect("Server settings of Nauvis", "Nauvis main", "all welcome", "(not shown)", "rare_key is not known")
		s.Press("Save")
		s.ExpectNot("Server settings of Nauvis")
		expectCalls(t, c) // nothing was changed

		openSettings(s)
		s.Type("as players see it", "12")
		s.Type("off", "x")
		s.Press("Save")
		s.Expect("“x” can't be:")
		expectCalls(t, c)
		s.Type("off", "10")
		s.Tap("While nobody plays")
		s.Type("(not shown)", "secret")
		s.Press("Save")
		s.Settle()
		expectCalls(t, c, `ChangeSettings i1 name "12"`, `ChangeSettings i1 autosave_interval 10`, `ChangeSettings i1 auto_pause true`, `ChangeSettings i1 game_password "secret"`)
		s.ExpectNot("Server settings of Nauvis", "secret")
		s.Expect("They hold from the next start on")

		openSettings(s)
		s.Tap("Players need none")
		s.Press("Save")
		if got := c.Calls(); got[len(got)-1] != `ChangeSettings i1 game_password ""` {
			t.Errorf("calls %q", got)
		}
	})
}

func TestServerSettingsAsTextShowTheErrorInPlace(t *testing.T) {
	c := withSettings()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		openSettings(s)
		s.Tap("All of it")
		s.Expect(`"rare_key": 7`, `"game_password": "(not shown)"`)
		c.Fail(api.Errorf(api.Refused, "Put it right and save again.", "line 3: a comma is missing"))
		s.Press("Save")
		s.Expect("Server settings of Nauvis", "line 3: a comma is missing", "Put it right and save again.")
		c.Fail(nil)
		s.Press("Save")
		s.ExpectNot("Server settings of Nauvis")

		c.Fail(api.Errorf(api.Unavailable, "Try again in a moment.", "attic is not linked"))
		openSettings(s)
		s.Expect("attic is not linked", "Try again in a moment.")
	})
}

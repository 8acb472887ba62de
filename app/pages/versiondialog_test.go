package pages_test

import (
	"testing"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

func TestAnInstanceChoosesItsFactorioVersion(t *testing.T) {
	c := threeHosts()
	c.SetGames(api.AvailableGames{Platform: "linux64", Stable: "2.0.77", Versions: []string{"2.1.13", "2.0.77"}},
		api.HostGames{Host: "h1", Known: true, Platform: "linux64", Games: []api.Game{{Version: "2.0.76"}}})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		open := func() {
			s.Menu("Nauvis")
			s.Tap("Factorio version…")
			s.Soon()
		}
		open()
		s.Expect("Factorio version of Nauvis", "With “any” it stays with the one")
		s.Type("any", "2.0\n")
		open()
		s.Tap("Download it if its host does not have it")
		s.Type("any", " 2.0.76 ")
		s.Press("Set")
		open()
		s.Type("any", "any")
		s.Press("Set")
		expectCalls(t, c, "SetVersion i1 2.0 true", "SetVersion i1 2.0.76 false", "SetVersion i1  true")
		s.Expect("It holds from the next start on")
		c.Fail(api.Errorf(api.Invalid, "Say stable, 2.0 or 2.0.77.", "\"two\" is no version"))
		open()
		s.Type("any", "two")
		s.Press("Set")
		s.Expect("\"two\" is no version", "Say stable, 2.0 or 2.0.77.")
	})
}

func TestVersionsCanBeTypedWhenNobodyKnowsThem(t *testing.T) {
	c := threeHosts()
	c.SetGames(api.AvailableGames{Problem: "factorio.com does not answer"})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Open("i5")
		s.Soon()
		s.Press("More")
		s.Tap("Factorio version…")
		s.Soon()
		s.Expect("factorio.com does not answer")
		s.Type("any", "stable\n")
		expectCalls(t, c, "SetVersion i5 stable true")
	})
}

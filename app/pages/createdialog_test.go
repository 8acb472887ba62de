package pages_test

import (
	"testing"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

func TestANewInstanceWithAMapOfItsOwnStartsWhenThatIsMade(t *testing.T) {
	c := fiveInstances()
	c.SetSaves(api.SaveList{}, api.Task{ID: "t1", State: api.TaskRunning, Phase: "creating map"})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Press("New instance…")
		s.ExpectNot("Preset")
		s.Press("Show advanced")
		s.Type("Nauvis", "Rails")
		s.Choose("rail-world")
		s.Tap("Start it right away")
		s.Type("Paste a map exchange string: >>>…<<<", ">>>eNp")
		if on := s.On("Create"); len(on) > 0 {
			t.Error("half of an exchange string is taken")
		}
		s.Type("Paste a map exchange string: >>>…<<<", ">>>eNp<<<")
		s.Press("Create")
		s.Soon()
		expectCalls(t, c, "CreateInstance Rails h1", "CreateMap new   >>>eNp<<<")
		c.SetSaves(api.SaveList{}, api.Task{ID: "t1", State: api.TaskDone})
		s.Soon()
		expectCalls(t, c, "CreateInstance Rails h1", "CreateMap new   >>>eNp<<<", "StartInstance new")
	})
}

func TestANewInstanceWithoutWishesIsStartedRightAway(t *testing.T) {
	c := withPack()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Press("New instance…")
		s.Settle()
		s.Tap("Start it right away")
		s.Type("any", "2.0")
		s.Choose("Nauvis · Base game")
		s.Type("Nauvis", "Plain\n")
		s.Soon()
		expectCalls(t, c, "CreateInstance Plain h1 p1", "StartInstance new")
	})
}

func TestAMapThatCanNotBeMadeLeavesTheInstance(t *testing.T) {
	c := fiveInstances()
	c.SetSaves(api.SaveList{}, api.Task{ID: "t1", State: api.TaskFailed, Error: api.Errorf(api.Refused, "", "the game knows no such preset")})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Press("New instance…")
		s.Press("Show advanced")
		s.Choose("marathon")
		s.Tap("Start it right away")
		s.Type("Nauvis", "Rails\n")
		s.Soon()
		expectCalls(t, c, "CreateInstance Rails h1", "CreateMap new  marathon ")
		s.Expect("the game knows no such preset", "Rails")
	})
}

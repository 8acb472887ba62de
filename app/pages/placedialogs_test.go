package pages_test

import (
	"testing"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

// threeHosts has Nauvis on one of two that are linked.
func threeHosts() *headless.Cluster {
	c := fiveInstances()
	c.SetHosts(
		api.Host{ID: "h1", Name: "attic", State: api.Paired, Linked: true},
		api.Host{ID: "h2", Name: "cellar", State: api.Paired, Linked: true},
		api.Host{ID: "h3", Name: "shed", State: api.Paired},
	)
	return c
}

func TestAnInstanceMovesToALinkedHost(t *testing.T) {
	c := threeHosts()
	c.SetSaves(api.SaveList{}, api.Task{ID: "t1", State: api.TaskRunning, Phase: "receiving", DoneBytes: 30 << 20, SizeBytes: 120 << 20})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Menu("Nauvis")
		s.Tap("Move to another host…")
		s.Expect("Move Nauvis to another host", "attic", "cellar")
		s.Tap("cellar") // the list of hosts opens
		if top := s.Canvas().Overlays().Top(); top == nil {
			t.Fatal("there is no list of hosts")
		}
		s.Tap("cellar")
		s.Press("Move")
		s.Soon()
		expectCalls(t, c, "MoveInstance i1 h2")
		s.PressChip("What is going on, and how it ended")
		s.Expect("Move Nauvis to cellar", "receiving · 120.0 MiB · 25 %")
		c.SetSaves(api.SaveList{}, api.Task{ID: "t1", State: api.TaskFailed, Error: api.Errorf(api.Refused, "Make room there.", "cellar has no room for it")})
		s.Soon()
		s.Expect("cellar has no room for it", "Make room there.")
	})
}

func TestAMoveNeedsAnotherLinkedHost(t *testing.T) {
	c := fiveInstances()
	c.SetHosts(api.Host{ID: "h1", Name: "attic", State: api.Paired, Linked: true}, api.Host{ID: "h3", Name: "shed", State: api.Paired})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Menu("Nauvis")
		s.Tap("Move to another host…")
		s.Expect("There is no other host that is linked.")
		s.Menu("Gleba") // nobody knows its state
		s.Tap("Move to another host…")
		expectCalls(t, c)
	})
}

func TestAnInstanceIsRenamed(t *testing.T) {
	c := threeHosts()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Open("i1")
		s.Soon()
		s.Press("More")
		s.Tap("Rename…")
		s.Type("Nauvis", "  ")
		if on := s.On("Rename"); len(on) > 0 {
			t.Error("an instance can lose its name")
		}
		s.Type("Nauvis", " The old one\n")
		expectCalls(t, c, "RenameInstance i1 The old one")
		c.Fail(api.Errorf(api.Refused, "Choose another name.", "there is an instance \"Gleba\" already"))
		s.Press("More")
		s.Tap("Rename…")
		s.Type("Nauvis", "Gleba")
		s.Press("Rename")
		s.Expect("there is an instance \"Gleba\" already", "Choose another name.")
	})
}

func TestDeletingSaysWhatHappensAndIsOffWhileItRuns(t *testing.T) {
	c := threeHosts()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		for _, row := range []string{"Nauvis", "Gleba", "Fulgora"} {
			s.Menu(row)
			s.Tap("Delete…")
			s.ExpectNot("Delete " + row + "?")
			s.Canvas().Overlays().Remove(s.Canvas().Overlays().Top())
		}
		s.Menu("Aquilo")
		s.Tap("Delete…")
		s.Expect("Delete Aquilo?", "bin of attic and lies there for 30 days.")
		s.Press("Cancel")
		expectCalls(t, c)
		s.Menu("Aquilo")
		s.Tap("Delete…")
		s.Press("Delete")
		expectCalls(t, c, "DeleteInstance i5")
		s.Expect("Aquilo is in the bin of attic")
		c.Fail(api.Errorf(api.Refused, "Wait until it has stopped.", "Aquilo is stopping"))
		s.Menu("Aquilo")
		s.Tap("Delete…")
		s.Press("Delete")
		s.Expect("Aquilo is stopping", "Wait until it has stopped.")
	})
}

package pages_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

func fiveInstances() *headless.Cluster {
	c := twoHosts()
	c.SetInstances(
		api.Instance{ID: "i1", Name: "Nauvis", Host: "h1", HostName: "attic", Desired: "running", State: "running", Linked: true, GamePort: 34197, GameVersion: "2.0.77", Save: "Nauvis.zip"},
		api.Instance{ID: "i2", Name: "Vulcanus", Host: "h1", HostName: "attic", Desired: "running", State: "starting", Phase: "loading map"},
		api.Instance{ID: "i3", Name: "Gleba", Host: "h3", HostName: "shed", Desired: "running", State: "unknown", LastState: "running"},
		api.Instance{ID: "i4", Name: "Fulgora", Host: "h1", HostName: "attic", Desired: "running", State: "failed", Cause: "UDP port 34199 is in use"},
		api.Instance{ID: "i5", Name: "Aquilo", Host: "h1", HostName: "attic", Desired: "stopped", State: "stopped"},
	)
	return c
}

const start, stop, kill = "Start", "Save & Stop", "Kill…"

func TestButtonsFollowTheSelectedInstance(t *testing.T) {
	c := fiveInstances()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Expect("Running", "Starting", "loading the map", "was running; no link to its host", "Failed", "UDP port 34199 is in use", "Stopped", "trades", "34197")
		if on := s.On(start, stop, kill); len(on) > 0 {
			t.Errorf("nothing is selected and %q are on", on)
		}
		for _, test := range []struct {
			name string
			on   []string
		}{
			{"Nauvis", []string{stop, kill}}, {"Vulcanus", []string{stop, kill}}, {"Gleba", []string{stop}}, {"Fulgora", []string{start, stop}}, {"Aquilo", []string{start}},
		} {
			s.Tap(test.name)
			if on := s.On(start, stop, kill); !slices.Equal(on, test.on) {
				t.Errorf("%s: %q are on, want %q", test.name, on, test.on)
			}
		}
		s.Press(start)
		s.Tap("Nauvis")
		s.Press(stop)
		if got := c.Calls(); !slices.Equal(got, []string{"StartInstance i5", "StopInstance i1"}) {
			t.Errorf("calls %q", got)
		}
		// The state changes under the selection.
		c.SetInstances(api.Instance{ID: "i1", Name: "Nauvis", Desired: "stopped", State: "stopped"})
		s.Soon()
		if on := s.On(start, stop, kill); !slices.Equal(on, []string{start}) {
			t.Errorf("after it has stopped %q are on", on)
		}
	})
}

func TestKillAsksFirst(t *testing.T) {
	c := fiveInstances()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Tap("Nauvis")
		s.Press(kill)
		s.Expect("Kill Nauvis?", "The server ends at once and does not save. Any progress since its")
		if got := c.Calls(); len(got) > 0 {
			t.Fatalf("without a question: %q", got)
		}
		s.Press("Cancel")
		if got := c.Calls(); len(got) > 0 {
			t.Fatalf("against the answer: %q", got)
		}
		s.Press(kill)
		s.Press("Kill")
		if got := c.Calls(); !slices.Equal(got, []string{"KillInstance i1"}) {
			t.Errorf("calls %q", got)
		}
	})
}

func TestAFailedChangeIsToldInItsPlace(t *testing.T) {
	c := fiveInstances()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Tap("Nauvis")
		c.Fail(api.Errorf(api.Unavailable, "Try again in a moment.", "host attic is not linked"))
		s.Press(stop)
		s.Expect("host attic is not linked", "Try again in a moment.")
		c.Fail(nil)
		s.Press(stop)
		s.ExpectNot("host attic is not linked", "Try again in a moment.")
	})
}

func TestMenuDoesWhatTheStateAllows(t *testing.T) {
	for _, test := range []struct{ row, item, call, shows string }{
		{"Nauvis", "Start", "", ""}, // off: it is wanted already
		{"Nauvis", "Save & Stop", "StopInstance i1", ""},
		{"Nauvis", "Kill…", "", "Kill Nauvis?"},
		{"Nauvis", "Open", "", "runs from “Nauvis.zip”"},
		{"Aquilo", "Start", "StartInstance i5", ""},
		{"Aquilo", "Save & Stop", "", ""},
		{"Aquilo", "Kill…", "", ""},
	} {
		t.Run(test.row+" "+test.item, func(t *testing.T) {
			c := fiveInstances()
			headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
				s.Page("Instances")
				s.Menu(test.row)
				s.Tap(test.item)
				if got := strings.Join(c.Calls(), ", "); got != test.call {
					t.Errorf("calls %q, want %q", got, test.call)
				}
				if test.shows != "" {
					s.Expect(test.shows)
				} else {
					s.ExpectNot("Kill Nauvis?", "Kill Aquilo?")
				}
			})
		})
	}
}

func TestCreateForm(t *testing.T) {
	c := fiveInstances()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Press("New instance…")
		if on := s.On("Create"); len(on) > 0 {
			t.Error("an instance without a name can be created")
		}
		s.Type("Nauvis", "   ")
		if on := s.On("Create"); len(on) > 0 {
			t.Error("an instance with a blank name can be created")
		}
		s.Type("Nauvis", "  Nauvis two ")
		s.Press("Create")
		if got := c.Calls(); !slices.Equal(got, []string{"CreateInstance Nauvis two h1"}) {
			t.Errorf("calls %q", got)
		}
		s.Expect("Nauvis two is created")

		c.Fail(api.Errorf(api.Refused, "Choose another name.", "there is an instance \"Gleba\" already"))
		s.Press("New instance…")
		s.Type("Nauvis", "Gleba\n")
		s.Expect("there is an instance \"Gleba\" already", "Choose another name.")
	})
}

// Two hosts may have the same name; what is created goes to the one that was chosen.
func TestCreateTellsHostsOfOneNameApart(t *testing.T) {
	c := headless.NewCluster()
	c.SetHosts(
		api.Host{ID: "h1", Name: "debian", State: api.Paired, Addresses: []string{"192.0.2.7:34180"}},
		api.Host{ID: "h2", Name: "debian", State: api.Paired, Addresses: []string{"192.0.2.8:34180"}},
		api.Host{ID: "h3", Name: "attic", State: api.Paired},
	)
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Press("New instance…")
		s.Tap("attic") // the list of hosts opens
		s.Expect("debian (h1)", "debian (h2)")
		s.Tap("debian (h2)")
		s.Type("Nauvis", "Gleba\n")
		if got := c.Calls(); !slices.Equal(got, []string{"CreateInstance Gleba h2"}) {
			t.Errorf("calls %q", got)
		}
	})
}

func TestNoInstanceWithoutAHost(t *testing.T) {
	headless.Run(t, headless.NewCluster(), func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Expect("No host yet.")
		s.Press("New instance…")
		s.Expect("There is no host to run an instance on.", "Pair a host first")
	})
}

func TestFilterNarrowsRows(t *testing.T) {
	c := fiveInstances()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Expect("Showing 5 of 5")
		s.Tap("Nauvis")
		s.Type("Filter instances", "ATTIC fail")
		s.Expect("Showing 1 of 5", "Fulgora")
		s.ExpectNot("Nauvis", "Gleba")
		if on := s.On(start, stop, kill); len(on) > 0 {
			t.Errorf("%q act on a row that is out of sight", on)
		}
		s.Type("Filter instances", "nothing like it")
		s.Expect("Showing 0 of 5", "Nothing matches the filter.")
		s.Press("Clear the filter")
		s.Expect("Showing 5 of 5", "Nauvis")
		s.Type("Filter instances", "gleba")
		c.SetInstances()
		s.Soon()
		s.Expect("Showing 0 of 0", "No instance yet.")

		s.Page("Bus")
		s.Expect("Nothing has been sent to the bus yet.", "Showing 0 of 0")
		c.SetBus(
			api.BusItem{Name: "iron-plate", Quality: "normal", Level: 1234567, Sent: 5000, Received: 60, InFlight: 7, Owed: 8},
			api.BusItem{Name: "iron-plate", Quality: "epic", Level: 2},
			api.BusItem{Name: "coal", Quality: "normal"},
		)
		s.Soon()
		s.Expect("1,234,567", "5,000", "60", "7", "8", "iron-plate (epic)", "Showing 3 of 3")
		s.Type("Search items", "iron")
		s.Expect("Showing 2 of 3")
		s.ExpectNot("coal")
	})
}

func TestTwoHundredInstances(t *testing.T) {
	c := twoHosts()
	var many []api.Instance
	for i := range 200 {
		many = append(many, api.Instance{ID: fmt.Sprint("i", i), Name: fmt.Sprintf("World %03d", i), HostName: "attic", Desired: "running", State: "running"})
	}
	c.SetInstances(many...)
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Expect("Showing 200 of 200", "World 000")
		s.ExpectNot("World 100") // only what is in sight is made
		s.Type("Filter instances", "world 19")
		s.Expect("Showing 12 of 200", "World 199")
		s.DoubleTap("World 199")
		s.Expect("Instances / World 199")
	})
}

func TestSeveralAreStoppedTogether(t *testing.T) {
	c := fiveInstances()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Tap("Nauvis")
		s.Canvas().Focused().(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutSelectAll{}) // as a driver with a display tells Ctrl+A
		s.Settle()
		s.Press("Save & Stop (4)")
		calls := func(from int) []string { return slices.Sorted(slices.Values(c.Calls()[from:])) } // they go out side by side
		if got := calls(0); !slices.Equal(got, []string{"StopInstance i1", "StopInstance i2", "StopInstance i3", "StopInstance i4"}) {
			t.Errorf("calls %q", got)
		}
		s.Press("Kill… (2)")
		s.Expect("Kill 2 instances?")
		s.Press("Kill")
		if got := calls(4); !slices.Equal(got, []string{"KillInstance i1", "KillInstance i2"}) {
			t.Errorf("calls %q", got)
		}
	})
}

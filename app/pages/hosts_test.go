package pages_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"mainbus/app/internal/headless"
	"mainbus/app/view"
	"mainbus/controller/api"
)

func twoHosts() *headless.Cluster {
	c := headless.NewCluster()
	c.SetHosts(
		api.Host{ID: "h1", Name: "attic", State: api.Paired, Linked: true, RTTMS: 0.4, GameVersion: "2.0.77", Addresses: []string{"192.0.2.7:34180"}},
		api.Host{ID: "h2", Name: "cellar", State: api.Discovered, Addresses: []string{"192.0.2.8:34180"}},
	)
	return c
}

func TestPairingTypesTheCode(t *testing.T) {
	for _, test := range []struct {
		name string
		use  func(s *headless.Screen)
	}{
		{"button", func(s *headless.Screen) {
			s.Tap("cellar")
			s.Press("Pair…")
			s.Type("K7Q4-9XBM", "abcd-efgh")
			s.Press("Pair")
		}},
		{"double click and Return", func(s *headless.Screen) {
			s.DoubleTap("cellar")
			s.Type("K7Q4-9XBM", "abcd-efgh\n")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := twoHosts()
			headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
				s.Expect("attic", "Connected", "<1 ms", "cellar", "Wants to join", "Showing 2 of 2 · 1 want to join")
				test.use(s)
				if got := c.Calls(); !slices.Equal(got, []string{"PairHost h2 abcd-efgh"}) {
					t.Errorf("calls %q", got)
				}
				s.Expect("cellar is paired")
				s.ExpectNot("Pair cellar")
			})
		})
	}
}

func TestAPairingErrorSaysWhatToDo(t *testing.T) {
	c := twoHosts()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		c.Fail(api.Errorf(api.Refused, "Look at its console.", "The code is wrong."))
		s.DoubleTap("cellar")
		s.Type("K7Q4-9XBM", "wrong\n")
		s.Expect("The code is wrong.", "Look at its console.")
		s.ExpectNot("cellar is paired")

		c.Fail(nil)
		s.DoubleTap("cellar")
		s.Type("K7Q4-9XBM", "right\n")
		s.ExpectNot("The code is wrong.", "Look at its console.")
		s.Expect("cellar is paired")
	})
}

func TestOnlyWhoWantsToJoinCanBePaired(t *testing.T) {
	c := twoHosts()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		if on := s.On("Pair…"); len(on) > 0 {
			t.Error("the button is on with nothing selected")
		}
		s.Tap("attic")
		if on := s.On("Pair…"); len(on) > 0 {
			t.Error("the button is on for a paired host")
		}
		s.DoubleTap("attic")
		s.ExpectNot("Pair attic")
		s.Expect("attic, as measured")
		s.Press("Close")
		s.Tap("cellar")
		if on := s.On("Pair…"); len(on) == 0 {
			t.Error("the button is off for a host that wants to join")
		}
		s.Press("Pair…")
		s.Press("Cancel")
		s.ExpectNot("Pair cellar")
		if got := c.Calls(); len(got) > 0 {
			t.Errorf("calls %q", got)
		}
		c.SetHosts() // while it is selected
		s.Soon()
		s.Expect("No host found yet.")
		if on := s.On("Pair…"); len(on) > 0 {
			t.Error("the button is on for a host that is gone")
		}
	})
}

func TestGamesOfAHost(t *testing.T) {
	c := twoHosts()
	c.SetGames(api.AvailableGames{Platform: "linux64", Stable: "2.0.77", Experimental: "2.1.13", Versions: []string{"2.0.76"}},
		api.HostGames{Host: "h1", Known: true, Platform: "linux64"})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Expect("none yet")
		s.Tap("cellar")
		if on := s.On("Factorio…"); len(on) > 0 {
			t.Error("the button is on for a host that is not paired")
		}
		s.Tap("attic")
		s.Press("Factorio…")
		s.Soon()
		s.Expect("Factorio on attic", "There is no Factorio on this host yet.")
		s.Press("Download") // of what is stable, which is proposed
		s.Type("Version, like 2.0.77 or stable", "2.0.76\n")
		c.SetGames(api.AvailableGames{}, api.HostGames{Host: "h1", Known: true, Platform: "linux64",
			Downloads: []api.GameDownload{{Version: "2.0.76", Phase: "downloading", Done: 43, Total: 100}},
			Games: []api.Game{
				{Version: "2.0.77", Source: api.GameDownloaded, Folder: "/games/2.0.77"},
				{Version: "2.0.72", Source: api.GameDownloaded, Folder: "/games/2.0.72", Instances: []string{"Nauvis"}},
				{Source: api.GameNamed, Folder: "/x", Problem: "it is broken"},
			}})
		s.Soon()
		s.Expect("2.0.76, downloading 43 %", "runs Nauvis", "it is broken", "Each instance chooses its version.")
		s.Tap("2.0.76, downloading 43 %")
		s.Press("Cancel download")
		s.Tap("/games/2.0.72")
		if on := s.On("Remove"); len(on) > 0 {
			t.Error("what runs can be removed")
		}
		s.Tap("/games/2.0.77")
		s.Press("Remove")
		want := []string{"DownloadGame h1 2.0.77", "DownloadGame h1 2.0.76", "CancelDownload h1 2.0.76", "RemoveGame h1 2.0.77"}
		if got := c.Calls(); !slices.Equal(got, want) {
			t.Errorf("calls %q, want %q", got, want)
		}
		c.SetGames(api.AvailableGames{}, api.HostGames{Host: "h1", Known: true})
		s.Soon()
		s.Expect("a copy of the game that you own")
		if on := s.On("Download"); len(on) > 0 {
			t.Error("something can be downloaded where there is nothing")
		}
	})
}

// computer is this computer, as a test has it.
type computer struct{ state view.Local }

func (c *computer) State() view.Local       { return c.state }
func (c *computer) Use(folder string) error { return errors.New("there is none in " + folder) }

func TestThisComputerSaysWhyItIsNoHost(t *testing.T) {
	c := twoHosts()
	here := &computer{view.Local{State: view.LocalMissing}}
	c.Computer = here
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Expect("No Factorio was found on this computer.")
		s.Press("Choose folder…")
		s.Expect("Folder of a Factorio server or game")
		s.PressKey(fyne.KeyEscape)
		here.state = view.Local{State: view.LocalRunning, Game: "/opt/factorio"}
		c.SetHosts()
		s.Soon()
		s.ExpectNot("No Factorio was found on this computer.")
		s.Expect("This computer is a host, with the game in /opt/factorio")
	})
}

func TestWhatIsWrongWithAHostIsShownInWords(t *testing.T) {
	c := headless.NewCluster()
	c.SetHosts(
		api.Host{ID: "h1", Name: "attic", State: api.Paired, Trouble: api.Forgotten, Problem: "attic has forgotten this controller.", Next: "Pair the two again."},
		api.Host{ID: "h2", Name: "cellar", State: api.Discovered, Trouble: api.OtherController, Problem: "cellar belongs to another controller."},
	)
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Expect("attic", "Refused", "cellar", "Other controller")
		s.ExpectNot("Wants to join")
		s.Tap("attic")
		s.Expect("attic has forgotten this controller.", "Pair the two again.")
		s.Press("Forget…")
		s.Expect("Its games go on")
		s.Press("Forget")
		s.Tap("cellar")
		s.Expect("cellar belongs to another controller.")
		s.ExpectNot("attic has forgotten this controller.")
		if len(s.On("Forget…")) > 0 {
			t.Error("a host that is not paired can be forgotten")
		}
		s.Press("Search")
		if got := c.Calls(); !slices.Equal(got, []string{"ForgetHost h1", "SearchHosts"}) {
			t.Errorf("calls %q", got)
		}
	})
}

func TestAJoinCodeIsMadeAndShown(t *testing.T) {
	c := twoHosts()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Press("Join code…")
		s.Type("factory.example.org", "a.example.org b:7\n")
		s.Expect("mainbus-host join mb1.AGk2Vb3", "192.0.2.1:34181")
		s.Press("Close")
		c.SetInvitations(
			api.Invitation{ID: "open", ExpiresAt: time.Now().Add(time.Hour)},
			api.Invitation{ID: "used", UsedBy: "attic", ExpiresAt: time.Now().Add(time.Hour)},
		)
		s.Press("Join code…")
		s.Press("Revoke")
		s.Expect("The join code is worthless")
		if got := c.Calls(); !slices.Equal(got, []string{"Invite a.example.org b:7", "RevokeInvitation open"}) {
			t.Errorf("calls %q", got)
		}
	})
}

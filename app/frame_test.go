package app_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

func cluster() *headless.Cluster {
	c := headless.NewCluster()
	c.SetHosts(
		api.Host{ID: "h1", Name: "attic", State: api.Paired, Linked: true},
		api.Host{ID: "h2", Name: "cellar", State: api.Discovered},
		api.Host{ID: "h3", Name: "shed", State: api.Discovered},
	)
	c.SetInstances(api.Instance{ID: "i1", Name: "Nauvis", Host: "h1", HostName: "attic", Desired: "running", State: "running"})
	return c
}

func TestSidebarShowsHowManyWantToJoin(t *testing.T) {
	c := cluster()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		badge := func() []string {
			texts := s.Texts()
			return texts[slices.Index(texts, "Mainbus"):]
		}
		if got := badge(); !slices.Equal(got, []string{"Mainbus", "Hosts", "2", "Instances", "Bus", "Users", "Roles", "Mods", "Packs"}) {
			t.Errorf("sidebar %q", got)
		}
		s.Page("Bus")
		c.SetHosts(api.Host{ID: "h1", Name: "attic", State: api.Paired})
		s.Soon()
		if got := badge(); !slices.Equal(got, []string{"Mainbus", "Hosts", "Instances", "Bus", "Users", "Roles", "Mods", "Packs"}) {
			t.Errorf("nobody wants to join any more; sidebar %q", got)
		}
		s.Expect("Home · 0 of 1 hosts · 1 of 1 instances run")
	})
}

func TestShortcutsOpenPages(t *testing.T) {
	headless.Run(t, cluster(), func(t *testing.T, s *headless.Screen) {
		pages := map[fyne.KeyName]string{fyne.Key1: "Showing 3 of 3 · 2 want to join", fyne.Key2: "Nauvis", fyne.Key3: "Nothing has been sent to the bus yet."}
		for _, key := range []fyne.KeyName{fyne.Key2, fyne.Key3, fyne.Key1} {
			s.Key(key, fyne.KeyModifierShortcutDefault)
			s.Expect(pages[key])
		}
		s.Key(fyne.Key2, fyne.KeyModifierAlt)
		s.Expect(pages[fyne.Key1])
		// From where the user types, too.
		s.Open("i1")
		s.Settle()
		s.Type("Filter lines", "x")
		s.Key(fyne.Key3, fyne.KeyModifierShortcutDefault)
		s.Expect(pages[fyne.Key3])
	})
}

func TestBackLeadsFromAnInstanceToTheList(t *testing.T) {
	c := cluster()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		if s.ChipOn("Back") || s.ChipOn("Forward") {
			t.Error("there is a way back from the first page")
		}
		s.Page("Instances")
		s.Open("i1")
		s.Settle()
		s.Soon()
		s.Expect("Instances / Nauvis")
		if c.Following() != 1 {
			t.Errorf("%d calls read the console", c.Following())
		}
		s.PressChip("Back")
		s.Expect("Showing 1 of 1")
		s.ExpectNot("Instances / Nauvis")
		if c.Following() != 0 {
			t.Error("the instance's page was not left")
		}
		s.PressChip("Forward")
		s.Expect("Instances / Nauvis")
		s.Key(fyne.KeyLeft, fyne.KeyModifierAlt)
		s.Key(fyne.KeyLeft, fyne.KeyModifierAlt)
		s.Expect("Showing 3 of 3 · 2 want to join")
		for range 20 { // pages that were left cost nothing
			s.Open("i1")
			s.Soon()
			s.Page("Bus")
		}
		if c.Following() != 0 {
			t.Errorf("%d calls read consoles", c.Following())
		}
	})
}

func TestASilentControllerIsTold(t *testing.T) {
	c := cluster()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		c.SetSilent(true)
		s.Later(15 * time.Second)
		s.Expect("The controller does not answer.", "What you see may be old.", "attic", "Home · 1 of 1 hosts")
		s.Page("Instances")
		s.Expect("The controller does not answer.", "Nauvis")
		c.SetSilent(false)
		s.Later(10 * time.Second)
		s.ExpectNot("The controller does not answer.", "What you see may be old.")
	})
}

func TestAControllerThatWasNeverThere(t *testing.T) {
	c := headless.NewCluster()
	c.SetSilent(true)
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Expect("Starting…")
		s.Later(10 * time.Second)
		s.Expect("The controller does not answer.")
	})
}

func TestToastVanishes(t *testing.T) {
	headless.Run(t, cluster(), func(t *testing.T, s *headless.Screen) {
		s.Toast("first")
		s.Later(3 * time.Second)
		s.Expect("first")
		s.Toast("second")
		s.Later(3 * time.Second)
		s.Expect("second") // the first one's time is not the second one's
		s.ExpectNot("first")
		s.Later(2 * time.Second)
		s.ExpectNot("second")
	})
}

// At its end Fyne no longer does what it is given, or does it in the goroutine that gives.
func TestStopWaitsForNobodyWhoIsGone(t *testing.T) {
	for name, after := range map[string]func(func()){
		"dropped":                   func(func()) {},
		"done by whoever gave them": func(f func()) { f() },
	} {
		t.Run(name, func(t *testing.T) {
			c := cluster()
			headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
				s.Open("i1")
				s.Toast("hello")
				s.Go(func(ctx context.Context) { <-ctx.Done() })
				s.Soon()
				s.Leave(after)
				c.Print("i1", "a line that nobody will see")
				c.SetHosts()
				time.Sleep(10 * time.Second)
				stopped := make(chan struct{})
				go func() { defer close(stopped); s.Stop() }()
				synctest.Wait()
				select {
				case <-stopped:
				default:
					t.Error("Stop does not return")
				}
			})
		})
	}
}

func TestSearchFindsAndDoes(t *testing.T) {
	c := cluster()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		const what = "Page, instance, host, player, mod, or what to do"
		s.Key(fyne.KeyK, fyne.KeyModifierShortcutDefault)
		s.Type(what, "bu\n")
		s.Expect("Nothing has been sent to the bus yet.")
		s.Key(fyne.KeyK, fyne.KeyModifierShortcutDefault)
		s.Type(what, "save nauv")
		s.Expect("Save and stop Nauvis")
		s.Type(what, "save nauv\n")
		if got := c.Calls(); !slices.Equal(got, []string{"StopInstance i1"}) {
			t.Errorf("calls %q", got)
		}
		s.Key(fyne.KeyK, fyne.KeyModifierShortcutDefault)
		s.Type(what, "nothing like it")
		s.Expect("Nothing is called so.")
	})
}

func TestTasksSayHowTheyEnded(t *testing.T) {
	c := cluster()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Tap("Nauvis")
		s.Press("Save & Stop")
		s.PressChip("What is going on, and how it ended")
		s.Expect("Save and stop Nauvis")
		c.SetInstances(api.Instance{ID: "i1", Name: "Nauvis", Host: "h1", HostName: "attic", Desired: "stopped", State: "stopped"})
		s.Soon()
		s.Expect("done just now")
	})
}

func TestProblemsLeadToWhereTheyAre(t *testing.T) {
	c := cluster()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		c.SetInstances(api.Instance{ID: "i1", Name: "Nauvis", Host: "h1", HostName: "attic", Desired: "running", State: "failed", Cause: "no such save"})
		s.Soon()
		s.PressChip("What wants attention")
		s.Expect("Nauvis has failed", "no such save")
		s.Press("")
		s.Expect("Instances / Nauvis", "Nauvis does not run: no such save")
	})
}

func TestTheSidebarCanBeNarrow(t *testing.T) {
	headless.Run(t, cluster(), func(t *testing.T, s *headless.Screen) {
		s.PressChip("Narrow the sidebar")
		s.PressChip("Widen the sidebar")
		s.Page("Instances")
		s.Expect("Showing 1 of 1")
	})
}

func TestKeysAreListed(t *testing.T) {
	headless.Run(t, cluster(), func(t *testing.T, s *headless.Screen) {
		s.Key(fyne.KeyK, fyne.KeyModifierShortcutDefault)
		s.Type("Page, instance, host, player, mod, or what to do", "show the keys\n")
		s.Expect("Alt+←", "Complete a command or a player's name")
	})
}

func TestSearchFindsPlayersModsAndPacks(t *testing.T) {
	c := cluster()
	c.SetUsers([]api.UserRecord{{Name: "annabell"}}, nil, nil)
	c.SetPacks(api.Pack{PackRow: api.PackRow{ID: "p1", Name: "Anna's pack"}})
	c.SetMods(api.ModList{}, []api.PortalMod{{Name: "banana", Title: "Bananas"}}, api.ModDetails{})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		const what = "Page, instance, host, player, mod, or what to do"
		find := func(text string) {
			s.Key(fyne.KeyK, fyne.KeyModifierShortcutDefault)
			s.Type(what, text)
			s.Soon()
		}
		find("anna")
		s.Expect("annabell", "player", "Anna's pack", "mod pack")
		s.Tap("annabell")
		s.Soon()
		s.Expect("Showing 1 of 1")
		find("anna")
		s.Tap("Anna's pack")
		s.Soon()
		s.Expect("Packs / Anna's pack")
		find("banan")
		s.Tap("Bananas")
		s.Soon()
		s.Expect("Showing 1 of 1", "Mod portal")
	})
}

// At twice the size of text a window of 1440 dots is 720 wide.
func TestPagesFitIntoANarrowWindow(t *testing.T) {
	c := busyCluster()
	withPacks(c)
	withPlayers(c)
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		fits := func(page string) {
			s.Settle()
			if size := s.Window.Window().Content().MinSize(); size.Width > 720 || size.Height > 510 {
				t.Errorf("%s needs %v", page, size)
			}
		}
		for _, page := range []string{"Hosts", "Instances", "Bus", "Users", "Roles", "Mods", "Packs"} {
			s.Page(page)
			fits(page)
		}
		s.Page("Users")
		s.Tap("anna")
		fits("a user")
		s.Page("Roles")
		s.Tap("Operator")
		fits("a role")
		s.Page("Packs")
		s.DoubleTap("Space Age with trains")
		fits("a pack")
		s.Page("Mods")
		s.Tap("Mod portal")
		s.Settle()
		s.Tap("Trains 0")
		fits("a mod of the portal")
		s.Open("i1")
		fits("an instance")
		for _, tab := range []string{"Saves", "Mods"} {
			s.Tap(tab)
			fits(tab + " of an instance")
		}
	})
}

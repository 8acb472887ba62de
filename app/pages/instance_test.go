package pages_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

const say = "Type a command, or something to say, and press Return"

func TestConsoleFillsAndFollows(t *testing.T) {
	c := fiveInstances()
	c.Print("i1", "   0.000 2026-08-02 02:16:26; Factorio 2.0.77", "2026-08-02 02:16:35 [JOIN] anna joined the game")
	c.Print("i2", "of another instance")
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.DoubleTap("Nauvis")
		s.Expect("Instances / Nauvis", "host attic", "port 34197", "trades on the bus", "Factorio 2.0.77", "[JOIN] anna")
		s.ExpectNot("of another instance")
		c.Print("i1", "2026-08-02 02:16:40 [CHAT] anna: hello")
		s.Soon()
		s.Expect("[CHAT] anna: hello", "[JOIN] anna")
		s.Type("Filter lines", "chat")
		s.Expect("[CHAT] anna: hello")
		s.ExpectNot("[JOIN] anna")

		s.Page("Bus")
		if n := c.Following(); n != 0 {
			t.Errorf("%d calls read the console of a page that was left", n)
		}
	})
}

func TestALineIsSentAndAnswered(t *testing.T) {
	c := fiveInstances()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Open("i1")
		s.Settle()
		s.Type(say, "/time\n")
		s.Expect("> /time", "reply to /time")
		s.Type(say, "hello\n")
		s.Type(say, "   \n")
		if got := c.Calls(); !slices.Equal(got, []string{"SendConsole i1 /time", "SendConsole i1 hello"}) {
			t.Errorf("calls %q", got)
		}
		s.ExpectNot("reply to hello")
		c.Fail(api.Errorf(api.Unavailable, "Try again in a moment.", "host attic did not answer"))
		s.Type(say, "/seed\n")
		s.Expect("host attic did not answer", "Try again in a moment.")
	})
}

func TestAnUnreadableConsoleSaysSoUntilItIsReadable(t *testing.T) {
	c := fiveInstances()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		c.FailConsoles(errors.New("the link is broken"))
		s.Open("i1")
		s.Settle()
		s.Expect("The console can't be read: the link is broken")
		c.Fail(errors.New("not now"))
		s.Press(stop)
		s.Expect("not now", "The console can't be read: the link is broken")
		c.FailConsoles(nil)
		s.Later(3 * time.Second)
		s.ExpectNot("The console can't be read")
		s.Expect("not now") // what the user did is another matter
	})
}

func TestAnInstanceVanishesWhileItIsOpen(t *testing.T) {
	c := fiveInstances()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Open("i1")
		s.Settle()
		s.Expect("Running")
		c.SetInstances()
		s.Soon()
		s.Expect("This instance is gone.")
		if on := s.On(start, stop, kill); len(on) > 0 {
			t.Errorf("%q act on an instance that is gone", on)
		}
		s.Key(fyne.Key2, fyne.KeyModifierShortcutDefault) // though the line to type in had the focus
		s.Expect("No instance yet.")
		c.SetInstances(api.Instance{ID: "i1", Name: "Nauvis", Desired: "running", State: "running"})
		s.Soon()
		s.DoubleTap("Nauvis")
		s.ExpectNot("This instance is gone.")
		s.Expect("Running")
	})
}

func TestStateChangesWhileItIsOpen(t *testing.T) {
	c := fiveInstances()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Open("i5")
		s.Settle()
		s.Expect("Stopped")
		if on := s.On(start, stop, kill); !slices.Equal(on, []string{start}) {
			t.Errorf("%q are on", on)
		}
		s.Press(start)
		c.SetFailure("i5", api.Failure{At: time.Unix(1, 0), Meaning: "There is nothing to start from.", Advice: "Put a save there.", Next: "It is started again after 4 s.",
			Decisive: []string{"   0.500 Error the line that shows it"}})
		c.SetInstances(api.Instance{ID: "i5", Name: "Aquilo", Desired: "running", State: "failed", Cause: "no such save"})
		s.Soon()
		s.Expect("Failed", "Aquilo does not run: no such save", "There is nothing to start from. Put a save there. It is started again after 4 s.")
		s.Press("Try again")
		if got := c.Calls(); len(got) != 2 || got[1] != "StartInstance i5" {
			t.Errorf("calls %q", got)
		}
		c.SetInstances(api.Instance{ID: "i5", Name: "Aquilo", Desired: "running", State: "running"})
		s.Soon()
		s.Expect("Running · not on the bus yet")
		s.Type(say, "/time\n")
		s.Expect("reply to /time")
	})
}

// Names come from elsewhere: whatever they are, the window fits on a small screen.
func TestLongNamesDoNotWidenTheWindow(t *testing.T) {
	long := string([]rune(strings.Repeat("🚂 Дальний завод ЩW ", 5))[:80])
	c := headless.NewCluster()
	c.SetHosts(
		api.Host{ID: "h1", Name: long, State: api.Paired, Linked: true},
		api.Host{ID: "h2", Name: long, State: api.Discovered},
	)
	c.SetInstances(api.Instance{ID: "i1", Name: long, Host: "h1", HostName: long, Desired: "running", State: "failed", Cause: strings.Repeat("a very long cause ", 20), Save: long + ".zip"})
	c.Print("i1", strings.Repeat(long, 20))
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		fits := func(where string) {
			t.Helper()
			if width := s.Canvas().Content().MinSize().Width; width > 1024 {
				t.Errorf("%s needs a window %.0f wide", where, width)
			}
			if top := s.Canvas().Overlays().Top(); top != nil && top.MinSize().Width > 1024 {
				t.Errorf("the dialog of %s is %.0f wide", where, top.MinSize().Width)
			}
		}
		fits("hosts")
		for _, page := range []string{"Bus", "Users", "Roles", "Mods", "Packs"} {
			s.Page(page)
			s.Settle()
			fits(page)
		}
		s.Page("Mods")
		s.Tap("Mod portal")
		s.Settle()
		fits("the mod portal")
		s.Page("Instances")
		fits("instances")
		s.Press("New instance…")
		fits("new instance")
		s.Press("Cancel")
		s.Tap("🚂")
		s.Open("i1")
		s.Settle()
		fits("instance")
		s.Page("Hosts")
		c.SetHosts(api.Host{ID: "h2", Name: long, State: api.Discovered})
		s.Soon()
		s.DoubleTap("🚂")
		fits("pairing")
		s.Type("K7Q4-9XBM", "x\n")
		fits("a toast")
	})
}

func TestAFailureShowsItsDecisiveLines(t *testing.T) {
	c := fiveInstances()
	c.Print("i4", "   0.000 2026-08-02 02:16:26; Factorio 2.0.77", "   0.500 Loading map x.zip: 5 bytes.", "   0.567 Error Other.cpp:2: something bad")
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Open("i4")
		s.Soon()
		s.Press("Details")
		s.Expect("Fulgora does not run: UDP port 34199 is in use", "something bad")
	})
}

func TestWhatWasTypedComesBack(t *testing.T) {
	headless.Run(t, fiveInstances(), func(t *testing.T, s *headless.Screen) {
		s.Open("i1")
		s.Settle()
		s.Type(say, "/time\n")
		s.Type(say, "/seed\n")
		s.Page("Bus")
		s.Open("i1")
		s.Settle()
		focused := s.Canvas().Focused()
		up := func() { focused.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp}) }
		up()
		up()
		s.Expect("/time")
		focused.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
		s.Expect("/seed")
	})
}

func TestLuaIsAskedForOnce(t *testing.T) {
	c := fiveInstances()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Open("i1")
		s.Settle()
		s.Type(say, "/c game.print(1)\n")
		s.Expect("Run a Lua command?")
		s.Press("Cancel")
		if got := c.Calls(); len(got) > 0 {
			t.Errorf("calls %q", got)
		}
		s.Type(say, "/c game.print(1)\n")
		s.Press("Run it")
		s.Type(say, "/sc game.print(2)\n")
		if got := c.Calls(); !slices.Equal(got, []string{"SendConsole i1 /c game.print(1)", "SendConsole i1 /sc game.print(2)"}) {
			t.Errorf("calls %q", got)
		}
	})
}

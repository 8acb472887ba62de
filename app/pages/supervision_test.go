package pages_test

import (
	"slices"
	"testing"
	"time"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

func TestSupervisionIsShownAndChanged(t *testing.T) {
	c := fiveInstances()
	c.SetSupervision(api.Supervision{StopSeconds: 300, Restart: api.RestartOnFailure, GiveUpAfter: 10, GiveUpSeconds: 600, MemoryBytes: 4 << 30, CPUs: []uint32{2, 3}, Niceness: 5})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Instances")
		s.Menu("Nauvis")
		s.Tap("Supervision…")
		s.Expect("Supervision of Nauvis", "After a failure", "4 GiB", "2,3")
		s.Type("no limit, or like 4GiB", "much")
		if on := s.On("Save"); len(on) > 0 {
			t.Error("what can't be can be saved")
		}
		s.Type("no limit, or like 4GiB", "2 GiB")
		s.Type("all, or like 0,2-3", "")
		s.Type("300", "900")
		s.Choose("Never")
		s.Press("Save")
		want := `ChangeSupervision {"instance":"i1","order":0,"stop_seconds":900,"restart":"never","give_up_after":10,"give_up_seconds":600,"memory_bytes":2147483648,"niceness":5,"cpus":[]}`
		if calls := c.Calls(); !slices.Equal(calls, []string{want}) {
			t.Errorf("calls %q", calls)
		}
	})
}

func TestAnInstanceTellsOfItsHostsDecisionItsRetryAndItsWarning(t *testing.T) {
	c := fiveInstances()
	retry := time.Date(2026, 8, 2, 10, 20, 30, 0, time.Local)
	all, _ := c.Instances(t.Context(), api.Caller{})
	all = slices.Clone(all)
	all[0].DecidedHere, all[0].RetryAt, all[0].Warning = "stopped", &retry, "It prints too much."
	c.SetInstances(all...)
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Open("i1")
		s.Settle()
		s.Expect("Somebody has stopped it on its host.", "It is tried again at 10:20:30.", "It prints too much.")
		all := slices.Clone(all)
		all[0].DecidedHere, all[0].RetryAt, all[0].Warning = "", nil, ""
		c.SetInstances(all...)
		s.Soon()
		s.ExpectNot("Somebody has stopped it", "It is tried again", "It prints too much.")
	})
}

func TestStartsAtOnceAreChosenForAHost(t *testing.T) {
	c := twoHosts()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Hosts")
		s.Menu("attic")
		s.Tap("Starts at once…")
		s.Expect("Starts at once on attic")
		s.Type("0", "-1")
		if on := s.On("Save"); len(on) > 0 {
			t.Error("what can't be can be saved")
		}
		s.Type("0", "3")
		s.Press("Save")
		if calls := c.Calls(); !slices.Equal(calls, []string{"ChangeHost h1 3"}) {
			t.Errorf("calls %q", calls)
		}
	})
}

func TestThePublicAddressOfAHostIsTyped(t *testing.T) {
	c := twoHosts()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Hosts")
		s.Menu("attic")
		s.Tap("Public address…")
		s.Expect("Public address of attic")
		s.Type("play.example.org", "play.example.org:34197")
		if on := s.On("Save"); len(on) > 0 {
			t.Error("an address with a port can be saved")
		}
		s.Type("play.example.org", " play.example.org ")
		s.Press("Save")
		if calls := c.Calls(); !slices.Equal(calls, []string{"ChangeHost h1 play.example.org"}) {
			t.Errorf("calls %q", calls)
		}
	})
}

package pages_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

func tradingCluster() *headless.Cluster {
	c := headless.NewCluster()
	c.SetInstances(api.Instance{ID: "i1", Name: "Nauvis", State: "running"}, api.Instance{ID: "i2", Name: "Gleba", State: "running"})
	c.SetBus(
		api.BusItem{Name: "iron-plate", Quality: "normal", Level: 60, Sent: 100, Received: 40, Owed: 8, Held: 90, Limit: 500, Fair: true},
		api.BusItem{Name: "coal", Quality: "normal", Level: 7, Sent: 7},
	)
	c.SetBooks([]api.BusAccount{
		{World: "w1", Instance: "i1", InstanceName: "Nauvis", Name: "iron-plate", Quality: "normal", Sent: 100, Owed: 8},
		{World: "abcdefghijk", Name: "iron-plate", Quality: "normal", Held: 90},
	}, []api.BusPosting{{ID: 1, Name: "iron-plate", Quality: "normal", Text: "Nauvis went back to the save of 12:40: 8 iron-plate taken back from the bus"}}, api.BusProblems{})
	c.SetPolicy(api.BusPolicy{
		Burst: 1000, Rate: 10, Items: []api.BusItemRule{{GoodsRef: api.GoodsRef{Name: "iron-plate", Quality: "normal"}, BusRule: api.BusRule{Fair: true, Limit: 500}}},
		Instances: []api.BusInstanceRule{{Instance: "i1", Priority: 4, Weight: 3}},
	})
	return c
}

func onBus(t *testing.T, c *headless.Cluster, f func(t *testing.T, s *headless.Screen)) {
	t.Helper()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Bus")
		s.Soon()
		f(t, s)
	})
}

func expectCalls(t *testing.T, c *headless.Cluster, want ...string) {
	t.Helper()
	if got := c.Calls(); !slices.Equal(got, want) {
		t.Errorf("calls %q, want %q", got, want)
	}
}

func TestAnItemShowsWhoseItIsAndWhatHappened(t *testing.T) {
	onBus(t, tradingCluster(), func(t *testing.T, s *headless.Screen) {
		s.Expect("On the bus", "500", "Rule for all…")
		if on := s.On("Forgive debt…", "Release held…"); len(on) > 0 {
			t.Errorf("nothing is selected and %q are on", on)
		}
		s.Tap("iron-plate")
		s.Expect("Nauvis went back to the save of 12:40", "World abcdefgh", "Rule…")
		if on := s.On("Forgive debt…", "Release held…"); len(on) != 2 {
			t.Errorf("on are %q", on)
		}
		s.Tap("coal")
		s.ExpectNot("Nauvis went back")
	})
}

func TestDebtsAreForgivenAndWhatIsHeldReleased(t *testing.T) {
	c := tradingCluster()
	onBus(t, c, func(t *testing.T, s *headless.Screen) {
		s.Tap("iron-plate")
		s.Press("Forgive debt…")
		s.Expect("Forgive a debt of iron-plate", "Nauvis")
		s.Type("all", "5")
		s.Press("Forgive")
		s.Press("Release held…")
		s.Press("Put on the bus")
		expectCalls(t, c, "ForgiveDebt w1 iron-plate 5", "ReleaseHeld abcdefghijk iron-plate 90")
		c.Fail(api.Errorf(api.Refused, "Look again.", "Nauvis owes no iron-plate"))
		s.Press("Forgive debt…")
		s.Press("Forgive")
		s.Expect("Nauvis owes no iron-plate", "Look again.")
	})
}

func TestRulesAreChanged(t *testing.T) {
	c := tradingCluster()
	onBus(t, c, func(t *testing.T, s *headless.Screen) {
		s.Press("Rule for all…")
		s.Expect("Rule for all goods without one", "Growth per tick")
		s.Press("Save")
		s.Tap("iron-plate")
		s.Press("Rule…")
		s.Expect("Rule for iron-plate", "Fair shares of what is wanted")
		s.Type("none", "700")
		s.Press("Save")
		s.Press("Instances…")
		s.Type("none", "30")
		s.Press("Save")
		expectCalls(t, c,
			`ChangeBusPolicy {"name":"","quality":"","strict":false,"fair":false,"limit":0,"aging":false,"burst":1000,"rate":10}`,
			`ChangeBusPolicy {"name":"iron-plate","quality":"normal","strict":false,"fair":true,"limit":700}`,
			`ChangeBusPolicy {"name":"iron-plate","quality":"normal","instance":"i2","priority":0,"weight":1,"reserve":30}`)
		s.Press("Instances…")
		s.Expect("Reserved iron-plate")
		s.Type("0", "x")
		if on := s.On("Save"); len(on) > 0 {
			t.Error("what is no number can be saved")
		}
	})
}

func TestWhatWantsAttentionIsAnswered(t *testing.T) {
	c := tradingCluster()
	c.SetBooks(nil, nil, api.BusProblems{
		Wrong:     []api.BusMismatch{{Name: "coal", Quality: "normal", Text: "3 coal are missing from the books"}, {Name: "stone", Quality: "normal"}},
		Questions: []api.BusQuestion{{World: "w2", Kind: api.CopiedWorld, InstanceName: "Gleba", FromInstance: "i1", Text: "Gleba was started with a save of Nauvis."}},
		Notices:   []api.BusNotice{{InstanceName: "Nauvis", Refused: 2, Text: "Nauvis: 2 messages made no sense"}},
	})
	onBus(t, c, func(t *testing.T, s *headless.Screen) {
		s.Expect("The books of coal do not add up: 3 coal are missing from the books. Nor do those of 1 more.", "Was Gleba copied or moved?", "Gleba was started with a save of Nauvis.")
		s.Press("Answer…")
		s.Press("It has moved")
		s.Press("Take as it is…")
		s.Press("Take as they are")
		expectCalls(t, c, "AnswerQuestion w2 true", "AcceptBooks coal")
		c.SetBooks(nil, nil, api.BusProblems{Notices: []api.BusNotice{{InstanceName: "Nauvis", Refused: 2, Text: "Nauvis: 2 messages made no sense"}}})
		s.Soon()
		s.ExpectNot("do not add up:", "copied or moved?")
		s.PressChip("What wants attention")
		s.Expect("Nauvis told what was not booked")
	})
}

func TestBackupsAreListedAndMade(t *testing.T) {
	c := tradingCluster()
	c.SetBackups(api.Backup{Path: "/data/backups/one.db", Reason: "migration", Bytes: 3 << 20})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Press("Backups…")
		s.Expect("/data/backups/one.db", "before an update", "3.0 MiB")
		s.Press("Back up")
		expectCalls(t, c, "BackUp")
		s.Expect("A backup was made")
	})
}

func TestALongBusIsShown(t *testing.T) {
	c := tradingCluster()
	var items []api.BusItem
	for n := range 200 {
		items = append(items, api.BusItem{Name: fmt.Sprintf("%03d %s", n, strings.Repeat("очень длинное имя 🚂 ", 4)), Quality: "normal", Level: int64(n)})
	}
	c.SetBus(items...)
	onBus(t, c, func(t *testing.T, s *headless.Screen) {
		s.Expect("Showing 200 of 200")
		s.Type("Search items", "199")
		s.Expect("Showing 1 of 200")
	})
}

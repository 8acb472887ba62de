package instance

import (
	"strings"
	"testing"

	"mainbus/hostagent/internal/simgame"
)

// TestAWorldTellsHowItsItemsSpoil: by a line when one is seen first, and again at each bind.
func TestAWorldTellsHowItsItemsSpoil(t *testing.T) {
	t.Parallel()
	const fruit, egg = "yumako/normal=216000/spoilage/normal", "biter-egg/normal=0"
	spoiling := strings.Replace(scenario, `"calls"`, `"flows": [{"make": {"item": "yumako", "count": 1, "chest": "out", "every_ticks": 60}},
    {"make": {"item": "biter-egg", "count": 1, "chest": "out", "every_ticks": 60}}], "calls"`, 1)
	c := &controller{ledger: "beef"}
	a := newAgent(t, t.TempDir(), simgame.Install(t, spoiling), c)
	a.wantRunning(true)
	a.waitLinked()
	told := func(record string) (n int) {
		c.with(func() {
			for _, e := range c.up {
				if e.GetChannel() == "spoils" {
					n += strings.Count(string(e.GetBody()), record)
				}
			}
		})
		return n
	}
	eventually(t, "lines of what spoils", func() bool { return told(fruit) > 0 && told(egg) > 0 })
	if told(fruit) != 1 || told(egg) != 1 || told("iron-plate") != 0 {
		t.Errorf("told %d times, %d times, and of iron %d times", told(fruit), told(egg), told("iron-plate"))
	}
	c.with(func() { c.streams[len(c.streams)-1].Close() })
	report := ""
	eventually(t, "another bind", func() bool {
		c.with(func() {
			if len(c.bound) < 2 {
				return
			}
			for _, r := range c.bound[1].GetReports() {
				if r.GetChannel() == "spoils" {
					report = string(r.GetBody())
				}
			}
		})
		return report != ""
	})
	if !strings.Contains(report, fruit) || !strings.Contains(report, egg) {
		t.Errorf("reported %q", report)
	}
	a.stopGame()
}

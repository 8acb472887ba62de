package instance

import (
	"strings"
	"testing"

	"mainbus/hostagent/internal/simgame"
)

// TestWhatTheBusIsFullOfStaysInTheChest until there is room, or an attachment that says nothing of it.
func TestWhatTheBusIsFullOfStaysInTheChest(t *testing.T) {
	t.Parallel()
	making := strings.Replace(scenario, `"calls"`, `"flows": [{"make": {"item": "coal", "count": 1, "chest": "out", "every_ticks": 1}},
    {"make": {"item": "stone", "count": 1, "chest": "out", "every_ticks": 1}}], "calls"`, 1)
	c := &controller{ledger: "beef"}
	a := newAgent(t, t.TempDir(), simgame.Install(t, making), c)
	a.wantRunning(true)
	a.waitLinked()
	// sent is what the newest lines say.
	sent := func(item string) (total string) {
		c.with(func() {
			for _, e := range c.up {
				for record := range strings.SplitSeq(string(e.GetBody()), "+") {
					if rest, ok := strings.CutPrefix(record, item+"/normal="); ok {
						total = rest
					}
				}
			}
		})
		return total
	}
	grows := func(item string) {
		t.Helper()
		before := sent(item)
		eventually(t, item+" is sent", func() bool { return sent(item) != before })
	}
	grows("coal")
	c.tell("full", "coal/normal=1")
	before := ""
	eventually(t, "no more coal is sent while stone is", func() bool {
		before = sent("coal")
		grows("stone")
		grows("stone")
		return sent("coal") == before
	})
	c.tell("full", "coal/normal=0")
	eventually(t, "coal is sent again", func() bool { return sent("coal") != before })
	c.tell("full", "coal/normal=1")
	c.with(func() { c.streams[len(c.streams)-1].Close() })
	eventually(t, "another attachment", func() bool { n := 0; c.with(func() { n = len(c.bound) }); return n == 2 })
	a.waitLinked()
	grows("coal")
	a.stopGame()
}

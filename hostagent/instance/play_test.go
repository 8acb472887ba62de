//go:build unix

package instance

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"mainbus/hostagent/internal/simgame"
	"mainbus/hostagent/playtime"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/wire"
)

// Ann comes and stays; bob comes and goes again and again.
const visitors = `{"autosave_seconds": 3600, "worlds": {"*": {"life": [
  {"seconds": 0.5, "join": {"player": "Ann"}},
  {"tick": 60, "every_ticks": 240, "join": {"player": "bob"}},
  {"tick": 180, "every_ticks": 240, "leave": {"player": "bob", "reason": "afk"}}]}}}`

// told is all that the book of an agent's instance tells.
func (a *agent) told() (totals map[string]*wire.PlayTotal, visits []*wire.PlayVisit, here int) {
	totals = map[string]*wire.PlayTotal{}
	if a.Book() == nil {
		return totals, nil, 0 // it is not brought to life yet
	}
	for place, more := uint64(0), true; more; {
		n := a.Book().News(place)
		for _, total := range n.GetTotals() {
			totals[total.GetName()] = total
		}
		visits, here = append(visits, n.GetVisits()...), len(n.GetHere())
		place, more = n.GetSeq(), n.GetMore()
	}
	return totals, visits, here
}

// printed counts lines of the game's output with this text.
func (a *agent) printed(text string) (count int) {
	a.t.Helper()
	buffer := make([]byte, 1<<20)
	n, _, _, err := supervisor.ReadOutput(a.folder.ours(), buffer, 0)
	if err != nil {
		a.t.Fatal(err)
	}
	return strings.Count(string(buffer[:n]), text)
}

func TestPlayIsCountedOnceWithAndWithoutAnAgent(t *testing.T) {
	t.Parallel()
	game, dir, c := simgame.Install(t, visitors), t.TempDir(), &controller{ledger: "beef"}
	a := newAgent(t, dir, game, c)
	a.wantRunning(true)
	eventually(t, "a visit is over and told", func() bool { _, visits, _ := a.told(); return len(visits) > 0 })
	a.crash()

	before := a.printed("bob was disconnected")
	eventually(t, "bob came and went while no agent ran", func() bool { return a.printed("bob was disconnected") >= before+2 })
	b := newAgent(t, dir, game, c)
	b.wantRunning(true)
	b.waitLinked()
	if text, err := b.SendConsole(t.Context(), "/kick Ann for a test"); err != nil {
		t.Errorf("%q, %v", text, err)
	}
	eventually(t, "Ann was kicked, and it is told", func() bool { totals, _, _ := b.told(); return totals["Ann"].GetReason() == "kicked" })
	b.stopGame()

	eventually(t, "the end is told", func() bool { _, _, here := b.told(); return here == 0 })
	totals, visits, _ := b.told()
	joins := b.printed("bob joined the game")
	if totals["Ann"].GetJoins() != 1 || int(totals["bob"].GetJoins()) != joins || len(visits) != joins+1 {
		t.Errorf("%v, %d visits, bob joined %d times", totals, len(visits), joins)
	}
	var millis int64
	for _, v := range visits {
		if v.GetName() == "Ann" {
			millis += v.GetLeftMs() - v.GetJoinedMs()
		} else if v.GetReason() != "afk" && v.GetReason() != playtime.GameEnded {
			t.Errorf("%v", v)
		}
	}
	if got := int64(totals["Ann"].GetSeconds()); got != millis/1000 {
		t.Errorf("Ann has played %d s in all, her visits are %d ms", got, millis)
	}
}

func TestGameThatEndsUnseenEndsVisits(t *testing.T) {
	t.Parallel()
	game, dir, c := simgame.Install(t, visitors), t.TempDir(), &controller{ledger: "beef"}
	a := newAgent(t, dir, game, c)
	a.wantRunning(true)
	eventually(t, "Ann is there", func() bool { totals, _, here := a.told(); return here > 0 && totals["Ann"] != nil })
	pid := a.pid()
	a.crash()
	eventually(t, "bob came and went", func() bool { return a.printed("bob was disconnected") > 0 })
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its supervisor has ended", func() bool { _, err := supervisor.Attach(a.folder.ours()); return err != nil })
	exit, err := supervisor.LastExit(a.folder.ours())
	if err != nil {
		t.Fatal(err)
	}
	b := newAgent(t, dir, game, c)
	b.wantRunning(true)
	eventually(t, "the next run has begun", func() bool { totals, _, _ := b.told(); return totals["Ann"].GetJoins() == 2 })
	_, visits, _ := b.told()
	var ends []time.Time
	for _, v := range visits {
		if v.GetName() == "Ann" {
			if v.GetReason() != "game_ended" {
				t.Errorf("%v", v)
			}
			ends = append(ends, time.UnixMilli(v.GetLeftMs()))
		}
	}
	if len(ends) != 1 || !ends[0].Equal(exit.Time.Truncate(time.Millisecond)) {
		t.Errorf("Ann left at %v, the game ended at %v", ends, exit.Time)
	}
}

package instance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mainbus/hostagent/internal/simgame"
	"mainbus/hostagent/supervisor"
	"mainbus/transport/wire"
)

// A game that prints 100,000 lines a second trades as always, and who reads its console is told once.
func TestAFloodIsToldOnceAndTradeGoesOn(t *testing.T) {
	t.Parallel()
	noise := strings.TrimSuffix(strings.Repeat(`chatter of a mod\n`, 100_000/60), `\n`)
	plan := fmt.Sprintf(`{"garbage": [{"text": "%s", "tick": 600, "every_ticks": 1}], %s`, noise, scenario[1:])
	c := &controller{ledger: "beef"}
	a := newAgent(t, t.TempDir(), simgame.Install(t, plan), c)
	a.wantRunning(true)
	a.waitLinked()
	a.wait("warning", func(o *wire.ObservedInstance) bool { return strings.Contains(o.GetWarning(), "2000 lines a second") })

	notices, gaps := 0, 0
	var offset uint64
	follow := func() {
		lines, next, err := a.ReadConsole(t.Context(), offset, time.Second, 0)
		if err != nil {
			t.Fatal(err)
		}
		offset = next
		for _, line := range lines {
			if strings.Contains(line, "[mainbus] What was printed") {
				gaps++
			} else if strings.HasPrefix(line, "[mainbus] ") {
				notices++
			}
		}
	}
	left := func() float64 { f, _ := a.Figures(); return f.GetLinesLeftOut() }
	for tick := a.Observed().GetTick(); left() < 50_000 || a.Observed().GetTick() < tick+30; {
		follow()
	}
	c.grant("copper-plate/normal=50")
	eventually(t, "copper arrived", func() bool { follow(); return c.heard("copper-plate/normal=0/50/50") })
	if notices != 1 || gaps > 0 {
		t.Errorf("%d notices of the flood, %d gaps", notices, gaps)
	}
	if bound := len(c.streams); bound != 1 {
		t.Errorf("the world was attached %d times", bound)
	}
	a.stopGame()
}

func TestFloodsAndLongLinesAreNotedByBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calm []uint64
		begun := 0
		f := &flood{changed: func() { begun++ }, calm: func(left uint64) { calm = append(calm, left) }}
		at := uint64(0)
		print := func(text string, lines int, pause time.Duration) (taken int) {
			for range lines {
				if ok, _ := f.takes(supervisor.Line{Offset: at, Text: text}, time.Now()); ok {
					taken++
				}
				at += 10
				time.Sleep(pause)
			}
			return taken
		}
		if n := print("quick", 10*lineRate, time.Second/lineRate); n != 10*lineRate || begun != 0 {
			t.Fatalf("of an ordinary game %d lines were taken, %d floods", n, begun)
		}
		began := at
		if n := print("too quick", 50*lineRate, time.Second/lineRate/10); n < 5*lineRate || n > 6*lineRate {
			t.Errorf("%d lines were taken in five seconds", n)
		}
		if n := print("   1.000 Info A.cpp:1: game", 100, time.Microsecond); n != 100 {
			t.Errorf("%d of the game's own lines were taken", n)
		}
		next, marks := f.after(began)
		if next != began || len(marks) != 1 || marks[0].to != at-10*floodKeep || marks[0].from < began {
			t.Errorf("a reader goes on at %d, of %d, with %+v", next, at, marks)
		}
		if next, marks = f.after(marks[0].from + 10); next != at-10*floodKeep || len(marks) != 0 {
			t.Errorf("a reader that knows of it goes on at %d, of %d, with %+v", next, at, marks)
		}
		if f.warning() == "" {
			t.Error("no warning")
		}
		time.Sleep(2 * floodCalm)
		synctest.Wait()
		left, flooding := f.count()
		if begun != 1 || !slices.Equal(calm, []uint64{left}) || left < 44*lineRate || flooding || f.warning() != "" {
			t.Errorf("%d floods, %v left out, in all %d, still one: %t", begun, calm, left, flooding)
		}
		for range 5 {
			f.tooLong(supervisor.Line{Offset: at, Cut: true}, time.Now())
			at += supervisor.MaxLine
			time.Sleep(floodCalm / 2)
		}
		if _, marks = f.after(f.marks[0].to + 1); len(marks) != 1 || !strings.Contains(marks[0].text, "64 KiB") {
			t.Errorf("long lines: %+v", marks)
		}
	})
}

package instance

import (
	"fmt"
	"sync"
	"time"

	"mainbus/hostagent/factorio/console"
	"mainbus/hostagent/supervisor"
)

const (
	lineRate  = 2000 // lines a second that are worked on of what scripts print, and as many of the game's own; a flood is more
	floodKeep = 500  // of the newest lines of a flood are shown
	// floodCalm without a line too many ends a flood, and without a line too long their series: each has one notice.
	floodCalm = 10 * time.Second
	maxMarks  = 64
)

// flood bounds what a game that prints too much costs its agent and those who read its console, and has them told once. Link
// lines never come to it.
type flood struct {
	changed func()            // is called when a flood begins
	calm    func(left uint64) // is called when it is over, with how many lines were left out

	mu     sync.Mutex
	second time.Time // that the lines are counted of
	rates  [2]int    // of scripts, of the game
	over   time.Time // the newest line too many
	end    *time.Timer
	now    *mark             // of the flood, nil without
	newest [floodKeep]uint64 // where its lines begin
	lines  uint64            // of it
	left   uint64            // lines left out of earlier floods of this game
	long   time.Time         // the newest line too long
	marks  []*mark           // the newest, by their place
}

// mark is what readers of the console are told before the line at from, after which they go on with that at to.
type mark struct {
	from, to uint64
	text     string
}

// begin forgets what was counted of an earlier game.
func (f *flood) begin() {
	f.settle(true)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.rates, f.second, f.long = 0, [2]int{}, time.Time{}, time.Time{}
}

// takes tells whether a line that was printed at this moment is to be worked on, and whether it has the form of the game's own.
func (f *flood) takes(line supervisor.Line, now time.Time) (ok, own bool) {
	shape, kind := console.Parse(line.Text).Shape, 0
	if own = shape != console.Bare && shape != console.Script; own {
		kind = 1
	}
	f.mu.Lock()
	if now.Sub(f.second) >= time.Second {
		f.second, f.rates = now, [2]int{}
	}
	f.rates[kind]++
	ok = f.rates[kind] <= lineRate
	begins := !ok && f.now == nil
	if begins {
		f.lines = 0
		f.now = f.note(line.Offset, fmt.Sprintf("The game prints more than %d lines a second: the older of them are left out here.", lineRate))
		f.end = time.AfterFunc(floodCalm, func() { f.settle(false) })
	}
	if !ok {
		f.over = now
	}
	if f.now != nil {
		f.newest[f.lines%floodKeep] = line.Offset
		f.lines++
		f.now.to = f.newest[(f.lines-min(f.lines, floodKeep))%floodKeep]
	}
	f.mu.Unlock()
	if begins {
		f.changed()
	}
	return ok, own
}

// tooLong notes a line that was cut.
func (f *flood) tooLong(line supervisor.Line, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.long.IsZero() || now.Sub(f.long) > floodCalm {
		f.note(line.Offset, fmt.Sprintf("The game printed a line longer than %d KiB: only its beginning is kept. So it is with those that follow.", supervisor.MaxLine>>10))
	}
	f.long = now
}

// note is called with the lock held.
func (f *flood) note(at uint64, text string) *mark {
	m := &mark{at, at, "[mainbus] " + text}
	f.marks = append(f.marks, m)
	f.marks = f.marks[max(0, len(f.marks)-maxMarks):]
	return m
}

// settle ends a flood after calm, or at once.
func (f *flood) settle(atOnce bool) {
	f.mu.Lock()
	if f.now == nil {
		f.mu.Unlock()
		return
	}
	if rest := floodCalm - time.Since(f.over); rest > 0 && !atOnce {
		f.end.Reset(rest)
		f.mu.Unlock()
		return
	}
	out := f.lines - min(f.lines, floodKeep)
	f.now.text = fmt.Sprintf("[mainbus] The game printed more than %d lines a second: %d of them are left out here.", lineRate, out)
	f.left += out
	f.now, f.end = nil, stopTimer(f.end)
	f.mu.Unlock()
	f.calm(out)
}

// count returns how many lines of this game were left out, and whether there is a flood.
func (f *flood) count() (left uint64, now bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == nil {
		return f.left, false
	}
	return f.left + f.lines - min(f.lines, floodKeep), true
}

// warning says that there is a flood, empty if there is none.
func (f *flood) warning() string {
	if _, now := f.count(); !now {
		return ""
	}
	return fmt.Sprintf("It prints more than %d lines a second, of which only the newest are shown; most often a mod or script is at fault.", lineRate)
}

// after returns the marks that a reader at offset has not passed, by their place, and where it goes on itself.
func (f *flood) after(offset uint64) (at uint64, marks []mark) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.marks {
		switch {
		case offset <= m.from:
			marks = append(marks, *m)
		case offset < m.to:
			offset = m.to
		}
	}
	return offset, marks
}

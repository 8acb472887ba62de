package game

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mainbus/cmd/mainbus-sim/internal/scenario"
)

// output writes lines in the game's four shapes. Lines are written whole and at once. Its methods may be called from
// any goroutine.
type output struct {
	mu      sync.Mutex
	start   time.Time
	stdout  io.Writer
	log     io.Writer // factorio-current.log; nil before it is open
	console io.Writer // --console-log; nil without
	trace   *trace    // nil without

	skew time.Duration // of the clock
	die  scenario.Die
	seen int // lines that die waits for
}

// disturb makes the clock wrong, and ends the process at a line.
func (o *output) disturb(skew time.Duration, die scenario.Die) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if die != o.die {
		o.seen = 0
	}
	o.skew, o.die = skew, die
}

// now is the time by the game's clock.
func (o *output) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Now().Add(o.skew)
}

// openLog renames the log of the run before and begins a new one.
func (o *output) openLog(dir string, rotate bool) (io.Closer, error) {
	current := filepath.Join(dir, "factorio-current.log")
	if rotate {
		if err := os.Rename(current, filepath.Join(dir, "factorio-previous.log")); err != nil && !os.IsNotExist(err) {
			return nil, fmt.Errorf("rotate log: %w", err)
		}
	}
	f, err := os.Create(current)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.log = f
	return f, nil
}

// info, warning and failure are lines of the engine with a level and a place in its sources.
func (o *output) info(source, format string, args ...any) {
	o.engine("Info "+source+": "+format, args...)
}

func (o *output) warning(source, format string, args ...any) {
	o.engine("Warning "+source+": "+format, args...)
}

func (o *output) failure(source, format string, args ...any) {
	o.engine("Error "+source+": "+format, args...)
}

// engine is a line with the seconds since the start.
func (o *output) engine(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	o.write(fmt.Sprintf("%8.3f %s\n", time.Since(o.start).Seconds(), text), true, false)
}

// dated is a line with the local time, for chat and the like.
func (o *output) dated(tag, text string) {
	if tag != "" {
		tag = "[" + tag + "] "
	}
	o.write(o.now().Format("2006-01-02 15:04:05 ")+tag+text+"\n", false, true)
}

// bare is a line as it is: replies, what scripts print.
func (o *output) bare(text string) { o.write(text+"\n", false, false) }

// raw is text that is no line of the game's.
func (o *output) raw(text string, end bool) {
	if end {
		text += "\n"
	}
	o.write(text, false, false)
}

func (o *output) write(lines string, log, console bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.trace != nil {
		for line := range strings.Lines(lines) {
			o.trace.add("out", strings.TrimSuffix(line, "\n"))
		}
	}
	_, _ = io.WriteString(o.stdout, lines) // nobody to tell when the output is gone
	if log && o.log != nil {
		_, _ = io.WriteString(o.log, lines)
	}
	if console && o.console != nil {
		_, _ = io.WriteString(o.console, lines)
	}
	if o.die.AtLine != "" && strings.Contains(lines, o.die.AtLine) {
		if o.seen++; o.seen >= max(1, o.die.Nth) {
			die()
		}
	}
}

// Package gamelog writes the lines of the game in their four shapes, and a trace of them with times. A trace owns a
// goroutine, which CloseTrace ends.
package gamelog

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

// Log writes lines in the game's four shapes. Lines are written whole and at once. Its methods may be called from
// any goroutine.
type Log struct {
	mu      sync.Mutex
	start   time.Time
	stdout  io.Writer
	log     io.Writer // factorio-current.log; nil before it is open
	console io.Writer // --console-log; nil without
	trace   *trace    // nil without

	skew time.Duration // of the clock
	die  scenario.Die
	seen int // lines that die waits for
	kill func()
}

// New writes to stdout alone until files are opened. start is that of the process; kill ends it at the line that
// Disturb names, and may be nil without.
func New(start time.Time, stdout io.Writer, kill func()) *Log {
	return &Log{start: start, stdout: stdout, kill: kill}
}

// OpenConsole begins to copy the dated lines to a file. It stays open until the process ends.
func (o *Log) OpenConsole(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open console log: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.console = f
	return nil
}

// OpenTrace begins to write down when lines are printed and commands arrive. It must be called before any other
// goroutine uses the Log.
func (o *Log) OpenTrace(dir string) (err error) {
	o.trace, err = openTrace(dir)
	return err
}

// CloseTrace writes what the trace holds. What is printed later is not in it.
func (o *Log) CloseTrace() {
	if o.trace != nil {
		o.trace.close()
	}
}

// Heard notes a command in the trace.
func (o *Log) Heard(text string) {
	if o.trace != nil {
		o.trace.add("in", text)
	}
}

// Disturb makes the clock wrong, and ends the process at a line.
func (o *Log) Disturb(skew time.Duration, die scenario.Die) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if die != o.die {
		o.seen = 0
	}
	o.skew, o.die = skew, die
}

// Now is the time by the game's clock.
func (o *Log) Now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Now().Add(o.skew)
}

// Open renames the log of the run before and begins a new one, which stays open until the process ends.
func (o *Log) Open(dir string, rotate bool) error {
	current := filepath.Join(dir, "factorio-current.log")
	if rotate {
		if err := os.Rename(current, filepath.Join(dir, "factorio-previous.log")); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("rotate log: %w", err)
		}
	}
	f, err := os.Create(current)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.log = f
	return nil
}

// Info is a line of the engine with a level and a place in its sources, as are Warning and Failure.
func (o *Log) Info(source, format string, args ...any) {
	o.Engine("Info "+source+": "+format, args...)
}

// Warning is like Info.
func (o *Log) Warning(source, format string, args ...any) {
	o.Engine("Warning "+source+": "+format, args...)
}

// Failure is like Info; its level is Error.
func (o *Log) Failure(source, format string, args ...any) {
	o.Engine("Error "+source+": "+format, args...)
}

// Engine is a line with the seconds since the start.
func (o *Log) Engine(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	o.write(fmt.Sprintf("%8.3f %s\n", time.Since(o.start).Seconds(), text), true, false)
}

// Dated is a line with the local time, for chat and the like.
func (o *Log) Dated(tag, text string) {
	if tag != "" {
		tag = "[" + tag + "] "
	}
	o.write(o.Now().Format("2006-01-02 15:04:05 ")+tag+text+"\n", false, true)
}

// Bare is a line as it is: replies, what scripts print.
func (o *Log) Bare(text string) { o.write(text+"\n", false, false) }

// Raw is text that is no line of the game's.
func (o *Log) Raw(text string, end bool) {
	if end {
		text += "\n"
	}
	o.write(text, false, false)
}

func (o *Log) write(lines string, log, console bool) {
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
			o.kill()
		}
	}
}

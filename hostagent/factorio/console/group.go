package console

import "strings"

const (
	maxGroup      = 1000 // lines of one message
	maxGroupBytes = 64 << 10
)

// A group is a message of several lines.
type group struct {
	entry  Entry
	lines  []Line // all of them
	bytes  int
	closed bool   // the closing quotation mark was seen
	echo   bool   // the error is told a second time, by the multiplayer manager
	echoed int    // lines before that
	unsure bool   // what follows decides
	doubt  string // why, if it decides against it
}

// newGroup returns the group that a line begins, or nil. In the middle of a run the first line of another is a forgery, unless the time
// begins anew after it.
func newGroup(entry Entry, midRun bool) *group {
	g := &group{entry: entry, lines: []Line{entry.Line}}
	switch e := entry.Event; {
	case e.goes != whole:
	case e.Kind == Version && midRun:
		g.unsure, g.doubt = true, "the run before it goes on"
	case entry.Shape == Bare && isCrash(entry.Text):
		g.entry.Event = Event{Kind: Crash, Text: entry.Text, goes: open}
		g.unsure = true
	default:
		return nil
	}
	return g
}

// takes reports whether a line belongs to the message, and adds it.
func (g *group) takes(l Line, e Event) bool {
	head := g.entry.Event
	if len(g.lines) >= maxGroup || g.bytes > maxGroupBytes {
		return false
	}
	switch {
	case head.goes == whole: // the first line of a run
		return false
	case l.Shape == Bare:
		if g.closed {
			return false
		}
		g.closed = (head.goes == quoted || g.echo) && strings.HasSuffix(l.Text, `"`)
	case head.Kind == LuaError && !g.echo && e.Kind == Failure && e.Text == head.Text:
		g.echo, g.echoed, g.closed = true, len(g.lines), e.goes != quoted
	case head.Kind == Crash && (e.Kind == Crash || strings.HasPrefix(l.Source, "CrashHandler.cpp:") || l.Text == "Uploading log file"):
		g.unsure = false
	default:
		return false
	}
	g.lines = append(g.lines, l)
	g.bytes += len(l.Text)
	return true
}

// confirms reports whether the line that follows speaks for a group that is not sure: after a crash nothing does.
func (g *group) confirms(next Line, more bool, clock float64) bool {
	if g.entry.Event.Kind == Version {
		return more && (next.Shape == Engine || next.Shape == Plain) && next.Seconds < clock
	}
	return !more
}

// finish makes the event of its lines.
func (g *group) finish() {
	e := &g.entry.Event
	lines := g.lines[1:]
	if g.echo {
		lines = g.lines[1:g.echoed]
	}
	var texts []string
	for _, l := range lines {
		texts = append(texts, l.Text)
	}
	if n := len(texts); e.goes == quoted && n > 0 {
		texts[n-1] = strings.TrimSuffix(texts[n-1], `"`)
	}
	e.Stack = strings.TrimRight(strings.Join(texts, "\n"), "\n")
	if message, stack, ok := strings.Cut("\n"+e.Stack, "\nstack traceback:\n"); ok && e.Kind == LuaError {
		e.Reason, e.Stack = strings.TrimSpace(message), stack
	}
	e.goes = whole
}

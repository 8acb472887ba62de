// Package diagnosis says why a game has ended: which known trouble its exit and the end of its output show, what that means
// and what to do about it. Its table is the error catalogue, whose ids stay.
//
// What a player types is never looked at. What a script prints can look like any line, so a Cause is for people to read;
// nothing may be decided by it.
package diagnosis

import (
	"regexp"
	"slices"
	"strings"

	"mainbus/hostagent/factorio/console"
)

const (
	maxDecisive = 12      // lines
	maxText     = 4 << 10 // bytes of a line or of what is told of one
	maxLooked   = 4 << 10 // bytes of a line that patterns are tried on
)

// Ending is what is known of the end of a game.
type Ending struct {
	Code        int    // exit code; -1 if a signal ended it or nothing is known
	Signal      string // "killed", as the operating system calls it; empty: it ended by itself
	Killed      bool   // by us, on purpose
	Overdue     bool   // killed because it did not end in the time that it had for saving
	OutOfMemory bool   // while it ran, the system ended processes for want of memory
	Lost        bool   // nothing is known of its exit

	Failure string   // what a console.Follower takes for the reason; may be empty
	Lines   []string // the end of its output, oldest first
}

// Cause is an explanation. ID is that of the error catalogue ("E01"), empty where nothing known fits; then Summary tells
// the facts and the other texts are general. All are sentences in English for people.
type Cause struct {
	ID       string
	Summary  string // what happened
	Meaning  string
	Advice   string
	Decisive []string // the lines that show it, at most 12
}

// Of explains an end.
func Of(e Ending) Cause {
	c, found := byPattern(e)
	switch {
	case e.Killed: // whatever it said before, this is why it ended
		c.ID, c.Decisive, c.Summary = "", nil, "It was killed because somebody asked for it."
		if e.Overdue {
			c.Summary = "It was killed because it did not save and end in the time that it had for that."
		}
		c.Meaning = "What happened in its world since the last save is lost. The saves themselves are whole."
		c.Advice = "Start it again; it goes on from the newest save."
	case found:
	case e.Signal == killedSignal && e.OutOfMemory:
		c = Cause{
			ID: "E36", Summary: "The system ended it because the memory ran out.",
			Meaning: "The map, its mods and the other programs on this machine needed more memory than there is. What happened since the last save is lost.",
			Advice:  "Run fewer servers here, raise the memory limit of this one if it has one, or move it to a machine with more memory.",
		}
	case e.Signal == "segmentation fault", e.Signal == "aborted", e.Code == accessViolation:
		c = crash
	case e.Signal == killedSignal:
		c = Cause{
			Summary: "Another program or person on its machine killed it.",
			Meaning: "Neither Mainbus nor, as far as it tells, the system for want of memory did this. What happened since the last save is lost.",
			Advice:  "Start it again. If that happens time and again, look for a memory limit of a container or service around it.",
		}
	default:
		c = unknown(e)
	}
	c.Decisive = decisive(c.Decisive, e.Lines)
	return c
}

// StartFailed explains why a game could not be started at all; why is what the attempt said.
func StartFailed(why string) Cause {
	for _, row := range table {
		if m := row.match(why); m != nil {
			return row.cause(m, why)
		}
	}
	return Cause{Summary: why, Meaning: nothingLost, Advice: "Mend what is said above, then start it again."}
}

const (
	killedSignal    = "killed"   // what os.Signal calls SIGKILL, on all systems that have it
	accessViolation = 0xC0000005 // exit code of Windows
)

// byPattern looks for known texts: first in what is believed to be the reason, then in the lines, newest first within a row
// of the table.
func byPattern(e Ending) (Cause, bool) {
	lines, spoke := readable(e.Lines)
	for _, row := range table {
		if m := row.match(e.Failure); m != nil && !row.early {
			return row.cause(m, e.Failure), true
		}
	}
	for _, row := range table {
		if row.early && spoke {
			continue
		}
		for i := len(lines) - 1; i >= 0; i-- {
			if row.bare || row.early || lines[i].Shape != console.Bare {
				if m := row.match(lines[i].Text); m != nil {
					return row.cause(m, lines[i].String()), true
				}
			}
		}
	}
	return Cause{}, false
}

// readable takes the lines apart and leaves out what players and scripts say, and what a game survives. It tells whether a game has spoken at all, or only the
// system that should have started it.
func readable(all []string) (lines []console.Line, spoke bool) {
	for _, text := range all {
		l := console.Parse(text[:min(len(text), maxLooked)])
		switch l.Shape {
		case console.Dated, console.Script:
			spoke = true
			continue
		case console.Engine, console.Plain:
			spoke = true
		}
		switch l.Event().Kind {
		case console.None, console.Failure, console.LuaError, console.Crash, console.Error, console.WriteFailed, console.SecondSignal:
		default: // nothing that ends a game
			continue
		}
		lines = append(lines, l)
	}
	return lines, spoke
}

// unknown tells the facts.
func unknown(e Ending) Cause {
	c := Cause{
		Meaning: "Its last lines don't show a trouble that Mainbus knows.",
		Advice:  "Read its last lines. Start it again; if it ends the same way, look for what was changed last: a mod, a setting, the version of the game.",
	}
	switch {
	case e.Lost:
		c.Summary = "The process that watches over it was ended, so how it ended is not known."
		c.Meaning = "A game without its watcher saves and ends. Nothing is wrong with the game itself."
		c.Advice = "Start it again. Don't end processes that run “supervise” for Mainbus."
	case e.Failure != "":
		c.Summary = e.Failure
	case e.Signal != "":
		c.Summary = "A signal ended it: " + e.Signal + "."
	case e.Code == 0:
		c.Summary = "It ended by itself, as after /quit."
		c.Meaning = "It saved and ended as if somebody wanted it to: an admin in the game, a script, or a signal from this machine."
		c.Advice = "Nothing has to be mended. Start it again, or stop it here if it shall stay off."
	default:
		c.Summary = "It ended with exit code " + decimal(e.Code) + "."
	}
	return c
}

// decisive adds to the line that was matched what belongs to it: the game's own errors at the end of its output.
func decisive(first, lines []string) []string {
	var errors []string
	for i := 0; i < len(lines); i++ {
		l := console.Parse(lines[i])
		if l.Shape != console.Engine || l.Level != "Error" {
			continue
		}
		errors = append(errors, lines[i])
		for i+1 < len(lines) && console.Parse(lines[i+1]).Shape == console.Bare && lines[i+1] != "" {
			i++
			errors = append(errors, lines[i])
		}
	}
	errors = errors[max(0, len(errors)-maxDecisive+1):]
	all := make([]string, 0, maxDecisive)
	for _, line := range first {
		if !contains(errors, line) {
			all = append(all, line)
		}
	}
	all = append(all, errors...)
	for i, line := range all {
		all[i] = strings.ToValidUTF8(line[:min(len(line), maxText)], "")
	}
	return all
}

// contains tells whether a text is shown already, perhaps with its time before it.
func contains(lines []string, text string) bool {
	return slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, text) })
}

// match returns what a pattern found, or nil.
func (r *row) match(text string) []string {
	return r.text.FindStringSubmatch(text[:min(len(text), maxLooked)])
}

var placeholder = regexp.MustCompile(`\$[1-9]`)

// cause fills the texts of a row: $1 is the first thing that its pattern has in parentheses.
func (r *row) cause(found []string, line string) Cause {
	fill := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(p string) string {
			if n := int(p[1] - '0'); n < len(found) {
				return strings.ToValidUTF8(found[n][:min(len(found[n]), maxText)], "")
			}
			return p
		})
	}
	return Cause{ID: r.id, Summary: fill(r.summary), Meaning: fill(r.meaning), Advice: fill(r.advice), Decisive: []string{line}}
}

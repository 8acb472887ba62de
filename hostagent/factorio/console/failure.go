package console

import (
	"strconv"
	"strings"
)

// errorEvent tells the errors that end a server from those that it survives.
func errorEvent(l Line) Event {
	if s, ok := strings.CutPrefix(l.Text, "Exception at tick "); ok {
		n := digits(s)
		tick, err := strconv.ParseUint(s[:n], 10, 64)
		if text, ok := strings.CutPrefix(s[n:], ": "); ok && err == nil {
			return Event{Kind: LuaError, Name: culprit(text), Tick: tick, Text: text, goes: open}
		}
	}
	if s, ok := strings.CutPrefix(l.Text, "MultiplayerManager failed: "); ok {
		// Messages of several lines, and those with a path, are in quotes which the last line closes.
		if s, ok := strings.CutPrefix(s, `"`); ok {
			if text, closed := strings.CutSuffix(s, `"`); closed {
				return Event{Kind: Failure, Text: text}
			}
			return Event{Kind: Failure, Text: s, goes: quoted}
		}
		return Event{Kind: Failure, Text: s}
	}
	if strings.HasPrefix(l.Source, "CrashHandler.cpp:") {
		return Event{Kind: Crash, Text: l.Text, goes: open}
	}
	if e := endEvent(l.Text); e.Kind != None {
		return e
	}
	if e := survivedEvent(l.Text); e.Kind != None {
		return e
	}
	// Both are the places where a start is given up.
	if strings.HasPrefix(l.Source, "Main.cpp:") || strings.HasPrefix(l.Source, "Util.cpp:") {
		return Event{Kind: Failure, Text: l.Text, goes: open}
	}
	return Event{Kind: Error, Text: l.Text}
}

// survivedEvent reads errors after which the server goes on.
func survivedEvent(text string) Event {
	switch word, rest, _ := strings.Cut(text, " "); word {
	case "Matching":
		return matchingEvent(rest)
	case "RCON":
		return prefixed(rest, "connection read failed: ", func(why string) Event { return Event{Kind: RCONLost, Reason: why} })
	case "Couldn't":
		return prefixed(rest, "parse RCON data: ", func(why string) Event { return Event{Kind: RCONLost, Reason: why} })
	case "Got":
		return when(strings.HasPrefix(rest, "EOF on stdin"), Event{Kind: StdinClosed})
	case "Mod":
		return when(strings.HasPrefix(rest, "package read error."), Event{Kind: ModUnreadable, Text: text})
	case "Failed":
		return when(strings.HasPrefix(rest, "to save player data:"), Event{Kind: WriteFailed, Text: text})
	case "writeModlist":
		return Event{Kind: WriteFailed, Text: text}
	case "Multiplayer": // a client's log
		return when(strings.HasPrefix(rest, "desynchronisation:"), Event{Kind: Desync, Tick: NoTick, Text: text})
	case "Determining", "Received":
		return networkEvent(word, rest, text)
	}
	return Event{}
}

// endEvent recognises messages about the end that were seen in other lines than MultiplayerManager's.
func endEvent(text string) Event {
	if isCrash(text) {
		return Event{Kind: Crash, Text: text, goes: open}
	}
	for _, prefix := range [...]string{
		"Failed to load mods:", "Failed to load mod ", "Error while loading ", // bare lines tell more of these
		"Binding IPv4 socket failed:", "Can't bind socket:", "Hosting multiplayer game failed",
	} {
		if strings.HasPrefix(text, prefix) {
			return Event{Kind: Failure, Text: text, goes: open}
		}
	}
	if strings.Contains(text, "Couldn't acquire exclusive lock") || strings.Contains(text, "Couldn't create lock file") {
		return Event{Kind: Failure, Text: text, goes: open}
	}
	return Event{}
}

func isCrash(text string) bool {
	return strings.HasPrefix(text, "Received SIGSEGV") || strings.HasPrefix(text, "Factorio crashed.") ||
		strings.HasPrefix(text, "Unexpected error occurred.")
}

// culprit returns the mod that "The mod X (0.0.1) caused a non-recoverable error." names, and "level" for the scenario.
func culprit(text string) string {
	if strings.HasPrefix(text, "The scenario level caused ") {
		return "level"
	}
	text, ok := strings.CutPrefix(text, "The mod ")
	text, _, ok2 := strings.Cut(text, " caused a ")
	name, version, ok3 := cutLast(text, " (")
	if !ok || !ok2 || !ok3 || !strings.HasSuffix(version, ")") {
		return ""
	}
	return name
}

func cutLast(s, sep string) (before, after string, found bool) {
	at := strings.LastIndex(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(sep):], true
}

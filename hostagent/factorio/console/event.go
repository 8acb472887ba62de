package console

import (
	"strconv"
	"strings"

	"mainbus/hostagent/factorio"
)

// Kind says what an Event is.
type Kind uint8

// The kinds, with the fields of Event that they set.
const (
	None           Kind = iota
	Version             // first line of a run: Version, Build
	StateChanged        // of the multiplayer manager: From, To, Tick
	LoadingMap          // Name (path), Size
	Hosting             // Addr
	RCONReady           // Addr, in versions up to 1.0 just ":27015"
	SaveStarted         // Name (path, or bare name of an autosave), Blocking
	SaveFinished        //
	SavingProgress      // of the save before the end: Percent
	ShuttingDown        // twice in a run, for the request and for its cause: Text
	Goodbye             // last line of a run that ended by itself, whether well or not
	Failure             // the server can't start or can't go on: Text, More
	LuaError            // a script's error that ends the game: Text, More, Tick if it says one
)

// NoTick is the tick that StateChanged tells before a map is loaded (2^64-1, up to 1.1 2^32-1).
const NoTick = 1<<64 - 1

// Event is what a line says about the server's state. Only the fields that Kind names are set.
type Event struct {
	Kind     Kind
	Version  factorio.Version
	Build    uint32
	From, To string // such as "Ready", "InGame", "InGameSavingMap", "InitializationFailed", "Failed", "Closed"
	Tick     uint64
	Name     string
	Size     int64 // of the zip in bytes
	Blocking bool
	Percent  float64
	Addr     string // "0.0.0.0:34197"
	Text     string
	More     bool // the message goes on in the Bare lines that follow
}

// Event tells what the line says. Only Engine and Plain lines are ever more than None: neither chat nor printed text is taken
// for the game's own words. File and line numbers change with every version, so the text alone is matched.
func (l Line) Event() Event {
	switch l.Shape {
	case Engine:
		if l.Level == "Error" {
			return errorEvent(l)
		}
		return engineEvent(l.Text)
	case Plain:
		return plainEvent(l.Text)
	default:
		return Event{}
	}
}

func engineEvent(text string) Event {
	switch word, rest, _ := strings.Cut(text, " "); word {
	case "Saving":
		return savingEvent(rest)
	case "Starting":
		if addr, ok := strings.CutPrefix(rest, "RCON interface at port "); ok {
			return Event{Kind: RCONReady, Addr: ":" + addr}
		}
		if addr, ok := cutAddr(rest, "RCON interface at "); ok {
			return Event{Kind: RCONReady, Addr: addr}
		}
	default:
		return stateEvent(word, rest)
	}
	return Event{}
}

// stateEvent reads "updateTick(926)" and "changing state from(InGame) to(DisconnectingScheduled)".
func stateEvent(tickWord, rest string) Event {
	tick, ok := cutCall(tickWord, "updateTick")
	if !ok {
		tick, ok = cutCall(tickWord, "mapTick") // its name up to 0.16
	}
	states, isChange := strings.CutPrefix(rest, "changing state ")
	from, to, isPair := strings.Cut(states, " ")
	if !ok || !isChange || !isPair {
		return Event{}
	}
	e := Event{Kind: StateChanged}
	var okFrom, okTo bool
	e.From, okFrom = cutCall(from, "from")
	e.To, okTo = cutCall(to, "to")
	n, err := strconv.ParseUint(tick, 10, 64)
	if !okFrom || !okTo || err != nil {
		return Event{}
	}
	if e.Tick = n; n == 1<<32-1 {
		e.Tick = NoTick
	}
	return e
}

// savingEvent reads what follows "Saving ". "Auto saving map as" says nothing that "Saving game as" after it does not.
func savingEvent(text string) Event {
	if text == "finished" {
		return Event{Kind: SaveFinished}
	}
	if s, ok := strings.CutPrefix(text, "progress: "); ok {
		percent, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
		if err != nil || !(percent >= 0 && percent <= 100) {
			return Event{}
		}
		return Event{Kind: SavingProgress, Percent: percent}
	}
	if name, ok := strings.CutPrefix(text, "to "); ok {
		if name, ok := strings.CutSuffix(name, " (blocking)."); ok {
			return Event{Kind: SaveStarted, Name: name, Blocking: true}
		}
		if name, ok := strings.CutSuffix(name, " (non-blocking)."); ok {
			return Event{Kind: SaveStarted, Name: name}
		}
		return Event{}
	}
	for _, before := range [...]string{"game as ", "map as "} {
		if path, ok := strings.CutPrefix(text, before); ok {
			return Event{Kind: SaveStarted, Name: path, Blocking: true}
		}
	}
	return Event{}
}

func plainEvent(text string) Event {
	switch word, rest, _ := strings.Cut(text, " "); word {
	case "Goodbye":
		if rest == "" {
			return Event{Kind: Goodbye}
		}
	case "Hosting":
		if addr, ok := cutAddr(rest, "game at "); ok {
			return Event{Kind: Hosting, Addr: addr}
		}
	case "Loading":
		return loadingEvent(rest)
	case "Received":
		if strings.HasSuffix(rest, ", shutting down") || strings.HasPrefix(rest, "second SIG") {
			return Event{Kind: ShuttingDown, Text: text}
		}
	case "Quitting:":
		return Event{Kind: ShuttingDown, Text: rest}
	case "Factorio":
		if strings.HasPrefix(rest, "crashed.") {
			return Event{Kind: Failure, Text: text}
		}
	default:
		if fails(text) {
			return Event{Kind: Failure, Text: text}
		}
		return versionEvent(text)
	}
	return Event{}
}

// versionEvent reads "2026-08-02 02:16:26; Factorio 2.0.77 (build 84539, linux64, headless)".
func versionEvent(text string) Event {
	date, rest, ok := strings.Cut(text, "; Factorio ")
	if _, isDated := parseDated(date + " "); !ok || !isDated {
		return Event{}
	}
	number, rest, ok := strings.Cut(rest, " (build ")
	v, err := factorio.ParseVersion(number)
	build, err2 := strconv.ParseUint(rest[:digits(rest)], 10, 32)
	if !ok || err != nil || err2 != nil {
		return Event{}
	}
	return Event{Kind: Version, Version: v, Build: uint32(build)}
}

// loadingEvent reads "map <path>: 863501 bytes."; the path may hold anything.
func loadingEvent(text string) Event {
	text, ok := strings.CutPrefix(text, "map ")
	text, ok2 := strings.CutSuffix(text, " bytes.")
	colon := strings.LastIndex(text, ": ")
	if !ok || !ok2 || colon < 0 {
		return Event{}
	}
	size, err := strconv.ParseInt(text[colon+len(": "):], 10, 64)
	if err != nil || size < 0 {
		return Event{}
	}
	return Event{Kind: LoadingMap, Name: text[:colon], Size: size}
}

// errorEvent picks the errors that end a server from those it survives, such as a failed connection to the matching server.
func errorEvent(l Line) Event {
	if s, ok := strings.CutPrefix(l.Text, "Exception at tick "); ok {
		n := digits(s)
		tick, err := strconv.ParseUint(s[:n], 10, 64)
		text, ok := strings.CutPrefix(s[n:], ": ")
		if err != nil || !ok {
			return Event{}
		}
		return Event{Kind: LuaError, Tick: tick, Text: text, More: true}
	}
	if s, ok := strings.CutPrefix(l.Text, "MultiplayerManager failed: "); ok {
		// Messages of several lines, and those with a path, are in quotes which the last line closes.
		if s, ok := strings.CutPrefix(s, `"`); ok {
			text, closed := strings.CutSuffix(s, `"`)
			return Event{Kind: Failure, Text: text, More: !closed}
		}
		return Event{Kind: Failure, Text: s}
	}
	if strings.HasPrefix(l.Text, "Error while loading ") { // a prototype; a bare line names the mods that changed it
		return Event{Kind: Failure, Text: l.Text, More: true}
	}
	if strings.HasPrefix(l.Source, "Main.cpp:") || fails(l.Text) {
		return Event{Kind: Failure, Text: l.Text}
	}
	return Event{}
}

// fails recognises messages that were seen in other lines than MultiplayerManager's.
func fails(text string) bool {
	for _, prefix := range [...]string{
		"Failed to load mods:", "Binding IPv4 socket failed:", "Can't bind socket:", "Hosting multiplayer game failed",
		"Received SIGSEGV", "Factorio crashed.", "Unexpected error occurred.",
	} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return strings.Contains(text, "Couldn't acquire exclusive lock")
}

// cutCall returns X of "name(X)".
func cutCall(s, name string) (string, bool) {
	s, ok := strings.CutPrefix(s, name)
	if !ok || len(s) < 2 || s[0] != '(' || s[len(s)-1] != ')' {
		return "", false
	}
	return s[1 : len(s)-1], true
}

// cutAddr returns X of before + "IP ADDR:({X})".
func cutAddr(s, before string) (string, bool) {
	s, ok := strings.CutPrefix(s, before)
	s, ok2 := strings.CutPrefix(s, "IP ADDR:({")
	s, ok3 := strings.CutSuffix(s, "})")
	return s, ok && ok2 && ok3
}

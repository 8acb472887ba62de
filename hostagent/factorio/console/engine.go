package console

import (
	"strconv"
	"strings"

	"mainbus/hostagent/factorio"
)

// Event tells what the line says, taken for itself. Engine and Plain lines speak for the game, Dated ones for players; what a
// script logs or prints never says anything. File and line numbers change with every version, so the text alone is matched.
// Anything that Lua prints can look like any line: a Follower knows which events can be believed.
func (l Line) Event() Event {
	switch l.Shape {
	case Engine:
		switch l.Level {
		case "Error":
			return errorEvent(l)
		case "Warning":
			if e := engineEvent(l.Text); e.Kind != None {
				return e
			}
			return Event{Kind: Warning, Text: l.Text}
		}
		return engineEvent(l.Text)
	case Plain:
		return plainEvent(l.Text)
	case Dated:
		return datedEvent(l)
	default:
		return Event{}
	}
}

func engineEvent(text string) Event {
	switch word, rest, _ := strings.Cut(text, " "); word {
	case "Saving":
		return savingEvent(rest)
	case "Auto":
		return prefixed(rest, "saving map as ", func(path string) Event { return Event{Kind: IdleSave, Name: path} })
	case "Starting":
		if addr, ok := cutAddr(rest, "RCON interface at ", ""); ok {
			return Event{Kind: RCONReady, Addr: addr}
		}
		return prefixed(rest, "RCON interface at port ", func(port string) Event { return Event{Kind: RCONReady, Addr: ":" + port} })
	case "New":
		if addr, ok := cutAddr(rest, "RCON connection from ", ""); ok {
			return Event{Kind: RCONConnected, Addr: addr}
		}
	case "Map":
		return prefixed(rest, "version ", func(text string) Event {
			v, err := factorio.ParseVersion(text)
			return when(err == nil, Event{Kind: MapVersion, Version: v})
		})
	case "Found":
		return prefixed(rest, "duplicate mod ", func(text string) Event {
			name, _, ok := strings.Cut(text, ", using ")
			return when(ok, Event{Kind: ModDuplicate, Name: name, Text: text})
		})
	case "Writing":
		return when(strings.Contains(rest, " failed; previous version "), Event{Kind: WriteFailed, Text: text})
	case "Fragment":
		return when(strings.HasSuffix(rest, " failed too many times"), Event{Kind: SlowClient, Text: text})
	default:
		return networkEvent(word, rest, text)
	}
	return Event{}
}

// networkEvent reads what is said of the world outside: peers, the matching and pingpong servers.
func networkEvent(word, rest, text string) Event {
	switch word {
	case "Disconnect":
		return prefixed(rest, "notification for peer ", func(peer string) Event { return peerEvent(Disconnected, peer) })
	case "Replying":
		addr, ok := cutAddr(rest, "to connectionRequest for address(", ").")
		return when(ok, Event{Kind: Connecting, Addr: addr})
	case "Refusing":
		return refusedEvent(rest)
	case "Queuing":
		return prefixed(rest, "ban recommendation check for user ", func(name string) Event { return Event{Kind: BanCheck, Player: name} })
	case "Own":
		rest, note, _ := strings.Cut(rest, " (confirmed by ")
		addr, ok := cutAddr(rest, "address is ", "")
		return when(ok, Event{Kind: OwnAddress, Addr: addr, By: strings.TrimSuffix(note, ")")})
	case "Determining":
		return when(strings.HasPrefix(rest, "own address has failed."), Event{Kind: NoOwnAddress, Text: text})
	case "Received":
		return when(strings.HasPrefix(rest, "own address message reply with conflicting address"), Event{Kind: NoOwnAddress, Text: text})
	case "Matching":
		return matchingEvent(rest)
	case "UpdateTick", "MapTick": // with a blank before the number
		tick, rest, _ := strings.Cut(rest, " ")
		return tickEvent(word+tick, rest)
	default:
		if strings.HasPrefix(word, "nextHeartbeatSequenceNumber(") {
			if peer, ok := strings.CutPrefix(rest, "adding peer"); ok {
				return peerEvent(PeerAdded, peer)
			}
			return prefixed(rest, "removing peer", func(peer string) Event {
				return peerEvent(PeerRemoved, strings.TrimSuffix(peer, "."))
			})
		}
		return tickEvent(word, rest)
	}
}

// tickEvent reads what begins with "updateTick(926)" or "UpdateTick(926)" or, up to 0.16, with "mapTick(926)" or "MapTick(926)".
func tickEvent(word, rest string) Event {
	name, _, _ := strings.Cut(word, "(")
	switch name {
	case "updateTick", "UpdateTick", "mapTick", "MapTick":
	default:
		return Event{}
	}
	number, ok := cutCall(word, name)
	tick, err := strconv.ParseUint(number, 10, 64)
	if !ok || err != nil {
		return Event{}
	}
	if tick == 1<<32-1 {
		tick = NoTick
	}
	e := tickedEvent(rest)
	if e.Kind != None {
		e.Tick = tick
	}
	return e
}

func tickedEvent(text string) Event {
	first, rest, _ := strings.Cut(text, " ")
	second, rest, _ := strings.Cut(rest, " ")
	switch first + " " + second {
	case "changing state":
		from, to, ok := cutPair(rest, "from", "to")
		return when(ok, Event{Kind: StateChanged, From: from, To: to})
	case "received stateChanged":
		peer, rest, _ := strings.Cut(rest, " ")
		number, ok := cutCall(peer, "peerID")
		id, err := strconv.ParseUint(number, 10, 32)
		from, to, ok2 := cutPair(rest, "oldState", "newState")
		return when(ok && ok2 && err == nil, Event{Kind: PeerState, Peer: uint32(id), From: from, To: to})
	case "received playerDesynced":
		return prefixed(rest, "peer ", func(peer string) Event { return peerEvent(Desync, peer) })
	case "processed PlayerJoinGame":
		return enteredEvent(rest)
	}
	return servingEvent(text)
}

// enteredEvent reads "peerID(1) playerIndex(0) mode(create) "; the blank at the end is the game's, as is that of "mode(connect )" in 0.16.
func enteredEvent(text string) Event {
	words := strings.Fields(strings.Replace(text, " )", ")", 1))
	if len(words) != 3 {
		return Event{}
	}
	e := peerEvent(Entered, strings.TrimPrefix(words[0], "peerID"))
	index, ok := cutCall(words[1], "playerIndex")
	n, err := strconv.ParseUint(index, 10, 32)
	mode, ok2 := cutCall(words[2], "mode")
	e.Index, e.Mode = uint32(n), mode
	return when(e.Kind != None && ok && ok2 && err == nil, e)
}

// servingEvent reads "Serving map(<path>) for peer(1) size(21679343) auxiliary(129) crc(2368940170)"; auxiliary came with 2.0. The path
// may hold anything.
func servingEvent(text string) Event {
	text, ok := strings.CutPrefix(text, "Serving map(")
	at := strings.LastIndex(text, ") for peer(")
	if !ok || at < 0 {
		return Event{}
	}
	e := Event{Kind: ServingMap, Name: text[:at]}
	for i, word := range strings.Fields(text[at+len(") for "):]) {
		name, value, _ := strings.Cut(strings.TrimSuffix(word, ")"), "(")
		n, err := strconv.ParseUint(value, 10, 63)
		if err != nil || (i == 0) != (name == "peer") || (name == "peer" || name == "crc") && n > 1<<32-1 {
			return Event{}
		}
		switch name {
		case "peer":
			e.Peer = uint32(n)
		case "size":
			e.Size = int64(n)
		case "crc":
			e.CRC = uint32(n)
		}
	}
	return e
}

// peerEvent reads "(1)".
func peerEvent(kind Kind, text string) Event {
	number, ok := cutCall(text, "")
	peer, err := strconv.ParseUint(number, 10, 32)
	return when(ok && err == nil, Event{Kind: kind, Peer: uint32(peer), Tick: NoTick})
}

// refusedEvent reads "connection for address (IP ADDR:({203.0.113.4:56255})), username (name). ModsMismatch". The name may hold
// anything, the reason is a word.
func refusedEvent(text string) Event {
	addr, name, ok := strings.Cut(text, "), username (")
	addr, ok2 := cutAddr(addr, "connection for address (", "")
	at := strings.LastIndex(name, "). ")
	if !ok || !ok2 || at < 0 {
		return Event{}
	}
	reason := strings.TrimSuffix(name[at+len("). "):], ".")
	return when(reason != "" && !strings.Contains(reason, " "), Event{Kind: Refused, Addr: addr, Player: name[:at], Reason: reason})
}

func matchingEvent(text string) Event {
	if id, ok := strings.CutPrefix(text, "server game `"); ok {
		id, ok = strings.CutSuffix(id, "` has been created.")
		return when(ok, Event{Kind: Matched, Name: id})
	}
	if reason, ok := strings.CutPrefix(text, "server connection failed: "); ok {
		return Event{Kind: MatchFailed, Reason: reason}
	}
	return when(strings.TrimSuffix(text, ".") == "server connection resumed", Event{Kind: MatchResumed})
}

// savingEvent reads what follows "Saving ".
func savingEvent(text string) Event {
	word, rest, _ := strings.Cut(text, " ")
	switch word {
	case "finished":
		return when(rest == "", Event{Kind: SaveFinished})
	case "progress:":
		percent, err := strconv.ParseFloat(strings.TrimSuffix(rest, "%"), 64)
		return when(err == nil && percent >= 0 && percent <= 100, Event{Kind: SavingProgress, Percent: percent})
	case "to":
		if name, ok := strings.CutSuffix(rest, " (blocking)."); ok {
			return Event{Kind: SaveStarted, Mode: "auto", Name: name, Blocking: true}
		}
		name, ok := strings.CutSuffix(rest, " (non-blocking).")
		return when(ok, Event{Kind: SaveStarted, Mode: "auto", Name: name})
	case "game", "map":
		return prefixed(rest, "as ", func(path string) Event {
			return Event{Kind: SaveStarted, Mode: word, Name: path, Blocking: true}
		})
	}
	return Event{}
}

func plainEvent(text string) Event {
	switch word, rest, _ := strings.Cut(text, " "); word {
	case "Goodbye":
		return when(rest == "", Event{Kind: Goodbye})
	case "Hosting":
		if addr, ok := cutAddr(rest, "game at ", ""); ok {
			return Event{Kind: Hosting, Addr: addr}
		}
	case "Loading":
		return loadingEvent(rest)
	case "Checksum":
		return checksumEvent(rest)
	case "Program":
		return prefixed(rest, "arguments: ", func(text string) Event { return Event{Kind: Arguments, Text: strings.TrimSpace(text)} })
	case "Config", "Read", "Write", "Binaries":
		return pathEvent(text)
	case "Received":
		if e := signalEvent(rest); e.Kind != None {
			return e
		}
	case "Quitting:":
		return Event{Kind: Quitting, Reason: strings.TrimSuffix(rest, ".")}
	case "Refusing", "Queuing", "Matching", "Own":
		return networkEvent(word, rest, text)
	case "Factorio":
		if rest == "initialised" {
			return Event{Kind: Initialised}
		}
	default:
		if e := versionEvent(text); e.Kind != None {
			return e
		}
	}
	return endEvent(text)
}

// signalEvent reads "SIGINT, shutting down" and "second SIGINT, terminating immediately".
func signalEvent(text string) Event {
	if name, ok := strings.CutSuffix(text, ", shutting down"); ok && isName(name) {
		return Event{Kind: ShuttingDown, Name: name}
	}
	name, ok := strings.CutPrefix(text, "second ")
	name, ok2 := strings.CutSuffix(name, ", terminating immediately")
	return when(ok && ok2 && isName(name), Event{Kind: SecondSignal, Name: name})
}

func pathEvent(text string) Event {
	name, path, ok := strings.Cut(text, " path: ")
	name = strings.ToLower(name)
	switch name {
	case "config", "read data", "write data", "binaries":
		return when(ok, Event{Kind: Path, Name: name, Text: path})
	}
	return Event{}
}

// checksumEvent reads "for core: 1", "of base: 2", and "for mod base: 2" of 0.14.
func checksumEvent(text string) Event {
	_, text, _ = strings.Cut(text, " ")
	text = strings.TrimPrefix(text, "mod ")
	colon := strings.LastIndex(text, ": ")
	if colon < 0 {
		return Event{}
	}
	crc, err := strconv.ParseUint(text[colon+len(": "):], 10, 32)
	return when(err == nil, Event{Kind: Checksum, Name: text[:colon], CRC: uint32(crc)})
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
	mode := strings.TrimSuffix(strings.TrimPrefix(rest[digits(rest):], ", "), ")")
	return Event{Kind: Version, Version: v, Build: uint32(build), Mode: mode}
}

// loadingEvent reads "map <path>: 863501 bytes.", "mod base 2.0.77 (data.lua)" and "mod settings x 1.0.0 (settings.lua)"; paths and
// names may hold anything.
func loadingEvent(text string) Event {
	if text, ok := strings.CutPrefix(text, "mod "); ok {
		text = strings.TrimPrefix(text, "settings ")
		text, stage, ok := strings.Cut(text, " (")
		stage, ok2 := strings.CutSuffix(stage, ")")
		at := strings.LastIndexByte(text, ' ')
		v, err := factorio.ParseVersion(text[at+1:])
		return when(ok && ok2 && at > 0 && err == nil, Event{Kind: LoadingMod, Name: text[:max(at, 0)], Version: v, Mode: stage})
	}
	text, ok := strings.CutPrefix(text, "map ")
	if ok && strings.HasSuffix(text, ".zip") { // up to 0.14
		return Event{Kind: LoadingMap, Name: text}
	}
	text, ok2 := strings.CutSuffix(text, " bytes.")
	colon := strings.LastIndex(text, ": ")
	if !ok || !ok2 || colon < 0 {
		return Event{}
	}
	size, err := strconv.ParseInt(text[colon+len(": "):], 10, 64)
	return when(err == nil && size >= 0, Event{Kind: LoadingMap, Name: text[:colon], Size: size})
}

// when returns e if ok.
func when(ok bool, e Event) Event {
	if !ok {
		return Event{}
	}
	return e
}

// prefixed reads what follows prefix, if it is there and something follows.
func prefixed(text, prefix string, read func(string) Event) Event {
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok || rest == "" {
		return Event{}
	}
	return read(rest)
}

// cutCall returns X of "name(X)".
func cutCall(s, name string) (string, bool) {
	s, ok := strings.CutPrefix(s, name)
	if !ok || len(s) < 2 || s[0] != '(' || s[len(s)-1] != ')' {
		return "", false
	}
	return s[1 : len(s)-1], true
}

// cutPair returns X and Y of "a(X) b(Y)", which are states.
func cutPair(s, a, b string) (x, y string, ok bool) {
	first, second, _ := strings.Cut(s, " ")
	x, ok1 := cutCall(first, a)
	y, ok2 := cutCall(second, b)
	return x, y, ok1 && ok2 && isName(x) && isName(y)
}

// isName reports whether s is one word of letters and digits.
func isName(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return s != ""
}

// cutAddr returns X of before + "IP ADDR:({X})" + after. Up to 0.16 a hash of 40 digits stands for an address.
func cutAddr(s, before, after string) (string, bool) {
	s, ok := strings.CutPrefix(s, before)
	s, ok2 := strings.CutSuffix(s, after)
	if isHash(s) {
		return s, ok && ok2
	}
	s, ok3 := strings.CutPrefix(s, "IP ADDR:({")
	s, ok4 := strings.CutSuffix(s, "})")
	return s, ok && ok2 && ok3 && ok4 && s != ""
}

func isHash(s string) bool {
	const size = 40
	return len(s) == size && strings.Trim(s, "0123456789abcdef") == ""
}

package console

import (
	"slices"
	"strings"
)

// next are the ways from state to state. States that are not in it belong to clients, or to versions that were not seen, and may follow
// and be followed by any.
var next = map[string][]string{
	"Ready":                          {"PreparedToHostGame"},
	"PreparedToHostGame":             {"CreatingGame"},
	"CreatingGame":                   {"InGame", "InitializationFailed"},
	"InGame":                         {"InGameSavingMap", "InGameSavingMapForDesyncReport", "Failed", "DisconnectingScheduled"},
	"InGameSavingMap":                {"InGame", "Failed", "DisconnectingScheduled"},
	"InGameSavingMapForDesyncReport": {"InGame", "Failed", "DisconnectingScheduled"},
	"InitializationFailed":           {"DisconnectingScheduled", "Closed"},
	"Failed":                         {"DisconnectingScheduled", "Disconnecting", "Disconnected", "Closed"},
	"DisconnectingScheduled":         {"Disconnecting", "Disconnected", "Closed"},
	"Disconnecting":                  {"Disconnected", "Closed"},
	"Disconnected":                   {"Closed"},
	"Closed":                         {"Ready", "PreparedToHostGame"},
}

func isWay(from, to string) bool {
	ways := next[from]
	return ways == nil || next[to] == nil || slices.Contains(ways, to)
}

// peerStates are the states of a peer on its way into the game. Some of its lines may be missing where somebody cut a log short.
var peerStates = []string{
	"Ready", "Connecting", "ConnectedWaitingForMap", "ConnectedDownloadingMap", "ConnectedLoadingMap", "TryingToCatchUp",
	"WaitingForCommandToStartSendingTickClosures", "InGame",
}

// A chain is a state that is told by its changes.
type chain struct {
	at    string
	claim string // where the last change led that did not begin at at
}

// step reports whether a change fits what is known. If it does not, it is remembered: one that fits it in turn is right.
func (c *chain) step(from, to string) bool {
	if c.at != "" && c.at != from && c.claim != from {
		c.claim = strings.Clone(bounded(to))
		return false
	}
	c.at, c.claim = strings.Clone(bounded(to)), ""
	return true
}

// A clock holds the times of the last two lines believed, and of those that came out of order since.
type clock struct {
	before, now float64
	rival       float64
	rivals      int
}

// late reports whether a line comes too late to follow those before it. Where a single line had jumped ahead, two lines in a row
// from before it are right; else it takes twenty that seem to come late.
func (c *clock) late(seconds float64) bool {
	const slack, few, many = 0.05, 2, 20
	if seconds >= c.now-slack {
		c.rivals = 0
		return false
	}
	if seconds < c.rival {
		c.rivals = 0
	}
	c.rival = seconds
	if c.rivals++; c.rivals < few || c.rivals < many && seconds < c.before {
		return true
	}
	*c = clock{before: seconds, now: seconds}
	return false
}

// move takes the time of a line that is believed.
func (c *clock) move(seconds float64) { c.before, c.now = c.now, max(c.now, seconds) }

// doubt tells what speaks against an event; nothing does if it is empty.
func (f *Follower) doubt(entry Entry) string {
	e, r := entry.Event, &f.run
	switch e.Kind {
	case StateChanged:
		if !isWay(e.From, e.To) {
			return "no server goes from " + e.From + " to " + e.To
		}
		if e.From == "Ready" && (r.state.at == "" || r.state.at == "Closed") {
			delete(r.sources, e.Kind) // before any script of the map runs
		}
		if !r.knownSource(entry) {
			return "such lines come from another place of the game"
		}
		if !r.state.step(e.From, e.To) {
			return "the server was in state " + r.state.at
		}
	case PeerState:
		if !r.knownSource(entry) {
			return "such lines come from another place of the game"
		}
		p := r.peer(e.Peer)
		if slices.Index(peerStates, e.From) < slices.Index(peerStates, p.state.at) && !p.state.step(e.From, e.To) {
			return "the peer was in state " + p.state.at
		}
		p.state = chain{at: strings.Clone(bounded(e.To))}
	case SavingProgress:
		if s := r.status.Saving; s == nil || s.Mode != "map" {
			return "no save at the end is in progress"
		}
	case SaveFinished:
		if r.status.Saving == nil && f.began && !f.partial {
			return "no save is in progress"
		}
	case Join:
		if _, count := r.waiting(); r.hadPeers && count == 0 && !slices.Contains(r.status.Players, e.Player) {
			return "no peer is connected that has not joined"
		}
	case Goodbye:
		if strings.HasPrefix(r.state.at, "InGame") && !r.quitting {
			return "the server is in the game and not ending"
		}
	}
	return ""
}

// knownSource reports whether a message comes from where it came from before; the numbers differ between versions only.
func (r *run) knownSource(entry Entry) bool {
	kind := entry.Event.Kind
	source, ok := r.sources[kind]
	if !ok {
		if r.sources == nil {
			r.sources = make(map[Kind]string)
		}
		r.sources[kind] = strings.Clone(bounded(entry.Source))
		return true
	}
	return source == entry.Source
}

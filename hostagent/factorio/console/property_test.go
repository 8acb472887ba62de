package console

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
)

// A maker makes events, and writes them as one version of the game does.
type maker struct {
	*rand.Rand
	version factorio.Version
}

var versions = []factorio.Version{{Minor: 16, Patch: 51}, {Minor: 17, Patch: 74}, {Minor: 18, Patch: 47}, {Major: 1, Patch: 0}, {Major: 1, Minor: 1, Patch: 110},
	{Major: 2, Patch: 77}, {Major: 2, Minor: 1, Patch: 12}}

// text is anything that fits a line; path may also be the name of a save or a reason.
func (m maker) text() string {
	pieces := []string{"a", "Z", "é", " ", ": ", ". ", "(", ")", "})", "\"", "\t", "\x1b[2J", "Saving finished", "[JOIN] ", " bytes.", "Reason: ", "7", "中"}
	var b strings.Builder
	b.WriteString("x")
	for range m.IntN(8) {
		b.WriteString(pieces[m.IntN(len(pieces))])
	}
	b.WriteString("x")
	return b.String()
}

func (m maker) player() string {
	return []string{"<server>", "User", "a.b-c_d", "[JOIN]", "mainbus:1", "Ünï"}[m.IntN(6)]
}

func (m maker) addr() string {
	return []string{"203.0.113.4:56255", "[2001:db8::1]:34197", "0.0.0.0:1"}[m.IntN(3)]
}

func (m maker) state() string {
	return []string{"Ready", "InGame", "InGameSavingMap", "InGameSavingMapForDesyncReport", "Closed"}[m.IntN(5)]
}

// tick returns a number and how this version writes it.
func (m maker) tick() (uint64, string) {
	if m.IntN(4) > 0 {
		n := uint64(m.Uint32N(1 << 31))
		return n, fmt.Sprint(n)
	}
	if m.version.Major < 2 {
		return NoTick, "4294967295"
	}
	return NoTick, "18446744073709551615"
}

// line makes an event of a kind and the line that tells it.
func (m maker) line(kind Kind) (Event, Line) {
	e := Event{Kind: kind}
	l := Line{Shape: Engine, Seconds: float64(m.IntN(1e9)) / 1000, Level: "Info", Source: "ServerMultiplayerManager.cpp:808"}
	word := "updateTick"
	if m.version.Major == 0 && m.version.Minor <= 16 {
		word = "mapTick"
	}
	switch kind {
	case Version:
		l.Shape = Plain
		e.Version, e.Build, e.Mode = m.version, m.Uint32(), "linux64, headless"
		l.Text = fmt.Sprintf("2026-08-02 02:16:26; Factorio %v (build %d, %s)", e.Version, e.Build, e.Mode)
	case LoadingMap:
		l.Shape = Plain
		e.Name, e.Size = m.text(), int64(m.Uint32())
		l.Text = fmt.Sprintf("Loading map %s: %d bytes.", e.Name, e.Size)
	case LoadingMod:
		l.Shape = Plain
		e.Name, e.Version, e.Mode = "a b", m.version, "data.lua"
		l.Text = fmt.Sprintf("Loading mod %s %v (%s)", e.Name, e.Version, e.Mode)
	case Checksum:
		l.Shape = Plain
		e.Name, e.CRC = m.text(), m.Uint32()
		l.Text = fmt.Sprintf("Checksum of %s: %d", e.Name, e.CRC)
	case StateChanged:
		n, text := m.tick()
		e.From, e.To, e.Tick = m.state(), m.state(), n
		l.Text = fmt.Sprintf("%s(%s) changing state from(%s) to(%s)", word, text, e.From, e.To)
	case PeerState:
		n, text := m.tick()
		e.Peer, e.From, e.To, e.Tick = m.Uint32(), m.state(), "DesyncedWaitingForMap", n
		l.Text = fmt.Sprintf("%s(%s) received stateChanged peerID(%d) oldState(%s) newState(%s)", word, text, e.Peer, e.From, e.To)
	case ServingMap:
		e.Name, e.Peer, e.Size, e.CRC, e.Tick = m.text(), m.Uint32(), int64(m.Uint32()), m.Uint32(), 7
		auxiliary := ""
		if m.version.Major >= 2 {
			auxiliary = "auxiliary(129) "
		}
		l.Text = fmt.Sprintf("UpdateTick(7) Serving map(%s) for peer(%d) size(%d) %scrc(%d)", e.Name, e.Peer, e.Size, auxiliary, e.CRC)
	case Entered:
		e.Peer, e.Index, e.Mode, e.Tick = m.Uint32(), m.Uint32(), "create", 52
		l.Text = fmt.Sprintf("UpdateTick (52) processed PlayerJoinGame peerID(%d) playerIndex(%d) mode(create) ", e.Peer, e.Index)
	case RCONReady:
		e.Addr = m.addr()
		l.Text = "Starting RCON interface at IP ADDR:({" + e.Addr + "})"
		if m.version.Major == 0 || m.version.Minor == 0 && m.version.Major == 1 {
			e.Addr = ":27015"
			l.Text = "Starting RCON interface at port 27015"
		}
	case Hosting:
		l.Shape = Plain
		e.Addr = m.addr()
		l.Text = "Hosting game at IP ADDR:({" + e.Addr + "})"
	case Refused:
		l.Shape = Plain
		e.Addr, e.Player, e.Reason = m.addr(), m.text(), "ModsMismatch"
		l.Text = fmt.Sprintf("Refusing connection for address (IP ADDR:({%s})), username (%s). %s", e.Addr, e.Player, e.Reason)
	case SaveStarted:
		e.Name, e.Mode, e.Blocking = m.text(), []string{"auto", "game", "map"}[m.IntN(3)], true
		l.Text = "Saving " + e.Mode + " as " + e.Name
		if e.Mode == "auto" {
			e.Blocking = m.IntN(2) == 0
			l.Text = "Saving to " + e.Name + map[bool]string{true: " (blocking).", false: " (non-blocking)."}[e.Blocking]
		}
	case SavingProgress:
		e.Percent = float64(m.IntN(100_000_001)) / 1e6
		l.Text = fmt.Sprintf("Saving progress: %f%%", e.Percent)
	case Failure:
		l.Level = "Error"
		e.Text = m.text()
		l.Text = "MultiplayerManager failed: " + e.Text
	case Chat, Shout:
		l = Line{Tag: strings.ToUpper(kind.String())}
		e.Player, e.Text = m.player(), m.text()
		l.Text = e.Player + ": " + e.Text
	case Join:
		l = Line{Tag: "JOIN"}
		e.Player = m.player()
		l.Text = e.Player + " joined the game"
	case Leave:
		l = Line{Tag: "LEAVE"}
		d := departures[m.IntN(len(departures))]
		e.Player, e.Reason = m.player(), d.reason
		l.Text = e.Player + d.text
	case Kick, Ban:
		l = Line{Tag: strings.ToUpper(kind.String())}
		e.Player, e.By, e.Reason, e.Absent = m.player(), m.player(), m.text(), kind == Ban && m.IntN(2) == 0
		absent := ""
		if e.Absent {
			absent = "(not on map) "
		}
		words := map[Kind]string{Kick: "kicked", Ban: "banned"}[kind]
		l.Text = fmt.Sprintf("%s %swas %s by %s. Reason: %s.", e.Player, absent, words, e.By, e.Reason)
	}
	if l.Tag != "" {
		l.Shape, l.Time = Dated, fmt.Sprintf("20%02d-01-20 10:30:%02d", m.IntN(100), m.IntN(60))
	}
	if l.Shape == Plain {
		l.Level, l.Source = "", ""
	}
	return e, l
}

func TestWrittenEventsAreReadAgain(t *testing.T) {
	written := []Kind{Version, LoadingMap, LoadingMod, Checksum, StateChanged, PeerState, ServingMap, Entered, RCONReady, Hosting, Refused, SaveStarted,
		SavingProgress, Failure, Chat, Shout, Join, Leave, Kick, Ban}
	for _, v := range versions {
		m := maker{rand.New(rand.NewPCG(uint64(v.Minor), uint64(v.Major))), v}
		for range 2000 {
			want, l := m.line(written[m.IntN(len(written))])
			s := l.String()
			if got := Parse(s); got != l {
				t.Fatalf("Parse(%q)\n got %+v\nwant %+v", s, got, l)
			}
			if got := l.Event(); !reflect.DeepEqual(got, want) {
				t.Fatalf("%v: event of %q\n got %+v\nwant %+v", v, s, got, want)
			}
		}
	}
}

// Any lines at all: every line comes out once and in order, and what is kept stays bounded.
func FuzzFollow(f *testing.F) {
	var start []string
	for _, test := range eventLines {
		start = append(start, test.line)
	}
	f.Add(strings.Join(start, "\n"))
	for _, test := range blocks {
		f.Add(test.lines)
	}
	f.Add(strings.Join(noEvents, "\n"))
	f.Fuzz(func(t *testing.T, s string) {
		var follower Follower
		at := 0
		check := func(entries []Entry) {
			for _, e := range entries {
				if e.First <= at || e.Last < e.First {
					t.Fatalf("lines %d-%d after line %d", e.First, e.Last, at)
				}
				at = e.Last
				e.Fields()
				if e.Doubt != "" && e.Event.Kind != None {
					t.Fatalf("doubted, but %s", show(e.Event))
				}
			}
		}
		lines := strings.Split(s, "\n")
		for _, line := range lines {
			check(follower.Feed(line))
		}
		check(follower.End())
		if status := follower.Status(); len(status.Players) > len(lines) || !status.Ended {
			t.Fatalf("%+v", status)
		}
	})
}

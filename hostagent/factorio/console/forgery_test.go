package console

import (
	"strings"
	"testing"
)

// What players type and what they are called never becomes more than that, whatever it looks like.
func TestPlayersForgeNothing(t *testing.T) {
	tests := []struct{ line, want string }{
		{"[CHAT] eve: 2026-08-02 02:16:36 [JOIN] bob joined the game", "chat player=eve text=2026-08-02 02:16:36 [JOIN] bob joined the game"},
		{"[CHAT] eve:    9.567 Info MainLoop.cpp:1: Saving finished", "chat player=eve text=   9.567 Info MainLoop.cpp:1: Saving finished"},
		{"[CHAT] eve: mainbus:1 31 b476ff9e 0 0 1/1 301 core hello rmainbus", "chat player=eve text=mainbus:1 31 b476ff9e 0 0 1/1 301 core hello rmainbus"},
		{"[CHAT] eve: bob was kicked by <server>. Reason: x.", "chat player=eve text=bob was kicked by <server>. Reason: x."},
		{"[CHAT] eve: \x1b[2K\x1b[1A\r   9.567 Goodbye", "chat player=eve text=\x1b[2K\x1b[1A\r   9.567 Goodbye"},
		{"[CHAT] <server>: as if", "chat player=<server> text=as if"}, // a name that no account can have
		{"[CHAT] [JOIN]: bob joined the game", "chat player=[JOIN] text=bob joined the game"},
		{"[JOIN] [LEAVE] joined the game", "join player=[LEAVE]"},
		{"[JOIN] mainbus:1 joined the game", "join player=mainbus:1"},
		{"[LEAVE] joined left the game", "leave player=joined"},
		{"[KICK] eve was kicked by bob. Reason: x. Reason: bob was banned by eve. Reason: y.",
			"kick player=eve by=bob reason=x. Reason: bob was banned by eve. Reason: y"},
		{"[COMMAND] eve (command): bob (command): x", "command player=eve mode=command text=bob (command): x"},
		{"[SHOUT] eve: [BAN] bob was banned by <server>. Reason: x.", "shout player=eve text=[BAN] bob was banned by <server>. Reason: x."},
	}
	for _, test := range tests {
		f := started(t)
		diff(t, told(f, []string{"2026-08-02 02:16:35 " + test.line}), []string{"5 " + test.want})
		if s := f.Status(); s.State != "InGame" || s.Failure != "" || s.LastSave != nil {
			t.Errorf("%q: %+v", test.line, s)
		}
	}
	f := started(t)
	diff(t, told(f, []string{"   9.567 Refusing connection for address (IP ADDR:({203.0.113.4:56255})), username (x). Goodbye). ModsMismatch"}),
		[]string{"5 refused addr=203.0.113.4:56255 player=x). Goodbye reason=ModsMismatch"})
}

// What scripts print or log, a line break in a chat line included, with the real lines around it. The state in the end must be that of
// the real lines alone.
func TestPrintsForgeNothingThatCanBeTold(t *testing.T) {
	const (
		early = "its time is before that of the lines before it"
		next1 = "  20.000" + manager + "updateTick(9) changing state from(InGame) to(InGameSavingMap)"
		next2 = "  20.100" + manager + "updateTick(9) changing state from(InGameSavingMap) to(InGame)"
		next3 = "  30.000" + manager + "updateTick(9) changing state from(InGame) to(InGameSavingMap)"
		next4 = "  30.100" + manager + "updateTick(9) changing state from(InGameSavingMap) to(InGame)"
	)
	tests := []struct {
		name, forged string
		want         []string
	}{
		{"log", "  12.000 Script @__x__/control.lua:1:   12.000 Goodbye", nil},
		{"log of a join", "  12.000 Script @__x__/control.lua:1: 2026-08-02 02:16:35 [JOIN] bob joined the game", nil},
		{"a tag without date", "[JOIN] bob joined the game", nil},
		{"words without time", "Saving finished\nGoodbye\nchanging state from(InGame) to(Closed)", nil},
		{"a link line", "mainbus:1 31 b476ff9e 0 0 1/1 301 core hello rmainbus", nil},
		{"a time that is over", "   0.567 Received SIGINT, shutting down\n   0.567 Quitting: signal.", []string{"6 ? " + early, "7 ? " + early}},
		{"goodbye in the game", "  12.000 Goodbye", []string{"6 ? the server is in the game and not ending"}},
		{"a way that states don't go", "  12.000" + manager + "updateTick(9) changing state from(InGame) to(Closed)",
			[]string{"6 ? no server goes from InGame to Closed"}},
		{"a state that the server is not in", "  12.000" + manager + "updateTick(9) changing state from(Disconnecting) to(Disconnected)",
			[]string{"6 ? the server was in state InGame"}},
		{"another place", "  12.000 Info ServerMultiplayerManager.cpp:1: updateTick(9) changing state from(InGame) to(Failed)",
			[]string{"6 ? such lines come from another place of the game"}},
		{"a save that never began", "  12.000 Info AppManager.cpp:419: Saving finished", []string{"6 ? no save is in progress"}},
		{"progress of no save", "  12.000 Info MainLoop.cpp:448: Saving progress: 50.0%", []string{"6 ? no save at the end is in progress"}},
		{"a new run", "  12.000 2026-08-02 02:16:26; Factorio 9.9.9 (build 1, linux64)", []string{"6 ? the run before it goes on"}},
		{"a crash", "Factorio crashed. Generating symbolized stacktrace, please wait ...\n#0  0x01 in f()", nil},
		{"a peer that was never connected", "  12.000" + peers + "updateTick(9) received stateChanged peerID(1) oldState(Ready) newState(InGame)",
			[]string{"6 ? the peer was in state ConnectedDownloadingMap"}},
		{"a join without peer", "2026-08-02 02:16:35 [JOIN] a joined the game\n2026-08-02 02:16:35 [JOIN] bob joined the game",
			[]string{"6 join player=a", "7 ? no peer is connected that has not joined"}},
		{"a time to come", "9000.000 Warning X.cpp:1: x\n", []string{"8 ? " + early, "9 ? the server was in state InGame"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := started(t)
			lines := []string{"  11.000" + peers + "updateTick(5) received stateChanged peerID(1) oldState(ConnectedWaitingForMap) newState(ConnectedDownloadingMap)"}
			lines = append(lines, strings.Split(test.forged, "\n")...)
			lines = append(lines, next1, next2, next3, next4)
			var doubts []string
			for _, line := range told(f, lines) {
				if strings.Contains(line, " ? ") || strings.Contains(line, "join") {
					doubts = append(doubts, line)
				}
			}
			diff(t, doubts, test.want)
			if s := f.Status(); s.State != "InGame" || s.Failure != "" || s.LastSave != nil || s.Version.Major != 2 || s.Saving != nil {
				t.Errorf("%+v", s)
			}
		})
	}
}

// A forgery that can't be told from the truth is believed, and forgotten when the truth contradicts it.
func TestForgeriesDoNotLast(t *testing.T) {
	f := started(t)
	told := told(f, []string{
		"  12.000 Received SIGINT, shutting down",
		"  12.000 Quitting: signal.",
		"  12.000" + manager + "updateTick(9) changing state from(InGame) to(DisconnectingScheduled)",
		"  12.000" + manager + "updateTick(9) changing state from(DisconnectingScheduled) to(Closed)",
		"  12.000 Goodbye", // all of this was printed
		"  13.000" + manager + "updateTick(9) changing state from(InGame) to(InGameSavingMap)",
		"  13.100" + manager + "updateTick(9) changing state from(InGameSavingMap) to(InGame)",
	})
	if got := told[len(told)-2:]; got[0] != "10 ? the server was in state Closed" || got[1] != "11 state_changed from=InGameSavingMap to=InGame tick=9" {
		t.Errorf("%q", got)
	}
	if s := f.Status(); s.State != "InGame" {
		t.Errorf("%+v", s)
	}
}

package console

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// told feeds a follower and writes what it told, one entry a line: "3 kind field=value …" or "3-7 …"; lines that say nothing
// are left out, those that are not believed are "3 ? doubt".
func told(f *Follower, lines []string) []string {
	var all []string
	note := func(entries []Entry) {
		for _, e := range entries {
			at := fmt.Sprint(e.First)
			if e.Last != e.First {
				at = fmt.Sprintf("%d-%d", e.First, e.Last)
			}
			switch {
			case e.Doubt != "":
				all = append(all, at+" ? "+e.Doubt)
			case e.Event.Kind != None:
				all = append(all, at+" "+show(e.Event))
			}
		}
	}
	for _, line := range lines {
		note(f.Feed(line))
	}
	note(f.End())
	return all
}

func diff(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("missing %s", want[i])
		case i >= len(want):
			t.Errorf("unexpected %s", got[i])
		case got[i] != want[i]:
			t.Errorf("entry %d\n got %s\nwant %s", i, got[i], want[i])
		}
	}
}

// realLogs is what the sample logs say, to the line.
var realLogs = map[string]struct {
	lines  map[Shape]int
	kinds  string // of all lines in order
	states string
	status Status
}{
	"0.17.74-headless-previous.log": {
		lines: map[Shape]int{Engine: 40, Plain: 29},
		kinds: "version line arguments path×3 line×3 loading_mod×3 checksum×2 line×3 initialised line state_changed×2 loading_map line map_version " +
			"line checksum line hosting line×2 state_changed line refused line refused line connecting peer_added state_changed peer_state serving_map " +
			"state_changed peer_state×4 entered peer_state disconnected peer_state peer_removed idle_save save_started save_finished stdin_closed " +
			"shutting_down quitting save_started save_progress×2 line state_changed×3 line state_changed line×2 goodbye",
		states: "PreparedToHostGame CreatingGame InGame@0 InGameSavingMap@0 InGame@0 DisconnectingScheduled@1662 Disconnecting@1662 Disconnected@1662 Closed@1662",
		status: Status{State: "Closed", Ended: true, LastSave: &Save{Name: "/opt/factorio/./saves/mysave.zip", Mode: "map", Blocking: true, Percent: 100}},
	},
	"1.1.25-headless-previous-port-in-use.log": {
		lines: map[Shape]int{Engine: 17, Plain: 21},
		kinds: "version line arguments path×3 line×3 loading_mod×3 checksum×2 line×3 initialised line state_changed×2 loading_map line map_version " +
			"line checksum line×3 failure state_changed line×2 state_changed line state_changed line goodbye",
		states: "PreparedToHostGame CreatingGame InitializationFailed@424601 DisconnectingScheduled Closed",
		status: Status{State: "Closed", Ended: true, Failure: "Host address is already in use."},
	},
	"2.0.55-headless-current-failed-start.log": {
		lines: map[Shape]int{Engine: 22, Plain: 28},
		kinds: "version line arguments path×4 line×11 loading_mod×8 checksum×5 line×3 initialised line state_changed×2 loading_map failure state_changed " +
			"line×2 state_changed line write_failed×3 line goodbye",
		states: "PreparedToHostGame CreatingGame InitializationFailed Closed",
		status: Status{State: "Closed", Ended: true, Failure: `filesystem error: create_directories "/opt/factorio/temp/currently-playing" failed: ` +
			`Permission denied [/opt/factorio/temp/currently-playing]`},
	},
	"2.0.77-headless-stdout-sessions.txt": {
		lines: map[Shape]int{Engine: 33, Plain: 35, Bare: 3, Dated: 1},
		kinds: "version line arguments path×4 line×11 loading_mod×8 checksum×5 line×3 initialised line state_changed×2 loading_map line map_version " +
			"line×2 checksum line hosting state_changed line rcon_ready line×4 chat shutting_down quitting save_started save_progress×2 line " +
			"state_changed×3 line state_changed line×6 goodbye",
		states: "PreparedToHostGame CreatingGame InGame@0 DisconnectingScheduled@926 Disconnecting@926 Disconnected@926 Closed@926",
		status: Status{State: "Closed", Ended: true,
			LastSave: &Save{Name: "/home/user/project/FactorioReforge/server/factorio/saves/probe.zip", Mode: "map", Blocking: true, Percent: 100}},
	},
}

func TestRealLogs(t *testing.T) {
	for name, want := range realLogs {
		t.Run(name, func(t *testing.T) {
			var f Follower
			shapes := make(map[Shape]int)
			var sequence, states []string
			at := 0
			for i, s := range readLog(t, name) {
				l := Parse(s)
				if slow := parseSlowly(s); l != slow {
					t.Errorf("line %d is %+v, want %+v", i+1, l, slow)
				}
				if l.String() != s {
					t.Errorf("line %d is written as %q", i+1, l.String())
				}
				shapes[l.Shape]++
				for _, e := range f.Feed(s) {
					if at++; e.First != at || e.Last != at || e.Doubt != "" {
						t.Errorf("line %d: entry of lines %d-%d, doubt %q", at, e.First, e.Last, e.Doubt)
					}
					sequence = append(sequence, e.Event.Kind.String())
					if e.Event.Kind == StateChanged {
						state := e.Event.To
						if e.Event.Tick != NoTick {
							state += fmt.Sprint("@", e.Event.Tick)
						}
						states = append(states, state)
					}
				}
			}
			if rest := f.End(); len(rest) > 0 {
				t.Errorf("held to the end: %+v", rest)
			}
			if !reflect.DeepEqual(shapes, want.lines) {
				t.Errorf("shapes %v, want %v", shapes, want.lines)
			}
			if got := runs(sequence); got != want.kinds {
				t.Errorf("kinds\n%s, want\n%s", got, want.kinds)
			}
			if got := strings.Join(states, " "); got != want.states {
				t.Errorf("states\n%s, want\n%s", got, want.states)
			}
			got := f.Status()
			if got.Version.String() != strings.SplitN(name, "-", 2)[0] {
				t.Errorf("version %v", got.Version)
			}
			want.status.Version = got.Version
			if !reflect.DeepEqual(got, want.status) {
				t.Errorf("status\n%+v, want\n%+v", got, want.status)
			}
		})
	}
}

// runs writes "a a b" as "a×2 b".
func runs(words []string) string {
	var all []string
	for len(words) > 0 {
		n := 1
		for n < len(words) && words[n] == words[0] {
			n++
		}
		word := words[0]
		if n > 1 {
			word += fmt.Sprintf("×%d", n)
		}
		all = append(all, word)
		words = words[n:]
	}
	return strings.Join(all, " ")
}

const (
	manager = " Info ServerMultiplayerManager.cpp:808: "
	peers   = " Info ServerMultiplayerManager.cpp:978: "
)

// started brings a follower into the game at second 1.
func started(t *testing.T) *Follower {
	t.Helper()
	var f Follower
	for _, line := range []string{
		"   0.000 2026-08-02 02:16:26; Factorio 2.0.77 (build 84539, linux64, headless, space-age)",
		"   0.542" + manager + "updateTick(18446744073709551615) changing state from(Ready) to(PreparedToHostGame)",
		"   0.542" + manager + "updateTick(18446744073709551615) changing state from(PreparedToHostGame) to(CreatingGame)",
		"   1.000" + manager + "updateTick(0) changing state from(CreatingGame) to(InGame)",
	} {
		if e := f.Feed(line); len(e) != 1 || e[0].Doubt != "" {
			t.Fatalf("%q: %+v", line, e)
		}
	}
	if s := f.Status(); s.State != "InGame" || s.Version.Patch != 77 {
		t.Fatalf("%+v", s)
	}
	return &f
}

// The blocks of the facts, with what they add up to. Line numbers begin with the four of started.
var blocks = []struct {
	name, lines string
	want        []string
	check       func(Status) bool
}{
	{
		name: "a player joins and leaves",
		lines: `   4.246 ConnectionRequestReplyConfirm (type(ConnectionRequestReplyConfirm) ) from(IP ADDR:({10.11.12.13:61375}))
   4.246 Info ServerRouter.cpp:465: Replying to connectionRequest for address(IP ADDR:({10.11.12.13:61375})).
   4.246 Info ServerSynchronizer.cpp:594: nextHeartbeatSequenceNumber(28) adding peer(1)
   4.264 Info ServerMultiplayerManager.cpp:808: updateTick(19044001) changing state from(InGame) to(InGameSavingMap)
   4.279 Info ServerMultiplayerManager.cpp:978: updateTick(19044001) received stateChanged peerID(1) oldState(Ready) newState(ConnectedWaitingForMap)
   4.879 Info ServerMultiplayerManager.cpp:1039: UpdateTick(19044001) Serving map(/w/temp/mp-save-0.zip) for peer(1) size(21679343) auxiliary(129) crc(2368940170)
   4.879 Info ServerMultiplayerManager.cpp:808: updateTick(19044001) changing state from(InGameSavingMap) to(InGame)
   8.729 Info GameActionHandler.cpp:4477: UpdateTick (19044001) processed PlayerJoinGame peerID(1) playerIndex(3) mode(connect)
2026-08-02 02:16:35 [JOIN] name joined the game
   9.662 Info ServerMultiplayerManager.cpp:1086: Disconnect notification for peer (1)
2026-08-02 02:16:36 [LEAVE] name left the game`,
		want: []string{"6 connecting addr=10.11.12.13:61375", "7 peer_added peer=1", "8 state_changed from=InGame to=InGameSavingMap tick=19044001",
			"9 peer_state peer=1 from=Ready to=ConnectedWaitingForMap tick=19044001", "10 serving_map peer=1 name=/w/temp/mp-save-0.zip size=21679343 crc=2368940170 tick=19044001",
			"11 state_changed from=InGameSavingMap to=InGame tick=19044001", "12 entered peer=1 index=3 mode=connect tick=19044001", "13 join player=name",
			"14 disconnected peer=1", "15 leave player=name"},
		check: func(s Status) bool { return s.State == "InGame" && len(s.Players) == 0 },
	},
	{
		name: "the line that tells of leaving does not come",
		lines: `   4.246 Info ServerSynchronizer.cpp:594: nextHeartbeatSequenceNumber(28) adding peer(1)
2026-08-02 02:16:35 [JOIN] a joined the game
   5.000 Info ServerSynchronizer.cpp:613: nextHeartbeatSequenceNumber(347934) removing peer(1).
   5.246 Info ServerSynchronizer.cpp:594: nextHeartbeatSequenceNumber(28) adding peer(2)
2026-08-02 02:16:39 [JOIN] b joined the game`,
		want:  []string{"5 peer_added peer=1", "6 join player=a", "7 peer_removed peer=1", "8 peer_added peer=2", "9 join player=b"},
		check: func(s Status) bool { return slices.Equal(s.Players, []string{"b"}) },
	},
	{
		name: "players are kicked and banned",
		lines: `2026-08-02 02:16:35 [JOIN] a joined the game
2026-08-02 02:16:35 [JOIN] b joined the game
2026-08-02 02:16:35 [JOIN] c joined the game
2026-08-02 02:16:36 [KICK] a was kicked by <server>. Reason: unspecified.
2026-08-02 02:16:37 [BAN] b was banned by c. Reason: griefing.`,
		want: []string{"5 join player=a", "6 join player=b", "7 join player=c", "8 kick player=a by=<server>",
			"9 ban player=b by=c absent=false reason=griefing"},
		check: func(s Status) bool { return slices.Equal(s.Players, []string{"c"}) },
	},
	{
		name: "an autosave that does not block, and one that is not finished",
		lines: ` 609.329 Info AppManager.cpp:323: Saving to _autosave1 (non-blocking).
 610.179 Info AppManagerStates.cpp:2110: Saving finished
1210.179 Info AppManager.cpp:323: Saving to _autosave2 (blocking).`,
		want: []string{"5 save_started name=_autosave1 mode=auto blocking=false", "6 save_finished", "7 save_started name=_autosave2 mode=auto blocking=true"},
		check: func(s Status) bool {
			return *s.LastSave == Save{Name: "_autosave1", Mode: "auto", Percent: 100} && *s.Saving == Save{Name: "_autosave2", Mode: "auto", Blocking: true}
		},
	},
	{
		name: "an error in a script ends the game",
		lines: ` 110.207 Error MainLoop.cpp:1488: Exception at tick 5880: The mod X (0.0.1) caused a non-recoverable error.
Please report this error to the mod author.

Error while running event X::on_nth_tick(60)
__X__/control.lua:3: attempt to index a nil value
stack traceback:
	[C]: in function '__index'
	__X__/control.lua:3: in function <__X__/control.lua:1>
 110.207 Error ServerMultiplayerManager.cpp:92: MultiplayerManager failed: "The mod X (0.0.1) caused a non-recoverable error.
Please report this error to the mod author.

Error while running event X::on_nth_tick(60)
__X__/control.lua:3: attempt to index a nil value
stack traceback:
	[C]: in function '__index'
	__X__/control.lua:3: in function <__X__/control.lua:1>"
 110.208 Info ServerMultiplayerManager.cpp:808: updateTick(5880) changing state from(InGame) to(Failed)
 110.208 Quitting: multiplayer error.
 110.300 Goodbye`,
		want: []string{"5-20 lua_error name=X text=The mod X (0.0.1) caused a non-recoverable error. tick=5880 reason=Please report this error to the mod author.\n\n" +
			"Error while running event X::on_nth_tick(60)\n__X__/control.lua:3: attempt to index a nil value " +
			"stack=[\t[C]: in function '__index' \t__X__/control.lua:3: in function <__X__/control.lua:1>]",
			"21 state_changed from=InGame to=Failed tick=5880", "22 quitting reason=multiplayer error", "23 goodbye"},
		check: func(s Status) bool {
			return s.State == "Failed" && s.Ended && s.Failure == "The mod X (0.0.1) caused a non-recoverable error."
		},
	},
	{
		name: "a failure in several lines that is told once",
		lines: `   2.207 Error ServerMultiplayerManager.cpp:92: MultiplayerManager failed: "Error while loading level:
a: b
c: d"
2.0.77`,
		want:  []string{"5-7 failure text=Error while loading level: stack=[a: b c: d]"},
		check: func(s Status) bool { return s.Failure == "Error while loading level:" },
	},
	{
		name: "a prototype that can't be loaded",
		lines: `   2.207 Error ModManager.cpp:1751: Error while loading item prototype "x" (item): no icon
Modifications: Mod A › Mod B`,
		want: []string{`5-6 failure text=Error while loading item prototype "x" (item): no icon stack=[Modifications: Mod A › Mod B]`},
	},
	{
		name: "a crash",
		lines: `   9.100 Error CrashHandler.cpp:641: Received SIGSEGV
Factorio crashed. Generating symbolized stacktrace, please wait ...
#0  0x01 in f() at a.cpp:1
#1  0x02 in main
   9.300 Error Util.cpp:97: Unexpected error occurred. If you're running the latest version`,
		want: []string{"5-9 crash text=Received SIGSEGV stack=[Factorio crashed. Generating symbolized stacktrace, please wait ... #0  0x01 in f() at a.cpp:1 " +
			"#1  0x02 in main Unexpected error occurred. If you're running the latest version]"},
		check: func(s Status) bool { return s.Failure == "Received SIGSEGV" && s.Ended },
	},
	{
		name: "a crash whose trace comes first",
		lines: `Factorio crashed. Generating symbolized stacktrace, please wait ...
#0  0x01 in f() at a.cpp:1
   9.300 Error CrashHandler.cpp:190: Received 11`,
		want: []string{"5-7 crash text=Factorio crashed. Generating symbolized stacktrace, please wait ... stack=[#0  0x01 in f() at a.cpp:1 Received 11]"},
	},
	{
		name: "a crash that is reported",
		lines: `  28.465 Error CrashHandler.cpp:522: Received SIGSEGV
Factorio crashed. Generating symbolized stacktrace, please wait ...
#28 0x00007fff628b2415 in 0x00007fff628b2415
Stack trace logging done
  30.822 Error CrashHandler.cpp:174: Map tick at moment of crash: 450
  30.822 Error Util.cpp:67: Unexpected error occurred. If you're running the latest version
Please also include the save file(s)
  32.175 Uploading log file`,
		want: []string{"5-12 crash text=Received SIGSEGV stack=[Factorio crashed. Generating symbolized stacktrace, please wait ... #28 0x00007fff628b2415 in " +
			"0x00007fff628b2415 Stack trace logging done Map tick at moment of crash: 450 Unexpected error occurred. If you're running the latest version " +
			"Please also include the save file(s) Uploading log file]"},
	},
	{
		name: "a script that logs several lines",
		lines: `  21.328 Script @__x__/a.lua:31: {
  objects = {}
}
  21.336 Script @__x__/a.lua:336: done`,
	},
	{
		name: "a log that somebody cut short",
		lines: `  28.389 Info ServerMultiplayerManager.cpp:794: updateTick(1) received stateChanged peerID(1) oldState(Ready) newState(ConnectedWaitingForMap)
  50.702 Info ServerMultiplayerManager.cpp:794: updateTick(9) received stateChanged peerID(1) oldState(TryingToCatchUp) newState(InGame)`,
		want: []string{"5 peer_state peer=1 from=Ready to=ConnectedWaitingForMap tick=1", "6 peer_state peer=1 from=TryingToCatchUp to=InGame tick=9"},
	},
	{
		name: "a crash of which the process dies at once",
		lines: `Factorio crashed. Generating symbolized stacktrace, please wait ...
#0  0x01 in f() at a.cpp:1`,
		want: []string{"5-6 crash text=Factorio crashed. Generating symbolized stacktrace, please wait ... stack=[#0  0x01 in f() at a.cpp:1]"},
	},
	{
		name: "a desync is one event, and the peer comes back",
		lines: `  72.400 Info ServerSynchronizer.cpp:594: nextHeartbeatSequenceNumber(28) adding peer(1)
  72.472 Info ServerMultiplayerManager.cpp:946: updateTick(3997) received stateChanged peerID(1) oldState(InGame) newState(DesyncedWaitingForMap)
  72.473 Info ServerMultiplayerManager.cpp:1035: updateTick(3997) received playerDesynced peer (1)
  72.478 Info ServerMultiplayerManager.cpp:808: updateTick(3997) changing state from(InGame) to(InGameSavingMapForDesyncReport)
  90.800 Info ServerMultiplayerManager.cpp:1013: UpdateTick(3997) Serving map(/w/temp/mp-save-1.zip) for peer(1) size(3380484) crc(1838171653)
  90.801 Info ServerMultiplayerManager.cpp:808: updateTick(3997) changing state from(InGameSavingMapForDesyncReport) to(InGame)
  90.889 Info ServerMultiplayerManager.cpp:946: updateTick(3997) received stateChanged peerID(1) oldState(DesyncedWaitingForMap) newState(DesyncedDownloadingMap)
  92.889 Info ServerMultiplayerManager.cpp:946: updateTick(4100) received stateChanged peerID(1) oldState(DesyncedDownloadingMap) newState(InGame)
 172.473 Info ServerMultiplayerManager.cpp:1035: updateTick(9999) received playerDesynced peer (1)`,
		want: []string{"5 peer_added peer=1", "6 desync peer=1 tick=3997", "8 state_changed from=InGame to=InGameSavingMapForDesyncReport tick=3997",
			"9 serving_map peer=1 name=/w/temp/mp-save-1.zip size=3380484 crc=1838171653 tick=3997",
			"10 state_changed from=InGameSavingMapForDesyncReport to=InGame tick=3997",
			"11 peer_state peer=1 from=DesyncedWaitingForMap to=DesyncedDownloadingMap tick=3997",
			"12 peer_state peer=1 from=DesyncedDownloadingMap to=InGame tick=4100", "13 desync peer=1 tick=9999"},
		check: func(s Status) bool { return s.State == "InGame" },
	},
	{
		name: "a server that survives what looks like its end",
		lines: `   2.207 Error ServerMultiplayerManager.cpp:92: MultiplayerManager failed: no, it has not
   3.000 Info AppManager.cpp:416: Saving game as /x.zip
   3.100 Info AppManager.cpp:419: Saving finished`,
		want:  []string{"5 failure text=no, it has not", "6 save_started name=/x.zip mode=game blocking=true", "7 save_finished"},
		check: func(s Status) bool { return s.Failure == "" },
	},
	{
		name: "another run follows in the same file",
		lines: `2026-08-02 02:16:35 [JOIN] a joined the game
   0.000 2026-08-02 02:20:00; Factorio 2.1.9 (build 86000, linux64, headless)
   0.010 Operating system: Linux
   0.020 Factorio initialised`,
		want:  []string{"5 join player=a", "6 version version=2.1.9 build=86000 mode=linux64, headless", "8 initialised"},
		check: func(s Status) bool { return s.Version.Minor == 1 && s.State == "" && s.Players == nil },
	},
}

func TestBlocks(t *testing.T) {
	for _, test := range blocks {
		t.Run(test.name, func(t *testing.T) {
			f := started(t)
			diff(t, told(f, strings.Split(test.lines, "\n")), test.want)
			if s := f.Status(); test.check != nil && !test.check(s) {
				t.Errorf("%+v, saving %+v, last save %+v", s, s.Saving, s.LastSave)
			}
		})
	}
}

func TestProcessThatNeverWasAGame(t *testing.T) {
	var f Follower
	told(&f, []string{"/lib/libc.so.6: version `GLIBC_2.38' not found", "more"})
	if s := f.Status(); s.Failure != "/lib/libc.so.6: version `GLIBC_2.38' not found" || !s.Ended {
		t.Errorf("%+v", s)
	}
}

func TestGap(t *testing.T) {
	f := started(t)
	f.Feed("2026-08-02 02:16:35 [JOIN] a joined the game")
	f.Gap()
	diff(t, told(f, []string{
		"  72.478" + manager + "updateTick(3997) changing state from(InGameSavingMap) to(InGame)",
		"  72.479 Info AppManager.cpp:419: Saving finished",
	}), []string{"6 state_changed from=InGameSavingMap to=InGame tick=3997", "7 save_finished"})
}

func TestMessagesAreBounded(t *testing.T) {
	f := started(t)
	lines := []string{"   2.207 Error ServerMultiplayerManager.cpp:92: MultiplayerManager failed: \"endless"}
	for range 3 * maxGroup {
		lines = append(lines, "more")
	}
	got := told(f, lines)
	if len(got) != 1 || !strings.HasPrefix(got[0], fmt.Sprintf("5-%d failure text=endless", 4+maxGroup)) {
		t.Errorf("%d entries, the first %.80s", len(got), got[0])
	}
	for i := range 2 * maxPlayers {
		f.Feed(fmt.Sprintf("2026-08-02 02:16:35 [JOIN] p%d joined the game", i))
		f.Feed(fmt.Sprintf("  72.400 Info ServerSynchronizer.cpp:594: nextHeartbeatSequenceNumber(28) adding peer(%d)", i+1))
	}
	if len(f.Status().Players) > maxPlayers || len(f.run.peers) > maxPeers {
		t.Errorf("%d players, %d peers", len(f.Status().Players), len(f.run.peers))
	}
}

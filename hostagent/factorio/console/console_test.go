package console

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/internal/sample"
)

// The shapes once more, as the slow and readable expressions that Parse stands for.
const seconds = `(?s)^( {3}\d\.\d{3}| {2}\d{2}\.\d{3}| \d{3}\.\d{3}|\d{4,16}\.\d{3}) `

var (
	engineForm = regexp.MustCompile(seconds + `(Info|Warning|Error|Verbose) ([A-Za-z]+\.cpp:\d+): (.*)$`)
	scriptForm = regexp.MustCompile(seconds + `Script (@.*?:\d+|=\(command\):\d+): (.*)$`)
	plainForm  = regexp.MustCompile(seconds + `(.*)$`)
	datedForm  = regexp.MustCompile(`(?s)^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:\[([A-Z]+)\] )?(.*)$`)
)

func parseSlowly(s string) Line {
	s = strings.TrimSuffix(s, "\r")
	number := func(s string) float64 {
		f, _ := strconv.ParseFloat(strings.TrimSpace(s), 64)
		return f
	}
	if m := engineForm.FindStringSubmatch(s); m != nil {
		return Line{Shape: Engine, Seconds: number(m[1]), Level: m[2], Source: m[3], Text: m[4]}
	}
	if m := scriptForm.FindStringSubmatch(s); m != nil {
		return Line{Shape: Script, Seconds: number(m[1]), Source: m[2], Text: m[3]}
	}
	if m := plainForm.FindStringSubmatch(s); m != nil {
		return Line{Shape: Plain, Seconds: number(m[1]), Text: m[2]}
	}
	if m := datedForm.FindStringSubmatch(s); m != nil {
		return Line{Shape: Dated, Time: m[1], Tag: m[2], Text: m[3]}
	}
	return Line{Text: s}
}

func TestParse(t *testing.T) {
	const chat = "2026-08-02 02:16:35 [CHAT] "
	for s, want := range map[string]Line{
		"   0.567 Info UDPSocket.cpp:38: Opening socket at (IP ADDR:({0.0.0.0:34199}))": {Shape: Engine, Seconds: 0.567, Level: "Info",
			Source: "UDPSocket.cpp:38", Text: "Opening socket at (IP ADDR:({0.0.0.0:34199}))"},
		"1343819.675 Received SIGINT, shutting down": {Shape: Plain, Seconds: 1343819.675, Text: "Received SIGINT, shutting down"},
		"  12.000 Script @__a b__/x:1/file.lua:7: a:1: b": {Shape: Script, Seconds: 12, Source: "@__a b__/x:1/file.lua:7",
			Text: "a:1: b"},
		" 123.456 Script =(command):1: hello": {Shape: Script, Seconds: 123.456, Source: "=(command):1", Text: "hello"},
		"   0.567 Script: no source":          {Shape: Plain, Seconds: 0.567, Text: "Script: no source"},
		"   0.567 Info about nothing":         {Shape: Plain, Seconds: 0.567, Text: "Info about nothing"},
		"   0.567 ":                           {Shape: Plain, Seconds: 0.567},
		"   0.567 Goodbye\r":                  {Shape: Plain, Seconds: 0.567, Text: "Goodbye"},
		chat + "<server>: hello":              {Shape: Dated, Time: chat[:19], Tag: "CHAT", Text: "<server>: hello"},
		chat + "eve:    0.567 Info MainLoop.cpp:1: Saving finished": {Shape: Dated, Time: chat[:19], Tag: "CHAT",
			Text: "eve:    0.567 Info MainLoop.cpp:1: Saving finished"},
		"2026-08-02 02:16:35 Cannot execute command. Error: [string \"blah\"]:1: x": {Shape: Dated, Time: chat[:19],
			Text: "Cannot execute command. Error: [string \"blah\"]:1: x"},
		"2026-08-02 02:16:35 [a] b": {Shape: Dated, Time: chat[:19], Text: "[a] b"},
	} {
		if got := Parse(s); got != want {
			t.Errorf("Parse(%q)\n got %+v\nwant %+v", s, got, want)
		}
	}
	for _, s := range []string{"", " ", "2.0.77", "0.567 Goodbye", "  0.567 Goodbye", "    0.567 Goodbye", " 1234.567 Goodbye", "   0.567Goodbye",
		"   0.567", "Players (0):", "stack traceback:", "\t[C]: in function 'error'", "2026-08-02 02:16:35", "2026-08-02T02:16:35 [CHAT] x",
		strings.Repeat("9", 400) + ".000 x", "\xff\x00   0.567 Goodbye", "x   0.567 Goodbye", "mainbus:1 31 b476ff9e 0 0 1/1 301 core hello rmainbus"} {
		if got := Parse(s); got != (Line{Text: s}) {
			t.Errorf("Parse(%q) = %+v, want it bare", s, got)
		}
	}
}

// readLog returns the lines of a sample, without what the capture of standard output put before them.
func readLog(t testing.TB, name string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(sample.Dir(t, "logs"), name))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if !strings.Contains(name, "stdout") {
		return lines
	}
	var bare []string
	for _, line := range lines[2:] {
		if _, line, ok := strings.Cut(line, " | "); ok {
			bare = append(bare, line)
		}
	}
	return bare
}

// realLogs is what the sample logs must say.
var realLogs = map[string]struct {
	lines   map[Shape]int
	version factorio.Version
	build   uint32
	states  string
	events  []Event // all others
}{
	"0.17.74-headless-previous.log": {
		lines: map[Shape]int{Engine: 40, Plain: 29}, version: factorio.Version{Minor: 17, Patch: 74}, build: 47523,
		states: "Ready PreparedToHostGame CreatingGame InGame@0 InGameSavingMap@0 InGame@0 DisconnectingScheduled@1662 Disconnecting@1662 Disconnected@1662 Closed@1662",
		events: []Event{
			{Kind: LoadingMap, Name: "/opt/factorio/./saves/mysave.zip", Size: 710314},
			{Kind: Hosting, Addr: "0.0.0.0:34197"},
			{Kind: SaveStarted, Name: "/opt/factorio/./saves/mysave.zip", Blocking: true},
			{Kind: SaveFinished},
			{Kind: ShuttingDown, Text: "Received SIGHUP, shutting down"},
			{Kind: ShuttingDown, Text: "signal."},
			{Kind: SaveStarted, Name: "/opt/factorio/./saves/mysave.zip", Blocking: true},
			{Kind: SavingProgress, Percent: 0.222717},
			{Kind: SavingProgress, Percent: 100},
			{Kind: Goodbye},
		},
	},
	"1.1.25-headless-previous-port-in-use.log": {
		lines: map[Shape]int{Engine: 17, Plain: 21}, version: factorio.Version{Major: 1, Minor: 1, Patch: 25}, build: 58135,
		states: "Ready PreparedToHostGame CreatingGame InitializationFailed@424601 DisconnectingScheduled Closed",
		events: []Event{
			{Kind: LoadingMap, Name: "/root/factorio/saves/life.zip", Size: 2044618},
			{Kind: Failure, Text: "Host address is already in use."},
			{Kind: Goodbye},
		},
	},
	"2.0.55-headless-current-failed-start.log": {
		lines: map[Shape]int{Engine: 22, Plain: 28}, version: factorio.Version{Major: 2, Patch: 55}, build: 83138,
		states: "Ready PreparedToHostGame CreatingGame InitializationFailed Closed",
		events: []Event{
			{Kind: LoadingMap, Name: "/opt/factorio/saves/_autosave130.zip", Size: 82043248},
			{Kind: Failure, Text: `filesystem error: create_directories "/opt/factorio/temp/currently-playing" failed: Permission denied [/opt/factorio/temp/currently-playing]`},
			{Kind: Goodbye},
		},
	},
	"2.0.77-headless-stdout-sessions.txt": {
		lines: map[Shape]int{Engine: 33, Plain: 35, Bare: 3, Dated: 1}, version: factorio.Version{Major: 2, Patch: 77}, build: 84539,
		states: "Ready PreparedToHostGame CreatingGame InGame@0 DisconnectingScheduled@926 Disconnecting@926 Disconnected@926 Closed@926",
		events: []Event{
			{Kind: LoadingMap, Name: "/home/user/project/FactorioReforge/server/factorio/saves/probe.zip", Size: 863501},
			{Kind: Hosting, Addr: "0.0.0.0:34199"},
			{Kind: RCONReady, Addr: "0.0.0.0:27019"},
			{Kind: ShuttingDown, Text: "Received SIGINT, shutting down"},
			{Kind: ShuttingDown, Text: "signal."},
			{Kind: SaveStarted, Name: "/home/user/project/FactorioReforge/server/factorio/saves/probe.zip", Blocking: true},
			{Kind: SavingProgress, Percent: 0.244499},
			{Kind: SavingProgress, Percent: 100},
			{Kind: Goodbye},
		},
	},
}

func TestRealLogs(t *testing.T) {
	for name, want := range realLogs {
		t.Run(name, func(t *testing.T) {
			lines := readLog(t, name)
			shapes := make(map[Shape]int)
			var states, events = []string{"Ready"}, []Event(nil)
			for i, s := range lines {
				l := Parse(s)
				if slow := parseSlowly(s); l != slow {
					t.Errorf("line %d is %+v, want %+v", i+1, l, slow)
				}
				shapes[l.Shape]++
				switch e := l.Event(); e.Kind {
				case None:
				case Version:
					if i != 0 || e.Version != want.version || e.Build != want.build {
						t.Errorf("line %d: version %v build %d", i+1, e.Version, e.Build)
					}
				case StateChanged:
					if from, _, _ := strings.Cut(states[len(states)-1], "@"); e.From != from {
						t.Errorf("line %d: from %s, but the state was %s", i+1, e.From, from)
					}
					state := e.To
					if e.Tick != NoTick {
						state += "@" + strconv.FormatUint(e.Tick, 10)
					}
					states = append(states, state)
				default:
					events = append(events, e)
				}
			}
			if !reflect.DeepEqual(shapes, want.lines) {
				t.Errorf("shapes %v, want %v", shapes, want.lines)
			}
			if got := strings.Join(states, " "); got != want.states {
				t.Errorf("states\n%s, want\n%s", got, want.states)
			}
			if !reflect.DeepEqual(events, want.events) {
				t.Errorf("events\n%+v, want\n%+v", events, want.events)
			}
		})
	}
}

func TestEvents(t *testing.T) {
	for s, want := range map[string]Event{
		" 609.329 Info AppManager.cpp:323: Saving to _autosave130 (blocking).":                {Kind: SaveStarted, Name: "_autosave130", Blocking: true},
		" 609.329 Info AppManager.cpp:323: Saving to _autosave1 (non-blocking).":              {Kind: SaveStarted, Name: "_autosave1"},
		" 609.329 Info AppManager.cpp:416: Saving game as /a b/x.zip":                         {Kind: SaveStarted, Name: "/a b/x.zip", Blocking: true},
		" 609.329 Info AppManager.cpp:419: Saving finished":                                   {Kind: SaveFinished},
		"   0.567 Info RemoteCommandProcessor.cpp:126: Starting RCON interface at port 27015": {Kind: RCONReady, Addr: ":27015"},
		"   0.567 Info X.cpp:1: mapTick(4294967295) changing state from(Ready) to(PreparedToHostGame)": {Kind: StateChanged, From: "Ready",
			To: "PreparedToHostGame", Tick: NoTick},
		"   0.543 Loading map /a: 5 bytes./b.zip: 863501 bytes.": {Kind: LoadingMap, Name: "/a: 5 bytes./b.zip", Size: 863501},
		"   0.000 2026-08-02 02:16:26; Factorio 2.1.11 (build 86962, win64, steam)": {Kind: Version,
			Version: factorio.Version{Major: 2, Minor: 1, Patch: 11}, Build: 86962},
		"  16.011 Received second SIGINT, terminating immediately": {Kind: ShuttingDown, Text: "Received second SIGINT, terminating immediately"},
		"  16.011 Quitting: remote-quit.":                          {Kind: ShuttingDown, Text: "remote-quit."},
		" 110.207 Error MainLoop.cpp:1488: Exception at tick 5880: The mod X (0.0.1) caused a non-recoverable error.": {Kind: LuaError,
			Tick: 5880, Text: "The mod X (0.0.1) caused a non-recoverable error.", More: true},
		` 110.207 Error ServerMultiplayerManager.cpp:92: MultiplayerManager failed: "The mod X (0.0.1) caused a non-recoverable error.`: {
			Kind: Failure, Text: "The mod X (0.0.1) caused a non-recoverable error.", More: true},
		"   0.100 Error Main.cpp:839: require_user_verification must be enabled for public games.": {Kind: Failure,
			Text: "require_user_verification must be enabled for public games."},
		"   0.100 Error Util.cpp:81: Failed to load mods: a": {Kind: Failure, Text: "Failed to load mods: a"},
		"   0.100 Error ModManager.cpp:1751: Error while loading item prototype \"x\" (item): y": {Kind: Failure,
			Text: "Error while loading item prototype \"x\" (item): y", More: true},
		"   0.100 Error X.cpp:1: Couldn't acquire exclusive lock for /x/.lock": {Kind: Failure, Text: "Couldn't acquire exclusive lock for /x/.lock"},
		"   9.100 Error CrashHandler.cpp:641: Received SIGSEGV":                {Kind: Failure, Text: "Received SIGSEGV"},
		"   9.100 Factorio crashed. Generating symbolized stacktrace, please wait ...": {Kind: Failure,
			Text: "Factorio crashed. Generating symbolized stacktrace, please wait ..."},
		// What looks similar but says something else, or is said by somebody else.
		"   6.826 Error ServerMultiplayerManager.cpp:633: Matching server connection failed: Missing token.":                             {},
		"   6.826 Error RemoteCommandProcessor.cpp:326: RCON connection read failed: Can't read socket: reset":                           {},
		"   6.826 Error InterruptibleStdioStream.cpp:61: Got EOF on stdin; closing":                                                      {},
		"   6.826 Info ServerMultiplayerManager.cpp:978: updateTick(1) received stateChanged peerID(1) oldState(Ready) newState(InGame)": {},
		"   6.826 Info ServerMultiplayerManager.cpp:808: updateTick(x) changing state from(InGame) to(Failed)":                           {},
		" 511.670 Info ServerMultiplayerManager.cpp:1189: Auto saving map as /x.zip":                                                     {},
		"   6.826 Info MainLoop.cpp:448: Saving progress: NaN%":                                                                          {},
		"   6.826 Goodbye cruel world":                               {},
		"   0.553 Loading level.dat: 1012258 bytes.":                 {},
		"   0.023 Loading mod base 2.0.77 (data.lua)":                {},
		"   0.000 2026-08-02 02:16:26; Factorio 2.0 (build 1)":       {},
		"   6.826 Script @x.lua:1: Goodbye":                          {},
		"2026-08-02 02:16:35 [CHAT] a: Saving finished":              {},
		"2026-08-02 02:16:35 Goodbye":                                {},
		"Goodbye":                                                    {},
		"Hosting game at IP ADDR:({0.0.0.0:34199})":                  {},
		"Error while running event level::on_tick (ID 0)":            {},
		"updateTick(0) changing state from(CreatingGame) to(InGame)": {},
		"Error ServerMultiplayerManager.cpp:91: MultiplayerManager failed: Host address is already in use.":                   {},
		"   6.826 Info ServerMultiplayerManager.cpp:91: MultiplayerManager failed: said a script":                             {},
		"   6.826 Info ServerMultiplayerManager.cpp:808: updateTick(0) changing state from(CreatingGame)":                     {},
		"   6.826 updateTick(0) changing state from(CreatingGame) to(InGame)":                                                 {},
		"   6.826 Warning TransmissionControlHelper.cpp:176: Fragment 01af failed too many times":                             {},
		"   6.826 Info AuthServerConnector.cpp:109: Obtained serverPadlock for serverHash (MASKED) from the auth server.":     {},
		"   6.826 Refusing connection for address (IP ADDR:({203.0.113.4:56255})), username (Goodbye). ModsMismatch":          {},
		"   6.826 Info HttpSharedState.cpp:54: Downloading https://auth.factorio.com/generate-server-padlock-2?api_version=6": {},
		"   6.826 Info RemoteCommandProcessor.cpp:245: New RCON connection from IP ADDR:({127.0.0.1:51234})":                  {},
		"   6.826 Info AppManager.cpp:323: Saving to _autosave1":                                                              {},
		"   6.826 Info AppManager.cpp:323: Starting RCON interface at nowhere":                                                {},
		"   6.826 Hosting game at nowhere":                         {},
		"   6.826 Loading map x":                                   {},
		"   6.826 Error MainLoop.cpp:1488: Exception at tick x: y": {},
		"   6.826 Received SIGHUP":                                 {},
	} {
		if got := Parse(s).Event(); got != want {
			t.Errorf("event of %q\n got %+v\nwant %+v", s, got, want)
		}
	}
}

func BenchmarkParseAndEvent(b *testing.B) {
	lines := readLog(b, "2.0.77-headless-stdout-sessions.txt")
	lines = append(lines, "mainbus:1 57 882d16f3 1795000000.7 12 1/1 4711 bus - riron-plate/normal=120/0/0")
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		_ = Parse(lines[n%len(lines)]).Event()
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"   0.567 Info UDPSocket.cpp:38: Opening socket", "1343819.675 Received SIGINT, shutting down", "Players (0):",
		"  12.000 Script @__a b__/x:1/file.lua:7: a:1: b", "2026-08-02 02:16:35 [CHAT] <server>: hello",
		"   0.567 Info X.cpp:1: updateTick(1) changing state from(A) to(B)", "   0.543 Loading map /a: 5 bytes.",
		"   0.000 2026-08-02 02:16:26; Factorio 2.0.77 (build 84539, linux64)", "   0.1 Error M.cpp:1: MultiplayerManager failed: \"x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l := Parse(s)
		if want := parseSlowly(s); l != want {
			t.Errorf("Parse(%q)\n got %+v\nwant %+v", s, l, want)
		}
		if e := l.Event(); e.Kind != None && l.Shape != Engine && l.Shape != Plain {
			t.Errorf("%q is a %v with event %+v", s, l.Shape, e)
		}
	})
}

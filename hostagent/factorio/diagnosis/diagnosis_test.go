package diagnosis

import (
	"strings"
	"testing"
)

const engine = "   1.000 Error Util.cpp:99: "

// The rows of the table by lines as games print them, and what stands beside the table.
var cases = []struct {
	name    string
	ending  Ending
	id      string
	summary string // a part of it
}{
	{"port", Ending{Code: 1, Lines: []string{"   0.5 x", "   0.567 Error ServerMultiplayerManager.cpp:91: MultiplayerManager failed: Host address is already in use."}}, "E01", "UDP port"},
	{"RCON port", Ending{Code: 1, Lines: []string{engine + "Hosting multiplayer game failed: Can't bind socket: Address already in use"}}, "E02", "RCON port"},
	{"low port", Ending{Code: 1, Lines: []string{engine + "Binding IPv4 socket failed: Permission denied"}}, "E04", "may not open"},
	{"lock file", Ending{Code: 1, Lines: []string{engine + "Couldn't create lock file /srv/f/.lock: Permission denied"}}, "E05", "may not write"},
	{"locked", Ending{Code: 1, Lines: []string{engine + "Couldn't acquire exclusive lock for /srv/f/.lock. Is another instance already running?"}}, "E06", "Another Factorio"},
	{"owner", Ending{Code: 1, Lines: []string{`   0.500 Error ServerMultiplayerManager.cpp:84: MultiplayerManager failed: "filesystem error: create_directories "/f/temp" failed: Permission denied [x]"`}}, "E07", "may not read"},
	{"attributes", Ending{Code: 1, Lines: []string{engine + "filesystem error: copy_file: Operation not permitted [/f/temp/currently-playing]"}}, "E08", "copy files"},
	{"too new", Ending{Code: 1, Failure: "Map version 2.1.9-0 cannot be loaded because it is higher than the game version (2.0.77-0)."}, "E09", "2.1.9-0, the game here is 2.0.77-0"},
	{"too old", Ending{Code: 1, Failure: "Map version 0.16.51-0 cannot be loaded because it is lower than the minimum input version (1.0.0-0)."}, "E10", "0.16.51-0"},
	{"mod settings", Ending{Code: 1, Lines: []string{engine + "Failed to read mod settings: Map version 2.1.9-0 is higher than the game version"}}, "E11", "mod settings"},
	{"dependency", Ending{Code: 1, Lines: []string{engine + "Failed to load mods: x", "Dependency base >= 2.0.18 is not satisfied (active: base 2.0.15)"}}, "E12", "base >= 2.0.18"},
	{"missing mod", Ending{Code: 1, Lines: []string{engine + "Failed to load mod \"x\":", "Missing required dependency flib"}}, "E13", "flib"},
	{"mods", Ending{Code: 1, Failure: "Failed to load mods: __x__/data.lua:1: attempt to index a nil value"}, "E12", "__x__/data.lua"},
	{"prototype", Ending{Code: 1, Lines: []string{`   0.200 Error ModManager.cpp:1751: Error while loading item prototype "x" (item): bad`}}, "E12", `item prototype "x"`},
	{"map settings", Ending{Code: 1, Lines: []string{engine + `"grass" is not a valid autoplace control name.`}}, "E14", "grass"},
	{"no save", Ending{Code: 1, Lines: []string{engine + "Opening zip /f/saves/.zip failed"}}, "E15", "No save"},
	{"public", Ending{Code: 1, Lines: []string{"   0.500 Error Main.cpp:839: require_user_verification must be enabled for public games."}}, "E17", "public game"},
	{"mod crash", Ending{Code: 255, Failure: "The mod flow (0.0.1) caused a non-recoverable error."}, "E24", "“flow” 0.0.1"},
	{"level crash", Ending{Code: 255, Failure: "The scenario level caused a non-recoverable error."}, "E24", "save itself"},
	{"event", Ending{Code: 255, Lines: []string{"Error while running event handler: __space-age__/script/x.lua"}}, "E25", "handler:"},
	{"DLC", Ending{Code: 1, Lines: []string{engine + "Cannot execute command. Error: No such mod 'space-age'."}}, "E26", "space-age"},
	{"scenario copy", Ending{Code: 1, Lines: []string{engine + "Error while running reload_script: copying"}}, "E29", "copied"},
	{"scenario save", Ending{Code: 1, Lines: []string{engine + "Can't save to default location: Default location not known"}}, "E39", "no save"},
	{"option", Ending{Code: 1, Lines: []string{"Option 'server-adminlist' does not exist"}}, "E30", "server-adminlist"},
	{"glibc", Ending{Code: 1, Lines: []string{"bin/x64/factorio: /lib64/libc.so.6: version `GLIBC_2.38' not found (required by factorio)"}}, "E31", "GLIBC_2.38"},
	{"processor", Ending{Code: -1, Failure: "fork/exec /f/factorio: exec format error"}, "", "exec format error"}, // a start that failed: told by StartFailed
	{"crash", Ending{Code: 139, Lines: []string{"   9.000 Error CrashHandler.cpp:641: Received SIGSEGV", "Factorio crashed. Generating symbolized stacktrace, please wait ..."}}, "E38", "crashed"},
	{"crash without a word", Ending{Code: -1, Signal: "segmentation fault"}, "E38", "crashed"},
	{"crash on Windows", Ending{Code: 0xC0000005}, "E38", "crashed"},
	{"Clusterio", Ending{Code: 255, Lines: []string{"attempt to index global 'clusterio_private' (a nil value)"}}, "E43", "Clusterio"},
	{"disk", Ending{Code: 1, Lines: []string{"   5.000 Error PlayerData.cpp:446: Failed to save player data: Error when writing to file: No space left on device. File: x"}}, "E41", "disk is full"},
	{"Steam", Ending{Code: 0, Lines: []string{"   0.100 Steam requires game restart, restarting..."}}, "", "Steam"},
	{"damaged", Ending{Code: 1, Failure: "/f/saves/a.zip: level.dat not found."}, "", "damaged"},
	{"twice", Ending{Code: 1, Lines: []string{"   9.000 Received second SIGINT, terminating immediately"}}, "", "twice"},
	{"hosting", Ending{Code: 1, Failure: "", Lines: []string{"   0.500 Error ServerMultiplayerManager.cpp:91: MultiplayerManager failed: something unheard of"}}, "E37", "something unheard of"},

	{"memory", Ending{Code: -1, Signal: "killed", OutOfMemory: true}, "E36", "memory ran out"},
	{"killed by somebody else", Ending{Code: -1, Signal: "killed"}, "", "Another program"},
	{"killed by us while memory was short", Ending{Code: -1, Signal: "killed", OutOfMemory: true, Killed: true}, "", "somebody asked"},
	{"killed by us after an error", Ending{Code: 1, Killed: true, Failure: "Host address is already in use."}, "", "somebody asked"},
	{"killed at the end of its time", Ending{Code: -1, Signal: "killed", Killed: true, Overdue: true}, "", "in the time that it had"},
	{"by itself", Ending{}, "", "ended by itself"},
	{"code", Ending{Code: 42}, "", "exit code 42"},
	{"signal", Ending{Code: -1, Signal: "terminated"}, "", "terminated"},
	{"watcher", Ending{Code: -1, Lost: true}, "", "watches over it"},
	{"said why", Ending{Code: 1, Failure: "never heard of"}, "", "never heard of"},

	// What players and scripts say, and what a game survives, explains nothing.
	{"chat", Ending{Code: 42, Lines: []string{"2026-08-02 02:16:35 [CHAT] ann: No space left on device"}}, "", "exit code 42"},
	{"log", Ending{Code: 42, Lines: []string{"   1.000 Script @__x__/control.lua:7: No space left on device"}}, "", "exit code 42"},
	{"print", Ending{Code: 42, Lines: []string{"   0.500 Info X.cpp:1: y", "No space left on device", "Option 'x' does not exist"}}, "", "exit code 42"},
	{"broken mod", Ending{Code: 42, Lines: []string{"   0.100 Error ModManager.cpp:813: Mod package read error. File /f/mods/X_1.0.0.zip/info.json not found"}}, "", "exit code 42"},
	{"matching", Ending{Code: 42, Lines: []string{"   6.826 Error ServerMultiplayerManager.cpp:633: Matching server connection failed: Corrupt answer"}}, "", "exit code 42"},
}

func TestOf(t *testing.T) {
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			c := Of(test.ending)
			if c.ID != test.id || !strings.Contains(c.Summary, test.summary) {
				t.Errorf("got %q %q, want %q …%s…", c.ID, c.Summary, test.id, test.summary)
			}
			if c.Meaning == "" || c.Advice == "" || strings.Contains(c.Summary+c.Meaning+c.Advice, "$") {
				t.Errorf("not fit for people: %+v", c)
			}
		})
	}
}

// A row that no case meets is either wrong or hidden by one above it.
func TestEveryRowIsMet(t *testing.T) {
	met := map[string]bool{StartFailed("fork/exec /f/factorio: exec format error").Summary: true}
	for _, test := range cases {
		met[Of(test.ending).Summary] = true
	}
	for _, r := range table {
		found := false
		for summary := range met {
			found = found || strings.HasPrefix(summary, strings.Split(r.summary, "$")[0])
		}
		if !found {
			t.Errorf("no case meets %q", r.summary)
		}
	}
}

func TestDecisiveLines(t *testing.T) {
	c := Of(Ending{Code: 255, Failure: "The mod flow (0.0.1) caused a non-recoverable error.", Lines: []string{
		" 100.000 Info X.cpp:1: nothing",
		" 110.207 Error MainLoop.cpp:1488: Exception at tick 5880: The mod flow (0.0.1) caused a non-recoverable error.",
		"Error while running event flow::on_nth_tick(60)",
		"__flow__/control.lua:3: attempt to index nil",
		" 110.300 Quitting: multiplayer error.",
	}})
	want := []string{
		"The mod flow (0.0.1) caused a non-recoverable error.", "Error while running event flow::on_nth_tick(60)", "__flow__/control.lua:3: attempt to index nil",
	}
	for _, line := range want {
		if !contains(c.Decisive, line) {
			t.Errorf("%q is not in %q", line, c.Decisive)
		}
	}
	if contains(c.Decisive, "nothing") || contains(c.Decisive, "Quitting") {
		t.Errorf("too much: %q", c.Decisive)
	}
}

func FuzzOf(f *testing.F) {
	for _, test := range cases {
		f.Add(test.ending.Code, test.ending.Signal, test.ending.Failure, strings.Join(test.ending.Lines, "\n"))
	}
	f.Fuzz(func(t *testing.T, code int, signal, failure, lines string) {
		c := Of(Ending{Code: code, Signal: signal, Failure: failure, Lines: strings.Split(lines, "\n")})
		if c.Summary == "" || c.Meaning == "" || c.Advice == "" || len(c.Decisive) > maxDecisive {
			t.Errorf("%+v", c)
		}
		for _, line := range c.Decisive {
			if len(line) > maxText {
				t.Errorf("a line of %d bytes", len(line))
			}
		}
	})
}

package game

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"mainbus/cmd/mainbus-sim/internal/gamelog"
	"mainbus/hostagent/factorio/rcon"
	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/factorio/scriptdat"
)

const chestScenario = `{"worlds": {"alpha": {
	"chests": [
		{"id": "a", "position": [0.5, 0.5], "contents": [{"name": "iron-plate", "count": 100}]},
		{"id": "b", "position": [2.5, 0.5]}],
	"flows": [{"make": {"item": "coal", "count": 1, "chest": "b", "every_ticks": 1, "limit": 5}}],
	"calls": [{"tick": 1, "interface": "shop", "function": "open", "args": [{"x": 2}, "y"]}]}}}`

const chestControl = `
	require('__base__/script/freeplay/control.lua')
	script.on_init(nil)
	local function chest(x) return game.surfaces.nauvis.find_entity("steel-chest", {x, 0.5}).get_inventory(defines.inventory.chest) end
	remote.add_interface("shop", {open = function(t, y) storage.opened = t.x .. y end})
	commands.add_command("carry", "", function(e)
		local n = chest(0.5).remove{name = "iron-plate", count = tonumber(e.parameter)}
		storage.carried = (storage.carried or 0) + chest(2.5).insert{name = "iron-plate", count = n}
		rcon.print("carried " .. n)
		print("carried " .. storage.carried)
	end)
	commands.add_command("fail", "", function() error("on purpose") end)`

func TestVersionAndOptions(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	out, code := i.run(t, "--version")
	want := fmt.Sprintf("Version: 2.0.77 (build 84539, %s, headless)\nVersion: 64\nMap input version: 1.0.0-0\nMap output version: 2.0.77-0\n", platform())
	if out != want || code != 0 {
		t.Errorf("got %d %q", code, out)
	}
	out, code = i.run(t, "--nonsense")
	if out != "Option 'nonsense' does not exist\n" || code != 1 {
		t.Errorf("got %d %q", code, out)
	}
}

func TestCreateMakesAnOrdinarySave(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	out, code := i.run(t, "--create="+i.saveFile("alpha"), "--map-gen-seed", "7")
	if code != 0 || !strings.HasSuffix(out, "Goodbye\n") {
		t.Fatalf("got %d:\n%s", code, out)
	}
	if err := save.Verify(i.saveFile("alpha")); err != nil {
		t.Fatal(err)
	}
	archive, err := save.Open(i.saveFile("alpha"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	control, err := readEntry(archive, "control.lua")
	if err != nil || string(control) != "require('__base__/script/freeplay/control.lua')\n" {
		t.Errorf("control.lua is %q, %v", control, err)
	}
	header, err := archive.Header()
	if err != nil || header.Version != gameVersion || header.Build != gameBuild || len(header.Mods) != 4 || archive.Root() != "alpha" {
		t.Errorf("header %+v, root %s, %v", header, archive.Root(), err)
	}
	if _, ok, err := archive.Subtree("created_items"); !ok || err != nil {
		t.Errorf("freeplay's storage: %v %v", ok, err)
	}
}

func TestServerFromStartToQuit(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, chestScenario)
	i.create(t, "alpha", chestControl)
	p := i.start(t, "alpha")
	if got := p.say("/carry 30"); got != "carried 30" {
		t.Errorf("got %q", got)
	}
	p.wait(`^carried 30$`)
	for command, want := range map[string]string{
		"/version": "2.0.77", "/players": "Players (0):", "/players online count": "Online players (0):",
		"/nope": `Unknown command "nope". Type /h or /help for more help about commands.`, "hello": "",
	} {
		if got := p.say(command); got != want {
			t.Errorf("%s: got %q, want %q", command, got, want)
		}
	}
	p.wait(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[CHAT\] <server>: hello$`)
	if got := p.say("/sim-storage opened"); got != `"2y"` {
		t.Errorf("the scenario's call left %s", got)
	}
	if got := p.say("/sim-storage opened deeper"); got != "null" {
		t.Errorf("in a string there is %s", got)
	}
	waitFor(t, "the coal", func() bool { return strings.Contains(p.say("/sim-sum"), `"made":5`) })
	p.say("/sim-flows stop")
	var sum struct {
		Items []struct {
			Name                     string
			Contents, Made, Consumed int
		}
		Running bool
	}
	if err := json.Unmarshal([]byte(p.say("/sim-sum")), &sum); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(sum) != "{[{coal 5 5 0} {iron-plate 100 100 0}] false}" {
		t.Errorf("got %v", sum)
	}
	fmt.Fprintln(p.stdin, "/time")
	p.wait(`^\d+ seconds?$`)
	p.stdin.Close()
	p.wait(`Got EOF on stdin; closing`)
	before := p.say("/sim-sum")
	p.say("/quit")
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	tick := regexp.MustCompile(`"tick":\d+`)
	if sum, code := i.sum("alpha"); code != 0 || tick.ReplaceAllString(sum, "") != tick.ReplaceAllString(before, "") {
		t.Errorf("the save holds %s (exit code %d), the game said %s", sum, code, before)
	}
	checkOrder(t, p.texts(), "Factorio initialised", "changing state from(CreatingGame) to(InGame)", "Starting RCON interface",
		"New RCON connection", "Quitting: remote-quit.", "Saving map as "+i.saveFile("alpha"), "Saving progress: 100.000000%",
		"from(Disconnected) to(Closed)", "Goodbye")
	log, err := os.ReadFile(filepath.Join(i.dir, "factorio-current.log"))
	if err != nil || !strings.Contains(string(log), "Goodbye") || strings.Contains(string(log), "CHAT") || strings.Contains(string(log), "secret") {
		t.Errorf("log file %v:\n%s", err, log)
	}
	if list, err := os.ReadFile(filepath.Join(i.dir, "mods", "mod-list.json")); err != nil || !bytes.Contains(list, []byte(`"space-age"`)) {
		t.Errorf("mod list %v: %s", err, list)
	}
	if _, err := os.Stat(filepath.Join(i.dir, "factorio-previous.log")); err != nil {
		t.Error("the log of --create was not kept: ", err)
	}
}

// checkOrder looks for texts that contain the wanted ones, in this order.
func checkOrder(t *testing.T, texts []string, wanted ...string) {
	t.Helper()
	for _, text := range texts {
		if len(wanted) > 0 && strings.Contains(text, wanted[0]) {
			wanted = wanted[1:]
		}
	}
	if len(wanted) > 0 {
		t.Errorf("no %q in its place in\n%s", wanted[0], strings.Join(texts, "\n"))
	}
}

func TestKillRollsBackToTheLastSave(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, chestScenario)
	i.create(t, "alpha", chestControl)
	p := i.start(t, "alpha")
	p.say("/carry 10")
	p.say("/server-save other")
	p.wait(`Saving game as .*other\.zip`)
	p.wait(`Info AppManager\.cpp:419: Saving finished`)
	p.say("/carry 20")
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.exit()
	for name, want := range map[string]string{"alpha": "null", "other": "10"} {
		p := i.start(t, name)
		if got := p.say("/sim-storage carried"); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		p.signal(os.Interrupt)
		if code := p.exit(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		checkOrder(t, p.texts(), "Received SIGINT, shutting down", "Quitting: signal.", "Goodbye")
	}
	value, ok, err := subtree(i.saveFile("other"), "nothing")
	if ok || err != nil {
		t.Errorf("got %v %v", value, err)
	}
}

func subtree(file, key string) (scriptdat.Value, bool, error) {
	archive, err := save.Open(file)
	if err != nil {
		return nil, false, err
	}
	defer archive.Close()
	return archive.Subtree(key)
}

func TestFilesOfTheSaveAreKept(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", `require("extra/mine")`)
	extra := map[string][]byte{"extra/mine.lua": []byte(`script.on_event(defines.events.on_tick, function() storage.t = game.tick end)`)}
	if err := save.Rewrite(i.saveFile("alpha"), i.saveFile("alpha"), extra); err != nil {
		t.Fatal(err)
	}
	p := i.start(t, "alpha")
	p.say("/version")
	p.signal(os.Interrupt)
	p.exit()
	archive, err := save.Open(i.saveFile("alpha"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if got, err := readEntry(archive, "extra/mine.lua"); err != nil || !bytes.Equal(got, extra["extra/mine.lua"]) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestErrorInACommandStopsTheGameWithoutSaving(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, chestScenario)
	i.create(t, "alpha", chestControl)
	before, err := os.ReadFile(i.saveFile("alpha"))
	if err != nil {
		t.Fatal(err)
	}
	p := i.start(t, "alpha")
	if _, err := p.rcon.Start("/fail"); err != nil {
		t.Fatal(err)
	}
	if code := p.exit(); code != exitLua {
		t.Errorf("exit code %d", code)
	}
	checkOrder(t, p.texts(), "Exception at tick", "Error while running event", "on purpose", "stack traceback:",
		"MultiplayerManager failed:", "from(InGame) to(Failed)", "Quitting: multiplayer error.", "Goodbye")
	if after, err := os.ReadFile(i.saveFile("alpha")); err != nil || !bytes.Equal(before, after) {
		t.Error("a save was written")
	}
}

func TestLuaCommands(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	p := i.start(t, "alpha")
	for _, step := range []struct{ command, want string }{
		{"/sc rcon.print(1)", achievementWarning},
		{"/sc rcon.print(2)", achievementWarning},
		{"/sc rcon.print(2)", "2"},
		{"/sc rcon.print(tostring(game.console_command_used))", "true"},
		{"/c error('x', 0)", "Cannot execute command. Error: x"},
		{"/c blah", `Cannot execute command. Error: [string "blah"]:1: syntax error near <eof>`},
		{"/c rcon.print('a') rcon.print('b')", "a\nb"},
	} {
		if got := p.say(step.command); got != step.want {
			t.Errorf("%s: got %q, want %q", step.command, got, step.want)
		}
	}
	p.wait(`\[WARNING\] Using Lua console commands`)
	p.wait(`\[COMMAND\] <server> \(command\): error`)
	p.say("/quit")
	p.exit()
	if got := i.start(t, "alpha").say("/sc rcon.print(3)"); got != "3" {
		t.Errorf("the warning came again after a save: %q", got)
	}
}

func TestRCONHabits(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	p := i.start(t, "alpha")
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	exchange := func(send rcon.Packet) rcon.Packet {
		t.Helper()
		if err := rcon.WritePacket(conn, send); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		got, err := rcon.ReadPacket(conn)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := exchange(rcon.Packet{ID: 5, Type: rcon.AuthRequest, Body: "wrong"}); got.ID != -1 || got.Type != rcon.AuthResponse {
		t.Errorf("wrong password: got %+v", got)
	}
	if got := exchange(rcon.Packet{ID: 6, Type: rcon.AuthRequest, Body: "secret"}); got.ID != 6 || got.Type != rcon.AuthResponse {
		t.Errorf("right password: got %+v", got)
	}
	// An empty command is never answered: the next reply belongs to the blank one behind it.
	if err := rcon.WritePacket(conn, rcon.Packet{ID: 7, Type: rcon.ExecCommand}); err != nil {
		t.Fatal(err)
	}
	if got := exchange(rcon.Packet{ID: 8, Type: rcon.ExecCommand, Body: " "}); got.ID != 8 || got.Body != "" || got.Type != rcon.ResponseValue {
		t.Errorf("blank command: got %+v", got)
	}
	p.say("/sc long = 1")
	p.say("/sc long = 1")
	if got := exchange(rcon.Packet{ID: 9, Type: rcon.ExecCommand, Body: `/sc rcon.print(string.rep("x", 200000))`}); len(got.Body) != 200001 {
		t.Errorf("a long reply came as %d bytes in its first packet", len(got.Body))
	}
}

func TestCommandsRunInTicksAtTheGamesPace(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", `commands.add_command("tick", "", function() rcon.print(game.tick) end)`)
	p := i.start(t, "alpha")
	var first, last int
	fmt.Sscan(p.say("/tick"), &first)
	begin := time.Now()
	const commands = 60
	for range commands {
		fmt.Sscan(p.say("/tick"), &last)
	}
	took := time.Since(begin)
	if last-first < commands {
		t.Errorf("%d commands one after the other took %d ticks", commands, last-first)
	}
	if ticks := took.Seconds() * 60; float64(last-first) > ticks+maxLate+2 {
		t.Errorf("%d ticks in %v", last-first, took)
	}
}

func TestPausedGameMovesOneTickPerCommand(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.settings(t, `{}`) // auto_pause is on by default
	i.create(t, "alpha", `commands.add_command("tick", "", function() rcon.print(game.tick) end)`)
	p := i.start(t, "alpha")
	for want := 1; want <= 5; want++ {
		if got := p.say("/tick"); got != fmt.Sprint(want) {
			t.Errorf("got tick %s, want %d", got, want)
		}
	}
}

func TestSecondStartIsRefused(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	i.start(t, "alpha")
	out, code := i.run(t, "--start-server", "alpha")
	if code != 1 || !strings.Contains(out, "Couldn't acquire exclusive lock") {
		t.Errorf("got %d:\n%s", code, out)
	}
}

func TestFailedStarts(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	taken, err := net.ListenPacket("udp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := os.WriteFile(i.saveFile("rubbish"), []byte("no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	newer, err := newMapFile(mapScenario{files: map[string][]byte{}}, nil, 3)
	if err != nil {
		t.Fatal(err)
	}
	newer.Header.Version.Minor = 1
	newer.Storage = []scriptdat.Block{{Name: "level", Value: &scriptdat.Table{}}}
	if err := newer.write(i.saveFile("newer"), false); err != nil {
		t.Fatal(err)
	}
	i.create(t, "broken", "this is no Lua")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"alpha", "--port", fmt.Sprint(taken.LocalAddr().(*net.UDPAddr).Port)}, "MultiplayerManager failed: Host address is already in use."},
		{[]string{"rubbish"}, "Bad zip file"},
		{[]string{"missing"}, "MultiplayerManager failed: "},
		{[]string{"newer"}, "Map version 2.1.77-0 cannot be loaded because it is higher than the game version (2.0.77-0)."},
		{[]string{"broken"}, "__level__/control.lua:1: syntax error near"},
	} {
		out, code := i.run(t, append([]string{"--start-server"}, test.args...)...)
		if code != 1 || !strings.Contains(out, test.want) {
			t.Errorf("%v: got %d:\n%s", test.args, code, out)
		}
		checkOrder(t, strings.Split(out, "\n"), "from(CreatingGame) to(InitializationFailed)", "Exit point.", "to(Closed)", "Goodbye")
	}
}

func TestAutosavesCycle(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, `{"autosave_seconds": 0.2}`)
	i.settings(t, `{"auto_pause": false, "autosave_slots": 2, "non_blocking_saving": true}`)
	i.create(t, "alpha", "")
	p := i.start(t, "alpha")
	kind := "(non-blocking)"
	p.wait(`Saving to _autosave1 \(.*blocking\)\.$`)
	p.wait(`Saving to _autosave2 ` + strings.NewReplacer("(", `\(`, ")", `\)`).Replace(kind))
	waitFor(t, "a third autosave", func() bool {
		return strings.Count(p.output(), "Saving to _autosave") >= 3
	})
	p.say("/quit")
	p.exit()
	files, err := filepath.Glob(i.saveFile("*"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{i.saveFile("_autosave1"), i.saveFile("_autosave2"), i.saveFile("alpha")}
	if !slices.Equal(files, want) {
		t.Errorf("got %v", files)
	}
	for _, file := range files {
		if err := save.Verify(file); err != nil {
			t.Error(err)
		}
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatal("waited in vain for ", what)
		}
	}
}

func TestTraceTellsLinesAndCommands(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, `{"trace": true}`)
	i.create(t, "alpha", "")
	p := i.start(t, "alpha")
	before := time.Now()
	p.say("/version")
	after := time.Now()
	fmt.Fprintln(p.stdin, "/version")
	p.wait(`^2\.0\.77$`)
	p.say("/quit")
	p.exit()
	data, err := os.ReadFile(filepath.Join(i.dir, "sim-trace.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var in, out int
	for line := range bytes.Lines(data) {
		var e gamelog.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Dir == "in" && e.Text == "/version":
			if in++; in == 1 && (e.Nanos < before.UnixNano() || e.Nanos > after.UnixNano()) {
				t.Errorf("the command arrived at %d, not in %d..%d", e.Nanos, before.UnixNano(), after.UnixNano())
			}
		case e.Dir == "out" && (e.Text == "2.0.77" || strings.HasSuffix(e.Text, "Goodbye")):
			out++
		}
	}
	if in != 2 || out != 3 { // Goodbye of --create too
		t.Errorf("%d commands and %d lines in\n%s", in, out, data)
	}
}

func TestCrashAndSlowSave(t *testing.T) {
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	t.Setenv(envBehaviour, `{"slow_save_ms": 1200}`)
	p := i.start(t, "alpha")
	p.say("/quit")
	if p.exit(); !strings.Contains(p.output(), "Saving progress: 83.") {
		t.Errorf("no progress of a slow save:\n%s", p.output())
	}
	t.Setenv(envBehaviour, `{"crash_at_tick": 30}`)
	p = i.start(t, "alpha")
	if code := p.exit(); code != 139 {
		t.Errorf("exit code %d:\n%s", code, p.output())
	}
}

func TestDuration(t *testing.T) {
	for seconds, want := range map[uint64]string{
		0: "0 seconds", 1: "1 second", 7: "7 seconds", 60: "1 minute", 3723: "1 hour, 2 minutes and 3 seconds", 3600: "1 hour",
		86401: "1 day and 1 second",
	} {
		if got := duration(seconds); got != want {
			t.Errorf("%d: got %q, want %q", seconds, got, want)
		}
	}
}

func TestEachSignalSavesAndQuits(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		p := i.start(t, "alpha")
		p.signal(sig)
		if code := p.exit(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		checkOrder(t, p.texts(), "Received SIG", "Quitting: signal.", "Saving progress: 100.000000%", "Goodbye")
	}
}

// sum tells what a save holds without running it.
func (i installation) sum(name string) (string, int) {
	var out strings.Builder
	code := Main([]string{"mainbus-sim", "sum", i.saveFile(name)}, nil, &out)
	return strings.TrimSpace(out.String()), code
}

func TestSumOfNoSave(t *testing.T) {
	i := newInstallation(t, "{}")
	if out, code := i.sum("missing"); code != 1 || !strings.Contains(out, "missing.zip") {
		t.Errorf("exit code %d, %q", code, out)
	}
	if code := Main([]string{"mainbus-sim", "sum"}, nil, io.Discard); code != 2 {
		t.Errorf("exit code %d", code)
	}
}

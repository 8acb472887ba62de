package game

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/factorio/save"
)

func TestPortsThatAreTaken(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	udp, err := net.ListenPacket("udp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	tcp, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	port := fmt.Sprint(udp.LocalAddr().(*net.UDPAddr).Port)
	out, code := i.run(t, "--start-server", "alpha", "--port", port)
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	checkOrder(t, strings.Split(out, "\n"), "Opening socket at", "Socket closed",
		"MultiplayerManager failed: Host address is already in use.", "updateTick(0) changing state from(CreatingGame) to(InitializationFailed)",
		"Exit point.", "Disconnecting multiplayer connection.", "updateTick(18446744073709551615) changing state from(InitializationFailed) to(DisconnectingScheduled)",
		"Quitting multiplayer connection.", "from(DisconnectingScheduled) to(Closed)", "Goodbye")
	out, code = i.run(t, "--start-server", "alpha", "--port", fmt.Sprint(freeUDPPort(t)), "--rcon-password", "x",
		"--rcon-port", fmt.Sprint(tcp.Addr().(*net.TCPAddr).Port))
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	checkOrder(t, strings.Split(out, "\n"), "changing state from(CreatingGame) to(InGame)",
		"Error CommandLineMultiplayer.cpp:355: Hosting multiplayer game failed: Can't bind socket: Address already in use",
		"Deleting active scenario.", "Disconnecting multiplayer connection.", "to(Closed)", "Goodbye")
}

func TestFoldersThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	writeFileT(t, filepath.Join(i.dir, "temp"), "a file where a folder has to be")
	out, code := i.run(t, "--start-server", "alpha")
	if code != 1 || !regexp.MustCompile(`MultiplayerManager failed: "filesystem error: create_directories ".*currently-playing" failed: Not a directory \[.*\]"`).MatchString(out) {
		t.Errorf("got %d:\n%s", code, out)
	}
	checkOrder(t, strings.Split(out, "\n"), "from(CreatingGame) to(InitializationFailed)", "Exit point.", "Quitting multiplayer connection.",
		"from(InitializationFailed) to(Closed)", "Deleting active scenario (global = true).", "Goodbye")

	if err := os.Remove(filepath.Join(i.dir, "player-data.json")); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"player-data.json", "mods/mod-list.json/x"} {
		if err := os.RemoveAll(filepath.Join(i.dir, "mods")); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(i.dir, filepath.FromSlash(dir)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	out, _ = i.run(t, "--create", "beta", "--mod-directory", filepath.Join(i.dir, "none"))
	if !strings.Contains(out, "Error PlayerData.cpp:446: Failed to save player data: ") || !strings.Contains(out, "previous version (if any) should still be available") {
		t.Errorf("got\n%s", out)
	}
	if err := os.Remove(filepath.Join(i.dir, ".lock")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(i.dir, ".lock"), 0o755); err != nil {
		t.Fatal(err)
	}
	out, code = i.run(t, "--start-server", "alpha")
	if code != 1 || !strings.Contains(out, "Couldn't create lock file "+filepath.Join(i.dir, ".lock")) {
		t.Errorf("got %d:\n%s", code, out)
	}
}

// set changes the behaviour of a running game.
func (p *process) set(object string) {
	p.t.Helper()
	if answer := p.say("/sim-set " + object); answer != "" {
		p.t.Fatal(answer)
	}
}

func TestDeaths(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	for _, test := range []struct{ behaviour, command, last string }{
		{`{"die": {"at_tick": 1}}`, "/version", ""},
		{`{"die": {"at_line": "say it", "nth": 2}}`, "say it", `[CHAT] <server>: say it`},
		{`{"torn_save": 1}`, "/server-save torn", `Saving game as ` + i.saveFile("torn")},
	} {
		p := i.start(t, "alpha")
		p.set(`{"slow_save_ms": 0}`)
		_, _ = p.rcon.Start("/sim-set " + test.behaviour)
		for range 2 {
			_, _ = p.rcon.Start(test.command) // the game may be dead
		}
		if code := p.exit(); code == 0 || code == 1 {
			t.Errorf("%s: exit code %d", test.behaviour, code)
		}
		if out := p.output(); strings.Contains(out, "Goodbye") || !strings.HasSuffix(out, test.last) {
			t.Errorf("%s:\n%s", test.behaviour, out)
		}
	}
	torn := filepath.Join(i.dir, "saves", "torn.tmp.zip")
	if _, err := os.Stat(torn); err != nil {
		t.Error(err)
	}
	if err := save.Verify(torn); err == nil {
		t.Error("the torn save is whole")
	}
	if _, err := os.Stat(i.saveFile("torn")); err == nil {
		t.Error("the torn save has got its name")
	}
}

func TestStartsThatAreRefusedOrSlow(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, `{"exit_code": 7, "slow_start_ms": 300, "refuse_start": "no mood"}`)
	i.createWithCode(t, "alpha", 7)
	begin := time.Now()
	out, code := i.run(t, "--start-server", "alpha")
	if code != 7 || !strings.Contains(out, "MultiplayerManager failed: no mood") || time.Since(begin) < 300*time.Millisecond {
		t.Errorf("got %d after %v:\n%s", code, time.Since(begin), out)
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	p := i.start(t, "alpha")
	p.set(`{"disk_full": true}`)
	before, err := os.ReadFile(i.saveFile("alpha"))
	if err != nil {
		t.Fatal(err)
	}
	p.say("/server-save")
	p.wait(`Warning WriteFileGuard\.cpp:52: Writing .*alpha\.zip failed; previous version \(if any\) should still be available$`)
	p.wait(`Error when writing to file: No space left on device\. File: .*alpha\.zip\.$`)
	if after, err := os.ReadFile(i.saveFile("alpha")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the save was changed, %v", err)
	}
	if strings.Contains(p.output(), "Saving finished") {
		t.Error("a save that failed is told to be finished")
	}
}

// A start that runs out of memory ends so.
func TestDeathWhileTheMapIsLoaded(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, `{"die": {"at_line": "Loading level.dat"}}`)
	i.create(t, "alpha", "")
	out, code := i.run(t, "--start-server", "alpha")
	if code == 0 || code == 1 || strings.Contains(out, "Goodbye") || !strings.Contains(out, "Loading level.dat") {
		t.Errorf("got %d:\n%s", code, out)
	}
}

// createWithCode makes a save with a game that ends with that code.
func (i installation) createWithCode(t *testing.T, name string, want int) {
	t.Helper()
	if out, code := i.run(t, "--create", name); code != want {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
}

func TestGarbageAndForgery(t *testing.T) {
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	t.Setenv(envBehaviour, `{"garbage": [
		{"text": "\u0000\u0007 binary", "tick": 5},
		{"text": "   1.000 Info AppMana", "tick": 7, "torn": true},
		{"text": "again", "tick": 10, "every_ticks": 3}], "clock_skew_seconds": -31536000}`)
	p := i.start(t, "alpha")
	p.wait("^\x00\x07 binary$")
	p.wait(`^again$`)
	waitFor(t, "the torn line", func() bool { return strings.Contains(p.output(), "1.000 Info AppManaagain") })
	waitFor(t, "repeated garbage", func() bool { return strings.Count(p.output(), "again") >= 3 })
	p.join("2.0.77")
	p.live(`{"chat": {"player": "2.0.77", "text": "   9.999 Goodbye"}}`)
	p.wait(fmt.Sprintf(`^%d-\d\d-\d\d .* \[CHAT\] 2\.0\.77:    9\.999 Goodbye$`, time.Now().Add(-31536000*time.Second).Year()))
}

func TestHang(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	p := i.start(t, "alpha")
	p.set(`{"hang": {"at_tick": 1, "ms": 1500}}`)
	begin := time.Now()
	p.say("/version")
	if took := time.Since(begin); took < 300*time.Millisecond {
		t.Errorf("a hanging game answered after %v", took)
	}
	p.set(`{"hang": {"at_tick": 1}}`)
	if _, err := p.rcon.Start("/version"); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	// The main thread hangs for good: the first signal is not heard, the second ends the process.
	p.signal(os.Interrupt)
	waitFor(t, "the end", func() bool {
		_ = p.cmd.Process.Signal(os.Interrupt) // may be over
		select {
		case <-p.done:
			return true
		default:
			return false
		}
	})
	if code := p.exit(); code != 1 || !strings.Contains(p.output(), "Received second SIGINT, terminating immediately") {
		t.Errorf("exit code %d:\n%s", code, p.output())
	}
}

func TestRCONFaults(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, `{"rcon": {"drop_after": 3}}`)
	i.create(t, "alpha", "")
	p := i.start(t, "alpha")
	p.say("/version")
	p.say("/version")
	r, err := p.rcon.Start("/version")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case reply := <-r:
		if reply.Err == nil {
			t.Errorf("got %q on a connection that was to be dropped", reply.Text)
		}
	case <-time.After(patience):
		t.Fatal("the connection goes on")
	}
	p.connect()
	p.set(`{"rcon": {"delay_ms": 300, "drop_after": 0}}`)
	begin := time.Now()
	p.say("/version")
	if took := time.Since(begin); took < 300*time.Millisecond {
		t.Errorf("a delayed reply came after %v", took)
	}
	if got := p.say(`/sim-set {"nonsense": 1}`); !strings.HasPrefix(got, "error: read behaviour") {
		t.Errorf("got %q", got)
	}
}

func TestPublicServers(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	i.settings(t, `{"visibility": {"public": true}, "require_user_verification": false}`)
	out, code := i.run(t, "--start-server", "alpha")
	if code != 1 || !strings.Contains(out, "Error Main.cpp:839: require_user_verification must be enabled for public games.") {
		t.Errorf("got %d:\n%s", code, out)
	}
	i.settings(t, `{"visibility": {"public": true}}`)
	i.start(t, "alpha").wait(`Error .*Matching server connection failed: Error when creating server game: Missing token\.$`)
}

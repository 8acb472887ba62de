package game

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/factorio/rcon"
)

const tickCommand = `commands.add_command("tick", "", function() rcon.print(game.tick) end)`

func (p *process) tick() int {
	p.t.Helper()
	n, err := strconv.Atoi(p.say("/tick"))
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func TestPauseEndsWithTheFirstPlayer(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.settings(t, `{}`)
	i.create(t, "alpha", tickCommand)
	p := i.start(t, "alpha")
	if got := p.tick(); got != 1 {
		t.Errorf("the paused map is at tick %d after one command", got)
	}
	// A longer command needs more ticks to get in.
	if before, _ := p.tick(), p.say("/tick "+strings.Repeat("x", 250)); p.tick() != before+3+1 {
		t.Errorf("the paused map moved by other than three ticks for 256 bytes")
	}
	p.live(`{"join": {"player": "ann", "join_frames": 180}}`)
	p.wait(`newState\(ConnectedDownloadingMap\)`)
	if a, b := p.tick(), p.tick(); b != a+1 {
		t.Errorf("from tick %d to %d while the first player joins", a, b)
	}
	p.dated("[JOIN] ann joined the game")
	from, begin := p.tick(), time.Now()
	waitFor(t, "sixty ticks", func() bool { return p.tick() > from+60 })
	if took := time.Since(begin); took < 800*time.Millisecond {
		t.Errorf("60 ticks in %v", took)
	}
	p.live(`{"leave": {"player": "ann"}}`)
	p.wait(`AppManagerStates\.cpp:2110: Saving finished`)
	at := p.tick()
	if got := p.tick(); got != at+1 {
		t.Errorf("the map is at tick %d after the last player left, %d before", got, at)
	}
}

func TestLifeGoesOnWhileTheMapIsPaused(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, `{"worlds": {"*": {"life": [
		{"seconds": 0.2, "join": {"player": "ann"}}, {"seconds": 0.1, "console": "/whitelist add bob"}]}}}`)
	i.settings(t, `{}`)
	i.create(t, "alpha", "")
	p := i.start(t, "alpha")
	p.wait(`^Added bob to the whitelist\.$`)
	p.dated("[JOIN] ann joined the game")
}

func TestPauseWhenPlayersConnect(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.settings(t, `{"auto_pause_when_players_connect": true, "auto_pause": false}`)
	i.create(t, "alpha", tickCommand)
	p := i.start(t, "alpha")
	p.live(`{"join": {"player": "ann", "join_frames": 180}}`)
	p.wait(`newState\(ConnectedDownloadingMap\)`)
	if a, b := p.tick(), p.tick(); b != a+1 {
		t.Errorf("from tick %d to %d while a player connects", a, b)
	}
	p.dated("[JOIN] ann joined the game")
	from := p.tick()
	waitFor(t, "the map to move", func() bool { return p.tick() > from+20 })
}

func TestLongCommandsAreOvertaken(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", tickCommand)
	p := i.start(t, "alpha")
	long, err := p.rcon.Start("/tick " + strings.Repeat("x", 3000))
	if err != nil {
		t.Fatal(err)
	}
	short := p.tick()
	reply := <-long
	after, err := strconv.Atoi(strings.TrimSpace(reply.Text))
	if err != nil || reply.Err != nil || after < short+25 {
		t.Errorf("3000 bytes got in at tick %s, a command after them at %d; %v", reply.Text, short, reply.Err)
	}
	// What many connections send together gets in no faster.
	before := p.tick()
	var replies []<-chan rcon.Reply
	for range 4 {
		p.connect()
		reply, err := p.rcon.Start("/tick " + strings.Repeat("y", 1000))
		if err != nil {
			t.Fatal(err)
		}
		replies = append(replies, reply)
	}
	last := 0
	for _, reply := range replies {
		text := (<-reply).Text
		if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
			last = max(last, n)
		} else {
			t.Errorf("got %q", text)
		}
	}
	if last < before+40 {
		t.Errorf("4000 bytes from tick %d on were in at %d", before, last)
	}
}

func TestSegmentsShrinkWithPlayers(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.settings(t, `{"maximum_segment_size_peer_count": 0, "minimum_segment_size_peer_count": 1, "minimum_segment_size": 10}`)
	i.create(t, "alpha", tickCommand)
	p := i.start(t, "alpha")
	ticks := func() int {
		before := p.tick()
		after, err := strconv.Atoi(p.say("/tick " + strings.Repeat("x", 994)))
		if err != nil {
			t.Fatal(err)
		}
		return after - before
	}
	alone := ticks()
	p.join("ann")
	if shared := ticks(); alone != 10 || shared < 100 {
		t.Errorf("1000 bytes took %d ticks alone, %d with a player", alone, shared)
	}
}

// between returns the lines from one with a text to the next with another.
func (p *process) between(from, to string) string {
	p.t.Helper()
	_, rest, ok := strings.Cut(p.output(), from)
	part, _, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		p.t.Fatalf("no %q and %q after it in\n%s", from, to, p.output())
	}
	return part
}

const everyTick = `script.on_event(defines.events.on_tick, function(e) print("TICK " .. e.tick) end)`

func TestBlockingSaveFreezesEverything(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", everyTick)
	p := i.start(t, "alpha")
	p.set(`{"slow_save_ms": 700}`)
	p.say("/server-save")
	p.wait(`Saving game as`)
	p.connect() // as a new connection too has to wait
	p.say("/version")
	p.wait(`AppManager\.cpp:419: Saving finished`)
	if part := p.between("Saving game as", "Saving finished"); strings.Contains(part, "TICK") || strings.Contains(part, "New RCON connection") {
		t.Errorf("during the save:\n%s", part)
	}
}

// secondsOf returns the times of the lines with a text.
func (p *process) secondsOf(text string) []float64 {
	var out []float64
	for _, line := range strings.Split(p.output(), "\n") {
		if strings.Contains(line, text) {
			var seconds float64
			if _, err := fmt.Sscan(line, &seconds); err != nil {
				p.t.Fatal(err)
			}
			out = append(out, seconds)
		}
	}
	return out
}

func TestAutosaveIntervalBeginsAtTheEndOfASave(t *testing.T) {
	t.Parallel()
	for kind, nonBlocking := range map[string]string{"blocking": "false", "non-blocking": "true"} {
		t.Run(kind, func(t *testing.T) {
			i := newInstallation(t, `{"autosave_seconds": 0.4, "slow_save_ms": 600}`)
			i.settings(t, `{"auto_pause": false, "non_blocking_saving": `+nonBlocking+`}`)
			i.create(t, "alpha", everyTick)
			p := i.start(t, "alpha")
			p.wait(regexp.QuoteMeta(`Saving to _autosave1 (` + kind + `).`))
			waitFor(t, "a second save", func() bool { return strings.Count(p.output(), "Saving to _autosave") > 1 })
			if ticks := strings.Contains(p.between("Saving to", "Saving finished"), "TICK"); ticks != (kind == "non-blocking") {
				t.Errorf("ticks during the save: %v", ticks)
			}
			begun, ended := p.secondsOf("Saving to _autosave"), p.secondsOf("Saving finished")
			if gap := begun[1] - ended[0]; gap < 0.39 {
				t.Errorf("the second save began %.3f s after the end of the first", gap)
			}
		})
	}
}

func TestNamesOfAutosavesAreRefusedByHand(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	p := i.start(t, "alpha")
	for _, name := range []string{"_autosave1", "_autosave-mine", "../outside", "a/b"} {
		if got := p.say("/server-save " + name); got != fmt.Sprintf("Can't save as %q.", name) {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestConfigCommand(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	p := i.start(t, "alpha")
	for _, step := range []struct{ command, reply string }{
		{"/config set name My server", "Server name changed to: My server"},
		{"/config set autosave-interval 10", "Autosave every 10 minutes."},
		{"/config set allow-commands admins-only", "Allow Lua commands set to admins-only."},
		{"/config get max-players", "Maximum number of players set to 0."},
		{"/config set max-players x", "Expected a number, not x."},
		{"/config set visibility-lan maybe", "Expected true or false, not maybe."},
		{"/config set allow-commands sometimes", "Expected true, false or admins-only, not sometimes."},
		{"/config get x", "Unknown config: x"},
		{"/config", `Expected "get" or "set" as the first argument.`},
		{"/config set allow-commands false", "Allow Lua commands set to false."},
		{"/sc rcon.print(1)", ""},
		{"/config set allow-commands true", "Allow Lua commands set to true."},
		{"/sc rcon.print(1)", achievementWarning},
		{"/sc rcon.print(1)", "1"},
		{"/help time", "/time - Prints info about how old the map is."},
		{"/h nope", `Unknown command "nope". Type /h or /help for more help about commands.`},
		{"/evolution", "Evolution factor: 0.0000. (Time 0%) (Pollution 0%) (Spawner kills 0%)"},
	} {
		if got := p.say(step.command); got != step.reply {
			t.Errorf("%s: got %q, want %q", step.command, got, step.reply)
		}
	}
	p.wait(`\[COMMAND\] <server> tried to run a command, which isn't allowed for them: rcon\.print\(1\)$`)
	if got := p.say("/mc x = 1"); !regexp.MustCompile(`^Duration: \d+\.\d+ms$`).MatchString(got) {
		t.Errorf("got %q", got)
	}
	if got := p.say("/help"); !strings.Contains(got, "/whitelist") || strings.Contains(got, "/sim-") {
		t.Errorf("got %q", got)
	}
	for _, config := range configKeys {
		if config.tell(&settings{}) == "" {
			t.Error("a key without a reply")
		}
	}
	for name, command := range consoleCommands() {
		if command.help == "" && !strings.HasPrefix(name, "sim-") {
			t.Errorf("/%s has no help", name)
		}
	}
}

func TestIdlePlayersAreRemoved(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.settings(t, `{"auto_pause": false, "afk_autokick_interval": 1}`)
	i.create(t, "alpha", `script.on_event(defines.events.on_player_joined_game, function() game.speed = 100 end)`)
	p := i.start(t, "alpha")
	p.live(`{"join": {"player": "ann"}}`)
	p.dated("[LEAVE] ann was disconnected for being AFK.")
}

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
	i := newInstallation(t, `{"worlds": {"*": {"life": [{"seconds": 0.3, "join": {"player": "ann", "join_frames": 30}}]}}}`)
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
	p.wait(`newState\(ConnectedDownloadingMap\)`)
	if got := p.tick(); got > 12 {
		t.Errorf("the map moves (tick %d) while the first player joins", got)
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

func TestPauseWhenPlayersConnect(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.settings(t, `{"auto_pause_when_players_connect": true, "auto_pause": false}`)
	i.create(t, "alpha", tickCommand)
	p := i.start(t, "alpha")
	p.live(`{"join": {"player": "ann", "join_frames": 60}}`)
	p.wait(`newState\(ConnectedDownloadingMap\)`)
	a, b := p.tick(), p.tick()
	if b != a+1 {
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
	if last < before+40 || last > before+70 {
		t.Errorf("4000 bytes from tick %d on were in at %d", before, last)
	}
}

func TestSegmentsShrinkWithPlayers(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.settings(t, `{"auto_pause": false, "maximum_segment_size_peer_count": 0, "minimum_segment_size_peer_count": 1, "minimum_segment_size": 10}`)
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
	if shared := ticks(); alone < 10 || alone > 25 || shared < 100 {
		t.Errorf("1000 bytes took %d ticks alone, %d with a player", alone, shared)
	}
}

func TestBlockingSaveFreezesEverything(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", tickCommand)
	p := i.start(t, "alpha")
	p.set(`{"slow_save_ms": 700}`)
	p.say("/server-save")
	p.wait(`Saving game as`)
	begin := time.Now()
	before := p.tick()
	if took := time.Since(begin); took < 400*time.Millisecond {
		t.Errorf("a command was answered %v into a save of 700 ms", took)
	}
	p.wait(`AppManager\.cpp:419: Saving finished`)
	if got := p.tick(); got > before+60 {
		t.Errorf("%d ticks were made up for after a save", got-before)
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
			i.create(t, "alpha", tickCommand)
			p := i.start(t, "alpha")
			p.wait(regexp.QuoteMeta(`Saving to _autosave1 (` + kind + `).`))
			begin, at := time.Now(), p.tick()
			if took := time.Since(begin); kind == "blocking" != (took > 300*time.Millisecond) {
				t.Errorf("a command took %v", took)
			}
			if kind == "non-blocking" {
				waitFor(t, "ticks during the save", func() bool { return p.tick() > at+10 })
				if strings.Contains(p.output(), "Saving finished") {
					t.Log("the machine is too slow to see ticks during the save")
				}
			}
			waitFor(t, "a second save", func() bool { return strings.Count(p.output(), "Saving to _autosave") > 1 })
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

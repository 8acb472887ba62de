package game

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// join lets a player join and waits until they are in.
func (p *process) join(name string) {
	p.t.Helper()
	before := strings.Count(p.output(), "[JOIN] "+name)
	p.live(`{"join": {"player": %q}}`, name)
	waitFor(p.t, name+" to join", func() bool { return strings.Count(p.output(), "[JOIN] "+name) > before })
}

func (p *process) live(event string, args ...any) {
	p.t.Helper()
	if answer := p.say("/sim-live " + fmt.Sprintf(event, args...)); answer != "" {
		p.t.Fatal(answer)
	}
}

// dated waits for a line with a date and this text.
func (p *process) dated(text string) {
	p.t.Helper()
	p.wait(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ` + regexp.QuoteMeta(text) + `$`)
}

// eventPrinter prints all events of players.
const eventPrinter = `
	for _, name in pairs{"on_player_created", "on_player_joined_game", "on_pre_player_left_game", "on_player_left_game",
		"on_player_kicked", "on_player_banned", "on_player_unbanned", "on_player_promoted", "on_player_demoted",
		"on_player_muted", "on_player_unmuted", "on_console_chat", "on_console_command"} do
		script.on_event(defines.events[name], function(e)
			if e.command and e.command:find("^sim") then return end
			print("EVENT " .. name .. " " .. tostring(e.player_index) .. " " .. tostring(e.player_name or e.message or e.command)
				.. " " .. tostring(e.reason or e.parameters))
		end)
	end`

func TestPlayerJoinsAndLeaves(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.settings(t, `{}`)
	i.create(t, "alpha", eventPrinter)
	p := i.start(t, "alpha")
	p.join("ann")
	checkOrder(t, p.texts(),
		"ConnectionRequestReplyConfirm (type(ConnectionRequestReplyConfirm) ) from(IP ADDR:({192.0.2.2:49153}))",
		"Replying to connectionRequest for address(IP ADDR:({192.0.2.2:49153})).",
		"adding peer(1)",
		"changing state from(InGame) to(InGameSavingMap)",
		"received stateChanged peerID(1) oldState(Ready) newState(ConnectedWaitingForMap)",
		"Serving map("+filepath.Join(i.dir, "temp", "mp-save-0.zip")+") for peer(1) size(",
		"changing state from(InGameSavingMap) to(InGame)",
		"peerID(1) oldState(ConnectedWaitingForMap) newState(ConnectedDownloadingMap)",
		"peerID(1) oldState(ConnectedDownloadingMap) newState(ConnectedLoadingMap)",
		"peerID(1) oldState(ConnectedLoadingMap) newState(TryingToCatchUp)",
		"peerID(1) oldState(TryingToCatchUp) newState(WaitingForCommandToStartSendingTickClosures)",
		"processed PlayerJoinGame peerID(1) playerIndex(0) mode(create)",
		"peerID(1) oldState(WaitingForCommandToStartSendingTickClosures) newState(InGame)",
		"ann joined the game")
	checkOrder(t, p.texts(), "EVENT on_player_created 1", "EVENT on_player_joined_game 1")
	if got := p.say("/players"); got != "Players (1):\n  ann (online)" {
		t.Errorf("got %q", got)
	}
	p.live(`{"leave": {"player": "ann"}}`)
	p.dated("[LEAVE] ann left the game")
	p.wait("AppManagerStates.cpp:2110: Saving finished")
	checkOrder(t, p.texts(), "Disconnect notification for peer (1)", "peerID(1) oldState(InGame) newState(DisconnectScheduled)",
		"removing peer(1).", "ann left the game", "Auto saving map as "+i.saveFile("alpha"), "Saving game as "+i.saveFile("alpha"), "Saving finished")
	p.join("ann")
	p.wait(`processed PlayerJoinGame peerID\(2\) playerIndex\(0\) mode\(connect\)`)
	p.live(`{"leave": {"player": "ann", "reason": "switching_servers"}}`)
	p.dated("[LEAVE] ann is switching servers.")
	if got := p.say("/players online c"); got != "Online players (0):" {
		t.Errorf("got %q", got)
	}
	log, err := os.ReadFile(filepath.Join(i.dir, "factorio-current.log"))
	if err != nil || strings.Contains(string(log), "ann") {
		t.Errorf("the log names players, %v:\n%s", err, log)
	}
}

func TestPlayersTalkAndCommand(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.settings(t, `{"auto_pause": false, "allow_commands": "admins-only"}`)
	i.create(t, "alpha", eventPrinter+`
		commands.add_command("who", "says who", function(e) print("WHO " .. tostring(e.player_index) .. " " .. tostring(e.parameter)) end)`)
	p := i.start(t, "alpha")
	p.join("ann")
	p.join("bob")
	for _, step := range []struct{ event, want string }{
		{`{"chat": {"player": "ann", "text": "hello [gps=1,2]"}}`, "[CHAT] ann: hello [gps=1,2]"},
		{`{"shout": {"player": "bob", "text": "hey"}}`, "[SHOUT] bob: hey"},
		{`{"console": "from the server"}`, "[CHAT] <server>: from the server"},
		{`{"command": {"player": "bob", "text": "/c game.speed = 2"}}`, "[COMMAND] bob tried to run a command, which isn't allowed for them: game.speed = 2"},
		{`{"console": "/promote bob"}`, "[PROMOTE] bob was promoted to admin by <server>."},
		{`{"command": {"player": "bob", "text": "/c game.speed = 1"}}`, "[WARNING] " + achievementWarning},
		{`{"command": {"player": "bob", "text": "/c game.speed = 1"}}`, "[COMMAND] bob (command): game.speed = 1"},
		{`{"command": {"player": "bob", "text": "/c this is no Lua"}}`, `[COMMAND] bob (command): this is no Lua`},
		{`{"command": {"player": "bob", "text": "/kick ann rude"}}`, "[KICK] ann was kicked by bob. Reason: rude."},
	} {
		p.live("%s", step.event)
		p.dated(step.want)
	}
	p.live(`{"command": {"player": "bob", "text": "/who am I"}}`)
	p.wait(`^WHO 2 am I$`)
	p.live(`{"chat": {"player": "ann", "text": "kicked out, nobody hears"}}`)
	p.say("/mute bob")
	p.live(`{"chat": {"player": "bob", "text": "muted"}}`)
	if got := p.say("/mutes"); got != "Muted players: bob" {
		t.Errorf("got %q", got)
	}
	p.say("/unmute bob")
	p.live(`{"chat": {"player": "bob", "text": "heard"}}`)
	p.dated("[CHAT] bob: heard")
	if out := p.output(); strings.Contains(out, "nobody hears") || strings.Contains(out, "bob: muted") {
		t.Errorf("somebody spoke who couldn't:\n%s", out)
	}
	checkOrder(t, p.texts(), "EVENT on_console_chat 1 hello", "EVENT on_console_chat nil from the server",
		"EVENT on_console_command 2 c game.speed", "EVENT on_player_promoted 2", "EVENT on_player_kicked 1 nil rude",
		"EVENT on_player_left_game 1", "EVENT on_player_muted 2", "EVENT on_player_unmuted 2")
}

func TestPeopleAreJudged(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", eventPrinter)
	ban := filepath.Join(i.dir, "server-banlist.json")
	writeFileT(t, ban, `["OldOne", {"username": "other", "reason": "x", "address": "0.0.0.0", "ticket": 7}]`)
	p := i.start(t, "alpha")
	p.join("ann")
	p.join("bob")
	for _, step := range []struct{ command, reply, line string }{
		{"/ban bob for fun", "", "[BAN] bob was banned by <server>. Reason: for fun."},
		{"/banlist add bob", "bob is already banned.", ""},
		{"/banlist add Never", "Added Never to the banlist.", "[BAN] Never (not on map) was banned by <server>. Reason: unspecified."},
		{"/bans", "Banned players: Never OldOne bob and other", ""},
		{"/banlist get bob", "bob is banned.", ""},
		{"/unban bob", "", "[UNBANNED] bob was unbanned by <server>."},
		{"/unban bob", "bob wasn't banned.", ""},
		{"/banlist remove oldone", "Unbanned oldone.", "[UNBANNED] oldone was unbanned by <server>."},
		{"/banlist remove nobody", "nobody wasn't banned.", ""},
		{"/kick ann", "", "[KICK] ann was kicked by <server>. Reason: unspecified."},
		{"/kick nobody", "Player nobody doesn't exist.", ""},
		{"/promote ann", "", "[PROMOTE] ann was added to the admin list by <server> and will be promoted upon joining the game."},
		{"/promote zoe", "", "[PROMOTE] zoe was added to the admin list by <server> and will be promoted upon joining the game."},
		{"/admins", "  ann\n  zoe", ""},
		{"/demote zoe", "", "[DEMOTE] zoe was removed from the admin list by <server> and will no longer be promoted upon joining the game."},
		{"/mute nobody", "Player nobody doesn't exist.", ""},
		{"/purge ann", "", ""},
		{"/banlist", `Expected "add", "remove", "get" or "clear" as the first argument.`, ""},
	} {
		if got := p.say(step.command); got != step.reply {
			t.Errorf("%s: got %q, want %q", step.command, got, step.reply)
		}
		if step.line != "" {
			p.dated(step.line)
		}
	}
	wantJSON(t, ban, `["never",{"username":"other","reason":"x","address":"0.0.0.0","ticket":7}]`)
	wantJSON(t, filepath.Join(i.dir, "server-adminlist.json"), `["ann"]`)
	p.join("ann")
	p.say("/demote ann")
	p.dated("[DEMOTE] ann was demoted from admin by <server>.")
	if got := p.say("/banlist clear"); got != "The banlist has been cleared." {
		t.Errorf("got %q", got)
	}
	if got := p.say("/bans"); got != "The banlist is empty." {
		t.Errorf("got %q", got)
	}
	wantJSON(t, ban, `[]`)
	wantJSON(t, filepath.Join(i.dir, "server-adminlist.json"), `[]`)
}

func writeFileT(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func wantJSON(t *testing.T, path, want string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var compact any
	if err := json.Unmarshal(data, &compact); err != nil {
		t.Fatal(err)
	}
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(compact) != fmt.Sprint(wanted) {
		t.Errorf("%s holds %s, want %s", path, data, want)
	}
}

func TestWhitelist(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	file := filepath.Join(i.dir, "allowed.json")
	writeFileT(t, file, `["ann"]`)
	p := i.start(t, "alpha", "--use-server-whitelist", "--server-whitelist", file)
	for _, step := range []struct{ command, reply string }{
		{"/whitelist add bob", "Added bob to the whitelist."},
		{"/whitelist add BOB", "BOB is already whitelisted."},
		{"/whitelist add cyd", "Added cyd to the whitelist."},
		{"/whitelist get", "Whitelisted players: ann bob and cyd"},
		{"/whitelist get ann", "ann is whitelisted."},
		{"/whitelist get zoe", "zoe is not whitelisted."},
		{"/whitelist remove ann", "Removed ann from the whitelist."},
		{"/whitelist remove ann", "ann wasn't in the whitelist."},
		{"/whitelist nonsense", `Expected "enable", "disable", "add", "remove", "get" or "clear" as the first argument.`},
	} {
		if got := p.say(step.command); got != step.reply {
			t.Errorf("%s: got %q, want %q", step.command, got, step.reply)
		}
	}
	wantJSON(t, file, `["bob", "cyd"]`)
	p.live(`{"join": {"player": "zoe"}}`)
	p.wait(`^ *\d+\.\d{3} Refusing connection for address \(IP ADDR:\(\{[0-9.:]+\}\)\), username \(zoe\)\. UserNotWhitelisted$`)
	p.join("bob")
	p.say("/whitelist disable")
	p.say("/whitelist add dan")
	wantJSON(t, file, `["bob", "cyd"]`) // the file is kept while the list is off
	p.join("zoe")
	if got := p.say("/whitelist clear"); got != "The whitelist has been cleared and disabled." {
		t.Errorf("got %q", got)
	}
	if got := p.say("/whitelist get"); got != "The whitelist is empty." {
		t.Errorf("got %q", got)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.settings(t, `{"auto_pause": false, "max_players": 1, "game_password": "sesame"}`)
	i.create(t, "alpha", "")
	writeFileT(t, filepath.Join(i.dir, "server-adminlist.json"), `["boss"]`)
	writeFileT(t, filepath.Join(i.dir, "server-banlist.json"), `["cheat"]`)
	p := i.start(t, "alpha")
	for _, test := range []struct{ join, reason string }{
		{`"player": "p1", "password": "sesame", "mods": {"base": "1.1.110"}`, "ModsMismatch"},
		{`"player": "p2", "password": "sesame", "guest": true`, "UserVerificationMissing"},
		{`"player": "p3"`, "PasswordMissing"},
		{`"player": "p4", "password": "open"`, "PasswordMismatch"},
		{`"player": "cheat", "password": "sesame"`, "UserBanned"},
		{`"player": "first", "password": "sesame"`, ""},
		{`"player": "first", "password": "sesame"`, "UserWithThatNameAlreadyInGame"},
		{`"player": "second", "password": "sesame"`, "PlayerLimitReached"},
		{`"player": "boss", "password": "sesame"`, ""},
	} {
		p.live(`{"join": {%s}}`, test.join)
		name := regexp.MustCompile(`"player": "(\w+)"`).FindStringSubmatch(test.join)[1]
		if test.reason == "" {
			p.dated("[JOIN] " + name + " joined the game")
		} else {
			p.wait(`^ *\d+\.\d{3} Refusing connection for address .*, username \(` + name + `\)\. ` + test.reason + `$`)
		}
	}
}

func TestCarriedItemsStayInTheWorld(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, `{"worlds": {"*": {
		"chests": [{"id": "a", "contents": [{"name": "iron-plate", "count": 50}]}, {"id": "b", "position": [4.5, 0.5]}],
		"tanks": [{"id": "t1", "position": [10, 10], "fluid": "water", "amount": 1000}, {"id": "t2", "position": [20, 10]}],
		"life": [
			{"tick": 20, "carry": {"player": "ann", "fluid": "water", "amount": 300.5, "from": "t1", "to": "t2"}},
			{"tick": 1, "join": {"player": "ann", "join_frames": 1}},
			{"tick": 30, "carry": {"player": "ann", "item": "iron-plate", "count": 20, "from": "a"}},
			{"tick": 40, "carry": {"player": "ann", "item": "iron-plate", "count": 5, "to": "b"}},
			{"tick": 50, "carry": {"player": "nobody", "item": "iron-plate", "count": 5, "from": "a", "to": "b"}},
			{"tick": 60, "leave": {"player": "ann"}}]}}}`)
	i.create(t, "alpha", `commands.add_command("count", "", function()
		local s = game.surfaces[1]
		rcon.print(s.find_entity("steel-chest", {0.5, 0.5}).get_item_count("iron-plate") .. " " .. s.find_entity("steel-chest", {4.5, 0.5}).get_item_count("iron-plate"))
		for _, tank in pairs(s.find_entities_filtered{name = "storage-tank"}) do rcon.print(tank.get_fluid_count("water")) end
	end)`)
	p := i.start(t, "alpha")
	p.dated("[LEAVE] ann left the game")
	if got := p.say("/count"); got != "30 5\n699.5\n300.5" {
		t.Errorf("got %q", got)
	}
	if got := p.say("/sim-sum"); !strings.Contains(got, `"contents":50,"made":50,`) {
		t.Errorf("got %s", got)
	}
	p.say("/quit")
	p.exit()
	p = i.start(t, "alpha") // the life is part of the save: it is over
	p.say("/version")
	if got := p.say("/count"); got != "30 5\n699.5\n300.5" || strings.Contains(p.output(), "JOIN") {
		t.Errorf("got %q\n%s", got, p.output())
	}
}

func TestDesync(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	p := i.start(t, "alpha")
	p.join("ann")
	p.live(`{"desync": {"player": "ann"}}`)
	p.wait(`oldState\(DesyncedCreatingReport\) newState\(ConnectedLoadingMap\)`)
	checkOrder(t, p.texts(), "peerID(1) oldState(InGame) newState(DesyncedWaitingForMap)", "received playerDesynced peer (1)",
		"from(InGame) to(InGameSavingMapForDesyncReport)", "Serving map(", "from(InGameSavingMapForDesyncReport) to(InGame)",
		"newState(DesyncedCatchingUpWithMapReadyForDownload)", "newState(DesyncedSavingLocalVariantOfMap)",
		"newState(DesyncedDownloadingMap)", "newState(DesyncedCreatingReport)")
	if got := p.say("/players online"); got != "Online players (1):\n  ann (online)" {
		t.Errorf("got %q", got)
	}
}

func TestNobodyIsLeftInALoadedGame(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, `{"mods": {"space-age": false, "quality": false}}`)
	i.create(t, "alpha", eventPrinter)
	p := i.start(t, "alpha")
	p.join("Ann")
	p.say("/server-save")
	p.wait(`AppManager\.cpp:419: Saving finished`)
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.exit()
	if out := p.output(); strings.Contains(out, "space-age 2") || strings.Contains(out, "FeatureFlag quality") || !strings.Contains(out, "FeatureFlag rail-bridges") {
		t.Errorf("the wrong mods:\n%s", out)
	}
	p = i.start(t, "alpha")
	if got := p.say("/players"); got != "Players (1):\n  Ann" {
		t.Errorf("got %q", got)
	}
	p.wait(`^EVENT on_player_left_game 1 `)
	p.live(`{"join": {"player": "ann"}}`)
	p.dated("[JOIN] Ann joined the game")
	p.live(`{"leave": {"player": "Ann"}}`)
	p.dated("[LEAVE] Ann left the game")
	if n := strings.Count(p.output(), "[LEAVE]"); n != 1 {
		t.Errorf("%d lines of leaving", n)
	}
}

func TestPlayersBuildAndMine(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, `{"worlds": {"*": {"chests": [{"id": "a", "contents": [{"name": "wooden-chest", "count": 2}]}]}}}`)
	i.create(t, "alpha", `
		script.on_event({defines.events.on_built_entity, defines.events.on_player_mined_entity}, function(e)
			print("EVENT " .. e.name .. " " .. e.entity.name .. " by " .. e.player_index)
		end)
		commands.add_command("chests", "", function()
			rcon.print(#game.surfaces[1].find_entities_filtered{name = "wooden-chest"} .. " " .. game.players[1].get_item_count("wooden-chest"))
		end)`)
	p := i.start(t, "alpha")
	p.join("ann")
	for _, step := range []struct{ event, want string }{
		{`{"carry": {"player": "ann", "item": "wooden-chest", "count": 2, "from": "a"}}`, "0 2"},
		{`{"build": {"player": "ann", "item": "wooden-chest", "position": [8.5, 3.5]}}`, "1 1"},
		{`{"build": {"player": "ann", "item": "wooden-chest", "position": [8.5, 3.5]}}`, "1 1"},
		{`{"build": {"player": "ann", "item": "wooden-chest", "surface": "nowhere", "position": [9.5, 3.5]}}`, "1 1"},
		{`{"mine": {"player": "ann", "position": [8.5, 3.5]}}`, "0 2"},
		{`{"carry": {"player": "ann", "item": "wooden-chest", "count": 2, "to": "a"}}`, "0 0"},
		{`{"mine": {"player": "ann", "id": "a"}}`, "0 2"},
	} {
		p.live("%s", step.event)
		if got := p.say("/chests"); got != step.want {
			t.Errorf("%s: got %s, want %s", step.event, got, step.want)
		}
	}
	p.wait(`^EVENT \d+ wooden-chest by 1$`)
	p.wait(`^EVENT \d+ steel-chest by 1$`)
}

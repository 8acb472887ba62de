package console

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// show writes an event as "kind field=value …", in the order of the table of kinds.
func show(e Event) string {
	fields := e.Fields()
	text := e.Kind.String()
	for _, name := range e.Names() {
		text += fmt.Sprintf(" %s=%v", name, fields[name])
	}
	return text
}

const date = "2019-01-20 10:30:04 "

// Each line with the event that it is, by the facts about versions 0.16 to 2.1.
var eventLines = []struct{ line, want string }{
	{"   0.000 2026-08-02 02:16:26; Factorio 2.1.11 (build 86962, win64, steam)", "version version=2.1.11 build=86962 mode=win64, steam"},
	{"   0.000 2026-08-02 02:16:26; Factorio 0.16.51 (build 36654)", "version version=0.16.51 build=36654"},
	{`   0.007 Program arguments: "<bin>" "--rcon-password" <private> `, `arguments text="<bin>" "--rcon-password" <private>`},
	{"   0.007 Write data path: /opt/factorio [543644/943782MB]", "path name=write data text=/opt/factorio [543644/943782MB]"},
	{"   0.023 Loading mod base 2.0.77 (data.lua)", "loading_mod name=base version=2.0.77 mode=data.lua"},
	{"   0.023 Loading mod settings a b 1.0.0 (settings.lua)", "loading_mod name=a b version=1.0.0 mode=settings.lua"},
	{"   0.291 Checksum of base: 1879415942", "checksum name=base crc=1879415942"},
	{"   0.566 Checksum for script __level__/control.lua: 2722821277", "checksum name=script __level__/control.lua crc=2722821277"},
	{"   0.542 Factorio initialised", "initialised"},
	{"   0.543 Loading map /a: 5 bytes./b.zip: 863501 bytes.", "loading_map name=/a: 5 bytes./b.zip size=863501"},
	{"   0.543 Loading map /a b.zip", "loading_map name=/a b.zip"},
	{"   0.291 Checksum for mod base: 1879415942", "checksum name=base crc=1879415942"},
	{"   6.104 Hosting game at 4cfa81fbcb320636474f76bd4766898a84113483", "hosting addr=4cfa81fbcb320636474f76bd4766898a84113483"},
	{"   6.433 Info ServerRouter.cpp:491: Own address is 21d5db10a00b458e8c7adc0cb9a00ceb186120d6", "own_address addr=21d5db10a00b458e8c7adc0cb9a00ceb186120d6"},
	{"  25.405 Refusing connection for address (b9c0d6bac4cc34d550f9acb631996f61bc0a9a3b), username (z). PasswordMissing",
		"refused addr=b9c0d6bac4cc34d550f9acb631996f61bc0a9a3b player=z reason=PasswordMissing"},
	{"  28.254 Info ServerRouter.cpp:409: Replying to connectionRequest for address(31a56912c7240b0cce957e3bafa7f255cc9c6047).",
		"connecting addr=31a56912c7240b0cce957e3bafa7f255cc9c6047"},
	{"  30.886 Info X.cpp:1: MapTick(15285206) Serving map(/mp-save-0.zip) for peer(1) size(30002787) crc(2187470964)",
		"serving_map peer=1 name=/mp-save-0.zip size=30002787 crc=2187470964 tick=15285206"},
	{"  50.548 Info GameActionHandler.cpp:3472: MapTick (15285335) processed PlayerJoinGame peerID(1) playerIndex(1) mode(connect ) ",
		"entered peer=1 index=1 mode=connect tick=15285335"},
	{"   0.736 Error ModManager.cpp:677: Mod package read error. Opening zip /m/x_0.3.10.zip failed: Bad zip file",
		"mod_unreadable text=Mod package read error. Opening zip /m/x_0.3.10.zip failed: Bad zip file"},
	{"   0.553 Info Scenario.cpp:154: Map version 2.0.77-0", "map_version version=2.0.77"},
	{"   0.567 Info X.cpp:1: mapTick(4294967295) changing state from(Ready) to(PreparedToHostGame)", "state_changed from=Ready to=PreparedToHostGame"},
	{"   0.567 Info X.cpp:1: updateTick(18446744073709551615) changing state from(Ready) to(PreparedToHostGame)", "state_changed from=Ready to=PreparedToHostGame"},
	{"   0.567 Info X.cpp:1: updateTick(926) changing state from(InGame) to(InGameSavingMap)", "state_changed from=InGame to=InGameSavingMap tick=926"},
	{"   0.567 Hosting game at IP ADDR:({0.0.0.0:34199})", "hosting addr=0.0.0.0:34199"},
	{"   0.567 Info RemoteCommandProcessor.cpp:126: Starting RCON interface at IP ADDR:({0.0.0.0:27019})", "rcon_ready addr=0.0.0.0:27019"},
	{"   0.567 Info RemoteCommandProcessor.cpp:126: Starting RCON interface at port 27015", "rcon_ready addr=:27015"},
	{"   0.567 Info RemoteCommandProcessor.cpp:245: New RCON connection from IP ADDR:({127.0.0.1:51234})", "rcon_connected addr=127.0.0.1:51234"},
	{"   0.567 Error RemoteCommandProcessor.cpp:326: RCON connection read failed: Can't read socket: Connection reset by peer", "rcon_lost reason=Can't read socket: Connection reset by peer"},
	{"   0.567 Error RemoteCommandProcessor.cpp:297: Couldn't parse RCON data: Couldn't read from input file. File could be corrupted.",
		"rcon_lost reason=Couldn't read from input file. File could be corrupted."},
	{"   0.567 Error InterruptibleStdioStream.cpp:55: Got EOF on stdin; closing", "stdin_closed"},
	{"   6.826 Info ServerRouter.cpp:491: Own address is IP ADDR:({203.0.113.7:34197})", "own_address addr=203.0.113.7:34197"},
	{"   6.826 Info ServerRouter.cpp:491: Own address is IP ADDR:({203.0.113.7:34197}) (confirmed by pingpong1)", "own_address addr=203.0.113.7:34197 by=pingpong1"},
	{"   6.826 Error ServerRouter.cpp:491: Determining own address has failed. Best guess: x", "own_address_failed text=Determining own address has failed. Best guess: x"},
	{"   6.826 Info ServerRouter.cpp:491: Received own address message reply with conflicting address: x", "own_address_failed text=Received own address message reply with conflicting address: x"},
	{"   6.826 Info MatchingServer.cpp:86: Matching server game `4342325` has been created.", "matching_created name=4342325"},
	{"   6.826 Error ServerMultiplayerManager.cpp:633: Matching server connection failed: Error when creating server game: Missing token.",
		"matching_failed reason=Error when creating server game: Missing token."},
	{"   6.826 Info MatchingServer.cpp:86: Matching server connection resumed", "matching_resumed"},
	{"   6.826 Matching server connection resumed", "matching_resumed"},
	{"   0.100 Error ModManager.cpp:813: Mod package read error. File /m/X_1.0.0.zip/info.json not found", "mod_unreadable text=Mod package read error. File /m/X_1.0.0.zip/info.json not found"},
	{"   0.100 Info ModManager.cpp:241: Found duplicate mod X, using higher version (1.11.2 > 1.11.1).", "mod_duplicate name=X text=X, using higher version (1.11.2 > 1.11.1)."},
	{"   0.100 Info ServerRouter.cpp:465: Replying to connectionRequest for address(IP ADDR:({10.11.12.13:61375})).", "connecting addr=10.11.12.13:61375"},
	{"   0.100 Refusing connection for address (IP ADDR:({203.0.113.4:56255})), username (a). b (c)). ModsMismatch", "refused addr=203.0.113.4:56255 player=a). b (c) reason=ModsMismatch"},
	{"   0.100 Info ServerRouter.cpp:1: Refusing connection for address (IP ADDR:({[::1]:5})), username (a). PasswordMismatch", "refused addr=[::1]:5 player=a reason=PasswordMismatch"},
	{"   0.100 Info X.cpp:1: Queuing ban recommendation check for user a", "ban_check player=a"},
	{"   0.100 Info ServerSynchronizer.cpp:594: nextHeartbeatSequenceNumber(28) adding peer(1)", "peer_added peer=1"},
	{"   0.100 Info ServerSynchronizer.cpp:613: nextHeartbeatSequenceNumber(347934) removing peer(2).", "peer_removed peer=2"},
	{"   0.100 Info ServerMultiplayerManager.cpp:978: updateTick(1) received stateChanged peerID(1) oldState(Ready) newState(ConnectedWaitingForMap)",
		"peer_state peer=1 from=Ready to=ConnectedWaitingForMap tick=1"},
	{"   0.100 Info X.cpp:1: UpdateTick(19044001) Serving map(/a) for peer(2)/mp-save-0.zip) for peer(1) size(21679343) auxiliary(129) crc(2368940170)",
		"serving_map peer=1 name=/a) for peer(2)/mp-save-0.zip size=21679343 crc=2368940170 tick=19044001"},
	{"   0.100 Info X.cpp:1: UpdateTick(0) Serving map(/mp-save-0.zip) for peer(1) size(710608) crc(3632081234)", "serving_map peer=1 name=/mp-save-0.zip size=710608 crc=3632081234 tick=0"},
	{"   0.100 Info GameActionHandler.cpp:4168: UpdateTick (52) processed PlayerJoinGame peerID(1) playerIndex(0) mode(create) ", "entered peer=1 index=0 mode=create tick=52"},
	{"   0.100 Info InputActionHandler.cpp:5062: UpdateTick (52) processed PlayerJoinGame peerID(7) playerIndex(3) mode(connect)", "entered peer=7 index=3 mode=connect tick=52"},
	{"   0.100 Info ServerMultiplayerManager.cpp:1086: Disconnect notification for peer (2)", "disconnected peer=2"},
	{"   0.100 Warning TransmissionControlHelper.cpp:176: Fragment 01af failed too many times", "slow_client text=Fragment 01af failed too many times"},
	{"   0.100 Info X.cpp:1: updateTick(3997) received playerDesynced peer (1)", "desync peer=1 tick=3997"},
	{"   0.100 Error GameActionHandler.cpp:3595: Multiplayer desynchronisation: crc test (heuristic) failed for crcTick(1) serverCRC(2) localCRC(3)",
		"desync text=Multiplayer desynchronisation: crc test (heuristic) failed for crcTick(1) serverCRC(2) localCRC(3)"},
	{" 609.329 Info ServerMultiplayerManager.cpp:1231: Auto saving map as /s/X.zip", "idle_save name=/s/X.zip"},
	{" 609.329 Info AppManager.cpp:323: Saving to _autosave130 (blocking).", "save_started name=_autosave130 mode=auto blocking=true"},
	{" 609.329 Info AppManager.cpp:323: Saving to _autosave1 (non-blocking).", "save_started name=_autosave1 mode=auto blocking=false"},
	{" 609.329 Info AppManager.cpp:416: Saving game as /a b/x.zip", "save_started name=/a b/x.zip mode=game blocking=true"},
	{" 609.329 Info MainLoop.cpp:437: Saving map as /a b/x.zip", "save_started name=/a b/x.zip mode=map blocking=true"},
	{" 609.329 Info MainLoop.cpp:448: Saving progress: 0.244499%", "save_progress percent=0.244499"},
	{" 609.329 Info AppManagerStates.cpp:2110: Saving finished", "save_finished"},
	{"1343819.675 Received SIGINT, shutting down", "shutting_down name=SIGINT"},
	{"  16.011 Received second SIGINT, terminating immediately", "second_signal name=SIGINT"},
	{"  16.011 Quitting: remote-quit.", "quitting reason=remote-quit"},
	{"  16.011 Quitting: multiplayer error.", "quitting reason=multiplayer error"},
	{"  16.528 Goodbye", "goodbye"},
	{"   0.100 Error X.cpp:91: MultiplayerManager failed: Host address is already in use.", "failure text=Host address is already in use."},
	{`   0.100 Error X.cpp:91: MultiplayerManager failed: "filesystem error: create_directories "/t" failed: Permission denied [/t]"`,
		`failure text=filesystem error: create_directories "/t" failed: Permission denied [/t]`},
	{"   0.100 Error X.cpp:91: MultiplayerManager failed: Map version 2.1.9-0 cannot be loaded because it is higher than the game version (2.0.77-0).",
		"failure text=Map version 2.1.9-0 cannot be loaded because it is higher than the game version (2.0.77-0)."},
	{"   0.100 Error X.cpp:91: MultiplayerManager failed: level.dat not found.", "failure text=level.dat not found."},
	{"   0.100 Error X.cpp:91: Binding IPv4 socket failed: Permission denied", "failure text=Binding IPv4 socket failed: Permission denied"},
	{"   0.100 Error X.cpp:91: Can't bind socket: Address already in use", "failure text=Can't bind socket: Address already in use"},
	{"   0.100 Error X.cpp:91: Hosting multiplayer game failed: Can't bind socket: Address already in use", "failure text=Hosting multiplayer game failed: Can't bind socket: Address already in use"},
	{"   0.100 Error Main.cpp:839: require_user_verification must be enabled for public games.", "failure text=require_user_verification must be enabled for public games."},
	{"   0.100 Error Util.cpp:81: Failed to load mods: a", "failure text=Failed to load mods: a"},
	{`   0.100 Error Util.cpp:81: "grass" is not a valid autoplace control name.`, `failure text="grass" is not a valid autoplace control name.`},
	{`   0.100 Error ModManager.cpp:1751: Error while loading item prototype "x" (item): y`, `failure text=Error while loading item prototype "x" (item): y`},
	{"   0.100 Error X.cpp:1: Couldn't acquire exclusive lock for /x/.lock", "failure text=Couldn't acquire exclusive lock for /x/.lock"},
	{"   0.100 Couldn't create lock file /x/.lock: Permission denied", "failure text=Couldn't create lock file /x/.lock: Permission denied"},
	{" 110.207 Error MainLoop.cpp:1488: Exception at tick 5880: The mod X (0.0.1) caused a non-recoverable error.",
		"lua_error name=X text=The mod X (0.0.1) caused a non-recoverable error. tick=5880"},
	{"   9.100 Error CrashHandler.cpp:641: Received SIGSEGV", "crash text=Received SIGSEGV"},
	{"   9.100 Factorio crashed. Generating symbolized stacktrace, please wait ...", "crash text=Factorio crashed. Generating symbolized stacktrace, please wait ..."},
	{"   9.100 Error Util.cpp:97: Unexpected error occurred. If you're running", "crash text=Unexpected error occurred. If you're running"},
	{"   9.100 Warning WriteFileGuard.cpp:52: Writing /p failed; previous version (if any) should still be available", "write_failed text=Writing /p failed; previous version (if any) should still be available"},
	{"   9.100 Error PlayerData.cpp:446: Failed to save player data: No space left on device.", "write_failed text=Failed to save player data: No space left on device."},
	{"   9.100 Error ModManager.cpp:160: writeModlist threw an exception: Permission denied", "write_failed text=writeModlist threw an exception: Permission denied"},
	{"   9.100 Warning FileUtil.cpp:527: test not found; using test.zip", "warning text=test not found; using test.zip"},
	{"   9.100 Error ServerRouter.cpp:1: Nat punch request failed: x", "error text=Nat punch request failed: x"},

	{date + "[JOIN] User joined the game", "join player=User"},
	{date + "[LEAVE] User left the game", "leave player=User"},
	{date + "[LEAVE] User was dropped from the game.", "leave player=User reason=dropped"},
	{date + "[LEAVE] User was disconnected as they desynced.", "leave player=User reason=desync_limit_reached"},
	{date + "[LEAVE] User's computer or network could not keep up with the server, so they have been disconnected.", "leave player=User reason=cannot_keep_up"},
	{date + "[KICK] User was disconnected for being AFK.", "leave player=User reason=afk"},
	{date + "[CHAT] User: chat: message", "chat player=User text=chat: message"},
	{date + "[CHAT] User [my tag]: hi", "chat player=User text=hi"},
	{date + "[CHAT] <server>: hello from probe", "chat player=<server> text=hello from probe"},
	{date + "[CHAT] User:", "chat player=User text="},
	{date + "[SHOUT] User: text", "shout player=User text=text"},
	{date + "[COMMAND] User (command): blah: x", "command player=User mode=command text=blah: x"},
	{date + "[COMMAND] User tried to run a command, which isn't allowed for them: x", "command_refused player=User text=x"},
	{date + "[WARNING] Using Lua console commands will disable achievements. Please repeat the command to proceed.",
		"notice text=Using Lua console commands will disable achievements. Please repeat the command to proceed."},
	{date + "[KICK] User was kicked by <server>. Reason: unspecified.", "kick player=User by=<server>"},
	{date + "[KICK] User was kicked by a.b. Reason: x. Reason: y.", "kick player=User by=a.b reason=x. Reason: y"},
	{date + "[BAN] User was banned by <server>. Reason: griefing.", "ban player=User by=<server> absent=false reason=griefing"},
	{date + "[BAN] User (not on map) was banned by <server>. Reason: unspecified.", "ban player=User by=<server> absent=true"},
	{date + "[UNBANNED] User was unbanned by <server>.", "unban player=User by=<server>"},
	{date + "[PROMOTE] User was promoted to admin by <server>.", "promote player=User by=<server> absent=false"},
	{date + "[PROMOTE] User was added to the admin list by <server> and will be promoted upon joining the game.", "promote player=User by=<server> absent=true"},
	{date + "[DEMOTE] User was demoted from admin by <server>.", "demote player=User by=<server> absent=false"},
	{date + "[DEMOTE] User was removed from the admin list by <server> and will no longer be promoted upon joining the game.", "demote player=User by=<server> absent=true"},
	{date + `Cannot execute command. Error: [string "blah"]:1: syntax error near <eof>`, `command_error text=Cannot execute command. Error: [string "blah"]:1: syntax error near <eof>`},
}

func TestEvents(t *testing.T) {
	seen := make(map[Kind]bool)
	for _, test := range eventLines {
		e := Parse(test.line).Event()
		seen[e.Kind] = true
		if got := show(e); got != test.want {
			t.Errorf("event of %q\n got %s\nwant %s", test.line, got, test.want)
		}
	}
	for kind := range kindCount {
		if !seen[kind] && kind != None {
			t.Errorf("no line tells %v", kind)
		}
	}
}

// Lines that are damaged, say something else than what they look like, or are said by somebody else.
var noEvents = []string{
	"   6.826 Info ServerMultiplayerManager.cpp:808: updateTick(x) changing state from(InGame) to(Failed)",
	"   6.826 Info ServerMultiplayerManager.cpp:808: updateTick(0) changing state from(CreatingGame)",
	"   6.826 Info ServerMultiplayerManager.cpp:808: updateTick(0) changing state from(In Game) to(Failed)",
	"   6.826 Info ServerMultiplayerManager.cpp:808: updateTick(0) changing state from() to()",
	"   6.826 Info ServerMultiplayerManager.cpp:808: updateTick(99999999999999999999) changing state from(InGame) to(Failed)",
	"   6.826 Info X.cpp:1: updateTick(1) received stateChanged peerID(-1) oldState(Ready) newState(InGame)",
	"   6.826 Info X.cpp:1: updateTick(1) received stateChanged peerID(4294967296) oldState(Ready) newState(InGame)",
	"   6.826 Info X.cpp:1: updateTick(1) received playerDesynced peer 1",
	"   6.826 Info X.cpp:1: UpdateTick (52) processed PlayerJoinGame peerID(1) mode(create)",
	"   6.826 Info X.cpp:1: UpdateTick(0) Serving map(/mp-save-0.zip) for peer(1) size(-5) crc(3632081234)",
	"   6.826 Info X.cpp:1: UpdateTick(0) Serving map(/mp-save-0.zip",
	"   6.826 updateTick(0) changing state from(CreatingGame) to(InGame)",
	"   6.826 Info ServerMultiplayerManager.cpp:91: MultiplayerManager failed: said a script",
	"   6.826 Info MainLoop.cpp:448: Saving progress: NaN%",
	"   6.826 Info MainLoop.cpp:448: Saving progress: 101.0%",
	"   6.826 Info AppManager.cpp:323: Saving to _autosave1",
	"   6.826 Info AppManager.cpp:323: Saving finished early",
	"   6.826 Info AppManager.cpp:323: Saving game as ",
	"   6.826 Info AppManager.cpp:323: Starting RCON interface at nowhere",
	"   6.826 Info MatchingServer.cpp:86: Matching server game `4342325",
	"   6.826 Info Scenario.cpp:154: Map version 2.0",
	"   6.826 Goodbye cruel world",
	"   6.826 Loading level.dat: 1012258 bytes.",
	"   6.826 Loading map x",
	"   6.826 Loading map x: -5 bytes.",
	"   6.826 Loading mod base (data.lua)",
	"   6.826 Checksum of base: 4294967296",
	"   6.826 Hosting game at nowhere",
	"   6.826 Hosting game at IP ADDR:({})",
	"   6.826 Received SIGHUP",
	"   6.826 Received  , shutting down",
	"   6.826 Refusing connection for address (IP ADDR:({203.0.113.4:56255})), username (a)",
	"   6.826 Refusing connection for address (IP ADDR:({203.0.113.4:56255})), username (a). said a player",
	"   0.000 2026-08-02 02:16:26; Factorio 2.0 (build 1)",
	"   0.000 2026-08-02 02:16:26; Factorio 2.0.77 (build x)",
	"   0.000 yesterday; Factorio 2.0.77 (build 1)",
	"   6.826 Script @x.lua:1: Goodbye",
	"   6.826 Script =(command):1: MultiplayerManager failed: x",
	"Goodbye",
	"Hosting game at IP ADDR:({0.0.0.0:34199})",
	"Error while running event level::on_tick (ID 0)",
	"updateTick(0) changing state from(CreatingGame) to(InGame)",
	"Error ServerMultiplayerManager.cpp:91: MultiplayerManager failed: Host address is already in use.",
	"[JOIN] User joined the game",
	date + "Goodbye",
	date + "User joined the game",
	date + "[JOIN] User joined the game today",
	date + "[JOIN] joined the game",
	date + "[JOIN] User Name joined the game",
	date + "[join] User joined the game",
	date + "[LEAVE] User left the game.",
	date + "[LEAVE] User Name left the game",
	date + "[LEAVE]  left the game",
	date + "[KICK] User was kicked by . Reason: unspecified.",
	date + "[KICK] User was kicked",
	date + "[BAN] User was kicked by <server>. Reason: unspecified.",
	date + "[UNBAN] User was unbanned by <server>.",
	date + "[PROMOTE] User was added to the admin list by <server>",
	date + "[COMMAND] User: blah",
	date + "[CHAT] nothing",
	date + "[MSG] User: hello",
	"mainbus:1 31 b476ff9e 0 0 1/1 301 core hello rmainbus",
}

func TestNoEvents(t *testing.T) {
	for _, s := range noEvents {
		if e := Parse(s).Event(); e.Kind != None {
			t.Errorf("%q is %s", s, show(e))
		}
	}
}

// The page for people lists the kinds with their fields as they are.
func TestDocumentedKinds(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "inspect.md"))
	if err != nil {
		t.Fatal(err)
	}
	for kind := range kindCount {
		k := kinds[kind]
		fields := "—"
		if k.fields != "" {
			fields = "`" + strings.Join(strings.Fields(k.fields), "` `") + "`"
		}
		if row := fmt.Sprintf("| `%s` | %s |", k.name, fields); !strings.Contains(string(page), row) {
			t.Errorf("docs/inspect.md has no row %s", row)
		}
	}
}

package console

import (
	"slices"
	"strings"

	"mainbus/hostagent/factorio"
)

// Kind says what an Event is.
type Kind uint8

// The kinds. The table kinds tells the fields of Event that each sets.
const (
	None Kind = iota // says nothing that is known

	// From the start of the process to the game in which players can be.
	Version     // first line of a run
	Arguments   // Text: the command line as the game tells it, with the password masked
	Path        // Name: "config", "read data", "write data" or "binaries"
	LoadingMod  // Mode: the file of the stage, such as "data.lua"
	Checksum    // Name: a mod, "core", "script <path>"
	Initialised // all mods are loaded
	LoadingMap  // Name: path; Size: of the zip
	MapVersion  // of the map that is loaded
	StateChanged
	Hosting       // the UDP port is open
	RCONReady     // Addr is just ":27015" up to 1.0
	OwnAddress    // as seen by the pingpong servers; By: "pingpong1"
	NoOwnAddress  // harmless
	Matched       // listed by the matching server; Name: its id for the game
	MatchFailed   // harmless but for the listing
	MatchResumed  //
	ModUnreadable // the start goes on without it
	ModDuplicate  // of several versions the highest is used

	// Players, as the network part sees them: by the number of a connection.
	Connecting   // somebody asks to be let in
	Refused      // Reason: "ModsMismatch", "PasswordMismatch", …
	BanCheck     // Factorio.com is asked about a player
	PeerAdded    //
	PeerRemoved  //
	PeerState    // From and To are states of the peer
	ServingMap   // the peer downloads the map; Name: path of the copy
	Entered      // Mode: "create" for a player never seen before, else "connect"; Index counts from 0
	Disconnected //
	SlowClient   // a packet had to be sent too often
	Desync       // the peer's map differs from the server's

	// Players, as everybody is told. By is who did it; "<server>" is the console. Reason is empty if none was given.
	Join           //
	Leave          // Reason: the API's name, such as "afk" (defines.disconnect_reason)
	Chat           // Player is "<server>" for the console
	Shout          //
	Command        // Mode: "command", …
	CommandRefused //
	CommandError   // of a Lua command
	Notice         // of the game, in the console
	Kick           //
	Ban            // Absent: never was on this map
	Unban          //
	Promote        // Absent: takes effect upon joining
	Demote         // Absent: likewise

	// Saves.
	IdleSave       // a save follows because the last player left
	SaveStarted    // Mode: "auto", "game" (asked for) or "map" (at the end); Name: path, or bare name of an autosave
	SavingProgress // of the save at the end
	SaveFinished   // of any save but that at the end

	// RCON and the console.
	RCONConnected //
	RCONLost      // harmless
	StdinClosed   // harmless; the console is gone

	// The end.
	ShuttingDown // Name: "SIGINT", …
	SecondSignal // ends without saving
	Quitting     // Reason: "signal", "remote-quit", "multiplayer error"
	Goodbye      // last line of a run that ended by itself, whether well or not
	Failure      // the server can't start or can't go on
	LuaError     // a script's error that ends the game; Name: the mod or "level"; Reason: the message
	Crash        // of the game itself

	// All else with these levels.
	WriteFailed // of a file that is not the save
	Warning     //
	Error       //

	kindCount
)

// kinds are the names of the kinds and of the fields that they set. A field in parentheses may be missing.
var kinds = [kindCount]struct{ name, fields string }{
	None:           {"line", "text (doubt)"},
	Version:        {"version", "version build (mode)"},
	Arguments:      {"arguments", "text"},
	Path:           {"path", "name text"},
	LoadingMod:     {"loading_mod", "name version mode"},
	Checksum:       {"checksum", "name crc"},
	Initialised:    {"initialised", ""},
	LoadingMap:     {"loading_map", "name (size)"},
	MapVersion:     {"map_version", "version"},
	StateChanged:   {"state_changed", "from to (tick)"},
	Hosting:        {"hosting", "addr"},
	RCONReady:      {"rcon_ready", "addr"},
	OwnAddress:     {"own_address", "addr (by)"},
	NoOwnAddress:   {"own_address_failed", "text"},
	Matched:        {"matching_created", "name"},
	MatchFailed:    {"matching_failed", "reason"},
	MatchResumed:   {"matching_resumed", ""},
	ModUnreadable:  {"mod_unreadable", "text"},
	ModDuplicate:   {"mod_duplicate", "name text"},
	Connecting:     {"connecting", "addr"},
	Refused:        {"refused", "addr player reason"},
	BanCheck:       {"ban_check", "player"},
	PeerAdded:      {"peer_added", "peer"},
	PeerRemoved:    {"peer_removed", "peer"},
	PeerState:      {"peer_state", "peer from to (tick)"},
	ServingMap:     {"serving_map", "peer name size crc (tick)"},
	Entered:        {"entered", "peer index mode (tick)"},
	Disconnected:   {"disconnected", "peer"},
	SlowClient:     {"slow_client", "text"},
	Desync:         {"desync", "(peer) (tick) (text)"},
	Join:           {"join", "player"},
	Leave:          {"leave", "player (reason)"},
	Chat:           {"chat", "player text"},
	Shout:          {"shout", "player text"},
	Command:        {"command", "player mode text"},
	CommandRefused: {"command_refused", "player text"},
	CommandError:   {"command_error", "text"},
	Notice:         {"notice", "text"},
	Kick:           {"kick", "player by (reason)"},
	Ban:            {"ban", "player by absent (reason)"},
	Unban:          {"unban", "player by"},
	Promote:        {"promote", "player by absent"},
	Demote:         {"demote", "player by absent"},
	IdleSave:       {"idle_save", "name"},
	SaveStarted:    {"save_started", "name mode blocking"},
	SavingProgress: {"save_progress", "percent"},
	SaveFinished:   {"save_finished", ""},
	RCONConnected:  {"rcon_connected", "addr"},
	RCONLost:       {"rcon_lost", "reason"},
	StdinClosed:    {"stdin_closed", ""},
	ShuttingDown:   {"shutting_down", "name"},
	SecondSignal:   {"second_signal", "name"},
	Quitting:       {"quitting", "reason"},
	Goodbye:        {"goodbye", ""},
	Failure:        {"failure", "text (stack)"},
	LuaError:       {"lua_error", "name text (tick) (reason) (stack)"},
	Crash:          {"crash", "text (stack)"},
	WriteFailed:    {"write_failed", "text"},
	Warning:        {"warning", "text"},
	Error:          {"error", "text"},
}

// String is the kind's name in what mainbusctl inspect prints, such as "state_changed".
func (k Kind) String() string { return kinds[k].name }

// NoTick is the tick that StateChanged tells before a map is loaded (2^64-1, up to 1.1 2^32-1).
const NoTick = 1<<64 - 1

// Event is what a line says. Only the fields that its kind names are set.
type Event struct {
	Kind     Kind
	Version  factorio.Version
	Build    uint32
	From, To string // such as "Ready", "InGame", "InGameSavingMap", "InitializationFailed", "Failed", "Closed"
	Tick     uint64
	Peer     uint32
	Index    uint32
	Name     string
	Mode     string
	Size     int64 // bytes
	CRC      uint32
	Blocking bool
	Percent  float64
	Addr     string // "0.0.0.0:34197"; up to 0.16 a hash of it
	Player   string
	By       string
	Absent   bool
	Reason   string
	Text     string
	Stack    string // lines of a stack trace, and whatever else followed the first line

	goes continuation
}

// A continuation is how a message goes on in the lines that follow.
type continuation uint8

const (
	whole  continuation = iota
	open                // in Bare lines
	quoted              // in Bare lines up to a closing quotation mark
)

// Fields are the fields that the kind names, by the names in the table kinds; those that may be missing and are empty are left
// out. Values are strings, numbers and booleans, and a list of strings for "stack".
func (e Event) Fields() map[string]any {
	fields := make(map[string]any)
	for _, name := range e.Names() {
		fields[name], _ = e.field(name)
	}
	return fields
}

// Names are the names of the fields that are set, in the order of the table kinds.
func (e Event) Names() []string {
	var names []string
	for name := range strings.FieldsSeq(kinds[e.Kind].fields) {
		optional := strings.HasPrefix(name, "(")
		name = strings.Trim(name, "()")
		if _, set := e.field(name); set || !optional {
			names = append(names, name)
		}
	}
	return names
}

func (e Event) field(name string) (value any, set bool) {
	text := func(s string) (any, bool) { return s, s != "" }

	switch name {
	case "version":
		return e.Version.String(), true
	case "build":
		return e.Build, true
	case "from":
		return text(e.From)
	case "to":
		return text(e.To)
	case "tick":
		return e.Tick, e.Tick != NoTick
	case "peer":
		return e.Peer, e.Peer != 0
	case "index":
		return e.Index, true
	case "name":
		return text(e.Name)
	case "mode":
		return text(e.Mode)
	case "size":
		return e.Size, e.Size != 0
	case "crc":
		return e.CRC, true
	case "blocking":
		return e.Blocking, true
	case "percent":
		return e.Percent, true
	case "addr":
		return text(e.Addr)
	case "player":
		return text(e.Player)
	case "by":
		return text(e.By)
	case "absent":
		return e.Absent, true
	case "reason":
		return text(e.Reason)
	case "text":
		return text(e.Text)
	case "doubt": // of an Entry
		return nil, false
	case "stack":
		return slices.Collect(strings.SplitSeq(e.Stack, "\n")), e.Stack != ""
	default:
		panic("console: no field " + name)
	}
}

package cmdline

type takes uint8

const (
	something takes = iota
	nothing
	either // an argument, or none
)

type group string

// The groups of --help.
const (
	general group = "General options"
	running group = "Running options"
	server  group = "Server options"
)

type option struct {
	name, short string
	takes       takes
	argument    string // for --help
	group       group
	action      bool // says what to do; only one such may be given
	help        string
}

// options are those that a headless server has. Those that a server has no use for are taken and ignored.
var options = []option{
	{"help", "h", nothing, "", general, false, "display this help"},
	{"version", "", nothing, "", general, false, "show the version"},
	{"verbose", "v", nothing, "", general, false, "write more lines to the log"},
	{"config", "c", something, "PATH", general, false, "config file to use"},
	{"no-log-rotation", "", nothing, "", general, false, "don't rename the log of the run before"},
	{"mod-directory", "", something, "PATH", general, false, "folder of the mods"},
	{"executable-path", "", something, "PATH", general, false, "own path, when started by another loader"},
	{"check-unused-prototype-data", "", nothing, "", general, false, "tell prototype keys that were not read"},
	{"disable-audio", "", nothing, "", general, false, "make no sound"},
	{"nogamepad", "", nothing, "", general, false, "use no game pad"},
	{"disable-migration-window", "", nothing, "", general, false, "don't tell of migrations"},
	{"disable-prototype-history", "", nothing, "", general, false, "don't record who changed prototypes"},
	{"threads", "", something, "N", general, false, "number of threads to use"},

	{"map2scenario", "s", something, "NAME", running, true, "make a scenario out of a save"},
	{"scenario2map", "m", something, "[MOD/]NAME", running, true, "make a save out of a scenario"},
	{"dump-data", "", nothing, "", running, true, "write the prototypes as JSON into script-output"},
	{"dump-prototype-locale", "", nothing, "", running, true, "write what the prototypes are called as JSON into script-output"},
	{"benchmark", "", something, "FILE", running, true, "run a save as fast as possible and tell how fast"},
	{"benchmark-ticks", "", something, "N", running, false, "number of ticks of a benchmark"},
	{"benchmark-runs", "", something, "N", running, false, "number of runs of a benchmark"},
	{"benchmark-verbose", "", something, "LIST", running, false, "what a benchmark tells about each tick"},
	{"until-tick", "", something, "TICK", running, false, "stop at this tick"},
	{"output-perf-stats", "", something, "FILE", running, false, "where to write the times of a run"},
	{"instrument-mod", "", something, "NAME", running, false, "let a mod watch the others"},

	{"create", "", something, "FILE", server, true, "make a new save and exit"},
	{"start-server", "", something, "FILE", server, true, "host a save"},
	{"start-server-load-latest", "", nothing, "", server, true, "host the newest save"},
	{"start-server-load-scenario", "", something, "[MOD/]NAME", server, true, "host a new map of a scenario"},
	{"map-gen-settings", "", something, "FILE", server, false, "map generation settings of a new map"},
	{"map-gen-seed", "", something, "SEED", server, false, "seed of a new map"},
	{"map-gen-seed-max", "", something, "SEED", server, false, "greatest seed, where one is drawn"},
	{"map-settings", "", something, "FILE", server, false, "map settings of a new map"},
	{"preset", "", something, "NAME", server, false, "preset of a new map"},
	{"port", "", something, "N", server, false, "UDP port of the game"},
	{"bind", "", something, "ADDRESS[:PORT]", server, false, "address of the game"},
	{"rcon-port", "", something, "N", server, false, "TCP port of the remote console"},
	{"rcon-bind", "", something, "ADDRESS:PORT", server, false, "address of the remote console"},
	{"rcon-password", "", something, "PASSWORD", server, false, "password of the remote console"},
	{"server-settings", "", something, "FILE", server, false, "file of the server's settings"},
	{"use-authserver-bans", "", either, "[BOOL]", server, false, "ask factorio.com about joining players"},
	{"use-server-whitelist", "", either, "[BOOL]", server, false, "let in only who is on the whitelist"},
	{"server-whitelist", "", something, "FILE", server, false, "file of the whitelist"},
	{"server-banlist", "", something, "FILE", server, false, "file of the banlist"},
	{"server-adminlist", "", something, "FILE", server, false, "file of the admins"},
	{"console-log", "", something, "FILE", server, false, "file for a copy of the console"},
	{"server-id", "", something, "FILE", server, false, "file of the server's id"},
	{"enable-lua-udp", "", either, "[PORT]", server, false, "let scripts send and receive UDP packets"},
}

package diagnosis

import (
	"regexp"
	"strconv"
)

func decimal(n int) string { return strconv.Itoa(n) }

// row is a known trouble. The first row that fits wins, so what comes with other troubles stands further down.
type row struct {
	id    string
	text  *regexp.Regexp // of a line without its time, level and place
	bare  bool           // also lines without a time, as stack traces have them
	early bool           // only before the game has said anything: what its loader or the system prints

	summary, meaning, advice string
}

func text(pattern string) *regexp.Regexp { return regexp.MustCompile(pattern) }

const (
	nothingLost = "Nothing is lost: the saves are as they were."
	sinceSave   = "What happened since the last save is lost."
)

var crash = Cause{
	ID: "E38", Summary: "The game itself crashed.",
	Meaning: "That is a bug of Factorio, or a fault of the machine's memory. " + sinceSave,
	Advice:  "Start it again. If it crashes again, use the save before, and report it at forums.factorio.com with factorio-previous.log.",
}

// The wordings and their origins are in docs/fidelity.md; where the wording is known only from
// guides, the pattern is its stable part.
var table = []row{
	{
		id: "E01", text: text(`Host address is already in use|Failed to bind socket\. Address already in use`),
		summary: "Another program uses its UDP port.",
		meaning: "Two servers can't listen on one port. " + nothingLost,
		advice:  "It is started again on the next free port by itself. To keep its port, stop the other server.",
	}, {
		id: "E02", text: text(`Can't bind socket: Address already in use`),
		summary: "Another program uses its RCON port.",
		meaning: "Mainbus talks to the game over a TCP port of this machine, which somebody took at that moment. " + nothingLost,
		advice:  "Start it again: each start takes another port.",
	}, {
		id: "E04", text: text(`(?:Binding IPv4 socket failed|Can't bind socket): Permission denied`),
		summary: "It may not open its network port.",
		meaning: "Ports below 1024, and all ports in some sandboxes, are forbidden. " + nothingLost,
		advice:  "Choose a port from 1024 on, or loosen the sandbox of mainbus-host.",
	}, {
		id: "E06", text: text(`Couldn't acquire exclusive lock|Is another instance already running`),
		summary: "Another Factorio uses its folder.",
		meaning: "Two games must not write into one folder. " + nothingLost,
		advice:  "End the other one: perhaps it was started by hand or by another program. Then start this one again.",
	}, {
		id: "E05", text: text(`Couldn't create lock file.*Permission denied`),
		summary: "It may not write into its folder.",
		meaning: "The folder or something in it belongs to another user. " + nothingLost,
		advice:  "Give the instance's folder to the user that mainbus-host runs as (chown -R), then start it again.",
	}, {
		id: "E41", text: text(`[Nn]o space left on device|not enough room on the disk|There is not enough space on the disk`),
		summary: "The disk is full.",
		meaning: "The game could not write. The save before that is whole.",
		advice:  "Make room on the disk of the instance's folder, then start it again.",
	}, {
		id: "E08", text: text(`(?:copy_file|copy).*Operation not permitted|Operation not permitted.*currently-playing`),
		summary: "The file system of its folder does not let the game copy files.",
		meaning: "Some network disks and container mounts refuse to keep a file's attributes. " + nothingLost,
		advice:  "Move the data folder of mainbus-host to a local disk.",
	}, {
		id: "E07", text: text(`filesystem error: .*Permission denied`),
		summary: "It may not read or write in its folder.",
		meaning: "A part of the folder belongs to another user. " + nothingLost,
		advice:  "Give the instance's folder to the user that mainbus-host runs as (chown -R), then start it again.",
	}, {
		id: "E11", text: text(`Failed to read mod settings: (.*)`),
		summary: "Its mod settings are of a newer version of the game.",
		meaning: "The game would ignore them and use defaults, which can change the map for good.",
		advice:  "Run it with the version that wrote mod-settings.dat, or put back the file of this version.",
	}, {
		id: "E09", text: text(`Map version (\S+) cannot be loaded because it is higher than the game version \(([^)]*)\)`),
		summary: "The save is of Factorio $1, the game here is $2.",
		meaning: "A game can't load what a newer one has saved. " + nothingLost,
		advice:  "Update the game on this host to $1 or newer, or choose an older save.",
	}, {
		id: "E10", text: text(`Map version (\S+) cannot be loaded because it is lower than the minimum (?:input|required map) version \(?([^)\s]*)`),
		summary: "The save is of Factorio $1, older than this game can load.",
		meaning: "It has to be brought up to date by a version in between. " + nothingLost,
		advice:  "Load and save it once with a version that still reads it ($2 or a little newer).",
	}, {
		id: "E13", text: text(`[Mm]issing required dependency:? (.*)`), bare: true,
		summary: "A mod needs another one that is not here: $1.",
		meaning: "The game does not start with an incomplete set of mods. " + nothingLost,
		advice:  "Install and enable $1, or take out the mod that needs it.",
	}, {
		id: "E12", text: text(`[Dd]ependency '?(.+?)'? (?:is not satisfied|not met)(?: \(active: ([^)]*)\))?`), bare: true,
		summary: "A mod needs $1.",
		meaning: "What is here does not fit: the mod is for another version of the game or of a mod. " + nothingLost,
		advice:  "Use a release of the mod for this version of the game, or update what it needs.",
	}, {
		id: "E26", text: text(`No such mod '([^']+)'`),
		summary: "The save or a command needs the mod “$1”, which is off.",
		meaning: "Space Age, Quality and Elevated Rails are mods too. " + nothingLost,
		advice:  "Switch “$1” on in the instance's mods.",
	}, {
		id: "E12", text: text(`Failed to load mods?:? (.*)`),
		summary: "Its mods could not be loaded: $1",
		meaning: "The game does not start without the mods that are enabled. " + nothingLost,
		advice:  "Update or disable the mod that is named.",
	}, {
		id: "E12", text: text(`^Error while loading (.*)`),
		summary: "Its mods could not be loaded: $1",
		meaning: "A mod makes something that this version of the game does not take. " + nothingLost,
		advice:  "Update or disable the mod; the lines below name those that had a part in it.",
	}, {
		id: "E14", text: text(`"([^"]*)" is not a valid autoplace control name`),
		summary: "Its map settings name “$1”, which this game does not know.",
		meaning: "They were made for other mods or another version. " + nothingLost,
		advice:  "Make the map settings anew for this version and these mods.",
	}, {
		id: "E15", text: text(`Opening zip .*/\.zip failed`),
		summary: "No save was chosen.",
		meaning: "There is nothing to start from.",
		advice:  "Put a save into the instance's saves folder, or start an empty instance, which makes a map.",
	}, {
		id: "E17", text: text(`require_user_verification must be enabled for public games`),
		summary: "A public game must check who its players are.",
		meaning: "Factorio refuses to list a game that lets in anybody under any name. " + nothingLost,
		advice:  "Switch user verification on in the server settings, or make the game private.",
	}, {
		text:    text(`Steam requires game restart`),
		summary: "Steam started the game anew outside of Mainbus.",
		meaning: "A copy of Factorio from Steam does so when it does not know by whom it was started. " + nothingLost,
		advice:  "Close the game that Steam has opened, then start this one again; or use the headless or standalone version.",
	}, {
		id: "E43", text: text(`clusterio_private' \(a nil value\)`), bare: true,
		summary: "An update of the game's scripts replaced what Clusterio had patched into the save.",
		meaning: "That happens at the first start with another version. " + nothingLost,
		advice:  "Start it again.",
	}, {
		id: "E24", text: text(`The mod (\S+) \(([^)]*)\) caused a non-recoverable error`), bare: true,
		summary: "An error in the mod “$1” $2 ended the game.",
		meaning: "The game ends with the first error of a script, without a save. " + sinceSave,
		advice:  "If it happens again: disable $1 or use its release before, and tell its author what the lines below say.",
	}, {
		id: "E24", text: text(`The scenario (\S+) caused a non-recoverable error`), bare: true,
		summary: "An error in a script of the save itself ended the game.",
		meaning: "The game ends with the first error of a script, without a save. " + sinceSave,
		advice:  "If it happens again, the lines below tell where: the scenario's own script, or the modules of Mainbus in it.",
	}, {
		id: "E25", text: text(`Error while running event (\S+)`), bare: true,
		summary: "An error in the script “$1” ended the game.",
		meaning: "It may be the fault of a mod that changes that script. " + sinceSave,
		advice:  "Disable the mods that were changed last and start it again.",
	}, {
		id: "E29", text: text(`Error while running reload_script: (.*)`),
		summary: "The save's scripts could not be copied: $1",
		meaning: "The file system of its folder does not let the game copy files. " + nothingLost,
		advice:  "Move the data folder of mainbus-host to a local disk.",
	}, {
		id: "E39", text: text(`Can't save to default location`),
		summary: "It was started from a scenario and has no save to write to.",
		meaning: "The game has no name for its save.",
		advice:  "Save it under a name from its console (/server-save NAME), then stop it.",
	}, {
		id: "E30", early: true, text: text(`Option '?([^' ]+)'? does not exist`),
		summary: "This version of Factorio does not know the option “$1”.",
		meaning: "It is too old or too new for this version of Mainbus. " + nothingLost,
		advice:  "Use another version of the game on this host, or update mainbus-host.",
	}, {
		id: "E31", early: true, text: text(`version [\x60']?(GLIBC\S*?)' not found`),
		summary: "The operating system is too old for this version of Factorio: $1 is missing.",
		meaning: "The game was built for a newer Linux. " + nothingLost,
		advice:  "Update the operating system, or run the instance on another host.",
	}, {
		id: "E32", early: true, text: text(`(?i)exec format error|not a valid Win32 application|bad CPU type`),
		summary: "The game is not for this kind of processor.",
		meaning: "The installation was made for another machine. " + nothingLost,
		advice:  "Install the game for this machine's processor.",
	}, {
		id: crash.ID, text: text(`Factorio crashed\.|Received SIGSEGV|Unexpected error occurred`), bare: true,
		summary: crash.Summary, meaning: crash.Meaning, advice: crash.Advice,
	}, {
		text:    text(`(?:info\.json|level\.dat0?) not found|Bad zip file|[Cc]orrupt`),
		summary: "The save is damaged.",
		meaning: "The game can't read it. Older saves are not touched.",
		advice:  "Choose an older save, or put a good copy into the saves folder.",
	}, {
		text:    text(`Received second SIG`),
		summary: "It was told twice to end, and ended without saving.",
		meaning: sinceSave,
		advice:  "Start it again; it goes on from the newest save.",
	}, {
		id: "E37", text: text(`MultiplayerManager failed: (.*)|Hosting multiplayer game failed:? ?(.*)`),
		summary: "It could not host the game: $1$2",
		meaning: nothingLost,
		advice:  "The lines below tell more.",
	},
}

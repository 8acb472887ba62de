package game

import (
	"fmt"
	"slices"
	"strings"
)

// command is one of the game's own. Its error is one that stops the game, or what to tell the caller.
type command struct {
	admin bool // players need to be admins
	help  string
	run   func(s *server, r *request, parameter string) error
}

// consoleCommands are the commands of the game by their names, and those of the simulator, which begin with sim-.
func consoleCommands() map[string]command {
	all := map[string]command{
		"help":    {false, "[command] - Prints a list of available commands, or help about one.", (*server).helpCommand},
		"version": {false, "- Prints the current game version.", func(*server, *request, string) error { return tell("%s", gameVersion) }},
		"time":    {false, "- Prints info about how old the map is.", func(s *server, _ *request, _ string) error { return tell("%s", duration(s.world.Tick/60)) }},
		"seed":    {false, "- Prints the starting map seed.", func(s *server, _ *request, _ string) error { return tell("%d", s.world.Seed) }},
		"evolution": {false, "- Prints info about the alien evolution factor.", func(*server, *request, string) error {
			return tell("Evolution factor: 0.0000. (Time 0%%) (Pollution 0%%) (Spawner kills 0%%)")
		}},
		"players":     {false, "[online/o/count/c] - Prints a list of players in the game.", (*server).playersCommand},
		"shout":       {false, "<message> - Sends a message to all players including other forces.", func(s *server, r *request, text string) error { return s.say("SHOUT", r, text) }},
		"server-save": {true, "[save name] - Saves the game on the server.", (*server).saveCommand},
		"quit": {true, "- Quits the game and saves it.", func(s *server, r *request, _ string) error {
			s.quit = r.caller == ""
			return nil
		}},
	}
	for _, more := range []map[string]command{peopleCommands(), listCommands(), luaCommands(), simCommands(), {
		"config": {true, "<get|set> <config-name> [value] - Gets or sets various multiplayer game configs.", (*server).configCommand},
	}} {
		for name, c := range more {
			all[name] = c
		}
	}
	for _, name := range strings.Fields(`clear delete-blueprint-library editor ignore mute-programmable-speaker o open
		perf-avg-frames permissions r reply screenshot swap-players toggle-action-logging toggle-heavy-mode unignore
		unlock-shortcut-bar unlock-tips w whisper alerts`) {
		all[name] = command{false, "- Without effect in the simulated game.", func(*server, *request, string) error { return nil }}
	}
	for alias, name := range map[string]string{
		"h": "help", "p": "players", "s": "shout", "save": "server-save", "c": "command", "sc": "silent-command", "mc": "measured-command",
	} {
		all[alias] = all[name]
	}
	return all
}

func (s *server) helpCommand(r *request, name string) error {
	name = strings.TrimPrefix(name, "/")
	if c, ok := s.commands[name]; ok {
		return tell("/%s %s", name, c.help)
	}
	if help, ok := s.scripts.CommandHelp(name); ok {
		return tell("/%s %s", name, help)
	}
	if name != "" {
		return tell(`Unknown command "%s". Type /h or /help for more help about commands.`, name)
	}
	var names []string
	for name := range s.commands {
		if !strings.HasPrefix(name, "sim-") {
			names = append(names, name)
		}
	}
	names = append(names, s.scripts.Commands()...)
	slices.Sort(names)
	r.printf("Available commands: /%s", strings.Join(names, ", /"))
	return nil
}

func (s *server) playersCommand(r *request, parameter string) error {
	online, count := false, false
	for _, word := range strings.Fields(parameter) {
		online = online || word == "online" || word == "o"
		count = count || word == "count" || word == "c"
	}
	head, listed := "Players", s.world.Players
	if online {
		head, listed = "Online players", s.world.Connected()
	}
	r.printf("%s (%d):", head, len(listed))
	if count {
		return nil
	}
	for _, p := range listed {
		r.printf("  %s", withState(p))
	}
	return nil
}

func withState(p *player) string {
	if p.Online {
		return p.Name + " (online)"
	}
	return p.Name
}

func (s *server) saveCommand(_ *request, name string) error {
	name = strings.TrimSuffix(name, ".zip")
	switch {
	case name == "" && s.unnamed:
		return tell("Can't save to default location: Default location not known")
	case name != "" && !validSaveName(name):
		return tell("Can't save as %q.", name)
	}
	s.orders = append(s.orders, saveOrder{name: name})
	return nil
}

// duration writes seconds as the game does: "1 hour, 2 minutes and 3 seconds".
func duration(seconds uint64) string {
	var parts []string
	for _, unit := range []struct {
		name string
		size uint64
	}{{"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}} {
		n := seconds / unit.size
		seconds %= unit.size
		if n == 0 && (unit.size > 1 || len(parts) > 0) {
			continue
		}
		plural := "s"
		if n == 1 {
			plural = ""
		}
		parts = append(parts, fmt.Sprintf("%d %s%s", n, unit.name, plural))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

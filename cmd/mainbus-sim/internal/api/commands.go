package api

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/luavm"
)

type command struct {
	owner *Script
	help  string
	fn    *lua.LFunction
}

// gameCommands are the names that custom commands may not take.
var gameCommands = strings.Fields(`admin admins ban banlist bans c clear command config delete-blueprint-library
	demote editor evolution h help ignore kick mc measured-command mute mute-programmable-speaker mutes o open p
	perf-avg-frames permissions players promote purge quit r reply s save sc screenshot seed server-save shout
	silent-command swap-players time toggle-action-logging toggle-heavy-mode unban unignore unlock-shortcut-bar
	unlock-tips unmute version w whisper whitelist`)

func (s *Script) addCommandClass() {
	declare(s, members[commandsObject]{
		name: "LuaCommandProcessor",
		attrs: attributes[commandsObject]{
			"commands": read(func(call, commandsObject) any {
				help := map[string]string{}
				for name, c := range s.g.commands {
					help[name] = c.help
				}
				return texttable(s.vm.L, help)
			}),
			"game_commands": read(func(call, commandsObject) any {
				help := map[string]string{}
				for _, name := range gameCommands {
					help[name] = name
				}
				return texttable(s.vm.L, help)
			}),
		},
		methods: methods[commandsObject]{
			"add_command": func(c call, _ commandsObject) any {
				l := c.l
				name, fn := l.CheckString(1), l.CheckFunction(3)
				if slices.Contains(gameCommands, name) {
					l.RaiseError("Can't add command %s: it is a game command.", name)
				}
				if _, taken := s.g.commands[name]; taken {
					l.RaiseError("Can't add command %s: a command of this name exists.", name)
				}
				s.g.commands[name] = command{owner: s, help: s.localised(l.Get(2)), fn: fn}
				return nothing{}
			},
			"remove_command": func(c call, _ commandsObject) any {
				name := c.text(c.arg(1))
				old, found := s.g.commands[name]
				if found && old.owner == s {
					delete(s.g.commands, name)
				}
				return found && old.owner == s
			},
		},
	})
}

// Command runs a custom command; false means that there is none of that name. player is the index of the player who
// typed it, 0 for the server's console and RCON.
func (g *Game) Command(name, parameter string, player int) (bool, error) {
	c, ok := g.commands[name]
	if !ok {
		return false, nil
	}
	fields := []Field{{"name", name}, {"tick", g.p.World.Tick}}
	if player > 0 {
		fields = append(fields, Field{"player_index", player})
	}
	if parameter != "" {
		fields = append(fields, Field{"parameter", parameter})
	}
	return true, c.owner.handle(fmt.Sprintf("command %q", name), c.fn, c.owner.table(fields))
}

// CommandHelp is the help text of a custom command, false if there is none of that name.
func (g *Game) CommandHelp(name string) (string, bool) {
	c, ok := g.commands[name]
	return c.help, ok
}

// Commands are the names of custom commands, sorted.
func (g *Game) Commands() []string { return sorted(g.commands) }

// Console runs the text of a Lua console command, in the script of a mod if it begins with __mod__ and a blank, else
// in the level's. Its errors do not stop the game.
func (g *Game) Console(source string) error {
	s := g.level
	if mod, rest, ok := strings.Cut(strings.TrimPrefix(source, "__"), "__ "); ok && strings.HasPrefix(source, "__") {
		if s = g.script(mod); s == nil {
			return fmt.Errorf("no script of a mod %q", mod)
		}
		source = rest
	}
	fn, err := s.vm.Load(source, luavm.ChunkName(source))
	if err != nil {
		return err
	}
	_, err = s.vm.Call(fn)
	return err
}

package game

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/api"
	"mainbus/cmd/mainbus-sim/internal/world"
)

// request is one line for the console. It runs in the next tick.
type request struct {
	text   string
	remote bool           // from RCON; else from the standard input
	done   func(r string) // takes everything that was printed to the caller; nil for the standard input

	reply strings.Builder
	out   *output
}

// print prints to the caller.
func (r *request) print(text string) {
	if r.remote {
		r.reply.WriteString(text + "\n")
		return
	}
	r.out.bare(text)
}

// maxConsoleLine bounds a line of the standard input in bytes.
const maxConsoleLine = 1 << 20

// readConsole takes commands from the standard input.
func (s *server) readConsole() {
	lines := bufio.NewScanner(s.stdin)
	lines.Buffer(nil, maxConsoleLine)
	for lines.Scan() {
		if text := strings.TrimSpace(lines.Text()); text != "" {
			if s.out.trace != nil {
				s.out.trace.add("in", text)
			}
			s.requests <- &request{text: text, out: s.out}
		}
	}
	s.out.failure("InterruptibleStdioStream.cpp:55", "Got EOF on stdin; closing")
}

// execute runs one line. The error is one that stops the game.
func (s *server) execute(r *request) error {
	s.current = r
	defer func() { s.current = nil }()
	err := s.dispatch(r)
	if r.done != nil {
		r.done(r.reply.String())
	}
	return err
}

func (s *server) dispatch(r *request) error {
	text := r.text
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if !strings.HasPrefix(text, "/") {
		s.out.dated("CHAT", "<server>: "+text)
		return s.act(func(p *peer) error {
			return p.scripts.Raise("on_console_chat", api.Field{Name: "message", Value: text})
		})
	}
	name, parameter, _ := strings.Cut(text[1:], " ")
	err := s.act(func(p *peer) error {
		return p.scripts.Raise("on_console_command", api.Field{Name: "command", Value: name}, api.Field{Name: "parameters", Value: parameter})
	})
	if err != nil {
		return err
	}
	if command, ok := consoleCommands[name]; ok {
		command(s, r, parameter)
		return nil
	}
	if _, found := s.scripts.CommandHelp(name); !found {
		r.print(fmt.Sprintf(`Unknown command "%s". Type /h or /help for more help about commands.`, name))
		return nil
	}
	return s.act(func(p *peer) error {
		_, err := p.scripts.Command(name, parameter, 0)
		return err
	})
}

// consoleCommands are the commands of the game that are simulated, and those of the simulator, which begin with sim-.
var consoleCommands = map[string]func(s *server, r *request, parameter string){
	"version":        func(_ *server, r *request, _ string) { r.print(gameVersion.String()) },
	"time":           func(s *server, r *request, _ string) { r.print(duration(s.world.Tick / 60)) },
	"seed":           func(s *server, r *request, _ string) { r.print(fmt.Sprint(s.world.Seed)) },
	"players":        (*server).players,
	"p":              (*server).players,
	"server-save":    (*server).serverSave,
	"quit":           func(s *server, _ *request, _ string) { s.quit = true },
	"c":              func(s *server, r *request, p string) { s.luaCommand(r, p, false) },
	"command":        func(s *server, r *request, p string) { s.luaCommand(r, p, false) },
	"sc":             func(s *server, r *request, p string) { s.luaCommand(r, p, true) },
	"silent-command": func(s *server, r *request, p string) { s.luaCommand(r, p, true) },
	"sim-sum":        (*server).simSum,
	"sim-storage":    (*server).simStorage,
	"sim-flows":      (*server).simFlows,
	"sim-clients":    (*server).simClients,
}

func (s *server) players(r *request, parameter string) {
	head := "Players (0)"
	for _, word := range strings.Fields(parameter) {
		if word == "online" || word == "o" {
			head = "Online players (0)"
		}
	}
	r.print(head + ":")
}

func (s *server) serverSave(r *request, name string) {
	name = strings.TrimSuffix(strings.TrimSpace(name), ".zip")
	if name != "" && !validSaveName(name) {
		r.print(fmt.Sprintf("Can't save as %q.", name))
		return
	}
	s.Save(name, false)
}

const achievementWarning = "Using Lua console commands will disable achievements. Please repeat the command to proceed."

// luaCommand runs Lua. The first on a save has to be repeated, because it ends the save's achievements.
func (s *server) luaCommand(r *request, source string, silent bool) {
	if !s.world.ConsoleCommandUsed {
		if s.warned != r.text {
			s.warned = r.text
			s.out.dated("WARNING", achievementWarning)
			if r.remote {
				r.print(achievementWarning)
			}
			return
		}
	}
	if !silent {
		s.out.dated("COMMAND", "<server> (command): "+source)
	}
	var failure error
	_ = s.act(func(p *peer) error { // an error of the text itself stops nothing
		p.world.ConsoleCommandUsed = true
		if err := p.scripts.Console(source); p.world == s.world {
			failure = err
		}
		return nil
	})
	if failure != nil {
		text := "Cannot execute command. Error: " + failure.Error()
		if r.remote {
			r.print(text)
		} else {
			s.out.dated("", text)
		}
	}
}

func (s *server) simSum(r *request, _ string) {
	answer, err := json.Marshal(struct {
		Tick    uint64      `json:"tick"`
		Items   []world.Sum `json:"items"`
		Running bool        `json:"running"`
	}{s.world.Tick, s.world.Sums(), !s.world.Stopped})
	if err != nil {
		r.print("error: " + err.Error())
		return
	}
	r.print(string(answer))
}

func (s *server) simStorage(r *request, key string) {
	answer, err := s.scripts.StorageJSON("level", strings.TrimSpace(key))
	if err != nil {
		answer = "error: " + err.Error()
	}
	r.print(answer)
}

func (s *server) simFlows(r *request, parameter string) {
	switch strings.TrimSpace(parameter) {
	case "stop", "go":
		_ = s.act(func(p *peer) error { p.world.Stopped = strings.TrimSpace(parameter) == "stop"; return nil })
	default:
		r.print("usage: /sim-flows stop|go")
	}
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

package game

import (
	"encoding/json"
	"strings"
	"time"

	"mainbus/cmd/mainbus-sim/internal/life"
	"mainbus/hostagent/factorio/serversettings"
)

// luaCommands are those that run Lua.
func luaCommands() map[string]command {
	return map[string]command{
		"command": {false, "<command> - Executes a Lua command (if allowed).", func(s *server, r *request, source string) error {
			return s.luaCommand(r, source, loud)
		}},
		"silent-command": {false, "<command> - Executes a Lua command (if allowed) without printing it to the console.", func(s *server, r *request, source string) error {
			return s.luaCommand(r, source, silent)
		}},
		"measured-command": {false, "<command> - Executes a Lua command (if allowed) and measures time it took.", func(s *server, r *request, source string) error {
			return s.luaCommand(r, source, measured)
		}},
	}
}

type luaKind uint8

const (
	loud luaKind = iota
	silent
	measured
)

const achievementWarning = "Using Lua console commands will disable achievements. Please repeat the command to proceed."

// luaCommand runs Lua. The first on a save has to be repeated, because it ends the save's achievements.
func (s *server) luaCommand(r *request, source string, kind luaKind) error {
	switch {
	case s.luaForbidden(r):
		s.out.Dated("COMMAND", r.name()+" tried to run a command, which isn't allowed for them: "+source)
		return nil
	case !s.world.ConsoleCommandUsed && s.warned != r.text:
		s.warned = r.text
		s.out.Dated("WARNING", achievementWarning)
		if r.remote {
			r.print(achievementWarning)
		}
		return nil
	}
	if kind != silent {
		s.out.Dated("COMMAND", r.name()+" (command): "+source)
	}
	var failure error
	begin := time.Now()
	err := s.act(func(p *peer) error { // an error of the text itself stops nothing
		p.world.ConsoleCommandUsed = true
		if err := p.scripts.Console(source); p.world == s.world {
			failure = err
		}
		return nil
	})
	if kind == measured {
		r.printf("Duration: %fms", float64(time.Since(begin).Microseconds())/1000)
	}
	if failure != nil {
		text := "Cannot execute command. Error: " + failure.Error()
		if r.remote {
			r.print(text)
		} else {
			s.out.Dated("", text)
		}
	}
	return err
}

// luaForbidden follows allow_commands: the server counts as an admin.
func (s *server) luaForbidden(r *request) bool {
	switch s.settings.AllowCommands {
	case serversettings.Everybody:
		return false
	case serversettings.Nobody:
		return true
	}
	return r.caller != "" && !s.world.IsAdmin(r.caller)
}

// simCommands are those of the simulator alone.
func simCommands() map[string]command {
	return map[string]command{
		"sim-sum":     {true, "", (*server).simSum},
		"sim-storage": {true, "", (*server).simStorage},
		"sim-flows":   {true, "", (*server).simFlows},
		"sim-set": {true, "", func(s *server, _ *request, object string) error {
			if err := s.knobs.Change(object); err != nil {
				return tell("error: %s", err)
			}
			s.behave()
			if s.rcon != nil {
				s.rcon.Disturb(s.knobs.RCON)
			}
			return nil
		}},
		"sim-live": {true, "", (*server).simLive},
		"sim-clients": {true, "", func(s *server, r *request, parameter string) error {
			s.simClients(r, parameter)
			return nil
		}},
	}
}

func (s *server) simSum(*request, string) error {
	answer, err := worldSum(s.world)
	if err != nil {
		return tell("error: %s", err)
	}
	return tell("%s", answer)
}

func (s *server) simStorage(_ *request, keys string) error {
	answer, err := s.scripts.StorageJSON("level", keys)
	if err != nil {
		return tell("error: %s", err)
	}
	return tell("%s", answer)
}

func (s *server) simFlows(_ *request, parameter string) error {
	if parameter != "stop" && parameter != "go" {
		return tell("usage: /sim-flows stop|go")
	}
	return s.act(func(p *peer) error { p.world.Stopped = parameter == "stop"; return nil })
}

// simLive does one event of a life at once; a time in it means nothing.
func (s *server) simLive(_ *request, text string) error {
	var e life.Event
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return tell("error: %s", err)
	}
	if err := e.Check(); err != nil {
		return tell("error: %s", err)
	}
	return s.live(e.Action)
}

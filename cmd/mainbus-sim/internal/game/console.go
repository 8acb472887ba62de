package game

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/gamelog"
)

// serverName is what the server is called where players have their names.
const serverName = "<server>"

// request is one line for the console.
type request struct {
	text   string
	caller string         // name of the player who typed it; empty for the server's console and RCON
	remote bool           // from RCON
	done   func(r string) // takes everything that was printed to the caller; nil without RCON

	reply strings.Builder
	out   *gamelog.Log
}

// print prints to the caller. What a player gets to see is on no output of the server.
func (r *request) printf(format string, args ...any) { r.print(fmt.Sprintf(format, args...)) }

func (r *request) print(text string) {
	switch {
	case r.remote:
		r.reply.WriteString(text + "\n")
	case r.caller == "":
		r.out.Bare(text)
	}
}

// name of the caller in lines that others see.
func (r *request) name() string {
	if r.caller == "" {
		return serverName
	}
	return r.caller
}

// maxConsoleLine bounds a line of the standard input in bytes.
const maxConsoleLine = 1 << 20

// readConsole takes commands from the standard input.
func (s *server) readConsole() {
	lines := bufio.NewScanner(s.stdin)
	lines.Buffer(nil, maxConsoleLine)
	for lines.Scan() {
		if text := strings.TrimSpace(lines.Text()); text != "" {
			s.out.Heard(text)
			s.arrivals <- &request{text: text, out: s.out}
		}
	}
	s.out.Failure("InterruptibleStdioStream.cpp:55", "Got EOF on stdin; closing")
}

// submit takes a command from RCON.
func (s *server) submit(text string, answer func(string), done <-chan struct{}) {
	s.out.Heard(text)
	select {
	case s.arrivals <- &request{text: text, remote: true, out: s.out, done: answer}:
	case <-done:
	}
}

// caller is who is called the author of what happens.
func (s *server) caller() string {
	if s.current == nil {
		return serverName
	}
	return s.current.name()
}

// callerIndex is the player index of the caller, 0 for the server.
func (s *server) callerIndex() int {
	if s.current == nil || s.current.caller == "" {
		return 0
	}
	if p := s.world.Player(s.current.caller); p != nil {
		return p.Index
	}
	return 0
}

// execute runs one line. The error is one that stops the game.
func (s *server) execute(r *request) error {
	before := s.current
	s.current = r
	defer func() { s.current = before }()
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
	if r.caller != "" {
		if err := s.withPlayer(r.caller, func(p *peer, player *player) { p.world.Input(player) }); err != nil {
			return err
		}
	}
	if !strings.HasPrefix(text, "/") {
		return s.chat(r, text)
	}
	name, parameter, _ := strings.Cut(text[1:], " ")
	if err := s.raiseCommand(name, parameter); err != nil {
		return err
	}
	if command, ok := s.commands[name]; ok {
		if command.admin && r.caller != "" && !s.world.IsAdmin(r.caller) {
			return nil // told to the player alone
		}
		err := command.run(s, r, strings.TrimSpace(parameter))
		if told := (*tellCaller)(nil); errors.As(err, &told) {
			r.print(told.text)
			return nil
		}
		return err
	}
	if _, found := s.scripts.CommandHelp(name); !found {
		r.printf(`Unknown command "%s". Type /h or /help for more help about commands.`, name)
		return nil
	}
	index := s.callerIndex()
	return s.act(func(p *peer) error {
		_, err := p.scripts.Command(name, parameter, index)
		return err
	})
}

func (s *server) raiseCommand(name, parameter string) error {
	index := s.callerIndex()
	return s.act(func(p *peer) error {
		fields := []field{{Name: "command", Value: name}, {Name: "parameters", Value: parameter}}
		if index > 0 {
			fields = append(fields, field{Name: "player_index", Value: index})
		}
		return p.scripts.Raise("on_console_command", fields...)
	})
}

// chat says something to everybody.
func (s *server) chat(r *request, text string) error { return s.say("CHAT", r, text) }

func (s *server) say(tag string, r *request, text string) error {
	if p := s.world.Player(r.caller); p != nil && p.Muted {
		return nil
	}
	s.out.Dated(tag, r.name()+": "+text)
	caller := r.caller
	return s.act(func(p *peer) error {
		if caller == "" {
			p.world.Chat(nil, text)
		} else if player := p.world.Player(caller); player != nil {
			p.world.Chat(player, text)
		}
		return nil
	})
}

// tellCaller is an answer that ends a command; it stops nothing.
type tellCaller struct{ text string }

func (e *tellCaller) Error() string { return e.text }

func tell(format string, args ...any) error { return &tellCaller{fmt.Sprintf(format, args...)} }

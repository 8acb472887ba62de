package game

import (
	"slices"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// peopleCommands are those about players.
func peopleCommands() map[string]command {
	return map[string]command{
		"admins":  {false, "- Prints a list of game admins.", (*server).adminsCommand},
		"promote": {true, "<player> - Promotes the player to admin.", func(s *server, _ *request, name string) error { return s.setAdmin(name, true) }},
		"demote":  {true, "<player> - Demotes the player from admin.", func(s *server, _ *request, name string) error { return s.setAdmin(name, false) }},
		"kick":    {true, "<player> <reason> - Kicks the specified player.", (*server).kickCommand},
		"ban": {true, "<player> <reason> - Bans the specified player.", func(s *server, _ *request, parameter string) error {
			name, reason := nameAndRest(parameter)
			_, err := s.ban(name, reason)
			return err
		}},
		"unban": {true, "<player> - Unbans the specified player.", func(s *server, _ *request, name string) error {
			lifted, err := s.unban(name)
			if err == nil && !lifted {
				return tell("%s wasn't banned.", name)
			}
			return err
		}},
		"mute":   {true, "<player> - Prevents the player from saying anything in chat.", func(s *server, _ *request, name string) error { return s.mute(name, true) }},
		"unmute": {true, "<player> - Allows the player to talk in chat again.", func(s *server, _ *request, name string) error { return s.mute(name, false) }},
		"mutes":  {false, "- All players that are muted (can't talk in chat).", (*server).mutesCommand},
		"purge": {true, "<player> - Clears all the messages from this player from the chat log.", func(s *server, _ *request, name string) error {
			return s.withPlayer(name, func(*peer, *player) {})
		}},
	}
}

type player = world.Player

// nameAndRest splits what a command that begins with a player's name was given.
func nameAndRest(parameter string) (name, rest string) {
	name, rest, _ = strings.Cut(parameter, " ")
	return name, strings.TrimSpace(rest)
}

// withPlayer does something to a player by name, on every copy of the map. Callers hear of players that don't exist.
func (s *server) withPlayer(name string, do func(p *peer, who *player)) error {
	if s.world.Player(name) == nil {
		return tell("Player %s doesn't exist.", name)
	}
	return s.act(func(p *peer) error {
		if who := p.world.Player(name); who != nil {
			do(p, who)
		}
		return nil
	})
}

func (s *server) adminsCommand(r *request, _ string) error {
	for _, name := range s.world.Admins {
		if p := s.world.Player(name); p != nil {
			name = withState(p)
		}
		r.printf("  %s", name)
	}
	return nil
}

// setAdmin promotes or demotes. A player who has been here is told of by an event of the map.
func (s *server) setAdmin(name string, admin bool) error {
	if name == "" {
		return tell("Player %s doesn't exist.", name)
	}
	changed := s.world.IsAdmin(name) != admin
	err := s.act(func(p *peer) error {
		if admin {
			p.world.Promote(name)
		} else {
			p.world.Demote(name)
		}
		return nil
	})
	if changed && s.world.Player(name) == nil {
		s.toldAdmin(name, false, admin)
	}
	return err
}

func (s *server) kickCommand(_ *request, parameter string) error {
	name, reason := nameAndRest(parameter)
	by := s.callerIndex()
	return s.withPlayer(name, func(p *peer, who *player) { p.world.Kick(who, p.world.PlayerAt(by), reason) })
}

// ban says whether the name was not banned before.
func (s *server) ban(name, reason string) (bool, error) {
	if name == "" {
		return false, tell("Player %s doesn't exist.", name)
	}
	if s.world.BanOf(name) != nil {
		return false, nil
	}
	by := s.callerIndex()
	return true, s.act(func(p *peer) error {
		p.world.Ban(name, p.world.PlayerAt(by), reason)
		return nil
	})
}

// unban says whether the name was banned.
func (s *server) unban(name string) (bool, error) {
	if s.world.BanOf(name) == nil {
		return false, nil
	}
	by := s.callerIndex()
	return true, s.act(func(p *peer) error {
		p.world.Unban(name, p.world.PlayerAt(by))
		return nil
	})
}

func (s *server) mute(name string, muted bool) error {
	return s.withPlayer(name, func(p *peer, who *player) { p.world.Mute(who, muted) })
}

func (s *server) mutesCommand(r *request, _ string) error {
	var names []string
	for _, p := range s.world.Players {
		if p.Muted {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 {
		return tell("No players are muted.")
	}
	r.printf("Muted players: %s", enumerate(names))
	return nil
}

// enumerate writes names as the game does: "a b and c".
func enumerate(names []string) string {
	names = slices.Sorted(slices.Values(names))
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], " ") + " and " + names[last]
}

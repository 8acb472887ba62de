package game

// listCommands are those about the whitelist and the banlist.
func listCommands() map[string]command {
	bans := func(s *server, _ *request, _ string) error { return s.tellBans("") }
	return map[string]command{
		"whitelist": {true, "<enable|disable|add|remove|get|clear> [player] - Controls the whitelist.", (*server).whitelistCommand},
		"banlist":   {true, "<add|remove|get|clear> [player] - Controls the banlist.", (*server).banlistCommand},
		"bans":      {false, "- Prints a list of banned players.", bans},
	}
}

func (s *server) whitelistCommand(_ *request, parameter string) error {
	verb, name := nameAndRest(parameter)
	switch verb {
	case "enable", "disable":
		s.lists.whitelisting = verb == "enable"
		s.writeWhitelist()
		return nil
	case "add", "remove":
		return s.allow(name, verb == "add")
	case "get":
		return s.tellWhitelist(name)
	case "clear":
		err := s.act(func(p *peer) error { p.world.Whitelist = nil; return nil })
		s.writeWhitelist()
		s.lists.whitelisting = false
		if err != nil {
			return err
		}
		return tell("The whitelist has been cleared and disabled.")
	}
	return tell(`Expected "enable", "disable", "add", "remove", "get" or "clear" as the first argument.`)
}

func (s *server) allow(name string, allowed bool) error {
	if name == "" {
		return tell("Player %s doesn't exist.", name)
	}
	before := s.world.IsAllowed(name)
	if err := s.act(func(p *peer) error { p.world.Allow(name, allowed); return nil }); err != nil {
		return err
	}
	switch {
	case allowed && before:
		return tell("%s is already whitelisted.", name)
	case !allowed && !before:
		return tell("%s wasn't in the whitelist.", name)
	}
	s.writeWhitelist()
	if allowed {
		return tell("Added %s to the whitelist.", name)
	}
	return tell("Removed %s from the whitelist.", name)
}

func (s *server) tellWhitelist(name string) error {
	switch {
	case name != "" && s.world.IsAllowed(name):
		return tell("%s is whitelisted.", name)
	case name != "":
		return tell("%s is not whitelisted.", name)
	case len(s.world.Whitelist) == 0:
		return tell("The whitelist is empty.")
	}
	return tell("Whitelisted players: %s", enumerate(s.world.Whitelist))
}

func (s *server) banlistCommand(_ *request, parameter string) error {
	verb, rest := nameAndRest(parameter)
	switch verb {
	case "add":
		name, reason := nameAndRest(rest)
		added, err := s.ban(name, reason)
		switch {
		case err != nil:
			return err
		case !added:
			return tell("%s is already banned.", name)
		}
		return tell("Added %s to the banlist.", name)
	case "remove":
		lifted, err := s.unban(rest)
		switch {
		case err != nil:
			return err
		case !lifted:
			return tell("%s wasn't banned.", rest)
		}
		return tell("Unbanned %s.", rest)
	case "get":
		return s.tellBans(rest)
	case "clear":
		for len(s.world.Bans) > 0 {
			if _, err := s.unban(s.world.Bans[0].Name); err != nil {
				return err
			}
		}
		return tell("The banlist has been cleared.")
	}
	return tell(`Expected "add", "remove", "get" or "clear" as the first argument.`)
}

func (s *server) tellBans(name string) error {
	var banned []string
	for _, b := range s.world.Bans {
		banned = append(banned, b.Name)
	}
	switch {
	case name != "" && s.world.BanOf(name) != nil:
		return tell("%s is banned.", name)
	case name != "":
		return tell("%s is not banned.", name)
	case len(banned) == 0:
		return tell("The banlist is empty.")
	}
	return tell("Banned players: %s", enumerate(banned))
}

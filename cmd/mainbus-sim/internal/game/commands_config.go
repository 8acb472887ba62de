package game

import (
	"fmt"
	"strconv"
	"strings"

	"mainbus/hostagent/factorio/serversettings"
)

// configKey is a setting that /config reads and changes in the running game.
type configKey struct {
	tell func(s *settings) string
	set  func(s *settings, value string) error
}

func (s *server) configCommand(_ *request, parameter string) error {
	verb, rest := nameAndRest(parameter)
	key, value := nameAndRest(rest)
	if verb != "get" && verb != "set" {
		return tell(`Expected "get" or "set" as the first argument.`)
	}
	config, ok := configKeys[key]
	if !ok {
		return tell("Unknown config: %s", key)
	}
	if verb == "set" {
		if err := config.set(&s.settings, value); err != nil {
			return tell("%s", err)
		}
	}
	return tell("%s", config.tell(&s.settings))
}

// configKeys are the keys of the server's configuration. The replies to name, autosave-interval and allow-commands are
// the game's; those to the others follow their pattern.
var configKeys = map[string]configKey{
	"name":        {func(s *settings) string { return "Server name changed to: " + s.Name }, func(s *settings, v string) error { s.Name = v; return nil }},
	"description": {func(s *settings) string { return "Server description changed to: " + s.Description }, func(s *settings, v string) error { s.Description = v; return nil }},
	"tags": {func(s *settings) string { return "Server tags changed to: " + strings.Join(s.Tags, ", ") }, func(s *settings, v string) error {
		s.Tags = strings.Fields(v)
		return nil
	}},
	"password": {func(s *settings) string {
		if s.GamePassword == "" {
			return "The server has no password."
		}
		return "The server has a password."
	}, func(s *settings, v string) error { s.GamePassword = v; return nil }},
	"allow-commands": {func(s *settings) string { return fmt.Sprintf("Allow Lua commands set to %s.", s.AllowCommands) }, func(s *settings, v string) error {
		switch v {
		case "true", "false", "admins-only":
			s.AllowCommands = serversettings.Commands(v)
			return nil
		}
		return tell("Expected true, false or admins-only, not %s.", v)
	}},
	"autosave-interval": {func(s *settings) string {
		switch s.AutosaveMinutes {
		case 0:
			return "Autosave is disabled."
		case 1:
			return "Autosave every minute."
		}
		return fmt.Sprintf("Autosave every %d minutes.", s.AutosaveMinutes)
	}, number(func(s *settings) *int { return &s.AutosaveMinutes })},
	"afk-auto-kick":             numberKey("AFK auto kick interval", func(s *settings) *int { return &s.AFKKickMinutes }),
	"max-players":               numberKey("Maximum number of players", func(s *settings) *int { return &s.MaxPlayers }),
	"max-upload-speed":          numberKey("Maximum upload speed", func(s *settings) *int { return &s.MaxUploadKilobytes }),
	"max-upload-slots":          numberKey("Maximum upload slots", func(s *settings) *int { return &s.MaxUploadSlots }),
	"autosave-only-on-server":   boolKey("Autosave only on server", func(s *settings) *bool { return &s.AutosaveOnlyOnServer }),
	"only-admins-can-pause":     boolKey("Only admins can pause", func(s *settings) *bool { return &s.OnlyAdminsCanPause }),
	"require-user-verification": boolKey("Require user verification", func(s *settings) *bool { return &s.RequireUserVerification }),
	"visibility-public":         boolKey("Public visibility", func(s *settings) *bool { return &s.Public }),
	"visibility-lan":            boolKey("LAN visibility", func(s *settings) *bool { return &s.LAN }),
	"visibility-steam":          boolKey("Steam visibility", func(s *settings) *bool { return &s.SteamVisibility }),
	"allow-debug-settings":      boolKey("Allow debug settings", func(s *settings) *bool { return &s.AllowDebug }),
	"ignore-player-limit-for-returning-players": boolKey("Ignore player limit for returning players",
		func(s *settings) *bool { return &s.IgnoreLimitForKnown }),
}

func numberKey(label string, at func(*settings) *int) configKey {
	return configKey{func(s *settings) string { return fmt.Sprintf("%s set to %d.", label, *at(s)) }, number(at)}
}

func number(at func(*settings) *int) func(*settings, string) error {
	return func(s *settings, value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return tell("Expected a number, not %s.", value)
		}
		*at(s) = n
		return nil
	}
}

func boolKey(label string, at func(*settings) *bool) configKey {
	return configKey{func(s *settings) string { return fmt.Sprintf("%s set to %t.", label, *at(s)) }, func(s *settings, value string) error {
		on, err := strconv.ParseBool(value)
		if err != nil {
			return tell("Expected true or false, not %s.", value)
		}
		*at(s) = on
		return nil
	}}
}

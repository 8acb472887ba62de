package view

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"

	"mainbus/controller/api"
)

// ServerSettings are the common ones of an instance's server-settings.json.
type ServerSettings struct {
	Name, Description string
	MaxPlayers        uint32 // 0: no limit
	Public, LAN       bool   // where it is listed
	AutosaveInterval  uint32 // minutes; 0: off
	AutosaveSlots     uint32
	AutoPause         bool
	HasPassword       bool // players need one; it is not told
}

// A Setting is a key with its value as JSON, as api.ChangeSettings takes them.
type Setting struct{ Key, Value string }

// ReadSettings reads the common settings. What the file lacks, or has in a form that the game does not take, has the game's default.
func ReadSettings(s api.ServerSettings) (ServerSettings, error) {
	file := struct {
		Name             string `json:"name"`
		Description      string `json:"description"`
		MaxPlayers       uint32 `json:"max_players"`
		AutosaveInterval uint32 `json:"autosave_interval"`
		AutosaveSlots    uint32 `json:"autosave_slots"`
		AutoPause        bool   `json:"auto_pause"`
		GamePassword     string `json:"game_password"`
		Visibility       struct {
			Public bool `json:"public"`
			LAN    bool `json:"lan"`
		} `json:"visibility"`
	}{AutosaveInterval: 10, AutosaveSlots: 5, AutoPause: true}
	err := json.Unmarshal(s.Settings, &file)
	if _, wrong := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !wrong {
		return ServerSettings{}, err
	}
	return ServerSettings{
		Name: file.Name, Description: file.Description, MaxPlayers: file.MaxPlayers, Public: file.Visibility.Public, LAN: file.Visibility.LAN,
		AutosaveInterval: file.AutosaveInterval, AutosaveSlots: file.AutosaveSlots, AutoPause: file.AutoPause, HasPassword: file.GamePassword != "",
	}, nil
}

// Changes returns what has to be set to make these settings of others. The password is not among them.
func (s ServerSettings) Changes(was ServerSettings) (changes []Setting) {
	add := func(differs bool, key, value string) {
		if differs {
			changes = append(changes, Setting{key, value})
		}
	}
	number := func(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
	add(s.Name != was.Name, "name", JSONText(s.Name))
	add(s.Description != was.Description, "description", JSONText(s.Description))
	add(s.MaxPlayers != was.MaxPlayers, "max_players", number(s.MaxPlayers))
	add(s.Public != was.Public, "visibility.public", strconv.FormatBool(s.Public))
	add(s.LAN != was.LAN, "visibility.lan", strconv.FormatBool(s.LAN))
	add(s.AutosaveInterval != was.AutosaveInterval, "autosave_interval", number(s.AutosaveInterval))
	add(s.AutosaveSlots != was.AutosaveSlots, "autosave_slots", number(s.AutosaveSlots))
	add(s.AutoPause != was.AutoPause, "auto_pause", strconv.FormatBool(s.AutoPause))
	return changes
}

// JSONText is a text as a JSON value, so that one like 12 stays a text.
func JSONText(text string) string {
	value, _ := json.Marshal(text) // a text can always be encoded
	return string(value)
}

// AllSettings is the whole file for people to read and edit.
func AllSettings(s api.ServerSettings) string {
	var text bytes.Buffer
	if json.Indent(&text, s.Settings, "", "  ") != nil {
		return string(s.Settings)
	}
	return text.String()
}

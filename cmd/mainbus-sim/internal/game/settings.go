package game

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// settings are those of server-settings.json that change what the game does here.
type settings struct {
	AllowCommands     any  `json:"allow_commands"`
	AutosaveInterval  int  `json:"autosave_interval"` // minutes, 0 is off
	AutosaveSlots     int  `json:"autosave_slots"`
	AutoPause         bool `json:"auto_pause"`
	NonBlockingSaving bool `json:"non_blocking_saving"`
	UserVerification  bool `json:"require_user_verification"`
	Visibility        struct {
		Public bool `json:"public"`
	} `json:"visibility"`
	MinSegment      int `json:"minimum_segment_size"`
	MinSegmentPeers int `json:"minimum_segment_size_peer_count"`
	MaxSegment      int `json:"maximum_segment_size"`
	MaxSegmentPeers int `json:"maximum_segment_size_peer_count"`
}

// readSettings reads the given file, or the one in the write directory if there is one.
func readSettings(given, write string) (settings, error) {
	s := settings{
		AllowCommands: "admins-only", AutosaveInterval: 10, AutosaveSlots: 5, AutoPause: true, UserVerification: true,
		MinSegment: 25, MinSegmentPeers: 20, MaxSegment: 100, MaxSegmentPeers: 10,
	}
	path := given
	if path == "" {
		path = filepath.Join(write, "server-settings.json")
	}
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) && given == "" {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read server settings: %w", err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("read server settings %s: %w", path, err)
	}
	return s, nil
}

// allowedCommands is the number that a save's header has for allow_commands.
func (s settings) allowedCommands() uint8 {
	switch s.AllowCommands {
	case true, "true":
		return 1
	case false, "false":
		return 2
	}
	return 3
}

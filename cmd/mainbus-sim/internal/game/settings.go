package game

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mainbus/cmd/mainbus-sim/internal/remote"
)

// settings are server-settings.json, as far as the game does something with them here.
type settings struct {
	Name             string   `json:"name"`
	Description      string   `json:"description"`
	Tags             []string `json:"tags"`
	MaxPlayers       int      `json:"max_players"` // 0 is any number
	ReturningPlayers bool     `json:"ignore_player_limit_for_returning_players"`
	GamePassword     string   `json:"game_password"`
	UserVerification bool     `json:"require_user_verification"`
	Visibility       struct {
		Public bool `json:"public"`
		LAN    bool `json:"lan"`
	} `json:"visibility"`
	Token string `json:"token"`

	SteamVisibility bool `json:"-"` // only /config knows it, and AllowDebug
	AllowDebug      bool `json:"-"`

	AllowCommands        allowed `json:"allow_commands"`
	AutosaveInterval     int     `json:"autosave_interval"` // minutes, 0 is off
	AutosaveSlots        int     `json:"autosave_slots"`
	AutosaveOnlyOnServer bool    `json:"autosave_only_on_server"`
	NonBlockingSaving    bool    `json:"non_blocking_saving"`
	AutoPause            bool    `json:"auto_pause"`
	PauseWhenConnecting  bool    `json:"auto_pause_when_players_connect"`
	OnlyAdminsCanPause   bool    `json:"only_admins_can_pause_the_game"`
	AFKKickMinutes       int     `json:"afk_autokick_interval"` // 0 is off
	MaxUpload            int     `json:"max_upload_in_kilobytes_per_second"`
	MaxUploadSlots       int     `json:"max_upload_slots"`

	MinSegment      int `json:"minimum_segment_size"`
	MinSegmentPeers int `json:"minimum_segment_size_peer_count"`
	MaxSegment      int `json:"maximum_segment_size"`
	MaxSegmentPeers int `json:"maximum_segment_size_peer_count"`
}

// allowed is who may use Lua commands: "true", "false" or "admins-only". The file may have the first two as booleans.
type allowed string

func (a *allowed) UnmarshalJSON(data []byte) error {
	switch text := string(data); text {
	case "true", "false":
		*a = allowed(text)
	case `"true"`, `"false"`, `"admins-only"`:
		*a = allowed(text[1 : len(text)-1])
	default:
		return fmt.Errorf("allow_commands is %s, not true, false or admins-only", text)
	}
	return nil
}

// header is the number that a save's header has for it.
func (a allowed) header() uint8 {
	switch a {
	case "true":
		return 1
	case "false":
		return 2
	}
	return 3
}

// readSettings reads the given file, or the one in the write directory if there is one.
func readSettings(given, write string) (settings, error) {
	s := settings{
		UserVerification: true, AllowCommands: "admins-only", AutosaveInterval: 10, AutosaveSlots: 5,
		AutosaveOnlyOnServer: true, AutoPause: true, OnlyAdminsCanPause: true, MaxUploadSlots: 5,
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

func (s *settings) segments() remote.Segments {
	return remote.Segments{Min: s.MinSegment, MinPeers: s.MinSegmentPeers, Max: s.MaxSegment, MaxPeers: s.MaxSegmentPeers}
}

func (s *server) autosaveInterval() time.Duration {
	if s.knobs.AutosaveSeconds > 0 {
		return time.Duration(s.knobs.AutosaveSeconds * float64(time.Second))
	}
	return time.Duration(s.settings.AutosaveInterval) * time.Minute
}

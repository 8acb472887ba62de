package game

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mainbus/cmd/mainbus-sim/internal/remote"
	"mainbus/hostagent/factorio/serversettings"
)

// settings are server-settings.json, and what only /config knows.
type settings struct {
	serversettings.Settings
	SteamVisibility, AllowDebug bool
}

// commandsHeader is the number that a save's header has for who may use Lua commands.
func commandsHeader(c serversettings.Commands) uint8 {
	switch c {
	case serversettings.Everybody:
		return 1
	case serversettings.Nobody:
		return 2
	}
	return 3
}

// readSettings reads the given file, or the one in the write directory if there is one.
func readSettings(given, write string) (settings, error) {
	path := given
	if path == "" {
		path = filepath.Join(write, "server-settings.json")
	}
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) && given == "" {
		return settings{Settings: serversettings.Defaults()}, nil
	}
	if err != nil {
		return settings{}, fmt.Errorf("read server settings: %w", err)
	}
	file, err := serversettings.Parse(data)
	if err != nil {
		return settings{}, fmt.Errorf("read %s: %w", path, err)
	}
	values, err := file.Settings()
	if err != nil {
		return settings{}, fmt.Errorf("read %s: %w", path, err)
	}
	return settings{Settings: values}, nil
}

func (s *settings) segments() remote.Segments {
	return remote.Segments{Min: s.MinSegment, MinPeers: s.MinSegmentPeers, Max: s.MaxSegment, MaxPeers: s.MaxSegmentPeers}
}

func (s *server) autosaveInterval() time.Duration {
	if s.knobs.AutosaveSeconds > 0 {
		return time.Duration(s.knobs.AutosaveSeconds * float64(time.Second))
	}
	return time.Duration(s.settings.AutosaveMinutes) * time.Minute
}

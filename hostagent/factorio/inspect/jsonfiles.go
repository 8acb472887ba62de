package inspect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"mainbus/hostagent/factorio/internal/jsondoc"
	"mainbus/hostagent/factorio/mapsettings"
	"mainbus/hostagent/factorio/playerlists"
	"mainbus/hostagent/factorio/serversettings"
)

// settingsJSON is a file of settings in JSON. Settings has no comments.
type settingsJSON struct {
	Format   string          `json:"format"`
	Games    []string        `json:"games,omitempty"` // that have all these settings
	Settings json.RawMessage `json:"settings"`
	Warnings []string        `json:"warnings"`
}

func serverSettingsReport(data []byte) (*Report, error) {
	f, err := serversettings.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("it looks like server settings, but can't be read: %w", err)
	}
	shown := f.Shown()
	r := &Report{Title: "Server settings of Factorio", Warnings: f.Problems()}
	r.object = settingsJSON{Format: "server-settings", Settings: shown, Warnings: orEmpty(r.Warnings)}
	r.section(valuesSection(shown))
	return r, nil
}

func mapGenerationReport(data []byte) (*Report, error) {
	return mapReport(mapsettings.Generation, "Map generation settings", "map-gen-settings", data)
}

func mapSettingsReport(data []byte) (*Report, error) {
	return mapReport(mapsettings.Map, "Map settings", "map-settings", data)
}

func mapReport(kind mapsettings.Kind, title, format string, data []byte) (*Report, error) {
	f, err := mapsettings.Parse(kind, data)
	if err != nil {
		return nil, fmt.Errorf("it looks like %v, but can't be read: %w", kind, err)
	}
	r := &Report{Title: title + " of Factorio", Warnings: f.Problems()}
	r.object = settingsJSON{format, f.Games(), f.Shown(), orEmpty(r.Warnings)}
	about := Section{Head: "File"}
	about.add("versions that have all its settings", strings.Join(f.Games(), ", "))
	r.section(about)
	r.section(valuesSection(f.Shown()))
	return r, nil
}

// playerListReport is about any of the game's three lists, which nothing in them tells apart.
func playerListReport(data []byte) (*Report, error) {
	list, err := playerlists.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("it looks like a list of admins, of a whitelist or of bans, but can't be read: %w", err)
	}
	type player struct {
		Name    string `json:"username"`
		Reason  string `json:"reason,omitempty"`
		Address string `json:"address,omitempty"`
	}
	players := []player{}
	s := Section{Head: fmt.Sprintf("Players (%d)", len(list.Players))}
	for _, p := range list.Players {
		players = append(players, player{p.Name, p.Reason, p.Address})
		s.Rows = append(s.Rows, []string{p.Name, p.Reason, p.Address})
	}
	r := &Report{Title: "List of players (admins, whitelist or bans) of Factorio", Warnings: list.Problems()}
	r.section(s)
	r.object = struct {
		Format   string   `json:"format"`
		Players  []player `json:"players"`
		Warnings []string `json:"warnings"`
	}{"player-list", players, orEmpty(r.Warnings)}
	return r, nil
}

// valuesSection lists the values of an object, those of objects in it with the keys that lead to them.
func valuesSection(object json.RawMessage) Section {
	const most = 1000
	s := Section{Head: "Settings"}
	more := 0
	var list func(path string, value json.RawMessage)
	list = func(path string, value json.RawMessage) {
		if members, ok := jsondoc.Members(value); ok && len(members) > 0 {
			for _, m := range members {
				inner := m.Key
				if path != "" {
					inner = path + "." + m.Key
				}
				list(inner, m.Value)
			}
			return
		}
		if len(s.Rows) == most {
			more++
			return
		}
		var line bytes.Buffer
		if err := json.Compact(&line, value); err == nil {
			s.add(path, line.String())
		}
	}
	list("", object)
	if more > 0 {
		s.add("", fmt.Sprintf("and %d more", more))
	}
	return s
}

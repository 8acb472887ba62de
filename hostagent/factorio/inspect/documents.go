package inspect

import (
	"bytes"
	"fmt"

	"mainbus/hostagent/factorio/internal/jsondoc"
	"mainbus/hostagent/factorio/modlist"
)

// documents are the files in JSON. Their keys tell which they are.
var documents = format{
	is: func(f file) bool {
		head := bytes.TrimLeft(bytes.TrimPrefix(f.head, []byte("\ufeff")), " \t\r\n")
		return len(head) > 0 && (head[0] == '{' || head[0] == '[')
	},
	read: func(f file) (*Report, error) {
		data, err := f.whole()
		if err != nil {
			return nil, fmt.Errorf("it looks like JSON: %w", err)
		}
		data = bytes.TrimPrefix(data, []byte("\ufeff"))
		if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
			return playerListReport(data)
		}
		doc, err := jsondoc.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("it looks like JSON, but is none: %w", err)
		}
		keys := make(map[string]bool)
		for _, m := range doc.Members() {
			keys[m.Key] = true
		}
		for _, d := range documentKinds {
			for _, key := range d.keys {
				if keys[key] {
					return d.read(data)
				}
			}
		}
		return nil, fmt.Errorf("it is JSON, but none of the game's files: %w", ErrUnknown)
	},
}

// documentKinds are told by any of the keys, in this order.
var documentKinds = []struct {
	keys []string
	read func([]byte) (*Report, error)
}{
	{[]string{"mods"}, modListReport},
	{[]string{"dependencies", "factorio_version", "title", "author"}, modInfoReport},
	{[]string{"visibility", "game_password", "max_players", "require_user_verification", "allow_commands", "autosave_interval", "auto_pause"}, serverSettingsReport},
	{[]string{"autoplace_controls", "cliff_settings", "starting_points", "starting_area", "property_expression_names", "autoplace_settings"}, mapGenerationReport},
	{[]string{"pollution", "enemy_evolution", "enemy_expansion", "difficulty_settings", "path_finder", "unit_group"}, mapSettingsReport},
}

func modListReport(data []byte) (*Report, error) {
	list, err := modlist.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("it looks like a mod list, but can't be read: %w", err)
	}
	mods := make([]modEntry, len(list.Mods))
	for i, m := range list.Mods {
		mods[i] = modEntry{Name: m.Name, Enabled: m.Enabled, Version: m.Version}
	}
	r := &Report{Title: "Mod list", Warnings: list.Problems()}
	r.section(modsSection(mods))
	r.object = struct {
		Format   string     `json:"format"`
		Mods     []modEntry `json:"mods"`
		Warnings []string   `json:"warnings"`
	}{"mod-list", mods, orEmpty(r.Warnings)}
	return r, nil
}

// modEntry is a mod that a list or a pack names.
type modEntry struct {
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
	Version string `json:"version,omitempty"`
	SHA1    string `json:"sha1,omitempty"`
}

func modsSection(mods []modEntry) Section {
	s := Section{}
	enabled := 0
	for _, m := range mods {
		state, version := "disabled", m.Version
		if m.Enabled {
			state = "enabled"
			enabled++
		}
		if version == "" {
			version = "newest"
		}
		s.add(m.Name, version, state)
	}
	s.Head = fmt.Sprintf("Mods (%d, %d enabled)", len(mods), enabled)
	return s
}

// orEmpty makes an empty list of none, which in JSON is [] and not null.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

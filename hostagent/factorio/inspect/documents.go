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
}

func modListReport(data []byte) (*Report, error) {
	list, err := modlist.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("it looks like a mod list, but can't be read: %w", err)
	}
	type mod struct {
		Name    string `json:"name"`
		Enabled bool   `json:"enabled"`
		Version string `json:"version,omitempty"`
	}
	mods := []mod{}
	enabled := 0
	s := Section{}
	for _, m := range list.Mods {
		mods = append(mods, mod{m.Name, m.Enabled, m.Version})
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
	r := &Report{Title: "Mod list", Warnings: list.Problems()}
	r.section(s)
	r.object = struct {
		Format   string   `json:"format"`
		Mods     []mod    `json:"mods"`
		Warnings []string `json:"warnings"`
	}{"mod-list", mods, orEmpty(r.Warnings)}
	return r, nil
}

// orEmpty makes an empty list of none, which in JSON is [] and not null.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

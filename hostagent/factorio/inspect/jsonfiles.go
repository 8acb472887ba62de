package inspect

import (
	"bytes"
	"encoding/json"
	"fmt"

	"mainbus/hostagent/factorio/internal/jsondoc"
	"mainbus/hostagent/factorio/serversettings"
)

// settingsJSON is a file of settings in JSON. Settings has no comments.
type settingsJSON struct {
	Format   string          `json:"format"`
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
	r.object = settingsJSON{"server-settings", shown, orEmpty(r.Warnings)}
	r.section(valuesSection(shown))
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

package inspect

import (
	"bytes"
	"fmt"

	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/factorio/proptree"
)

// modSettings is mod-settings.dat: four numbers of the version, a byte, and a dictionary, which is of type 5.
var modSettings = format{
	is: func(f file) bool {
		const minimal = 8 + 1 + 2
		return len(f.head) >= minimal && f.head[1] == 0 && f.head[3] == 0 && f.head[8] <= 1 && f.head[9] == 5 && f.head[10] <= 1 &&
			bytes.IndexByte(f.head[:8], 0) >= 0
	},
	read: func(f file) (*Report, error) {
		data, err := f.whole()
		if err != nil {
			return nil, fmt.Errorf("it looks like mod settings: %w", err)
		}
		settings, err := modsettings.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("it looks like mod settings, but can't be read: %w", err)
		}
		r := &Report{Title: "Mod settings of Factorio " + settings.Version.String(), Warnings: settings.Problems()}
		r.object = newModSettingsJSON(settings, len(data))
		about := Section{Head: "File"}
		about.add("written by", settings.Version.String())
		about.add("size", bytesText(f.Size))
		r.section(about)
		r.settings(settings.Scopes)
		return r, nil
	},
}

type modSettingsJSON struct {
	Version  [4]uint16           `json:"version"`
	Flag     int                 `json:"flag"`
	Bytes    int                 `json:"bytes"`
	Consumed int                 `json:"consumed"`
	Settings proptree.Dictionary `json:"settings"`
}

// newModSettingsJSON gets the number of bytes that the file had. All were consumed: with any left it could not be read.
func newModSettingsJSON(f modsettings.File, size int) modSettingsJSON {
	v := modSettingsJSON{
		Version: [4]uint16{f.Version.Major, f.Version.Minor, f.Version.Patch, f.Version.Developer},
		Bytes:   size, Consumed: size, Settings: f.Scopes,
	}
	if f.Flag {
		v.Flag = 1
	}
	return v
}

// settings adds the settings of mods, a section for each scope.
func (r *Report) settings(scopes proptree.Dictionary) {
	names := map[string]string{
		modsettings.Startup: "Startup settings", modsettings.RuntimeGlobal: "Settings of the map", modsettings.RuntimePerUser: "Settings of players",
	}
	for _, scope := range scopes {
		list, _ := scope.Value.(proptree.Dictionary)
		name := names[scope.Key]
		if name == "" {
			name = "Settings of " + scope.Key
		}
		r.section(settingsSection(name, list))
	}
}

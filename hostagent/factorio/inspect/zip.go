package inspect

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/proptree"
	"mainbus/hostagent/factorio/save"
)

// zips are saves and mods. Both have one root folder.
var zips = format{
	is: func(f file) bool {
		return bytes.HasPrefix(f.head, []byte("PK\x03\x04")) || bytes.HasPrefix(f.head, []byte("PK\x05\x06"))
	},
	read: func(f file) (*Report, error) {
		a, err := save.NewArchive(f.Data, f.Size)
		if err != nil {
			return nil, fmt.Errorf("it is a zip, but no save and no mod: %w", err)
		}
		names := a.Names()
		isLevel := func(name string) bool { return strings.HasPrefix(name, "level.dat") || name == "level-init.dat" }
		switch {
		case slices.ContainsFunc(names, isLevel):
			return saveReport(f, a)
		case slices.Contains(names, infoJSON):
			return modZipReport(f, a)
		}
		return nil, fmt.Errorf("it is a zip, but no save, which has a level.dat, and no mod, which has an %s", infoJSON)
	},
}

func saveReport(f file, a *save.Archive) (*Report, error) {
	d, err := a.Describe()
	if err != nil {
		return nil, fmt.Errorf("it is a save that can't be read: %w", err)
	}
	if err := a.Verify(); err != nil {
		return nil, fmt.Errorf("it is a damaged save of Factorio %s: %w", d.LevelHeader.LoadedFrom, err)
	}
	r := &Report{Title: "Save of Factorio " + d.LevelHeader.LoadedFrom, object: d}
	h := d.LevelHeader
	about := Section{Head: "Save"}
	about.add("saved by", fmt.Sprintf("%s (build %d)", h.LoadedFrom, h.Build))
	about.add("map version", h.Version)
	if d.LevelInitHeader != nil {
		about.add("created by", d.LevelInitHeader.Version)
	}
	about.add("scenario", h.BaseMod+"/"+h.Level)
	about.add("campaign", h.Campaign)
	about.add("next level", h.NextLevel)
	about.add("Lua commands", commandsText(h.AllowedCommands))
	about.add("finished", yes(h.Finished))
	about.add("keeps a replay", yes(h.SavingReplay))
	about.add("folder in the zip", d.Root)
	about.add("files", fmt.Sprint(d.Entries))
	about.add("size", bytesText(f.Size))
	for _, size := range []*int64{d.LevelSize, d.LevelTotal} {
		if size != nil {
			about.add("level inflated", bytesText(*size))
		}
	}
	r.section(about)
	mods := Section{Head: fmt.Sprintf("Mods (%d)", len(h.Mods))}
	for _, m := range h.Mods {
		mods.add(m.Name, m.Version, fmt.Sprintf("checksum %d", m.CRC))
	}
	r.section(mods)
	r.section(settingsSection("Startup settings", h.Settings))
	return r, nil
}

func commandsText(allowed uint8) string {
	switch allowed {
	case 1:
		return "everybody"
	case 2:
		return "nobody"
	case 3:
		return "admins only"
	default:
		return fmt.Sprintf("unknown (%d)", allowed)
	}
}

// settingsSection lists settings, which are dictionaries with a "value".
func settingsSection(head string, settings proptree.Dictionary) Section {
	s := Section{Head: fmt.Sprintf("%s (%d)", head, len(settings))}
	for _, e := range settings {
		value, _ := e.Get("value")
		text, err := value.MarshalJSON()
		if err != nil {
			text = []byte("?")
		}
		s.add(e.Key, string(text))
	}
	return s
}

const infoJSON = "info.json"

// modJSON is a mod in JSON.
type modJSON struct {
	Format   string       `json:"format"`
	Root     string       `json:"root_dir,omitempty"` // of a zip
	Entries  int          `json:"entries,omitempty"`
	Info     modinfo.Info `json:"info"`
	Warnings []string     `json:"warnings"`
}

func modZipReport(f file, a *save.Archive) (*Report, error) {
	r, err := a.Open(infoJSON)
	if err != nil {
		return nil, fmt.Errorf("it is a mod that can't be read: %w", err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxInfo+1))
	if err == nil && len(data) > maxInfo {
		err = fmt.Errorf("it is longer than %s", bytesText(maxInfo))
	}
	if err != nil {
		return nil, fmt.Errorf("it is a mod whose %s can't be read: %w", infoJSON, err)
	}
	info, err := modinfo.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("it is a mod that the game does not load: %w", err)
	}
	m := modJSON{Format: "mod", Root: a.Root(), Entries: len(a.Names()), Info: info, Warnings: info.Problems()}
	if f.Name != "" && f.Name != info.FileName() {
		m.Warnings = append(m.Warnings, fmt.Sprintf("The file is called %s, but the game wants %s.", f.Name, info.FileName()))
	}
	report := modReport(m)
	about := &report.Sections[0]
	about.add("folder in the zip", m.Root)
	about.add("files", fmt.Sprint(m.Entries))
	about.add("size", bytesText(f.Size))
	return report, nil
}

const maxInfo = 1 << 20

func modInfoReport(data []byte) (*Report, error) {
	info, err := modinfo.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("it is the %s of a mod that the game does not load: %w", infoJSON, err)
	}
	return modReport(modJSON{Format: "mod", Info: info, Warnings: info.Problems()}), nil
}

func modReport(m modJSON) *Report {
	m.Warnings = orEmpty(m.Warnings)
	info := m.Info
	r := &Report{Title: fmt.Sprintf("Mod %s %s", info.Name, info.Version), Warnings: m.Warnings, object: m}
	about := Section{Head: "Mod"}
	about.add("title", info.Title)
	about.add("author", info.Author)
	about.add("for Factorio", modinfo.MajorMinor(info.FactorioVersion))
	about.add("needs of Space Age", listed(info.Flags))
	about.add("description", info.Description)
	about.add("homepage", info.Homepage)
	about.add("contact", info.Contact)
	r.section(about)
	needs := Section{Head: "Other mods"}
	for _, d := range info.Dependencies {
		version := "any version"
		if d.Op != "" {
			version = d.Op + " " + d.Version.String()
		}
		needs.add(d.Name, version, dependencyText(d.Kind))
	}
	r.section(needs)
	return r
}

func dependencyText(kind modinfo.Kind) string {
	return map[modinfo.Kind]string{
		modinfo.Required: "required", modinfo.Incompatible: "must not be there", modinfo.Optional: "optional",
		modinfo.HiddenOptional: "optional, not shown", modinfo.Unordered: "required, in any order", modinfo.Recommended: "recommended",
	}[kind]
}

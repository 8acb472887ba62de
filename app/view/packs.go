package view

import (
	"slices"
	"strings"
	"time"

	"mainbus/controller/api"
)

// A Pack is one row of the packs screen.
type Pack struct {
	ID        string
	Name      string
	Words     string // its description
	Game      string
	Content   string // base, space-age or own
	WhoJoins  string
	Mods      int // that are enabled
	Disabled  int
	Missing   int    // that the controller does not keep
	Instances string // names of those that use it
	Used      int    // by so many
	Revision  int64
	Changed   time.Time
	By        string
}

// Packs makes rows of packs.
func Packs(list []api.PackRow) []Pack {
	rows := make([]Pack, 0, len(list))
	for _, p := range list {
		rows = append(rows, packRow(p))
	}
	return rows
}

func packRow(p api.PackRow) Pack {
	return Pack{
		ID: p.ID, Name: p.Name, Words: p.Description, Game: p.Game, Content: p.Content, WhoJoins: p.WhoJoins, Mods: p.Mods, Disabled: p.Disabled,
		Missing: p.Missing, Instances: strings.Join(p.Instances, ", "), Used: len(p.Instances), Revision: p.Revision, Changed: p.ChangedAt, By: p.ChangedBy,
	}
}

// ContentWord is the word for what a pack has of the parts of the game that are sold apart.
func ContentWord(content string) string {
	switch content {
	case api.ContentBase:
		return say("Base game")
	case api.ContentSpaceAge:
		return say("Space Age")
	case api.ContentOwn:
		return say("Own choice")
	}
	return content
}

// ModCount says how many mods a pack has.
func (p Pack) ModCount() string {
	text := Count(int64(p.Mods))
	if p.Disabled > 0 {
		text += " " + say("+ {{.n}} off", with{"n": Count(int64(p.Disabled))})
	}
	return text
}

// A PackMod is one row of the mods of a pack.
type PackMod struct {
	Name    string
	Title   string // as people know it
	Version string
	On      bool
	BuiltIn bool // it comes with the game
	Pinned  bool // updates leave it at its version
	Size    int64
	Stored  bool
	Problem string
}

// PackMods makes rows of the mods of a pack.
func PackMods(list []api.PackMod) []PackMod {
	rows := make([]PackMod, 0, len(list))
	for _, m := range list {
		row := PackMod{Name: m.Name, Title: m.Title, Version: m.Version, On: m.Enabled, BuiltIn: m.BuiltIn, Pinned: m.Pinned, Size: m.SizeBytes, Stored: m.Stored, Problem: m.Problem}
		if row.Title == "" {
			row.Title = m.Name
		}
		rows = append(rows, row)
	}
	return rows
}

// Trouble tells whether a mod keeps the pack from being put anywhere.
func (m PackMod) Trouble() bool { return m.Problem != "" || m.On && !m.Stored && !m.BuiltIn }

// StateWord says how a mod of a pack is.
func (m PackMod) StateWord() string {
	switch {
	case m.Problem != "":
		return m.Problem
	case m.BuiltIn:
		return say("comes with the game")
	case !m.Stored:
		return say("not stored yet")
	}
	return say("stored")
}

// MissingMods are those of a pack that have to be fetched before it can be used.
func MissingMods(list []api.PackMod) (missing []api.PackMod) {
	for _, m := range list {
		if !m.Stored && !m.BuiltIn {
			missing = append(missing, m)
		}
	}
	return missing
}

// DraftWords says what an import makes, a line each.
func DraftWords(d api.PackDraft) (lines []string) {
	lines = append(lines, say("{{.from}}: pack “{{.name}}” for Factorio {{.game}}, {{.n}} mods", with{
		"from": sourceOfPack(d.Source), "name": d.Pack.Name, "game": d.Pack.Game, "n": Pack{Mods: d.Pack.Mods, Disabled: d.Pack.Disabled}.ModCount()}))
	if d.Pack.WhoJoins != "" {
		lines = append(lines, d.Pack.WhoJoins)
	}
	if n := len(d.Missing); n > 0 {
		names := make([]string, 0, n)
		for _, m := range d.Missing {
			names = append(names, strings.TrimSpace(m.Name+" "+m.Version))
		}
		lines = append(lines, say("{{.n}} of them are not stored yet and have to be downloaded: {{.names}}", with{"n": n, "names": Some(names, 8)}))
	}
	lines = append(lines, d.Pack.Problems...)
	return append(lines, d.Remarks...)
}

func sourceOfPack(kind string) string {
	switch kind {
	case api.PackFromString:
		return say("A mod pack string")
	case api.PackFromSave:
		return say("A save")
	case api.PackFromModList:
		return say("A mod list")
	case api.PackFromFolder:
		return say("A folder of mods")
	case api.PackFromInstance:
		return say("The mods of an instance")
	}
	return kind
}

// Some joins texts, of many only the first.
func Some(texts []string, most int) string {
	if len(texts) <= most {
		return strings.Join(texts, ", ")
	}
	return strings.Join(texts[:most], ", ") + " " + say("and {{.n}} more", with{"n": Count(int64(len(texts) - most))})
}

// A PackRevision is one row of the history of a pack.
type PackRevision struct {
	Revision int64
	At       time.Time
	By       string
	Words    string
	Newest   bool
}

// PackRevisions makes rows of the revisions of a pack, the newest first.
func PackRevisions(list []api.PackRevision) []PackRevision {
	rows := make([]PackRevision, 0, len(list))
	for _, r := range list {
		rows = append(rows, PackRevision{Revision: r.Revision, At: r.ChangedAt, By: r.ChangedBy, Words: r.Change})
	}
	slices.SortStableFunc(rows, func(a, b PackRevision) int { return int(min(max(b.Revision-a.Revision, -1), 1)) })
	if len(rows) > 0 {
		rows[0].Newest = true
	}
	return rows
}

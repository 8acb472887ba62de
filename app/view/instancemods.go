package view

import (
	"strings"

	"mainbus/controller/api"
)

// ModState says how far the mods of an instance are: a sentence or two, empty if there is nothing to say.
func ModState(s api.ModState) string {
	var text []string
	switch {
	case s.Undone:
		text = append(text, say("The mods are those of {{.set}}: somebody went back to them.", with{"set": orNone(s.Applied)}))
	case s.Wanted == "" && s.Applied == "":
		return say("This instance has no pack: the mods in its folder are left as they are.")
	case s.Wanted == "":
		text = append(text, say("The mods are those of {{.set}}; the instance has no pack any more.", with{"set": s.Applied}))
	case s.Pending:
		text = append(text, say("The next start puts {{.wanted}} there, in place of {{.applied}}.", with{"wanted": s.Wanted, "applied": orNone(s.Applied)}))
	default:
		text = append(text, say("The mods are those of {{.set}}.", with{"set": s.Wanted}))
	}
	if s.Missing > 0 {
		text = append(text, say("{{.n}} files are not on its host yet, {{.size}}.", with{"n": s.Missing, "size": api.BytesText(s.MissingBytes)}))
	}
	return strings.Join(text, " ")
}

func orNone(set string) string {
	if set == "" {
		return say("what is there of no pack")
	}
	return set
}

// An InstalledMod is one row of the mods in an instance's folder.
type InstalledMod struct {
	Key     string
	Name    string
	Title   string
	Version string
	On      bool
	From    string // where it comes from: the game, the pack, or somebody
	Size    int64
	Unused  bool // the game does not load this file
	Problem string
}

// InstalledMods makes rows of what lies in a mods folder.
func InstalledMods(list []api.InstalledMod) []InstalledMod {
	rows := make([]InstalledMod, 0, len(list))
	for _, m := range list {
		row := InstalledMod{Key: m.Name + "\x00" + m.Version + "\x00" + m.File, Name: m.Name, Title: m.Title, Version: m.Version, On: m.Enabled, Size: m.SizeBytes, Unused: !m.Used && m.File != "" && m.Enabled, Problem: m.Problem}
		if row.Title == "" {
			row.Title = m.Name
		}
		switch {
		case m.BuiltIn:
			row.From = say("the game")
		case m.OfPack:
			row.From = say("its pack")
		default:
			row.From = say("by hand")
		}
		rows = append(rows, row)
	}
	return rows
}

// A ComparedMod is one row of the table of server, save and player.
type ComparedMod struct {
	Name   string
	Server string
	Save   string
	Client string
	State  string // as in the api
	Advice string
}

// ComparedMods makes rows of a comparison.
func ComparedMods(list []api.ComparedMod) []ComparedMod {
	rows := make([]ComparedMod, 0, len(list))
	for _, m := range list {
		rows = append(rows, ComparedMod{Name: m.Name, Server: sideWords(m.Server), Save: sideWords(m.Save), Client: sideWords(m.Client), State: m.State, Advice: m.Advice})
	}
	return rows
}

func sideWords(s *api.ModSide) string {
	if s == nil {
		return "–"
	}
	version := s.Version
	if version == "" {
		version = say("there")
	}
	if !s.Enabled {
		version += " " + say("(off)")
	}
	return version
}

// ListModeWord is the word for how a list of players of an instance goes with the cluster's.
func ListModeWord(mode string) string {
	switch mode {
	case api.ListOff:
		return say("by itself")
	case api.ListToGame:
		return say("follows the cluster's")
	case api.ListBoth:
		return say("both ways")
	}
	return mode
}

// ListStateWords says how far a list of an instance is in step with the cluster's.
func ListStateWords(s api.ListState) string {
	text := say("{{.n}} names", with{"n": Count(int64(s.Entries))})
	switch s.State {
	case api.ListInStep:
		text += " · " + say("in step")
	case api.ListPending:
		text += " · " + say("{{.to}} changes to the game and {{.from}} from it are on the way", with{"to": s.ToGame, "from": s.ToCluster})
	case api.ListUnknown:
		text = say("its host has not told yet")
	}
	if s.OnlyThere > 0 {
		text += " · " + say("{{.n}} only there", with{"n": s.OnlyThere})
	}
	if s.Problem != "" {
		text += " · " + strings.TrimSpace(s.Problem+" "+s.Next)
	}
	return text
}

package view

import (
	"strings"
	"time"

	"mainbus/controller/api"
)

// A StoredMod is one row of the mods that the controller keeps.
type StoredMod struct {
	Key     string
	Name    string
	Version string
	Title   string
	Author  string
	Game    string
	Size    int64
	From    string
	Added   time.Time
	By      string
	Used    string // names of packs
	Deleted time.Time
	Problem string
}

// StoredMods makes rows of stored mods.
func StoredMods(list []api.StoredMod) []StoredMod {
	rows := make([]StoredMod, 0, len(list))
	for _, m := range list {
		row := StoredMod{
			Key: m.Name + " " + m.Version, Name: m.Name, Version: m.Version, Title: m.Title, Author: m.Author, Game: m.Game, Size: m.SizeBytes,
			From: modSource(m.Source), Added: m.AddedAt, By: m.AddedBy, Used: strings.Join(m.UsedBy, ", "), Problem: m.Problem,
		}
		if row.Title == "" {
			row.Title = m.Name
		}
		if m.DeletedAt != nil {
			row.Deleted = *m.DeletedAt
		}
		rows = append(rows, row)
	}
	return rows
}

func modSource(source string) string {
	switch source {
	case api.ModUploaded:
		return say("uploaded")
	case api.ModFromHost:
		return say("from a host")
	case api.ModDownload:
		return say("mod portal")
	case api.ModFoundHere:
		return say("found in the store")
	}
	return source
}

// A PortalMod is one row of what was found on the mod portal.
type PortalMod struct {
	Name       string
	Title      string
	Owner      string
	Summary    string
	Category   string
	Downloads  int64
	Version    string
	Game       string
	Deprecated bool
	Stored     bool
}

// PortalMods makes rows of mods of the portal.
func PortalMods(list []api.PortalMod) []PortalMod {
	rows := make([]PortalMod, 0, len(list))
	for _, m := range list {
		row := PortalMod{
			Name: m.Name, Title: m.Title, Owner: m.Owner, Summary: strings.Join(strings.Fields(m.Summary), " "), Category: m.Category, Downloads: m.Downloads, Version: m.Version,
			Game: m.Game, Deprecated: m.Deprecated, Stored: m.Stored,
		}
		if row.Title == "" {
			row.Title = m.Name
		}
		rows = append(rows, row)
	}
	return rows
}

// PortalWords says how old the list of the portal's mods is, and what is wrong with it.
func PortalWords(p api.PortalPage, now time.Time) string {
	text := say("{{.n}} mods are known", with{"n": Count(int64(p.Known))})
	switch {
	case p.Updating:
		text += " · " + say("the portal is being asked")
	case p.AskedAt == nil:
		text = say("The portal was not asked yet")
	default:
		text += " · " + say("asked {{.ago}}", with{"ago": Ago(*p.AskedAt, now)})
	}
	if p.Problem != "" {
		text += " · " + p.Problem
	}
	return text
}

// ReleasesFor lists the versions of a mod that are for a version of the game, "2.0" or "2.0.77", the newest first; all of them if none is.
// Empty is any game.
func ReleasesFor(list []api.ModRelease, game string) (versions []string) {
	var all []string
	line := GameLine(game)
	for _, r := range list {
		all = append(all, r.Version)
		if line == "" || GameLine(r.Game) == line {
			versions = append(versions, r.Version)
		}
	}
	if len(versions) == 0 {
		return all
	}
	return versions
}

// GameLine is a version of the game without its last part: mods are for a line.
func GameLine(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// DependencyWords puts a dependency as a mod writes it, like "? name >= 1.2", into words.
func DependencyWords(dependency string) string {
	text := strings.TrimSpace(dependency)
	for _, prefix := range []struct{ sign, words string }{
		{"(?)", say("optional, not shown by the game: {{.mod}}")}, {"?", say("optional: {{.mod}}")}, {"!", say("can't be with {{.mod}}")},
		{"~", say("needs {{.mod}}, in any order of loading")}, {"+", say("recommends {{.mod}}")},
	} {
		if rest, ok := strings.CutPrefix(text, prefix.sign); ok {
			return say(prefix.words, with{"mod": strings.TrimSpace(rest)})
		}
	}
	return say("needs {{.mod}}", with{"mod": text})
}

// UploadWords says what an upload does with each mod, a line each.
func UploadWords(steps []api.UploadStep) (lines []string) {
	for _, s := range steps {
		name := strings.TrimSpace(s.Name + " " + s.Version)
		if name == "" {
			name = s.Path
		}
		data := with{"mod": name, "size": api.BytesText(s.SizeBytes), "why": s.Why}
		switch s.Action {
		case api.UploadTakes:
			lines = append(lines, say("{{.mod}} is taken, {{.size}}", data))
		case api.UploadKeeps:
			lines = append(lines, say("{{.mod}} is stored already", data))
		case api.UploadReplaces:
			lines = append(lines, say("{{.mod}} replaces one of the same version with another content", data))
		case api.UploadRefuses:
			lines = append(lines, say("{{.mod}} is refused: {{.why}}", data))
		default:
			lines = append(lines, name+": "+s.Action)
		}
		if s.Why != "" && s.Action != api.UploadRefuses {
			lines[len(lines)-1] += " · " + s.Why
		}
	}
	return lines
}

// Beginning is the beginning of a long text, cut between words.
func Beginning(text string, letters int) string {
	runes := []rune(strings.TrimSpace(text))
	if len(runes) <= letters {
		return string(runes)
	}
	cut := string(runes[:letters])
	if at := strings.LastIndexAny(cut, " \n"); at > 0 {
		cut = cut[:at]
	}
	return cut + " …"
}

package modpack

import (
	"encoding/hex"
	"fmt"
	"slices"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modsettings"
)

// builtin are the mods that come with the game. "core" can't be switched, so packs don't name it.
var builtin = []string{"base", "elevated-rails", "quality", "recycler", "space-age"}

// Problems says what is wrong in the pack, a sentence each, some hundreds at most.
func (p Pack) Problems() []string {
	const most = 200 // of mods
	out := slices.Clone(p.problems)
	if p.Name == "" {
		out = append(out, "it has no name")
	}
	seen := make(map[string]bool)
	base := Mod{}
	for _, m := range p.Mods {
		if m.Name == "base" {
			base = m
		}
		if problem := m.problem(seen[m.Name]); problem != "" && len(out) < most {
			out = append(out, fmt.Sprintf("%.100q: %s", m.Name, problem))
		}
		seen[m.Name] = true
	}
	switch {
	case !seen["base"]:
		out = append(out, `"base" is missing; Clusterio adds it as enabled`)
	case !base.Enabled:
		out = append(out, `"base" is disabled: the game starts without its own items and scenarios`)
	}
	// Of no version: JSON has one kind of numbers, so none is wrong for a game.
	settings := modsettings.File{Version: factorio.Version{Major: 2}, Scopes: p.Settings}
	return append(out, settings.Problems()...)
}

func (m Mod) problem(again bool) string {
	sum, err := hex.DecodeString(m.SHA1)
	_, notFull := factorio.ParseVersion(m.Version)
	const sha1Size = 20
	switch {
	case again:
		return "it is there more than once"
	case m.SHA1 == "" && !slices.Contains(builtin, m.Name):
		return `it has no "sha1", so nothing tells whether its file is the right one`
	case m.SHA1 != "" && (err != nil || len(sum) != sha1Size):
		return fmt.Sprintf(`its "sha1" is %.60q, but must have 40 hexadecimal digits`, m.SHA1)
	case notFull != nil:
		return fmt.Sprintf(`its "version" is %.40q, but Clusterio wants three numbers`, m.Version)
	}
	return ""
}

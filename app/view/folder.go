package view

import (
	"strings"

	"mainbus/controller/api"
)

// FolderWords says what there is in the folder of a server, a line for each.
func FolderWords(f api.Folder) (lines []string) {
	lines = append(lines, f.Dir+": "+folderKind(f.Kind))
	saves := say("Saves: {{.n}}", with{"n": f.SaveCount})
	if len(f.Saves) > 0 {
		newest := f.Saves[0]
		for _, s := range f.Saves {
			if s.Modified.After(newest.Modified) {
				newest = s
			}
		}
		saves += " · " + say("the newest is {{.name}} of {{.time}}", with{"name": newest.Name, "time": Moment(newest.Modified)})
		if newest.Version != "" {
			saves += ", " + say("by Factorio {{.version}}", with{"version": newest.Version})
		}
		if newest.Problem != "" {
			saves += "; " + say("it can't be read: {{.why}}", with{"why": newest.Problem})
		}
	}
	lines = append(lines, saves, say("Mods: {{.n}}", with{"n": f.ModCount}))
	lines = append(lines, say("Players: {{.admins}} admins, {{.banned}} banned, {{.whitelisted}} on the whitelist",
		with{"admins": f.Admins, "banned": f.Banned, "whitelisted": f.Whitelisted}))
	switch {
	case strings.TrimSpace(string(f.Settings)) == "null":
		lines = append(lines, say("No server settings: it gets those of the game."))
	case f.AutoPause:
		lines = append(lines, say("Its server settings stay as they are; while nobody plays it pauses."))
	default:
		lines = append(lines, say("Its server settings stay as they are; while nobody plays it goes on."))
	}
	return append(lines, say("A copy takes {{.files}} files, {{.size}}.", with{"files": Count(int64(f.Files)), "size": api.BytesText(f.Bytes)}))
}

func folderKind(kind string) string {
	switch kind {
	case "headless":
		return say("a copy of the game with its server")
	case "user":
		return say("the folder of a user's game")
	case "server":
		return say("a server's folder")
	case "saves":
		return say("a folder of saves")
	}
	return kind
}

// NameOfFolder is what an instance is called that is made of a folder: its last part, of any system's path, without the dots of hidden ones.
func NameOfFolder(dir string) string {
	parts := strings.FieldsFunc(dir, func(r rune) bool { return r == '/' || r == '\\' })
	if len(parts) == 0 {
		return ""
	}
	return strings.Trim(parts[len(parts)-1], ". ")
}

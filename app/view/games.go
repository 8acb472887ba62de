package view

import (
	"slices"
	"strconv"
	"strings"

	"mainbus/controller/api"
)

// gameWords says which versions of Factorio a host has, or how far the one is that it gets. newest is what it told before.
func gameWords(h api.HostGames, newest string) string {
	for _, d := range h.Downloads {
		if d.Failure == "" {
			return DownloadWords(d)
		}
	}
	var versions []string
	for _, g := range h.Games {
		if g.Version != "" && !slices.Contains(versions, g.Version) {
			versions = append(versions, g.Version)
		}
	}
	switch {
	case len(versions) > 0:
		return strings.Join(versions, ", ")
	case h.Known:
		return say("none yet")
	}
	return newest
}

// DownloadWords says how far a download is, or why it failed.
func DownloadWords(d api.GameDownload) string {
	data := with{"version": d.Version, "percent": d.Percent(), "why": d.Failure}
	switch {
	case d.Failure != "":
		return say("{{.version}} failed: {{.why}}", data)
	case d.Percent() < 0:
		return say("{{.version}}, downloading", data)
	case d.Phase == "unpacking":
		return say("{{.version}}, unpacking {{.percent}} %", data)
	}
	return say("{{.version}}, downloading {{.percent}} %", data)
}

// A GameRow is one row of the list of a host's copies of Factorio: one that is there, or that is on its way.
type GameRow struct {
	ID       string
	Version  string
	Words    string // how far it is, who runs it, or what is wrong
	From     string
	Folder   string
	Bad      bool
	Loading  bool // it can be cancelled, or put away if it failed
	Erasable bool // it was downloaded and nobody runs it
}

// GameRows lists what a host has, what it gets before what is there.
func GameRows(g api.HostGames) (rows []GameRow) {
	for _, d := range g.Downloads {
		rows = append(rows, GameRow{ID: "get " + d.Version, Version: d.Version, Words: DownloadWords(d), Bad: d.Failure != "", Loading: true})
	}
	for _, game := range g.Games {
		row := GameRow{ID: game.Folder, Version: game.Version, From: sourceWords(game), Folder: game.Folder, Bad: game.Problem != ""}
		switch {
		case game.Problem != "":
			row.Words = game.Problem
		case len(game.Instances) > 0:
			row.Words = say("runs {{.names}}", with{"names": strings.Join(game.Instances, ", ")})
		case game.Unverified != "":
			row.Words = say("not compared with a checksum: {{.why}}", with{"why": game.Unverified})
		}
		row.Erasable = game.Source == api.GameDownloaded && len(game.Instances) == 0 && game.Version != ""
		rows = append(rows, row)
	}
	return rows
}

func sourceWords(g api.Game) string {
	switch g.Source {
	case api.GameDownloaded:
		return say("downloaded")
	case api.GameSteam:
		return say("Steam")
	case api.GameNamed:
		return say("chosen folder")
	}
	return say("found")
}

// AnyVersion stands for no wish in VersionOptions.
const AnyVersion = "any"

// VersionOptions lists what an instance on a host can be told to run: names of channels, lines like 2.0, and the versions that the host
// has or can download, newest first.
func VersionOptions(has api.HostGames, available api.AvailableGames) []string {
	versions := slices.Clone(available.Versions)
	for _, g := range has.Games {
		versions = append(versions, g.Version)
	}
	versions = slices.DeleteFunc(versions, func(v string) bool { return v == "" })
	slices.SortFunc(versions, func(a, b string) int { return slices.Compare(numbers(b), numbers(a)) })
	versions = slices.Compact(versions)
	options := []string{AnyVersion, "stable", "experimental"}
	for _, v := range versions {
		if end := strings.LastIndexByte(v, '.'); end > 0 && !slices.Contains(options, v[:end]) {
			options = append(options, v[:end])
		}
	}
	return append(options, versions...)
}

func numbers(version string) (all []int) {
	for part := range strings.SplitSeq(version, ".") {
		n, _ := strconv.Atoi(part) // only an order
		all = append(all, n)
	}
	return all
}

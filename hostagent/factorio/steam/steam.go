// Package steam finds the copies of the game that Steam has installed, in all its libraries. It only reads. Steam keeps a list of
// libraries in libraryfolders.vdf, and in each library a manifest of each game.
package steam

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	manifest    = "appmanifest_427520.acf" // the game's number at Steam
	usualFolder = "Factorio"
	maxLibs     = 64
)

// Games returns the folders of the game in all libraries of the Steam folders roots, as they are: whether a game is in them and
// runs is not looked at. What can't be read is passed over, as Steam's files are not ours to judge.
func Games(roots []string) (folders []string) {
	for _, root := range roots {
		for _, library := range libraries(root) {
			for _, folder := range gamesIn(library) {
				if !slices.Contains(folders, folder) {
					folders = append(folders, folder)
				}
			}
		}
	}
	return folders
}

// libraries returns the library in the Steam folder itself and those on its list.
func libraries(root string) []string {
	list := []string{root}
	for _, file := range []string{filepath.Join(root, "steamapps", "libraryfolders.vdf"), filepath.Join(root, "config", "libraryfolders.vdf")} {
		text, err := read(file)
		if err != nil {
			continue
		}
		for _, library := range listed(text) {
			if !slices.Contains(list, library) && len(list) < maxLibs {
				list = append(list, library)
			}
		}
	}
	return list
}

// listed returns the folders in a libraryfolders.vdf: the paths of numbered entries, which before 2021 were the values themselves.
func listed(text string) (folders []string) {
	file, err := parse(text)
	if err != nil {
		return nil
	}
	for _, entry := range file.child("libraryfolders").children {
		folder := entry.child("path").value
		if folder == "" && strings.Trim(entry.key, "0123456789") == "" {
			folder = entry.value
		}
		if filepath.IsAbs(folder) {
			folders = append(folders, filepath.Clean(folder))
		}
	}
	return folders
}

// gamesIn returns the folder that the game's manifest names, and the usual one, which is there without a manifest after a copy by hand.
func gamesIn(library string) (folders []string) {
	common := filepath.Join(library, "steamapps", "common")
	names := []string{usualFolder}
	if text, err := read(filepath.Join(library, "steamapps", manifest)); err == nil {
		if file, err := parse(text); err == nil {
			if name := file.child("AppState").child("installdir").value; isName(name) && name != usualFolder {
				names = append(names, name)
			}
		}
	}
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(common, name)); err == nil && info.IsDir() {
			folders = append(folders, filepath.Join(common, name))
		}
	}
	return folders
}

// isName reports whether name is that of a folder, and leads to no other.
func isName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, `/\:`) && len(name) <= 255
}

func read(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	return string(text), err
}

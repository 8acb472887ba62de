// Package adopt looks at the folder of a game server that somebody else has set up, and makes an instance's folder of a copy of it. The
// folder itself is only read: whoever is not content with what comes of it starts the old server as before. Links that lead out of the folder
// are not followed, whatever is read is bounded, and no goroutine is started.
package adopt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Kind is how a folder is laid out.
type Kind string

// The layouts that are known. Saves, mods and lists lie in the same places in the first three.
const (
	Headless Kind = "headless" // the game's archive, with the program in it
	User     Kind = "user"     // where the game of a user writes, as ~/.factorio
	Server   Kind = "server"   // saves or settings of a server without the program, as a container's volume
	Saves    Kind = "saves"    // save files and nothing else
)

// ErrNoServer says that a folder has nothing of a game server.
var ErrNoServer = errors.New("this is no server folder: there are neither saves nor a server-settings.json in it")

// Found is what there is in a folder.
type Found struct {
	Dir  string
	Kind Kind
	Data string // where saves and mods are, relative to Dir with slashes; "." but for a config.ini that says otherwise

	Saves     []Save // newest first, a hundred at most
	SaveCount int
	Mods      []Mod // by name, a thousand at most
	ModCount  int

	Settings  json.RawMessage // an object, "(not shown)" for passwords and tokens; nil without a server-settings.json
	AutoPause bool            // what they say of it, or the game's default

	Admins, Banned, Whitelisted int // players

	Files int   // that a copy takes
	Bytes int64 // of them

	Obstacles []string // why it can't be adopted as it is, a sentence or two each
	Problems  []string // what is wrong with it or worth knowing, likewise
}

// Save is a save file.
type Save struct {
	Name     string
	Size     int64
	Modified time.Time
	Version  string // of the game that wrote it; empty if it can't be read or was not looked into
	Problem  string // why it can't be read
}

// Mod is a zip or a folder of a mod.
type Mod struct {
	File    string
	Enabled bool // as mod-list.json says; one that is not in it is enabled
}

// Look says what is in dir, which is an absolute path.
func Look(dir string) (Found, error) {
	s, err := survey(dir)
	if err != nil {
		return Found{}, err
	}
	defer s.root.Close()
	return s.Found, nil
}

// survey is what Look has found, and the files that a copy takes.
func survey(dir string) (*surveyed, error) {
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("%.200q is no whole path: give one that begins at the root of the disk", dir)
	}
	dir = filepath.Clean(dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, inWords(dir, err)
	}
	s := &surveyed{Found: Found{Dir: dir, Data: ".", AutoPause: true}, root: root}
	if err := s.all(); err != nil {
		root.Close()
		return nil, err
	}
	return s, nil
}

// inWords leaves out what only a programmer wants to know.
func inWords(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s on this host", name)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the account that mainbus-host runs as may not read %s: let it, then try again", name)
	}
	return fmt.Errorf("look at %s: %w", name, err)
}

func (s *surveyed) all() error {
	s.findKind()
	s.followConfig()
	s.lookAtSaves()
	s.lookAtSettings()
	if s.SaveCount == 0 && s.Settings == nil && len(s.Obstacles) == 0 {
		return ErrNoServer
	}
	if s.Kind != Saves {
		s.lookAtMods()
		s.lookAtLists()
		s.lookAtRest()
	}
	if s.SaveCount == 0 {
		s.problem("There is no save: the first start makes a new map.")
	}
	if s.Settings == nil {
		s.problem("There is no server-settings.json: it gets the settings of a server in a cluster, which does not pause while nobody is there.")
	}
	busy, err := s.inUse()
	switch {
	case err != nil:
		s.obstacle("Whether a game runs from this folder can't be told: %v.", err)
	case busy != "":
		s.obstacle("A game runs from this folder (%s). Stop it, so that its newest save is whole, then try again.", busy)
	}
	return nil
}

func (s *surveyed) obstacle(format string, args ...any) {
	if len(s.Obstacles) < maxRemarks {
		s.Obstacles = append(s.Obstacles, fmt.Sprintf(format, args...))
	}
}

func (s *surveyed) problem(format string, args ...any) {
	if len(s.Problems) < maxRemarks {
		s.Problems = append(s.Problems, fmt.Sprintf(format, args...))
	}
}

// findKind tells the layout by what the game's archive and the game itself put there.
func (s *surveyed) findKind() {
	switch {
	case s.isDir("bin") && s.isDir("data"):
		s.Kind = Headless
	case s.isFile("player-data.json"), strings.EqualFold(filepath.Base(s.Dir), ".factorio"):
		s.Kind = User
	default:
		s.Kind = Server
	}
}

package adopt

import (
	"os"
	"path"
	"path/filepath"
	"strings"
)

const configFile = "config/config.ini"

// The game's own words in config.ini for the folder of its program, and for where it writes for a user.
const (
	executable = "__PATH__executable__"
	userData   = "__PATH__system-write-data__"
)

// followConfig finds out whether the game writes elsewhere than into the folder. A place inside is followed, one outside is not: somebody has to
// name it.
func (s *surveyed) followConfig() {
	target := writeData(string(s.read(configFile, configFile)))
	switch {
	case target == "":
	case strings.HasPrefix(target, executable):
		s.redirect(path.Join("bin/x64", strings.TrimPrefix(filepath.ToSlash(target), executable)), target)
	case strings.HasPrefix(target, userData):
		if s.Kind == Headless {
			s.elsewhere("the folder of its user, which is ~/.factorio on Linux")
		}
	case filepath.IsAbs(target):
		s.followPath(target)
	default:
		s.problem("%s says that the game writes to %q, which is no whole path. What lies in this folder is taken.", configFile, target)
	}
}

func (s *surveyed) followPath(target string) {
	there, err := os.Stat(target)
	if err != nil {
		s.problem("%s says that the game writes to %s, which this host does not have, as in a container. What lies in this folder is taken.", configFile, target)
		return
	}
	if here, err := os.Stat(s.Dir); err == nil && os.SameFile(here, there) {
		return
	}
	rel, err := filepath.Rel(s.Dir, filepath.Clean(target))
	if err != nil {
		rel = ".."
	}
	s.redirect(filepath.ToSlash(rel), target)
}

func (s *surveyed) redirect(rel, target string) {
	if !filepath.IsLocal(filepath.FromSlash(rel)) {
		s.elsewhere(target)
		return
	}
	s.Data = rel
}

func (s *surveyed) elsewhere(where string) {
	s.obstacle("%s says that the game writes to %s, so its saves are not here. Adopt that folder.", configFile, where)
}

// writeData returns what config.ini says of where the game writes, empty if nothing.
func writeData(ini string) string {
	inPath := false
	for line := range strings.Lines(ini) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			inPath = line == "[path]"
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if inPath && ok && strings.TrimSpace(key) == "write-data" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

package game

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/world"
	"mainbus/hostagent/factorio/playerlists"
)

// lists are the files of admins, whitelist and bans. What they say is part of the map while it runs.
type lists struct {
	admins, whitelist, bans string // paths
	whitelisting            bool
	banned                  map[string]playerlists.Player // by name in lower case, as the file had them
}

func (s *server) findLists() error {
	file := func(option string) string {
		if given := s.opts.Value(option); given != "" {
			return given
		}
		return filepath.Join(s.paths.write, option+".json")
	}
	s.lists = lists{
		admins: file("server-adminlist"), whitelist: file("server-whitelist"), bans: file("server-banlist"),
		banned: map[string]playerlists.Player{},
	}
	var err error
	s.lists.whitelisting, err = s.opts.Bool("use-server-whitelist")
	return err
}

// readLists makes the lists of the map those of the files. A list without a file stays as it was saved.
func (s *server) readLists() error {
	if err := s.findLists(); err != nil {
		return err
	}
	if err := readNames(s.lists.admins, &s.world.Admins); err != nil {
		return err
	}
	if err := readNames(s.lists.whitelist, &s.world.Whitelist); err != nil {
		return err
	}
	bans, there, err := readList(s.lists.bans)
	if err != nil || !there {
		return err
	}
	s.world.Bans = nil
	for _, p := range bans.Players {
		s.world.Bans = append(s.world.Bans, world.Ban{Name: p.Name, Reason: p.Reason})
		s.lists.banned[strings.ToLower(p.Name)] = p
	}
	return nil
}

// readNames makes names those of a file, if there is one.
func readNames(file string, names *[]string) error {
	list, there, err := readList(file)
	if there {
		*names = list.Names()
	}
	return err
}

// readList reads a file; there says whether there was one.
func readList(file string) (list playerlists.List, there bool, err error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return list, false, nil
	}
	if err == nil {
		list, err = playerlists.Parse(data)
	}
	if err != nil {
		return list, false, fmt.Errorf("read list of players %s: %w", file, err)
	}
	return list, true, nil
}

func (s *server) writeList(file string, list playerlists.List) {
	if err := os.WriteFile(file, list.Bytes(), 0o644); err != nil {
		s.saveFailed(file, err)
	}
}

func (s *server) writeAdmins() { s.writeList(s.lists.admins, playerlists.Of(s.world.Admins)) }

// writeWhitelist keeps the file as it is while the whitelist is off, as the game does.
func (s *server) writeWhitelist() {
	if s.lists.whitelisting {
		s.writeList(s.lists.whitelist, playerlists.Of(s.world.Whitelist))
	}
}

// writeBans writes names in lower case and sorted.
func (s *server) writeBans() {
	var list playerlists.List
	for _, b := range s.world.Bans {
		name := strings.ToLower(b.Name)
		p := s.lists.banned[name]
		p.Name, p.Reason = name, b.Reason
		list.Players = append(list.Players, p)
	}
	slices.SortFunc(list.Players, func(a, b playerlists.Player) int { return strings.Compare(a.Name, b.Name) })
	s.writeList(s.lists.bans, list)
}

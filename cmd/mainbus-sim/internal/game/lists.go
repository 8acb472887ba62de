package game

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// lists are the files of admins, whitelist and bans. What they say is part of the map while it runs.
type lists struct {
	admins, whitelist, bans string // paths
	whitelisting            bool
	addresses               map[string]string // of banned names in lower case, as the file had them
}

// listEntry is an element of such a file: a name, or an object.
type listEntry struct {
	Username string `json:"username"`
	Reason   string `json:"reason,omitempty"`
	Address  string `json:"address,omitempty"`
}

func (e *listEntry) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, &e.Username)
	}
	type plain listEntry
	return json.Unmarshal(data, (*plain)(e))
}

// MarshalJSON writes a name alone as the game does.
func (e listEntry) MarshalJSON() ([]byte, error) {
	if e.Reason == "" && e.Address == "" {
		return json.Marshal(e.Username)
	}
	type plain listEntry
	return json.Marshal(plain(e))
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
		addresses: map[string]string{},
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
	admins, err := readList(s.lists.admins, names(s.world.Admins))
	if err != nil {
		return err
	}
	allowed, err := readList(s.lists.whitelist, names(s.world.Whitelist))
	if err != nil {
		return err
	}
	bans, err := readList(s.lists.bans, nil)
	if err != nil {
		return err
	}
	s.world.Admins, s.world.Whitelist = usernames(admins), usernames(allowed)
	if bans != nil {
		s.world.Bans = nil
		for _, e := range bans {
			s.world.Bans = append(s.world.Bans, world.Ban{Name: e.Username, Reason: e.Reason})
			s.lists.addresses[strings.ToLower(e.Username)] = e.Address
		}
	}
	return nil
}

// readList reads a file; absent is what there was.
func readList(file string, absent []listEntry) ([]listEntry, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return absent, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read list of players: %w", err)
	}
	list := []listEntry{}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("read list of players %s: %w", file, err)
	}
	return list, nil
}

func names(list []string) []listEntry {
	out := make([]listEntry, len(list))
	for i, name := range list {
		out[i].Username = name
	}
	return out
}

func usernames(list []listEntry) []string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = e.Username
	}
	return out
}

func (s *server) writeList(file string, list []listEntry) {
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if list == nil {
		list = []listEntry{}
	}
	err := encoder.Encode(list)
	if err == nil {
		err = os.WriteFile(file, data.Bytes(), 0o644)
	}
	if err != nil {
		s.saveFailed(file, err)
	}
}

func (s *server) writeAdmins() { s.writeList(s.lists.admins, names(s.world.Admins)) }

// writeWhitelist keeps the file as it is while the whitelist is off, as the game does.
func (s *server) writeWhitelist() {
	if s.lists.whitelisting {
		s.writeList(s.lists.whitelist, names(s.world.Whitelist))
	}
}

// writeBans writes names in lower case and sorted.
func (s *server) writeBans() {
	var list []listEntry
	for _, b := range s.world.Bans {
		name := strings.ToLower(b.Name)
		list = append(list, listEntry{Username: name, Reason: b.Reason, Address: s.lists.addresses[name]})
	}
	slices.SortFunc(list, func(a, b listEntry) int { return strings.Compare(a.Username, b.Username) })
	s.writeList(s.lists.bans, list)
}

// Package playerlists reads, checks and changes the game's three lists of players: server-adminlist.json, server-whitelist.json
// and server-banlist.json. All have one form: a list of names and of objects with a name, in any mixture. Order and unknown
// fields of objects stay.
package playerlists

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mainbus/hostagent/factorio/internal/jsondoc"
	"mainbus/hostagent/factorio/internal/jsonval"
	"mainbus/hostagent/factorio/playername"
)

const maxPlayers = 200_000

// List is a list of players.
type List struct {
	Players []Player

	doubled []string // keys, found in reading
}

// Player is an entry of a list. One with nothing but a name is written as a text, if it was not read as an object.
type Player struct {
	Name    string
	Reason  string // of a ban
	Address string // of a banned player; 0.0.0.0 if it is not known

	fields []jsondoc.Member // of an object, as they were read
}

// Parse reads a list.
func Parse(data []byte) (List, error) {
	elements, doubled, err := jsondoc.ParseList(data)
	if err != nil {
		return List{}, fmt.Errorf("list of players: %w", err)
	}
	if len(elements) > maxPlayers {
		return List{}, fmt.Errorf("list of players: %d are more than %d", len(elements), maxPlayers)
	}
	l := List{doubled: doubled}
	for i, element := range elements {
		p, err := parsePlayer(element)
		if err != nil {
			return List{}, fmt.Errorf("list of players: entry %d: %w", i+1, err)
		}
		l.Players = append(l.Players, p)
	}
	return l, nil
}

func parsePlayer(raw json.RawMessage) (p Player, err error) {
	if raw[0] == '"' {
		err = json.Unmarshal(raw, &p.Name)
	} else {
		var ok bool
		if p.fields, ok = jsondoc.Members(raw); !ok {
			return Player{}, fmt.Errorf(`%s is neither a name nor an object like {"username": "x"}`, jsondoc.Short(raw))
		}
		for _, m := range p.fields {
			if err = p.read(m); err != nil {
				return Player{}, err
			}
		}
	}
	if err == nil && p.Name == "" {
		err = errors.New("it has no name")
	}
	return p, err
}

// The fields that are known.
const username, reason, address = "username", "reason", "address"

// field returns where the value of a field is, nil for an unknown one.
func (p *Player) field(key string) *string {
	switch key {
	case username:
		return &p.Name
	case reason:
		return &p.Reason
	case address:
		return &p.Address
	}
	return nil
}

func (p *Player) read(m jsondoc.Member) error {
	to := p.field(m.Key)
	if to == nil {
		return nil
	}
	if m.Value[0] != '"' || json.Unmarshal(m.Value, to) != nil {
		return fmt.Errorf("%q is %s, but must be a text", m.Key, jsondoc.Short(m.Value))
	}
	return nil
}

// Get returns the entry of a player, nil if there is none.
func (l *List) Get(name string) *Player {
	i := slices.IndexFunc(l.Players, func(p Player) bool { return playername.Key(p.Name) == playername.Key(name) })
	if i < 0 {
		return nil
	}
	return &l.Players[i]
}

// Set adds a player, or gives the one of that name this reason and address.
func (l *List) Set(p Player) {
	if old := l.Get(p.Name); old != nil {
		old.Reason, old.Address = p.Reason, p.Address
		return
	}
	l.Players = append(l.Players, p)
}

// Remove takes a player out. False means that there was none of that name.
func (l *List) Remove(name string) bool {
	before := len(l.Players)
	l.Players = slices.DeleteFunc(l.Players, func(p Player) bool { return playername.Key(p.Name) == playername.Key(name) })
	return len(l.Players) < before
}

// Of returns a list of names.
func Of(names []string) List {
	var l List
	for _, name := range names {
		l.Players = append(l.Players, Player{Name: name})
	}
	return l
}

// Names returns the names in their order.
func (l *List) Names() []string {
	names := make([]string, len(l.Players))
	for i, p := range l.Players {
		names[i] = p.Name
	}
	return names
}

// Problems says what is wrong in the list, a sentence each, a hundred at most.
func (l *List) Problems() (out []string) {
	const most = 100
	add := func(format string, args ...any) {
		if len(out) < most {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	for _, key := range l.doubled {
		add("%.100q is there more than once in one entry", strings.TrimPrefix(key, "."))
	}
	seen := make(map[string]bool)
	for _, p := range l.Players {
		if seen[playername.Key(p.Name)] {
			add("%.100q is there more than once", p.Name)
		}
		seen[playername.Key(p.Name)] = true
		if strings.TrimSpace(p.Name) != p.Name {
			add("%.100q has blanks around the name, so it is nobody's", p.Name)
		}
		if _, err := netip.ParseAddr(p.Address); p.Address != "" && err != nil {
			add("%.100q has the address %.100q, which is none", p.Name, p.Address)
		}
	}
	return out
}

// Bytes writes the list, one entry a line or more.
func (l *List) Bytes() []byte {
	if len(l.Players) == 0 {
		return []byte("[]\n")
	}
	b := []byte("[")
	for i, p := range l.Players {
		if i > 0 {
			b = append(b, ',')
		}
		b = p.append(append(b, "\n  "...))
	}
	return append(b, "\n]\n"...)
}

func (p *Player) append(b []byte) []byte {
	if p.fields == nil && p.Reason == "" && p.Address == "" {
		return jsonval.AppendString(b, p.Name)
	}
	fields := slices.Clone(p.fields)
	for _, key := range []string{username, reason, address} {
		read := slices.ContainsFunc(fields, func(m jsondoc.Member) bool { return m.Key == key })
		if *p.field(key) != "" && !read {
			fields = append(fields, jsondoc.Member{Key: key})
		}
	}
	b = append(b, '{')
	for i, m := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsonval.AppendString(append(b, "\n    "...), m.Key), ": "...)
		if value := p.field(m.Key); value != nil {
			b = jsonval.AppendString(b, *value)
		} else {
			b = append(b, bytes.TrimSpace(m.Value)...)
		}
	}
	return append(b, "\n  }"...)
}

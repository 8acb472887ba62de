// Package modlist reads and writes mod-list.json, which says which mods are enabled. It writes as the game does, byte for byte,
// and keeps fields that it does not know.
package modlist

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/internal/jsondoc"
	"mainbus/hostagent/factorio/internal/jsonval"
)

const maxMods = 20_000

// List is a mod list. The order says nothing, but is kept.
type List struct {
	Mods []Mod

	other    []jsondoc.Member // fields beside "mods"
	problems []string         // found in reading
}

// Mod is one line of the list.
type Mod struct {
	Name    string
	Enabled bool
	Version string // the only version to load, as it is written; empty for the newest that is there

	other []jsondoc.Member // fields beside these
}

// Pinned returns Version as a number, false if any version will do.
func (m Mod) Pinned() (factorio.Version, bool) {
	v, err := factorio.ParseLenient(m.Version)
	return v, err == nil
}

// Parse reads a mod-list.json. Old files hold "true" and "false" as texts, which is understood.
func Parse(data []byte) (List, error) {
	doc, err := jsondoc.Parse(data)
	if err != nil {
		return List{}, fmt.Errorf("mod list: %w", err)
	}
	var l List
	for _, key := range doc.Doubled() {
		l.problems = append(l.problems, fmt.Sprintf("%.100q is there more than once", strings.TrimPrefix(key, "mods..")))
	}
	raw, _ := doc.Get("mods")
	elements, ok := jsondoc.Elements(raw)
	if !ok {
		return List{}, fmt.Errorf(`mod list: no list "mods": is this a mod-list.json?`)
	}
	if len(elements) > maxMods {
		return List{}, fmt.Errorf("mod list: %d mods are more than %d", len(elements), maxMods)
	}
	for i, element := range elements {
		m, err := parseMod(element)
		if err != nil {
			return List{}, fmt.Errorf("mod list: mod %d: %w", i+1, err)
		}
		l.Mods = append(l.Mods, m)
	}
	for _, member := range doc.Members() {
		if member.Key != "mods" {
			l.other = append(l.other, member)
		}
	}
	return l, nil
}

func parseMod(raw []byte) (Mod, error) {
	members, ok := jsondoc.Members(raw)
	if !ok {
		return Mod{}, fmt.Errorf(`%s is not an object like {"name": "base", "enabled": true}`, jsondoc.Short(raw))
	}
	var m Mod
	enabled := false
	for _, member := range members {
		var err error
		switch member.Key {
		case "name":
			m.Name, err = text(member)
		case "enabled":
			m.Enabled, err = truth(member)
			enabled = true
		case "version":
			if m.Version, err = text(member); err == nil {
				_, err = factorio.ParseLenient(m.Version)
			}
		default:
			m.other = append(m.other, member)
		}
		if err != nil && m.Name != "" {
			err = fmt.Errorf("%.100q: %w", m.Name, err)
		}
		if err != nil {
			return Mod{}, err
		}
	}
	switch {
	case m.Name == "":
		return Mod{}, fmt.Errorf(`it has no "name"`)
	case !enabled:
		return Mod{}, fmt.Errorf(`%.100q: it has no "enabled"`, m.Name)
	}
	return m, nil
}

func text(m jsondoc.Member) (s string, err error) {
	if m.Value[0] != '"' || json.Unmarshal(m.Value, &s) != nil {
		return "", fmt.Errorf("%q is %s, but must be a text", m.Key, jsondoc.Short(m.Value))
	}
	return s, nil
}

func truth(m jsondoc.Member) (bool, error) {
	switch string(m.Value) {
	case "true", `"true"`:
		return true, nil
	case "false", `"false"`:
		return false, nil
	}
	return false, fmt.Errorf("%q is %s, but must be true or false", m.Key, jsondoc.Short(m.Value))
}

// Get returns the mod of a name, nil if it is not in the list, the last if it is there more than once.
func (l *List) Get(name string) *Mod {
	for i := len(l.Mods) - 1; i >= 0; i-- {
		if l.Mods[i].Name == name {
			return &l.Mods[i]
		}
	}
	return nil
}

// Set enables or disables a mod, which is added if it is not in the list.
func (l *List) Set(name string, enabled bool) {
	if m := l.Get(name); m != nil {
		m.Enabled = enabled
		return
	}
	l.Mods = append(l.Mods, Mod{Name: name, Enabled: enabled})
}

// Remove takes a mod out of the list.
func (l *List) Remove(name string) {
	l.Mods = slices.DeleteFunc(l.Mods, func(m Mod) bool { return m.Name == name })
}

// Problems says what is wrong in the list, a sentence each.
func (l *List) Problems() []string {
	out := slices.Clone(l.problems)
	seen := make(map[string]bool)
	for _, m := range l.Mods {
		if seen[m.Name] {
			out = append(out, fmt.Sprintf("%.100q is there more than once", m.Name))
		}
		seen[m.Name] = true
	}
	switch base := l.Get("base"); {
	case base == nil:
		out = append(out, `"base" is missing; the game adds it as enabled`)
	case !base.Enabled:
		out = append(out, `"base" is disabled: the game starts without its own items and scenarios`)
	}
	return out
}

// Bytes writes the list in the form in which the game writes it.
func (l *List) Bytes() []byte {
	b := []byte("\n{\n  \"mods\": \n  [")
	for i, m := range l.Mods {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n    \n    {\n      \"name\": "...)
		b = jsonval.AppendString(b, m.Name)
		b = fmt.Appendf(b, ",\n      \"enabled\": %t", m.Enabled)
		if m.Version != "" {
			b = jsonval.AppendString(append(b, ",\n      \"version\": "...), m.Version)
		}
		b = append(appendMembers(b, "      ", m.other), "\n    }"...)
	}
	b = append(b, "\n  ]"...)
	return append(appendMembers(b, "  ", l.other), "\n}\n"...)
}

func appendMembers(b []byte, indent string, members []jsondoc.Member) []byte {
	for _, m := range members {
		b = jsonval.AppendString(append(append(b, ",\n"...), indent...), m.Key)
		b = append(append(b, ": "...), bytes.TrimSpace(m.Value)...)
	}
	return b
}

// Package modpack reads and writes the mod pack strings of Clusterio, by which people share a set of mods with their versions and
// settings. It starts no goroutines.
//
// A string is JSON, encoded as in package encoded. Fields that are not known are kept.
package modpack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/encoded"
	"mainbus/hostagent/factorio/internal/jsondoc"
	"mainbus/hostagent/factorio/internal/jsonval"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/factorio/proptree"
)

const (
	maxJSON = 16 << 20 // bytes; a pack of 300 mods with 1,500 settings has some 150 kB
	maxText = 8 << 20  // bytes; of what people paste
	maxMods = 20_000
)

// Pack is a mod pack.
type Pack struct {
	Name        string
	Description string
	Factorio    string              // version of the game, "2.0" or "2.0.60"
	Mods        []Mod               // in the order of the string, which says nothing
	Settings    proptree.Dictionary // scope → setting → {"value": value}, as in modsettings.File

	other    []jsondoc.Member // fields beside these
	problems []string         // found in reading
}

// Mod is a mod of a pack.
type Mod struct {
	Name    string
	Enabled bool
	Version string // the one to load
	SHA1    string // of the zip, 40 hexadecimal digits; empty for the game's own mods

	other []jsondoc.Member // fields beside these
}

// New returns a pack without mods and settings.
func New(name string, game factorio.Version) Pack {
	return Pack{Name: name, Factorio: game.String(), Settings: modsettings.New(game).Scopes}
}

// Other returns the fields that this package does not know, as an object; nil if there are none.
func (p Pack) Other() json.RawMessage { return object(p.other) }

// SetOther replaces the fields that this package does not know by those of an object.
func (p *Pack) SetOther(fields json.RawMessage) (err error) {
	p.other, err = members(fields, packFields)
	return err
}

// Other returns the fields that this package does not know, as an object; nil if there are none.
func (m Mod) Other() json.RawMessage { return object(m.other) }

// SetOther replaces the fields that this package does not know by those of an object.
func (m *Mod) SetOther(fields json.RawMessage) (err error) {
	m.other, err = members(fields, modFields)
	return err
}

var (
	packFields = []string{"name", "description", "factorio_version", "mods", "settings"}
	modFields  = []string{"name", "enabled", "version", "sha1"}
)

func object(of []jsondoc.Member) json.RawMessage {
	if len(of) == 0 {
		return nil
	}
	b := appendMembers(nil, of)
	b[0] = '{' // for the comma
	return append(b, '}')
}

func members(fields json.RawMessage, known []string) ([]jsondoc.Member, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	all, ok := jsondoc.Members(fields)
	if !ok {
		return nil, fmt.Errorf("%.40s is no object", fields)
	}
	for _, m := range all {
		if slices.Contains(known, m.Key) {
			return nil, fmt.Errorf("%q is no unknown field", m.Key)
		}
	}
	return all, nil
}

// Is reports whether the JSON that an encoded text holds is that of a mod pack.
func Is(text []byte) bool {
	members, _ := jsondoc.Members(text)
	found := 0
	for _, m := range members {
		switch m.Key {
		case "mods", "settings", "factorio_version":
			found++
		}
	}
	return found == 3
}

// Parse reads a mod pack string. White space may be anywhere in it.
func Parse(text string) (Pack, error) {
	p, err := parse(text)
	if err != nil {
		return Pack{}, fmt.Errorf("mod pack string: %w", err)
	}
	return p, nil
}

func parse(text string) (Pack, error) {
	if len(text) > maxText {
		return Pack{}, fmt.Errorf("%d bytes, more than %d MiB", len(text), maxText>>20)
	}
	content, err := encoded.Decode(encoded.Unspaced(text), maxJSON)
	if err != nil {
		return Pack{}, err
	}
	return fromJSON(content)
}

func fromJSON(content []byte) (Pack, error) {
	doc, err := jsondoc.Parse(content)
	if err != nil {
		return Pack{}, fmt.Errorf("its content can't be read: %w", err)
	}
	var p Pack
	for _, key := range doc.Doubled() {
		p.problems = append(p.problems, fmt.Sprintf("%.100q is there more than once", key))
	}
	fields := map[string]func(jsondoc.Member) error{
		"name":             func(m jsondoc.Member) error { return readText(m, &p.Name) },
		"description":      func(m jsondoc.Member) error { return readText(m, &p.Description) },
		"factorio_version": func(m jsondoc.Member) error { return readVersion(m, &p.Factorio) },
		"mods":             p.readMods,
		"settings":         p.readSettings,
	}
	if p.other, err = readFields(doc.Members(), fields, packFields); err != nil {
		return Pack{}, err
	}
	return p, nil
}

// readFields hands each member to the field of its key and returns the others.
func readFields(members []jsondoc.Member, fields map[string]func(jsondoc.Member) error, required []string) (other []jsondoc.Member, err error) {
	found := make(map[string]bool)
	for _, m := range members {
		found[m.Key] = true
		field := fields[m.Key]
		if field == nil {
			other = append(other, m)
			continue
		}
		if err := field(m); err != nil {
			return nil, err
		}
	}
	for _, key := range required {
		if !found[key] {
			return nil, fmt.Errorf("it has no %q", key)
		}
	}
	return other, nil
}

func readText(m jsondoc.Member, to *string) error {
	if m.Value[0] != '"' || json.Unmarshal(m.Value, to) != nil {
		return fmt.Errorf("%q is %.40s, but must be a text", m.Key, m.Value)
	}
	return nil
}

func readVersion(m jsondoc.Member, to *string) error {
	err := readText(m, to)
	if err == nil {
		_, err = factorio.ParseLenient(*to)
	}
	return err
}

func (p *Pack) readMods(m jsondoc.Member) error {
	elements, ok := jsondoc.Elements(m.Value)
	switch {
	case !ok:
		return fmt.Errorf(`"mods" is %.40s, but must be a list`, m.Value)
	case len(elements) > maxMods:
		return fmt.Errorf("%d mods are more than %d", len(elements), maxMods)
	}
	p.Mods = nil
	for i, element := range elements {
		mod, err := readMod(element)
		if err != nil {
			return fmt.Errorf("mod %d: %w", i+1, err)
		}
		p.Mods = append(p.Mods, mod)
	}
	return nil
}

func readMod(raw []byte) (Mod, error) {
	members, ok := jsondoc.Members(raw)
	if !ok {
		return Mod{}, fmt.Errorf(`%.40s is not an object like {"name": "base", "enabled": true, "version": "2.0.0"}`, raw)
	}
	var mod Mod
	fields := map[string]func(jsondoc.Member) error{
		"name":    func(m jsondoc.Member) error { return readText(m, &mod.Name) },
		"version": func(m jsondoc.Member) error { return readVersion(m, &mod.Version) },
		"sha1":    func(m jsondoc.Member) error { return readText(m, &mod.SHA1) },
		"enabled": func(m jsondoc.Member) error {
			mod.Enabled = string(m.Value) == "true"
			if !mod.Enabled && string(m.Value) != "false" {
				return fmt.Errorf(`"enabled" is %.40s, but must be true or false`, m.Value)
			}
			return nil
		},
	}
	var err error
	if mod.other, err = readFields(members, fields, []string{"name", "enabled", "version"}); err != nil {
		if mod.Name != "" {
			err = fmt.Errorf("%.100q: %w", mod.Name, err)
		}
		return Mod{}, err
	}
	if mod.Name == "" {
		return Mod{}, errors.New(`it has no "name"`)
	}
	return mod, nil
}

func (p *Pack) readSettings(m jsondoc.Member) error {
	var tree proptree.Node
	if err := tree.UnmarshalJSON(m.Value); err != nil {
		return fmt.Errorf(`"settings" can't be read: %w`, err)
	}
	scopes, ok := tree.Value.(proptree.Dictionary)
	if !ok {
		return fmt.Errorf(`"settings" is %.40s, but must be an object`, m.Value)
	}
	for _, scope := range scopes {
		if _, ok := scope.Value.(proptree.Dictionary); !ok {
			return fmt.Errorf("the settings %.100q are no object", scope.Key)
		}
	}
	p.Settings = scopes
	return nil
}

// Text writes the string.
func (p Pack) Text() (string, error) {
	b, err := p.MarshalJSON()
	switch {
	case err != nil:
		return "", fmt.Errorf("mod pack string: %w", err)
	case len(b) > maxJSON:
		return "", fmt.Errorf("mod pack string: %d bytes of JSON, more than %d MiB", len(b), maxJSON>>20)
	}
	return encoded.Encode(b), nil
}

// MarshalJSON gives the content of the string.
func (p Pack) MarshalJSON() ([]byte, error) {
	if _, err := factorio.ParseLenient(p.Factorio); err != nil {
		return nil, err
	}
	settings, err := p.Settings.MarshalJSON()
	if err != nil {
		return nil, err
	}
	b := appendText([]byte("{"), "name", p.Name)
	b = appendText(append(b, ','), "description", p.Description)
	b = appendText(append(b, ','), "factorio_version", p.Factorio)
	b = append(b, `,"mods":[`...)
	for i, m := range p.Mods {
		if m.Name == "" {
			return nil, errors.New("a mod has no name")
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(append(b, '{'), "name", m.Name), fmt.Sprintf(`,"enabled":%t,`, m.Enabled)...)
		b = appendText(b, "version", m.Version)
		if m.SHA1 != "" {
			b = appendText(append(b, ','), "sha1", m.SHA1)
		}
		b = append(appendMembers(b, m.other), '}')
	}
	b = append(append(b, `],"settings":`...), settings...)
	return append(appendMembers(b, p.other), '}'), nil
}

func appendText(b []byte, key, value string) []byte {
	return jsonval.AppendString(append(jsonval.AppendString(b, key), ':'), value)
}

func appendMembers(b []byte, members []jsondoc.Member) []byte {
	for _, m := range members {
		b = append(jsonval.AppendString(append(b, ','), m.Key), ':')
		b = append(b, bytes.TrimSpace(m.Value)...)
	}
	return b
}

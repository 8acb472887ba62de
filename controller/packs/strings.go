package packs

import (
	"encoding/json"
	"fmt"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/modpack"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/factorio/proptree"
)

// ownFields is the field of a mod pack string with what Clusterio's format lacks.
const ownFields = "mainbus"

type extra struct {
	// Exact says that a number without a fraction is a whole one. Writers in JavaScript know no difference.
	Exact   bool                `json:"exact_numbers"`
	Pinned  []string            `json:"pinned,omitempty"`
	Ignored []store.IgnoredNeed `json:"ignored,omitempty"`
}

// FromString reads a mod pack string, of this program or of Clusterio.
func FromString(text string) (Draft, error) {
	from, err := modpack.Parse(text)
	if err != nil {
		return Draft{}, err
	}
	d := Draft{Source: api.PackFromString}
	for _, problem := range from.Problems() {
		d.remark("The string says: %s.", problem)
	}
	game, err := factorio.ParseLenient(from.Factorio)
	if err != nil {
		return Draft{}, err
	}
	d.Pack = store.Pack{Name: from.Name, Description: from.Description, Game: from.Factorio, Settings: from.Settings}
	if parsed, err := ParseGame(from.Factorio); err == nil {
		d.Pack.Game = parsed
	} else {
		d.Pack.Game = modinfo.MajorMinor(game)
	}
	own, other, err := takeOwn(from.Other())
	if err != nil {
		return Draft{}, err
	}
	d.Pack.Other, d.Pack.Ignored = other, own.Ignored
	if !own.Exact {
		d.Pack.Settings = loosened(d.Pack.Settings)
	}
	if err := d.addFrom(from.Mods, own.Pinned); err != nil {
		return Draft{}, err
	}
	Fit(&d.Pack, "")
	return d, Check(d.Pack)
}

func (d *Draft) addFrom(mods []modpack.Mod, pinned []string) error {
	isPinned := make(map[string]bool)
	for _, name := range pinned {
		isPinned[name] = true
	}
	for _, m := range mods {
		version, err := modVersion(m.Version)
		if err != nil {
			return fmt.Errorf("%.100s: %w", m.Name, err)
		}
		mod := store.PackMod{Name: m.Name, Version: version, Enabled: m.Enabled, Pinned: isPinned[m.Name], Other: m.Other()}
		if sum, ok := sha1Text(m.SHA1); ok {
			mod.SHA1 = sum
		}
		d.add(mod)
	}
	return nil
}

// takeOwn takes what this program wrote out of the fields that Clusterio does not know.
func takeOwn(other json.RawMessage) (own extra, rest json.RawMessage, err error) {
	var members map[string]json.RawMessage
	if len(other) == 0 {
		return extra{}, nil, nil
	}
	if err := json.Unmarshal(other, &members); err != nil {
		return extra{}, nil, fmt.Errorf("the fields of other programs: %w", err)
	}
	mine, there := members[ownFields]
	if !there {
		return extra{}, other, nil
	}
	if err := json.Unmarshal(mine, &own); err != nil {
		return extra{}, nil, fmt.Errorf("%q: %w", ownFields, err)
	}
	delete(members, ownFields)
	if len(members) > 0 {
		rest, err = json.Marshal(members)
	}
	return own, rest, err
}

// loosened makes all whole numbers such with a fraction, which the game reads for both kinds: that is how Clusterio stores them, and a
// string of it does not tell which a setting has.
func loosened(scopes proptree.Dictionary) proptree.Dictionary {
	file := modsettings.File{Version: factorio.Version{Major: 1, Minor: 1}, Scopes: scopes} // whose numbers are all of one kind
	for _, scope := range scopes {
		settings, _ := scope.Value.(proptree.Dictionary)
		for _, setting := range settings {
			if n, ok := file.Get(scope.Key, setting.Key); ok {
				file.Set(scope.Key, setting.Key, loose(n))
			}
		}
	}
	return file.Scopes
}

func loose(value any) any {
	switch v := value.(type) {
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case proptree.Dictionary: // a colour
		out := make(proptree.Dictionary, 0, len(v))
		for _, e := range v {
			out.Set(e.Key, loose(e.Value))
		}
		return out
	}
	return value
}

// String writes a pack as a mod pack string, which Clusterio reads too.
func String(p store.Pack) (string, error) {
	to := modpack.New(p.Name, factorio.Version{Major: 2})
	to.Description, to.Factorio = p.Description, p.Game
	for _, scope := range Scopes {
		to.Settings.Set(scope, Settings(p, scope))
	}
	own := extra{Exact: true, Ignored: p.Ignored}
	for _, m := range p.Mods {
		mod := modpack.Mod{Name: m.Name, Enabled: m.Enabled, Version: m.Version, SHA1: m.SHA1}
		if IsBuiltIn(p, m.Name) {
			mod.Version = Game(p).String()
		}
		if mod.Version == "" {
			return "", fmt.Errorf("the version of %s is not known, so the pack can't be written as a string", m.Name)
		}
		if err := mod.SetOther(m.Other); err != nil {
			return "", err
		}
		if m.Pinned {
			own.Pinned = append(own.Pinned, m.Name)
		}
		to.Mods = append(to.Mods, mod)
	}
	other, err := merged(p.Other, ownFields, own)
	if err != nil {
		return "", err
	}
	if err := to.SetOther(other); err != nil {
		return "", err
	}
	return to.Text()
}

package packs

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/factorio/proptree"
)

// Knowledge is what is known of mods beside the pack.
type Knowledge struct {
	// SHA1 of the stored file of a mod, empty if it is not stored; nil: none is.
	SHA1 func(name, version string) string
	// Definitions of the settings of the pack's mods; nil: not known.
	Definitions *Definitions
}

// Edit returns the pack with the changes, and what they were, for people. Errors are for people too.
func Edit(p store.Pack, r api.EditPack, known Knowledge) (store.Pack, string, error) {
	e := edit{pack: p, known: known}
	e.pack.Mods = append([]store.PackMod{}, p.Mods...)
	for _, step := range []func(api.EditPack) error{e.texts, e.game, e.mods, e.ignored, e.allSettings, e.settings} {
		if err := step(r); err != nil {
			return store.Pack{}, "", err
		}
	}
	Fit(&e.pack, "")
	if err := Check(e.pack); err != nil {
		return store.Pack{}, "", err
	}
	return e.pack, e.said(), nil
}

type edit struct {
	pack    store.Pack
	known   Knowledge
	changes []string
}

func (e *edit) say(format string, args ...any) {
	e.changes = append(e.changes, fmt.Sprintf(format, args...))
}

// said is a line about the changes.
func (e *edit) said() string {
	const most = 8
	if more := len(e.changes) - most; more > 0 {
		e.changes = append(e.changes[:most], fmt.Sprintf("%d more changes", more))
	}
	return strings.Join(e.changes, "; ")
}

func (e *edit) texts(r api.EditPack) error {
	if r.Name != nil && *r.Name != e.pack.Name {
		e.say("renamed from %s", e.pack.Name)
		e.pack.Name = *r.Name
	}
	if r.Description != nil && *r.Description != e.pack.Description {
		e.say("another description")
		e.pack.Description = *r.Description
	}
	return nil
}

// game changes the version of the game and the parts of it. Without a choice of the parts they stay all or none.
func (e *edit) game(r api.EditPack) error {
	content := r.Content
	switch content {
	case "", Base, SpaceAge:
	default:
		return fmt.Errorf("the content is %s or %s, not %.40q", Base, SpaceAge, content)
	}
	if r.Game != nil && *r.Game != e.pack.Game {
		game, err := ParseGame(*r.Game)
		if err != nil {
			return err
		}
		if was := Content(e.pack); content == "" && was != Own {
			content = was
		}
		e.say("game %s instead of %s", game, e.pack.Game)
		e.pack.Game = game
	}
	if r.Content == SpaceAge && len(parts(Game(e.pack))) == 0 {
		return fmt.Errorf("the game %s has no Space Age: that came with 2.0", e.pack.Game)
	}
	before := Content(e.pack)
	Fit(&e.pack, content)
	if now := Content(e.pack); now != before && r.Content != "" {
		e.say("content %s", now)
	}
	return nil
}

func (e *edit) mods(r api.EditPack) error {
	for _, change := range r.Mods {
		if err := e.mod(change); err != nil {
			return err
		}
	}
	return nil
}

func (e *edit) mod(r api.ChangePackMod) error {
	if err := modinfo.CheckName(r.Name); err != nil {
		return err
	}
	m := Find(&e.pack, r.Name)
	if IsBuiltIn(e.pack, r.Name) {
		return e.ownMod(m, r)
	}
	if r.Remove {
		if m == nil {
			return fmt.Errorf("%s is not in the pack", r.Name)
		}
		e.say("without %s", r.Name)
		kept := e.pack.Mods[:0]
		for _, other := range e.pack.Mods {
			if other.Name != r.Name {
				kept = append(kept, other)
			}
		}
		e.pack.Mods = kept
		return nil
	}
	if m == nil {
		if r.Version == nil {
			return fmt.Errorf("%s is not in the pack; to add it, say which version", r.Name)
		}
		e.pack.Mods = append(e.pack.Mods, store.PackMod{Name: r.Name, Enabled: true})
		m = &e.pack.Mods[len(e.pack.Mods)-1]
	}
	if err := e.modVersion(m, r); err != nil {
		return err
	}
	if r.Enabled != nil && *r.Enabled != m.Enabled {
		m.Enabled = *r.Enabled
		e.say("%s %s", m.Name, onOff(m.Enabled))
	}
	if r.Pinned != nil && *r.Pinned != m.Pinned {
		m.Pinned = *r.Pinned
		e.say("%s %s", m.Name, map[bool]string{true: "pinned", false: "not pinned"}[m.Pinned])
	}
	return nil
}

func onOff(on bool) string {
	if on {
		return "enabled"
	}
	return "disabled"
}

// ownMod switches one of the game's own mods, which is all that can be done with it.
func (e *edit) ownMod(m *store.PackMod, r api.ChangePackMod) error {
	switch {
	case r.Remove, r.Version != nil && *r.Version != "", r.SHA1 != nil && *r.SHA1 != "", r.Pinned != nil && *r.Pinned:
		return fmt.Errorf("%s comes with the game: it can be disabled, and its version is the game's", r.Name)
	case r.Name == "base" && r.Enabled != nil && !*r.Enabled:
		return fmt.Errorf("base can't be disabled: it is the game's own items and scenarios")
	case r.Enabled != nil && *r.Enabled != m.Enabled:
		m.Enabled = *r.Enabled
		e.say("%s %s", m.Name, onOff(m.Enabled))
	}
	return nil
}

// modVersion sets version and SHA-1. Those of another version than before are those of the stored file if they are not told.
func (e *edit) modVersion(m *store.PackMod, r api.ChangePackMod) error {
	if r.Version != nil {
		version, err := modVersion(*r.Version)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		if version != m.Version {
			if m.Version == "" {
				e.say("%s %s", m.Name, version)
			} else {
				e.say("%s %s instead of %s", m.Name, version, m.Version)
			}
			m.Version, m.SHA1, m.Other = version, "", nil
		}
	}
	if r.SHA1 != nil && *r.SHA1 != "" {
		sum, ok := sha1Text(*r.SHA1)
		if !ok {
			return fmt.Errorf("%s: %.60q is no SHA-1, which has 40 hexadecimal digits", m.Name, *r.SHA1)
		}
		if m.SHA1 != sum && r.Version == nil {
			e.say("%s is another file", m.Name)
		}
		m.SHA1 = sum
	}
	if m.SHA1 == "" && e.known.SHA1 != nil {
		m.SHA1 = e.known.SHA1(m.Name, m.Version)
	}
	return nil
}

func (e *edit) ignored(r api.EditPack) error {
	if r.Ignored == nil {
		return nil
	}
	e.pack.Ignored = nil
	for _, i := range *r.Ignored {
		e.pack.Ignored = append(e.pack.Ignored, store.IgnoredNeed{Mod: i.Mod, Needs: i.Needs})
	}
	e.say("%d dependencies ignored", len(e.pack.Ignored))
	return nil
}

func (e *edit) allSettings(r api.EditPack) error {
	if len(r.AllSettings) == 0 {
		return nil
	}
	scopes, err := ParseSettings(r.AllSettings)
	if err != nil {
		return err
	}
	if scopes, err = e.known.Definitions.CheckAll(scopes); err != nil {
		return err
	}
	e.pack.Settings = scopes
	e.say("other settings")
	return nil
}

// ParseSettings reads settings as api.Pack tells them.
func ParseSettings(text json.RawMessage) (proptree.Dictionary, error) {
	var tree proptree.Node
	if err := tree.UnmarshalJSON(text); err != nil {
		return nil, fmt.Errorf("the settings can't be read: %w", err)
	}
	given, ok := tree.Value.(proptree.Dictionary)
	if !ok {
		return nil, fmt.Errorf(`the settings are no object like {"startup": {"some-setting": {"value": 5}}}`)
	}
	scopes := modsettings.New(factorio.Version{Major: 2}).Scopes
	for _, scope := range given {
		scopes.Set(scope.Key, scope.Value)
	}
	return scopes, checkSettings(scopes)
}

func (e *edit) settings(r api.EditPack) error {
	file := modsettings.File{Version: factorio.Version{Major: 2}, Scopes: e.pack.Settings}
	for _, change := range r.Settings {
		if err := e.setting(&file, change); err != nil {
			return fmt.Errorf("setting %.100s: %w", change.Name, err)
		}
	}
	e.pack.Settings = file.Scopes
	return nil
}

func (e *edit) setting(file *modsettings.File, r api.ChangePackValue) error {
	scope := r.Scope
	if scope == "" {
		scope = e.known.Definitions.ScopeOf(r.Name)
	}
	if scope == "" {
		scope = scopeOf(store.Pack{Settings: file.Scopes}, r.Name)
	}
	switch {
	case r.Name == "":
		return fmt.Errorf("it has no name")
	case scope == "":
		return fmt.Errorf("no mod is known to have it; say its scope, which is one of %s", strings.Join(Scopes, ", "))
	}
	var node proptree.Node
	if err := node.UnmarshalJSON(r.Value); err != nil {
		return fmt.Errorf("its value can't be read: %w", err)
	}
	if node.Value == nil {
		file.Delete(scope, r.Name)
		e.say("%s as it is made", r.Name)
		return nil
	}
	old, _ := file.Get(scope, r.Name)
	value, err := e.known.Definitions.Check(scope, r.Name, likeBefore(node.Value, old))
	if err != nil {
		return err
	}
	file.Set(scope, r.Name, value)
	e.say("%s %s", r.Name, shortValue(value))
	return nil
}

func shortValue(value any) string {
	text, err := proptree.Node{Value: value}.MarshalJSON()
	if err != nil {
		return "?"
	}
	if r := []rune(string(text)); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return string(text)
}

// likeBefore gives a number the kind that the setting's value has had: people write 5 for 5.0.
func likeBefore(value, old any) any {
	switch old.(type) {
	case float64:
		if n, ok := value.(int64); ok {
			return float64(n)
		}
	case int64:
		if f, ok := value.(float64); ok && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f)
		}
	}
	return value
}

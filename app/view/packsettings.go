package view

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"mainbus/controller/api"
)

// Scopes of settings of mods, as the game and the api name them.
const (
	StartupScope   = "startup"
	MapScope       = "runtime-global"
	PerPlayerScope = "runtime-per-user"
)

// ScopeWord is what the game calls a scope.
func ScopeWord(scope string) string {
	switch scope {
	case StartupScope:
		return say("Startup")
	case MapScope:
		return say("Map")
	case PerPlayerScope:
		return say("Per player")
	}
	return scope
}

// A PackSetting is one row of the form of a pack's settings, with what the user has changed in it.
type PackSetting struct {
	Key         string // scope and name
	Scope       string
	Name        string
	Mod         string
	Kind        string
	Title       string
	Description string
	Value       string // for people
	Default     string
	Range       string // what may be, for people; empty: anything of its kind
	Changed     bool   // it is not the default
	Edited      bool   // and not saved
	Hidden      bool
	Forced      bool
	Known       bool
	Problem     string
}

// PackSettings is the form of a pack's settings: what the pack says, and what the user has changed since.
type PackSettings struct {
	form  api.PackSettings
	edits map[string]json.RawMessage // by key; null: the default
}

// NewPackSettings makes one without edits.
func NewPackSettings(form api.PackSettings) *PackSettings {
	return &PackSettings{form: form, edits: map[string]json.RawMessage{}}
}

// Revision is that of the pack which the form shows.
func (f *PackSettings) Revision() int64 { return f.form.Revision }

// GameLanguage is the language of a locale, such as de-DE, as the game calls it: only some have a region there.
func GameLanguage(locale string) string {
	parts := strings.Split(locale, "-")
	language, region := parts[0], ""
	if len(parts) > 1 {
		region = parts[1]
	}
	switch language {
	case "es":
		return "es-ES"
	case "sv":
		return "sv-SE"
	case "pt":
		if region != "BR" {
			region = "PT"
		}
		return "pt-" + region
	case "zh":
		if region == "HK" || region == "MO" || region == "TW" {
			return "zh-TW"
		}
		return "zh-CN"
	case "nb", "nn":
		return "no"
	}
	return language
}

// Problems are what could not be read of the mods.
func (f *PackSettings) Problems() []string { return f.form.Problems }

// Edited counts the settings that are changed and not saved.
func (f *PackSettings) Edited() int { return len(f.edits) }

// Discard forgets all edits.
func (f *PackSettings) Discard() { clear(f.edits) }

func settingKey(s api.PackSetting) string { return s.Scope + "\x00" + s.Name }

// Find returns the setting with this key.
func (f *PackSettings) Find(key string) (s api.PackSetting, ok bool) {
	i := slices.IndexFunc(f.form.Settings, func(s api.PackSetting) bool { return settingKey(s) == key })
	if i < 0 {
		return s, false
	}
	return f.form.Settings[i], true
}

// Rows lists the settings of a scope, empty for all, that a filter lets through. What the game hides is listed only if it is changed.
func (f *PackSettings) Rows(scope, filter string, changedOnly bool) (rows []PackSetting) {
	for _, s := range f.form.Settings {
		row := f.row(s)
		switch {
		case scope != "" && s.Scope != scope, changedOnly && !row.Changed && !row.Edited, s.Hidden && !row.Changed && !row.Edited:
		case Matches(filter, row.Title, row.Name, row.Mod, row.Description):
			rows = append(rows, row)
		}
	}
	return rows
}

func (f *PackSettings) row(s api.PackSetting) PackSetting {
	now := f.now(s)
	edit, edited := f.edits[settingKey(s)]
	row := PackSetting{
		Key: settingKey(s), Scope: s.Scope, Name: s.Name, Mod: s.Mod, Kind: s.Kind, Title: s.Title, Description: s.Description,
		Value: shownSetting(s, now), Default: shownSetting(s, s.Default), Range: settingRange(s), Edited: edited,
		Changed: !same(now, s.Default) && len(now) > 0, Hidden: s.Hidden, Forced: s.Forced, Known: s.Known, Problem: s.Problem,
	}
	if row.Title == "" {
		row.Title = s.Name
	}
	if edited {
		row.Problem = "" // it was that of the value before; the edit was checked
		row.Changed = !isNull(edit) && !same(edit, s.Default)
	}
	return row
}

// now is the value that a setting has with the edits: the default, if nothing else is said.
func (f *PackSettings) now(s api.PackSetting) json.RawMessage {
	if edit, ok := f.edits[settingKey(s)]; ok {
		if isNull(edit) {
			return s.Default
		}
		return edit
	}
	if len(s.Value) > 0 {
		return s.Value
	}
	return s.Default
}

// Text is the value of a setting as Set takes it.
func (f *PackSettings) Text(s api.PackSetting) string { return SettingText(f.now(s)) }

// Set gives a setting a value that was typed or chosen, or says why it can't have it; then it has the one that the pack says.
func (f *PackSettings) Set(key, text string) (problem string) {
	s, ok := f.Find(key)
	if !ok {
		return say("There is no such setting any more.")
	}
	value, problem := parseSetting(s, text)
	if problem != "" {
		delete(f.edits, key) // nor is what was right before it was typed on
		return problem
	}
	f.put(s, value)
	return ""
}

// Reset gives a setting its default.
func (f *PackSettings) Reset(key string) {
	if s, ok := f.Find(key); ok {
		f.put(s, json.RawMessage("null"))
	}
}

// put keeps what is different from what the pack says.
func (f *PackSettings) put(s api.PackSetting, value json.RawMessage) {
	key := settingKey(s)
	asItIs := isNull(value) && len(s.Value) == 0 || len(s.Value) == 0 && same(value, s.Default) || len(s.Value) > 0 && same(value, s.Value)
	if asItIs {
		delete(f.edits, key)
		return
	}
	f.edits[key] = value
}

// Changes are what the pack has to be told.
func (f *PackSettings) Changes() (changes []api.ChangePackValue) {
	for _, s := range f.form.Settings {
		if edit, ok := f.edits[settingKey(s)]; ok {
			changes = append(changes, api.ChangePackValue{Scope: s.Scope, Name: s.Name, Value: edit})
		}
	}
	return changes
}

func isNull(value json.RawMessage) bool { return string(bytes.TrimSpace(value)) == "null" }

// same compares two values as the game would: 1 and 1.0 are one.
func same(a, b json.RawMessage) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return bytes.Equal(a, b)
	}
	return equal(x, y)
}

func equal(x, y any) bool {
	xs, xok := x.(map[string]any)
	ys, yok := y.(map[string]any)
	if !xok || !yok {
		return !xok && !yok && x == y
	}
	for _, key := range []string{"r", "g", "b", "a"} {
		if xs[key] != ys[key] {
			return false
		}
	}
	return true
}

// SettingText is a value as it is typed: texts without quotation marks, colours as four numbers.
func SettingText(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	if r, g, b, a, ok := color(value); ok {
		numbers := make([]string, 0, 4)
		for _, n := range []float64{r, g, b, a} {
			numbers = append(numbers, strconv.FormatFloat(n, 'g', 6, 64))
		}
		return strings.Join(numbers, " ")
	}
	return string(bytes.TrimSpace(value))
}

func color(value json.RawMessage) (r, g, b, a float64, ok bool) {
	c := struct{ R, G, B, A *float64 }{}
	if json.Unmarshal(value, &c) != nil || c.R == nil || c.G == nil || c.B == nil {
		return 0, 0, 0, 0, false
	}
	if a = 1; c.A != nil {
		a = *c.A
	}
	return *c.R, *c.G, *c.B, a, true
}

// shownSetting is a value for people.
func shownSetting(s api.PackSetting, value json.RawMessage) string {
	if len(value) == 0 {
		return ""
	}
	for _, choice := range s.Allowed {
		if same(choice.Value, value) && choice.Title != "" {
			return choice.Title
		}
	}
	switch string(bytes.TrimSpace(value)) {
	case "true":
		return say("yes")
	case "false":
		return say("no")
	}
	return SettingText(value)
}

// settingRange says what a number may be.
func settingRange(s api.PackSetting) string {
	data := with{"min": SettingText(s.Min), "max": SettingText(s.Max)}
	switch {
	case len(s.Min) > 0 && len(s.Max) > 0:
		return say("{{.min}} to {{.max}}", data)
	case len(s.Min) > 0:
		return say("{{.min}} or more", data)
	case len(s.Max) > 0:
		return say("{{.max}} or less", data)
	}
	return ""
}

// parseSetting reads what was typed or chosen for a setting.
func parseSetting(s api.PackSetting, text string) (value json.RawMessage, problem string) {
	trimmed := strings.TrimSpace(text)
	switch s.Kind {
	case api.SettingBool:
		if trimmed != "true" && trimmed != "false" {
			return nil, say("yes or no is needed")
		}
		value = json.RawMessage(trimmed)
	case api.SettingInt:
		n, err := strconv.ParseInt(trimmed, 10, 64)
		if err != nil {
			return nil, say("a whole number is needed")
		}
		value = strconv.AppendInt(nil, n, 10)
	case api.SettingDouble:
		n, err := strconv.ParseFloat(strings.Replace(trimmed, ",", ".", 1), 64)
		if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
			return nil, say("a number is needed")
		}
		value = double(n)
	case api.SettingColor:
		return parseColor(trimmed)
	default:
		if trimmed == "" && !s.AllowBlank {
			return nil, say("it can't be empty")
		}
		value = json.RawMessage(JSONText(text))
	}
	return value, outside(s, value)
}

// double writes a number so that it is read as one with a fraction.
func double(n float64) json.RawMessage {
	text := strconv.FormatFloat(n, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return json.RawMessage(text)
}

func parseColor(text string) (value json.RawMessage, problem string) {
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == ';' })
	if len(parts) == 3 {
		parts = append(parts, "1")
	}
	numbers := make([]json.RawMessage, 0, 4)
	for _, part := range parts {
		n, err := strconv.ParseFloat(part, 64)
		if err != nil || n < 0 || n > 255 {
			break
		}
		numbers = append(numbers, double(n))
	}
	if len(numbers) != 4 || len(parts) != 4 {
		return nil, say("red, green, blue and opacity are needed, each from 0 to 1 or to 255")
	}
	value, _ = json.Marshal(map[string]json.RawMessage{"r": numbers[0], "g": numbers[1], "b": numbers[2], "a": numbers[3]}) // numbers can always be encoded
	return value, ""
}

// outside says which bound a value breaks.
func outside(s api.PackSetting, value json.RawMessage) string {
	if len(s.Allowed) > 0 && !slices.ContainsFunc(s.Allowed, func(c api.SettingChoice) bool { return same(c.Value, value) }) {
		return say("it is none of the values that the mod allows")
	}
	n, err := strconv.ParseFloat(string(value), 64)
	if err != nil || s.Kind != api.SettingInt && s.Kind != api.SettingDouble {
		return ""
	}
	low, noLow := strconv.ParseFloat(string(s.Min), 64)
	high, noHigh := strconv.ParseFloat(string(s.Max), 64)
	if noLow == nil && n < low || noHigh == nil && n > high {
		return say("it has to be {{.range}}", with{"range": settingRange(s)})
	}
	return ""
}

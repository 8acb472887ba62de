package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"mainbus/controller/api"
	"mainbus/controller/packs"
	"mainbus/controller/packs/settingsstage"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio/locale"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/proptree"
	"mainbus/hostagent/factorio/save"
)

const (
	maxLocaleFile = 8 << 20 // bytes of one
	maxLocaleAll  = 64 << 20
	english       = "en"
)

// packForms remembers what the mods of the pack that was looked at last say of their settings. One is read at a time.
type packForms struct {
	turn chan struct{} // holds a value while somebody looks

	key  string // of the mods
	form *packForm
}

func newPackForms() *packForms { return &packForms{turn: make(chan struct{}, 1)} }

// packForm is what the mods of a pack say of their settings. It is not changed once it is made: several callers look at it.
type packForm struct {
	definitions *packs.Definitions
	languages   []string
	texts       map[string]locale.Table // by language, of those that there are and were asked for
}

// in returns the texts of a language, in English if there are none.
func (f *packForm) in(language string) locale.Table {
	if texts := f.texts[language]; texts != nil {
		return texts
	}
	return f.texts[english]
}

// packMods are the stored files of the mods that a pack enables.
type packMods struct {
	list     []settingsstage.Mod
	flags    []string
	archives []*save.Archive
	problems []string
}

func (m *packMods) close() {
	for _, a := range m.archives {
		a.Close()
	}
}

// openPackMods opens the mods in load order. Of those that can't be, problems tell.
func (s *service) openPackMods(p store.Pack, stored storedMods) *packMods {
	m := &packMods{}
	infos := []modinfo.Info{}
	for _, own := range modinfo.BuiltIn(packs.Game(p)) {
		if in := packs.Find(&p, own.Name); in != nil && in.Enabled {
			infos = append(infos, own)
			m.flags = append(m.flags, own.Flags...)
		}
	}
	files := make(map[string]*save.Archive)
	for _, mod := range packs.Uses(p) {
		row, ok := stored.of(mod)
		if !ok {
			m.problems = append(m.problems, fmt.Sprintf("%s %s is not in the store, so its settings are not known.", mod.Name, mod.Version))
			continue
		}
		a, info, err := openMod(s.mods.Path(row.SHA256))
		if err != nil {
			m.problems = append(m.problems, fmt.Sprintf("%s %s can't be read: %v.", mod.Name, mod.Version, err))
			continue
		}
		m.archives = append(m.archives, a)
		info.Name = mod.Name // by which the index knows it
		files[mod.Name], infos, m.flags = a, append(infos, info), append(m.flags, info.Flags...)
	}
	ordered, _ := modinfo.LoadOrder(infos)
	for _, info := range ordered {
		mod := settingsstage.Mod{Name: info.Name, Version: info.Version.String()}
		if a := files[info.Name]; a != nil {
			mod.Files = a
		}
		m.list = append(m.list, mod)
	}
	return m
}

func openMod(path string) (*save.Archive, modinfo.Info, error) {
	a, err := save.Open(path)
	if err != nil {
		return nil, modinfo.Info{}, err
	}
	file, err := a.Open(modinfo.InfoFile)
	var info modinfo.Info
	if err == nil {
		info, err = modinfo.Read(file)
		file.Close()
	}
	if err != nil {
		a.Close()
		return nil, modinfo.Info{}, err
	}
	return a, info, nil
}

func readMember(files settingsstage.Files, name string, limit int64) ([]byte, error) {
	r, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d MiB", name, limit>>20)
	}
	return data, err
}

// packForm reads what the mods of a pack say of their settings, with texts in English and in a language.
func (s *service) packForm(ctx context.Context, p store.Pack, language string) (*packForm, error) {
	stored, err := s.storedMods(ctx)
	if err != nil {
		return nil, err
	}
	forms := s.packForms
	select {
	case forms.turn <- struct{}{}:
		defer func() { <-forms.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	key := packKey(p, stored)
	form := forms.form
	known := form != nil && forms.key == key
	if known && (form.texts[language] != nil || !slices.Contains(form.languages, language)) {
		return form, nil
	}
	mods := s.openPackMods(p, stored)
	defer mods.close()
	if !known {
		definitions, err := settingsstage.Run(ctx, settingsstage.Config{Game: packs.Game(p), Mods: mods.list, Flags: mods.flags})
		if err != nil {
			return nil, err
		}
		definitions.Problems = append(mods.problems, definitions.Problems...)
		form = &packForm{definitions: definitions}
		form = form.with(mods, english)
	}
	if form.texts[language] == nil && slices.Contains(form.languages, language) {
		form = form.with(mods, language)
	}
	forms.key, forms.form = key, form
	return form, nil
}

// packKey is the same for two packs only if their mods are.
func packKey(p store.Pack, stored storedMods) string {
	var b strings.Builder
	fmt.Fprintln(&b, p.Game)
	for _, m := range p.Mods {
		row, ok := stored.of(m)
		fmt.Fprintln(&b, m.Name, m.Version, m.Enabled, row.SHA256, ok)
	}
	return b.String()
}

// with reads the texts of a language, over those in English, beside those that were read. Damaged files give none.
func (f *packForm) with(mods *packMods, language string) *packForm {
	table, languages := locale.Table{}, map[string]bool{}
	left := maxLocaleAll
	for _, pass := range slices.Compact([]string{english, language}) {
		for _, m := range mods.list {
			if m.Files == nil {
				continue
			}
			for _, name := range m.Files.Names() {
				of, ok := locale.Language(name)
				if !ok {
					continue
				}
				languages[of] = true
				if of != pass || left <= 0 {
					continue
				}
				if data, err := readMember(m.Files, name, maxLocaleFile); err == nil {
					left -= len(data)
					_ = table.Parse(data) // as far as it goes
				}
			}
		}
	}
	texts := map[string]locale.Table{language: table}
	maps.Copy(texts, f.texts)
	return &packForm{f.definitions, slices.Sorted(maps.Keys(languages)), texts}
}

func (s *service) PackSettings(ctx context.Context, _ api.Caller, r api.AskPackSettings) (api.PackSettings, error) {
	p, err := s.pack(ctx, r.Pack)
	if err != nil {
		return api.PackSettings{}, err
	}
	language := r.Language
	if language == "" {
		language = english
	}
	if len(language) > 20 {
		return api.PackSettings{}, api.Errorf(api.Invalid, "Write such as en, de or zh-CN.", "%.40q is no language", language)
	}
	form, err := s.packForm(ctx, p, language)
	if err != nil {
		return api.PackSettings{}, err
	}
	view := api.PackSettings{Pack: p.Name, Revision: p.Revision, Settings: []api.PackSetting{}, Problems: []string{}, Languages: append([]string{}, form.languages...)}
	for _, problem := range form.definitions.Problems {
		view.Problems = append(view.Problems, shown(problem, 500))
	}
	for _, scope := range packs.Scopes {
		view.Settings = append(view.Settings, viewSettings(p, scope, form, form.in(language))...)
	}
	return view, nil
}

// viewSettings shows the settings of a scope: those that mods define, then the others for which the pack has values.
func viewSettings(p store.Pack, scope string, form *packForm, texts locale.Table) []api.PackSetting {
	var list []api.PackSetting
	for _, d := range form.definitions.List {
		if d.Scope != scope {
			continue
		}
		setting := viewDefinition(d, texts)
		if value, set := packs.Value(p, scope, d.Name); set {
			setting.Value = valueJSON(value)
			if _, err := d.Check(value); err != nil {
				setting.Problem = err.Error()
			}
		}
		list = append(list, setting)
	}
	for _, entry := range packs.Settings(p, scope) {
		if _, known := form.definitions.Get(scope, entry.Key); known {
			continue
		}
		value, _ := packs.Value(p, scope, entry.Key)
		list = append(list, api.PackSetting{Scope: scope, Name: entry.Key, Kind: kindOf(value), Title: shown(entry.Key, 300), Value: valueJSON(value)})
	}
	return list
}

func viewDefinition(d packs.Definition, texts locale.Table) api.PackSetting {
	setting := api.PackSetting{
		Scope: d.Scope, Name: d.Name, Mod: d.Mod, Kind: d.Kind, Known: true, Title: shown(d.TitleIn(texts), 300), Description: d.DescriptionIn(texts),
		Default: valueJSON(d.Default), Min: valueJSON(d.Min), Max: valueJSON(d.Max), AllowBlank: d.AllowBlank, Hidden: d.Hidden, Forced: d.Forced, Order: d.Order,
	}
	for _, v := range d.Allowed {
		choice := api.SettingChoice{Value: valueJSON(v), Title: string(valueJSON(v))}
		if text, ok := v.(string); ok {
			choice.Title = shown(d.ChoiceIn(texts, text), 300)
		}
		setting.Allowed = append(setting.Allowed, choice)
	}
	return setting
}

// valueJSON is a value as the api tells it; nothing for none.
func valueJSON(value any) json.RawMessage {
	if value == nil {
		return nil
	}
	text, err := proptree.Node{Value: value}.MarshalJSON()
	if err != nil {
		return nil
	}
	return text
}

func kindOf(value any) string {
	switch value.(type) {
	case bool:
		return api.SettingBool
	case int64, uint64:
		return api.SettingInt
	case float64:
		return api.SettingDouble
	case string:
		return api.SettingString
	}
	return api.SettingColor
}

package pages

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// packSettings is the part of a pack's screen with the settings of its mods: a list that stays quick with thousands of them, and beside
// it the one that is selected, to be changed. Nothing is changed in the pack before all of it is saved.
type packSettings struct {
	*Pack
	form    *view.PackSettings
	asked   int64 // revision that the form was asked for
	filter  *widgets.Entry
	scope   *widgets.Select
	changed *widgets.Check
	save    *widgets.Button
	discard *widgets.Button
	table   *widgets.Table[view.PackSetting]
	split   fyne.CanvasObject // list and editor
	empty   fyne.CanvasObject
	body    *fyne.Container
	editor  *settingEditor
	footer  *widgets.Text
	content fyne.CanvasObject
}

func newPackSettings(s *Pack) *packSettings {
	t := &packSettings{Pack: s, form: view.NewPackSettings(api.PackSettings{}), asked: -1, filter: widgets.NewEntry(s.Frame), footer: widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40)}
	t.filter.SetPlaceHolder(lang.L("Search settings"))
	t.filter.OnChanged = func(string) { t.show() }
	t.scope = widgets.NewSelect([]string{lang.L("All"), view.ScopeWord(view.StartupScope), view.ScopeWord(view.MapScope), view.ScopeWord(view.PerPlayerScope)}, func(string) { t.show() })
	t.changed = widgets.NewCheck(lang.L("Changed only"), func(bool) { t.show() })
	t.discard = widgets.NewButton(lang.L("Discard"), func() {
		t.form.Discard()
		t.show()
	})
	t.save = primary(lang.L("Save"), theme.ConfirmIcon(), t.keep)
	t.table = arranged(s.Params, "pack-settings", t.makeTable())
	t.editor = newSettingEditor(s.Params, func() { t.show() })
	t.table.OnSelect = t.choose
	t.table.OnOpen = func(view.PackSetting) { t.editor.focus() }
	t.empty = widgets.Empty(theme.SettingsIcon(), lang.L("None of the stored mods of this pack has settings. Mods that are not stored yet can't be read: download them first."), nil)
	split := container.NewHSplit(t.table, t.editor.content)
	split.Offset = 0.66
	t.split, t.body = split, container.NewStack(split)
	top := widgets.Tools(t.filter, 220, widgets.NewBar(t.discard, t.save), container.NewGridWrap(fyne.NewSize(140, 36), t.scope), t.changed)
	t.content = container.NewBorder(top, t.footer, nil, nil, t.body)
	t.scope.SetSelectedIndex(0)
	return t
}

func (t *packSettings) makeTable() *widgets.Table[view.PackSetting] {
	return widgets.NewTable(t.Frame, t.Tips, func(r view.PackSetting) string { return r.Key },
		widgets.Column[view.PackSetting]{ID: "title", Title: lang.L("Setting"), Cell: settingTitle},
		widgets.Column[view.PackSetting]{ID: "value", Title: lang.L("Value"), Width: 150, Cell: settingValue},
		widgets.Column[view.PackSetting]{ID: "default", Title: lang.L("Default"), Width: 110, Cell: func(r view.PackSetting) widgets.Cell { return widgets.Cell{Text: r.Default, Color: look.Muted} }},
		widgets.Column[view.PackSetting]{ID: "scope", Title: lang.L("When"), Width: 90, Cell: func(r view.PackSetting) widgets.Cell {
			return widgets.Cell{Text: view.ScopeWord(r.Scope), Color: look.Muted}
		}},
		widgets.Column[view.PackSetting]{ID: "mod", Title: lang.L("Mod"), Width: 130, Cell: func(r view.PackSetting) widgets.Cell { return widgets.Cell{Text: r.Mod, Color: look.Muted} },
			Order: func(a, b view.PackSetting) int { return strings.Compare(a.Mod, b.Mod) }})
}

func settingTitle(r view.PackSetting) widgets.Cell {
	c := widgets.Cell{Text: r.Title, Tip: strings.TrimSpace(r.Description + " (" + r.Name + ")")}
	switch {
	case r.Problem != "":
		trouble := look.Trouble
		c.State, c.Color, c.Tip = &trouble, look.Bad, r.Problem
	case r.Edited:
		edited := look.WantsToJoin
		c.State, c.Tip = &edited, lang.L("changed, and not saved")
	case r.Changed:
		done := look.Done
		c.State = &done
	}
	return c
}

func settingValue(r view.PackSetting) widgets.Cell {
	c := widgets.Cell{Text: r.Value}
	switch {
	case r.Edited:
		c.Color = look.Info
	case !r.Changed:
		c.Color = look.Muted
	}
	return c
}

// read asks for the form of the pack's revision, unless that is shown or something is edited.
func (t *packSettings) read() {
	if t.asked == t.pack.Revision {
		return
	}
	if t.form.Edited() > 0 {
		t.problem.Say(lang.L("The pack was changed meanwhile."), lang.L("Save or discard what you have changed here; then its settings are read again."))
		return
	}
	t.asked = t.pack.Revision
	t.footer.Set(lang.L("The settings are read from the mods…"), look.Muted)
	ask(t.Params, t.problem, func(ctx context.Context) (api.PackSettings, error) {
		return t.Service.PackSettings(ctx, t.Caller, api.AskPackSettings{Pack: t.id, Language: view.GameLanguage(lang.SystemLocale().LanguageString())})
	}, func(form api.PackSettings) {
		if t.form.Edited() == 0 {
			t.form = view.NewPackSettings(form)
			t.show()
		}
	})
}

func (t *packSettings) scopeKey() string {
	return []string{"", view.StartupScope, view.MapScope, view.PerPlayerScope}[max(0, t.scope.SelectedIndex())]
}

// show lists what the filter lets through.
func (t *packSettings) show() {
	if t.editor == nil { // it is being made
		return
	}
	all := t.form.Rows("", "", false)
	rows := t.form.Rows(t.scopeKey(), t.filter.Text, t.changed.Checked)
	t.table.SetRows(rows)
	want := t.split
	if len(all) == 0 && t.asked >= 0 {
		want = t.empty
	}
	if t.body.Objects[0] != want {
		t.body.Objects = []fyne.CanvasObject{want}
		t.body.Refresh()
	}
	text := lang.L("Showing {{.shown}} of {{.all}}", with{"shown": len(rows), "all": len(all)})
	if problems := t.form.Problems(); len(problems) > 0 {
		text += " · " + view.Some(problems, 2)
	}
	t.footer.Set(text, look.Muted)
	edited := t.form.Edited()
	label := lang.L("Save")
	if edited > 0 {
		label = lang.L("Save changes ({{.n}})", with{"n": edited})
	}
	t.save.SetText(label)
	enable(t.save, edited > 0)
	enable(t.discard, edited > 0)
	t.choose()
}

// choose puts the selected setting into the editor.
func (t *packSettings) choose() {
	if rows := t.table.Selected(); len(rows) == 1 {
		t.editor.edit(t.form, rows[0])
	} else {
		t.editor.edit(t.form, view.PackSetting{})
	}
}

func (t *packSettings) keep() {
	changes := t.form.Changes()
	if len(changes) == 0 {
		return
	}
	r := api.EditPack{Pack: t.id, Revision: t.form.Revision(), Settings: changes}
	t.change(lang.L("Change {{.n}} settings of {{.pack}}", with{"n": len(changes), "pack": t.pack.Name}), func(ctx context.Context) (api.Pack, error) {
		now, err := t.Service.EditPack(ctx, t.Caller, r)
		if err == nil {
			t.Frame.Do(func() { t.form.Discard() }) // before the pack is shown, so that its settings are read again
		}
		return now, err
	}, nil)
}

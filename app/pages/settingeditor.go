package pages

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// settingEditor shows one setting of a mod, with the control that its kind asks for.
type settingEditor struct {
	Params
	changed func() // an edit was made
	form    *view.PackSettings
	row     view.PackSetting
	box     *fyne.Container
	control fyne.CanvasObject
	wrong   *widget.Label
	content fyne.CanvasObject
}

func newSettingEditor(p Params, changed func()) *settingEditor {
	e := &settingEditor{Params: p, changed: changed, box: container.NewVBox(), wrong: words("")}
	e.wrong.Importance = widget.DangerImportance
	e.content = widgets.NewPanel(look.Surface, 6, container.NewPadded(container.NewVScroll(e.box)))
	return e
}

// edit shows a setting; the zero one is none.
func (e *settingEditor) edit(form *view.PackSettings, row view.PackSetting) {
	if e.row.Key == row.Key && e.form == form && row.Key != "" {
		e.row = row
		e.say("") // its control shows what was typed
		return
	}
	e.form, e.row = form, row
	e.box.RemoveAll()
	setting, ok := form.Find(row.Key)
	if !ok {
		e.box.Add(words(lang.L("Select a setting to change it. Those with a mark differ from their default.")))
		return
	}
	e.control = e.make(setting)
	title := words(row.Title)
	title.TextStyle.Bold = true
	e.box.Add(title)
	if row.Description != "" {
		e.box.Add(words(row.Description))
	}
	e.box.Add(e.control)
	e.box.Add(e.wrong)
	e.box.Add(container.NewHBox(widgets.NewButtonWithIcon(lang.L("Reset to default"), theme.ContentUndoIcon(), func() {
		e.form.Reset(row.Key)
		e.row.Key = "" // its control is made anew
		e.changed()
	})))
	for _, fact := range []struct{ title, value string }{
		{lang.L("Default"), row.Default}, {lang.L("It can be"), row.Range}, {lang.L("Holds"), scopeWords(row.Scope)}, {lang.L("Mod"), row.Mod}, {lang.L("Internal name"), row.Name},
	} {
		if fact.value != "" {
			e.box.Add(widgets.NewText(fact.title+": "+fact.value, look.Muted, theme.SizeNameCaptionText).Cut(40))
		}
	}
	if row.Forced {
		e.box.Add(words(lang.L("The mod decides on it by itself; what is set here has no effect.")))
	}
	e.say(row.Problem)
}

func scopeWords(scope string) string {
	switch scope {
	case view.StartupScope:
		return lang.L("from the next start on, for everybody")
	case view.MapScope:
		return lang.L("in maps that are made from now on")
	case view.PerPlayerScope:
		return lang.L("for players who have not set it themselves")
	}
	return scope
}

func (e *settingEditor) say(problem string) {
	e.wrong.SetText(problem)
	e.wrong.Hidden = problem == ""
}

// set takes what was typed or chosen.
func (e *settingEditor) set(text string) {
	problem := e.form.Set(e.row.Key, text)
	e.changed()
	e.say(problem)
}

// make makes the control for a setting.
func (e *settingEditor) make(s api.PackSetting) fyne.CanvasObject {
	now := e.form.Text(s)
	if len(s.Allowed) > 0 {
		return e.choice(s, now)
	}
	if s.Kind == api.SettingBool {
		c := widgets.NewCheck(lang.L("yes"), nil)
		c.SetChecked(now == "true")
		c.OnChanged = func(on bool) {
			e.set(map[bool]string{true: "true", false: "false"}[on])
		}
		return c
	}
	entry := widgets.NewEntry(e.Frame)
	entry.SetText(now)
	switch s.Kind {
	case api.SettingColor:
		entry.SetPlaceHolder(lang.L("red green blue opacity"))
	case api.SettingInt, api.SettingDouble:
		entry.SetPlaceHolder(lang.L("number"))
	default:
		entry.SetPlaceHolder(lang.L("text"))
	}
	entry.OnChanged = e.set
	return entry
}

func (e *settingEditor) choice(s api.PackSetting, now string) fyne.CanvasObject {
	titles, values := make([]string, 0, len(s.Allowed)), make([]string, 0, len(s.Allowed))
	at := -1
	for i, c := range s.Allowed {
		value := view.SettingText(c.Value)
		title := c.Title
		if title == "" {
			title = value
		}
		if value == now {
			at = i
		}
		titles, values = append(titles, title), append(values, value)
	}
	titles = apart(titles, values)
	choose := widgets.NewSelect(titles, nil)
	if at >= 0 {
		choose.SetSelectedIndex(at)
	} else {
		choose.PlaceHolder = strings.TrimSpace(now)
	}
	choose.OnChanged = func(string) {
		if i := choose.SelectedIndex(); i >= 0 {
			e.set(values[i])
		}
	}
	return choose
}

// focus leads the keyboard to the control.
func (e *settingEditor) focus() {
	if f, ok := e.control.(fyne.Focusable); ok {
		e.Frame.Window().Canvas().Focus(f)
	}
}

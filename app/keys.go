package app

import (
	"runtime"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	"mainbus/app/look"
	"mainbus/app/pages"
	"mainbus/app/view"
	"mainbus/app/widgets"
)

// A keystroke is what a key does anywhere in the window.
type keystroke struct {
	key      fyne.KeyName
	modifier fyne.KeyModifier
	words    string
	do       func()
}

// keystrokes is all of them, as help lists them.
func (w *Window) keystrokes() []keystroke {
	const command = fyne.KeyModifierShortcutDefault
	page := func(name string) func() { return func() { w.visit(view.Place{Page: name}) } }
	return []keystroke{
		{fyne.KeyK, command, lang.L("Search, or do something"), w.openPalette},
		{fyne.Key1, command, lang.L("Hosts"), page(view.HostsPage)},
		{fyne.Key2, command, lang.L("Instances"), page(view.InstancesPage)},
		{fyne.Key3, command, lang.L("Bus"), page(view.BusPage)},
		{fyne.Key4, command, lang.L("Users"), page(view.UsersPage)},
		{fyne.Key5, command, lang.L("Roles"), page(view.RolesPage)},
		{fyne.Key6, command, lang.L("Mods"), page(view.ModsPage)},
		{fyne.Key7, command, lang.L("Packs"), page(view.PacksPage)},
		{fyne.KeyLeft, fyne.KeyModifierAlt, lang.L("Back"), w.goBack},
		{fyne.KeyRight, fyne.KeyModifierAlt, lang.L("Forward"), w.goForward},
		{fyne.KeyF, command, lang.L("Find on this page"), func() { w.shown.Find() }},
		{fyne.KeyL, command, lang.L("Clear the console"), w.clearConsole},
		{fyne.KeyB, command, lang.L("Narrow the sidebar"), func() { w.sidebar.toggle() }},
		{fyne.KeyF5, 0, lang.L("Ask the cluster again"), w.model.Hurry},
		{fyne.KeyF1, 0, lang.L("Show the keys"), w.openHelp},
		{fyne.KeyEscape, 0, lang.L("Close what lies over the window"), w.closePopup},
	}
}

func (w *Window) addShortcuts() {
	w.keys = map[fyne.KeyName]func(){}
	for _, k := range w.keystrokes() {
		if k.modifier == 0 {
			w.keys[k.key] = k.do
			continue
		}
		shortcut := &desktop.CustomShortcut{KeyName: k.key, Modifier: k.modifier}
		w.shortcuts.AddShortcut(shortcut, func(fyne.Shortcut) { k.do() })
		w.window.Canvas().AddShortcut(shortcut, w.Shortcut)
	}
	w.window.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) { w.Key(e) })
}

// Shortcut implements widgets.Keys. What lies below a dialog can't be reached by mouse, so it can't by keys.
func (w *Window) Shortcut(s fyne.Shortcut) {
	if !w.params.Dialogs.Open() {
		w.shortcuts.TypedShortcut(s)
	}
}

// Key implements widgets.Keys.
func (w *Window) Key(e *fyne.KeyEvent) (used bool) {
	if w.params.Dialogs.Open() {
		return w.params.Dialogs.Key(e)
	}
	do := w.keys[e.Name]
	if do == nil || e.Name == fyne.KeyEscape && w.popup == nil {
		return false
	}
	do()
	return true
}

func (w *Window) clearConsole() {
	if p, ok := w.shown.(*pages.Instance); ok {
		p.Clear()
	}
}

// named is a keystroke for people.
func named(key fyne.KeyName, modifier fyne.KeyModifier) string {
	name := string(key)
	switch key {
	case fyne.KeyLeft:
		name = "←"
	case fyne.KeyRight:
		name = "→"
	case fyne.KeyEscape:
		name = "Esc"
	}
	mac := runtime.GOOS == "darwin"
	switch {
	case modifier == fyne.KeyModifierAlt && mac:
		return "⌥" + name
	case modifier == fyne.KeyModifierAlt:
		return "Alt+" + name
	case modifier == fyne.KeyModifierShortcutDefault && mac:
		return "⌘" + name
	case modifier == fyne.KeyModifierShortcutDefault:
		return "Ctrl+" + name
	}
	return name
}

// openHelp lists what keys do.
func (w *Window) openHelp() {
	rows := container.NewVBox()
	add := func(keys, words string) {
		key := widgets.NewText(keys, look.Info, "")
		rows.Add(container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(150, 24), key), nil, widgets.NewText(words, "", "")))
	}
	for _, k := range w.keystrokes() {
		add(named(k.key, k.modifier), k.words)
	}
	rows.Add(widgets.NewText(lang.L("Lists"), look.Muted, theme.SizeNameCaptionText))
	add("↑ ↓ "+lang.L("Home End"), lang.L("Move; with Shift, select up to there"))
	add(lang.L("Space"), lang.L("Select, or not, beside the others"))
	add(strings.Join([]string{named(fyne.KeyA, fyne.KeyModifierShortcutDefault), lang.L("Return")}, "  "), lang.L("Select all; open"))
	rows.Add(widgets.NewText(lang.L("Console"), look.Muted, theme.SizeNameCaptionText))
	add("↑ ↓", lang.L("What was typed before"))
	add("Tab", lang.L("Complete a command or a player's name"))
	rows.Add(widgets.NewText(lang.L("Dialogs"), look.Muted, theme.SizeNameCaptionText))
	add(lang.L("Esc"), lang.L("Cancel, or close"))
	add(lang.L("Return"), lang.L("Do what the highlighted button says"))
	help := widgets.NewDialog(w.params.Dialogs, lang.L("Keys"), rows)
	help.Buttons(lang.L("Close"))
	help.Show()
}

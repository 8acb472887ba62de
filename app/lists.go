package app

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
)

const (
	listWidth = 420
	listRows  = 10
)

// openTasks lists what the user has set going, the newest first.
func (w *Window) openTasks() {
	list := container.NewVBox()
	fill := func() {
		list.RemoveAll()
		tasks := w.params.Tasks.List()
		for _, t := range tasks[:min(len(tasks), listRows)] {
			list.Add(taskRow(t))
		}
		if len(tasks) == 0 {
			list.Add(widgets.NewText(lang.L("Nothing is going on. What you start is listed here."), look.Muted, ""))
		}
		list.Refresh()
	}
	fill()
	w.openList(lang.L("Tasks"), list, fill)
}

func taskRow(t *view.Task) fyne.CanvasObject {
	state, words, color := look.Done, lang.L("done {{.ago}}", with{"ago": view.Ago(t.Ended, time.Now())}), look.Muted
	switch {
	case t.Going():
		state, words = look.Working, t.Phase
		if t.Progress >= 0 {
			words = fmt.Sprintf("%s · %.0f %%", words, 100*t.Progress)
		}
		if words == "" {
			words = lang.L("asking the controller")
		}
	case t.Failure != "":
		state, words, color = look.Trouble, t.Failure, look.Bad
	}
	row := iconRow(state, t.Words, words, color)
	if !t.Going() || t.Cancel == nil {
		return row
	}
	return container.NewBorder(nil, nil, nil, container.NewCenter(widgets.NewButton(lang.L("Cancel"), t.Cancel)), row)
}

// openProblems lists what wants attention; a tap leads to where it can be mended.
func (w *Window) openProblems() {
	list := container.NewVBox()
	problems := w.listProblems()
	for _, p := range problems[:min(len(problems), listRows)] {
		open := widgets.NewButtonWithIcon("", look.ForwardIcon, func() {
			w.closePopup()
			w.visit(p.Place)
		})
		open.Importance = widget.LowImportance
		list.Add(container.NewBorder(nil, nil, nil, open, iconRow(look.Trouble, p.Title, p.Words, look.Muted)))
	}
	switch more := len(problems) - listRows; {
	case len(problems) == 0:
		list.Add(widgets.NewText(lang.L("Nothing wants attention."), look.Muted, ""))
	case more > 0:
		list.Add(widgets.NewText(lang.L("and {{.n}} more", with{"n": more}), look.Muted, ""))
	}
	w.openList(lang.L("Problems"), list, nil)
}

func iconRow(state look.State, title, words string, color fyne.ThemeColorName) fyne.CanvasObject {
	text := container.NewVBox(widgets.NewText(title, "", "").Cut(200), widgets.NewText(words, color, theme.SizeNameCaptionText).Cut(200))
	return container.NewPadded(container.NewBorder(nil, nil, container.NewPadded(widget.NewIcon(state.Icon())), nil, text))
}

func (w *Window) openList(title string, list fyne.CanvasObject, refresh func()) {
	wide := container.NewGridWrap(fyne.NewSize(listWidth, 24), widgets.NewText(title, "", theme.SizeNameSubHeadingText).Bold())
	w.open(container.NewVBox(wide, list), refresh)
}

package pages

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"mainbus/app/look"
	"mainbus/app/widgets"
)

// detail is what is shown beside a list of the row that is selected.
type detail struct {
	box     *fyne.Container
	content fyne.CanvasObject
}

func newDetail() *detail {
	d := &detail{box: container.NewVBox()}
	d.content = widgets.NewPanel(look.Surface, 6, container.NewPadded(container.NewVScroll(d.box)))
	return d
}

// say shows one sentence: that nothing is selected.
func (d *detail) say(text string) { d.show("", words(text)) }

// show replaces what is shown.
func (d *detail) show(title string, parts ...fyne.CanvasObject) {
	d.box.RemoveAll()
	if title != "" {
		l := words(title)
		l.TextStyle.Bold = true
		l.Selectable = true
		d.box.Add(l)
	}
	for _, p := range parts {
		d.box.Add(p)
	}
	d.box.Refresh()
}

// A fact is a line of it. An empty one is left out.
type fact struct{ title, value string }

// facts lists what is known.
func facts(list ...fact) fyne.CanvasObject {
	grid := container.New(layout.NewFormLayout())
	for _, f := range list {
		if f.value != "" {
			grid.Add(widgets.NewText(f.title, look.Muted, theme.SizeNameCaptionText))
			grid.Add(widgets.NewText(f.value, "", "").Cut(40))
		}
	}
	return container.NewPadded(grid)
}

// part is a heading with what stands below it.
func part(title string, below fyne.CanvasObject) fyne.CanvasObject {
	return container.NewVBox(container.NewPadded(widgets.NewText(title, look.Muted, theme.SizeNameCaptionText).Bold()), below)
}

// Package pages holds one screen each. A screen shows the rows of a view.Model and turns what the user does into calls of
// the cluster's interface; it keeps no state of the cluster.
package pages

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// A Page is one screen.
type Page interface {
	// Content is what the frame shows; always the same object.
	Content() fyne.CanvasObject
	// Shown is called when the page comes into sight, Hidden when it leaves it.
	Shown()
	Hidden()
}

// Frame is what a screen may ask of the window around it.
type Frame interface {
	// Window is where dialogs open.
	Window() fyne.Window
	// Open shows an instance.
	Open(instance string)
	// Toast tells of a success for a few seconds.
	Toast(text string)
	// Shortcut does what a shortcut means in the window.
	Shortcut(s fyne.Shortcut)
	// Go runs work that may block, off the user interface's goroutine. Its context ends with cancel, and with the window.
	Go(work func(ctx context.Context)) (cancel func())
	// Do runs a function on the user interface's goroutine.
	Do(f func())
}

// Params is what every screen needs.
type Params struct {
	Model   *view.Model
	Service api.Service
	Caller  api.Caller
	Frame   Frame
}

// try makes a call off the user interface's goroutine and shows how it ended: a toast, or the error in its place.
func (p Params) try(problem *widgets.ErrorCard, done string, call func(ctx context.Context) error) {
	p.Frame.Go(func(ctx context.Context) {
		err := call(ctx)
		p.Model.Hurry()
		if ctx.Err() != nil {
			return
		}
		p.Frame.Do(func() {
			if err != nil {
				shown := api.AsError(err)
				problem.Say(shown.Message, shown.Next)
				return
			}
			problem.Say("", "")
			if done != "" {
				p.Frame.Toast(done)
			}
		})
	})
}

// listPage is the frame of a screen with one table: a filter and buttons above it, errors, the table or what is shown
// instead of an empty one, and below it how many rows there are.
type listPage struct {
	filter  *widgets.Entry
	buttons *fyne.Container // right of the filter; the primary one last
	problem *widgets.ErrorCard
	body    *fyne.Container
	footer  *widgets.Text
	content fyne.CanvasObject
	refresh func() // shows what the model knows, as far as the filter lets it
	inSight bool
}

func newListPage(p Params, filterHint string, refresh func()) *listPage {
	l := &listPage{
		filter: widgets.NewEntry(p.Frame.Shortcut), problem: widgets.NewErrorCard(), body: container.NewStack(),
		footer: widgets.NewText("", look.Muted, theme.SizeNameCaptionText), refresh: refresh,
	}
	l.filter.SetPlaceHolder(filterHint)
	l.filter.OnChanged = func(string) { refresh() }
	p.Model.Watch(func(view.Snapshot) {
		if l.inSight {
			refresh()
		}
	})
	l.buttons = spaced()
	top := container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(280, 36), l.filter), l.buttons)
	l.content = container.NewPadded(container.NewBorder(container.NewVBox(top, l.problem), container.NewHBox(l.footer), nil, nil, l.body))
	return l
}

// Content implements Page.
func (l *listPage) Content() fyne.CanvasObject { return l.content }

// Shown implements Page. Out of sight a screen costs nothing.
func (l *listPage) Shown() {
	l.inSight = true
	l.refresh()
}

// Hidden implements Page.
func (l *listPage) Hidden() { l.inSight = false }

// show puts the table in place, or what stands for an empty one.
func (l *listPage) show(table, empty fyne.CanvasObject, rows int) {
	want := table
	if rows == 0 {
		want = empty
	}
	if len(l.body.Objects) != 1 || l.body.Objects[0] != want {
		l.body.Objects = []fyne.CanvasObject{want}
		l.body.Refresh()
	}
}

func primary(text string, icon fyne.Resource, tapped func()) *widget.Button {
	b := widget.NewButtonWithIcon(text, icon, tapped)
	b.Importance = widget.HighImportance
	return b
}

func spaced(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedHBoxLayout(8), objects...)
}

// Package pages holds one screen each. A screen shows the rows of a view.Model and turns what the user does into calls of
// the cluster's interface; it keeps no state of the cluster.
package pages

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
	"mainbus/app/settings"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// with is the data of a text with placeholders.
type with = map[string]any

// A Page is one screen.
type Page interface {
	// Content is what the frame shows; always the same object.
	Content() fyne.CanvasObject
	// Shown is called when the page comes into sight, Hidden when it leaves it.
	Shown()
	Hidden()
	// Find leads the user to where the page is searched.
	Find()
}

// Frame is what a screen may ask of the window around it.
type Frame interface {
	widgets.Keys
	// Window is where dialogs open.
	Window() fyne.Window
	// Open shows an instance.
	Open(instance string)
	// Visit shows a place, which has a name if it is that of one thing.
	Visit(to view.Place, name string)
	// Toast tells of a success for a few seconds.
	Toast(text string)
	// Go runs work that may block, off the user interface's goroutine. Its context ends with cancel, and with the window.
	Go(work func(ctx context.Context)) (cancel func())
	// Do runs a function on the user interface's goroutine.
	Do(f func())
}

// Computer is this computer as a host. Its methods may be called from any goroutine and don't block.
type Computer interface {
	// State says how it does.
	State() view.Local
	// Use names the folder of its Factorio; the error says why it is none.
	Use(folder string) error
}

// Params is what every screen needs.
type Params struct {
	Model    *view.Model
	Service  api.Service
	Caller   api.Caller
	Frame    Frame
	Settings *settings.Settings
	Tasks    *view.Tasks
	Tips     *widgets.Tips
	Dialogs  *widgets.Dialogs
	Computer Computer // nil: this computer is not meant to be a host
}

// try makes a call off the user interface's goroutine and shows how it ended: in the list of tasks, and as a toast, or
// the error in its place. What it began may take longer than the call: then tells what to wait for.
func (p Params) try(problem *widgets.ErrorCard, words, done string, call func(ctx context.Context) error, then func(*view.Task)) {
	task := p.Tasks.Begin(words)
	p.Frame.Go(func(ctx context.Context) {
		err := call(ctx)
		p.Model.Hurry()
		if ctx.Err() != nil {
			return
		}
		p.Frame.Do(func() {
			if err != nil {
				shown := api.AsError(err)
				p.Tasks.End(task, shown.Message)
				problem.Say(shown.Message, shown.Next)
				return
			}
			problem.Say("", "")
			if done != "" {
				p.Frame.Toast(done)
			}
			if then != nil {
				then(task)
			} else {
				p.Tasks.End(task, "")
			}
		})
	})
}

// ask reads something off the user interface's goroutine and shows it, or the error in its place.
func ask[T any](p Params, problem *widgets.ErrorCard, read func(context.Context) (T, error), show func(T)) (cancel func()) {
	return p.Frame.Go(func(ctx context.Context) {
		result, err := read(ctx)
		if ctx.Err() != nil {
			return
		}
		p.Frame.Do(func() {
			if err != nil {
				shown := api.AsError(err)
				problem.Say(shown.Message, shown.Next)
				return
			}
			show(result)
		})
	})
}

// listPage is the frame of a screen with one table: a filter and buttons above it, errors, the table or what is shown
// instead of an empty one, and below it how many rows there are.
type listPage struct {
	name    string // in the settings
	p       Params
	filter  *widgets.Entry
	buttons *widgets.Bar // right of the filter; the primary one last
	problem *widgets.ErrorCard
	body    *fyne.Container
	nothing fyne.CanvasObject // in place of rows while the filter lets none through
	footer  *widgets.Text
	content fyne.CanvasObject
	refresh func() // shows what the model knows, as far as the filter lets it
	inSight bool
}

// newListPage makes one; above, which may be nil, stands over the table.
func newListPage(p Params, name, filterHint string, above fyne.CanvasObject, refresh func()) *listPage {
	l := &listPage{
		name: name, p: p, filter: widgets.NewEntry(p.Frame), problem: widgets.NewErrorCard(), body: container.NewStack(),
		footer: widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40), refresh: refresh,
	}
	l.filter.SetPlaceHolder(filterHint)
	l.filter.SetText(p.Settings.Table(name).Filter)
	l.filter.OnChanged = func(text string) {
		t := p.Settings.Table(name)
		t.Filter = text
		p.Settings.SetTable(name, t)
		refresh()
	}
	p.Model.Watch(func(view.Snapshot) {
		if l.inSight {
			refresh()
		}
	})
	l.nothing = noMatch(func() { l.filter.SetText("") })
	l.buttons = widgets.NewBar()
	top := container.NewVBox(widgets.Tools(l.filter, 280, l.buttons), l.problem)
	if above != nil {
		top.Add(above)
	}
	l.content = container.NewPadded(container.NewBorder(top, l.footer, nil, nil, l.body))
	return l
}

// arranged brings a table into the order that the user has given it before, and remembers what is changed.
func arranged[T comparable](p Params, name string, t *widgets.Table[T]) *widgets.Table[T] {
	kept := p.Settings.Table(name)
	t.Arrange(widgets.Arrangement{Widths: kept.Widths, Sort: kept.Sort, Reverse: kept.Reverse})
	t.OnArrange = func(a widgets.Arrangement) {
		kept := p.Settings.Table(name)
		kept.Widths, kept.Sort, kept.Reverse = a.Widths, a.Sort, a.Reverse
		p.Settings.SetTable(name, kept)
	}
	return t
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

// Find implements Page.
func (l *listPage) Find() { l.p.Frame.Window().Canvas().Focus(l.filter) }

// count says how many rows the filter lets through.
func (l *listPage) count(shown, all int) string {
	return lang.L("Showing {{.shown}} of {{.all}}", with{"shown": shown, "all": all})
}

// show puts the table in place, or what stands for an empty one, or for one of which the filter lets nothing through.
func (l *listPage) show(table, empty fyne.CanvasObject, shown, all int) {
	want := table
	switch {
	case all == 0:
		want = empty
	case shown == 0:
		want = l.nothing
	}
	if len(l.body.Objects) != 1 || l.body.Objects[0] != want {
		l.body.Objects = []fyne.CanvasObject{want}
		l.content.Refresh() // all of it: a card above that grows in the same moment would leave the body without a place
	}
}

// noMatch is what a list shows whose filter lets nothing through.
func noMatch(clear func()) fyne.CanvasObject {
	return widgets.Empty(theme.SearchIcon(), lang.L("Nothing matches the filter."), widgets.NewButton(lang.L("Clear the filter"), clear))
}

func primary(text string, icon fyne.Resource, tapped func()) *widgets.Button {
	b := widgets.NewButtonWithIcon(text, icon, tapped)
	b.Importance = widget.HighImportance
	return b
}

func enable(b *widgets.Button, on bool) {
	if on {
		b.Enable()
	} else {
		b.Disable()
	}
}

// wholeRow is the width of what takes all that the buttons beside it leave.
const wholeRow = 10_000

func spaced(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedHBoxLayout(8), objects...)
}

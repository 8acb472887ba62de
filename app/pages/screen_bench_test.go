package pages_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"mainbus/app/look"
	"mainbus/app/pages"
	"mainbus/app/settings"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// frame is a window of which nothing works but what a page needs to search.
type frame struct {
	pages.Frame
	window fyne.Window
	work   chan func()
}

func (f *frame) Window() fyne.Window            { return f.window }
func (f *frame) Do(do func())                   { f.work <- do }
func (f *frame) Shortcut(fyne.Shortcut)         {}
func (f *frame) Key(*fyne.KeyEvent) (used bool) { return false }
func (f *frame) Go(work func(context.Context)) (cancel func()) {
	ctx, cancel := context.WithCancel(context.Background())
	go work(ctx)
	return cancel
}

// BenchmarkSearchOnScreen is the time from a letter that is typed until the rows for it stand in the list, of 50,000 users and of 30,000
// mods of the portal: with the pause for more letters and a search in memory, without drawing, which a display does at its next frame.
func BenchmarkSearchOnScreen(b *testing.B) {
	c := withUsers(50_000)
	at := time.Now()
	c.SetMods(api.ModList{}, portalOf(30_000), api.ModDetails{UpdatedAt: &at})
	for name, open := range map[string]func(pages.Params) pages.Page{
		"users": func(p pages.Params) pages.Page { return pages.NewUsers(p) },
		"portal": func(p pages.Params) pages.Page {
			s := pages.NewMods(p)
			s.Search("")
			return s
		},
	} {
		b.Run(name, func(b *testing.B) {
			a := test.NewTempApp(b)
			a.Settings().SetTheme(look.Theme(look.Dark))
			kept, err := settings.Load("")
			if err != nil {
				b.Fatal(err)
			}
			f := &frame{window: a.NewWindow("Mainbus"), work: make(chan func(), 100)}
			page := open(pages.Params{Model: view.NewModel(c, api.Caller{}, f.Do), Service: c, Frame: f, Settings: kept, Tasks: view.NewTasks(func() {}), Tips: widgets.NewTips(func(func()) {})})
			f.window.SetContent(page.Content())
			f.window.Resize(fyne.NewSize(1280, 800))
			defer f.window.Close()
			page.Shown()
			defer page.Hidden()
			page.Find()
			entry := f.window.Canvas().Focused().(*widgets.Entry)
			for len(f.work) > 0 {
				(<-f.work)()
			}
			(<-f.work)() // the first answer
			b.ResetTimer()
			for n := range b.N {
				entry.SetText(strconv.Itoa(n % 10))
				(<-f.work)()
			}
		})
	}
}

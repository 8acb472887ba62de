package searchtest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
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
	"mainbus/controller"
	"mainbus/controller/api"
	"mainbus/hostagent/factorio/webtest"
	"mainbus/transport/discovery"
)

const patience = 10 * time.Minute

var me = api.Caller{Kind: api.Owner, Name: "anna", From: "window"}

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

// cluster starts a controller that knows users and the portal's mods, and returns its api as a window in the same process has it.
func cluster(tb testing.TB, users, mods int) api.Service {
	tb.Helper()
	services := webtest.New(tb)
	for i := range mods {
		services.AddMod(webtest.Mod{Name: fmt.Sprintf("mod-%05d", i), Title: fmt.Sprintf("Mod of belts and walls %05d", i), Owner: "anna", Summary: "It does something for factories that are large.",
			Releases: []webtest.Release{{Version: "1.2.0", GameVersion: "2.0"}}})
	}
	nobody := func(ctx context.Context, _ func() bool, _ func(discovery.Found)) error { <-ctx.Done(); return nil }
	c, err := controller.New(controller.Config{DataDir: tb.TempDir(), Name: "test", Addr: "127.0.0.1:0", Browse: nobody, Portal: services.Portal, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := c.Stop(ctx); err != nil {
			tb.Error(err)
		}
	})
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	for names := range slices.Chunk(playerNames(users), 5000) {
		list, err := json.Marshal(names)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := c.Service().ImportUsers(ctx, me, api.ImportUsers{Form: api.WhitelistFile, Content: list}); err != nil {
			tb.Fatal(err)
		}
	}
	for {
		page, err := c.Service().SearchPortal(ctx, me, api.SearchPortal{Limit: 1, ShowsDeprecated: true})
		if err != nil {
			tb.Fatal(err)
		}
		if page.Known == mods && !page.Updating {
			return c.Service()
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func playerNames(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("player_%x", uint32(i)*2654435761))
	}
	return names
}

// BenchmarkSearchOnScreen is the time from a letter that is typed until the rows for it stand in the list, of 50,000 users and of 30,000 mods of
// the portal: with the pause for more letters and the controller's search, without drawing, which a display does at its next frame.
func BenchmarkSearchOnScreen(b *testing.B) {
	service := cluster(b, 50_000, 30_000)
	for name, open := range map[string]func(pages.Params) pages.Page{
		"users": func(p pages.Params) pages.Page { return pages.NewUsers(p) },
		"portal": func(p pages.Params) pages.Page {
			s := pages.NewMods(p)
			s.Search("")
			return s
		},
	} {
		b.Run(name, func(b *testing.B) { typed(b, service, open) })
	}
}

// typed types a letter after the other into a page's search.
func typed(b *testing.B, service api.Service, open func(pages.Params) pages.Page) {
	a := test.NewTempApp(b)
	a.Settings().SetTheme(look.Theme(look.Dark))
	kept, err := settings.Load("")
	if err != nil {
		b.Fatal(err)
	}
	f := &frame{window: a.NewWindow("Mainbus"), work: make(chan func(), 100)}
	page := open(pages.Params{Model: view.NewModel(service, me, f.Do), Service: service, Caller: me, Frame: f, Settings: kept, Tasks: view.NewTasks(func() {}), Tips: widgets.NewTips(func(func()) {})})
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
}

// BenchmarkSearch is what the controller takes of that, through its api with the check of permissions.
func BenchmarkSearch(b *testing.B) {
	service := cluster(b, 50_000, 30_000)
	for _, text := range []string{"", "7", "a1", "belts 29", "nobody"} {
		b.Run("users "+text, func(b *testing.B) {
			for b.Loop() {
				if _, err := service.Users(b.Context(), me, api.FindUsers{Text: text, Limit: 100}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("portal "+text, func(b *testing.B) {
			for b.Loop() {
				if _, err := service.SearchPortal(b.Context(), me, api.SearchPortal{Text: text, Limit: 100}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

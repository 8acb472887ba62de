// Package app is the window: the frame around the screens, and what the screens ask of it. It sees the cluster only
// through controller/api. It never imports Fyne's app package, so all of it is tested without a display.
package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
	"mainbus/app/pages"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// Params is what a window is made from.
type Params struct {
	App     fyne.App
	Service api.Service
	Caller  api.Caller
	Do      func(func()) // fyne.Do
}

// A Window is the main window. Its goroutines live from Start to Stop.
type Window struct {
	window  fyne.Window
	model   *view.Model
	params  pages.Params
	do      func(func())
	sidebar *sidebar
	title   *widgets.Text
	back    *widget.Button
	body    *fyne.Container
	status  *widgets.Text
	toast   *widgets.Text
	problem *widgets.ErrorCard

	shortcuts fyne.ShortcutHandler

	shown   pages.Page
	hosts   *pages.Hosts
	list    *pages.Instances
	bus     *pages.Bus
	toasted int // counts toasts: only the newest one clears itself

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
}

const toastTime = 4 * time.Second

// New makes the window without showing it.
func New(p Params) *Window {
	w := &Window{window: p.App.NewWindow("Mainbus"), do: p.Do}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	w.model = view.NewModel(p.Service, p.Caller, p.Do)
	w.params = pages.Params{Model: w.model, Service: p.Service, Caller: p.Caller, Frame: w}
	w.title = widgets.NewText("", "", theme.SizeNameSubHeadingText).Bold().Cut(400)
	w.status = widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40)
	w.toast = widgets.NewText("", look.Good, theme.SizeNameCaptionText).Cut(300)
	w.problem = widgets.NewErrorCard()
	w.body = container.NewStack()
	w.back = widget.NewButtonWithIcon("", theme.NavigateBackIcon(), func() { w.show(w.list, "Instances", 1) })
	w.back.Importance = widget.LowImportance
	w.hosts, w.list, w.bus = pages.NewHosts(w.params), pages.NewInstances(w.params), pages.NewBus(w.params)
	w.sidebar = newSidebar([]entry{
		{"Hosts", theme.ComputerIcon(), func() { w.show(w.hosts, "Hosts", 0) }},
		{"Instances", theme.StorageIcon(), func() { w.show(w.list, "Instances", 1) }},
		{"Bus", theme.ViewRefreshIcon(), func() { w.show(w.bus, "Bus", 2) }},
	})
	w.window.SetContent(w.frame())
	w.window.Resize(fyne.NewSize(1280, 800))
	w.addShortcuts()
	w.model.Watch(w.refresh)
	w.show(w.hosts, "Hosts", 0)
	return w
}

func (w *Window) frame() fyne.CanvasObject {
	top := container.NewBorder(nil, nil, container.NewHBox(w.back, w.title), w.toast)
	bottom := widgets.NewPanel(look.Surface, 0, container.NewPadded(w.status))
	head := container.NewVBox(container.NewPadded(top), w.problem, rule())
	return container.NewBorder(nil, bottom, w.sidebar, nil, container.NewBorder(head, nil, nil, nil, w.body))
}

func rule() fyne.CanvasObject {
	line := widgets.NewPanel(look.Line, 0, layout.NewSpacer())
	return container.New(fixedHeight(1), line)
}

// Window returns Fyne's window.
func (w *Window) Window() fyne.Window { return w.window }

// Start begins to follow the cluster.
func (w *Window) Start() { w.Go(w.model.Run) }

// Stop ends what the window does in the background and waits for it. It may be called on the user interface's goroutine.
func (w *Window) Stop() {
	w.cancel()
	w.work.Wait()
}

// Go implements pages.Frame.
func (w *Window) Go(work func(context.Context)) (cancel func()) {
	ctx, cancel := context.WithCancel(w.ctx)
	w.work.Go(func() {
		defer cancel()
		work(ctx)
	})
	return cancel
}

// Do implements pages.Frame.
func (w *Window) Do(f func()) { w.do(f) }

// Open implements pages.Frame.
func (w *Window) Open(instance string) {
	name := "Instance"
	for _, i := range w.model.Now().Instances {
		if i.ID == instance {
			name = i.Name
		}
	}
	w.show(pages.NewInstance(w.params, instance), "Instances / "+name, 1)
}

// Shortcut implements pages.Frame.
func (w *Window) Shortcut(s fyne.Shortcut) { w.shortcuts.TypedShortcut(s) }

// Toast implements pages.Frame.
func (w *Window) Toast(text string) {
	w.toast.Set(text, look.Good)
	w.toasted++
	mine := w.toasted
	w.Go(func(ctx context.Context) {
		select {
		case <-time.After(toastTime):
			w.do(func() {
				if w.toasted == mine {
					w.toast.Set("", look.Good)
				}
			})
		case <-ctx.Done():
		}
	})
}

func (w *Window) show(p pages.Page, title string, section int) {
	if w.shown == p {
		return
	}
	if w.shown != nil {
		w.shown.Hidden()
	}
	w.shown = p
	w.title.Set(title, "")
	w.sidebar.choose(section)
	_, opened := p.(*pages.Instance)
	w.back.Hidden = !opened
	w.back.Refresh()
	w.body.Objects = []fyne.CanvasObject{p.Content()}
	w.body.Refresh()
	p.Shown()
}

func (w *Window) refresh(now view.Snapshot) {
	if now.Problem != nil {
		w.problem.Say(now.Problem.Message, now.Problem.Next)
	} else {
		w.problem.Say("", "")
	}
	if !now.Loaded {
		w.status.Set("Starting…", look.Muted)
		return
	}
	s := now.Status
	w.status.Set(fmt.Sprintf("%s · %d of %d hosts · %d of %d instances run", s.Name, s.HostsLinked, s.Hosts, s.InstancesRunning, s.Instances), look.Muted)
	waiting := 0
	for _, h := range now.Hosts {
		if h.WantsToJoin {
			waiting++
		}
	}
	w.sidebar.badge(0, waiting)
}

func (w *Window) addShortcuts() {
	for i, key := range []fyne.KeyName{fyne.Key1, fyne.Key2, fyne.Key3} {
		shortcut := &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}
		w.shortcuts.AddShortcut(shortcut, func(fyne.Shortcut) { w.sidebar.entries[i].open() })
		w.window.Canvas().AddShortcut(shortcut, w.Shortcut)
	}
}

type fixedHeight float32

func (h fixedHeight) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(1, float32(h)) }
func (h fixedHeight) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(fyne.NewSize(size.Width, float32(h)))
	}
}

// Package app is the window: the frame around the screens, and what the screens ask of it. It sees the cluster only
// through controller/api. It never imports Fyne's app package, so all of it is tested without a display.
package app

import (
	"context"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
	"mainbus/app/pages"
	"mainbus/app/settings"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// Params is what a window is made from.
type Params struct {
	App      fyne.App
	Service  api.Service
	Caller   api.Caller
	Do       func(func()) // fyne.Do
	Settings *settings.Settings
	Computer pages.Computer // nil: this computer is not meant to be a host
}

// with is the data of a text with placeholders.
type with = map[string]any

// A Window is the main window. Its goroutines live from Start to Stop.
type Window struct {
	window   fyne.Window
	model    *view.Model
	params   pages.Params
	do       func(func())
	sidebar  *sidebar
	title    *widgets.Text
	back     *widgets.Chip
	forward  *widgets.Chip
	search   *widgets.Chip
	tasks    *widgets.Chip
	problems *widgets.Chip
	progress *widgets.Progress
	body     *fyne.Container
	status   *widgets.Text
	toast    *widgets.Text
	problem  *widgets.ErrorCard
	control  *pages.Control // of what is done from the search

	shortcuts fyne.ShortcutHandler
	keys      map[fyne.KeyName]func()
	popup     *popup // the one that is open

	history view.History
	names   map[view.Place]string // of what a place is that of
	shown   pages.Page
	hosts   *pages.Hosts
	list    *pages.Instances
	bus     *pages.Bus
	users   *pages.Users
	roles   *pages.Roles
	mods    *pages.Mods
	packs   *pages.Packs
	toasted int  // counts toasts: only the newest one clears itself
	ticking bool // while tasks go on

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
}

const (
	toastTime = 4 * time.Second
	tipTime   = 600 * time.Millisecond
	taskTick  = 250 * time.Millisecond
)

// New makes the window without showing it.
func New(p Params) *Window {
	w := &Window{window: p.App.NewWindow("Mainbus"), do: p.Do, names: map[view.Place]string{}}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	w.model = view.NewModel(p.Service, p.Caller, p.Do)
	tips := widgets.NewTips(func(f func()) { w.after(tipTime, f) })
	w.params = pages.Params{
		Model: w.model, Service: p.Service, Caller: p.Caller, Frame: w, Settings: p.Settings,
		Tasks: view.NewTasks(w.tasksChanged), Tips: tips, Dialogs: widgets.NewDialogs(w.window.Canvas()), Computer: p.Computer,
	}
	w.makeTop(tips)
	w.title = widgets.NewText("", "", theme.SizeNameSubHeadingText).Bold().Cut(120)
	w.status = widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40)
	w.toast = widgets.NewText("", look.Good, theme.SizeNameCaptionText).Cut(200)
	w.problem = widgets.NewErrorCard()
	w.control = pages.NewControl(w.params, w.problem)
	w.body = container.NewStack()
	w.hosts, w.list, w.bus = pages.NewHosts(w.params), pages.NewInstances(w.params), pages.NewBus(w.params)
	w.users, w.roles = pages.NewUsers(w.params), pages.NewRoles(w.params)
	w.mods, w.packs = pages.NewMods(w.params), pages.NewPacks(w.params)
	w.sidebar = newSidebar(w, tips, p.Settings, []entry{
		{view.HostsPage, lang.L("Hosts"), theme.ComputerIcon()},
		{view.InstancesPage, lang.L("Instances"), theme.StorageIcon()},
		{view.BusPage, lang.L("Bus"), look.BusIcon},
		{view.UsersPage, lang.L("Users"), look.UsersIcon},
		{view.RolesPage, lang.L("Roles"), look.RolesIcon},
		{view.ModsPage, lang.L("Mods"), look.ModsIcon},
		{view.PacksPage, lang.L("Packs"), look.PackIcon},
	})
	w.window.SetContent(container.NewStack(w.frame(), tips.Object()))
	w.window.Resize(fyne.NewSize(1280, 800))
	w.addShortcuts()
	w.window.SetOnDropped(func(_ fyne.Position, files []fyne.URI) { w.Drop(localPaths(files)) })
	w.model.Watch(w.refresh)
	w.visit(view.Place{Page: view.HostsPage})
	return w
}

func (w *Window) makeTop(tips *widgets.Tips) {
	chip := func(icon fyne.Resource, tip string, do func()) *widgets.Chip {
		return widgets.NewChip(w, tips, icon, tip, do)
	}
	w.back = chip(look.BackIcon, lang.L("Back"), w.goBack)
	w.forward = chip(look.ForwardIcon, lang.L("Forward"), w.goForward)
	w.search = chip(look.PaletteIcon, "", w.openPalette).Boxed(210)
	w.search.Set(lang.L("Search or do…   {{.keys}}", with{"keys": named(fyne.KeyK, fyne.KeyModifierShortcutDefault)}), look.Muted)
	w.tasks = chip(look.TasksIcon, lang.L("What is going on, and how it ended"), w.openTasks)
	w.problems = chip(theme.WarningIcon(), lang.L("What wants attention"), w.openProblems)
	w.progress = widgets.NewProgress()
}

func (w *Window) frame() fyne.CanvasObject {
	right := container.NewHBox(w.toast, container.NewCenter(w.search), container.NewCenter(w.tasks), container.NewCenter(w.problems))
	left := container.NewHBox(container.NewCenter(w.back), container.NewCenter(w.forward))
	top := container.NewBorder(nil, nil, left, right, w.title)
	bottom := widgets.NewPanel(look.Surface, 0, container.NewPadded(w.status))
	head := container.NewVBox(container.NewPadded(top), w.progress, w.problem)
	return container.NewBorder(nil, bottom, w.sidebar, nil, container.NewBorder(head, nil, nil, nil, w.body))
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

// Calm says whether nobody looks at the window.
func (w *Window) Calm(calm bool) { w.model.Calm(calm) }

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

// after does f on the user interface's goroutine a while later.
func (w *Window) after(d time.Duration, f func()) {
	w.Go(func(ctx context.Context) {
		select {
		case <-time.After(d):
			w.do(f)
		case <-ctx.Done():
		}
	})
}

// Open implements pages.Frame.
func (w *Window) Open(instance string) {
	w.visit(view.Place{Page: view.InstancesPage, Instance: instance})
}

// Toast implements pages.Frame.
func (w *Window) Toast(text string) {
	w.toast.Set(text, look.Good)
	w.toasted++
	mine := w.toasted
	w.after(toastTime, func() {
		if w.toasted == mine {
			w.toast.Set("", look.Good)
		}
	})
}

// Visit implements pages.Frame.
func (w *Window) Visit(to view.Place, name string) {
	w.names[to] = name
	w.visit(to)
}

// visit shows a place and notes it in the history.
func (w *Window) visit(to view.Place) {
	w.history.Go(to)
	w.show(to)
}

func (w *Window) goBack() {
	if to, ok := w.history.Back(); ok {
		w.show(to)
	}
}

func (w *Window) goForward() {
	if to, ok := w.history.Forward(); ok {
		w.show(to)
	}
}

func (w *Window) show(to view.Place) {
	p, title := w.page(to)
	for chip, on := range map[*widgets.Chip]bool{w.back: w.history.CanBack(), w.forward: w.history.CanForward()} {
		if on {
			chip.Enable()
		} else {
			chip.Disable()
		}
	}
	if w.shown == p {
		return
	}
	if w.shown != nil {
		w.shown.Hidden()
	}
	w.shown = p
	w.params.Tips.Hide()
	w.title.Set(title, "")
	w.sidebar.choose(to.Page)
	w.body.Objects = []fyne.CanvasObject{p.Content()}
	w.body.Refresh()
	p.Shown()
}

// page returns the screen of a place and what it is called.
func (w *Window) page(to view.Place) (pages.Page, string) {
	switch {
	case to.Instance != "":
		name := lang.L("Instance")
		if row, ok := w.model.Now().Instance(to.Instance); ok {
			name = row.Name
		}
		return pages.NewInstance(w.params, to.Instance), lang.L("Instances") + " / " + name
	case to.Page == view.InstancesPage:
		return w.list, lang.L("Instances")
	case to.Pack != "":
		return pages.NewPack(w.params, to.Pack), lang.L("Packs") + " / " + w.names[to]
	case to.Page == view.PacksPage:
		return w.packs, lang.L("Packs")
	case to.Page == view.UsersPage:
		return w.users, lang.L("Users")
	case to.Page == view.RolesPage:
		return w.roles, lang.L("Roles")
	case to.Page == view.ModsPage:
		return w.mods, lang.L("Mods")
	case to.Page == view.BusPage:
		return w.bus, lang.L("Bus")
	}
	return w.hosts, lang.L("Hosts")
}

func (w *Window) refresh(now view.Snapshot) {
	if now.Problem != nil {
		w.problem.Say(now.Problem.Message, now.Problem.Next)
	} else {
		w.problem.Say("", "")
	}
	w.params.Tasks.Observe(now)
	w.countProblems()
	if !now.Loaded {
		w.status.Set(lang.L("Starting…"), look.Muted)
		return
	}
	s := now.Summary
	w.status.Set(lang.L("{{.name}} · {{.linked}} of {{.hosts}} hosts · {{.running}} of {{.instances}} instances run", with{
		"name": s.Name, "linked": s.Linked, "hosts": s.Hosts, "running": s.Running, "instances": s.Instances}), look.Muted)
	w.sidebar.badge(view.HostsPage, s.Joins)
}

func (w *Window) listProblems() []view.Problem {
	var here view.Local
	if w.params.Computer != nil {
		here = w.params.Computer.State()
	}
	return view.Problems(w.model.Now(), here)
}

func (w *Window) countProblems() {
	n := len(w.listProblems())
	if n == 0 {
		w.problems.Set("", look.Muted)
	} else {
		w.problems.Set(view.Count(int64(n)), look.Bad)
	}
}

// tasksChanged shows how many tasks go on. While there are any, it looks at them from time to time.
func (w *Window) tasksChanged() {
	going := w.params.Tasks.Going()
	if going == 0 {
		w.tasks.Set("", look.Muted)
	} else {
		w.tasks.Set(view.Count(int64(going)), look.Busy)
	}
	w.showProgress()
	if w.popup != nil && w.popup.refresh != nil {
		w.popup.refresh()
	}
	if going > 0 && !w.ticking {
		w.ticking = true
		w.after(taskTick, w.tick)
	}
}

func (w *Window) tick() {
	w.params.Tasks.Observe(w.model.Now())
	w.showProgress()
	if w.ticking = w.params.Tasks.Going() > 0; w.ticking {
		w.after(taskTick, w.tick)
	}
}

func (w *Window) showProgress() {
	if newest := w.params.Tasks.Newest(); newest != nil {
		w.progress.Set(true, newest.Progress)
	} else {
		w.progress.Set(false, 0)
	}
}

// popup is what lies over the window: the search, the tasks or the problems.
type popup struct {
	*widget.PopUp
	refresh func() // shows what has changed; nil: nothing does
}

// open puts content below the top bar, at its right edge, or closes the one that is open with the same content.
func (w *Window) open(content fyne.CanvasObject, refresh func()) {
	w.closePopup()
	w.params.Tips.Hide()
	p := widget.NewPopUp(container.New(layout.NewCustomPaddedLayout(8, 8, 8, 8), content), w.window.Canvas())
	w.popup = &popup{p, refresh}
	size := p.MinSize()
	p.ShowAtPosition(fyne.NewPos(max(0, w.window.Canvas().Size().Width-size.Width-12), 48))
}

func (w *Window) closePopup() {
	if w.popup != nil {
		w.popup.Hide()
		w.popup = nil
	}
}

// Drop gives files that fell on the window to the page that is shown, if it takes any.
func (w *Window) Drop(paths []string) {
	if page, ok := w.shown.(interface{ Dropped(paths []string) }); ok {
		page.Dropped(paths)
	}
}

// localPaths leaves out what is on no disk of this machine.
func localPaths(files []fyne.URI) (paths []string) {
	for _, file := range files {
		if file.Scheme() == "file" {
			paths = append(paths, file.Path())
		}
	}
	return paths
}

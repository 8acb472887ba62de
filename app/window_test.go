package app

import (
	"context"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// cluster is an api.Service in memory, as far as the screens call it.
type cluster struct {
	api.Service
	mu        sync.Mutex
	hosts     []api.Host
	instances []api.Instance
	bus       []api.BusItem
	calls     []string
	fail      error
}

func (c *cluster) note(format string, args ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, fmt.Sprintf(format, args...))
	return c.fail
}

func (c *cluster) Status(context.Context, api.Caller) (api.Status, error) {
	return api.Status{Name: "Home", Hosts: 2, HostsLinked: 2, Instances: 3, InstancesRunning: 2}, nil
}
func (c *cluster) Hosts(context.Context, api.Caller) ([]api.Host, error) { return c.hosts, nil }
func (c *cluster) Instances(context.Context, api.Caller) ([]api.Instance, error) {
	return c.instances, nil
}
func (c *cluster) Bus(context.Context, api.Caller) ([]api.BusItem, error) { return c.bus, nil }
func (c *cluster) PairHost(_ context.Context, _ api.Caller, r api.PairHost) (api.Host, error) {
	return api.Host{}, c.note("pair %s %s", r.Host, r.Code)
}
func (c *cluster) StartInstance(_ context.Context, _ api.Caller, r api.InstanceRef) (api.Instance, error) {
	return api.Instance{}, c.note("start %s", r.Instance)
}
func (c *cluster) ReadConsole(ctx context.Context, _ api.Caller, r api.ReadConsole) (api.ConsolePage, error) {
	if r.Offset == 0 {
		return api.ConsolePage{Lines: []string{
			"   0.000 2026-08-02 02:16:26; Factorio 2.0.77 (build 84539, linux64, headless, space-age)",
			"   0.543 Warning Something.cpp:1: something odd", "   0.567 Error Other.cpp:2: something bad",
			"2026-08-02 02:16:35 [JOIN] anna joined the game", "2026-08-02 02:16:40 [CHAT] anna: hello", "  12.000 Info AppManager.cpp:323: Saving to _autosave1 (blocking).",
		}, Next: 400}, nil
	}
	<-ctx.Done()
	return api.ConsolePage{}, ctx.Err()
}

// queue stands for the user interface's goroutine: work is done when the test pumps.
type queue struct{ waiting chan func() }

func newQueue() *queue       { return &queue{make(chan func(), 64)} }
func (q *queue) do(f func()) { q.waiting <- f }
func (q *queue) pump(until func() bool, t *testing.T) {
	t.Helper()
	for !until() {
		select {
		case f := <-q.waiting:
			f()
		case <-t.Context().Done():
			t.Fatal("never came about")
		}
	}
}

func open(t *testing.T, c *cluster, mode look.Mode) (*Window, *queue) {
	t.Helper()
	a := test.NewTempApp(t)
	test.ApplyTheme(t, look.Theme(mode))
	q := newQueue()
	w := New(Params{App: a, Service: c, Do: q.do})
	w.window.Resize(fyne.NewSize(1280, 800))
	w.Start()
	t.Cleanup(func() {
		w.Stop()
		w.window.Close()
	})
	q.pump(func() bool { return w.model.Now().Loaded }, t)
	return w, q
}

// capture leaves a picture of the window in the folder named by MAINBUS_PICTURES, for people.
func capture(t *testing.T, w *Window, name string) {
	t.Helper()
	dir := os.Getenv("MAINBUS_PICTURES")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, w.window.Canvas().Capture()); err != nil {
		t.Fatal(err)
	}
}

func some() *cluster {
	return &cluster{
		hosts: []api.Host{
			{ID: "h1", Name: "attic", State: api.Paired, Linked: true, RTTMS: 0.4, GameVersion: "2.0.77", Addresses: []string{"192.0.2.7:34180"}},
			{ID: "h2", Name: "cellar", State: api.Paired, GameVersion: "2.0.77", Addresses: []string{"192.0.2.8:34180"}},
			{ID: "h3", Name: strings.Repeat("очень длинное имя 🚂 ", 4), State: api.Discovered, Addresses: []string{"192.0.2.9:34180"}},
		},
		instances: []api.Instance{
			{ID: "i1", Name: "Nauvis main", Host: "h1", HostName: "attic", Desired: "running", State: "running", Linked: true, GamePort: 34197, GameVersion: "2.0.77", Save: "Nauvis main.zip"},
			{ID: "i2", Name: "Vulcanus", Host: "h1", HostName: "attic", Desired: "running", State: "starting", Phase: "loading map", GamePort: 34198, GameVersion: "2.0.77"},
			{ID: "i3", Name: "Gleba", Host: "h2", HostName: "cellar", Desired: "running", State: "unknown", LastState: "running"},
			{ID: "i4", Name: "Fulgora", Host: "h1", HostName: "attic", Desired: "running", State: "failed", Cause: "Host address is already in use: another server uses UDP port 34199"},
			{ID: "i5", Name: "Aquilo", Host: "h1", HostName: "attic", Desired: "stopped", State: "stopped"},
		},
		bus: []api.BusItem{
			{Name: "iron-plate", Quality: "normal", Level: 1234567, Sent: 9876543, Received: 8641976, InFlight: 12},
			{Name: "iron-plate", Quality: "legendary", Level: 3, Sent: 3}, {Name: "copper-plate", Quality: "normal", Level: 0, Sent: 500, Received: 500, Owed: 40},
		},
	}
}

func TestPicturesOfEveryScreen(t *testing.T) {
	for _, mode := range []struct {
		name string
		mode look.Mode
	}{{"dark", look.Dark}, {"light", look.Light}} {
		t.Run(mode.name, func(t *testing.T) {
			w, q := open(t, some(), mode.mode)
			capture(t, w, "hosts-"+mode.name)
			w.sidebar.entries[1].open()
			capture(t, w, "instances-"+mode.name)
			w.Open("i1")
			q.pump(func() bool { return len(q.waiting) == 0 && consoleLines(w) > 0 }, t)
			capture(t, w, "instance-"+mode.name)
			w.sidebar.entries[2].open()
			capture(t, w, "bus-"+mode.name)
		})
	}
	w, _ := open(t, &cluster{}, look.Dark)
	w.sidebar.entries[1].open()
	capture(t, w, "empty-dark")
}

func consoleLines(w *Window) int {
	for _, o := range test.LaidOutObjects(w.window.Content()) {
		if c, ok := o.(*widgets.Console); ok {
			return strings.Count(c.Text(), "\n")
		}
	}
	return 0
}

var _ = view.Count

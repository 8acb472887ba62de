// Package headless gives tests the window without a display, on a cluster in memory. Tests see what is shown and use it as a
// person does: by its words. Only tests import it; they run in a testing/synctest bubble.
package headless

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"mainbus/app"
	"mainbus/app/look"
	"mainbus/app/settings"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// A Screen is an open window. The test's goroutine is the user interface's.
type Screen struct {
	*app.Window
	t     *testing.T
	queue queue
}

// queue holds what is to be done on the user interface's goroutine; like Fyne's it is unbounded.
type queue struct {
	mu      sync.Mutex
	waiting []func()
	instead func(func())
}

func (q *queue) do(f func()) {
	q.mu.Lock()
	instead := q.instead
	if instead == nil {
		q.waiting = append(q.waiting, f)
	}
	q.mu.Unlock()
	if instead != nil {
		instead(f)
	}
}

func (q *queue) take() []func() {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := q.waiting
	q.waiting = nil
	return taken
}

// Run opens the window on a cluster, waits until it shows it, and gives it to a test. At the end nothing may be left
// running.
func Run(t *testing.T, c *Cluster, f func(t *testing.T, s *Screen)) {
	t.Helper()
	RunIn(t, look.Dark, c, f)
}

// RunIn is Run in dark or light.
func RunIn(t *testing.T, mode look.Mode, c *Cluster, f func(t *testing.T, s *Screen)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a := test.NewTempApp(t)
		test.ApplyTheme(t, look.Theme(mode))
		s := &Screen{t: t}
		kept, err := settings.Load("")
		if err != nil {
			t.Fatal(err)
		}
		s.Window = app.New(app.Params{App: a, Service: c, Caller: api.Caller{Kind: api.Owner, Name: "anna"}, Do: s.queue.do, Settings: kept, Computer: c.Computer})
		s.Window.Window().Resize(fyne.NewSize(1280, 800))
		s.Start()
		defer func() {
			s.Stop()
			s.Window.Window().Close()
		}()
		s.Settle()
		f(t, s)
	})
}

// Settle does what there is to do at this moment.
func (s *Screen) Settle() {
	for {
		synctest.Wait()
		work := s.queue.take()
		if len(work) == 0 {
			layOut(s.Canvas().Content())
			for _, overlay := range s.Canvas().Overlays().List() {
				layOut(overlay)
			}
			return
		}
		for _, f := range work {
			f()
		}
	}
}

// layOut gives everything its place, as a driver with a display does after changes.
func layOut(o fyne.CanvasObject) {
	switch o := o.(type) {
	case *fyne.Container:
		if o.Layout != nil {
			o.Layout.Layout(o.Objects, o.Size())
		}
	case fyne.Widget:
		test.WidgetRenderer(o).Layout(o.Size())
	}
	for _, child := range children(o) {
		layOut(child)
	}
}

// Leave gives what is to be done on the user interface's goroutine to another function, as if that had ended.
func (s *Screen) Leave(instead func(func())) {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	s.queue.instead = instead
}

// Later lets time pass.
func (s *Screen) Later(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(min(50*time.Millisecond, time.Until(end)))
		s.Settle()
	}
}

// Soon lets so much time pass that a change of the cluster is shown.
func (s *Screen) Soon() { s.Later(2 * time.Second) }

// Canvas is the window's.
func (s *Screen) Canvas() fyne.Canvas { return s.Window.Window().Canvas() }

// roots is what can be used: the topmost overlay, or else the content.
func (s *Screen) roots() fyne.CanvasObject {
	if top := s.Canvas().Overlays().Top(); top != nil {
		return top
	}
	return s.Canvas().Content()
}

// walk calls f with each visible object below o and its place.
func walk(o fyne.CanvasObject, at fyne.Position, f func(fyne.CanvasObject, fyne.Position)) {
	if !o.Visible() {
		return
	}
	f(o, at)
	for _, child := range children(o) {
		walk(child, at.Add(child.Position()), f)
	}
}

func children(o fyne.CanvasObject) []fyne.CanvasObject {
	switch o := o.(type) {
	case *fyne.Container:
		return o.Objects
	case *widget.TextGrid:
		return nil // one object per letter
	case fyne.Widget:
		return test.WidgetRenderer(o).Objects()
	}
	return nil
}

// Texts returns all texts in sight, dialogs included.
func (s *Screen) Texts() (texts []string) {
	collect := func(root fyne.CanvasObject) {
		walk(root, fyne.Position{}, func(o fyne.CanvasObject, _ fyne.Position) {
			switch o := o.(type) {
			case *canvas.Text:
				if o.Text != "" {
					texts = append(texts, o.Text)
				}
			case *widget.TextGrid:
				for line := range strings.Lines(o.Text()) {
					if line = strings.TrimSpace(line); line != "" {
						texts = append(texts, line)
					}
				}
			}
		})
	}
	collect(s.Canvas().Content())
	for _, overlay := range s.Canvas().Overlays().List() {
		collect(overlay)
	}
	return texts
}

// Shows tells whether a text is in sight that holds this one. Wrapped text is several.
func (s *Screen) Shows(part string) bool {
	return slices.ContainsFunc(s.Texts(), func(text string) bool { return strings.Contains(text, part) })
}

// Expect fails the test unless all of the texts are in sight.
func (s *Screen) Expect(parts ...string) {
	s.t.Helper()
	for _, part := range parts {
		if !s.Shows(part) {
			s.t.Errorf("%q is not shown; in sight are %q", part, s.Texts())
		}
	}
}

// ExpectNot fails the test if one of the texts is in sight.
func (s *Screen) ExpectNot(parts ...string) {
	s.t.Helper()
	for _, part := range parts {
		if s.Shows(part) {
			s.t.Errorf("%q is shown", part)
		}
	}
}

// HasButton tells whether there is a button with this text; icons have none.
func (s *Screen) HasButton(text string) bool { return s.button(text) != nil }

// Button returns the button with this text, of a dialog if one is open.
func (s *Screen) Button(text string) *widgets.Button {
	s.t.Helper()
	found := s.button(text)
	if found == nil {
		s.t.Fatalf("no button %q; in sight are %q", text, s.Texts())
	}
	return found
}

func (s *Screen) button(text string) (found *widgets.Button) {
	walk(s.roots(), fyne.Position{}, func(o fyne.CanvasObject, _ fyne.Position) {
		if b, ok := o.(*widgets.Button); ok && b.Text == text {
			found = b
		}
	})
	return found
}

// Press taps a button, which must not be off.
func (s *Screen) Press(text string) {
	s.t.Helper()
	b := s.Button(text)
	if b.Disabled() {
		s.t.Fatalf("the button %q is off", text)
	}
	test.Tap(b)
	s.Settle()
}

// PressChip presses a flat button of the frame by its tip.
func (s *Screen) PressChip(tip string) {
	s.t.Helper()
	c := s.chip(tip)
	if c.Disabled() {
		s.t.Fatalf("%q is off", tip)
	}
	test.Tap(c)
	s.Settle()
}

// ChipOn tells whether a flat button of the frame is not off.
func (s *Screen) ChipOn(tip string) bool {
	s.t.Helper()
	return !s.chip(tip).Disabled()
}

func (s *Screen) chip(tip string) (found *widgets.Chip) {
	s.t.Helper()
	walk(s.Canvas().Content(), fyne.Position{}, func(o fyne.CanvasObject, _ fyne.Position) {
		if c, ok := o.(*widgets.Chip); ok && c.Tip == tip {
			found = c
		}
	})
	if found == nil {
		s.t.Fatalf("no flat button %q", tip)
	}
	return found
}

// Choose takes an option of a selection that has it.
func (s *Screen) Choose(option string) {
	s.t.Helper()
	var found *widgets.Select
	walk(s.roots(), fyne.Position{}, func(o fyne.CanvasObject, _ fyne.Position) {
		if w, ok := o.(*widgets.Select); ok && slices.Contains(w.Options, option) {
			found = w
		}
	})
	if found == nil {
		s.t.Fatalf("no selection has %q", option)
	}
	found.SetSelected(option)
	s.Settle()
}

// Drop lets files fall on the window.
func (s *Screen) Drop(paths ...string) {
	s.Window.Drop(paths)
	s.Settle()
}

// On returns those of the buttons that are not off.
func (s *Screen) On(buttons ...string) (on []string) {
	s.t.Helper()
	for _, text := range buttons {
		if !s.Button(text).Disabled() {
			on = append(on, text)
		}
	}
	return on
}

// place returns where a text in sight begins that begins with this one, right of a column.
func (s *Screen) place(text string, after float32) fyne.Position {
	s.t.Helper()
	var found *fyne.Position
	walk(s.roots(), fyne.Position{}, func(o fyne.CanvasObject, at fyne.Position) {
		if o, ok := o.(*canvas.Text); ok && (found == nil || after == 0 && at.X < found.X) && at.X >= after && strings.HasPrefix(o.Text, text) {
			place := at.AddXY(4, o.Size().Height/2)
			found = &place
		}
	})
	if found == nil {
		s.t.Fatalf("nothing begins with %q; in sight are %q", text, s.Texts())
	}
	return *found
}

// Page opens a page by its name in the sidebar.
func (s *Screen) Page(name string) {
	s.t.Helper()
	at := s.place(name, 0)
	if at.X > look.SidebarWidth {
		s.t.Fatalf("the sidebar has no %q", name)
	}
	test.TapCanvas(s.Canvas(), at)
	s.Settle()
}

// Tap taps on a text of the page or dialog.
func (s *Screen) Tap(text string) {
	s.t.Helper()
	test.TapCanvas(s.Canvas(), s.place(text, s.left()))
	s.Settle()
}

// left is where the page, or an overlay, begins.
func (s *Screen) left() float32 {
	if s.Canvas().Overlays().Top() != nil {
		return 0
	}
	return look.SidebarWidth
}

// DoubleTap opens what stands in the row with this text.
func (s *Screen) DoubleTap(text string) {
	s.t.Helper()
	at := s.place(text, s.left())
	test.TapCanvas(s.Canvas(), at)
	test.TapCanvas(s.Canvas(), at)
	s.Settle()
}

// Menu opens the menu of the row with this text.
func (s *Screen) Menu(text string) {
	s.t.Helper()
	at := s.place(text, s.left())
	var row fyne.SecondaryTappable
	walk(s.roots(), fyne.Position{}, func(o fyne.CanvasObject, p fyne.Position) {
		inside := at.X >= p.X && at.Y >= p.Y && at.X < p.X+o.Size().Width && at.Y < p.Y+o.Size().Height
		if r, ok := o.(fyne.SecondaryTappable); ok && inside {
			row = r
		}
	})
	if row == nil {
		s.t.Fatalf("%q has no menu", text)
	}
	test.TapSecondaryAt(row, fyne.NewPos(20, 10))
	s.Settle()
}

// Type types into the entry with this placeholder, of a dialog if one is open, in place of what it holds. A line feed is
// the Return key.
func (s *Screen) Type(placeholder, text string) {
	s.t.Helper()
	entry := s.entry(placeholder)
	s.Canvas().Focus(entry)
	if s.Canvas().Focused() != entry {
		s.t.Fatalf("the entry %q can't have the focus", placeholder)
	}
	entry.TypedShortcut(&fyne.ShortcutSelectAll{})
	line, submitted := strings.CutSuffix(text, "\n")
	if line == "" {
		entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDelete})
	}
	for _, r := range line {
		entry.TypedRune(r)
	}
	if submitted {
		entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	}
	s.Settle()
}

type entry interface {
	fyne.Focusable
	fyne.Shortcutable
}

func (s *Screen) entry(placeholder string) (found entry) {
	s.t.Helper()
	walk(s.roots(), fyne.Position{}, func(o fyne.CanvasObject, _ fyne.Position) {
		switch e := o.(type) {
		case *widgets.Field:
			if e.PlaceHolder == placeholder {
				found = e
			}
		case *widgets.Entry:
			if e.PlaceHolder == placeholder {
				found = e
			}
		case *widgets.SelectEntry:
			if e.PlaceHolder == placeholder {
				found = e
			}
		}
	})
	if found == nil {
		s.t.Fatalf("no entry %q", placeholder)
	}
	return found
}

// Key presses a shortcut as the desktop's driver does: the object with the focus has the only word,
// and none if it is off.
func (s *Screen) Key(name fyne.KeyName, modifier fyne.KeyModifier) {
	shortcut := &desktop.CustomShortcut{KeyName: name, Modifier: modifier}
	if focused, ok := s.Canvas().Focused().(fyne.Shortcutable); ok {
		if d, ok := focused.(fyne.Disableable); !ok || !d.Disabled() {
			focused.TypedShortcut(shortcut)
		}
	} else {
		s.Shortcut(shortcut)
	}
	s.Settle()
}

// PressKey presses a key without a modifier: the object with the focus has the first word.
func (s *Screen) PressKey(name fyne.KeyName) {
	e := &fyne.KeyEvent{Name: name}
	if focused := s.Canvas().Focused(); focused != nil {
		focused.TypedKey(e)
	} else {
		s.Canvas().OnTypedKey()(e)
	}
	s.Settle()
}

// FocusNext moves the focus on, as the Tab key does.
func (s *Screen) FocusNext() {
	s.Canvas().FocusNext()
	s.Settle()
}

package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// An Entry is a line to type in that leaves the window its shortcuts: Fyne gives all of them to what has the focus.
type Entry struct {
	widget.Entry
	window func(fyne.Shortcut)
}

// NewEntry makes an empty one; window does what a shortcut means that is not the entry's.
func NewEntry(window func(fyne.Shortcut)) *Entry {
	e := &Entry{window: window}
	e.ExtendBaseWidget(e)
	return e
}

// TypedShortcut implements fyne.Shortcutable. Entry and window each pass over what they don't know.
func (e *Entry) TypedShortcut(s fyne.Shortcut) {
	e.Entry.TypedShortcut(s)
	e.window(s)
}

// Disable implements fyne.Disableable. What is off but has the focus would swallow all shortcuts.
func (e *Entry) Disable() {
	e.Entry.Disable()
	if c := fyne.CurrentApp().Driver().CanvasForObject(e); c != nil && c.Focused() == e {
		c.Unfocus()
	}
}

package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Keys is where keys and shortcuts go that a widget with the focus has no use for: Fyne gives all of them to it alone.
type Keys interface {
	Shortcut(s fyne.Shortcut)
	Key(e *fyne.KeyEvent) (used bool)
}

// An Entry is a line to type in that leaves the window its keys and shortcuts.
type Entry struct {
	widget.Entry
	OnKey func(e *fyne.KeyEvent) (used bool) // comes first
	Tab   func() (used bool)                 // what the Tab key does while there is text; nil: it leaves the entry
	keys  Keys
}

// NewEntry makes an empty one.
func NewEntry(keys Keys) *Entry {
	e := &Entry{keys: keys}
	e.ExtendBaseWidget(e)
	return e
}

// TypedShortcut implements fyne.Shortcutable. Entry and window each pass over what they don't know.
func (e *Entry) TypedShortcut(s fyne.Shortcut) {
	e.Entry.TypedShortcut(s)
	e.keys.Shortcut(s)
}

// TypedKey implements fyne.Focusable.
func (e *Entry) TypedKey(k *fyne.KeyEvent) {
	mine := k.Name == fyne.KeyReturn || k.Name == fyne.KeyEnter // as what is submitted, or a new line
	if e.OnKey != nil && e.OnKey(k) || k.Name == fyne.KeyTab && e.Tab != nil && e.Tab() || !mine && e.keys.Key(k) {
		return
	}
	e.Entry.TypedKey(k)
}

// AcceptsTab implements fyne.Tabbable.
func (e *Entry) AcceptsTab() bool { return e.Tab != nil && e.Text != "" }

// SetLine replaces the text and puts the cursor at its end.
func (e *Entry) SetLine(text string) {
	e.SetText(text)
	e.CursorColumn = len([]rune(text))
	e.Refresh()
}

// Disable implements fyne.Disableable. What is off but has the focus would swallow all shortcuts.
func (e *Entry) Disable() {
	e.Entry.Disable()
	if c := fyne.CurrentApp().Driver().CanvasForObject(e); c != nil && c.Focused() == e {
		c.Unfocus()
	}
}

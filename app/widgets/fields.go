package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"
)

// The fields of forms are those of the toolkit, but leave the Escape key to the dialog around them: whatever has the focus
// gets all keys, and the toolkit's fields drop this one.

func left(field fyne.CanvasObject, k *fyne.KeyEvent) bool {
	if k.Name != fyne.KeyEscape {
		return false
	}
	if c := fyne.CurrentApp().Driver().CanvasForObject(field); c != nil && c.OnTypedKey() != nil {
		c.OnTypedKey()(k)
	}
	return true
}

// A Field is a line, or lines, to type in.
type Field struct{ widget.Entry }

// NewField makes an empty line.
func NewField() *Field {
	f := &Field{}
	f.Wrapping = fyne.TextWrap(fyne.TextTruncateClip) // as the toolkit has it: words scroll sideways
	f.ExtendBaseWidget(f)
	return f
}

// NewMultiLineField makes an empty one for several lines.
func NewMultiLineField() *Field {
	f := NewField()
	f.MultiLine = true
	return f
}

// NewPasswordField makes one that does not show what is typed.
func NewPasswordField() *Field {
	f := NewField()
	f.Password = true
	return f
}

// TypedKey implements fyne.Focusable.
func (f *Field) TypedKey(k *fyne.KeyEvent) {
	if !left(f, k) {
		f.Entry.TypedKey(k)
	}
}

// A Check is a box to tick.
type Check struct{ widget.Check }

// NewCheck makes one that is not ticked.
func NewCheck(text string, changed func(bool)) *Check {
	c := &Check{widget.Check{Text: text, OnChanged: changed}}
	c.ExtendBaseWidget(c)
	return c
}

// TypedKey implements fyne.Focusable.
func (c *Check) TypedKey(k *fyne.KeyEvent) {
	if !left(c, k) {
		c.Check.TypedKey(k)
	}
}

// A Select is a choice of one of several.
type Select struct{ widget.Select }

// NewSelect makes one with nothing chosen.
func NewSelect(options []string, changed func(string)) *Select {
	s := &Select{widget.Select{Options: options, OnChanged: changed, PlaceHolder: lang.L("Choose…")}}
	s.ExtendBaseWidget(s)
	return s
}

// TypedKey implements fyne.Focusable.
func (s *Select) TypedKey(k *fyne.KeyEvent) {
	if !left(s, k) {
		s.Select.TypedKey(k)
	}
}

// A SelectEntry is a line to type in that offers choices.
type SelectEntry struct{ widget.SelectEntry }

// NewSelectEntry makes an empty one.
func NewSelectEntry(options []string) *SelectEntry {
	s := &SelectEntry{}
	s.Wrapping = fyne.TextWrap(fyne.TextTruncateClip)
	s.ExtendBaseWidget(s)
	s.SetOptions(options)
	if b, ok := s.ActionItem.(*widget.Button); ok { // it can have the focus, too
		own := NewButtonWithIcon(b.Text, b.Icon, b.OnTapped)
		own.Importance = b.Importance
		s.ActionItem = own
	}
	return s
}

// TypedKey implements fyne.Focusable.
func (s *SelectEntry) TypedKey(k *fyne.KeyEvent) {
	if !left(s, k) {
		s.SelectEntry.TypedKey(k)
	}
}

// A Button does something when it is pressed.
type Button struct{ widget.Button }

// NewButton makes one.
func NewButton(text string, tapped func()) *Button { return NewButtonWithIcon(text, nil, tapped) }

// NewButtonWithIcon makes one with an icon before its text.
func NewButtonWithIcon(text string, icon fyne.Resource, tapped func()) *Button {
	b := &Button{widget.Button{Text: text, Icon: icon, OnTapped: tapped}}
	b.ExtendBaseWidget(b)
	return b
}

// TypedKey implements fyne.Focusable.
func (b *Button) TypedKey(k *fyne.KeyEvent) {
	if !left(b, k) {
		b.Button.TypedKey(k)
	}
}

package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Dialogs knows what lies over the window. The topmost gets the keys that nothing in it has a use for; what lies below gets
// none. The toolkit's own dialogs know no keys.
type Dialogs struct {
	canvas fyne.Canvas
	open   []overlay
}

type overlay struct {
	over    fyne.CanvasObject
	dismiss func()
	confirm func() // nil: the Return key does nothing
}

// NewDialogs makes those of a window.
func NewDialogs(c fyne.Canvas) *Dialogs { return &Dialogs{canvas: c} }

// Add tells of what was just put over the window.
func (d *Dialogs) Add(dismiss, confirm func()) {
	d.open = append(d.open, overlay{d.canvas.Overlays().Top(), dismiss, confirm})
}

// Open tells whether something lies over the window.
func (d *Dialogs) Open() bool {
	shown := d.canvas.Overlays().List()
	d.open = slices.DeleteFunc(d.open, func(o overlay) bool { return !slices.Contains(shown, o.over) })
	return len(d.open) > 0
}

// Key is that of a key.
func (d *Dialogs) Key(e *fyne.KeyEvent) (used bool) {
	if !d.Open() {
		return false
	}
	top := d.open[len(d.open)-1]
	if top.over != d.canvas.Overlays().Top() { // a list of choices lies over it
		return false
	}
	switch e.Name {
	case fyne.KeyEscape:
		top.dismiss()
		return true
	case fyne.KeyReturn, fyne.KeyEnter:
		if top.confirm != nil {
			top.confirm()
			return true
		}
	}
	return false
}

// A Dialog lies over the window: a title, what it is about, and buttons. Escape dismisses it, Return presses its last button
// if that is the primary one. It is never larger than the window; its content scrolls then.
type Dialog struct {
	dialogs *Dialogs
	popup   *widget.PopUp
	scroll  *container.Scroll
	buttons *fyne.Container
	wanted  fyne.Size
	closed  func()
}

const (
	dialogWidth  = 560
	dialogMargin = 24 // between it and the borders of the window, together
)

// NewDialog makes one, which is shown by Show.
func NewDialog(d *Dialogs, title string, content fyne.CanvasObject) *Dialog {
	head := widget.NewLabel(title)
	head.TextStyle.Bold, head.SizeName, head.Wrapping = true, theme.SizeNameSubHeadingText, fyne.TextWrapBreak
	n := &Dialog{dialogs: d, scroll: container.NewVScroll(content), buttons: container.New(layout.NewCustomPaddedHBoxLayout(8)), closed: func() {}}
	foot := container.New(layout.NewCustomPaddedLayout(8, 0, 0, 0), n.buttons)
	frame := container.New(layout.NewCustomPaddedLayout(8, 12, 12, 12), container.NewBorder(head, foot, nil, nil, n.scroll))
	n.popup = widget.NewModalPopUp(frame, d.canvas)
	return n
}

// Buttons gives it its buttons: first the one that only closes it.
func (d *Dialog) Buttons(dismiss string, more ...*Button) {
	d.buttons.Objects = []fyne.CanvasObject{layout.NewSpacer(), NewButton(dismiss, d.Hide)}
	for _, b := range more {
		d.buttons.Add(b)
	}
}

// OnClosed is called when it has gone.
func (d *Dialog) OnClosed(closed func()) { d.closed = closed }

// Resize says how large it is if the window is; without a height it is as high as its content.
func (d *Dialog) Resize(size fyne.Size) {
	d.wanted = size
	if d.popup.Visible() {
		d.fit()
	}
}

func (d *Dialog) fit() {
	window, width := d.dialogs.canvas.Size(), d.wanted.Width
	if width == 0 {
		width = dialogWidth
	}
	width = min(width, window.Width-dialogMargin)
	d.popup.Resize(fyne.NewSize(width, window.Height)) // words that wrap know their height by their width
	height := d.wanted.Height
	if height == 0 {
		height = d.popup.Content.MinSize().Height - d.scroll.MinSize().Height + d.scroll.Content.MinSize().Height
	}
	d.popup.Resize(fyne.NewSize(width, min(height, window.Height-dialogMargin)))
}

// Show puts it over the window.
func (d *Dialog) Show() {
	d.popup.Show()
	d.fit()
	d.dialogs.Add(d.Hide, d.confirm)
}

// Hide takes it away.
func (d *Dialog) Hide() {
	if d.popup.Visible() {
		d.popup.Hide()
		d.closed()
	}
}

// confirm presses the primary button. One that destroys something has to be pressed by hand.
func (d *Dialog) confirm() {
	last, ok := d.buttons.Objects[len(d.buttons.Objects)-1].(*Button)
	if ok && last.Importance == widget.HighImportance && !last.Disabled() {
		last.OnTapped()
	}
}

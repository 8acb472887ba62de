package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

const barGap = 8

// A Bar is a row of buttons, the primary one last. Those that there is no room for stand in a menu before the others, so that
// a narrow window, or large text, hides nothing.
type Bar struct {
	more  *Button
	items []*fyne.Container // one around each, which the bar hides; whoever made a button hides the button
	box   *fyne.Container
}

// NewBar makes one of buttons and other objects; only buttons go into the menu.
func NewBar(objects ...fyne.CanvasObject) *Bar {
	b := &Bar{}
	b.more = NewButtonWithIcon("", theme.MoreHorizontalIcon(), b.open)
	b.more.Hide()
	b.box = container.New(barLayout{b}, b.more)
	for _, o := range objects {
		b.Add(o)
	}
	return b
}

// Add puts one more at its end.
func (b *Bar) Add(o fyne.CanvasObject) {
	item := container.NewStack(o)
	b.items = append(b.items, item)
	b.box.Add(item)
}

// Object is what is shown.
func (b *Bar) Object() fyne.CanvasObject { return b.box }

// shown are the items that are not hidden by whoever made them.
func (b *Bar) shown() (items []*fyne.Container) {
	for _, item := range b.items {
		if item.Objects[0].Visible() {
			items = append(items, item)
		}
	}
	return items
}

func (b *Bar) wide(items []*fyne.Container) (width float32) {
	for _, item := range items {
		width += item.Objects[0].MinSize().Width + barGap
	}
	return max(0, width-barGap)
}

// least are those that are never in the menu.
func (b *Bar) least(items []*fyne.Container) (kept []*fyne.Container) {
	for n, item := range items {
		if _, ok := item.Objects[0].(*Button); !ok || n == len(items)-1 {
			kept = append(kept, item)
		}
	}
	return kept
}

func (b *Bar) open() {
	var menu []*fyne.MenuItem
	for _, item := range b.shown() {
		if button, ok := item.Objects[0].(*Button); ok && !item.Visible() {
			m := fyne.NewMenuItemWithIcon(button.Text, button.Icon, button.OnTapped)
			m.Disabled = button.Disabled()
			menu = append(menu, m)
		}
	}
	driver := fyne.CurrentApp().Driver()
	at := driver.AbsolutePositionForObject(b.more).AddXY(0, b.more.Size().Height)
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu(lang.L("More"), menu...), driver.CanvasForObject(b.more), at)
}

type barLayout struct{ *Bar }

func (l barLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	items := l.shown()
	least := l.least(items)
	size := fyne.NewSize(l.wide(least), 0)
	if len(least) < len(items) {
		size.Width += l.more.MinSize().Width + barGap
	}
	for _, item := range items {
		size.Height = max(size.Height, item.Objects[0].MinSize().Height)
	}
	return size
}

func (l barLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	items := l.shown()
	left := size.Width - l.wide(items)
	folded := left < 0
	if folded {
		left -= l.more.MinSize().Width + barGap
	}
	for n, item := range items {
		_, button := item.Objects[0].(*Button)
		hide := left < 0 && button && n < len(items)-1
		if hide {
			left += item.Objects[0].MinSize().Width + barGap
		}
		setVisible(item, !hide)
	}
	setVisible(l.more, folded)
	x := max(0, left)
	if folded {
		x = put(l.more, x, size.Height)
	}
	for _, item := range items {
		if item.Visible() {
			x = put(item, x, size.Height)
		}
	}
}

// put places an object and returns where the next one begins.
func put(o fyne.CanvasObject, x, height float32) float32 {
	o.Move(fyne.NewPos(x, 0))
	o.Resize(fyne.NewSize(o.MinSize().Width, height))
	return x + o.MinSize().Width + barGap
}

func setVisible(o fyne.CanvasObject, on bool) {
	if on && !o.Visible() {
		o.Show()
	} else if !on && o.Visible() {
		o.Hide()
	}
}

// Tools puts a field to search in at the left of a bar, with other objects between. The field gives way first.
func Tools(field fyne.CanvasObject, wide float32, bar *Bar, between ...fyne.CanvasObject) fyne.CanvasObject {
	return container.New(&tools{bar, wide}, append(append([]fyne.CanvasObject{field}, between...), bar.Object())...)
}

const narrowField = 100

type tools struct {
	bar  *Bar
	wide float32
}

func (l *tools) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(narrowField, 0)
	for n, o := range objects {
		if n > 0 && o.Visible() {
			size.Width += o.MinSize().Width + barGap
		}
		size.Height = max(size.Height, o.MinSize().Height)
	}
	return size
}

func (l *tools) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	last := len(objects) - 1
	room := size.Width - barGap
	for _, o := range objects[1:last] {
		if o.Visible() {
			room -= o.MinSize().Width + barGap
		}
	}
	field := max(narrowField, min(l.wide, room-l.bar.wide(l.bar.shown())))
	objects[0].Move(fyne.NewPos(0, 0))
	objects[0].Resize(fyne.NewSize(field, size.Height))
	x := field + barGap
	for _, o := range objects[1:last] {
		if o.Visible() {
			x = put(o, x, size.Height)
		}
	}
	objects[last].Move(fyne.NewPos(x, 0))
	objects[last].Resize(fyne.NewSize(size.Width-x, size.Height))
}

// Heading puts a name and a few words after it behind other objects. The words give way first.
func Heading(name, words *Text, before ...fyne.CanvasObject) fyne.CanvasObject {
	return container.New(&heading{name, words}, append(before, name, words)...)
}

type heading struct{ name, words *Text }

func (h *heading) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(narrowField, 0)
	for _, o := range objects {
		size.Height = max(size.Height, o.MinSize().Height)
	}
	return size
}

func (h *heading) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x := float32(0)
	for _, o := range objects[:len(objects)-2] {
		x = put(o, x, size.Height)
	}
	for _, t := range []*Text{h.name, h.words} {
		want := fyne.MeasureText(t.full, t.text.TextSize, t.text.TextStyle).Width
		t.Move(fyne.NewPos(x, (size.Height-t.MinSize().Height)/2))
		t.Resize(fyne.NewSize(max(0, min(want, size.Width-x)), t.MinSize().Height))
		x += t.Size().Width + barGap
	}
}

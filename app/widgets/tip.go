package widgets

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
)

// Tips shows words beside the pointer: what is cut off, what an icon means, when exactly something was. It is a layer over
// a window's content, which Object returns, and lets everything through.
type Tips struct {
	after  func(f func()) // calls f a moment later, on the user interface's goroutine
	layer  *fyne.Container
	shown  *tip
	wanted int // counts: what was wanted before is not shown any more
}

const (
	tipColumns = 80 // of a line of a tip
	tipLines   = 8
)

// NewTips makes the layer; after is how long the pointer rests.
func NewTips(after func(f func())) *Tips {
	t := &Tips{after: after, shown: newTip()}
	t.layer = &fyne.Container{Objects: []fyne.CanvasObject{t.shown}}
	return t
}

// Object is what lies over the window's content.
func (t *Tips) Object() fyne.CanvasObject { return t.layer }

// Show says text near a place of the canvas, when the pointer has rested; nothing for an empty one.
func (t *Tips) Show(text string, at fyne.Position) {
	if text == t.shown.text {
		return
	}
	t.Hide()
	if text == "" {
		return
	}
	mine := t.wanted
	t.after(func() {
		if t.wanted == mine {
			t.shown.say(text)
			t.place(at)
		}
	})
}

// Hide ends it.
func (t *Tips) Hide() {
	t.wanted++
	if t.shown.text != "" {
		t.shown.say("")
	}
}

// place puts the tip below the pointer, and inside the window.
func (t *Tips) place(at fyne.Position) {
	size, room := t.shown.MinSize(), t.layer.Size()
	x, y := at.X+8, at.Y+20
	x = max(4, min(x, room.Width-size.Width-4))
	if y+size.Height > room.Height {
		y = max(4, at.Y-size.Height-8)
	}
	t.shown.Resize(size)
	t.shown.Move(fyne.NewPos(x, y))
}

// tip is the box with the words.
type tip struct {
	widget.BaseWidget
	text string
}

func newTip() *tip {
	t := &tip{}
	t.ExtendBaseWidget(t)
	return t
}

func (t *tip) say(text string) {
	t.text = text
	t.Refresh()
}

func (t *tip) CreateRenderer() fyne.WidgetRenderer {
	r := &tipRenderer{tip: t, ground: canvas.NewRectangle(color.Transparent)}
	r.ground.CornerRadius, r.ground.StrokeWidth = 4, 1
	r.Refresh()
	return r
}

type tipRenderer struct {
	tip    *tip
	ground *canvas.Rectangle
	lines  []*canvas.Text
}

func (r *tipRenderer) Destroy() {}

func (r *tipRenderer) Objects() []fyne.CanvasObject {
	if len(r.lines) == 0 {
		return nil
	}
	objects := []fyne.CanvasObject{r.ground}
	for _, l := range r.lines {
		objects = append(objects, l)
	}
	return objects
}

func (r *tipRenderer) MinSize() fyne.Size {
	size := fyne.Size{}
	for _, l := range r.lines {
		min := l.MinSize()
		size = fyne.NewSize(max(size.Width, min.Width), size.Height+min.Height)
	}
	if len(r.lines) == 0 {
		return size
	}
	return size.AddWidthHeight(16, 8)
}

func (r *tipRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	y := float32(4)
	for _, l := range r.lines {
		l.Move(fyne.NewPos(8, y))
		l.Resize(l.MinSize())
		y += l.MinSize().Height
	}
}

func (r *tipRenderer) Refresh() {
	r.ground.FillColor, r.ground.StrokeColor = theme.Color(look.Raised), theme.Color(look.Line)
	r.lines = nil
	for _, line := range wrap(r.tip.text, tipColumns, tipLines) {
		text := canvas.NewText(line, theme.Color(theme.ColorNameForeground))
		text.TextSize = theme.CaptionTextSize()
		r.lines = append(r.lines, text)
	}
	r.Layout(r.tip.Size())
	canvas.Refresh(r.tip)
}

// wrap breaks text at blanks into lines of at most so many letters; longer words are broken too.
func wrap(text string, columns, most int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		for {
			runes := []rune(word)
			if len(runes) <= columns {
				break
			}
			if line != "" {
				lines, line = append(lines, line), ""
			}
			lines, word = append(lines, string(runes[:columns])), string(runes[columns:])
		}
		switch {
		case line == "":
			line = word
		case len([]rune(line))+1+len([]rune(word)) <= columns:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	if len(lines) > most {
		lines = append(lines[:most-1], lines[most-1]+" …")
	}
	return lines
}

package widgets

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
)

// tableHeader shows the columns' titles; a tap on one sorts, and a border between two can be dragged. A double tap on a
// border gives the column the width that it was made with.
type tableHeader struct {
	widget.BaseWidget
	layout    *columnLayout
	titles    []string
	sorted    int
	reverse   bool
	onTap     func(column int)
	onResize  func()
	onResized func()

	atBorder bool // the pointer is
	dragged  int  // column whose right border is dragged; -1: none
	start    float32
	tapped   int // border, and when
	tappedAt time.Time
}

const borderReach = 5 // how far from a border it can be taken

var (
	_ fyne.Tappable      = (*tableHeader)(nil)
	_ fyne.Draggable     = (*tableHeader)(nil)
	_ desktop.Hoverable  = (*tableHeader)(nil)
	_ desktop.Cursorable = (*tableHeader)(nil)
	_ desktop.Mouseable  = (*tableHeader)(nil)
)

func newTableHeader(titles []string, g *columnLayout) *tableHeader {
	h := &tableHeader{layout: g, titles: titles, sorted: -1, dragged: -1, tapped: -1}
	h.ExtendBaseWidget(h)
	return h
}

func (h *tableHeader) mark(column int, reverse bool) {
	h.sorted, h.reverse = column, reverse
	h.Refresh()
}

// border returns the column whose right border is near x; -1 if none is. The last column's is the table's edge.
func (h *tableHeader) border(x float32) (found int) {
	found = -1
	h.layout.each(h.Size().Width, func(i int, left, w float32, _ bool) {
		if right := left + w; x > right-borderReach && x < right+borderReach && i < len(h.titles)-1 {
			found = i
		}
	})
	return found
}

// Tapped implements fyne.Tappable.
func (h *tableHeader) Tapped(e *fyne.PointEvent) {
	if b := h.border(e.Position.X); b >= 0 {
		if b == h.tapped && time.Since(h.tappedAt) < doubleTap {
			h.layout.columns[b].width = h.layout.columns[b].asMade
			h.onResize()
			h.onResized()
		}
		h.tapped, h.tappedAt = b, time.Now()
		return
	}
	h.layout.each(h.Size().Width, func(i int, x, w float32, _ bool) {
		if e.Position.X >= x && e.Position.X < x+w {
			h.onTap(i)
		}
	})
}

// MouseDown implements desktop.Mouseable: a drag is told only after the pointer has left where it began.
func (h *tableHeader) MouseDown(e *desktop.MouseEvent) {
	h.dragged, h.start = h.border(e.Position.X), e.Position.X
}

// MouseUp implements desktop.Mouseable.
func (h *tableHeader) MouseUp(*desktop.MouseEvent) {}

// Dragged implements fyne.Draggable.
func (h *tableHeader) Dragged(e *fyne.DragEvent) {
	if h.dragged < 0 {
		return
	}
	h.layout.each(h.Size().Width, func(i int, x, w float32, _ bool) {
		if i == h.dragged {
			h.resize(i, e.Position.X-x)
		}
	})
	h.onResize()
}

// resize gives a column a width. A column that took a share and is right-most of those keeps the rest flexible: the
// columns before it are fixed instead, at what they have.
func (h *tableHeader) resize(column int, width float32) {
	width = max(narrowest, width)
	c := &h.layout.columns[column]
	shares := 0
	for _, other := range h.layout.columns {
		if other.width == 0 {
			shares++
		}
	}
	if c.width == 0 && shares == 1 {
		// The only flexible column: its neighbour gives or takes.
		next := &h.layout.columns[column+1]
		now := float32(0)
		h.layout.each(h.Size().Width, func(i int, _, w float32, _ bool) {
			if i == column {
				now = w
			}
		})
		next.width = max(narrowest, next.width-(width-now))
		return
	}
	c.width = width
}

// DragEnd implements fyne.Draggable.
func (h *tableHeader) DragEnd() {
	if h.dragged >= 0 {
		h.dragged = -1
		h.onResized()
	}
}

// MouseIn implements desktop.Hoverable.
func (h *tableHeader) MouseIn(e *desktop.MouseEvent) { h.MouseMoved(e) }

// MouseMoved implements desktop.Hoverable.
func (h *tableHeader) MouseMoved(e *desktop.MouseEvent) { h.atBorder = h.border(e.Position.X) >= 0 }

// MouseOut implements desktop.Hoverable.
func (h *tableHeader) MouseOut() { h.atBorder = false }

// Cursor implements desktop.Cursorable.
func (h *tableHeader) Cursor() desktop.Cursor {
	if h.atBorder || h.dragged >= 0 {
		return desktop.HResizeCursor
	}
	return desktop.DefaultCursor
}

func (h *tableHeader) MinSize() fyne.Size { return fyne.NewSize(40, look.DenseRowHeight) }

func (h *tableHeader) CreateRenderer() fyne.WidgetRenderer {
	v := &headerRenderer{header: h, ground: canvas.NewRectangle(color.Transparent), line: canvas.NewRectangle(color.Transparent)}
	v.objects = []fyne.CanvasObject{v.ground, v.line}
	for i := range h.titles {
		text := canvas.NewText("", color.Transparent)
		text.TextStyle.Bold = true
		v.texts = append(v.texts, text)
		v.objects = append(v.objects, text)
		if i < len(h.titles)-1 {
			border := canvas.NewRectangle(color.Transparent)
			v.borders = append(v.borders, border)
			v.objects = append(v.objects, border)
		}
	}
	v.Refresh()
	return v
}

type headerRenderer struct {
	header       *tableHeader
	ground, line *canvas.Rectangle
	texts        []*canvas.Text
	borders      []*canvas.Rectangle
	objects      []fyne.CanvasObject
}

func (v *headerRenderer) Destroy()                     {}
func (v *headerRenderer) Objects() []fyne.CanvasObject { return v.objects }
func (v *headerRenderer) MinSize() fyne.Size           { return v.header.MinSize() }

func (v *headerRenderer) Layout(size fyne.Size) {
	v.ground.Resize(size)
	v.line.Resize(fyne.NewSize(size.Width, 1))
	v.line.Move(fyne.NewPos(0, size.Height-1))
	v.header.layout.each(size.Width, func(i int, x, w float32, right bool) {
		text := v.texts[i]
		text.Alignment = alignment(right)
		text.Text = ellipsis(v.title(i), w-2*cellPadding, text.TextSize, text.TextStyle)
		height := text.MinSize().Height
		text.Resize(fyne.NewSize(w-2*cellPadding, height))
		text.Move(fyne.NewPos(x+cellPadding, (size.Height-height)/2))
		if i < len(v.borders) {
			v.borders[i].Resize(fyne.NewSize(1, size.Height-14))
			v.borders[i].Move(fyne.NewPos(x+w, 7))
		}
	})
}

func (v *headerRenderer) title(i int) string {
	switch {
	case i != v.header.sorted:
		return v.header.titles[i]
	case v.header.reverse:
		return v.header.titles[i] + " ↓"
	}
	return v.header.titles[i] + " ↑"
}

func (v *headerRenderer) Refresh() {
	v.ground.FillColor, v.line.FillColor = theme.Color(look.Raised), theme.Color(look.Line)
	for _, b := range v.borders {
		b.FillColor = theme.Color(look.Line)
	}
	for i, text := range v.texts {
		text.TextSize, text.Color = theme.CaptionTextSize(), theme.Color(look.Muted)
		if i == v.header.sorted {
			text.Color = theme.Color(theme.ColorNameForeground)
		}
	}
	v.Layout(v.header.Size())
	canvas.Refresh(v.header)
}

package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
)

type columnGeometry struct {
	width float32
	right bool
}

// columnLayout gives header and rows the same columns.
type columnLayout struct{ columns []columnGeometry }

const (
	cellPadding float32 = 8
	iconSize    float32 = 16
)

// each calls f with the place of every column in a row of this width.
func (g columnLayout) each(width float32, f func(i int, x, w float32, right bool)) {
	left, shares := width, 0
	for _, c := range g.columns {
		if left -= c.width; c.width == 0 {
			shares++
		}
	}
	x := float32(0)
	for i, c := range g.columns {
		w := c.width
		if w == 0 {
			w = max(40, left/float32(shares))
		}
		f(i, x, w, c.right)
		x += w
	}
}

func alignment(right bool) fyne.TextAlign {
	if right {
		return fyne.TextAlignTrailing
	}
	return fyne.TextAlignLeading
}

func themeColor(name fyne.ThemeColorName) color.Color {
	if name == "" {
		name = theme.ColorNameForeground
	}
	return theme.Color(name)
}

// ellipsis shortens text to what fits the width.
func ellipsis(text string, width, size float32, style fyne.TextStyle) string {
	if fyne.MeasureText(text, size, style).Width <= width {
		return text
	}
	runes := []rune(text)
	low, high := 0, len(runes)
	for low < high {
		middle := (low + high + 1) / 2
		if fyne.MeasureText(string(runes[:middle])+"…", size, style).Width <= width {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return string(runes[:low]) + "…"
}

// A tableRow shows the cells of one row; lists use it again for other rows, so set sets everything.
type tableRow struct {
	widget.BaseWidget
	layout   columnLayout
	cells    []Cell
	selected bool
	hovered  bool
	onTap    func()
	onMenu   func(fyne.Position)
}

var (
	_ fyne.Tappable          = (*tableRow)(nil)
	_ fyne.SecondaryTappable = (*tableRow)(nil)
	_ desktop.Hoverable      = (*tableRow)(nil)
)

func newTableRow(g columnLayout) *tableRow {
	r := &tableRow{layout: g, cells: make([]Cell, len(g.columns))}
	r.ExtendBaseWidget(r)
	return r
}

func (r *tableRow) set(cells []Cell, selected bool) {
	r.cells, r.selected = cells, selected
	r.Refresh()
}

func (r *tableRow) Tapped(*fyne.PointEvent)            { r.onTap() }
func (r *tableRow) TappedSecondary(e *fyne.PointEvent) { r.onMenu(e.AbsolutePosition) }
func (r *tableRow) MouseIn(*desktop.MouseEvent)        { r.hovered = true; r.Refresh() }
func (r *tableRow) MouseMoved(*desktop.MouseEvent)     {}
func (r *tableRow) MouseOut()                          { r.hovered = false; r.Refresh() }

func (r *tableRow) MinSize() fyne.Size { return fyne.NewSize(40, look.RowHeight) }

func (r *tableRow) CreateRenderer() fyne.WidgetRenderer {
	v := &rowRenderer{row: r, ground: canvas.NewRectangle(color.Transparent), bar: canvas.NewRectangle(color.Transparent)}
	v.ground.CornerRadius = 4
	v.objects = []fyne.CanvasObject{v.ground, v.bar}
	for range r.layout.columns {
		text, icon := canvas.NewText("", color.Transparent), canvas.NewImageFromResource(nil)
		v.texts, v.icons = append(v.texts, text), append(v.icons, icon)
		v.objects = append(v.objects, icon, text)
	}
	v.Refresh()
	return v
}

type rowRenderer struct {
	row         *tableRow
	ground, bar *canvas.Rectangle
	texts       []*canvas.Text
	icons       []*canvas.Image
	objects     []fyne.CanvasObject
}

func (v *rowRenderer) Destroy()                     {}
func (v *rowRenderer) Objects() []fyne.CanvasObject { return v.objects }
func (v *rowRenderer) MinSize() fyne.Size           { return v.row.MinSize() }

func (v *rowRenderer) Layout(size fyne.Size) {
	v.ground.Resize(size)
	v.bar.Resize(fyne.NewSize(3, size.Height))
	v.row.layout.each(size.Width, func(i int, x, w float32, right bool) {
		cell, text := v.row.cells[i], v.texts[i]
		x, w = x+cellPadding, w-2*cellPadding
		v.icons[i].Hidden = cell.State == nil
		if cell.State != nil {
			v.icons[i].Resize(fyne.NewSquareSize(iconSize))
			v.icons[i].Move(fyne.NewPos(x, (size.Height-iconSize)/2))
			x, w = x+iconSize+6, w-iconSize-6
		}
		text.Text = ellipsis(cell.Text, w, text.TextSize, text.TextStyle)
		text.Alignment = alignment(right)
		height := text.MinSize().Height
		text.Resize(fyne.NewSize(w, height))
		text.Move(fyne.NewPos(x, (size.Height-height)/2))
	})
}

func (v *rowRenderer) Refresh() {
	v.ground.FillColor, v.bar.FillColor = color.Transparent, color.Transparent
	switch {
	case v.row.selected:
		v.ground.FillColor, v.bar.FillColor = theme.Color(theme.ColorNameSelection), theme.Color(theme.ColorNamePrimary)
	case v.row.hovered:
		v.ground.FillColor = theme.Color(theme.ColorNameHover)
	}
	for i, cell := range v.row.cells {
		v.texts[i].TextSize = theme.TextSize()
		v.texts[i].TextStyle.Monospace = v.row.layout.columns[i].right
		v.texts[i].Color = themeColor(cell.Color)
		if cell.State != nil {
			v.icons[i].Resource = cell.State.Icon()
			v.icons[i].Refresh()
		}
	}
	v.Layout(v.row.Size())
	canvas.Refresh(v.row)
}

// tableHeader shows the columns' titles; a tap on one sorts.
type tableHeader struct {
	widget.BaseWidget
	layout  columnLayout
	titles  []string
	sorted  int
	reverse bool
	onTap   func(column int)
}

func newTableHeader(titles []string, g columnLayout, onTap func(int)) *tableHeader {
	h := &tableHeader{layout: g, titles: titles, sorted: -1, onTap: onTap}
	h.ExtendBaseWidget(h)
	return h
}

func (h *tableHeader) mark(column int, reverse bool) {
	h.sorted, h.reverse = column, reverse
	h.Refresh()
}

func (h *tableHeader) Tapped(e *fyne.PointEvent) {
	h.layout.each(h.Size().Width, func(i int, x, w float32, _ bool) {
		if e.Position.X >= x && e.Position.X < x+w {
			h.onTap(i)
		}
	})
}

func (h *tableHeader) MinSize() fyne.Size { return fyne.NewSize(40, look.DenseRowHeight) }

func (h *tableHeader) CreateRenderer() fyne.WidgetRenderer {
	v := &headerRenderer{header: h, ground: canvas.NewRectangle(color.Transparent), line: canvas.NewRectangle(color.Transparent)}
	v.objects = []fyne.CanvasObject{v.ground, v.line}
	for range h.titles {
		text := canvas.NewText("", color.Transparent)
		text.TextStyle.Bold = true
		v.texts = append(v.texts, text)
		v.objects = append(v.objects, text)
	}
	v.Refresh()
	return v
}

type headerRenderer struct {
	header       *tableHeader
	ground, line *canvas.Rectangle
	texts        []*canvas.Text
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
		height := text.MinSize().Height
		text.Resize(fyne.NewSize(w-2*cellPadding, height))
		text.Move(fyne.NewPos(x+cellPadding, (size.Height-height)/2))
	})
}

func (v *headerRenderer) Refresh() {
	v.ground.FillColor, v.line.FillColor = theme.Color(look.Raised), theme.Color(look.Line)
	for i, title := range v.header.titles {
		if i == v.header.sorted {
			arrow := " ↑"
			if v.header.reverse {
				arrow = " ↓"
			}
			title += arrow
		}
		v.texts[i].Text, v.texts[i].TextSize, v.texts[i].Color = title, theme.CaptionTextSize(), theme.Color(look.Muted)
	}
	v.Layout(v.header.Size())
	canvas.Refresh(v.header)
}

// rowList is a list of tableRows that opens the selected one by Return.
type rowList struct {
	widget.List
	onReturn func()
}

func newRowList(length func() int, create func() *tableRow, update func(int, *tableRow), onReturn func()) *rowList {
	l := &rowList{onReturn: onReturn}
	l.Length = length
	l.CreateItem = func() fyne.CanvasObject { return create() }
	l.UpdateItem = func(id widget.ListItemID, o fyne.CanvasObject) { update(id, o.(*tableRow)) }
	l.HideSeparators = true
	l.ExtendBaseWidget(l)
	return l
}

func (l *rowList) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter {
		l.onReturn()
		return
	}
	l.List.TypedKey(e)
}

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
	width  float32 // 0: a share of what is left
	asMade float32
	right  bool
}

// columnLayout gives header and rows the same columns.
type columnLayout struct{ columns []columnGeometry }

const (
	cellPadding float32 = 8
	iconSize    float32 = 16
	narrowest   float32 = 40 // column
	narrowShare float32 = 80 // column that takes a share
)

// each calls f with the place of every column in a row of this width. Columns of a fixed width give way where they would
// leave the others none.
func (g *columnLayout) each(width float32, f func(i int, x, w float32, right bool)) {
	fixed, shares := float32(0), 0
	for _, c := range g.columns {
		if fixed += c.width; c.width == 0 {
			shares++
		}
	}
	scale := float32(1)
	if room := width - float32(shares)*narrowShare; fixed > room && room > 0 {
		scale = room / fixed
	}
	x := float32(0)
	for i, c := range g.columns {
		w := c.width * scale
		if c.width == 0 {
			w = max(narrowShare, (width-fixed*scale)/float32(shares))
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
	if text == "" || fyne.MeasureText(text, size, style).Width <= width {
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
	layout   *columnLayout
	tips     *Tips
	cells    []Cell
	cut      []bool // which texts are not shown whole
	selected bool
	cursor   bool
	hovered  bool
	onTap    func()
	onMenu   func(fyne.Position)
}

var (
	_ fyne.Tappable          = (*tableRow)(nil)
	_ fyne.SecondaryTappable = (*tableRow)(nil)
	_ desktop.Hoverable      = (*tableRow)(nil)
)

func newTableRow(g *columnLayout, tips *Tips) *tableRow {
	r := &tableRow{layout: g, tips: tips, cells: make([]Cell, len(g.columns)), cut: make([]bool, len(g.columns))}
	r.ExtendBaseWidget(r)
	return r
}

func (r *tableRow) set(cells []Cell, selected, cursor bool) {
	r.cells, r.selected, r.cursor = cells, selected, cursor
	r.Refresh()
}

func (r *tableRow) Tapped(*fyne.PointEvent)            { r.onTap() }
func (r *tableRow) TappedSecondary(e *fyne.PointEvent) { r.onMenu(e.AbsolutePosition) }
func (r *tableRow) MouseIn(e *desktop.MouseEvent)      { r.hovered = true; r.Refresh(); r.MouseMoved(e) }
func (r *tableRow) MouseOut()                          { r.hovered = false; r.Refresh(); r.tips.Hide() }

// MouseMoved shows what the cell under the pointer does not.
func (r *tableRow) MouseMoved(e *desktop.MouseEvent) {
	text := ""
	r.layout.each(r.Size().Width, func(i int, x, w float32, _ bool) {
		if e.Position.X < x || e.Position.X >= x+w {
			return
		}
		if text = r.cells[i].Tip; text == "" && r.cut[i] {
			text = r.cells[i].Text
		}
	})
	r.tips.Show(text, e.AbsolutePosition)
}

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
		v.row.cut[i] = text.Text != cell.Text
		text.Alignment = alignment(right)
		height := text.MinSize().Height
		text.Resize(fyne.NewSize(w, height))
		text.Move(fyne.NewPos(x, (size.Height-height)/2))
	})
}

func (v *rowRenderer) Refresh() {
	v.ground.FillColor, v.bar.FillColor, v.ground.StrokeWidth = color.Transparent, color.Transparent, 0
	switch {
	case v.row.selected:
		v.ground.FillColor, v.bar.FillColor = theme.Color(theme.ColorNameSelection), theme.Color(theme.ColorNamePrimary)
	case v.row.hovered:
		v.ground.FillColor = theme.Color(theme.ColorNameHover)
	}
	if v.row.cursor {
		v.ground.StrokeColor, v.ground.StrokeWidth = theme.Color(theme.ColorNamePrimary), 1
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

// rowList is a list of tableRows that leaves keys to its table, and the rest of them to the window.
type rowList struct {
	widget.List
	keys    Keys
	focused bool
	onKey   func(fyne.KeyName) (used bool)
	onAll   func()
	onFocus func()
}

func newRowList(length func() int, create func() *tableRow, update func(int, *tableRow)) *rowList {
	l := &rowList{}
	l.Length = length
	l.CreateItem = func() fyne.CanvasObject { return create() }
	l.UpdateItem = func(id widget.ListItemID, o fyne.CanvasObject) { update(id, o.(*tableRow)) }
	l.HideSeparators = true
	l.ExtendBaseWidget(l)
	return l
}

// inSight is how many rows are.
func (l *rowList) inSight() int { return max(1, int(l.Size().Height/(look.RowHeight+4))-1) }

// FocusGained implements fyne.Focusable. The list's own cursor is not used.
func (l *rowList) FocusGained() { l.focused = true; l.onFocus() }

// FocusLost implements fyne.Focusable.
func (l *rowList) FocusLost() { l.focused = false; l.onFocus() }

// TypedKey implements fyne.Focusable.
func (l *rowList) TypedKey(e *fyne.KeyEvent) {
	if !l.onKey(e.Name) {
		l.keys.Key(e)
	}
}

// TypedShortcut implements fyne.Shortcutable.
func (l *rowList) TypedShortcut(s fyne.Shortcut) {
	if _, ok := s.(*fyne.ShortcutSelectAll); ok {
		l.onAll()
		return
	}
	if c, ok := s.(*desktop.CustomShortcut); ok && c.Modifier&^fyne.KeyModifierShift == fyne.KeyModifierShortcutDefault && l.onKey(c.KeyName) {
		return
	}
	l.keys.Shortcut(s)
}

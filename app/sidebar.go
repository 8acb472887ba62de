package app

import (
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
	"mainbus/app/widgets"
)

// An entry is one screen that the sidebar leads to.
type entry struct {
	name string
	icon fyne.Resource
	open func()
}

// sidebar lists the screens; only those that exist.
type sidebar struct {
	widget.BaseWidget
	entries []entry
	rows    []*sidebarRow
	content fyne.CanvasObject
}

func newSidebar(entries []entry) *sidebar {
	s := &sidebar{entries: entries}
	column := container.NewVBox(container.NewPadded(container.NewPadded(widgets.NewText("Mainbus", "", theme.SizeNameHeadingText).Bold())))
	for _, e := range entries {
		row := newSidebarRow(e)
		s.rows = append(s.rows, row)
		column.Add(row)
	}
	s.content = widgets.NewPanel(look.Surface, 0, column)
	s.ExtendBaseWidget(s)
	return s
}

func (s *sidebar) MinSize() fyne.Size {
	return fyne.NewSize(look.SidebarWidth, s.content.MinSize().Height)
}
func (s *sidebar) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.content) }

func (s *sidebar) choose(i int) {
	for n, row := range s.rows {
		row.chosen = n == i
		row.Refresh()
	}
}

// badge shows a number at an entry that wants attention; 0 shows none.
func (s *sidebar) badge(i, count int) {
	if s.rows[i].count != count {
		s.rows[i].count = count
		s.rows[i].Refresh()
	}
}

type sidebarRow struct {
	widget.BaseWidget
	entry   entry
	chosen  bool
	hovered bool
	count   int
}

var (
	_ fyne.Tappable     = (*sidebarRow)(nil)
	_ desktop.Hoverable = (*sidebarRow)(nil)
)

func newSidebarRow(e entry) *sidebarRow {
	r := &sidebarRow{entry: e}
	r.ExtendBaseWidget(r)
	return r
}

func (r *sidebarRow) Tapped(*fyne.PointEvent)        { r.entry.open() }
func (r *sidebarRow) MouseIn(*desktop.MouseEvent)    { r.hovered = true; r.Refresh() }
func (r *sidebarRow) MouseMoved(*desktop.MouseEvent) {}
func (r *sidebarRow) MouseOut()                      { r.hovered = false; r.Refresh() }
func (r *sidebarRow) MinSize() fyne.Size             { return fyne.NewSize(look.SidebarWidth, 36) }

func (r *sidebarRow) CreateRenderer() fyne.WidgetRenderer {
	v := &sidebarRenderer{
		row: r, ground: canvas.NewRectangle(color.Transparent), bar: canvas.NewRectangle(color.Transparent),
		icon: canvas.NewImageFromResource(nil), name: canvas.NewText(r.entry.name, color.Transparent), count: canvas.NewText("", color.Transparent),
	}
	v.ground.CornerRadius = 6
	v.count.TextStyle.Bold = true
	v.Refresh()
	return v
}

type sidebarRenderer struct {
	row         *sidebarRow
	ground, bar *canvas.Rectangle
	icon        *canvas.Image
	name, count *canvas.Text
}

func (v *sidebarRenderer) Destroy()           {}
func (v *sidebarRenderer) MinSize() fyne.Size { return v.row.MinSize() }
func (v *sidebarRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{v.ground, v.bar, v.icon, v.name, v.count}
}

func (v *sidebarRenderer) Layout(size fyne.Size) {
	const margin, icon = 6, 20
	v.ground.Resize(size.SubtractWidthHeight(2*margin, 2))
	v.ground.Move(fyne.NewPos(margin, 1))
	v.bar.Resize(fyne.NewSize(3, size.Height-12))
	v.bar.Move(fyne.NewPos(0, 6))
	v.icon.Resize(fyne.NewSquareSize(icon))
	v.icon.Move(fyne.NewPos(16, (size.Height-icon)/2))
	height := v.name.MinSize().Height
	v.name.Move(fyne.NewPos(46, (size.Height-height)/2))
	v.name.Resize(fyne.NewSize(size.Width-86, height))
	width := v.count.MinSize().Width
	v.count.Resize(fyne.NewSize(width, height))
	v.count.Move(fyne.NewPos(size.Width-20-width, (size.Height-height)/2))
}

func (v *sidebarRenderer) Refresh() {
	v.ground.FillColor, v.bar.FillColor = color.Transparent, color.Transparent
	tint := look.Muted
	text := theme.Color(look.Muted)
	switch {
	case v.row.chosen:
		v.ground.FillColor, v.bar.FillColor = theme.Color(look.Raised), theme.Color(theme.ColorNamePrimary)
		tint, text = theme.ColorNamePrimary, theme.Color(theme.ColorNameForeground)
	case v.row.hovered:
		v.ground.FillColor = theme.Color(theme.ColorNameHover)
	}
	v.icon.Resource = theme.NewColoredResource(v.row.entry.icon, tint)
	v.icon.Refresh()
	v.name.Color, v.name.TextSize = text, theme.TextSize()
	v.count.Text = ""
	if v.row.count > 0 {
		v.count.Text = strconv.Itoa(v.row.count)
	}
	v.count.Color, v.count.TextSize = theme.Color(look.Info), theme.CaptionTextSize()
	v.Layout(v.row.Size())
	canvas.Refresh(v.row)
}

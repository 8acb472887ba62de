package app

import (
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
	"mainbus/app/settings"
	"mainbus/app/view"
	"mainbus/app/widgets"
)

// An entry is one screen that the sidebar leads to.
type entry struct {
	page string
	name string
	icon fyne.Resource
}

// sidebar lists the screens; only those that exist. It can be narrowed to their icons.
type sidebar struct {
	widget.BaseWidget
	settings *settings.Settings
	rows     []*sidebarRow
	title    *widgets.Text
	narrow   *widgets.Chip
	content  fyne.CanvasObject
}

const narrowWidth float32 = 56

func newSidebar(w *Window, tips *widgets.Tips, s *settings.Settings, entries []entry) *sidebar {
	b := &sidebar{settings: s, title: widgets.NewText("Mainbus", "", theme.SizeNameHeadingText).Bold()}
	column := container.NewVBox(container.NewPadded(container.NewPadded(b.title)))
	for _, e := range entries {
		row := newSidebarRow(e, tips, func() { w.visit(view.Place{Page: e.page}) })
		b.rows = append(b.rows, row)
		column.Add(row)
	}
	b.narrow = widgets.NewChip(w, tips, look.NarrowIcon, "", b.toggle)
	foot := container.NewPadded(container.NewHBox(container.NewPadded(b.narrow)))
	b.content = widgets.NewPanel(look.Surface, 0, container.NewBorder(nil, foot, nil, nil, column))
	b.ExtendBaseWidget(b)
	b.arrange()
	return b
}

func (b *sidebar) MinSize() fyne.Size {
	return fyne.NewSize(b.width(), b.content.MinSize().Height)
}
func (b *sidebar) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(b.content) }

func (b *sidebar) width() float32 {
	if b.settings.Narrow() {
		return narrowWidth
	}
	return look.SidebarWidth
}

// toggle narrows the sidebar to icons, or widens it again.
func (b *sidebar) toggle() {
	b.settings.SetNarrow(!b.settings.Narrow())
	b.arrange()
	b.Refresh()
}

func (b *sidebar) arrange() {
	b.title.Set("Mainbus", "")
	b.narrow.Tip = lang.L("Narrow the sidebar")
	if b.settings.Narrow() {
		b.title.Set("M", "")
		b.narrow.Tip = lang.L("Widen the sidebar")
	}
	for _, row := range b.rows {
		row.narrow, row.width = b.settings.Narrow(), b.width()
		row.Refresh()
	}
}

func (b *sidebar) choose(page string) {
	for _, row := range b.rows {
		row.chosen = row.entry.page == page
		row.Refresh()
	}
}

// badge shows a number at an entry that wants attention; 0 shows none.
func (b *sidebar) badge(page string, count int) {
	for _, row := range b.rows {
		if row.entry.page == page && row.count != count {
			row.count = count
			row.Refresh()
		}
	}
}

type sidebarRow struct {
	widget.BaseWidget
	entry   entry
	tips    *widgets.Tips
	open    func()
	narrow  bool
	width   float32
	chosen  bool
	hovered bool
	count   int
}

var (
	_ fyne.Tappable     = (*sidebarRow)(nil)
	_ desktop.Hoverable = (*sidebarRow)(nil)
)

func newSidebarRow(e entry, tips *widgets.Tips, open func()) *sidebarRow {
	r := &sidebarRow{entry: e, tips: tips, open: open, width: look.SidebarWidth}
	r.ExtendBaseWidget(r)
	return r
}

func (r *sidebarRow) Tapped(*fyne.PointEvent)        { r.open() }
func (r *sidebarRow) MouseMoved(*desktop.MouseEvent) {}
func (r *sidebarRow) MinSize() fyne.Size             { return fyne.NewSize(r.width, 36) }

func (r *sidebarRow) MouseIn(e *desktop.MouseEvent) {
	r.hovered = true
	r.Refresh()
	if r.narrow {
		r.tips.Show(r.entry.name, e.AbsolutePosition)
	}
}

func (r *sidebarRow) MouseOut() {
	r.hovered = false
	r.Refresh()
	r.tips.Hide()
}

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
	v.icon.Move(fyne.NewPos(18, (size.Height-icon)/2))
	v.name.Hidden = v.row.narrow
	height := v.name.MinSize().Height
	v.name.Move(fyne.NewPos(46, (size.Height-height)/2))
	v.name.Resize(fyne.NewSize(size.Width-86, height))
	width := v.count.MinSize().Width
	v.count.Resize(fyne.NewSize(width, height))
	v.count.Move(fyne.NewPos(size.Width-20-width, (size.Height-height)/2))
	if v.row.narrow {
		v.count.Move(fyne.NewPos(size.Width-8-width, 0))
	}
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

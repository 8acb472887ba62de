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

// A Chip is a flat button of the frame: an icon, a short text, or both, with a tip. It is reached by Tab and pressed by
// Space or Return.
type Chip struct {
	widget.DisableableWidget
	Tip   string
	OnTap func()

	icon    fyne.Resource
	text    string
	color   fyne.ThemeColorName
	boxed   bool // on a ground of its own
	wide    float32
	tips    *Tips
	keys    Keys
	hovered bool
	focused bool
}

var (
	_ fyne.Tappable     = (*Chip)(nil)
	_ fyne.Focusable    = (*Chip)(nil)
	_ desktop.Hoverable = (*Chip)(nil)
)

// NewChip makes one.
func NewChip(keys Keys, tips *Tips, icon fyne.Resource, tip string, onTap func()) *Chip {
	c := &Chip{icon: icon, Tip: tip, OnTap: onTap, color: look.Muted, tips: tips, keys: keys}
	c.ExtendBaseWidget(c)
	return c
}

// Boxed puts it on a ground of its own, at least so wide, and returns it.
func (c *Chip) Boxed(wide float32) *Chip {
	c.boxed, c.wide = true, wide
	return c
}

// Set changes what it shows.
func (c *Chip) Set(text string, col fyne.ThemeColorName) {
	if c.text != text || c.color != col {
		c.text, c.color = text, col
		c.Refresh()
	}
}

// Text returns what it says.
func (c *Chip) Text() string { return c.text }

// Tapped implements fyne.Tappable.
func (c *Chip) Tapped(*fyne.PointEvent) {
	if !c.Disabled() {
		c.tips.Hide()
		c.OnTap()
	}
}

// MouseIn implements desktop.Hoverable.
func (c *Chip) MouseIn(e *desktop.MouseEvent) {
	c.hovered = true
	c.Refresh()
	c.tips.Show(c.Tip, e.AbsolutePosition)
}

// MouseMoved implements desktop.Hoverable.
func (c *Chip) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (c *Chip) MouseOut() {
	c.hovered = false
	c.Refresh()
	c.tips.Hide()
}

// FocusGained implements fyne.Focusable.
func (c *Chip) FocusGained() { c.focused = true; c.Refresh() }

// FocusLost implements fyne.Focusable.
func (c *Chip) FocusLost() { c.focused = false; c.Refresh() }

// TypedRune implements fyne.Focusable.
func (c *Chip) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (c *Chip) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		c.Tapped(nil)
	default:
		c.keys.Key(e)
	}
}

// TypedShortcut implements fyne.Shortcutable.
func (c *Chip) TypedShortcut(s fyne.Shortcut) { c.keys.Shortcut(s) }

// CreateRenderer implements fyne.Widget.
func (c *Chip) CreateRenderer() fyne.WidgetRenderer {
	v := &chipRenderer{chip: c, ground: canvas.NewRectangle(color.Transparent), icon: canvas.NewImageFromResource(nil), text: canvas.NewText("", color.Transparent)}
	v.ground.CornerRadius = 6
	v.Refresh()
	return v
}

type chipRenderer struct {
	chip   *Chip
	ground *canvas.Rectangle
	icon   *canvas.Image
	text   *canvas.Text
}

const chipHeight, chipIcon, chipPadding float32 = 32, 16, 8

func (v *chipRenderer) Destroy() {}
func (v *chipRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{v.ground, v.icon, v.text}
}

func (v *chipRenderer) MinSize() fyne.Size {
	width := 2 * chipPadding
	if v.chip.icon != nil {
		width += chipIcon
	}
	if v.chip.text != "" {
		width += fyne.MeasureText(v.chip.text, theme.CaptionTextSize(), v.text.TextStyle).Width
		if v.chip.icon != nil {
			width += 4
		}
	}
	return fyne.NewSize(max(width, v.chip.wide), chipHeight)
}

func (v *chipRenderer) Layout(size fyne.Size) {
	v.ground.Resize(size)
	x := chipPadding
	v.icon.Hidden = v.chip.icon == nil
	if v.chip.icon != nil {
		v.icon.Resize(fyne.NewSquareSize(chipIcon))
		v.icon.Move(fyne.NewPos(x, (size.Height-chipIcon)/2))
		x += chipIcon + 4
	}
	v.text.Text = ellipsis(v.chip.text, size.Width-x-chipPadding+1, v.text.TextSize, v.text.TextStyle)
	height := v.text.MinSize().Height
	v.text.Move(fyne.NewPos(x, (size.Height-height)/2))
	v.text.Resize(fyne.NewSize(size.Width-x-chipPadding, height))
}

func (v *chipRenderer) Refresh() {
	c := v.chip
	v.ground.FillColor, v.ground.StrokeWidth = color.Transparent, 0
	if c.boxed {
		v.ground.FillColor, v.ground.StrokeColor, v.ground.StrokeWidth = theme.Color(look.Raised), theme.Color(look.Line), 1
	}
	if c.hovered && !c.Disabled() {
		v.ground.FillColor = theme.Color(theme.ColorNameHover)
	}
	if c.focused {
		v.ground.StrokeColor, v.ground.StrokeWidth = theme.Color(theme.ColorNamePrimary), 1
	}
	tint := c.color
	if c.Disabled() {
		tint = look.Line
	}
	if c.icon != nil {
		v.icon.Resource = theme.NewColoredResource(c.icon, tint)
		v.icon.Refresh()
	}
	v.text.Color, v.text.TextSize = theme.Color(tint), theme.CaptionTextSize()
	v.Layout(c.Size())
	canvas.Refresh(c)
}

// A Progress is a thin line that shows how far something is, or that it goes on.
type Progress struct {
	widget.BaseWidget
	on    bool
	done  float64 // below 0: it is not known
	phase float32 // of what moves then
}

// NewProgress makes a line that shows nothing.
func NewProgress() *Progress {
	p := &Progress{}
	p.ExtendBaseWidget(p)
	return p
}

// Set shows progress from 0 to 1, below 0 that there is some, or nothing. Each call moves what shows that there is some.
func (p *Progress) Set(on bool, done float64) {
	if !on && !p.on {
		return
	}
	p.on, p.done = on, done
	p.phase += 0.125
	if p.phase > 1 {
		p.phase = -0.25
	}
	p.Refresh()
}

// MinSize implements fyne.CanvasObject.
func (p *Progress) MinSize() fyne.Size { return fyne.NewSize(10, 2) }

// CreateRenderer implements fyne.Widget.
func (p *Progress) CreateRenderer() fyne.WidgetRenderer {
	v := &progressRenderer{progress: p, ground: canvas.NewRectangle(color.Transparent), bar: canvas.NewRectangle(color.Transparent)}
	v.Refresh()
	return v
}

type progressRenderer struct {
	progress    *Progress
	ground, bar *canvas.Rectangle
}

func (v *progressRenderer) Destroy()                     {}
func (v *progressRenderer) MinSize() fyne.Size           { return v.progress.MinSize() }
func (v *progressRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{v.ground, v.bar} }

func (v *progressRenderer) Layout(size fyne.Size) {
	v.ground.Resize(fyne.NewSize(size.Width, 1))
	v.ground.Move(fyne.NewPos(0, size.Height-1))
	from, to := float32(0), float32(v.progress.done)
	if v.progress.done < 0 {
		from, to = max(0, v.progress.phase), min(1, v.progress.phase+0.25)
	}
	v.bar.Hidden = !v.progress.on || to <= from
	v.bar.Move(fyne.NewPos(from*size.Width, 0))
	v.bar.Resize(fyne.NewSize((to-from)*size.Width, size.Height))
}

func (v *progressRenderer) Refresh() {
	v.ground.FillColor, v.bar.FillColor = theme.Color(look.Line), theme.Color(theme.ColorNamePrimary)
	v.Layout(v.progress.Size())
	canvas.Refresh(v.progress)
}

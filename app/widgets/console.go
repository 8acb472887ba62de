package widgets

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// A ConsoleLine is one line of a server's console; Color is empty for ordinary lines.
type ConsoleLine struct {
	Text  string
	Color fyne.ThemeColorName
}

const (
	consoleLines   = 10000
	consoleColumns = 500 // of one line: longer ones are cut on screen, not in the log
)

// A Console shows the newest lines of a log. It keeps them in a ring and draws only those in sight, so its cost does not grow with
// what it holds. It follows the end until the user scrolls up.
type Console struct {
	widget.BaseWidget
	ring   lineRing
	filter string
	shown  []ConsoleLine // the ring's lines that pass the filter; nil without one
	grid   *widget.TextGrid
	newest *widget.Button
	top    int // index of the first line in sight
	follow bool
	rows   int
	cell   fyne.Size
	lowest float32 // height
}

var _ fyne.Scrollable = (*Console)(nil)

// NewConsole makes an empty console.
func NewConsole() *Console {
	c := &Console{grid: widget.NewTextGrid(), follow: true, lowest: 120}
	c.grid.Scroll = fyne.ScrollNone
	c.newest = widget.NewButtonWithIcon(lang.L("Jump to newest"), theme.MoveDownIcon(), func() { c.scrollTo(c.lastTop()) })
	c.newest.Importance = widget.HighImportance
	c.newest.Hide()
	c.ExtendBaseWidget(c)
	return c
}

// Append adds lines at the end; the oldest give way beyond 10,000.
func (c *Console) Append(lines ...ConsoleLine) {
	dropped := 0 // of those that are shown
	for _, line := range lines {
		if c.ring.full() && c.passes(c.ring.at(0)) {
			dropped++
		}
		c.ring.add(line)
	}
	c.refilter()
	if !c.follow {
		c.top = max(0, c.top-dropped)
	}
	c.Refresh()
}

// Clear forgets all lines.
func (c *Console) Clear() {
	c.ring, c.shown, c.top, c.follow = lineRing{}, nil, 0, true
	c.Refresh()
}

// SetFilter shows only lines that hold this text, whatever its case; empty shows all.
func (c *Console) SetFilter(text string) {
	c.filter = strings.ToLower(text)
	c.refilter()
	c.follow = true
	c.Refresh()
}

func (c *Console) refilter() {
	c.shown = nil
	if c.filter == "" {
		return
	}
	for i := range c.ring.len() {
		if line := c.ring.at(i); c.passes(line) {
			c.shown = append(c.shown, line)
		}
	}
}

func (c *Console) passes(line ConsoleLine) bool {
	return strings.Contains(strings.ToLower(line.Text), c.filter)
}

// Text returns all lines that are shown, for the clipboard.
func (c *Console) Text() string {
	var b strings.Builder
	for i := range c.length() {
		b.WriteString(c.line(i).Text)
		b.WriteByte('\n')
	}
	return b.String()
}

// Lines returns the newest lines that it holds, shown or not.
func (c *Console) Lines(most int) (lines []string) {
	for i := max(0, c.ring.len()-most); i < c.ring.len(); i++ {
		lines = append(lines, c.ring.at(i).Text)
	}
	return lines
}

func (c *Console) length() int {
	if c.filter != "" {
		return len(c.shown)
	}
	return c.ring.len()
}

func (c *Console) line(i int) ConsoleLine {
	if c.filter != "" {
		return c.shown[i]
	}
	return c.ring.at(i)
}

func (c *Console) lastTop() int { return max(0, c.length()-c.rows) }

func (c *Console) scrollTo(top int) {
	c.top = min(max(0, top), c.lastTop())
	c.follow = c.top == c.lastTop()
	c.Refresh()
}

// Page scrolls by so many pages; up is negative.
func (c *Console) Page(by int) { c.scrollTo(c.top + by*max(1, c.rows-1)) }

// Scrolled implements fyne.Scrollable.
func (c *Console) Scrolled(e *fyne.ScrollEvent) {
	const linesPerNotch = 3
	step := linesPerNotch
	if e.Scrolled.DY > 0 {
		step = -step
	}
	c.scrollTo(c.top + step)
}

// draw puts the lines in sight into the grid.
func (c *Console) draw() {
	if c.follow {
		c.top = c.lastTop()
	}
	c.top = min(c.top, c.lastTop())
	rows := make([]widget.TextGridRow, 0, c.rows)
	for i := c.top; i < min(c.top+c.rows, c.length()); i++ {
		rows = append(rows, gridRow(c.line(i)))
	}
	c.grid.Rows = rows
	c.grid.Refresh()
	c.newest.Hidden = c.follow
}

func gridRow(line ConsoleLine) widget.TextGridRow {
	var cells []widget.TextGridCell
	for _, r := range line.Text {
		if len(cells) == consoleColumns {
			break
		}
		if r < ' ' {
			r = ' '
		}
		cells = append(cells, widget.TextGridCell{Rune: r})
	}
	return widget.TextGridRow{Cells: cells, Style: &widget.CustomTextGridStyle{FGColor: themeColor(line.Color), BGColor: color.Transparent}}
}

// MinSize implements fyne.CanvasObject.
func (c *Console) MinSize() fyne.Size { return fyne.NewSize(240, c.lowest) }

// CreateRenderer implements fyne.Widget.
func (c *Console) CreateRenderer() fyne.WidgetRenderer {
	ground := canvas.NewRectangle(color.Transparent)
	ground.CornerRadius = 6
	corner := container.NewBorder(nil, container.NewBorder(nil, nil, nil, c.newest), nil, nil)
	return &consoleRenderer{console: c, ground: ground, corner: corner,
		objects: []fyne.CanvasObject{ground, container.New(clipped{}, c.grid), corner}}
}

// clipped gives its content the whole size without letting the content's wishes count.
type clipped struct{}

func (clipped) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(10, 10) }
func (clipped) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size)
	}
}

type consoleRenderer struct {
	console *Console
	ground  *canvas.Rectangle
	corner  fyne.CanvasObject
	objects []fyne.CanvasObject
}

func (r *consoleRenderer) Destroy()                     {}
func (r *consoleRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *consoleRenderer) MinSize() fyne.Size           { return r.console.MinSize() }

func (r *consoleRenderer) Layout(size fyne.Size) {
	const margin = 6
	r.ground.Resize(size)
	inner := size.SubtractWidthHeight(2*margin, 2*margin)
	r.objects[1].Resize(inner)
	r.objects[1].Move(fyne.NewPos(margin, margin))
	r.corner.Resize(inner)
	r.corner.Move(fyne.NewPos(margin, margin))
	r.console.cell = fyne.MeasureText("M", theme.TextSize(), fyne.TextStyle{Monospace: true})
	r.console.rows = max(0, int(inner.Height/r.console.cell.Height))
	r.console.draw()
}

func (r *consoleRenderer) Refresh() {
	r.ground.FillColor = theme.Color(theme.ColorNameInputBackground)
	r.console.draw()
	canvas.Refresh(r.console)
}

// lineRing keeps the newest lines.
type lineRing struct {
	lines []ConsoleLine
	first int
}

func (r *lineRing) len() int             { return len(r.lines) }
func (r *lineRing) full() bool           { return len(r.lines) == consoleLines }
func (r *lineRing) at(i int) ConsoleLine { return r.lines[(r.first+i)%len(r.lines)] }

// add puts a line at the end; in a full ring the oldest gives way.
func (r *lineRing) add(line ConsoleLine) {
	if !r.full() {
		r.lines = append(r.lines, line)
		return
	}
	r.lines[r.first] = line
	r.first = (r.first + 1) % len(r.lines)
}

package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"mainbus/app/look"
)

// A ChartPoint is a part of the width and of the height, from the lower left.
type ChartPoint struct{ X, Y float32 }

// A Chart draws lines over a time.
type Chart struct {
	widget.BaseWidget
	lines         [][]ChartPoint
	top, from, to string
}

// NewChart makes an empty one.
func NewChart() *Chart {
	c := &Chart{}
	c.ExtendBaseWidget(c)
	return c
}

// Set shows lines: top is the value at the upper edge, from and to are at the ends of the time.
func (c *Chart) Set(lines [][]ChartPoint, top, from, to string) {
	c.lines, c.top, c.from, c.to = lines, top, from, to
	c.Refresh()
}

const (
	chartGap    = 6
	chartStroke = 1.5
	chartGrid   = 4 // lines, the lower edge among them
)

// CreateRenderer implements fyne.Widget.
func (c *Chart) CreateRenderer() fyne.WidgetRenderer {
	r := &chartRenderer{chart: c}
	r.Refresh()
	return r
}

type chartRenderer struct {
	chart   *Chart
	objects []fyne.CanvasObject
}

func (r *chartRenderer) Destroy()                     {}
func (r *chartRenderer) MinSize() fyne.Size           { return fyne.NewSize(240, 120) }
func (r *chartRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *chartRenderer) Layout(fyne.Size)             { r.draw() }

func (r *chartRenderer) Refresh() {
	r.draw()
	canvas.Refresh(r.chart)
}

// draw makes all objects anew: a chart changes rarely, and all of it at once.
func (r *chartRenderer) draw() {
	c, size := r.chart, r.chart.Size()
	r.objects = nil
	text := func(words string) *canvas.Text {
		t := canvas.NewText(words, themeColor(look.Muted))
		t.TextSize = theme.CaptionTextSize()
		r.objects = append(r.objects, t)
		return t
	}
	top, from, to := text(c.top), text(c.from), text(c.to)
	foot := from.MinSize().Height + chartGap
	area := fyne.NewSize(size.Width, size.Height-foot)
	if area.Width <= 0 || area.Height <= 0 {
		return
	}
	from.Move(fyne.NewPos(0, area.Height+chartGap))
	to.Move(fyne.NewPos(area.Width-to.MinSize().Width, area.Height+chartGap))
	for n := range chartGrid {
		y := area.Height * float32(n) / (chartGrid - 1)
		r.line(theme.Color(theme.ColorNameSeparator), 1, fyne.NewPos(0, y), fyne.NewPos(area.Width, y))
	}
	at := func(p ChartPoint) fyne.Position { return fyne.NewPos(p.X*area.Width, (1-p.Y)*area.Height) }
	stroke := themeColor(look.Info)
	for _, points := range c.lines {
		if len(points) == 1 {
			p := at(points[0])
			r.line(stroke, 2*chartStroke, p, p.AddXY(2*chartStroke, 0))
		}
		for i := 1; i < len(points); i++ {
			r.line(stroke, chartStroke, at(points[i-1]), at(points[i]))
		}
	}
	top.Move(fyne.NewPos(2, 2))
}

func (r *chartRenderer) line(c color.Color, width float32, from, to fyne.Position) {
	l := canvas.NewLine(c)
	l.StrokeWidth, l.Position1, l.Position2 = width, from, to
	r.objects = append(r.objects, l)
}

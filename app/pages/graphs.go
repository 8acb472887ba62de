package pages

import (
	"context"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	"mainbus/app/look"
	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

// graphs show what was measured of a host or an instance.
type graphs struct {
	Params
	kind, id string
	all      []api.Figure
	figure   *widgets.Select
	span     *widgets.Select
	chart    *widgets.Chart
	summary  *widgets.Text
	problem  *widgets.ErrorCard
	cancel   func() // of the question for what is shown
}

// spans are how far back a graph can go, with their words.
var spans = []time.Duration{time.Hour, 12 * time.Hour, 7 * 24 * time.Hour, 90 * 24 * time.Hour}

func spanWords() []string {
	return []string{lang.L("last hour"), lang.L("last 12 hours"), lang.L("last week"), lang.L("last 90 days")}
}

// ShowGraphs opens the graphs of a host or an instance.
func ShowGraphs(p Params, kind, id, name string) {
	g := newGraphs(p, kind, id)
	d := p.newDialog(lang.L("{{.name}}, as measured", with{"name": name}), g.content())
	d.Buttons(lang.L("Close"))
	d.OnClosed(func() { g.cancel() })
	d.Resize(fyne.NewSize(760, 460))
	d.Show()
	g.ask()
}

func newGraphs(p Params, kind, id string) *graphs {
	g := &graphs{
		Params: p, kind: kind, id: id, all: api.InstanceFigures, chart: widgets.NewChart(), cancel: func() {},
		summary: widgets.NewText("", look.Muted, theme.SizeNameCaptionText).Cut(40), problem: widgets.NewErrorCard(),
	}
	if kind == api.KindHost {
		g.all = api.HostFigures
	}
	var words []string
	for _, f := range g.all {
		words = append(words, lang.L(f.Help))
	}
	g.figure, g.span = widgets.NewSelect(words, nil), widgets.NewSelect(spanWords(), nil)
	g.figure.SetSelectedIndex(0)
	g.span.SetSelectedIndex(0)
	g.figure.OnChanged = func(string) { g.ask() }
	g.span.OnChanged = g.figure.OnChanged
	return g
}

func (g *graphs) content() fyne.CanvasObject {
	return container.NewBorder(container.NewVBox(container.NewBorder(nil, nil, nil, g.span, g.figure), g.problem), g.summary, nil, nil, container.NewPadded(g.chart))
}

// ask shows the figure and the time that are chosen.
func (g *graphs) ask() {
	g.cancel()
	figure, span := g.all[max(0, g.figure.SelectedIndex())].Name, spans[max(0, g.span.SelectedIndex())]
	to := time.Now()
	g.cancel = ask(g.Params, g.problem, func(ctx context.Context) (api.FigureHistory, error) {
		return g.Service.FigureHistory(ctx, g.Caller, api.ReadFigure{Kind: g.kind, Name: g.id, Figure: figure, Seconds: int64(span.Seconds())})
	}, func(h api.FigureHistory) { g.show(view.NewChart(figure, h, to.Add(-span), to)) })
}

func (g *graphs) show(c view.Chart) {
	lines := make([][]widgets.ChartPoint, 0, len(c.Lines))
	for _, line := range c.Lines {
		points := slices.Grow([]widgets.ChartPoint(nil), len(line))
		for _, p := range line {
			points = append(points, widgets.ChartPoint(p))
		}
		lines = append(lines, points)
	}
	g.chart.Set(lines, c.Top, c.From, c.To)
	if c.Summary == "" {
		c.Summary = lang.L("Nothing was measured in that time.")
	}
	g.summary.Set(c.Summary, look.Muted)
}

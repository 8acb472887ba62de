package view

import (
	"math"
	"time"

	"mainbus/controller/api"
)

// A Chart is a figure over time, ready to be drawn. Places are parts of the width and of the height, from the lower left.
type Chart struct {
	Lines    [][]ChartPoint // one for each stretch without a gap
	Top      string         // the value at the upper edge; the lower one is 0
	From, To string
	Summary  string // empty: nothing was measured
}

// ChartPoint is a point of a line.
type ChartPoint struct{ X, Y float32 }

// NewChart draws what a figure was in a span of time.
func NewChart(figure string, h api.FigureHistory, from, to time.Time) Chart {
	c := Chart{From: Clock(from, to), To: Clock(to, to)}
	if len(h.Points) == 0 || !from.Before(to) {
		return c
	}
	top, low, high, sum := 0.0, math.Inf(1), math.Inf(-1), 0.0
	if figure == "ups" {
		top = 60
	}
	for _, p := range h.Points {
		low, high, sum = min(low, p.Low), max(high, p.High), sum+p.Mean
		top = max(top, p.Mean)
	}
	if top == 0 {
		top = 1
	}
	c.Top = api.FigureText(figure, top)
	c.Summary = say("{{.mean}} on average, between {{.low}} and {{.high}}", with{
		"mean": api.FigureText(figure, math.Round(sum/float64(len(h.Points))*100)/100), "low": api.FigureText(figure, low), "high": api.FigureText(figure, high)})
	step := time.Duration(h.StepSeconds) * time.Second
	var line []ChartPoint
	for i, p := range h.Points {
		if i > 0 && p.At.Sub(h.Points[i-1].At) > step*3/2 {
			c.Lines, line = append(c.Lines, line), nil
		}
		x := p.At.Add(step/2).Sub(from).Seconds() / to.Sub(from).Seconds()
		line = append(line, ChartPoint{float32(min(max(x, 0), 1)), float32(p.Mean / top)})
	}
	c.Lines = append(c.Lines, line)
	return c
}

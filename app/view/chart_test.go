package view

import (
	"slices"
	"testing"
	"time"

	"mainbus/controller/api"
)

func TestChart(t *testing.T) {
	to := time.Date(2026, 5, 2, 12, 0, 0, 0, time.Local)
	from := to.Add(-10 * time.Minute)
	at := func(minute int, mean float64) api.FigurePoint {
		return api.FigurePoint{At: from.Add(time.Duration(minute) * time.Minute), Mean: mean, Low: mean - 1, High: mean + 1}
	}
	c := NewChart("ups", api.FigureHistory{StepSeconds: 60, Points: []api.FigurePoint{at(0, 60), at(1, 30), at(5, 45)}}, from, to)
	want := [][]ChartPoint{{{0.05, 1}, {0.15, 0.5}}, {{0.55, 0.75}}}
	if !slices.EqualFunc(c.Lines, want, slices.Equal) || c.Top != "60" || c.From != "11:50:00" || c.To != "12:00:00" {
		t.Errorf("got %+v", c)
	}
	if c.Summary != "45 on average, between 29 and 61" {
		t.Errorf("summary %q", c.Summary)
	}
	if c := NewChart("players", api.FigureHistory{StepSeconds: 60, Points: []api.FigurePoint{{At: from}}}, from, to); c.Top != "1" || c.Lines[0][0].Y != 0 {
		t.Errorf("nobody: %+v", c)
	}
	if c := NewChart("players", api.FigureHistory{}, from, to); c.Summary != "" || c.Lines != nil {
		t.Errorf("nothing: %+v", c)
	}
}

package api

import (
	"context"
	"time"

	"mainbus/transport/figures"
)

// Figures is what is asked of what was measured. The names of figures and what they mean are in transport/figures.
type Figures interface {
	// Figures are the newest of all linked hosts and of their running instances.
	Figures(ctx context.Context, c Caller) ([]Measured, error)
	FigureHistory(ctx context.Context, c Caller, r ReadFigure) (FigureHistory, error)
}

var figureMethods = map[string]method{
	"Figures":       lists[Measured](ClusterRead, plain(Service.Figures)),
	"FigureHistory": reads(ClusterRead, with(Service.FigureHistory)),
}

func (s stub) Figures(ctx context.Context, c Caller) ([]Measured, error) {
	return ask[[]Measured](ctx, s, c, "Figures", nil)
}

func (s stub) FigureHistory(ctx context.Context, c Caller, r ReadFigure) (FigureHistory, error) {
	return ask[FigureHistory](ctx, s, c, "FigureHistory", &r)
}

// Figure is one thing that is measured.
type Figure = figures.Figure

// HostFigures and InstanceFigures are all of them, in the order in which people want to see them.
var (
	HostFigures     = figures.Host
	InstanceFigures = figures.Instance
)

// FigureText writes a figure's value for people.
func FigureText(figure string, value float64) string { return figures.Text(figure, value) }

// Kinds of what is measured.
const (
	KindHost     = "host"
	KindInstance = "instance"
)

// Measured is a host or an instance with its figures. One that is not known is absent.
type Measured struct {
	Kind    string             `json:"kind"`
	ID      string             `json:"id"`
	Name    string             `json:"name"`
	Host    string             `json:"host"` // name of an instance's host; empty for a host
	At      time.Time          `json:"at"`
	Figures map[string]float64 `json:"figures"`
}

func (m *Measured) scope() []place { return []place{ofKind(m.Kind, &m.ID)} }

// ReadFigure asks what a figure was.
type ReadFigure struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"` // or id
	Figure  string `json:"figure"`
	Seconds int64  `json:"seconds"` // so long before now; 0: an hour, at most 90 days
}

func (r *ReadFigure) scope() []place { return []place{ofKind(r.Kind, &r.Name)} }

func ofKind(kind string, name *string) place {
	if kind == KindHost {
		return ofHost(name)
	}
	return ofInstance(name)
}

func (r ReadFigure) target() string { return r.Name }

// FigureHistory is what a figure was, oldest first. It is finer for the newest hours than for the newest weeks.
type FigureHistory struct {
	StepSeconds int64         `json:"step_seconds"`
	Points      []FigurePoint `json:"points"` // none for times in which nothing was measured
}

// FigurePoint is one step.
type FigurePoint struct {
	At   time.Time `json:"at"` // its beginning
	Mean float64   `json:"mean"`
	Low  float64   `json:"low"`
	High float64   `json:"high"`
}

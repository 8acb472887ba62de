package controller

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"mainbus/controller/api"
	"mainbus/transport/figures"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

func (a *agent) measure(ctx context.Context, _ *link.Conn, s *link.Stream) error {
	for {
		a.mu.Lock()
		m, changed := a.measured, a.changed
		a.mu.Unlock()
		if m != nil {
			if err := s.Send(m); err != nil {
				return err
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestFiguresOfHostsAndTheirOwnInstances(t *testing.T) {
	c := newCluster(t, "attic", "cellar")
	c.pair(c.agents[0])
	c.pair(c.agents[1])
	nauvis, fulgora := c.create("nauvis", c.agents[0]), c.create("fulgora", c.agents[1])
	measure := func(a *agent, instances ...*wire.InstanceFigures) {
		a.change(func() {
			a.measured = &wire.Measured{Host: &wire.HostFigures{CpuCores: proto.Float64(1.5)}, Instances: instances}
		})
	}
	ups := func(kind, name string) func() float64 {
		return func() float64 {
			all, err := c.Figures(t.Context(), me)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range all {
				if m.Kind == kind && m.Name == name {
					return m.Figures[map[string]string{api.KindHost: "cpu_cores", api.KindInstance: "ups"}[kind]]
				}
			}
			return -1
		}
	}
	measure(c.agents[0], &wire.InstanceFigures{Id: nauvis, Ups: proto.Float64(60)}, &wire.InstanceFigures{Id: fulgora, Ups: proto.Float64(1)},
		&wire.InstanceFigures{Id: "none", Ups: proto.Float64(2)})
	eventually(t, "UPS of nauvis", 60, ups(api.KindInstance, "nauvis"))
	eventually(t, "cores of attic", 1.5, ups(api.KindHost, "attic"))
	if got := ups(api.KindInstance, "fulgora")(); got != -1 {
		t.Errorf("attic speaks for an instance of cellar: %v", got)
	}
	measure(c.agents[1], &wire.InstanceFigures{Id: fulgora, Ups: proto.Float64(59)})
	eventually(t, "UPS of fulgora", 59, ups(api.KindInstance, "fulgora"))

	measure(c.agents[0])
	eventually(t, "a game that has ended", -1, ups(api.KindInstance, "nauvis"))
	c.agents[1].endpoint.Close()
	eventually(t, "a host that has gone", -1, ups(api.KindHost, "cellar"))
	if got := ups(api.KindInstance, "fulgora")(); got != -1 {
		t.Errorf("an instance of a host that has gone: %v", got)
	}
}

func TestFigureHistoryIsAskedForWithReason(t *testing.T) {
	c := newCluster(t, "attic")
	c.pair(c.agents[0])
	c.create("nauvis", c.agents[0])
	tests := []struct {
		ask  api.ReadFigure
		code api.Code
	}{
		{api.ReadFigure{Kind: api.KindInstance, Name: "nauvis", Figure: "ups"}, ""},
		{api.ReadFigure{Kind: api.KindHost, Name: "attic", Figure: figures.RTT, Seconds: 86400}, ""},
		{api.ReadFigure{Kind: api.KindHost, Name: "attic", Figure: "ups"}, api.Invalid},
		{api.ReadFigure{Kind: "planet", Name: "nauvis", Figure: "ups"}, api.Invalid},
		{api.ReadFigure{Kind: api.KindInstance, Name: "vulcanus", Figure: "ups"}, api.NotFound},
		{api.ReadFigure{Kind: api.KindInstance, Name: "nauvis", Figure: "ups", Seconds: -1}, api.Invalid},
		{api.ReadFigure{Kind: api.KindInstance, Name: "nauvis", Figure: "ups", Seconds: 91 * 86400}, api.Invalid},
	}
	for _, test := range tests {
		h, err := c.FigureHistory(t.Context(), me, test.ask)
		if test.code == "" && (err != nil || h.Points == nil || h.StepSeconds == 0) || test.code != "" && api.AsError(err).Code != test.code {
			t.Errorf("%+v: %+v, %v", test.ask, h, err)
		}
	}
}

func TestClusterInAScrape(t *testing.T) {
	c := newCluster(t, "attic")
	c.pair(c.agents[0])
	c.create("nauvis", c.agents[0])
	handler, err := figures.Handler(c.controller.log, clusterCollector{c.controller})
	if err != nil {
		t.Fatal(err)
	}
	scrape := func() string {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
		return answer.Body.String()
	}
	for _, want := range []string{`mainbus_hosts{linked="yes"} 1`, `mainbus_instances{state=`, `mainbus_ledger_commit_seconds{quantile="0.99"}`} {
		eventually(t, want, true, func() bool { return strings.Contains(scrape(), want) })
	}
}

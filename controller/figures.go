package controller

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mainbus/controller/api"
	"mainbus/transport/figures"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const figuresName = "figures.db"

// hostSubject and instanceSubject are the names that series are kept under.
func hostSubject(id string) string     { return "host/" + id }
func instanceSubject(id string) string { return "instance/" + id }

// hearFigures takes in what a host measures.
func (c *Controller) hearFigures(ctx context.Context, conn *link.Conn, h *host) error {
	known := map[string]bool{} // subjects that there are newest values of
	defer func() { c.series.Gone(slices.Collect(maps.Keys(known))...) }()
	return hear(ctx, conn, wire.Method_METHOD_MEASURE, &wire.Empty{}, func(m *wire.Measured) error {
		told, err := c.toldOf(ctx, conn, h, m)
		if err != nil {
			return err
		}
		for subject, values := range told {
			c.series.Add(time.Now(), subject, values)
			delete(known, subject)
		}
		c.series.Gone(slices.Collect(maps.Keys(known))...)
		clear(known)
		for subject := range told {
			known[subject] = true
		}
		return nil
	})
}

// toldOf returns the figures by subject, of the host and of what are its instances: a host can't speak for others'.
func (c *Controller) toldOf(ctx context.Context, conn *link.Conn, h *host, m *wire.Measured) (map[string]map[string]float64, error) {
	rows, err := c.store.Instances(ctx)
	if err != nil {
		return nil, err
	}
	own := map[string]bool{}
	for _, row := range rows {
		own[row.ID] = row.Host == h.id.String()
	}
	values := figures.Of(m.GetHost())
	values[figures.RTT] = conn.RTT().Seconds()
	told := map[string]map[string]float64{hostSubject(h.id.String()): values}
	for _, i := range m.GetInstances() {
		if own[i.GetId()] {
			told[instanceSubject(i.GetId())] = figures.Of(i)
		}
	}
	return told, nil
}

func (s *service) Figures(ctx context.Context, _ api.Caller) ([]api.Measured, error) {
	list := []api.Measured{}
	add := func(m api.Measured, subject string) {
		if at, values := s.series.Newest(subject); values != nil {
			m.At, m.Figures = at.UTC(), values
			list = append(list, m)
		}
	}
	for _, h := range s.hosts.all() {
		add(api.Measured{Kind: api.KindHost, ID: h.id.Short(), Name: s.hosts.snapshot(h).row.Name}, hostSubject(h.id.String()))
	}
	rows, err := s.store.Instances(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		m := api.Measured{Kind: api.KindInstance, ID: row.ID, Name: row.Name}
		if h := s.hostOf(row); h != nil {
			m.Host = s.hosts.snapshot(h).row.Name
		}
		add(m, instanceSubject(row.ID))
	}
	return list, nil
}

const (
	usualHistory = time.Hour
	mostHistory  = 90 * 24 * time.Hour
)

func (s *service) FigureHistory(ctx context.Context, _ api.Caller, r api.ReadFigure) (api.FigureHistory, error) {
	subject, err := s.subject(ctx, r)
	if err != nil {
		return api.FigureHistory{}, err
	}
	span := time.Duration(r.Seconds) * time.Second
	if span == 0 {
		span = usualHistory
	}
	if r.Seconds < 0 || r.Seconds > int64(mostHistory/time.Second) {
		return api.FigureHistory{}, api.Errorf(api.Invalid, "Figures are kept for 90 days.", "there is no history of %d seconds", r.Seconds)
	}
	now := time.Now()
	points, step, err := s.series.History(ctx, subject, r.Figure, now.Add(-span), now)
	if err != nil {
		return api.FigureHistory{}, err
	}
	history := api.FigureHistory{StepSeconds: int64(step.Seconds()), Points: []api.FigurePoint{}}
	for _, p := range points {
		history.Points = append(history.Points, api.FigurePoint(p))
	}
	return history, nil
}

// subject returns under which name a series is kept, if the figure is one.
func (s *service) subject(ctx context.Context, r api.ReadFigure) (string, error) {
	all := map[string][]figures.Figure{api.KindHost: figures.Host, api.KindInstance: figures.Instance}[r.Kind]
	if !slices.ContainsFunc(all, func(f figures.Figure) bool { return f.Name == r.Figure }) {
		return "", api.Errorf(api.Invalid, "See mainbusctl stats.", "no figure %.40q is measured of a %.40q", r.Figure, r.Kind)
	}
	if r.Kind == api.KindHost {
		h, err := s.pairedHost(r.Name)
		if err != nil {
			return "", err
		}
		return hostSubject(h.id.String()), nil
	}
	row, err := s.instance(ctx, r.Name)
	if err != nil {
		return "", err
	}
	return instanceSubject(row.ID), nil
}

// serveMetrics shows Prometheus the newest figures and the controller's own.
func (c *Controller) serveMetrics(ctx context.Context) {
	of := func(kind string) func() []figures.Subject {
		return func() []figures.Subject {
			var list []figures.Subject
			all, err := (&service{c}).Figures(ctx, api.Caller{})
			if err != nil {
				c.log.Warn("figures are missing in a scrape", "err", err)
			}
			for _, m := range all {
				if m.Kind == kind {
					list = append(list, figures.Subject{ID: m.ID, Name: m.Name, Host: m.Host, Values: m.Figures})
				}
			}
			return list
		}
	}
	collector := figures.NewCollector(of(api.KindHost), of(api.KindInstance))
	if err := figures.Serve(ctx, c.cfg.Metrics, c.log, collector, clusterCollector{c}); err != nil {
		c.log.Warn("no figures for Prometheus", "addr", c.cfg.Metrics, "err", err)
	}
}

// clusterCollector shows Prometheus what the controller knows by itself.
type clusterCollector struct{ c *Controller }

var (
	hostsDesc     = prometheus.NewDesc("mainbus_hosts", "Paired hosts.", []string{"linked"}, nil)
	instancesDesc = prometheus.NewDesc("mainbus_instances", "Instances by state.", []string{"state"}, nil)
	commitDesc    = prometheus.NewDesc("mainbus_ledger_commit_seconds", "How long the newest transactions of the ledger took.", nil, nil)
	levelDesc     = prometheus.NewDesc("mainbus_bus_level", "Goods on the bus; energy in MJ.", goodsLabels, nil)
	sentDesc      = prometheus.NewDesc("mainbus_bus_sent_total", "Goods sent to the bus by worlds, less what they took back.", goodsLabels, nil)
	grantedDesc   = prometheus.NewDesc("mainbus_bus_granted_total", "Goods granted to worlds, less what they gave back.", goodsLabels, nil)
	owedDesc      = prometheus.NewDesc("mainbus_bus_owed", "Goods owed by worlds that took back what others had used.", goodsLabels, nil)

	goodsLabels = []string{"name", "quality"}
)

// maxGoods kinds of goods are shown; more would make a scrape too big to be of use.
const maxGoods = 5000

// Describe implements prometheus.Collector.
func (k clusterCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{hostsDesc, instancesDesc, commitDesc, levelDesc, sentDesc, grantedDesc, owedDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (k clusterCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(k.c.ctx, storeTimeout)
	defer cancel()
	s := &service{k.c}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	linked := map[bool]int{}
	for _, h := range k.c.hosts.all() {
		_, up := k.c.endpoint.Conn(h.id)
		linked[up]++
	}
	gauge(hostsDesc, float64(linked[true]), "yes")
	gauge(hostsDesc, float64(linked[false]), "no")
	if instances, err := s.Instances(ctx, api.Caller{}); err == nil {
		states := map[string]int{}
		for _, i := range instances {
			states[i.State]++
		}
		for state, n := range states {
			gauge(instancesDesc, float64(n), state)
		}
	}
	p50, p99 := k.c.store.CommitTimes()
	to <- prometheus.MustNewConstSummary(commitDesc, 0, 0, map[float64]float64{0.5: p50.Seconds(), 0.99: p99.Seconds()})
	items, err := k.c.store.Bus(ctx)
	if err != nil {
		k.c.log.Warn("the bus is missing in a scrape", "err", err)
	}
	for _, i := range items[:min(len(items), maxGoods)] {
		name, quality := goodsName(i.Item), i.Quality
		gauge(levelDesc, float64(i.Level), name, quality)
		gauge(owedDesc, float64(i.Owed), name, quality)
		gauge(sentDesc, float64(i.Sent), name, quality)
		gauge(grantedDesc, float64(i.Granted), name, quality)
	}
}

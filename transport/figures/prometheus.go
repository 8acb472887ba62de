package figures

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Subject is a host or an instance with its figures.
type Subject struct {
	ID, Name string
	Host     string // name of an instance's host; empty for a host
	Values   map[string]float64
}

// Collector shows subjects to Prometheus: mainbus_host_… with the labels id and name, mainbus_instance_… with id, name and host.
type Collector struct {
	hosts, instances func() []Subject
	ofHost, ofGame   map[string]*prometheus.Desc
}

// NewCollector returns a collector of what the functions return at each scrape.
func NewCollector(hosts, instances func() []Subject) *Collector {
	return &Collector{
		hosts: hosts, instances: instances,
		ofHost: descriptions("mainbus_host_", Host, "id", "name"),
		ofGame: descriptions("mainbus_instance_", Instance, "id", "name", "host"),
	}
}

func descriptions(prefix string, all []Figure, labels ...string) map[string]*prometheus.Desc {
	descs := map[string]*prometheus.Desc{}
	for _, f := range all {
		descs[f.Name] = prometheus.NewDesc(prefix+f.Name, f.Help+".", labels, nil)
	}
	return descs
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(to chan<- *prometheus.Desc) {
	for _, descs := range []map[string]*prometheus.Desc{c.ofHost, c.ofGame} {
		for _, d := range descs {
			to <- d
		}
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(to chan<- prometheus.Metric) {
	for _, s := range c.hosts() {
		collect(to, c.ofHost, s, s.ID, s.Name)
	}
	for _, s := range c.instances() {
		collect(to, c.ofGame, s, s.ID, s.Name, s.Host)
	}
}

func collect(to chan<- prometheus.Metric, descs map[string]*prometheus.Desc, s Subject, labels ...string) {
	for name, value := range s.Values {
		if d := descs[name]; d != nil {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
		}
	}
}

const (
	maxScrapes     = 4
	scrapeTime     = 10 * time.Second
	shutdownTime   = time.Second
	maxHeaderBytes = 8 << 10
)

// Handler answers a scrape with what the collectors show and with figures of this process.
func Handler(log *slog.Logger, all ...prometheus.Collector) (http.Handler, error) {
	registry := prometheus.NewRegistry()
	all = append(all, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, c := range all {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("serve metrics: %w", err)
		}
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: maxScrapes, Timeout: scrapeTime, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandling: promhttp.ContinueOnError,
	}), nil
}

// Serve answers Prometheus at http://addr/metrics until ctx ends. An address that is taken is an error at once.
func Serve(ctx context.Context, addr string, log *slog.Logger, all ...prometheus.Collector) error {
	handler, err := Handler(log, all...)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("serve metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", handler)
	server := &http.Server{
		Handler: mux, ReadTimeout: scrapeTime, WriteTimeout: 2 * scrapeTime, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		if server.Shutdown(patience) != nil {
			server.Close()
		}
	})
	err = server.Serve(listener)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve metrics: %w", err)
}

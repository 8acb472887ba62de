package hostagent

import (
	"context"
	"maps"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"mainbus/hostagent/instance"
	"mainbus/hostagent/measure"
	"mainbus/transport/figures"
	"mainbus/transport/link"
	"mainbus/transport/signal"
	"mainbus/transport/wire"
)

const (
	measurePause = 5 * time.Second
	folderPause  = 5 * time.Minute // between two looks at how big the instances' folders are
)

// measured keeps the newest figures.
type measured struct {
	newest atomic.Pointer[wire.Measured] // never changed once it is here
	news   signal.Signal
}

// keepMeasuring measures until ctx ends.
func (a *Agent) keepMeasuring(ctx context.Context) {
	var meter measure.Meter
	var folders folderSizes
	ticker := time.NewTicker(measurePause)
	defer ticker.Stop()
	for {
		a.measured.newest.Store(a.measure(ctx, &meter, &folders))
		a.measured.news.Fire()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (a *Agent) measure(ctx context.Context, meter *measure.Meter, folders *folderSizes) *wire.Measured {
	m := &wire.Measured{AtMs: time.Now().UnixMilli(), Host: meter.Machine(ctx, a.cfg.DataDir)}
	if u, ok := meter.Process(ctx, os.Getpid()); ok {
		m.Host.AgentCpuCores, m.Host.AgentMemoryBytes = u.Cores, proto.Float64(float64(u.Bytes))
	}
	pids := map[int]bool{os.Getpid(): true}
	all := a.fleet.all()
	folders.look(ctx, all)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		f, pid := all[id].Figures()
		if f == nil {
			continue
		}
		pids[pid] = true
		if u, ok := meter.Process(ctx, pid); ok {
			f.CpuCores, f.MemoryBytes = u.Cores, proto.Float64(float64(u.Bytes))
		}
		if size, ok := folders.sizes[id]; ok {
			f.DiskBytes = proto.Float64(float64(size))
		}
		m.Instances = append(m.Instances, f)
	}
	meter.Forget(pids)
	return m
}

// folderSizes are looked up now and then: a folder may have many files.
type folderSizes struct {
	at    time.Time
	sizes map[string]int64
}

func (s *folderSizes) look(ctx context.Context, all map[string]*instance.Instance) {
	if time.Since(s.at) >= folderPause {
		s.at, s.sizes = time.Now(), map[string]int64{}
	}
	for id, i := range all {
		if _, known := s.sizes[id]; !known {
			s.sizes[id] = measure.Folder(ctx, i.Dir())
			i.SetScriptOutput(measure.Folder(ctx, instance.OutputDir(i.Dir())))
		}
	}
}

// sendMeasured sends the newest figures, at once and whenever there are others.
func (a *Agent) sendMeasured(ctx context.Context, _ *link.Conn, s *link.Stream) error {
	return sendChanges(ctx, s, &a.measured.news, func() proto.Message { return a.measured.newest.Load() })
}

// serveMetrics shows the newest figures to Prometheus.
func (a *Agent) serveMetrics(ctx context.Context) {
	hosts := func() []figures.Subject {
		m := a.measured.newest.Load()
		if m == nil {
			return nil
		}
		return []figures.Subject{{ID: a.identity.ID().String(), Name: a.cfg.Name, Values: figures.Of(m.GetHost())}}
	}
	instances := func() []figures.Subject {
		names := a.fleet.names()
		var list []figures.Subject
		for _, i := range a.measured.newest.Load().GetInstances() {
			list = append(list, figures.Subject{ID: i.GetId(), Name: names[i.GetId()], Host: a.cfg.Name, Values: figures.Of(i)})
		}
		return list
	}
	if err := figures.Serve(ctx, a.cfg.Metrics, a.log, figures.NewCollector(hosts, instances)); err != nil {
		a.log.Warn("no figures for Prometheus", "addr", a.cfg.Metrics, "err", err)
	}
}

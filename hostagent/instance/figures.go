package instance

import (
	"os"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"mainbus/hostagent/gamelink"
	"mainbus/transport/wire"
)

// gauges are what a run tells of itself by and by.
type gauges struct {
	mu      sync.Mutex
	last    reading       // of the game's clock
	paced   pace          // since the figures were last asked for
	doubted pace          // of it, what the next beats show to be a pause or not
	still   bool          // the game is paused
	trip    time.Duration // of the newest beat
	players int
	saving  time.Time // when a save was begun
	took    time.Duration
	saved   bool // since its size was looked up
	bytes   int64
	log     string // what is wrong with the game's log
}

// lookAtLog keeps the game's log within bounds. It tells whether what is to be said of it has changed.
func (g *gauges) lookAtLog(folder folder) (changed bool) {
	warning := folder.boundLog(logLimit, logKept)
	g.mu.Lock()
	defer g.mu.Unlock()
	changed = (warning == "") != (g.log == "")
	g.log = warning
	return changed
}

func (g *gauges) logWarning() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.log
}

type reading struct {
	tick uint64
	at   time.Time
}

// pace is how far the game's clock went while ours did.
type pace struct {
	ticks uint64
	time  time.Duration
}

func (p *pace) add(q pace) { p.ticks, p.time = p.ticks+q.ticks, p.time+q.time }

// beat takes a reading of the game's clock.
func (g *gauges) beat(tick uint64, trip time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, before := reading{tick, time.Now()}, g.last
	g.last, g.trip = now, trip
	if g.still || before.at.IsZero() || tick < before.tick {
		return
	}
	g.doubted.add(pace{tick - before.tick, now.at.Sub(before.at)})
	if tick-before.tick >= gamelink.StillTicks {
		g.paced.add(g.doubted)
		g.doubted = pace{}
	}
}

// pause notes that the game stands still or goes on.
func (g *gauges) pause(still bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.still, g.doubted = still, pace{}
}

func (g *gauges) online(players int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.players = players
}

func (g *gauges) saveBegun() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.saving = time.Now()
}

func (g *gauges) saveDone() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.saving.IsZero() {
		g.took, g.saved, g.saving = time.Since(g.saving), true, time.Time{}
	}
}

// fill puts into f what is known, and begins to measure the pace anew.
func (g *gauges) fill(f *wire.InstanceFigures, folder folder) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f.Players = proto.Float64(float64(g.players))
	if g.paced.time >= time.Second {
		f.Ups = proto.Float64(float64(g.paced.ticks) / g.paced.time.Seconds())
	}
	g.paced = pace{}
	if g.trip > 0 {
		f.RconSeconds = proto.Float64(g.trip.Seconds())
	}
	if g.saved {
		g.saved, g.bytes = false, 0
		if saves, err := listSaves(folder.saves()); err == nil && len(saves) > 0 {
			if info, err := os.Stat(saves[0].path); err == nil {
				g.bytes = info.Size()
			}
		}
	}
	if g.took > 0 {
		f.SaveSeconds, f.SaveBytes = proto.Float64(g.took.Seconds()), proto.Float64(float64(g.bytes))
	}
}

// Figures returns what is known of the running game, and its process; nil if none runs. UPS is that since it was asked before.
func (i *Instance) Figures() (f *wire.InstanceFigures, pid int) {
	r := i.running.Load()
	if r == nil {
		return nil, 0
	}
	f = &wire.InstanceFigures{Id: i.cfg.ID}
	r.gauges.fill(f, i.folder)
	if r.gauges.lookAtLog(i.folder) {
		i.tryPost(func() {})
	}
	left, _ := i.flood.count()
	f.LinesLeftOut = proto.Float64(float64(left))
	if a := r.attached.Load(); a != nil {
		f.BacklogMessages = proto.Float64(float64(a.up.Len() + a.session.Waiting()))
	}
	return f, r.game.Run().PID
}

// Dir is the instance's folder.
func (i *Instance) Dir() string { return i.cfg.Dir }

package hostagent

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mainbus/hostagent/supervisor"
	"mainbus/transport/fetch"
	"mainbus/transport/wire"
)

const (
	spacePause = 10 * time.Second
	lowSpace   = 2 << 30   // bytes: from here on people are warned
	leastSpace = 256 << 20 // that have to stay free when a game starts: what it needs for autosaves comes on top
)

// space watches the room on the disk that holds the instances, so that a full disk is known of before a save fails on it.
type space struct {
	dir  string
	free func(dir string) (int64, error)

	mu  sync.Mutex
	now *wire.Disk
}

func newSpace(dir string, free func(string) (int64, error)) *space {
	if free == nil {
		free = fetch.FreeSpace
	}
	return &space{dir: dir, free: free, now: &wire.Disk{}}
}

// look measures. It tells whether what people are told has changed.
func (s *space) look(trouble string) (changed bool) {
	free, err := s.free(s.dir)
	now := &wire.Disk{Warning: trouble}
	if err == nil {
		now.FreeBytes = uint64(max(free, 0))
		if now.FreeBytes < lowSpace {
			now.Warning = fmt.Sprintf("Only %s are free on the disk of this host. Games go on, but when it is full they can't save; make room.", megabytes(now.FreeBytes))
			if now.FreeBytes < leastSpace {
				now.Warning = fmt.Sprintf("The disk of this host is full but for %s: games that run may not be able to save, and none is started. Make room now.", megabytes(now.FreeBytes))
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	changed = s.now.GetWarning() == "" != (now.GetWarning() == "")
	s.now = now
	return changed
}

// current is what was measured last. It must not be changed.
func (s *space) current() *wire.Disk {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// room says why there is no room for so many bytes more, nil if there is, or that can't be told.
func (s *space) room(need int64) error {
	free, err := s.free(s.dir)
	if err != nil || free >= need+leastSpace {
		return nil
	}
	return fmt.Errorf("there is not enough room on the disk: %s are free, and %s are needed so that the game can start and save", megabytes(uint64(free)), megabytes(uint64(need+leastSpace)))
}

func megabytes(n uint64) string {
	if n >= 1<<30 {
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// watchSpace measures until ctx ends.
func (a *Agent) watchSpace(ctx context.Context) {
	tick := time.NewTicker(spacePause)
	defer tick.Stop()
	for {
		a.fleet.saveAgain()
		supervisor.SweepGroups() // of games that an earlier agent has started
		if a.space.look(a.fleet.unsavedTrouble()) {
			if w := a.space.current().GetWarning(); w != "" {
				a.log.Warn(w)
			}
			a.changed.Fire()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

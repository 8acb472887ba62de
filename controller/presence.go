package controller

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"mainbus/controller/api"
	"mainbus/hostagent/factorio/playername"
	"mainbus/transport/link"
)

// presence knows who is in which game. It may be used by any goroutine.
type presence struct {
	mu        sync.Mutex
	instances map[string]*gathering // by id
}

// gathering is who is in one game, as its host told last.
type gathering struct {
	source  *link.Conn
	players map[string]time.Time // by key: since when
}

func newPresence() *presence { return &presence{instances: map[string]*gathering{}} }

// set takes in who is in a game. It tells whether that is another gathering than before.
func (p *presence) set(instance string, source *link.Conn, players map[string]time.Time) (changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.instances[instance]
	if len(players) == 0 {
		delete(p.instances, instance)
		return before != nil
	}
	p.instances[instance] = &gathering{source, players}
	if before == nil || len(before.players) != len(players) || before.source != source {
		return true
	}
	for key := range players {
		if _, there := before.players[key]; !there {
			return true
		}
	}
	return false
}

// drop forgets what was heard over a link.
func (p *presence) drop(over *link.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.instances, func(_ string, g *gathering) bool { return g.source == over })
}

// keys returns who is in any game, each once.
func (p *presence) keys() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, g := range p.instances {
		for key := range g.players {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// of returns where a player is. Of hosts that can't be reached it tells what they said last. Instances that are gone are left out.
func (p *presence) of(name string, names map[string]string) []api.Presence {
	key, list := playername.Key(name), []api.Presence{}
	p.mu.Lock()
	for id, g := range p.instances {
		since, there := g.players[key]
		instance, exists := names[id]
		if there && exists {
			list = append(list, api.Presence{Instance: id, InstanceName: instance, Since: since, Unknown: g.source.Context().Err() != nil})
		}
	}
	p.mu.Unlock()
	slices.SortFunc(list, func(a, b api.Presence) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Instance, b.Instance))
	})
	return list
}

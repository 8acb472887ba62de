package ledger_test

import (
	"mainbus/controller/ledger"
)

// The world's half of the protocol, and what a map does on its own.

// game is what a crash rolls back: the map and the script's storage.
type game struct {
	ledger   string
	world    ledger.World
	epoch    ledger.Epoch
	assigned ledger.Epoch
	trading  bool
	contents vec // of chests
	made     vec // by this lineage: appeared less consumed; contents that it began with are made too
	need     vec
	e, i     vec
	buffer   vec
}

func (g *game) records() []ledger.Record {
	out := make([]ledger.Record, simItems)
	for k := range out {
		out[k] = ledger.Record{Item: simItem(k), E: g.e[k], I: g.i[k], W: g.i[k] + max(0, g.need[k]-g.buffer[k])}
	}
	return out
}

func (s *simulation) assign(p *place, a ledger.Assign) {
	g := &p.game
	if g.assigned != a.Epoch {
		g.assigned = a.Epoch
		if a.Fresh && s.mutant != noZero {
			g.e, g.i = vec{}, vec{}
		}
		if a.Fresh {
			for k := range simItems {
				g.made[k] = g.contents[k] + g.buffer[k]
			}
		}
		g.ledger, g.world = a.Ledger, a.World
		if a.Fresh {
			p.unsaved = a.World
		}
	}
	g.trading = true
}

func (s *simulation) grant(g *game, r ledger.Grant) {
	for k := range simItems {
		if simItem(k) != r.Item {
			continue
		}
		if s.mutant == deltaGrants {
			g.i[k] += r.G
			g.buffer[k] += r.G
		} else if n := r.G - g.i[k]; n > 0 {
			g.i[k] = r.G
			g.buffer[k] += n
		}
	}
}

// live is the map's own doing: making, using, sending, handing out.
func (s *simulation) live(g *game) {
	k, n := s.r.IntN(simItems), int64(1+s.r.IntN(15))
	switch s.r.IntN(6) {
	case 0:
		g.contents[k] += n
		g.made[k] += n
	case 1:
		n = min(n, g.contents[k])
		g.contents[k] -= n
		g.made[k] -= n
	case 2, 3:
		if n = min(n, g.contents[k]); g.trading {
			g.contents[k] -= n
			switch {
			case s.mutant == countTwice && n == 7:
				g.e[k] += 2 * n
			case s.mutant == takeAndCrash && n == 7:
			default:
				g.e[k] += n
			}
		}
	case 4:
		n = min(n, g.buffer[k])
		g.buffer[k] -= n
		g.contents[k] += n
	case 5:
		g.need[k] = int64(s.r.IntN(20))
		if g.need[k] == 0 && g.trading { // what nobody wants any more goes back
			g.e[k] += g.buffer[k]
			g.buffer[k] = 0
		}
	}
}

// Package sim runs the shipped ledger against worlds that crash, are loaded from any save and are copied, over a network
// that loses, doubles, delays and reorders, with agents and a controller that crash and, now and then, a ledger that is
// restored from an old backup. A schedule is made from its seed alone, so whatever it finds can be run again.
//
// A schedule has three thirds. After each, all faults end, every lineage of saves runs again, and all goods are added
// up: what the worlds hold, in chests and in buffers, plus the bus, less debts, must be what the worlds made. Nothing
// that the protocol counted is subtracted.
package sim

import (
	"fmt"
	"math/rand/v2"

	"mainbus/controller/ledger"
)

// Kinds is how many kinds of goods there are.
const Kinds = 2

// Goods is a number of each kind.
type Goods [Kinds]int64

func (g Goods) plus(o Goods) Goods {
	for k := range g {
		g[k] += o[k]
	}
	return g
}

// Item names a kind of goods, as long as mods have not renamed it.
func Item(k int) ledger.Item { return named(k, 0) }

func kindOf(item ledger.Item) (int, bool) {
	for k := range Kinds {
		for version := range versions {
			if named(k, version) == item {
				return k, true
			}
		}
	}
	return 0, false
}

const (
	thirds      = 3
	slots       = 3
	maxInFlight = 60
	maxSaves    = 8 // of a slot, before one is deleted
)

// Config says how a schedule is run. The zero value is the usual one.
type Config struct {
	Events  int                  // of each third; 0: 150
	Break   Break                // a rule of the world's half that is broken
	Calm    bool                 // only crashes: everything goes on from its newest save, and all items are strict
	Genesis func(Setup) Save     // makes the saves that the slots begin with; nil: worlds in Go
	Twin    Twin                 // a second controller that has to agree, nil: none
	Trace   func(string, ...any) // is told what happens, nil: nobody wants to know
	Stats   *Stats               // counts what happened, nil: nobody wants to know
}

// Setup is what a new world is made of.
type Setup struct {
	World    ledger.World // id that it proposes
	Contents Goods
	Foreign  bool // it has traded with another ledger
	Empty    bool // its players carry nothing
	Break    Break
}

// Stats says how often things happened, so that a test can tell that a schedule did something.
type Stats struct {
	Schedules, Crashes, Loads, Copies, Forks, Zombies, Controllers, Restores, Stale, Debts, Revived int64
	Joined, Left, Wiped, Fenced                                                                     int64 // players, and runs because of them
	Forgiven, Released, Held, Answers, Moves, Replaced, Updates, Renamed                            int64
}

// simulation is one schedule.
type simulation struct {
	r        *rand.Rand
	cfg      Config
	stats    Stats
	places   []*place
	control  controller
	bag      []any // messages to the ledger and replies to the agents, in flight
	ids      int
	settling bool                  // all faults have ended
	newest   int                   // version of mods that any slot has at least
	together bool                  // all slots get newer mods at once
	modded   bool                  // worlds have goods that mods may rename
	binds    int                   // version of the mods of the world that is bound right now, above all if none is
	named    map[ledger.World]int  // version of the mods by which the accounts of a world are named
	lineages map[ledger.World]bool // every id that a world was assigned
	err      error
}

// Run runs the schedule of a seed and returns what is wrong, nil if nothing is.
func Run(seed uint64, cfg Config) error {
	if cfg.Events == 0 {
		cfg.Events = 150
	}
	if cfg.Genesis == nil {
		cfg.Genesis = newGame
	}
	s := &simulation{r: rand.New(rand.NewPCG(seed, 7)), cfg: cfg, lineages: map[ledger.World]bool{}, named: map[ledger.World]int{}}
	s.begin()
	for third := range thirds {
		for range cfg.Events {
			s.event()
			if s.checkHomes(); s.err != nil {
				return s.err
			}
		}
		if !s.cfg.Calm && third == thirds-1 {
			s.updateAll()
		}
		s.settle()
		if !s.cfg.Calm {
			s.walk()
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("after third %d: %w", third+1, err)
		}
	}
	if cfg.Stats != nil {
		s.stats.Schedules = 1
		cfg.Stats.add(s.stats)
	}
	return nil
}

func (s *simulation) begin() {
	s.control, s.together = newController(s.cfg.Twin), s.chance(50)
	s.startController()
	if s.cfg.Calm {
		_ = s.apply(ledger.SetPolicy{Policy: ledger.Policy{Default: ledger.Rule{Strict: true}}})
	}
	for n := range slots {
		p := &place{slot: ledger.Slot(fmt.Sprint("slot", n)), agent: true}
		setup := Setup{World: s.newID(), Break: s.cfg.Break}
		for k := range setup.Contents {
			setup.Contents[k] = int64(s.r.IntN(60))
		}
		setup.Foreign, setup.Empty = n == slots-1 && s.chance(30), !s.together
		save := s.cfg.Genesis(setup)
		p.saves = []Save{save}
		s.places = append(s.places, p)
		s.load(p, save, true)
	}
}

func (s *simulation) newID() ledger.World {
	s.ids++
	return ledger.World(fmt.Sprint("w", s.ids))
}

func (s *simulation) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

func (s *simulation) trace(format string, args ...any) {
	if s.cfg.Trace != nil {
		s.cfg.Trace(format, args...)
	}
}

func (s *simulation) chance(percent int) bool { return s.r.IntN(100) < percent }

// event lets something happen somewhere.
func (s *simulation) event() {
	p := s.places[s.r.IntN(len(s.places))]
	switch x := s.r.IntN(1000); {
	case p.process == nil && x < 400:
		s.restart(p)
	case x < 290:
		if q := s.someProcess(p); q != nil {
			q.world.Live(s.r)
		}
	case x < 540:
		if q := s.someProcess(p); q != nil {
			s.agentStep(p, q)
		}
	case x < 858:
		s.deliver(s.chance(12), s.chance(10))
	case x < 870:
		if !s.cfg.Calm {
			s.admin(p)
		}
	case x < 910:
		if q := s.someProcess(p); q != nil && (!s.cfg.Calm || q.world.Assigned(q.epoch)) {
			s.save(p, q)
		}
	default:
		s.fault(p, x)
	}
}

func (s *simulation) fault(p *place, x int) {
	switch {
	case x < 930:
		s.crash(p)
	case x < 940: // the agent crashes, the game goes on
		p.agent = false
		if p.process != nil {
			p.process.epoch = ledger.Epoch{}
		}
	case x < 950:
		p.agent = true
	case s.cfg.Calm && x < 976, s.cfg.Calm && x >= 986:
	case x < 962: // somebody loads another save
		s.stats.Loads++
		s.switchTo(p, p.saves[s.r.IntN(len(p.saves))])
	case x < 970: // a save is copied into another slot and loaded
		s.stats.Copies++
		other := s.places[s.r.IntN(len(s.places))]
		s.switchTo(p, other.saves[s.r.IntN(len(other.saves))])
	case x < 976:
		s.partition(p)
	case x < 986: // the controller crashes: replies are lost, and half of what was on its way to it
		s.stats.Controllers++
		s.loseReplies()
		s.startController()
	case x < 992:
		s.control.keepBackup(s)
	case x < 995: // the ledger is restored from a backup
		s.restore()
	case x < 998: // somebody gives up waiting for a world
		_ = s.apply(ledger.Reclaim{Name: playerNames[s.r.IntN(playerCount)]})
	default:
		s.updateSome(p)
	}
}

// add sums up the counts of one schedule.
func (t *Stats) add(o Stats) {
	t.Schedules += o.Schedules
	t.Crashes += o.Crashes
	t.Loads += o.Loads
	t.Copies += o.Copies
	t.Forks += o.Forks
	t.Zombies += o.Zombies
	t.Controllers += o.Controllers
	t.Restores += o.Restores
	t.Stale += o.Stale
	t.Debts += o.Debts
	t.Revived += o.Revived
	t.Joined += o.Joined
	t.Left += o.Left
	t.Wiped += o.Wiped
	t.Fenced += o.Fenced
	t.Forgiven += o.Forgiven
	t.Released += o.Released
	t.Held += o.Held
	t.Answers += o.Answers
	t.Moves += o.Moves
	t.Replaced += o.Replaced
	t.Updates += o.Updates
	t.Renamed += o.Renamed
}

package ledger_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"mainbus/controller/ledger"
)

// The simulation runs the shipped Apply against worlds that crash, are loaded from any save and are copied, over a
// network that loses, doubles, delays and reorders, with a controller that restarts from what it stored and now and
// then from an old backup. In the end every lineage of saves runs again and all goods are added up: what the worlds
// hold, plus the bus, less debts, must be what the worlds made. Nothing that the protocol counted is subtracted.

const simItems = 2

type vec [simItems]int64

func simItem(k int) ledger.Item { return ledger.Item{Name: fmt.Sprint("item-", k), Quality: "normal"} }

// A mutant breaks one rule of the world's half. The simulation is worth something only if it notices each.
type mutant string

const (
	noReconcile  mutant = "the world reports at bind what it reported last, not what its save holds"
	deltaGrants  mutant = "a grant is added instead of set"
	noZero       mutant = "a new identity keeps its counters"
	lostBuffer   mutant = "the buffer is not in the save"
	countTwice   mutant = "some exports are counted twice"
	takeAndCrash mutant = "some goods are taken without being counted"
)

type place struct {
	slot  ledger.Slot
	game  game
	alive bool
	saves []game
	epoch ledger.Epoch // of the agent's attachment, zero: none
	told  []ledger.Record

	// unsaved is the identity that was assigned here and is in no save yet.
	unsaved ledger.World
}

type simulation struct {
	r      *rand.Rand
	mutant mutant
	places []*place
	state  *ledger.State
	stored store
	backup store
	clock  int64
	ids    int
	bag    []any // messages to the ledger and replies to the places, in flight
	err    error
}

// store keeps what a State hands out, as a database would.
type store struct {
	incarnation int64
	worlds      map[ledger.World]ledger.WorldRow
	accounts    map[string]ledger.AccountRow
	bus         map[ledger.Item]int64
}

const simLedger = "00ff"

func (s store) clone() store {
	return store{s.incarnation, maps.Clone(s.worlds), maps.Clone(s.accounts), maps.Clone(s.bus)}
}

func (s *store) put(b ledger.Books) {
	s.incarnation = max(s.incarnation, b.Incarnation)
	for _, w := range b.Worlds {
		s.worlds[w.ID] = w
	}
	for _, a := range b.Accounts {
		s.accounts[string(a.World)+" "+a.Item.String()] = a
	}
	for _, row := range b.Bus {
		s.bus[row.Item] = row.Qty
	}
}

func (s store) books() ledger.Books {
	b := ledger.Books{Ledger: simLedger, Incarnation: s.incarnation}
	b.Worlds = slices.Collect(maps.Values(s.worlds))
	b.Accounts = slices.Collect(maps.Values(s.accounts))
	for item, qty := range s.bus {
		b.Bus = append(b.Bus, ledger.BusRow{Item: item, Qty: qty})
	}
	return b
}

func newSimulation(seed uint64, m mutant) *simulation {
	s := &simulation{r: rand.New(rand.NewPCG(seed, 7)), mutant: m, clock: 1_000}
	s.stored = store{worlds: map[ledger.World]ledger.WorldRow{}, accounts: map[string]ledger.AccountRow{}, bus: map[ledger.Item]int64{}}
	s.backup = s.stored.clone()
	s.startController()
	for n := range 3 {
		p := &place{slot: ledger.Slot(fmt.Sprint("slot", n))}
		g := game{world: s.newID()}
		for k := range simItems {
			g.contents[k] = int64(s.r.IntN(60))
		}
		g.made = g.contents
		p.saves = []game{g}
		s.places = append(s.places, p)
		s.load(p, g)
	}
	return s
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

func (s *simulation) startController() {
	state, err := ledger.New(s.stored.books())
	if err != nil {
		s.fail("restart: %v", err)
		return
	}
	s.state = state
	s.clock++
	s.apply(ledger.Begin{UnixSeconds: s.clock})
}

// apply is one transaction of the controller.
func (s *simulation) apply(m ledger.Message) {
	replies, err := s.state.Apply(m)
	if err != nil {
		if changed := s.state.Take(); !changed.Empty() {
			s.fail("%T changed %+v and failed: %v", m, changed, err)
		}
		if errors.Is(err, ledger.ErrStale) {
			s.stale(m)
		}
		return
	}
	changed := s.state.Take()
	for _, row := range changed.Bus {
		if row.Qty < 0 {
			s.fail("the bus has %d of %s", row.Qty, row.Item)
		}
	}
	s.stored.put(changed)
	if wrong := s.state.Audit(); len(wrong) > 0 {
		s.fail("after %T: %v", m, wrong)
	}
	for _, r := range replies {
		s.send(r)
	}
}

func (s *simulation) send(m any) {
	if len(s.bag) < 60 {
		s.bag = append(s.bag, m)
	}
}

func (s *simulation) place(slot ledger.Slot) *place {
	for _, p := range s.places {
		if p.slot == slot {
			return p
		}
	}
	return &place{}
}

// stale is how an agent hears that its attachment is over.
func (s *simulation) stale(m ledger.Message) {
	var slot ledger.Slot
	var epoch ledger.Epoch
	switch m := m.(type) {
	case ledger.Bound:
		slot, epoch = m.Slot, m.Epoch
	case ledger.Totals:
		slot, epoch = m.Slot, m.Epoch
	case ledger.Assigned:
		slot, epoch = m.Slot, m.Epoch
	}
	if p := s.place(slot); p.epoch == epoch {
		p.epoch = ledger.Epoch{}
	}
}

func (s *simulation) load(p *place, g game) {
	g.trading = false
	p.game, p.alive, p.epoch = g, true, ledger.Epoch{}
}

// restart does what an agent does: the newest save of the same world, else the newest of all.
func (s *simulation) restart(p *place) {
	for n := len(p.saves) - 1; n >= 0; n-- {
		if p.game.ledger == simLedger && p.saves[n].ledger == simLedger && p.saves[n].world == p.game.world {
			s.load(p, p.saves[n])
			return
		}
	}
	s.load(p, p.saves[len(p.saves)-1])
}

func (s *simulation) save(p *place) {
	g := p.game
	if s.mutant == lostBuffer {
		g.buffer = vec{}
	}
	p.saves = append(p.saves, g)
	if g.world == p.unsaved {
		p.unsaved = ""
	}
}

// agent does the next step of an attachment.
func (s *simulation) agent(p *place) {
	g := &p.game
	switch {
	case !p.alive:
	case p.epoch == ledger.Epoch{}:
		s.send(ledger.Open{Slot: p.slot})
	case g.assigned != p.epoch:
		records := g.records()
		if s.mutant == noReconcile && p.told != nil {
			records = p.told
		}
		s.send(ledger.Bound{Slot: p.slot, Epoch: p.epoch, Ledger: g.ledger, World: g.world, Totals: records, NewWorld: s.newID()})
	default:
		p.told = g.records()
		switch s.r.IntN(12) {
		case 0:
			s.send(ledger.Truth{Slot: p.slot, Epoch: p.epoch, Totals: p.told})
		case 1:
			s.send(ledger.Still{Slot: p.slot, Epoch: p.epoch, Still: s.r.IntN(2) == 0})
		case 2:
			s.send(ledger.Assigned{Slot: p.slot, Epoch: p.epoch})
		default:
			s.send(ledger.Totals{Slot: p.slot, Epoch: p.epoch, Records: p.told})
		}
	}
}

// hear is what an agent does with a reply, and the world with what the agent passes on.
func (s *simulation) hear(r any) {
	switch r := r.(type) {
	case ledger.Run:
		if p := s.place(r.Slot); p.alive && p.epoch == (ledger.Epoch{}) {
			p.epoch, p.game.epoch, p.game.trading = r.Epoch, r.Epoch, false
		}
	case ledger.Assign:
		if p := s.place(r.Slot); p.alive && p.game.epoch == r.Epoch {
			s.assign(p, r)
		}
	case ledger.Grant:
		p := s.place(r.Slot)
		if g := &p.game; p.alive && g.epoch == r.Epoch && g.trading {
			s.grant(g, r)
		}
	}
}

func (s *simulation) deliver(double, lose bool) {
	if len(s.bag) == 0 {
		return
	}
	n := s.r.IntN(len(s.bag))
	m := s.bag[n]
	if !double {
		s.bag[n] = s.bag[len(s.bag)-1]
		s.bag = s.bag[:len(s.bag)-1]
	}
	if lose {
		return
	}
	if up, ok := m.(ledger.Message); ok {
		s.apply(up)
	} else {
		s.hear(m)
	}
}

func (s *simulation) event() {
	p := s.places[s.r.IntN(len(s.places))]
	switch x := s.r.IntN(1000); {
	case !p.alive && x < 400:
		s.restart(p)
	case x < 300:
		if p.alive {
			s.live(&p.game)
		}
	case x < 550:
		s.agent(p)
	case x < 880:
		s.deliver(s.r.IntN(8) == 0, s.r.IntN(10) == 0)
	case x < 920:
		if p.alive {
			s.save(p)
		}
	case x < 940: // the game crashes
		p.alive, p.epoch = false, ledger.Epoch{}
		s.send(ledger.Closed{Slot: p.slot, Epoch: p.game.epoch})
	case x < 952: // the agent attaches anew, the game goes on
		p.epoch = ledger.Epoch{}
	case x < 966: // somebody loads another save
		s.switchTo(p, p.saves[s.r.IntN(len(p.saves))])
	case x < 974: // a save is copied into another slot and loaded
		other := s.places[s.r.IntN(len(s.places))]
		s.switchTo(p, other.saves[s.r.IntN(len(other.saves))])
	case x < 988:
		s.startController()
	case x < 994:
		s.backup = s.stored.clone()
	case x < 997:
		s.restore()
	}
}

// switchTo loads a save that may be of another world. A world is not given up before it was saved, or nothing could
// bring it back to be counted.
func (s *simulation) switchTo(p *place, g game) {
	if p.alive {
		s.save(p)
	}
	if p.unsaved != "" {
		return
	}
	p.saves = append(p.saves, g)
	s.load(p, g)
}

// restore puts the books back to the backup. What the protocol can't know is that a world forgotten by the ledger has
// also forgotten itself, in a crash before its first save; so worlds save here, and none is on its way to an identity.
func (s *simulation) restore() {
	s.bag = nil
	for _, p := range s.places {
		if p.alive {
			s.save(p)
		} else if p.game.ledger == simLedger {
			s.restart(p)
			s.save(p)
		}
	}
	s.stored = s.backup.clone()
	s.startController()
}

// settle ends all faults, lets every lineage run again and reconnects everybody.
func (s *simulation) settle() {
	s.bag = nil
	live := map[ledger.World]bool{}
	for round := range 6 {
		for _, p := range s.places {
			if !p.alive {
				s.restart(p)
			}
			if round < 2 {
				p.epoch = ledger.Epoch{} // bind again: that repairs whatever was lost
			}
			for range 3 {
				s.agent(p)
				for len(s.bag) > 0 {
					s.deliver(false, false)
				}
			}
			live[p.game.world] = true
		}
		if round == 1 {
			s.revive(live)
		}
	}
}

// revive loads every lineage that does not run in a slot of its own.
func (s *simulation) revive(live map[ledger.World]bool) {
	for _, p := range s.places[:3] {
		for n := len(p.saves) - 1; n >= 0; n-- {
			if g := p.saves[n]; !live[g.world] { // one that names no ledger was saved between birth and bind
				live[g.world] = true
				revived := &place{slot: ledger.Slot(fmt.Sprint("revived", len(s.places)))}
				s.places = append(s.places, revived)
				s.load(revived, g)
			}
		}
	}
}

func (s *simulation) check() error {
	if s.err != nil {
		return s.err
	}
	var have, made vec
	seen := map[ledger.World]bool{}
	for _, p := range s.places {
		g := p.game
		if !g.trading || seen[g.world] {
			return fmt.Errorf("%s does not trade, or world %s lives twice", p.slot, g.world)
		}
		seen[g.world] = true
		for k := range simItems {
			have[k] += g.contents[k] + g.buffer[k]
			made[k] += g.made[k]
		}
	}
	for k := range simItems {
		have[k] += s.stored.bus[simItem(k)]
		for _, a := range s.stored.accounts {
			if a.Item == simItem(k) {
				have[k] -= a.Owed
			}
		}
	}
	if have != made {
		return fmt.Errorf("the cluster has %v and made %v", have, made)
	}
	return nil
}

func runSchedule(seed uint64, m mutant) error {
	s := newSimulation(seed, m)
	for range 450 {
		s.event()
	}
	s.settle()
	return s.check()
}

func TestNothingIsLostOrDoubled(t *testing.T) {
	schedules := uint64(4_000)
	if testing.Short() {
		schedules = 500
	}
	for seed := range schedules {
		if err := runSchedule(seed, ""); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func TestSimulationNoticesBrokenRules(t *testing.T) {
	for _, m := range []mutant{noReconcile, deltaGrants, noZero, lostBuffer, countTwice, takeAndCrash} {
		t.Run(string(m), func(t *testing.T) {
			for seed := range uint64(2_000) {
				if runSchedule(seed, m) != nil {
					return
				}
			}
			t.Error("not noticed in 2,000 schedules")
		})
	}
}

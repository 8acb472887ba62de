package sim

import (
	"slices"

	"mainbus/controller/ledger"
)

// place is a slot: what runs in it and the saves in its folder.
type place struct {
	slot      ledger.Slot
	agent     bool     // is up
	process   *process // nil: nothing runs
	zombies   []*process
	saves     []Save       // oldest first
	last      Save         // what the process that ran last was started from
	opened    ledger.Epoch // of the newest attachment; each gets its answer once
	forgotten bool         // the ledger has forgotten world, and no save holds it: if it crashes before it is bound, it never was
	former    ledger.World // that became world by getting another identity
	mods      int          // their version
	world     ledger.World // that was assigned here last since somebody chose a save, empty: none yet
}

// process is one running game and the agent's attachment to it.
type process struct {
	slot   ledger.Slot
	world  World
	epoch  ledger.Epoch // of the attachment; zero: none
	told   []ledger.Record
	zombie bool // cut off: another process runs in its slot
}

const maxZombies = 2

// load starts a game from a save.
func (s *simulation) load(p *place, save Save, chosen bool) {
	p.process = &process{slot: p.slot, world: save.Load()}
	s.migrate(p)
	s.trace("%s loads %+v, chosen %v", p.slot, save, chosen)
	p.last = save
	if chosen {
		p.world, p.former, p.forgotten = "", "", false
	}
}

// forget drops the world of a place that the ledger has forgotten, if what runs there, or would, doesn't know it either. If
// no save holds it, it never was.
func (s *simulation) forget(p *place) {
	held := s.saved(p.world) > 0
	if !p.forgotten || p.process == nil && held {
		return
	}
	if p.process != nil {
		if _, world := p.process.world.Identity(); world == p.world {
			return
		}
	}
	if !held {
		delete(s.lineages, p.world)
		s.silence(p, p.world)
	}
	p.world, p.forgotten = "", false
}

// silence keeps the ledger from hearing of a world any more.
func (s *simulation) silence(p *place, world ledger.World) {
	p.zombies = slices.DeleteFunc(p.zombies, func(z *process) bool {
		_, id := z.world.Identity()
		return id == world
	})
	s.bag = slices.DeleteFunc(s.bag, func(m any) bool {
		b, ok := m.(binding)
		return ok && b.World == world
	})
}

// restart does what an agent does after a crash: the newest save of the same world, else of the world that it was before
// it got its identity, else what it was started from.
func (s *simulation) restart(p *place) {
	p.process = nil
	s.forget(p)
	s.load(p, s.restartFrom(p), false)
	s.forget(p) // other folders may have the forgotten world; this one has not
}

func (s *simulation) restartFrom(p *place) Save {
	for _, wanted := range []ledger.World{p.world, p.former} {
		for _, save := range slices.Backward(p.saves) {
			if of, world := save.Identity(); (of == "" || of == s.control.id) && world == wanted {
				return save
			}
		}
	}
	return p.last
}

func (s *simulation) crash(p *place) {
	if p.process == nil {
		return
	}
	s.stats.Crashes++
	s.trace("%s crashes", p.slot)
	if p.agent {
		s.send(ledger.Closed{Slot: p.slot, Epoch: p.process.epoch})
	}
	p.process = nil
}

// partition cuts a running game off: its slot runs anew from a save, and the old game goes on.
func (s *simulation) partition(p *place) {
	if p.process == nil {
		return
	}
	s.stats.Zombies++
	s.trace("%s is cut off", p.slot)
	p.process.zombie = true
	p.zombies = append(p.zombies, p.process)
	if len(p.zombies) > maxZombies {
		p.zombies = p.zombies[1:]
	}
	s.restart(p)
}

// someProcess is mostly the one that should run in a slot, and sometimes one that should not.
func (s *simulation) someProcess(p *place) *process {
	if len(p.zombies) > 0 && s.chance(15) {
		return p.zombies[s.r.IntN(len(p.zombies))]
	}
	return p.process
}

// save writes a save into the slot's folder, also when a zombie does it. Retention deletes any but the last of a lineage.
func (s *simulation) save(p *place, q *process) {
	save := q.world.Save()
	s.tellSaved(q, save)
	s.trace("%s saves %+v, zombie %v", p.slot, save, q.zombie)
	if q.zombie {
		p.saves = slices.Insert(p.saves, 0, save)
	} else {
		p.saves = append(p.saves, save)
	}
	if len(p.saves) <= maxSaves {
		return
	}
	_, own := save.Identity()
	n := s.r.IntN(len(p.saves) - 1)
	if _, world := p.saves[n].Identity(); world != own && s.saved(world) < 2 {
		return
	}
	if p.saves[n] != save {
		s.trace("%s deletes %+v", p.slot, p.saves[n])
		p.saves = slices.Delete(p.saves, n, n+1)
	}
}

// tellSaved is what the agent does when a save is finished: it reads the accounts from the file.
func (s *simulation) tellSaved(q *process, save Save) {
	if q.epoch == (ledger.Epoch{}) {
		return
	}
	m := ledger.Saved{Slot: q.slot, Epoch: q.epoch, Totals: save.Totals(), Tick: save.Tick()}
	m.Ledger, m.World = save.Identity()
	s.send(m)
}

// saved counts the saves of a lineage. A save that has no identity yet holds the id that it will propose.
func (s *simulation) saved(world ledger.World) int {
	count := 0
	for _, p := range s.places {
		for _, save := range p.saves {
			if of, id := save.Identity(); id == world && (of == "" || of == s.control.id) {
				count++
			}
		}
	}
	return count
}

// switchTo loads a save that may be of another world; the running game is saved first. A world that crashed before any
// save had its identity can't be given up: nothing could bring it back to be counted.
func (s *simulation) switchTo(p *place, save Save) {
	if p.process != nil {
		s.save(p, p.process)
	}
	if p.world != "" && s.saved(p.world) == 0 || slices.ContainsFunc(p.zombies, s.unsaved) {
		return
	}
	p.saves = append(p.saves, save)
	s.load(p, save, true)
}

func (s *simulation) unsaved(q *process) bool {
	_, world := q.world.Identity()
	return s.saved(world) == 0
}

// agentStep does the next step of an attachment. A zombie's agent is cut off from opening another one.
func (s *simulation) agentStep(p *place, q *process) {
	if !p.agent && !q.zombie {
		return
	}
	if q.epoch == (ledger.Epoch{}) {
		if !q.zombie {
			s.send(ledger.Open{Slot: q.slot})
		}
		return
	}
	if !q.world.Assigned(q.epoch) {
		s.bind(q)
		return
	}
	if !s.cfg.Calm { // an inventory that is rolled back is owed until its copy is wiped
		s.tellPlayers(p, q)
	}
	switch s.r.IntN(12) {
	case 0:
		// One that overtakes newer lines would make a debt for the moment.
		if records, ok := q.world.Report(q.epoch); ok && !s.cfg.Calm {
			truth := ledger.Truth{Slot: q.slot, Epoch: q.epoch, Totals: records, Tick: q.world.Tick()}
			if w, ok := q.world.(crowd); ok && s.chance(50) {
				players := w.Players()
				truth.Players = &players
			}
			s.send(truth)
		}
	case 1:
		s.send(ledger.Still{Slot: q.slot, Epoch: q.epoch, Still: !s.settling && s.chance(50)})
	case 2:
		s.send(ledger.Assigned{Slot: q.slot, Epoch: q.epoch})
	default:
		s.tell(q)
	}
}

// tell passes on what a world says.
func (s *simulation) tell(q *process) {
	q.told = q.world.Tell()
	s.send(ledger.Totals{Slot: q.slot, Epoch: q.epoch, Records: q.told, Tick: q.world.Tick()})
}

func (s *simulation) bind(q *process) {
	b, ok := q.world.Bind(q.epoch)
	if !ok { // the world was bound by somebody newer
		q.epoch = ledger.Epoch{}
		return
	}
	if s.cfg.Break == NoReconcile && q.told != nil {
		b.Totals = q.told
	}
	b.Slot, b.Epoch, b.NewWorld = q.slot, q.epoch, s.newID()
	s.send(s.binding(q, b))
}

// hear is what agents do with a reply, and worlds with what is passed on to them. Agents pass on whatever they get:
// it is the world that knows which epoch it is bound to.
func (s *simulation) hear(r ledger.Reply) {
	switch r := r.(type) {
	case ledger.Run:
		if p := s.place(r.Slot); p != nil && p.agent && p.process != nil && p.process.epoch == (ledger.Epoch{}) && compareEpochs(r.Epoch, p.opened) > 0 {
			p.process.epoch, p.opened = r.Epoch, r.Epoch
		}
	case ledger.Assign:
		if p := s.place(r.Slot); p != nil && p.agent && p.process != nil {
			s.assign(p, p.process, r)
		}
	case ledger.Grant:
		s.each(r.Slot, func(_ *place, q *process) { q.world.Grant(r) })
	case ledger.Full:
		s.each(r.Slot, func(_ *place, q *process) { q.world.Full(r) })
	default:
		s.hearPlayers(r)
	}
}

func (s *simulation) assign(p *place, q *process, a ledger.Assign) {
	if q.epoch != a.Epoch || !q.world.Assign(a) {
		return
	}
	s.trace("%s assigned %+v", p.slot, a)
	s.lineages[a.World] = true
	s.stats.Wiped += int64(len(a.Wipe))
	if a.Fresh {
		s.stats.Forks++
	}
	if p.world != a.World {
		p.world, p.former = a.World, p.world
	}
	p.forgotten = false
}

// checkIdentity wants that no crash makes another world of a place's world: with another identity it would have its goods
// once more. Where the world is leased to another slot, because a restored ledger met a copy of its save first or
// remembers where it was before it moved, the place is the copy.
func (s *simulation) checkIdentity(a ledger.Assign) {
	p := s.place(a.Slot)
	if p == nil {
		return
	}
	if p.world == a.World {
		p.forgotten = false // the ledger knows it again, whatever becomes of the process that told it
	}
	if p.process == nil || p.process.epoch != a.Epoch || p.world == "" || p.world == a.World {
		return
	}
	if s.control.stored.worlds[a.World].Slot == p.slot { // decided before
		return
	}
	if slot := s.control.stored.worlds[p.world].Slot; slot == "" || slot == p.slot {
		s.fail("%s crashed as world %s and came back as %s", p.slot, p.world, a.World)
	}
}

// each is for what also reaches a process that was cut off.
func (s *simulation) each(slot ledger.Slot, f func(*place, *process)) {
	p := s.place(slot)
	if p == nil {
		return
	}
	if p.agent && p.process != nil {
		f(p, p.process)
	}
	for _, q := range p.zombies {
		f(p, q)
	}
}

func (s *simulation) place(slot ledger.Slot) *place {
	for _, p := range s.places {
		if p.slot == slot {
			return p
		}
	}
	return nil
}

// hearStale is how an agent learns that its attachment is over.
func (s *simulation) hearStale(m ledger.Message) {
	var slot ledger.Slot
	var epoch ledger.Epoch
	switch m := m.(type) {
	case ledger.Bound:
		slot, epoch = m.Slot, m.Epoch
	case ledger.Totals:
		slot, epoch = m.Slot, m.Epoch
	case ledger.Truth:
		slot, epoch = m.Slot, m.Epoch
	case ledger.Assigned:
		slot, epoch = m.Slot, m.Epoch
	case ledger.PlayerJoin:
		slot, epoch = m.Slot, m.Epoch
	case ledger.PlayerOut:
		slot, epoch = m.Slot, m.Epoch
	default:
		return
	}
	if p := s.place(slot); p != nil && p.process != nil && p.process.epoch == epoch {
		p.process.epoch = ledger.Epoch{}
	}
}

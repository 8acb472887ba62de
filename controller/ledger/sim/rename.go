package sim

import (
	"fmt"

	"mainbus/controller/ledger"
)

// versions of the mods that goods come from. Each renames something.
const versions = 3

// named is what a version calls a kind of goods: the first is renamed twice, the second once.
func named(k, version int) ledger.Item {
	return ledger.Item{Name: [versions]string{"item", "renamed", "again"}[max(0, version-k)] + fmt.Sprint("-", k), Quality: "normal"}
}

// modded is a World whose goods mods may rename.
type modded interface {
	World
	Mods() int
	// Migrate is what the game does when it loads a save with newer mods.
	Migrate(version int)
	Renames() []ledger.Rename
}

func (g *game) Mods() int { return g.mods }

func (g *game) Migrate(version int) { g.mods = version }

// Renames are all names that goods of this world ever had.
func (g *game) Renames() (out []ledger.Rename) {
	if g.rule == NoRename {
		return nil
	}
	for k := range Kinds {
		for version := g.toldFrom; version < g.mods; version++ {
			old, now := named(k, version), named(k, g.mods)
			if old != now && (version == 0 || old != named(k, version-1)) {
				out = append(out, ledger.Rename{Old: old, New: now})
			}
		}
	}
	return out
}

// migrate loads a world with the mods of its slot, which are not older than those of the save.
func (s *simulation) migrate(p *place) {
	if w, ok := p.process.world.(modded); ok {
		s.modded = true
		p.mods = max(p.mods, w.Mods())
		w.Migrate(p.mods)
	}
}

// updateSome gives a slot newer mods, or all of them. Where slots differ, players carry nothing: what somebody brings under a
// name that the world does not count by is settled at the next bind only.
func (s *simulation) updateSome(p *place) {
	if !s.modded {
		return
	}
	if !s.together {
		s.update(p)
		return
	}
	s.newest = min(s.newest+1, versions-1)
	for _, p := range s.places {
		s.update(p)
	}
}

// update gives a slot newer mods: what runs there is stopped, with or without a save.
func (s *simulation) update(p *place) {
	if p.mods == versions-1 {
		return
	}
	s.stats.Updates++
	p.mods++
	s.trace("%s gets mods %d", p.slot, p.mods)
	if p.process != nil && s.chance(50) {
		s.save(p, p.process)
	}
	p.process = nil
}

// updateAll gives everybody the newest mods, if worlds know of mods at all.
func (s *simulation) updateAll() {
	if !s.modded {
		return
	}
	s.newest = versions - 1
	for _, p := range s.places {
		for p.mods < s.newest {
			s.update(p)
		}
	}
}

// binding is what an agent tells at bind. The controller passes both on, one after the other.
type binding struct {
	ledger.Bound
	renamed []ledger.Rename
	mods    int
}

func (s *simulation) binding(q *process, b ledger.Bound) binding {
	if w, ok := q.world.(modded); ok {
		return binding{b, w.Renames(), w.Mods()}
	}
	return binding{Bound: b}
}

func (s *simulation) applyBinding(b binding) {
	s.binds = b.mods
	defer func() { s.binds = versions }()
	if len(b.renamed) > 0 {
		s.stats.Renamed++
		_ = s.apply(ledger.Renamed{Slot: b.Slot, Epoch: b.Epoch, Ledger: b.Ledger, World: b.World, Renames: b.renamed})
		if !s.settling && s.chance(5) { // the controller crashes in between
			return
		}
	}
	_ = s.apply(b.Bound)
}

// keepNames notes by which version of the mods a world's accounts are named.
func (s *simulation) keepNames(m ledger.Message, changed ledger.Books, replies []ledger.Reply) {
	if _, ok := m.(ledger.Renamed); ok {
		for _, a := range changed.Accounts {
			s.named[a.World] = max(s.named[a.World], s.binds)
		}
	}
	for _, r := range replies {
		if a, ok := r.(ledger.Assign); ok {
			s.named[a.World] = max(s.named[a.World], s.binds)
		}
	}
}

// checkNames wants nothing to be left under an old name once everybody has the newest mods. A world that does not run keeps its
// debts as they were when it did.
func (s *simulation) checkNames(live map[ledger.World]bool) error {
	if s.newest < versions-1 {
		return nil
	}
	old := func(item ledger.Item) bool {
		k, known := kindOf(item)
		return known && item != named(k, s.newest)
	}
	for item, row := range s.control.stored.bus {
		if old(item) && row.Qty != 0 {
			return fmt.Errorf("the bus has %d of %s, which nobody calls so any more", row.Qty, item)
		}
	}
	for key, a := range s.control.stored.accounts {
		if live[key.world] && old(key.item) && (a.Owed != 0 || a.Held != 0) {
			return fmt.Errorf("of %s, which nobody calls so any more, world %s owes %d, and %d is held", key.item, key.world, a.Owed, a.Held)
		}
	}
	return nil
}

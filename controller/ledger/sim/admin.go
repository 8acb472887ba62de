package sim

import (
	"cmp"
	"fmt"
	"slices"

	"mainbus/controller/ledger"
)

// admin lets somebody do one of the things that people do to the ledger.
func (s *simulation) admin(p *place) {
	switch s.r.IntN(6) {
	case 0:
		s.forgive()
	case 1:
		s.release()
	case 2:
		s.answer()
	case 3:
		s.moveInstance(p)
	default:
		s.setPolicy()
	}
}

// pickAccount is one of the accounts that ok likes.
func (s *simulation) pickAccount(ok func(ledger.AccountRow) bool) (a ledger.AccountRow, found bool) {
	var all []ledger.AccountRow
	for _, row := range s.control.stored.accounts {
		if ok(row) {
			all = append(all, row)
		}
	}
	if len(all) == 0 {
		return a, false
	}
	slices.SortFunc(all, func(a, b ledger.AccountRow) int {
		return cmp.Or(cmp.Compare(a.World, b.World), cmp.Compare(a.Name, b.Name))
	})
	return all[s.r.IntN(len(all))], true
}

func (s *simulation) forgive() {
	a, found := s.pickAccount(func(a ledger.AccountRow) bool { return a.Owed > 0 })
	if !found {
		return
	}
	amount := 1 + s.r.Int64N(a.Owed+3)
	if s.apply(ledger.Forgive{World: a.World, Item: a.Item, Amount: amount}) == nil {
		s.stats.Forgiven++
		k, _ := kindOf(a.Item)
		s.control.stored.forgiven[k] += min(amount, a.Owed)
	}
}

func (s *simulation) release() {
	a, found := s.pickAccount(func(a ledger.AccountRow) bool { return a.Held > 0 })
	if found && s.apply(ledger.Release{World: a.World, Item: a.Item, Amount: 1 + s.r.Int64N(a.Held+3)}) == nil {
		s.stats.Released++
	}
}

// answer answers a question about a copied world.
func (s *simulation) answer() {
	var asked []ledger.World
	for id, w := range s.control.stored.worlds {
		if w.Question != ledger.NoQuestion {
			asked = append(asked, id)
		}
	}
	if len(asked) == 0 {
		return
	}
	slices.Sort(asked)
	copied := asked[s.r.IntN(len(asked))]
	if s.chance(50) {
		s.answerMoved(copied)
	} else if s.apply(ledger.Answer{World: copied}) == nil {
		s.stats.Answers++
	}
}

// moveInstance takes an instance with its saves and its lease to another slot. What was cut off stays where it is. A world
// that no save holds can't move: were the move forgotten by a restored ledger, nothing would lead back to it.
func (s *simulation) moveInstance(p *place) {
	if p.process != nil {
		s.save(p, p.process)
	}
	if s.saved(s.control.stored.leased(p.slot)) == 0 {
		return
	}
	s.ids++
	to := ledger.Slot(fmt.Sprint("moved", s.ids))
	if s.apply(ledger.Move{From: p.slot, To: to}) != nil {
		return
	}
	s.stats.Moves++
	s.trace("%s moves to %s", p.slot, to)
	p.slot, p.process = to, nil
}

func (s *simulation) setPolicy() {
	some := func(n int64) int64 { return s.r.Int64N(n) }
	policy := ledger.Policy{Default: ledger.Rule{Strict: s.chance(30), Fair: s.chance(50)}}
	if s.chance(30) {
		policy.Default.Limit = 1 + some(40)
	}
	if s.chance(30) {
		policy.Growth = ledger.Growth{Burst: some(10), Rate: some(3)}
	}
	for _, p := range s.places {
		if s.chance(30) {
			policy.Slots = append(policy.Slots, ledger.SlotRule{Slot: p.slot, Priority: s.r.IntN(3), Weight: 1 + some(4)})
		}
		if s.chance(20) {
			policy.Reserves = append(policy.Reserves, ledger.Reserve{Slot: p.slot, Item: named(s.r.IntN(Kinds), s.r.IntN(versions)), Qty: some(30)})
		}
	}
	if err := s.apply(ledger.SetPolicy{Policy: policy}); err != nil {
		s.fail("set a policy: %v", err)
	}
}

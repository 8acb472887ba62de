package ledger

import (
	"fmt"
	"slices"
)

// reconcilePlayers makes the homes of players agree with a save: of those that it tells of, and of those that w holds
// by the books. It returns what the inventories in the ledger lost, which the world's account has to make up for, and
// whose copies in the world have no right to be.
func (s *State) reconcilePlayers(w *world, told []Player) (lost map[Item]int64, wipe []string) {
	lost = map[Item]int64{}
	change := func(p *player, decide func()) {
		for _, c := range p.inLedger() {
			lost[c.Item] += c.N
		}
		decide()
		for _, c := range p.inLedger() {
			lost[c.Item] -= c.N
		}
	}
	here := make(map[*player]struct{}, len(told))
	for _, y := range sortedPlayers(told) {
		p := s.player(y.Name)
		here[p] = struct{}{}
		change(p, func() {
			if y.Left {
				s.settleLeft(w, p, y)
			} else if s.settleHeld(w, p, y) {
				wipe = append(wipe, y.Name)
			}
		})
	}
	for _, p := range s.playersOf(w) {
		if _, ok := here[p]; !ok { // what was given to w is not in this save: it was rolled back
			change(p, func() { s.setHome(p, nil, p.row.Token) })
		}
	}
	return lost, wipe
}

// settleHeld decides on a player whom a save holds, and says whether that copy must go.
func (s *State) settleHeld(w *world, p *player, y Player) (wipe bool) {
	switch newer := compareTokens(y.Token, p.row.Token); {
	case newer > 0: // the ledger was restored from a backup older than this holding
		s.takeFrom(p, w)
		s.setHome(p, w, y.Token)
	case newer == 0 && p.holder == nil: // a save from before he left, or the world was thought to be gone
		s.setHome(p, w, y.Token)
	case newer == 0 && p.holder == w:
	default: // a copy of what has moved on; if w itself was given it later, that was rolled back
		if p.holder == w {
			s.setHome(p, nil, p.row.Token)
		}
		return true
	}
	return false
}

// settleLeft decides on a player whose inventory a save has handed over, and not been told that it arrived.
func (s *State) settleLeft(w *world, p *player, y Player) {
	switch newer := compareTokens(y.Token, p.row.Token); {
	case newer > 0:
		s.takeFrom(p, w)
		s.setHome(p, nil, y.Token)
		s.setInventory(p, w, y.Inventory)
	case newer == 0 && (p.holder == w || p.holder == nil && !sameInventory(p.row.Inventory, y.Inventory)):
		s.setHome(p, nil, y.Token)
		s.setInventory(p, w, y.Inventory)
	case newer < 0 && p.holder == w: // w was given him later, and that was rolled back
		s.setHome(p, nil, p.row.Token)
	}
}

// takeFrom makes the world that holds p by older books, and runs, bind again: its copy is wiped then.
func (s *State) takeFrom(p *player, w *world) {
	if p.holder == nil || p.holder == w {
		return
	}
	if r := s.liveRun(p.holder); r != nil {
		s.fence(r)
	}
}

// reconcilePassages sets the books of what passed w in players' inventories to what its save says. It returns by how
// much that changes what w has given away, together with what the ledger lost.
func (s *State) reconcilePassages(w *world, told []Passage, lost map[Item]int64) map[Item]int64 {
	changes := map[Item]int64{}
	for item, n := range lost {
		changes[item] += n
	}
	for item, a := range w.accounts {
		if a.ep != 0 || a.ip != 0 {
			changes[item] -= a.ep - a.ip
			a.ep, a.ip = 0, 0
			s.touch(w, item)
		}
	}
	for _, p := range told {
		a := w.account(p.Item)
		a.ep, a.ip = p.EP, p.IP
		changes[p.Item] += p.EP - p.IP
		s.touch(w, p.Item)
	}
	for item := range changes {
		w.account(item)
	}
	return changes
}

// canPass bounds what a world may claim to have handed over, as Growth bounds what it may claim to have sent. Here the
// whole save is refused, because no account could keep what is held of it.
func (s *State) canPass(w *world, told Players, tick int64) error {
	pending := map[Item]int64{}
	for _, y := range told.States {
		for _, c := range y.Items {
			pending[c.Item] += c.N
		}
	}
	room := max(s.growth.Burst, DefaultGrowth.Burst) + max(s.growth.Rate, DefaultGrowth.Rate)*max(0, tick-w.tick)
	for _, p := range told.Totals {
		if p.EP-w.peek(p.Item).ep-pending[p.Item] > room {
			return fmt.Errorf("%w: players can't have taken %d of %s out of the world; if they did, let the policy's growth be greater", ErrInvalid, p.EP, p.Item)
		}
	}
	return nil
}

// withPassages adds the items of passages to totals, for the check of what may be booked.
func withPassages(totals []Record, passages []Passage) []Record {
	if len(passages) == 0 {
		return totals
	}
	told := make(map[Item]struct{}, len(totals))
	for _, t := range totals {
		told[t.Item] = struct{}{}
	}
	all := slices.Clone(totals)
	for _, p := range passages {
		if _, ok := told[p.Item]; !ok {
			all = append(all, Record{Item: p.Item})
		}
	}
	return all
}

// contradicts says whether a report within a run can't be what has become of what is booked: a hand-over may be on its
// way in either direction, anything else may not be.
func (s *State) contradicts(w *world, told Players) bool {
	type passage struct{ ep, ip int64 }
	want := map[Item]passage{} // what the world must say, by what is booked and what is on its way
	for item, a := range w.accounts {
		if a.ep != 0 || a.ip != 0 {
			want[item] = passage{a.ep, a.ip}
		}
	}
	here := make(map[*player]struct{}, len(told.States))
	for _, y := range told.States {
		p := s.players[PlayerKey(y.Name)]
		switch {
		case p == nil || compareTokens(y.Token, p.row.Token) > 0, !y.Left && (p.holder != w || p.row.Token != y.Token):
			return true
		case p.holder == w && p.row.Token == y.Token:
			here[p] = struct{}{}
			for _, c := range y.Items {
				o := want[c.Item]
				want[c.Item] = passage{o.ep + c.N, o.ip}
			}
		}
	}
	for _, p := range s.playersOf(w) {
		if _, ok := here[p]; ok {
			continue
		}
		for _, c := range p.row.Items {
			o := want[c.Item]
			want[c.Item] = passage{o.ep, o.ip - c.N}
		}
	}
	for _, t := range told.Totals {
		if want[t.Item] != (passage{t.EP, t.IP}) {
			return true
		}
		delete(want, t.Item)
	}
	for _, o := range want {
		if o != (passage{}) {
			return true
		}
	}
	return false
}

func sameInventory(a, b Inventory) bool {
	if string(a.Blob) != string(b.Blob) || len(a.Items) != len(b.Items) {
		return false
	}
	for n := range a.Items {
		if a.Items[n] != b.Items[n] {
			return false
		}
	}
	return true
}

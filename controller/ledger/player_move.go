package ledger

import (
	"fmt"
	"slices"
)

func (s *State) playerJoin(m PlayerJoin) error {
	r, err := s.currentBound(m.Slot, m.Epoch)
	if err != nil {
		return err
	}
	if err := validPlayer(m.Name); err != nil {
		return err
	}
	p := s.players[PlayerKey(m.Name)]
	if p == nil {
		if err := s.roomFor(1, s.blobs); err != nil {
			return err
		}
	} else if err := roomForItems(r.world, p.inLedger()); err != nil {
		return err
	}
	// Worlds ask only after assign, so this may be how the ledger learns of it.
	s.startTrade(r)
	p = s.player(m.Name)
	if p.holder == nil {
		p.row.Name = m.Name
		s.handIn(p, r.world)
	}
	if p.holder == r.world {
		s.deliver(r, p)
		return nil
	}
	s.reply(PlayerAway{Slot: m.Slot, Epoch: m.Epoch, Name: p.row.Name, Holder: p.row.Holder})
	// What was sent there may have been lost, and nobody there asks for it any more.
	if other := s.liveRun(p.holder); other != nil {
		s.deliver(other, p)
	}
	return nil
}

// handIn moves an inventory from the ledger into a world.
func (s *State) handIn(p *player, w *world) {
	for _, c := range p.inLedger() {
		w.account(c.Item).ip += c.N
		s.touch(w, c.Item)
		s.post(w, Joined, c.Item, c.N)
	}
	s.setHome(p, w, s.nextToken())
}

// handOut moves an inventory from the world that holds it into the ledger.
func (s *State) handOut(p *player, inv Inventory) {
	w := p.holder
	for _, c := range inv.Items {
		w.account(c.Item).ep += c.N
		s.touch(w, c.Item)
		s.post(w, Left, c.Item, c.N)
	}
	s.setHome(p, nil, p.row.Token)
	s.setInventory(p, w, inv)
}

// giveBack moves an inventory back into the ledger as it was given to a world that will not hand it over.
func (s *State) giveBack(p *player) {
	w := p.holder
	for _, c := range p.row.Items {
		w.account(c.Item).ep += c.N
		s.touch(w, c.Item)
		s.post(w, Returned, c.Item, c.N)
	}
	s.setHome(p, nil, p.row.Token)
}

// deliver sends a player to the run of the world that holds him.
func (s *State) deliver(r *run, p *player) {
	s.reply(PlayerIn{Slot: r.slot, Epoch: r.epoch, Name: p.row.Name, Token: p.row.Token, Inventory: p.row.Inventory})
}

// deliverMissing sends those again whom the world holds by the books and does not know of.
func (s *State) deliverMissing(r *run, told []Player) {
	here := make(map[string]struct{}, len(told))
	for _, y := range told {
		here[PlayerKey(y.Name)] = struct{}{}
	}
	for _, p := range s.playersOf(r.world) {
		if _, ok := here[p.row.Key]; !ok {
			s.deliver(r, p)
		}
	}
}

// liveRun is the run that w is bound in, nil if it has none.
func (s *State) liveRun(w *world) *run {
	if r := s.runs[w.row.Slot]; r != nil && r.world == w {
		return r
	}
	return nil
}

// fence ends a run whose world has to bind again.
func (s *State) fence(r *run) {
	s.endRun(r.slot)
	s.reply(Fenced{Slot: r.slot, Epoch: r.epoch})
}

func (s *State) playerOut(m PlayerOut) error {
	r, err := s.currentBound(m.Slot, m.Epoch)
	if err != nil {
		return err
	}
	if err := validPlayer(m.Name); err != nil {
		return err
	}
	if err := validInventory(m.Inventory); err != nil {
		return fmt.Errorf("player %s: %w", m.Name, err)
	}
	p := s.players[PlayerKey(m.Name)]
	if p == nil || compareTokens(m.Token, p.row.Token) > 0 {
		s.reply(PlayerRefused{Slot: m.Slot, Epoch: m.Epoch, Name: m.Name})
		return nil
	}
	if p.holder == r.world && p.row.Token == m.Token {
		if err := s.canHandOut(r.world, p, m.Inventory); err != nil {
			return err
		}
		s.startTrade(r)
		s.handOut(p, m.Inventory)
	}
	// Any other token is of a holding that is over: what left the world with it was settled when it was bound.
	s.reply(OutAck{Slot: m.Slot, Epoch: m.Epoch, Name: m.Name, Token: m.Token})
	return nil
}

func (s *State) canHandOut(w *world, p *player, inv Inventory) error {
	if err := s.roomFor(0, s.blobs+len(inv.Blob)-len(p.row.Blob)); err != nil {
		return err
	}
	return roomForItems(w, inv.Items)
}

// roomForItems checks that a world may have accounts for what a player carries.
func roomForItems(w *world, items []Count) error {
	kinds := len(w.accounts)
	for _, c := range items {
		a := w.accounts[c.Item]
		if a == nil {
			kinds++
		} else if a.ep+c.N > MaxCount || a.ip+c.N > MaxCount {
			return fmt.Errorf("%w: more of %s than can be counted", ErrInvalid, c.Item)
		}
	}
	if kinds > MaxItems {
		return fmt.Errorf("%w: %d different items", ErrInvalid, kinds)
	}
	return nil
}

func (s *State) reclaim(m Reclaim) error {
	p := s.players[PlayerKey(m.Name)]
	switch {
	case p == nil:
		return fmt.Errorf("%w: no player %.40q is known", ErrInvalid, m.Name)
	case p.holder == nil:
		return fmt.Errorf("%w: no world holds %s", ErrOrder, p.row.Name)
	case s.liveRun(p.holder) != nil:
		return fmt.Errorf("%w: the world that holds %s runs; he has to leave it", ErrOrder, p.row.Name)
	}
	s.giveBack(p)
	return nil
}

func (s *State) setByAdmin(m SetInventory) error {
	if err := validInventory(m.Inventory); err != nil {
		return fmt.Errorf("player %.40q: %w", m.Name, err)
	}
	p := s.players[PlayerKey(m.Name)]
	switch {
	case p == nil:
		return fmt.Errorf("%w: no player %.40q is known", ErrInvalid, m.Name)
	case p.holder != nil:
		return fmt.Errorf("%w: world %s holds %s; he has to leave it", ErrOrder, p.row.Holder, p.row.Name)
	}
	if err := s.roomFor(0, s.blobs+len(m.Blob)-len(p.row.Blob)); err != nil {
		return err
	}
	for _, c := range p.row.Items {
		s.adjust(c.Item, -c.N)
	}
	for _, c := range m.Items {
		s.adjust(c.Item, c.N)
	}
	s.setHome(p, nil, s.nextToken()) // a save that still waits to hand over what he had before is overtaken
	s.setInventory(p, nil, m.Inventory)
	return nil
}

// relabelPlayers renames what the ledger has of players, and what w was given of them. Their blobs still have the old
// name, which worlds know how to read.
func (s *State) relabelPlayers(w *world, all []Rename) {
	names := make(map[Item]Item, len(all))
	for _, n := range all {
		names[n.Old] = n.New
	}
	for _, p := range s.players {
		if p.holder != nil && p.holder != w {
			continue
		}
		old := p.row.Items
		if !slices.ContainsFunc(old, func(c Count) bool { _, renamed := names[c.Item]; return renamed }) {
			continue
		}
		p.row.Items = relabelCounts(old, names)
		s.dirty.players[p] = struct{}{}
		if p.holder != nil {
			continue
		}
		for _, c := range old {
			if now, renamed := names[c.Item]; renamed {
				s.adjust(c.Item, -c.N)
				s.adjust(now, c.N)
			}
		}
	}
}

func relabelCounts(items []Count, names map[Item]Item) []Count {
	sums := map[Item]int64{}
	for _, c := range items {
		if now, renamed := names[c.Item]; renamed {
			c.Item = now
		}
		sums[c.Item] += c.N
	}
	out := make([]Count, 0, len(sums))
	for _, item := range sortedItems(sums) {
		out = append(out, Count{item, sums[item]})
	}
	return out
}

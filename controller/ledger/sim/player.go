package sim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"mainbus/controller/ledger"
)

// playerCount is how many players wander between the worlds.
const playerCount = 2

var playerNames = [playerCount]string{"Ann", "Bob"}

// The rules on players that a world can break.
const (
	WipeUncounted   Break = "a wiped inventory is not counted as exported"
	NoWipe          Break = "a copy that has no right to be is kept"
	KeepCopies      Break = "a copied save keeps its players' inventories"
	TakeTwice       Break = "an inventory is taken although its token was taken before"
	TakeUncounted   Break = "an inventory is taken without being counted"
	LeaveUncounted  Break = "an inventory is handed over without being counted"
	LeaveAtOnce     Break = "a player who leaves before assign is handed over at once and forgotten"
	DropDelivery    Break = "what comes for a player who has left again is dropped"
	ForgetHandOvers Break = "a hand-over is forgotten before it is acknowledged"
)

// PlayerBreaks are all of them.
var PlayerBreaks = []Break{
	WipeUncounted, NoWipe, KeepCopies, TakeTwice, TakeUncounted, LeaveUncounted, LeaveAtOnce, DropDelivery,
	ForgetHandOvers,
}

// crowd is a World with players' inventories.
type crowd interface {
	World
	// Players is what it reports of them.
	Players() ledger.Players
	// Waiting are those who are there and have no inventory yet.
	Waiting() []string
	// Visit lets a player come or go.
	Visit(name string, there bool)
	PlayerIn(ledger.PlayerIn)
	OutAck(ledger.OutAck)
}

// body is what a game's storage has of one player.
type body struct {
	connected bool
	held      bool         // has his inventory; put away in a box if he is not connected
	left      bool         // has handed over what he had, waits for OutAck
	token     ledger.Token // the newest that was taken
	has       Goods
	out       Goods // handed over
}

// people is a game's part that is about players.
type people struct {
	bodies [playerCount]body
	ep, ip Goods
	empty  bool // nobody takes anything
}

// inventory is goods in the form that travels. The blob says the same as the counts.
func inventory(g Goods, mods int) (inv ledger.Inventory) {
	if g == (Goods{}) {
		return inv
	}
	inv.Blob = fmt.Append(nil, g)
	for k, n := range g {
		if n > 0 {
			inv.Items = append(inv.Items, ledger.Count{Item: named(k, mods), N: n})
		}
	}
	slices.SortFunc(inv.Items, func(a, b ledger.Count) int { return cmp.Compare(a.Name, b.Name) })
	return inv
}

func goods(inv ledger.Inventory) (g Goods) {
	for _, c := range inv.Items {
		if k, known := kindOf(c.Item); known {
			g[k] += c.N
		}
	}
	return g
}

// carried is what players have here.
func (p *people) carried() (sum Goods) {
	for _, b := range p.bodies {
		sum = sum.plus(b.has)
	}
	return sum
}

// disconnect is what the first tick after loading does: whoever was there has left.
func (p *people) disconnect() {
	for n := range p.bodies {
		p.bodies[n].connected = false
	}
}

func (g *game) Players() (out ledger.Players) {
	for k := range Kinds {
		if g.ep[k] != 0 || g.ip[k] != 0 {
			out.Totals = append(out.Totals, ledger.Passage{Item: named(k, g.mods), EP: g.ep[k], IP: g.ip[k]})
		}
	}
	for n, b := range g.bodies {
		switch {
		case b.held:
			out.States = append(out.States, ledger.Player{Name: playerNames[n], Token: b.token})
		case b.left:
			out.States = append(out.States, ledger.Player{Name: strings.ToUpper(playerNames[n]), Token: b.token, Left: true, Inventory: inventory(b.out, g.mods)})
		}
	}
	return out
}

func (g *game) Waiting() (names []string) {
	for n, b := range g.bodies {
		if b.connected && !b.held && !b.left {
			names = append(names, playerNames[n])
		}
	}
	return names
}

func (g *game) bodyOf(name string) *body {
	for n := range g.bodies {
		if strings.EqualFold(playerNames[n], name) {
			return &g.bodies[n]
		}
	}
	return &body{}
}

func (g *game) PlayerIn(in ledger.PlayerIn) {
	b := g.bodyOf(in.Name)
	if !g.trading || g.epoch != in.Epoch && g.rule != NoRunCheck || b.held || b.left {
		return
	}
	if compareTokens(in.Token, b.token) <= 0 && g.rule != TakeTwice {
		return
	}
	if !b.connected && g.rule == DropDelivery {
		return
	}
	b.held, b.token, b.has = true, in.Token, goods(in.Inventory)
	if g.rule != TakeUncounted {
		g.ip = g.ip.plus(b.has)
	}
	if !b.connected {
		g.handOver(b)
	}
}

func (g *game) handOver(b *body) {
	if g.rule != LeaveUncounted {
		g.ep = g.ep.plus(b.has)
	}
	b.held, b.left, b.has, b.out = false, g.rule != ForgetHandOvers, Goods{}, b.has
}

func (g *game) OutAck(a ledger.OutAck) {
	b := g.bodyOf(a.Name)
	if b.left && g.epoch == a.Epoch && b.token == a.Token {
		b.left, b.out = false, Goods{}
	}
}

// assignPlayers does what an assignment says of players.
func (g *game) assignPlayers(a ledger.Assign) {
	if a.Fresh {
		g.forgetPlayers(a.Void)
	}
	for _, name := range a.Wipe {
		g.wipe(name)
	}
}

// forgetPlayers is part of a new identity: what players carry is destroyed, or belongs to this world like all else in it.
func (g *game) forgetPlayers(void bool) {
	for n := range g.bodies {
		b := &g.bodies[n]
		switch {
		case void && g.rule == KeepCopies:
			continue
		case void:
			for k := range b.has {
				g.made[k] -= b.has[k]
			}
		default:
			g.contents = g.contents.plus(b.has)
		}
		*b = body{connected: b.connected}
	}
	if g.rule != NoZero {
		g.ep, g.ip = Goods{}, Goods{}
	}
}

func (g *game) wipe(name string) {
	b := g.bodyOf(name)
	if !b.held || g.rule == NoWipe {
		return
	}
	if g.rule != WipeUncounted {
		g.e = g.e.plus(b.has)
	}
	b.held, b.has = false, Goods{}
}

// emptyBoxes hands over those who left while that was not possible.
func (g *game) emptyBoxes() {
	for n := range g.bodies {
		if b := &g.bodies[n]; b.held && !b.connected {
			g.handOver(b)
		}
	}
}

func (g *game) Visit(name string, there bool) {
	if b := g.bodyOf(name); there {
		b.connected = true
	} else {
		g.leave(b)
	}
}

func (g *game) leave(b *body) {
	b.connected = false
	switch {
	case !b.held:
	case g.trading:
		g.handOver(b)
	case g.rule == LeaveAtOnce:
		g.handOver(b)
		b.left = false
	}
}

// livePlayers lets a player come, go, take, put down or be removed.
func (g *game) livePlayers(r *rand.Rand) {
	b := &g.bodies[r.IntN(playerCount)]
	k, n := r.IntN(Kinds), int64(1+r.IntN(15))
	switch r.IntN(12) {
	case 0, 1, 2:
		b.connected = true
	case 3, 4, 5:
		g.leave(b)
	case 6, 7, 8, 9:
		if b.held && b.connected && !g.empty {
			n = min(n, g.contents[k])
			g.contents[k] -= n
			b.has[k] += n
		}
	case 10:
		if b.held && b.connected {
			n = min(n, b.has[k])
			b.has[k] -= n
			g.contents[k] += n
		}
	case 11:
		if b.held && r.IntN(3) == 0 { // removed from the game, with what he has
			for k := range b.has {
				g.made[k] -= b.has[k]
			}
			b.has = Goods{}
			g.leave(b)
		}
	}
}

func compareTokens(a, b ledger.Token) int {
	return cmp.Or(cmp.Compare(a.Incarnation, b.Incarnation), cmp.Compare(a.Number, b.Number))
}

// tellPlayers sends what is to be said of players, mostly: nothing depends on when.
func (s *simulation) tellPlayers(p *place, q *process) {
	w, ok := q.world.(crowd)
	if !ok || len(s.bag) > 0 && s.chance(30) {
		return
	}
	for _, y := range w.Players().States {
		if y.Left {
			s.send(ledger.PlayerOut{Slot: q.slot, Epoch: q.epoch, Name: y.Name, Token: y.Token, Inventory: y.Inventory})
		}
	}
	for _, name := range w.Waiting() {
		s.send(ledger.PlayerJoin{Slot: q.slot, Epoch: q.epoch, Name: name})
	}
}

// hearPlayers is what agents and worlds do with a reply on players.
func (s *simulation) hearPlayers(r ledger.Reply) {
	switch r := r.(type) {
	case ledger.PlayerIn:
		s.stats.Joined++
		if string(r.Blob) != string(inventory(goods(r.Inventory), 0).Blob) {
			s.fail("%s is delivered %q with %v", r.Name, r.Blob, r.Items)
		}
		s.each(r.Slot, func(_ *place, q *process) {
			if w, ok := q.world.(crowd); ok {
				w.PlayerIn(r)
			}
		})
	case ledger.OutAck:
		s.stats.Left++
		s.each(r.Slot, func(_ *place, q *process) {
			if w, ok := q.world.(crowd); ok {
				w.OutAck(r)
			}
		})
	case ledger.Fenced:
		s.stats.Fenced++
		if p := s.place(r.Slot); p != nil && p.agent && p.process != nil && p.process.epoch == r.Epoch {
			p.process.epoch = ledger.Epoch{}
		}
	case ledger.PlayerRefused:
		s.fail("a hand-over of %s from %s was refused", r.Name, r.Slot)
	}
}

// checkHomes wants that whoever is held by a world that trades is there by the books too, at any moment: a second copy that
// the next bind takes away again would already be one too many.
func (s *simulation) checkHomes() {
	for _, p := range s.places {
		for _, q := range append(slices.Clone(p.zombies), p.process) {
			if q == nil || q.epoch != s.control.runs[p.slot] || !q.world.Assigned(q.epoch) {
				continue
			}
			w, ok := q.world.(crowd)
			if !ok {
				continue
			}
			_, id := w.Identity()
			for _, y := range w.Players().States {
				if row := s.control.stored.players[ledger.PlayerKey(y.Name)]; !y.Left && (row.Holder != id || row.Token != y.Token) {
					s.fail("%s is in world %s under %s, and by the books in %q under %s", y.Name, id, y.Token, row.Holder, row.Token)
				}
			}
		}
	}
}

// trackRuns notes which epoch of each slot is the current one.
func (c *controller) trackRuns(m ledger.Message, replies []ledger.Reply) {
	switch m := m.(type) {
	case ledger.Closed:
		delete(c.runs, m.Slot)
	case ledger.Move:
		delete(c.runs, m.From)
	}
	for _, r := range replies {
		switch r := r.(type) {
		case ledger.Run:
			c.runs[r.Slot] = r.Epoch
		case ledger.Fenced:
			delete(c.runs, r.Slot)
		}
	}
}

// walk lets a player come to one world and go on to another before he was let in, with nobody else doing anything. He must be
// let in there, also if the first answer is lost.
func (s *simulation) walk() {
	var places []*place
	name := playerNames[s.r.IntN(playerCount)]
	for _, p := range s.places {
		if w, ok := p.process.world.(crowd); ok {
			w.Visit(name, false)
			places = append(places, p)
		}
	}
	if len(places) < 2 {
		return
	}
	s.steps(places, 2)
	s.r.Shuffle(len(places), func(a, b int) { places[a], places[b] = places[b], places[a] })
	first, second := places[0], places[1]
	s.trace("%s walks from %s to %s", name, first.slot, second.slot)
	first.process.world.(crowd).Visit(name, true)
	_ = s.apply(ledger.PlayerJoin{Slot: first.slot, Epoch: first.process.epoch, Name: name})
	first.process.world.(crowd).Visit(name, false)
	if s.chance(50) {
		s.bag = nil
	}
	s.deliverAll()
	second.process.world.(crowd).Visit(name, true)
	s.steps(places, 4)
	if waiting := second.process.world.(crowd).Waiting(); slices.Contains(waiting, name) {
		s.fail("%s came to %s, and then to %s, and is not let in", name, first.slot, second.slot)
	}
}

// steps lets the agents of places do some steps and delivers everything.
func (s *simulation) steps(places []*place, count int) {
	for range count {
		for _, p := range places {
			s.agentStep(p, p.process)
			s.deliverAll()
		}
	}
}

// checkPlayers wants every player to be where the ledger says, and nowhere else.
func (s *simulation) checkPlayers() error {
	homes := map[string]ledger.World{}
	for _, p := range s.places {
		w, ok := p.process.world.(crowd)
		if !ok {
			continue
		}
		_, id := w.Identity()
		for _, y := range w.Players().States {
			row := s.control.stored.players[ledger.PlayerKey(y.Name)]
			if y.Left {
				return fmt.Errorf("%s waits for an answer to the hand-over of %s", p.slot, y.Name)
			}
			if row.Holder != id || row.Token != y.Token {
				return fmt.Errorf("%s is in world %s under %s, and by the books in %q under %s", y.Name, id, y.Token, row.Holder, row.Token)
			}
			homes[row.Key] = id
		}
		for _, name := range w.Waiting() {
			if row := s.control.stored.players[ledger.PlayerKey(name)]; row.Holder == id || row.Holder == "" {
				return fmt.Errorf("%s waits in world %s, and by the books is in %q", name, id, row.Holder)
			}
		}
	}
	for key, row := range s.control.stored.players {
		if row.Holder != homes[key] {
			return fmt.Errorf("%s is by the books in world %q, and there is nobody", row.Name, row.Holder)
		}
	}
	return nil
}

// carried is what the ledger has of players.
func (s stored) carried() (sum Goods) {
	for _, p := range s.players {
		if p.Holder == "" {
			sum = sum.plus(goods(p.Inventory))
		}
	}
	return sum
}

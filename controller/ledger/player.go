package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Limits of what is kept of players.
const (
	MaxPlayers = 50_000
	MaxPlayer  = 120       // bytes of a player's name
	MaxBlob    = 256 << 10 // bytes of one inventory
	MaxKinds   = 4_096     // different items of one inventory
	MaxCarried = 1 << 32   // of one item in one inventory; the largest that a game has is 65,535 stacks

	maxBlobs = 1 << 30 // bytes of all inventories
	// maxTokenLead is how far a token's incarnation may be ahead of all that is known: no clock was ever that wrong.
	maxTokenLead = 1 << 32
)

// Token names one holding of one player's inventory by one world. Tokens of one ledger grow.
type Token Epoch

// String gives the form that travels: "incarnation.number".
func (t Token) String() string { return Epoch(t).String() }

func compareTokens(a, b Token) int {
	return cmp.Or(cmp.Compare(a.Incarnation, b.Incarnation), cmp.Compare(a.Number, b.Number))
}

// Count is an amount of one item.
type Count struct {
	Item
	N int64
}

// Inventory is what a player carries. Blob is the world's own form, which the ledger does not read; empty means that
// nothing is known of him and the world lets him begin as a new player. Items counts what is in it, so that it can be
// added up; sorted by item.
type Inventory struct {
	Blob  []byte
	Items []Count
}

// Passage tells, as totals since the world got its identity, what left it in players' inventories (EP) and what
// came with them (IP).
type Passage struct {
	Item
	EP, IP int64
}

// Player is what a save says of one player. If Left is false the world holds him, connected or put away after he left.
// If it is true, his inventory was handed over, is counted in EP, and the world waits for OutAck.
type Player struct {
	Name  string
	Token Token
	Left  bool
	Inventory
}

// Players is what a save says of all players, complete. A world without players' inventories tells nothing.
type Players struct {
	Totals []Passage
	States []Player
}

// PlayerJoin asks for the inventory of a player who is there and has none. Answered by PlayerIn or PlayerAway. It may
// be repeated.
type PlayerJoin struct {
	Slot  Slot
	Epoch Epoch
	Name  string
}

// PlayerOut hands over the inventory of a player who left, or, empty, of one who was removed. Answered by OutAck; it is
// repeated until then.
type PlayerOut struct {
	Slot  Slot
	Epoch Epoch
	Name  string
	Token Token
	Inventory
}

// Reclaim takes a player from a world that does not run and may never run again: his inventory is again what that
// world was given. Should the world come back, binding it settles the difference.
type Reclaim struct{ Name string }

// SetInventory gives a player whom the ledger has another inventory, such as an older one of his: an admin posting makes up
// for the difference. ErrOrder: a world holds him.
type SetInventory struct {
	Name string
	Inventory
}

func (PlayerJoin) message()   {}
func (PlayerOut) message()    {}
func (Reclaim) message()      {}
func (SetInventory) message() {}

// PlayerIn gives a player's inventory to the slot's world, which counts Items as IP. It takes each token once, and
// where the player has gone again, hands the inventory straight back. A repetition does no harm.
type PlayerIn struct {
	Slot  Slot
	Epoch Epoch
	Name  string
	Token Token
	Inventory
}

// PlayerAway says that another world holds the player's inventory.
type PlayerAway struct {
	Slot   Slot
	Epoch  Epoch
	Name   string
	Holder World
}

// OutAck says that a hand-over is booked, or was overtaken: the world forgets it.
type OutAck struct {
	Slot  Slot
	Epoch Epoch
	Name  string
	Token Token
}

// PlayerRefused says that a hand-over names a token that was never issued.
type PlayerRefused struct {
	Slot  Slot
	Epoch Epoch
	Name  string
}

// Fenced says that a run is over, because its world must bind again.
type Fenced struct {
	Slot  Slot
	Epoch Epoch
}

// For implements ForSlot.
func (p PlayerIn) For() (Slot, Epoch) { return p.Slot, p.Epoch }

// For implements ForSlot.
func (f Fenced) For() (Slot, Epoch) { return f.Slot, f.Epoch }

func (PlayerIn) reply()      {}
func (PlayerAway) reply()    {}
func (OutAck) reply()        {}
func (PlayerRefused) reply() {}
func (Fenced) reply()        {}

// PlayerRow is a player as he is stored. Holder is the world that has him, empty: the ledger. Inventory is then what he
// has, otherwise what that world was given. Key is what makes him one whatever the case of his name.
type PlayerRow struct {
	Key    string
	Name   string
	Holder World
	Token  Token
	Inventory
}

// VersionRow is an inventory as a player left World with it, or as he was given it if World is empty. They are kept for people; no rule depends on them.
type VersionRow struct {
	Key   string
	World World
	Token Token
	Inventory
}

type player struct {
	row    PlayerRow
	holder *world
}

// inLedger is what the ledger itself has of the player.
func (p *player) inLedger() []Count {
	if p.holder != nil {
		return nil
	}
	return p.row.Items
}

// PlayerKey makes one of a name in any case.
func PlayerKey(name string) string { return strings.ToLower(name) }

// player returns who has that name, and makes him up if need be.
func (s *State) player(name string) *player {
	key := PlayerKey(name)
	p := s.players[key]
	if p == nil {
		p = &player{row: PlayerRow{Key: key, Name: name}}
		s.players[key] = p
	}
	return p
}

// setHome says who holds a player from here on, under which token; nil is the ledger.
func (s *State) setHome(p *player, holder *world, token Token) {
	p.holder, p.row.Token, p.row.Holder = holder, token, ""
	if holder != nil {
		p.row.Holder, holder.unused = holder.row.ID, false
	}
	s.seeToken(token)
	s.dirty.players[p] = struct{}{}
}

// setInventory replaces what is known of a player and keeps a version; from is nil if no world handed it over.
func (s *State) setInventory(p *player, from *world, inv Inventory) {
	s.blobs += len(inv.Blob) - len(p.row.Blob)
	p.row.Inventory = inv
	s.dirty.players[p] = struct{}{}
	v := VersionRow{Key: p.row.Key, Token: p.row.Token, Inventory: inv}
	if from != nil {
		v.World, from.unused = from.row.ID, false
	}
	s.dirty.versions = append(s.dirty.versions, v)
}

// nextToken issues a token that is above all that were ever issued or seen.
func (s *State) nextToken() Token {
	if s.token.Number >= MaxCount {
		s.token = Token{Incarnation: s.token.Incarnation + 1}
	}
	s.token.Number++
	return s.token
}

// seeToken notes a token from a save. A ledger that was restored from a backup may have issued it and not know.
func (s *State) seeToken(t Token) {
	if compareTokens(t, s.token) > 0 {
		s.token = t
	}
}

// playersOf returns those whom w holds, by key.
func (s *State) playersOf(w *world) []*player {
	var all []*player
	for _, p := range s.players {
		if p.holder == w {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *player) int { return cmp.Compare(a.row.Key, b.row.Key) })
	return all
}

func (s *State) validToken(t Token) bool {
	return t.Incarnation > 0 && t.Incarnation <= s.token.Incarnation+maxTokenLead && t.Number > 0 && validCount(t.Number)
}

func validPlayer(name string) error {
	if !validName(name, MaxPlayer) {
		return fmt.Errorf("%w: player %.40q", ErrInvalid, name)
	}
	return nil
}

func validInventory(inv Inventory) error {
	if len(inv.Blob) > MaxBlob || len(inv.Items) > MaxKinds {
		return fmt.Errorf("%w: an inventory of %d bytes and %d kinds", ErrInvalid, len(inv.Blob), len(inv.Items))
	}
	for n, c := range inv.Items {
		switch {
		case !validName(c.Name, MaxName) || !validName(c.Quality, MaxQuality):
			return fmt.Errorf("%w: item name %.40q or quality %.40q in an inventory", ErrInvalid, c.Name, c.Quality)
		case c.N <= 0 || c.N > MaxCarried:
			return fmt.Errorf("%w: %s has a count outside 1 to 2^32 in an inventory", ErrInvalid, c.Item)
		case n > 0 && compareItems(inv.Items[n-1].Item, c.Item) >= 0:
			return fmt.Errorf("%w: %s is out of order in an inventory", ErrInvalid, c.Item)
		}
	}
	return nil
}

func validPassages(all []Passage) error {
	seen := make(map[Item]struct{}, len(all))
	for _, p := range all {
		switch _, twice := seen[p.Item]; {
		case !validName(p.Name, MaxName) || !validName(p.Quality, MaxQuality):
			return fmt.Errorf("%w: item name %.40q or quality %.40q", ErrInvalid, p.Name, p.Quality)
		case !validCount(p.EP) || !validCount(p.IP):
			return fmt.Errorf("%w: players' %s has a count outside 0 to 2^53", ErrInvalid, p.Item)
		case twice:
			return fmt.Errorf("%w: players' %s is told twice", ErrInvalid, p.Item)
		}
		seen[p.Item] = struct{}{}
	}
	return nil
}

// validPlayers checks all that a save says of players, and that the ledger has room for it.
func (s *State) validPlayers(m Players) error {
	if err := validPassages(m.Totals); err != nil {
		return err
	}
	blobs, unknown := s.blobs, 0
	seen := make(map[string]struct{}, len(m.States))
	for _, y := range m.States {
		key := PlayerKey(y.Name)
		if _, twice := seen[key]; twice {
			return fmt.Errorf("%w: player %s is told twice", ErrInvalid, y.Name)
		}
		seen[key] = struct{}{}
		if err := validPlayer(y.Name); err != nil {
			return err
		}
		if !s.validToken(y.Token) {
			return fmt.Errorf("%w: token %s of player %s", ErrInvalid, y.Token, y.Name)
		}
		if err := validInventory(y.Inventory); err != nil {
			return fmt.Errorf("player %s: %w", y.Name, err)
		}
		if s.players[key] == nil {
			unknown++
		}
		blobs += len(y.Blob)
	}
	return s.roomFor(unknown, blobs)
}

func (s *State) roomFor(players, blobs int) error {
	if len(s.players)+players > MaxPlayers {
		return fmt.Errorf("%w: more than %d players", ErrInvalid, MaxPlayers)
	}
	if blobs > maxBlobs {
		return fmt.Errorf("%w: the inventories of all players are larger than %d bytes", ErrInvalid, maxBlobs)
	}
	return nil
}

// sortedPlayers gives a save's players in an order that does not depend on how they were told.
func sortedPlayers(all []Player) []Player {
	return slices.SortedFunc(slices.Values(all), func(a, b Player) int {
		return cmp.Compare(PlayerKey(a.Name), PlayerKey(b.Name))
	})
}

// carried adds up what the ledger has of all players.
func (s *State) carried() map[Item]int64 {
	sums := map[Item]int64{}
	for p := range maps.Values(s.players) {
		for _, c := range p.inLedger() {
			sums[c.Item] += c.N
		}
	}
	return sums
}

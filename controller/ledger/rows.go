package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// WorldRow is a world as it is stored. Slot is where it is leased to, empty if nowhere. FromLedger and FromWorld are
// what it called itself when it got this identity; both are empty for a world that has its own.
type WorldRow struct {
	ID         World
	Slot       Slot
	FromLedger string
	FromWorld  World
	Question   Question
	Origin     Origin
	Tick       int64 // of its clock, a minute of it out of date at most
	Behind     bool  // the books come from a backup that was made when the world may have traded less
}

// Question is what people are asked about a world that came with an identity which it could not keep.
type Question int

// The questions are stored as numbers: append only.
const (
	NoQuestion Question = iota
	Copied              // its save is a copy of a world that is leased to another slot: copied or moved?
	Foreign             // its save belonged to another ledger, and starts here from zero: is that meant?
)

// AccountRow is what is booked for one item of one world. G − I is on its way; EP and IP went through players'
// inventories; Owed is the world's debt; Held is what it told beyond E and is not booked; Top is the most that E ever was,
// Given the most that was ever granted; Covered is what of E its newest finished save has.
type AccountRow struct {
	World World
	Item
	E, G, I, EP, IP, Owed, Held, Top, Given, Covered int64
	ES, GS, IS                                       int64 // sums of freshness or temperature, like those of a Record
}

// BusRow is how much of one item is on the bus; Posted is the sum of its admin postings.
type BusRow struct {
	Item
	Qty, Posted int64
	Sum         int64 // of freshness or temperature
}

// Books is what a State is stored as. It is complete when it comes out of storage, and holds only rows that are new or
// changed when it comes out of Take; Incarnation is then 0 if it did not change. Restored: they
// came from a backup once; out of Take: just now.
type Books struct {
	Ledger      string
	Incarnation int64
	Restored    bool
	Policy      *Policy // nil: the default, out of Take: unchanged
	Gone        []World // only out of Take, and before Worlds: those that are forgotten
	Worlds      []WorldRow
	Accounts    []AccountRow
	Bus         []BusRow
	Reborn      []World // only out of Take: those of which the origins are replaced by what follows
	Origins     []OriginRow
	Spoils      []Spoil
	Players     []PlayerRow
	Versions    []VersionRow // only out of Take; oldest first
}

// Empty reports whether there is nothing to store.
func (b Books) Empty() bool {
	return b.Incarnation == 0 && !b.Restored && b.Policy == nil && len(b.Gone) == 0 && len(b.Worlds) == 0 && len(b.Accounts) == 0 && len(b.Bus) == 0 && len(b.Reborn) == 0 && len(b.Origins) == 0 && len(b.Spoils) == 0 && len(b.Players) == 0 && len(b.Versions) == 0
}

// PostingKind says why goods were booked.
type PostingKind int

// The kinds are stored as numbers: append only.
const (
	Exported   PostingKind = iota + 1 // a world sent to the bus
	Granted                           // the bus granted to a world
	Reconciled                        // a save was older or newer than the books; negative: taken back
	Indebted                          // what was to be taken back had been spent: the world owes it
	Repaid                            // exports went to the debt instead of the bus
	Joined                            // a player took it from the ledger into a world
	Left                              // a player brought it from a world into the ledger
	Returned                          // a world that held a player will not hand him over: the ledger has what it gave
	Forgiven                          // a debt that somebody let a world off
	DebtMoved                         // a debt went to the world's new identity: negative here, positive there
	Held                              // a world said that it had sent more than it can have
	Released                          // what was held was booked after all
	Spoiled                           // what lay on the bus became something else: negative of the one, positive of the other
	Accepted                          // what did not add up was made an admin posting
	Relabeled                         // an item has another name: negative of the old one, positive of the new
	Overdrawn                         // a save says that it received more than the world was ever granted: the world owes it
)

var postingKinds = [...]string{
	Exported: "export", Granted: "grant", Reconciled: "reconcile", Indebted: "debt", Repaid: "repay",
	Joined: "join", Left: "leave", Returned: "return", Forgiven: "forgive", DebtMoved: "debt moved",
	Held: "hold", Released: "release",
	Spoiled: "spoil", Accepted: "accept", Relabeled: "rename",
	Overdrawn: "overdraw",
}

// Known tells whether k is one of the kinds.
func (k PostingKind) Known() bool { return k >= Exported && int(k) < len(postingKinds) }

func (k PostingKind) String() string {
	if !k.Known() {
		return fmt.Sprintf("kind %d", int(k))
	}
	return postingKinds[k]
}

// Posting is a line of the log that people read; no rule depends on it. Equal postings are summed until they are taken.
type Posting struct {
	World World // empty if it was none
	Epoch Epoch // of the world's run, zero if it has none
	Kind  PostingKind
	Item
	Qty int64
}

type accountKey struct {
	world *world
	item  Item
}

// dirty is what changed since the last Take.
type dirty struct {
	incarnation bool
	restored    bool
	policy      bool
	worlds      map[*world]struct{}
	gone        map[World]struct{}
	origins     map[*world]struct{}
	spoils      map[Item]struct{}
	accounts    map[accountKey]struct{}
	bus         map[Item]struct{}
	postings    map[Posting]int64 // by posting without its quantity
	players     map[*player]struct{}
	versions    []VersionRow
}

func (s *State) touch(w *world, item Item) {
	w.unused = false
	s.dirty.accounts[accountKey{w, item}] = struct{}{}
}

func (s *State) touchWorld(w *world) { s.dirty.worlds[w] = struct{}{} }

// adjust adds an admin posting to the equation.
func (s *State) adjust(item Item, n int64) {
	s.pool(item).posted += n
	s.dirty.bus[item] = struct{}{}
}

func (s *State) post(w *world, kind PostingKind, item Item, n int64) {
	w.unused = false
	p := Posting{World: w.row.ID, Kind: kind, Item: item}
	if r := s.runs[w.row.Slot]; r != nil {
		p.Epoch = r.epoch
	}
	s.dirty.postings[p] += n
}

// postBus is for what no world has done.
func (s *State) postBus(kind PostingKind, item Item, n int64) {
	s.dirty.postings[Posting{Kind: kind, Item: item}] += n
}

func (s *State) busRow(item Item) BusRow {
	p := s.pools[item]
	return BusRow{Item: item, Qty: p.bus, Posted: p.posted, Sum: p.sum}
}

func (a account) row(w *world, item Item) AccountRow {
	return AccountRow{
		World: w.row.ID, Item: item, E: a.e, G: a.g, I: a.i, EP: a.ep, IP: a.ip, Owed: a.owed,
		Held: a.held, Top: a.top, Given: a.given, Covered: a.covered, ES: a.eSum, GS: a.gSum, IS: a.iSum,
	}
}

// New makes a state from complete books. The ledger's id is made with the storage and never changes.
func New(b Books) (*State, error) {
	if !validID(b.Ledger) {
		return nil, fmt.Errorf("load ledger: id %.40q: %w", b.Ledger, ErrInvalid)
	}
	s := &State{
		ledger: b.Ledger, incarnation: b.Incarnation, restored: b.Restored,
		pools: map[Item]*pool{}, worlds: map[World]*world{}, leases: map[Slot]*world{}, runs: map[Slot]*run{},
		players: map[string]*player{}, token: Token{Incarnation: b.Incarnation},
		notices: map[Slot]*Notice{}, full: map[Item]struct{}{}, spoils: map[Item]Spoil{},
		dirty: dirty{
			worlds: map[*world]struct{}{}, gone: map[World]struct{}{}, origins: map[*world]struct{}{}, spoils: map[Item]struct{}{}, accounts: map[accountKey]struct{}{},
			bus: map[Item]struct{}{}, postings: map[Posting]int64{}, players: map[*player]struct{}{},
		},
	}
	s.usePolicy(Policy{})
	if b.Policy != nil {
		s.usePolicy(*b.Policy)
	}
	for _, row := range b.Worlds {
		w := &world{row: row, tick: row.Tick, accounts: map[Item]*account{}}
		if row.Slot != "" {
			if other := s.leases[row.Slot]; other != nil {
				return nil, fmt.Errorf("load ledger: slot %s has worlds %s and %s: %w", row.Slot, other.row.ID, row.ID, ErrInvalid)
			}
			s.leases[row.Slot] = w
		}
		s.worlds[row.ID] = w
	}
	for _, row := range b.Accounts {
		w := s.worlds[row.World]
		if w == nil {
			return nil, fmt.Errorf("load ledger: account of unknown world %s: %w", row.World, ErrInvalid)
		}
		w.accounts[row.Item] = &account{
			e: row.E, g: row.G, i: row.I, ep: row.EP, ip: row.IP, owed: row.Owed,
			held: row.Held, top: row.Top, given: row.Given, covered: row.Covered, eSum: row.ES, gSum: row.GS, iSum: row.IS,
		}
		s.pool(row.Item).uncovered += w.accounts[row.Item].uncovered()
	}
	for _, row := range b.Origins {
		w := s.worlds[row.World]
		if w == nil {
			return nil, fmt.Errorf("load ledger: origin of unknown world %s: %w", row.World, ErrInvalid)
		}
		w.origin = append(w.origin, row)
	}
	for _, row := range b.Spoils {
		s.spoils[row.Item] = row
	}
	for _, row := range b.Bus {
		p := s.pool(row.Item)
		p.bus, p.posted, p.sum = row.Qty, row.Posted, row.Sum
	}
	for _, row := range b.Players {
		holder := s.worlds[row.Holder]
		if holder == nil && row.Holder != "" {
			return nil, fmt.Errorf("load ledger: player %s is in unknown world %s: %w", row.Name, row.Holder, ErrInvalid)
		}
		s.players[row.Key] = &player{row: row, holder: holder}
		s.blobs += len(row.Blob)
		s.seeToken(row.Token)
	}
	for item, p := range s.pools {
		s.watchLimit(item, p) // tells nobody: there are no runs
	}
	return s, nil
}

// Take returns the rows that are new or changed since the last Take, in a fixed order.
func (s *State) Take() Books {
	d := &s.dirty
	b := Books{Ledger: s.ledger}
	if d.policy {
		p := s.policy
		b.Policy, d.policy = &p, false
	}
	if d.incarnation {
		b.Incarnation, d.incarnation = s.incarnation, false
	}
	b.Restored, d.restored = d.restored, false
	if len(d.gone) > 0 {
		b.Gone = slices.Sorted(maps.Keys(d.gone))
		clear(d.gone)
	}
	for w := range d.worlds {
		b.Worlds = append(b.Worlds, w.row)
	}
	for k := range d.accounts {
		a := k.world.accounts[k.item]
		b.Accounts = append(b.Accounts, a.row(k.world, k.item))
	}
	for w := range d.origins {
		b.Reborn = append(b.Reborn, w.row.ID)
		b.Origins = append(b.Origins, w.origin...)
	}
	clear(d.origins)
	for item := range d.bus {
		b.Bus = append(b.Bus, s.busRow(item))
	}
	for _, item := range sortedItems(d.spoils) {
		spoil := s.spoils[item]
		spoil.Item = item // of one that stands still nothing else is known
		b.Spoils = append(b.Spoils, spoil)
	}
	clear(d.spoils)
	for p := range d.players {
		b.Players = append(b.Players, p.row)
	}
	b.Versions, d.versions = d.versions, nil
	clear(d.worlds)
	clear(d.accounts)
	clear(d.bus)
	clear(d.players)
	// Released leases first: a slot has one world at any time, in storage too.
	slices.SortFunc(b.Worlds, func(a, c WorldRow) int { return cmp.Or(cmp.Compare(a.Slot, c.Slot), cmp.Compare(a.ID, c.ID)) })
	slices.SortFunc(b.Accounts, func(a, c AccountRow) int {
		return cmp.Or(cmp.Compare(a.World, c.World), compareItems(a.Item, c.Item))
	})
	slices.Sort(b.Reborn)
	slices.SortFunc(b.Origins, func(a, c OriginRow) int {
		return cmp.Or(cmp.Compare(a.World, c.World), compareItems(a.Item, c.Item))
	})
	slices.SortFunc(b.Bus, func(a, c BusRow) int { return compareItems(a.Item, c.Item) })
	slices.SortFunc(b.Players, func(a, c PlayerRow) int { return cmp.Compare(a.Key, c.Key) })
	return b
}

// TakePostings returns the postings since the last call, in a fixed order.
func (s *State) TakePostings() []Posting {
	all := make([]Posting, 0, len(s.dirty.postings))
	for p, n := range s.dirty.postings {
		p.Qty = n
		all = append(all, p)
	}
	clear(s.dirty.postings)
	slices.SortFunc(all, func(a, b Posting) int {
		return cmp.Or(cmp.Compare(a.World, b.World), cmp.Compare(a.Epoch.Incarnation, b.Epoch.Incarnation),
			cmp.Compare(a.Epoch.Number, b.Epoch.Number), cmp.Compare(a.Kind, b.Kind), compareItems(a.Item, b.Item))
	})
	return all
}

func sortedItems[V any](m map[Item]V) []Item {
	return slices.SortedFunc(maps.Keys(m), compareItems)
}

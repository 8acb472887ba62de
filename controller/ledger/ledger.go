// Package ledger holds the rules by which goods move between worlds exactly once, although a world that crashes comes
// back at its last save. It is pure: no I/O, no clock, no randomness, no goroutines. The same messages in the same
// order give the same state and the same replies, so the controller, the tests and the simulations all run this code.
//
// A world's save holds running totals: E, all that it ever sent to the bus, and I, all that it ever received. The
// ledger holds what it has booked for the world: E, and G, all that it ever granted. Messages carry totals, never
// differences. When a world appears from whatever save, the repair is one subtraction per item: what the world says it
// has given away (E − I) less what is booked (E − G). Players carry goods too; EP is all that left a world in their
// inventories, IP all that came with them. For every item, after every message:
//
//	bus − Σ owed + Σ inventories in the ledger = Σ over all worlds (E − G + EP − IP) + Σ admin postings
//
// An admin posting is what no world gave and somebody decided: a debt forgiven, an item renamed.
package ledger

import (
	"cmp"
	"errors"
	"strconv"
)

// Limits of what a message may say. Beyond MaxCount a game's numbers, which are doubles, are not exact.
const (
	MaxCount   = 1 << 53
	MaxName    = 200    // bytes of an item's name
	MaxQuality = 100    // bytes of a quality's name
	MaxItems   = 65_536 // different items of one world
	MaxWorlds  = 65_536
	maxPools   = 262_144 // different items of all worlds
	maxID      = 64      // bytes of a world's or ledger's id

	// maxSum bounds the bus and a debt, to which many worlds add, far from where an int64 would wrap.
	maxSum = 1 << 62
)

var (
	// ErrStale says that the epoch is not the slot's current one: another attachment has replaced this one.
	ErrStale = errors.New("the run epoch is not the current one")
	// ErrInvalid says that the message makes no sense or exceeds a limit, whatever the state.
	ErrInvalid = errors.New("invalid message")
	// ErrOrder says that the message comes too early in its run: before bind, or before assign.
	ErrOrder = errors.New("message out of order")
)

// Item names one kind of goods: an item by name and quality, a fluid by its name, and energy by neither. Items are
// counted one by one, fluids in the game's units, energy in MJ.
type Item struct{ Name, Quality string }

// Kind says what an Item is.
type Kind int

// The kinds of goods.
const (
	Goods Kind = iota // an item that can lie in a chest
	Fluid
	Energy
)

// Kind tells by the names which kind it is.
func (i Item) Kind() Kind {
	switch {
	case i.Quality != "":
		return Goods
	case i.Name != "":
		return Fluid
	}
	return Energy
}

func (i Item) String() string { return i.Name + "/" + i.Quality }

func compareItems(a, b Item) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Quality, b.Quality))
}

// Slot names a place where an instance runs. World names one lineage of saves.
type (
	Slot  string
	World string
)

// Epoch names one attachment of an agent to one running of a world. Epochs of one ledger grow.
type Epoch struct{ Incarnation, Number int64 }

// String gives the form that travels: "incarnation.number".
func (e Epoch) String() string {
	return strconv.FormatInt(e.Incarnation, 10) + "." + strconv.FormatInt(e.Number, 10)
}

// Record is what a world tells of one item, all totals since it got its identity: E sent to the bus, I received from
// it, W wanted from it. W − I is what it could use; W may fall. ES and IS are the sums beside E and I: of items that
// spoil, count × freshness in thousandths, of fluids, amount × °C; zero where there is nothing of that sort.
type Record struct {
	Item
	E, I, W int64
	ES, IS  int64
}

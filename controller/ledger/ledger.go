// Package ledger holds the rules by which goods move between worlds exactly once, although a world that crashes comes
// back at its last save. It is pure: no I/O, no clock, no randomness, no goroutines. The same messages in the same
// order give the same state and the same replies, so the controller, the tests and the simulations all run this code.
//
// A world's save holds running totals: E, all that it ever sent to the bus, and I, all that it ever received. The
// ledger holds what it has booked for the world: E, and G, all that it ever granted. Messages carry totals, never
// differences. When a world appears from whatever save, the repair is one subtraction per item: what the world says it
// has given away (E − I) less what is booked (E − G). For every item, after every message:
//
//	bus − Σ owed = Σ over all worlds (E − G)
package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what a message may say. Beyond MaxCount a game's numbers, which are doubles, are not exact.
const (
	MaxCount   = 1 << 53
	MaxName    = 200    // bytes of an item's name
	MaxQuality = 100    // bytes of a quality's name
	MaxItems   = 16_384 // different items of one world
	maxID      = 64     // bytes of a world's or ledger's id

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

// Item names one kind of goods.
type Item struct{ Name, Quality string }

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
// it, W wanted from it. W − I is what it could use; W may fall.
type Record struct {
	Item
	E, I, W int64
}

// Message is what Apply takes.
type Message interface{ message() }

// Begin is the first message after each start of the controller. Its incarnation fences all epochs from before.
type Begin struct{ UnixSeconds int64 }

// Open asks for an epoch for a new attachment; the slot's former one is fenced. Answered by Run.
type Open struct{ Slot Slot }

// Bound is what the world said when it was bound. NewWorld is a random id, used when the world needs a new identity.
// Answered by Assign; a repetition gets the same answer.
type Bound struct {
	Slot     Slot
	Epoch    Epoch
	Ledger   string // the ledger that the world belongs to; empty if none
	World    World
	Totals   []Record // complete
	NewWorld World
}

// Assigned says that the world took its assignment: from here on it may be granted goods.
type Assigned struct {
	Slot  Slot
	Epoch Epoch
}

// Totals tells items that changed. Within an epoch E and I only grow; a record that falls is answered by Refused.
type Totals struct {
	Slot    Slot
	Epoch   Epoch
	Records []Record
}

// Truth is a complete report that can't be forged. Books are set to it, even where that is less.
type Truth struct {
	Slot   Slot
	Epoch  Epoch
	Totals []Record
}

// Still says that the world stands still (paused), so that its wants wait for nothing, or that it goes on.
type Still struct {
	Slot  Slot
	Epoch Epoch
	Still bool
}

// Closed says that the attachment is over: its wants end and its epoch is fenced. The world stays leased to the slot.
type Closed struct {
	Slot  Slot
	Epoch Epoch
}

func (Begin) message()    {}
func (Open) message()     {}
func (Bound) message()    {}
func (Assigned) message() {}
func (Totals) message()   {}
func (Truth) message()    {}
func (Still) message()    {}
func (Closed) message()   {}

// Reply is what Apply answers.
type Reply interface{ reply() }

// Run carries the epoch that Open asked for.
type Run struct {
	Slot  Slot
	Epoch Epoch
}

// Assign tells a world whose it is. Fresh: it sets its counters to zero first.
type Assign struct {
	Slot   Slot
	Epoch  Epoch
	Ledger string
	World  World
	Fresh  bool
}

// Grant carries the total granted to the slot's world. Of several for one item and epoch the largest counts.
type Grant struct {
	Slot  Slot
	Epoch Epoch
	Item  Item
	G     int64
}

// Refused says that a record was not booked, because a total fell within its epoch or says more than was granted.
type Refused struct {
	Slot  Slot
	Epoch Epoch
	Item  Item
}

func (Run) reply()     {}
func (Assign) reply()  {}
func (Grant) reply()   {}
func (Refused) reply() {}

func validCount(n int64) bool { return n >= 0 && n <= MaxCount }

// validName keeps out what could not be stored or shown.
func validName(s string, limit int) bool {
	return s != "" && len(s) <= limit && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func validID(s string) bool {
	if s == "" || len(s) > maxID {
		return false
	}
	for _, c := range []byte(s) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return false
		}
	}
	return true
}

func validRecords(records []Record) error {
	seen := make(map[Item]struct{}, len(records))
	for _, r := range records {
		switch _, twice := seen[r.Item]; {
		case !validName(r.Name, MaxName) || !validName(r.Quality, MaxQuality):
			return fmt.Errorf("%w: item name %.40q or quality %.40q", ErrInvalid, r.Name, r.Quality)
		case !validCount(r.E) || !validCount(r.I) || !validCount(r.W):
			return fmt.Errorf("%w: %s has a count outside 0 to 2^53", ErrInvalid, r.Item)
		case twice:
			return fmt.Errorf("%w: %s is told twice", ErrInvalid, r.Item)
		}
		seen[r.Item] = struct{}{}
	}
	return nil
}

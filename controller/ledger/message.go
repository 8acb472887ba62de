package ledger

// Message is what Apply takes.
type Message interface{ message() }

// Begin is the first message after each start of the controller. Its incarnation fences all epochs from before.
type Begin struct{ UnixSeconds int64 }

// Open asks for an epoch for a new attachment; the slot's former one is fenced. Answered by Run.
type Open struct{ Slot Slot }

// Bound is what the world said when it was bound. NewWorld is a random id, used when the world needs an identity other
// than the one that it has or was given on disk before its first tick. Answered by Assign; a repetition gets the same
// answer.
type Bound struct {
	Slot     Slot
	Epoch    Epoch
	Ledger   string // the ledger that the world belongs to; empty if none
	World    World
	Totals   []Record // complete
	Players  Players
	NewWorld World
	Tick     int64 // of the world's clock

	// What the world called itself when it got its identity, as the last Assign that was fresh found it; empty if it has
	// the id that it was born with. A ledger that has forgotten the world learns it again.
	FromLedger string
	FromWorld  World
}

// Assigned says that the world took its assignment: from here on it may be granted goods.
type Assigned struct {
	Slot  Slot
	Epoch Epoch
}

// Saved tells what a finished save of a run holds, as it was read from the file. What is of another identity, or older
// than one that was told before, changes nothing.
type Saved struct {
	Slot   Slot
	Epoch  Epoch
	Ledger string
	World  World
	Totals []Record // complete; W is of no importance
	Tick   int64
}

// Totals tells items that changed. Within an epoch E and I only grow; a record that falls is answered by Refused.
type Totals struct {
	Slot    Slot
	Epoch   Epoch
	Records []Record
	Tick    int64 // of the world's clock
}

// Truth is a complete report that can't be forged. Books are set to it, even where that is less. Players is nil if the
// report says nothing of them; what it says is compared with the books, and where it contradicts them the run is fenced,
// so that the world binds again. Answered by grants and PlayerIns that may have been lost, or by Fenced.
type Truth struct {
	Slot    Slot
	Epoch   Epoch
	Totals  []Record
	Players *Players
	Tick    int64 // of the world's clock
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

// SetPolicy replaces the policy.
type SetPolicy struct{ Policy Policy }

// Release books what was held of a world's exports, at most Amount of it. Answered by Booked.
type Release struct {
	World  World
	Item   Item
	Amount int64
}

// Renamed says, before Bound, what the game's mods have ever renamed in a world. Its accounts of an old name go to the new
// one, and so does all that the bus has of it. Repeating it does no harm. A world that the ledger does not know, or that is
// another slot's, has no account to rename; one of another ledger renames nothing.
type Renamed struct {
	Slot    Slot
	Epoch   Epoch
	Ledger  string
	World   World
	Renames []Rename
}

// Rename is one item's old and new name.
type Rename struct{ Old, New Item }

// Garbled says that a world told what could not even be read. It is counted.
type Garbled struct {
	Slot  Slot
	Epoch Epoch
}

// Verify checks all books, and stops grants of items whose books do not add up until they do, or until that is accepted.
// Stored are those that do not add up where the books are kept. Answered by Verified.
type Verify struct{ Stored []Mismatch }

// Accept takes the books of an item as they are, although they do not add up: an admin posting makes up for the
// difference. If they add up here and not where they are kept, they are stored again.
type Accept struct{ Item Item }

// Spoils tells how items of a world's game spoil. What was told last counts.
type Spoils struct {
	Slot  Slot
	Epoch Epoch
	Items []Spoil
}

// Age says that time has passed, for what spoils on the bus. It changes nothing unless the policy says that goods age.
type Age struct{ Seconds int64 }

// Restored says that these books were made from a backup: worlds may have traded more than they know. It comes before Begin.
type Restored struct{}

// Forgive lets a world off a debt, at most Amount of it. An admin posting makes up for it. Answered by Booked.
type Forgive struct {
	World  World
	Item   Item
	Amount int64
}

// Answer closes the question that a copied world raised. Its answers are that it is a copy, which goes on as the world
// of its own that it is, or that the world has moved: then the one that it was copied from gives up its slot, what it has
// traded since that save is undone, and the copy owes what it owed. Should that one run again, people are asked again.
// ErrOrder: there is no question, the other one still runs, or nothing is known of the save.
type Answer struct {
	World World
	Moved bool
}

// Move takes a slot's lease to another slot, before the instance starts there, or with To empty gives it up. A run in
// From is fenced. ErrOrder: From leases nothing, or To leases another world, which has to give it up first.
type Move struct{ From, To Slot }

func (Begin) message()     {}
func (Open) message()      {}
func (Bound) message()     {}
func (Assigned) message()  {}
func (Totals) message()    {}
func (Truth) message()     {}
func (Still) message()     {}
func (Closed) message()    {}
func (Saved) message()     {}
func (Renamed) message()   {}
func (Garbled) message()   {}
func (Spoils) message()    {}
func (Age) message()       {}
func (Restored) message()  {}
func (Verify) message()    {}
func (Accept) message()    {}
func (SetPolicy) message() {}
func (Release) message()   {}
func (Forgive) message()   {}
func (Answer) message()    {}
func (Move) message()      {}

// Reply is what Apply answers.
type Reply interface{ reply() }

// ForSlot is a reply to whoever serves a slot's run, which need not be who sent the message.
type ForSlot interface {
	Reply
	For() (Slot, Epoch)
}

// Run carries the epoch that Open asked for.
type Run struct {
	Slot  Slot
	Epoch Epoch
}

// Assign tells a world whose it is. Fresh: it sets its counters to zero first and forgets that it holds players; with
// Void their inventories go too, because the save is a copy and the originals are elsewhere. Wipe names those whose
// inventories here have no right to be: the world takes them away and counts them as exported, once per epoch.
type Assign struct {
	Slot   Slot
	Epoch  Epoch
	Ledger string
	World  World
	Fresh  bool
	Void   bool
	Wipe   []string // players
}

// Grant carries the total granted to the slot's world, and the sum beside it like those of a Record. Of several for one
// item and epoch the one with the largest G counts.
type Grant struct {
	Slot  Slot
	Epoch Epoch
	Item  Item
	G, GS int64
}

// Full says that the bus has as much of an item as its limit allows, so that the slot's world leaves it where it is, or
// that it may send it again. A world that is bound forgets what it was told before.
type Full struct {
	Slot  Slot
	Epoch Epoch
	Item  Item
	Full  bool
}

// Verified says how many kinds of goods and worlds there are, and which kinds do not add up, sorted. There are none unless
// somebody else has changed the stored books.
type Verified struct {
	Items, Worlds int
	Wrong         []Mismatch
}

// Booked answers Forgive and Release by how much was booked, which is no more than there was.
type Booked struct{ Amount int64 }

// Refused says that a record was not booked, because a total fell within its epoch or says more than was granted.
type Refused struct {
	Slot  Slot
	Epoch Epoch
	Item  Item
}

func (Run) reply()      {}
func (Assign) reply()   {}
func (Verified) reply() {}
func (Full) reply()     {}
func (Grant) reply()    {}
func (Refused) reply()  {}
func (Booked) reply()   {}

// For implements ForSlot.
func (g Grant) For() (Slot, Epoch) { return g.Slot, g.Epoch }

// For implements ForSlot.
func (f Full) For() (Slot, Epoch) { return f.Slot, f.Epoch }

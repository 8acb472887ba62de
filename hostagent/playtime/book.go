// Package playtime keeps the book of one instance: who has played there, how often and for how long. Its numbers are running totals,
// in a file that moves with the instance, so that whoever is told of them may miss something or hear it twice. It starts no
// goroutines; a Book may be used by any.
package playtime

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"mainbus/hostagent/factorio/playername"
	"mainbus/transport/signal"
)

const (
	maxRecords = 5000 // players; who has not been seen for longest makes room, and begins a new record when they come back
	maxVisits  = 2000 // that are over
	maxHere    = 1000 // players at a time
)

// Why a visit ended where the game says nothing of it; its own words are those of defines.disconnect_reason.
const (
	GameEnded = "game_ended"
	Unknown   = "unknown" // the player was not there any more
)

// A Book is that of one instance. Open gives one.
type Book struct {
	path    string
	changed signal.Signal // something is to be saved

	saving sync.Mutex // held while the file is written

	mu    sync.Mutex
	file  file
	index map[string]*record // by key
	saved uint64             // Seq of the file on the disk
	dirty bool
}

// file is what is on the disk.
type file struct {
	Instance string    `json:"instance"`
	Book     string    `json:"book"` // names this book among all that ever were
	Seq      uint64    `json:"seq"`  // number of the newest change
	Last     uint64    `json:"last"` // number of the newest record
	Run      string    `json:"run,omitempty"`
	Offset   uint64    `json:"offset"` // of the game's output in this run, that is in the book
	Known    int64     `json:"known"`  // until when, Unix milliseconds
	Records  []*record `json:"records"`
	Visits   []visit   `json:"visits"`
}

// record is a player's. Times are Unix milliseconds.
type record struct {
	Seq       uint64 `json:"seq"`
	Number    uint64 `json:"number"`
	Name      string `json:"name"`
	Joins     uint64 `json:"joins"`
	Millis    int64  `json:"ms"` // played, with the visit that goes on
	FirstJoin int64  `json:"first_join"`
	LastJoin  int64  `json:"last_join"`
	LastSeen  int64  `json:"last_seen"`
	LastLeave int64  `json:"last_leave,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Here      bool   `json:"here,omitempty"`
}

// visit is one that is over.
type visit struct {
	Seq    uint64 `json:"seq"`
	Record uint64 `json:"record"`
	Name   string `json:"name"`
	Number uint64 `json:"number"`
	Joined int64  `json:"joined"`
	Left   int64  `json:"left"`
	Reason string `json:"reason,omitempty"`
}

// Begin says which run of the game is followed from here on. Whoever was in another one is not there any more: so much is known of
// them as was written then.
func (b *Book) Begin(run string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file.Run == run {
		return
	}
	b.endAll(b.file.Known)
	b.file.Run, b.file.Offset, b.dirty = run, 0, true
}

// Join notes that a player has come, in the output of the run that ends at offset. What is in the book already changes nothing.
func (b *Book) Join(name string, offset uint64, at time.Time) {
	b.note(offset, at, func(ms int64) { b.join(name, ms) })
}

// Leave notes that a player has gone.
func (b *Book) Leave(name, reason string, offset uint64, at time.Time) {
	b.note(offset, at, func(ms int64) {
		if r := b.index[playername.Key(name)]; r != nil && r.Here {
			b.leave(r, ms, reason)
		}
	})
}

func (b *Book) note(offset uint64, at time.Time, do func(ms int64)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if offset <= b.file.Offset {
		return
	}
	b.file.Offset = offset
	// Lines behind the offset were printed after it was written: a clock that was put back makes no time negative.
	ms := max(at.UnixMilli(), b.file.Known)
	b.file.Known, b.dirty = ms, true
	do(ms)
	b.changed.Fire()
}

func (b *Book) join(name string, ms int64) {
	if playername.Check(name) != nil {
		return // nothing could be done with it anywhere (docs/fidelity.md)
	}
	r := b.index[playername.Key(name)]
	if r != nil && r.Here {
		return
	}
	if b.here() >= maxHere {
		return
	}
	if r == nil {
		r = b.add(name, ms)
	}
	r.Name, r.Here, r.LastJoin, r.LastSeen = name, true, ms, ms
	r.Joins++
	b.touch(r)
}

func (b *Book) here() (n int) {
	for _, r := range b.file.Records {
		if r.Here {
			n++
		}
	}
	return n
}

// add begins a record.
func (b *Book) add(name string, ms int64) *record {
	if len(b.file.Records) >= maxRecords {
		oldest := slices.MinFunc(b.file.Records, func(x, y *record) int {
			if x.Here != y.Here && x.Here {
				return 1
			} else if x.Here != y.Here {
				return -1
			}
			return cmp.Compare(x.LastSeen, y.LastSeen)
		})
		delete(b.index, playername.Key(oldest.Name))
		b.file.Records = slices.DeleteFunc(b.file.Records, func(r *record) bool { return r == oldest })
	}
	b.file.Last++
	r := &record{Number: b.file.Last, Name: name, FirstJoin: ms}
	b.file.Records = append(b.file.Records, r)
	b.index[playername.Key(name)] = r
	return r
}

// until notes that a player was there until then.
func (b *Book) until(r *record, ms int64) {
	if ms > r.LastSeen {
		r.Millis += ms - r.LastSeen
		r.LastSeen = ms
		b.touch(r)
	}
}

func (b *Book) leave(r *record, ms int64, reason string) {
	b.until(r, ms)
	r.Here, r.LastLeave, r.Reason = false, r.LastSeen, reason
	b.touch(r)
	b.file.Seq++
	b.file.Visits = append(b.file.Visits, visit{b.file.Seq, r.Number, r.Name, r.Joins, r.LastJoin, r.LastLeave, reason})
	if over := len(b.file.Visits) - maxVisits; over > 0 {
		b.file.Visits = slices.Delete(b.file.Visits, 0, over)
	}
}

func (b *Book) touch(r *record) {
	b.file.Seq++
	r.Seq, b.dirty = b.file.Seq, true
}

func (b *Book) endAll(ms int64) {
	for _, r := range b.file.Records {
		if r.Here {
			b.leave(r, max(ms, r.LastSeen), GameEnded)
		}
	}
}

// End notes that the game has ended.
func (b *Book) End(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ms := max(at.UnixMilli(), b.file.Known)
	b.endAll(ms)
	b.file.Known, b.dirty = ms, true
	b.changed.Fire()
}

// Tick notes that the game goes on, and whoever is in it is so still.
func (b *Book) Tick(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ms, here := max(now.UnixMilli(), b.file.Known), false
	for _, r := range b.file.Records {
		if r.Here {
			here = true
			b.until(r, ms)
		}
	}
	if b.file.Known = ms; here {
		b.dirty = true
		b.changed.Fire()
	}
}

// Offset is how far the output of the run is in the book.
func (b *Book) Offset() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.file.Offset
}

// Correct takes over who is in the game, as the game says itself; lines can be missing. It does nothing if there was a line since
// Offset was asked for, because that may be newer.
func (b *Book) Correct(names []string, offset uint64, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if offset != b.file.Offset {
		return
	}
	ms, there := max(now.UnixMilli(), b.file.Known), map[string]bool{}
	before := b.file.Seq
	for _, name := range names {
		there[playername.Key(name)] = true
		b.join(name, ms)
	}
	for key, r := range b.index {
		if r.Here && !there[key] {
			b.leave(r, r.LastSeen, Unknown)
		}
	}
	if b.file.Seq != before {
		b.changed.Fire()
	}
}

// Here tells how many players are in the game.
func (b *Book) Here() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.here()
}

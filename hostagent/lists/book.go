// Package lists keeps one list of players of one instance, admins, bans or whitelist, the same as the cluster's (docs/lists.md has the
// rules). It is the instance's half of that, as pure data: no I/O and no clock. Package controller/lists is the cluster's half.
//
// A Book knows three lists: what the cluster wants as far as it has told, what the game has, and what the game's file said when it was read
// last. It lies in the instance's folder, beside the game's own files. So a folder that was put back from a backup brings along what was
// agreed then, and what the cluster has changed since is told once more; nothing in it is taken for news of the game.
package lists

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"mainbus/hostagent/factorio/playername"
	"mainbus/transport/wire"
)

// The lists, by their names everywhere.
const (
	Admins    = "admins"
	Bans      = "bans"
	Whitelist = "whitelist"
)

// All are the lists.
var All = [...]string{Admins, Bans, Whitelist}

// Mode says which way changes go.
type Mode uint8

// The modes. A list that is off is nobody's business: nothing is written and nothing is told.
const (
	Off Mode = iota
	ToGame
	Both
)

// Entry is a player on a list.
type Entry struct {
	Name   string `json:"name"`
	Reason string `json:"reason,omitempty"` // of a ban
}

// Entries are a list by the keys of the names.
type Entries map[string]Entry

// Change says that a name is on the list, or is not any more.
type Change struct {
	Entry
	Listed bool
	By     string // who did it in the game; empty: not known
	// Of what the cluster tells:
	Revision uint64
	Own      bool // it was reported from here
}

// Book is the state of a list. The zero value with a List is that of an instance that nobody has looked at.
type Book struct {
	List string
	Mode Mode

	cluster  string // with which it was agreed
	revision uint64 // changes of the cluster up to this one are in agreed
	joining  bool   // the cluster has not told all of its list yet, for the first time
	agreed   Entries
	game     Entries
	file     Entries
	touched  map[string]touch    // what was changed here since it was agreed, by key
	settling map[string]settling // what is known of the game and not yet seen in the file
	version  uint64              // grows with each change of any of this
}

// touch is a change that was made here.
type touch struct {
	By     string `json:"by,omitempty"`
	Reason bool   `json:"reason,omitempty"` // the reason of a ban is from here too
	Words  bool   `json:"words,omitempty"`  // and nothing else is: it is the ban that was agreed
}

// settling is what a name is according to the game's own words. Until the file says so too, it may be older than they.
type settling struct {
	Listed bool  `json:"listed"`
	Ours   bool  `json:"ours,omitempty"` // the game was told to from here; else it has told
	Since  int64 `json:"since"`          // in Unix milliseconds
}

// settleTime is how long the game may take to write a file, in milliseconds.
const settleTime = 10_000

// older tells whether a file may have been written before the game had the name as it is.
func (s settling) older(written, now int64) bool {
	return written < s.Since || now <= s.Since+settleTime
}

// New returns the book of a list that nothing is known of.
func New(list string) *Book {
	return &Book{
		List: list, joining: true, agreed: Entries{}, game: Entries{}, file: Entries{},
		touched: map[string]touch{}, settling: map[string]settling{},
	}
}

// Revision is how far the cluster with this id has told; 0: from the beginning.
func (b *Book) Revision(cluster string) uint64 {
	if cluster != b.cluster {
		return 0
	}
	return b.revision
}

// Joining tells whether the cluster has still to tell of its list for the first time.
func (b *Book) Joining(cluster string) bool { return b.joining || cluster != b.cluster }

// Version is another one when anything has changed.
func (b *Book) Version() uint64 { return b.version }

// Settles tells whether something is known of the game that its file does not say yet.
func (b *Book) Settles() bool { return len(b.settling) > 0 }

// Cluster is the id of the cluster whose list this is.
func (b *Book) Cluster() string { return b.cluster }

// Sum stands for what was agreed.
func (b *Book) Sum() (count, hash uint64) {
	for key, e := range b.agreed {
		hash += wire.ListHash(key, e.Reason)
	}
	return uint64(len(b.agreed)), hash
}

// Agreed returns a page of what was agreed, by key.
func (b *Book) Agreed(after string, limit int) []Entry {
	keys := slices.Sorted(maps.Keys(b.agreed))
	at, _ := slices.BinarySearch(keys, after+"\x00")
	var page []Entry
	for _, key := range keys[at:min(len(keys), at+limit)] {
		page = append(page, b.agreed[key])
	}
	return page
}

// Game is what the game has, as far as it is known. It must not be changed.
func (b *Book) Game() Entries { return b.game }

// stored is a Book on disk. Lists are alike for the most part, so that one is told by how it differs.
type stored struct {
	Cluster  string              `json:"cluster,omitempty"`
	Revision uint64              `json:"revision,omitempty"`
	Joining  bool                `json:"joining,omitempty"`
	Agreed   []Entry             `json:"agreed"`
	Game     delta               `json:"game"` // against agreed
	File     delta               `json:"file"` // against game
	Touched  map[string]touch    `json:"touched,omitempty"`
	Settling map[string]settling `json:"settling,omitempty"`
}

type delta struct {
	With    []Entry  `json:"with,omitempty"`
	Without []string `json:"without,omitempty"` // keys
}

func sorted(e Entries) []Entry {
	list := make([]Entry, 0, len(e))
	for _, key := range slices.Sorted(maps.Keys(e)) {
		list = append(list, e[key])
	}
	return list
}

func difference(from, to Entries) (d delta) {
	with := Entries{}
	for key, e := range to {
		if old, ok := from[key]; !ok || old != e {
			with[key] = e
		}
	}
	d.With = sorted(with)
	for key := range from {
		if _, ok := to[key]; !ok {
			d.Without = append(d.Without, key)
		}
	}
	slices.Sort(d.Without)
	return d
}

func (d delta) on(from Entries) Entries {
	to := maps.Clone(from)
	for _, key := range d.Without {
		delete(to, key)
	}
	for _, e := range d.With {
		to[playername.Key(e.Name)] = e
	}
	return to
}

// MarshalJSON is for the disk.
func (b *Book) MarshalJSON() ([]byte, error) {
	return json.Marshal(stored{
		Cluster: b.cluster, Revision: b.revision, Joining: b.joining, Agreed: sorted(b.agreed),
		Game: difference(b.agreed, b.game), File: difference(b.game, b.file), Touched: b.touched, Settling: b.settling,
	})
}

// UnmarshalJSON reads what MarshalJSON has written. List and Mode stay.
func (b *Book) UnmarshalJSON(data []byte) error {
	var s stored
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("read what was agreed of the list of %s: %w", b.List, err)
	}
	fresh := New(b.List)
	fresh.version = b.version + 1
	fresh.Mode, fresh.cluster, fresh.revision, fresh.joining = b.Mode, s.Cluster, s.Revision, s.Joining
	fresh.agreed = delta{With: s.Agreed}.on(Entries{})
	fresh.game = s.Game.on(fresh.agreed)
	fresh.file = s.File.on(fresh.game)
	maps.Copy(fresh.touched, s.Touched)
	maps.Copy(fresh.settling, s.Settling)
	*b = *fresh
	return nil
}

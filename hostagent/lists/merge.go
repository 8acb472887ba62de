package lists

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"mainbus/hostagent/factorio/playername"
)

// ErrStale says that the cluster has told something to a book that is not where it was thought to be.
var ErrStale = errors.New("the list has gone on meanwhile")

// Told takes in what the cluster tells: changes after the revision from, which is the book's own, up to upto; and changes that are not
// newer, which set right what was agreed. The end is when there is nothing more to tell.
func (b *Book) Told(cluster string, from, upto uint64, end bool, changes []Change) error {
	if from != b.Revision(cluster) || upto < from {
		return ErrStale
	}
	b.version++
	if cluster != b.cluster {
		b.begin(cluster)
	}
	for _, c := range changes {
		b.told(c)
	}
	b.revision = upto
	if end {
		b.joining = false
	}
	return nil
}

// begin forgets what was agreed with another cluster. What the game has is its own until this one has told what it wants.
func (b *Book) begin(cluster string) {
	b.cluster, b.revision, b.joining, b.agreed = cluster, 0, true, Entries{}
	clear(b.touched)
	for key := range b.game {
		b.touched[key] = touch{Reason: true}
	}
}

func (b *Book) told(c Change) {
	key := playername.Key(c.Name)
	t, touched := b.touched[key]
	have, listed := b.game[key]
	if _, wanted := b.agreed[key]; b.joining && !c.Listed && touched && !wanted {
		return // what was taken off before this instance came is no news to it
	}
	news := c.Revision > b.revision && !c.Own // the cluster has changed it since it was agreed, and not because this instance did
	set(b.agreed, key, c.Entry, c.Listed)
	switch {
	case !touched:
	case listed == c.Listed && news && listed && b.List == Bans:
		// Banned on both sides, neither knowing of the other. The cluster has to hear of this ban too: an unban there that was made
		// before it did must not lift it.
		b.touched[key] = touch{By: t.By}
	case listed == c.Listed && !news && listed && t.Reason && have.Reason != c.Reason: // it is to hear of another reason
	case listed == c.Listed:
		delete(b.touched, key)
	case news && !(listed && b.List == Bans && !t.Words):
		// Changed on both sides, neither knowing of the other: the cluster's word holds, but no ban is lifted by it.
		delete(b.touched, key)
	}
}

// note takes in that a name is something in the game which it was not before.
func (b *Book) note(key string, is Entry, listed bool, by string) {
	had, was := b.game[key]
	set(b.game, key, is, listed)
	want, wanted := b.agreed[key]
	before, again := b.touched[key]
	reworded := listed && was && is.Reason != had.Reason && is.Reason != want.Reason
	// A name that comes to be as it is wanted was brought to it from here, or by somebody who wants the same. If somebody had changed it
	// before, they have changed it twice.
	if listed != wanted || reworded || again {
		if again && by == "" && was == listed {
			by = before.By
		}
		b.touched[key] = touch{By: by, Reason: listed, Words: reworded && (!again || before.Words) && listed == wanted}
	}
}

func set(e Entries, key string, to Entry, listed bool) {
	if listed {
		e[key] = to
	} else {
		delete(e, key)
	}
}

// Read takes in what the game's file says, and when it was written, in Unix milliseconds.
func (b *Book) Read(file Entries, written, now int64) {
	keys := maps.Clone(file)
	maps.Copy(keys, b.file)
	for key := range b.settling {
		keys[key] = Entry{}
	}
	for key := range keys {
		is, listed := file[key]
		s, settles := b.settling[key]
		if settles && listed != s.Listed && s.older(written, now) {
			continue
		}
		had, was := b.file[key]
		if !settles && is == had && listed == was {
			continue
		}
		b.version++
		delete(b.settling, key)
		set(b.file, key, is, listed)
		switch {
		case settles && (listed == s.Listed || s.Ours):
			// As it was said; or the game has not done what it was told to, and is told again.
			set(b.game, key, is, listed)
		default:
			b.note(key, is, listed, "")
		}
	}
}

// Saw takes in that somebody has changed the list in the game, as it says itself at this moment.
func (b *Book) Saw(c Change, now int64) {
	b.version++
	key := playername.Key(c.Name)
	b.note(key, c.Entry, c.Listed, c.By)
	b.settling[key] = settling{Listed: c.Listed, Since: now}
}

// Did takes in that the game has answered what it was told.
func (b *Book) Did(c Change, now int64) {
	b.version++
	key := playername.Key(c.Name)
	set(b.game, key, c.Entry, c.Listed)
	b.settling[key] = settling{Listed: c.Listed, Ours: true, Since: now}
	b.calm(key)
}

// calm forgets that a name was changed here, where that is not to be told and is undone.
func (b *Book) calm(key string) {
	_, listed := b.game[key]
	if _, wanted := b.agreed[key]; b.Mode == ToGame && listed == wanted {
		delete(b.touched, key)
	}
}

// Stopped says that no game runs: it is going to have what the file says. The file was read before.
func (b *Book) Stopped() {
	if len(b.settling) > 0 || !maps.Equal(b.game, b.file) {
		b.version++
		clear(b.settling)
		b.game = maps.Clone(b.file)
	}
}

// Gone says that there is no file. A file that was there once and is gone is no word of the game: what was in it is wanted still.
func (b *Book) Gone() {
	if len(b.file) > 0 {
		b.version++
		clear(b.file)
	}
}

// Wrote says that the file is what was wanted, while no game runs.
func (b *Book) Wrote(changes []Change) {
	b.version++
	for _, c := range changes {
		key := playername.Key(c.Name)
		set(b.game, key, c.Entry, c.Listed)
		set(b.file, key, c.Entry, c.Listed)
		b.calm(key)
	}
}

// Wanted returns what has to be changed in the game, by key. Reasons of bans that are there already are changed in the file only, while no
// game runs: a game has no command for that.
func (b *Book) Wanted(runs bool) (changes []Change) {
	if b.Mode == Off || b.cluster == "" {
		return nil
	}
	for key, want := range b.agreed {
		is, listed := b.game[key]
		_, touched := b.touched[key]
		if touched && (b.Mode == Both || listed) || listed && (runs || is.Reason == want.Reason) {
			continue
		}
		if listed {
			want.Name = is.Name
		}
		changes = append(changes, Change{Entry: want, Listed: true})
	}
	for key, is := range b.game {
		if _, wanted := b.agreed[key]; wanted {
			continue
		}
		if _, touched := b.touched[key]; !touched && !b.joining {
			changes = append(changes, Change{Entry: Entry{Name: is.Name}})
		}
	}
	slices.SortFunc(changes, byKey)
	return changes
}

func byKey(a, b Change) int { return cmp.Compare(playername.Key(a.Name), playername.Key(b.Name)) }

// Changed returns at most so many of the changes that were made here and that the cluster has to hear of, by key, and how many there are.
func (b *Book) Changed(limit int) (changes []Change, total int) {
	if b.Mode != Both {
		return nil, 0
	}
	keys := slices.Sorted(maps.Keys(b.touched))
	for _, key := range keys[:min(len(keys), limit)] {
		t := b.touched[key]
		e, listed := b.game[key]
		want, wanted := b.agreed[key]
		switch {
		case !listed:
			e = Entry{Name: cmp.Or(want.Name, key)}
		case wanted && !t.Reason:
			e.Reason = want.Reason
		}
		changes = append(changes, Change{Entry: e, Listed: listed, By: t.By})
	}
	return changes, len(keys)
}

// OnlyHere is how many names the game has that the cluster has not, and that stay.
func (b *Book) OnlyHere() (n int) {
	if b.Mode != ToGame {
		return 0
	}
	for key := range b.touched {
		_, wanted := b.agreed[key]
		if _, listed := b.game[key]; listed && !wanted {
			n++
		}
	}
	return n
}

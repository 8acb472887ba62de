package playtime

import (
	"cmp"
	"slices"

	"mainbus/hostagent/factorio/playername"
	"mainbus/transport/wire"
)

const maxPart = 500 // totals and visits of one part of news

// Place returns the place up to which the book is known, by the marks of all that there were of its instance. If more was told than is
// in it, the file is an older copy: it becomes another book, which begins at zero.
func (b *Book) Place(marks []*wire.PlayMark) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range marks {
		switch {
		case m.GetBook() != b.file.Book:
		case m.GetSeq() <= b.saved:
			return m.GetSeq()
		default:
			b.renew()
		}
	}
	return 0
}

// renew gives the book another name. Of those who are in the game only what follows is counted.
func (b *Book) renew() {
	old := b.file
	b.begin(old.Instance)
	b.file.Run, b.file.Offset, b.file.Known = old.Run, old.Offset, old.Known
	for _, r := range old.Records {
		if r.Here {
			b.add(r.Name, r.LastSeen)
			again := b.index[playername.Key(r.Name)]
			again.Here, again.LastJoin, again.LastSeen = true, r.LastJoin, r.LastSeen
			b.touch(again)
		}
	}
	b.changed.Fire()
}

// News returns what is to be told behind a place in the book, a part at a time.
func (b *Book) News(place uint64) *wire.PlayNews {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := &wire.PlayNews{Instance: b.file.Instance, Book: b.file.Book, Seq: b.saved}
	type item struct {
		seq   uint64
		total *record
		visit *visit
	}
	var items []item
	for _, r := range b.file.Records {
		if place < r.Seq && r.Seq <= b.saved {
			items = append(items, item{seq: r.Seq, total: r})
		}
	}
	for i := range b.file.Visits {
		if v := &b.file.Visits[i]; place < v.Seq && v.Seq <= b.saved {
			items = append(items, item{seq: v.Seq, visit: v})
		}
	}
	slices.SortFunc(items, func(x, y item) int { return cmp.Compare(x.seq, y.seq) })
	if len(items) > maxPart {
		items, n.More = items[:maxPart], true
		n.Seq = items[maxPart-1].seq
	}
	for _, i := range items {
		if r := i.total; r != nil {
			n.Totals = append(n.Totals, &wire.PlayTotal{
				Name: r.Name, Record: r.Number, Joins: r.Joins, Seconds: uint64(r.Millis / 1000), FirstJoinMs: r.FirstJoin, LastJoinMs: r.LastJoin,
				LastSeenMs: r.LastSeen, LastLeaveMs: r.LastLeave, Reason: r.Reason,
			})
		} else if v := i.visit; v != nil {
			n.Visits = append(n.Visits, &wire.PlayVisit{Name: v.Name, Record: v.Record, Number: v.Number, JoinedMs: v.Joined, LeftMs: v.Left, Reason: v.Reason})
		}
	}
	if !n.More {
		for _, r := range b.file.Records {
			if r.Here {
				n.Here = append(n.Here, &wire.PlayerHere{Name: r.Name, SinceMs: r.LastJoin})
			}
		}
	}
	return n
}

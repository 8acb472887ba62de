package controller

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"mainbus/controller/api"
	"mainbus/controller/ledger"
	"mainbus/controller/store"
)

const maxPostings = 1000

// causes are the kinds of postings that somebody may wonder about.
func causes() (kinds []ledger.PostingKind) {
	for k := ledger.Reconciled; k.Known(); k++ {
		kinds = append(kinds, k)
	}
	return kinds
}

func (s *service) BusHistory(ctx context.Context, _ api.Caller, r api.ReadHistory) ([]api.BusPosting, error) {
	f := store.PostingFilter{Before: r.Before, Limit: min(cmp.Or(r.Limit, defaultAudit), maxPostings)}
	if r.Name != "" {
		item, err := s.goods(ctx, api.GoodsRef{Name: r.Name, Quality: r.Quality})
		if err != nil {
			return nil, err
		}
		f.Item = &item
	}
	if r.Causes {
		f.Kinds = causes()
	}
	if r.Instance != "" {
		row, err := s.instance(ctx, r.Instance)
		if err != nil {
			return nil, err
		}
		f.Slot = ledger.Slot(row.ID)
	}
	rows, err := s.store.Postings(ctx, f)
	if err != nil {
		return nil, err
	}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]api.BusPosting, 0, len(rows))
	for _, p := range rows {
		name := names[string(p.Slot)]
		list = append(list, api.BusPosting{
			ID: p.ID, At: p.At.UTC(), World: string(p.World), Instance: string(p.Slot), InstanceName: name, Kind: p.Kind.String(),
			Name: goodsName(p.Item), Quality: p.Quality, Count: p.Qty, Text: tell(p, name),
		})
	}
	return list, nil
}

// tell says in words what a posting is about.
func tell(p store.Posting, instance string) string {
	who := cmp.Or(instance, "The world "+string(p.World))
	goods := goodsText(p.Item, max(p.Qty, -p.Qty))
	switch p.Kind {
	case ledger.Exported:
		return who + " sent " + goods
	case ledger.Granted:
		return who + " was given " + goods
	case ledger.Reconciled:
		done := " taken back from the bus"
		if p.Qty > 0 {
			done = " returned to the bus"
		}
		return who + " " + reconciled(p) + ": " + goods + done
	case ledger.Indebted:
		return who + " owes " + goods + ": it took them back after others had used them"
	case ledger.Overdrawn:
		return who + " owes " + goods + ": its save says that it received them, and it was never given so many"
	case ledger.Repaid:
		return who + " paid back " + goods + " that it owed"
	case ledger.Joined:
		return "A player took " + goods + " to " + who
	case ledger.Left:
		return "A player brought " + goods + " from " + who
	case ledger.Returned:
		return who + " gave up a player with " + goods
	case ledger.Forgiven:
		return who + " was let off " + goods + " that it owed"
	case ledger.DebtMoved:
		if p.Qty < 0 {
			return "The debt of " + who + " went to its new identity: " + goods
		}
		return who + " took over a debt of " + goods
	case ledger.Held:
		if p.Qty < 0 {
			return goods + " of " + who + " are held no longer"
		}
		return who + " says that it sent " + goods + " more than it can have: they are held"
	case ledger.Spoiled:
		if p.Qty < 0 {
			return goods + " spoiled on the bus"
		}
		return goods + " came of what spoiled on the bus"
	case ledger.Accepted:
		return goodsText(p.Item, p.Qty) + " that nobody accounts for: the books were taken as they are"
	case ledger.Relabeled:
		if p.Qty < 0 {
			return goods + " got another name by a change of mods"
		}
		return goods + " came from another name by a change of mods"
	case ledger.Released:
		return goods + " of " + who + " that were held were put on the bus"
	}
	return who + ": " + p.Kind.String() + " of " + goods
}

// reconciled says why a world's books had to be put right.
func reconciled(p store.Posting) string {
	switch {
	case p.Run == nil:
		return "was put right"
	case p.Run.Again && p.Qty > 0:
		return "was cut off and had given more, or got less, than was booked"
	case p.Run.Again:
		return "was cut off and had got more than was booked"
	case p.Run.SavedAt.IsZero():
		return "began with the save " + p.Run.Save
	}
	saved, began := p.Run.SavedAt.Local(), p.Run.At.Local()
	if saved.Format(time.DateOnly) != began.Format(time.DateOnly) {
		return "went back to the save of " + saved.Format("2 January, 15:04")
	}
	return "went back to the save of " + saved.Format("15:04")
}

// goodsText is "1,204 iron-plate (rare)".
func goodsText(item ledger.Item, n int64) string {
	if item.Kind() == ledger.Energy {
		return thousands(n) + " MJ"
	}
	text := thousands(n) + " " + item.Name
	if item.Quality != "" && item.Quality != "normal" {
		text += " (" + item.Quality + ")"
	}
	return shown(text, 300)
}

func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

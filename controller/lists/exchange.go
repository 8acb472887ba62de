package lists

import (
	"context"
	"fmt"
)

const (
	maxRounds  = 1000    // of one exchange: more pages than a list may have
	maxEntries = 200_000 // that an instance may say that it was told of
)

// State is how a list of an instance stands towards the cluster's.
type State struct {
	Revision uint64 // changes of the cluster up to this one were told
	Joining  bool   // and not yet all, for the first time
	Count    uint64 // of what was agreed
	Hash     uint64
	Changed  int // changes that were made there and that the cluster has to hear of
}

// Cluster is the cluster's list.
type Cluster interface {
	// Changes are the newest changes of names after a revision, the oldest first, and the newest revision of all.
	Changes(ctx context.Context, after uint64, limit int) (changes []Change, top uint64, err error)
	// Take judges what an instance reports that knows the cluster's changes up to known, and makes the changes that are to be taken.
	// It returns those, and what the cluster has already, each as the cluster has it now.
	Take(ctx context.Context, known uint64, reported []Change) (taken, same []Change, err error)
	Sum(ctx context.Context) (Sum, error)
}

// Instance is the list of an instance.
type Instance interface {
	// Changed are changes that were made there, and up to which revision the cluster's were known when they were.
	Changed(ctx context.Context, limit int) (changes []Change, known uint64, err error)
	// Tell has it take in changes after from, which has to be where it is, up to upto. The end says that there are no more.
	Tell(ctx context.Context, from, upto uint64, end bool, changes []Change) (State, error)
	// Agreed is a page of what was told, by key.
	Agreed(ctx context.Context, after string, limit int) ([]Change, error)
}

// Exchange brings a list of an instance and the cluster's in step, as far as they tell each other. It is harmless to repeat or to break off.
type Exchange struct {
	List     string
	Both     bool // what was changed in the game counts in the cluster
	Page     int  // entries that are told or asked for at once
	Cluster  Cluster
	Instance Instance
}

// Run begins with an instance as it was heard of last.
func (x Exchange) Run(ctx context.Context, s State) (State, error) {
	compared := false
	for range maxRounds {
		tell, taken, err := x.hear(ctx, s)
		if err != nil {
			return s, err
		}
		changes, top, err := x.Cluster.Changes(ctx, s.Revision, x.Page)
		if err != nil {
			return s, err
		}
		for n, change := range changes {
			changes[n].Own = taken[change.Revision]
		}
		end, upto := len(changes) < x.Page, max(top, s.Revision)
		if !end {
			upto = changes[len(changes)-1].Revision
		}
		if len(changes) == 0 && len(tell) == 0 && !s.Joining {
			if compared || s.Changed > 0 && x.Both {
				return s, nil
			}
			compared = true
			if tell, err = x.compare(ctx, s); err != nil || tell == nil {
				return s, err
			}
		}
		if s, err = x.Instance.Tell(ctx, s.Revision, upto, end, append(tell, changes...)); err != nil {
			return s, err
		}
	}
	return s, fmt.Errorf("the list of %s does not come to an end", x.List)
}

// hear takes in what was changed in the game. Same is what the cluster has already; taken are the revisions of what it has taken.
func (x Exchange) hear(ctx context.Context, s State) (same []Change, taken map[uint64]bool, err error) {
	if !x.Both || s.Changed == 0 || s.Joining {
		return nil, nil, nil
	}
	reported, known, err := x.Instance.Changed(ctx, x.Page)
	if err != nil || len(reported) == 0 {
		return nil, nil, err
	}
	changes, same, err := x.Cluster.Take(ctx, known, reported)
	if err != nil {
		return nil, nil, err
	}
	taken = map[uint64]bool{}
	for _, change := range changes {
		taken[change.Revision] = true
	}
	return same, taken, nil
}

// compare looks whether what was agreed is what the cluster has. It returns what sets the instance right, nil if nothing has to.
func (x Exchange) compare(ctx context.Context, s State) ([]Change, error) {
	sum, err := x.Cluster.Sum(ctx)
	if err != nil || sum.Revision > s.Revision || sum.Count == s.Count && sum.Hash == s.Hash {
		return nil, err
	}
	have := map[string]Change{}
	for after, n := uint64(0), x.Page; n == x.Page; {
		changes, _, err := x.Cluster.Changes(ctx, after, x.Page)
		if err != nil {
			return nil, err
		}
		for _, change := range changes {
			have[Key(change.Name)], after = change, change.Revision
		}
		n = len(changes)
	}
	var agreed []Change
	for after, n := "", x.Page; n == x.Page; {
		page, err := x.Instance.Agreed(ctx, after, x.Page)
		if err != nil {
			return nil, err
		}
		if agreed = append(agreed, page...); len(agreed) > maxEntries {
			return nil, fmt.Errorf("the instance has a list of more than %d names", maxEntries)
		}
		if n = len(page); n > 0 {
			after = Key(page[n-1].Name)
		}
	}
	take, tell := Compare(x.List, x.Both, have, agreed)
	if _, _, err := x.Cluster.Take(ctx, s.Revision, take); err != nil {
		return nil, err
	}
	return append([]Change{}, tell...), nil
}

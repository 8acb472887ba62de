// Package lists decides what becomes of changes of the lists of admins, bans and whitelist that were made in different places without
// knowing of each other: in the cluster and in games. It is the cluster's half; package hostagent/lists is an instance's
// (docs/lists.md has the rules). It does no I/O and has no clock.
package lists

import "mainbus/hostagent/factorio/playername"

// The lists, by their names everywhere.
const (
	Admins    = "admins"
	Bans      = "bans"
	Whitelist = "whitelist"
)

// All are the lists, in the order in which people see them.
var All = [...]string{Admins, Bans, Whitelist}

// Change says that a name is on a list, or is not any more. Revision is the number of the change in the cluster; 0: it was made elsewhere.
type Change struct {
	Name     string
	Listed   bool
	Reason   string // of a ban
	Revision uint64
	By       string // who made it in a game, as that says; empty: not known
	Own      bool   // of what an instance is told: it has reported this itself
}

// Sum stands for a whole list, whatever its order.
type Sum struct {
	Revision uint64 // of its newest change
	Count    uint64
	Hash     uint64 // the sum of those of its entries (wire.ListHash)
}

// Key makes one of a name in any case.
func Key(name string) string { return playername.Key(name) }

// Verdict is what becomes of a change that an instance reports.
type Verdict int

// The verdicts.
const (
	Take  Verdict = iota // the cluster's list is changed
	Again                // the cluster has that ban already; it is numbered anew, so that nobody lifts it who has not heard of it
	Same                 // the cluster has it already, which the instance is told
	Newer                // the cluster has changed that name since the instance was told of it: it is told that first, and decides
)

// Judge decides about a change that was reported by an instance which knows the cluster's changes up to a revision. Have is the newest
// change of the name in the cluster; the zero value: there was none.
func Judge(list string, have, reported Change, known uint64) Verdict {
	switch {
	case have.Revision > known:
		return Newer
	case have.Listed != reported.Listed || have.Listed && have.Reason != reported.Reason:
		return Take
	case have.Listed && list == Bans:
		return Again
	}
	return Same
}

// Compare decides about a list that is not what an instance was told, although nobody has changed it since: the cluster's
// database, or what the instance keeps, is older than it was. Have are the newest changes in the cluster by key, agreed is what the
// instance was told, both tells whether its changes count in the cluster. What is to be taken changes the cluster's list, tell sets the
// instance right.
//
// What the instance was told is the cluster's own later word, so it holds; but no ban is lifted by it.
func Compare(list string, both bool, have map[string]Change, agreed []Change) (take, tell []Change) {
	there := map[string]bool{}
	for _, a := range agreed {
		key := Key(a.Name)
		there[key] = true
		switch c := have[key]; {
		case !c.Listed && (list == Bans || both):
			take = append(take, Change{Name: a.Name, Listed: true, Reason: a.Reason})
		case !c.Listed:
			tell = append(tell, Change{Name: a.Name, Revision: c.Revision})
		case c.Reason != a.Reason:
			tell = append(tell, c)
		}
	}
	for key, c := range have {
		switch {
		case !c.Listed || there[key]:
		case list == Bans || !both:
			tell = append(tell, c)
		default:
			take = append(take, Change{Name: c.Name})
		}
	}
	return take, tell
}

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
}

// Sum stands for a whole list, whatever its order.
type Sum struct {
	Revision uint64 // of its newest change
	Count    uint64
	Hash     uint64 // the sum of those of its entries (wire.ListHash)
}

// Key makes one of a name in any case.
func Key(name string) string { return playername.Key(name) }

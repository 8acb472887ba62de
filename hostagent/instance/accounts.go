package instance

import (
	"math"

	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/factorio/scriptdat"
)

const (
	ledgerKey = "mainbus_ledger_v1" // the subtree of storage that has the accounts, docs/gamelink.md
	maxID     = 64                  // bytes
	maxTotal  = 1 << 53             // up to which Lua counts exactly
)

// accounts are what a save tells of its world without being loaded. What features keep in the tree is for the controller. Texts that can't be what they should are empty,
// as they are in a world that has none yet.
type accounts struct {
	ledger, world string
	epoch         string // of the last bind; "0" before the first
	tick          uint64 // of the last tick before the save
	tree          *scriptdat.Table
}

// readAccounts returns false for a save of a world that never ran with the module. What it reads of script.dat has the right
// CRC, or it is an error.
func readAccounts(archive *save.Archive) (accounts, bool, error) {
	value, found, err := archive.Subtree(ledgerKey)
	if err != nil || !found {
		return accounts{}, false, err
	}
	tree, _ := value.(*scriptdat.Table)
	a := accounts{ledger: word(tree.Get("ledger")), world: word(tree.Get("world")), tree: tree}
	a.epoch, _ = tree.Get("epoch").(string)
	if tick, ok := count(tree.Get("tick")); ok {
		a.tick = tick
	}
	return a, true, nil
}

// count takes a number for one if it can have been counted.
func count(v scriptdat.Value) (uint64, bool) {
	n, ok := v.(float64)
	if !ok || !(n >= 0 && n <= maxTotal) || n != math.Trunc(n) {
		return 0, false
	}
	return uint64(n), true
}

// word takes a value for an id if it is one as ledgers and agents make them.
func word(v scriptdat.Value) string {
	s, _ := v.(string)
	if len(s) > maxID {
		return ""
	}
	for _, c := range []byte(s) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return ""
		}
	}
	return s
}

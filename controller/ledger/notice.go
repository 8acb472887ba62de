package ledger

import (
	"maps"
	"slices"
)

// maxNotices bounds the slots of which notes are kept.
const maxNotices = 4096

// Notice is what was seen of a slot and not booked. It is not stored, and counts from the controller's start.
type Notice struct {
	Slot       Slot
	StrayEpoch Epoch // the last fenced epoch that was heard of: an older run of the slot still talks
	Strays     int64 // messages of fenced epochs
}

// Notices returns what was seen of all slots, sorted by slot.
func (s *State) Notices() []Notice {
	all := make([]Notice, 0, len(s.notices))
	for _, slot := range slices.Sorted(maps.Keys(s.notices)) {
		all = append(all, *s.notices[slot])
	}
	return all
}

func (s *State) notice(slot Slot) *Notice {
	n := s.notices[slot]
	if n == nil {
		n = &Notice{Slot: slot}
		if len(s.notices) < maxNotices && validName(string(slot), maxID) {
			s.notices[slot] = n
		}
	}
	return n
}

func (s *State) noticeStray(slot Slot, epoch Epoch) {
	n := s.notice(slot)
	n.StrayEpoch, n.Strays = epoch, n.Strays+1
}

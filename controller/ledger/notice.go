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
	StrayEpoch Epoch  // the last fenced epoch that was heard of: an older run of the slot still talks
	Strays     int64  // messages of fenced epochs
	Refused    int64  // messages and records that made no sense
	Why        string // the last of them was refused
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

func (n *Notice) refuse(why string) { n.Refused, n.Why = n.Refused+1, why }

// noticeInvalid counts a message of a world that made no sense.
func (s *State) noticeInvalid(m Message) {
	var slot Slot
	switch m := m.(type) {
	case Bound:
		slot = m.Slot
	case Totals:
		slot = m.Slot
	case Truth:
		slot = m.Slot
	case Saved:
		slot = m.Slot
	case Renamed:
		slot = m.Slot
	case Spoils:
		slot = m.Slot
	case PlayerOut:
		slot = m.Slot
	default:
		return
	}
	s.notice(slot).refuse("a message exceeds a limit or names what can't be")
}

func (s *State) garbled(m Garbled) error {
	if _, err := s.current(m.Slot, m.Epoch); err != nil {
		return err
	}
	s.notice(m.Slot).refuse("a line that is no list of records")
	return nil
}

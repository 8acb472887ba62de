package remote

// shortest is the size in bytes up to which a command goes to the game whole. A longer one is streamed in segments, and
// shorter ones that came later may overtake it.
const shortest = 50

// Upload is the way of command texts into the game. Whatever the number of connections, no more than one segment of
// bytes gets through in a tick.
type Upload[T any] struct {
	short, long []upload[T]
	debt        int // bytes of the last short command beyond its tick's segment
}

type upload[T any] struct {
	what T
	left int
}

// Add puts a command of that size on the way.
func (u *Upload[T]) Add(what T, size int) {
	if size <= shortest {
		u.short = append(u.short, upload[T]{what, size})
		return
	}
	u.long = append(u.long, upload[T]{what, size})
}

// Len is the number of commands that are on the way.
func (u *Upload[T]) Len() int { return len(u.short) + len(u.long) }

// Tick lets a segment through and returns the commands that are complete. Short commands go first, but leave half of the
// segment to a long one.
func (u *Upload[T]) Tick(segment int) []T {
	var through []T
	budget, reserve := segment-u.debt, 0
	if len(u.long) > 0 {
		reserve = segment / 2
	}
	for len(u.short) > 0 && budget > reserve {
		budget -= u.short[0].left
		through = append(through, u.short[0].what)
		u.short = u.short[1:]
	}
	for len(u.long) > 0 && budget > 0 {
		part := min(budget, u.long[0].left)
		budget -= part
		if u.long[0].left -= part; u.long[0].left == 0 {
			through = append(through, u.long[0].what)
			u.long = u.long[1:]
		}
	}
	u.debt = max(0, -budget)
	return through
}

// Segment is the size of a segment with that many players: Max up to MaxPeers players, Min from MinPeers on, in between
// in proportion.
func (s Segments) Segment(players int) int {
	switch {
	case players <= s.MaxPeers || s.MinPeers <= s.MaxPeers:
		return max(1, s.Max)
	case players >= s.MinPeers:
		return max(1, s.Min)
	}
	return max(1, s.Max-(s.Max-s.Min)*(players-s.MaxPeers)/(s.MinPeers-s.MaxPeers))
}

// Segments are the settings that say how large a segment is, in bytes and players.
type Segments struct {
	Min, MinPeers, Max, MaxPeers int
}

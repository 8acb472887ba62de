package gamelink

const (
	historyLines = 1024 // chains kept: more lines than are printed between a beat and its answer
	maxHeld      = 2048 // lines held while it is open whether they are genuine
)

// sighting is a link line of the bound epoch with the place where it was read. arrived numbers all sightings.
type sighting struct {
	Line
	offset  uint64
	arrived uint64
}

// checker decides which lines are taken and whether what was taken is what the module printed.
//
// Lines are taken in sequence. One that does not follow is held, because the line before it may have been lost, in which
// case a report says where to go on; or it is refused. Either raises suspicion, and so the next beat or report
// decides. A genuine line that was read before a command was sent has been printed before the command was executed, so its number is at
// most the one in the answer: held lines that contradict this are forged and forgotten, and one that was taken disproves
// the rest.
type checker struct {
	seq     uint64 // last line taken
	chain   string
	base    uint64 // seq at the last resync: what comes late up to it is known already
	history [historyLines]string

	resyncing bool // where to go on is not known: every line is held
	held      []sighting
	arrivals  uint64
	suspected uint64 // arrivals at the last suspicion, 0 for none
}

// arrive takes in one line. It returns the lines that may be used now, in order, and whether the sequence was broken.
func (c *checker) arrive(line Line, offset uint64) (taken []sighting, suspicious bool) {
	c.arrivals++
	s := sighting{line, offset, c.arrivals}
	switch {
	case c.resyncing:
		return nil, c.hold(s)
	case s.Seq == c.seq+1:
		c.take(s)
		return append([]sighting{s}, c.release()...), false
	case s.Seq <= c.base:
		return nil, false
	case s.Seq <= c.seq:
		c.suspect()
		return nil, true
	}
	c.hold(s)
	c.suspect()
	return nil, true
}

// suspect notes that something was read that no undisturbed module prints.
func (c *checker) suspect() {
	c.arrivals++
	c.suspected = c.arrivals
}

func (c *checker) take(s sighting) {
	c.seq, c.chain = s.Seq, nextChain(c.chain, s.Rest)
	c.history[c.seq%historyLines] = c.chain
}

// hold keeps a line; too many are dropped, which shows as a gap.
func (c *checker) hold(s sighting) (overflow bool) {
	if len(c.held) >= maxHeld {
		return true
	}
	c.held = append(c.held, s)
	return false
}

// release takes held lines that follow now.
func (c *checker) release() (taken []sighting) {
	for i := 0; i < len(c.held); {
		s := c.held[i]
		if s.Seq > c.seq+1 {
			i++
			continue
		}
		c.held = append(c.held[:i], c.held[i+1:]...)
		if s.Seq == c.seq+1 {
			c.take(s)
			taken = append(taken, s)
			i = 0
		}
	}
	return taken
}

// forget drops the held lines that had arrived when a command was sent whose answer does not account for them.
func (c *checker) forget(mark uint64) {
	kept := c.held[:0]
	for _, s := range c.held {
		if s.arrived > mark {
			kept = append(kept, s)
		}
	}
	c.held = kept
}

type verdict int

const (
	right verdict = iota
	wrong
	early // the lines have not been read yet
)

// judge compares what was taken with what the module says that it has printed; taken is the last line that had been
// taken when it was asked.
func (c *checker) judge(b beat, taken uint64) verdict {
	switch {
	case b.seq < taken:
		return wrong // a world with nothing to say prints no line that would contradict the forged one
	case b.seq > c.seq && len(c.held) > 0:
		return wrong // what is missing would have come before what is held
	case b.seq > c.seq:
		return early
	case b.seq < c.base || b.seq+historyLines <= c.seq:
		return wrong // what was taken is far ahead of what was printed
	case c.history[b.seq%historyLines] != b.chain:
		return wrong
	}
	return right
}

// confirm ends suspicions that were there when the command was sent that found everything right.
func (c *checker) confirm(mark uint64) {
	c.forget(mark)
	if c.suspected <= mark {
		c.suspected = 0
	}
}

// resync goes on after the line that the answer to a command names and returns the held lines that follow it.
func (c *checker) resync(seq uint64, chain string, mark uint64) []sighting {
	c.seq, c.chain, c.base = seq, chain, seq
	c.history[seq%historyLines] = chain
	c.resyncing = false
	c.confirm(mark)
	taken := c.release()
	if len(c.held) > 0 {
		c.suspect()
	}
	return taken
}

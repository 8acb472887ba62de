package supervisor

import "bytes"

// MaxLine is the longest line that is passed on, in bytes; the rest of a longer one is dropped.
const MaxLine = 64 << 10

// Line is one line of the game's output without its line end.
type Line struct {
	Offset uint64 // of its first byte
	End    uint64 // of its line end: where the next line starts
	Text   string
	Gap    bool // output before this line was overwritten before it could be read
	Cut    bool // it was longer than MaxLine
}

// Lines cuts a stream of output into lines. Add what was read, then call Next until it says no.
type Lines struct {
	next    uint64 // offset expected of the next bytes
	started bool
	gap     bool
	skip    bool // inside a line whose start is lost or which is too long
	part    []byte
	start   uint64 // of part
	rest    []byte
	restAt  uint64
}

// Add takes bytes that stand at offset. They must stay as they are until Next has returned false.
func (l *Lines) Add(p []byte, offset uint64) {
	if l.started && offset != l.next {
		l.gap, l.skip, l.part = true, true, l.part[:0]
	}
	l.started = true
	l.next = offset + uint64(len(p))
	l.rest, l.restAt = p, offset
}

// Next returns the next whole line.
func (l *Lines) Next() (Line, bool) {
	for len(l.rest) > 0 {
		if len(l.part) == 0 && !l.skip {
			l.start = l.restAt
		}
		at := bytes.IndexByte(l.rest, '\n')
		if at < 0 {
			l.keep(l.rest)
			l.rest = nil
			break
		}
		piece := l.rest[:at]
		l.rest, l.restAt = l.rest[at+1:], l.restAt+uint64(at)+1
		if l.skip && len(l.part) == 0 { // the start of this line is lost
			l.skip = false
			continue
		}
		l.keep(piece)
		line := Line{Offset: l.start, End: l.restAt, Text: string(bytes.TrimSuffix(l.part, []byte{'\r'})), Gap: l.gap, Cut: l.skip}
		l.part, l.skip, l.gap = l.part[:0], false, false
		return line, true
	}
	return Line{}, false
}

func (l *Lines) keep(p []byte) {
	if l.skip {
		return
	}
	if room := MaxLine - len(l.part); len(p) > room {
		p, l.skip = p[:room], true
	}
	l.part = append(l.part, p...)
}

package save

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"mainbus/hostagent/factorio"
)

// firstParts is the first version whose level is cut into parts.
var firstParts = factorio.Version{Major: 1, Minor: 1, Patch: 14}

const (
	levelWhole    = "level.dat"         // before 1.1.14
	levelPart     = "level.dat"         // and a number from 0, since then
	levelMetadata = "level.datmetadata" // u64 inflated total, beside the parts
	partSize      = 1 << 20             // inflated, of every part but the last
	maxPart       = 64 << 20            // inflated
)

// Level opens the whole inflated level data. Parts are opened and inflated as they are read.
func (a *Archive) Level() (io.ReadCloser, error) {
	parts, err := a.parts()
	if err != nil {
		return nil, err
	}
	if parts == 0 {
		return a.Open(levelWhole)
	}
	return &levelReader{archive: a, parts: parts}, nil
}

// parts counts level.dat0, level.dat1, ... which must have no gap.
func (a *Archive) parts() (int, error) {
	n := 0
	for _, name := range a.names {
		if isPart(name) {
			n++
		}
	}
	for i := range n {
		if a.entries[levelPart+strconv.Itoa(i)] == nil {
			return 0, fmt.Errorf("open level of save: %d parts, but no %s%d", n, levelPart, i)
		}
	}
	return n, nil
}

func isPart(name string) bool {
	number, ok := strings.CutPrefix(name, levelPart)
	_, err := strconv.ParseUint(number, 10, 32)
	return ok && err == nil
}

// levelReader joins the parts.
type levelReader struct {
	archive *Archive
	parts   int
	next    int // number of the part to open next
	total   int64
	sizes   []int64     // inflated, of the parts that were read to their end
	part    *partReader // nil between parts
	err     error
}

func (l *levelReader) Read(p []byte) (int, error) {
	for l.err == nil {
		if l.part == nil {
			if l.next == l.parts {
				l.err = io.EOF
				break
			}
			l.part, l.err = l.archive.openPart(l.next)
			l.next++
			continue
		}
		n, err := l.part.Read(p)
		if l.total += int64(n); l.total > maxTotal {
			err = fmt.Errorf("the level inflates to more than %d GiB", maxTotal>>30)
		}
		if err == io.EOF {
			l.sizes = append(l.sizes, maxPart-l.part.left)
			err = l.closePart()
		}
		if err != nil {
			l.err = fmt.Errorf("read %s%d of save: %w", levelPart, l.next-1, err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, l.err
}

func (l *levelReader) closePart() error {
	if l.part == nil {
		return nil
	}
	err := l.part.entry.Close()
	l.part = nil
	return err
}

func (l *levelReader) Close() error {
	if l.err == nil {
		l.err = errors.New("read of a closed level")
	}
	return l.closePart()
}

// partReader inflates one part.
type partReader struct {
	entry io.ReadCloser
	raw   *bufio.Reader
	data  io.Reader
	left  int64
}

func (a *Archive) openPart(number int) (*partReader, error) {
	entry, err := a.Open(levelPart + strconv.Itoa(number))
	if err != nil {
		return nil, err
	}
	raw := bufio.NewReader(entry)
	data, err := zlib.NewReader(raw)
	if err != nil {
		entry.Close()
		return nil, fmt.Errorf("inflate %s%d of save: %w", levelPart, number, err)
	}
	return &partReader{entry: entry, raw: raw, data: data, left: maxPart}, nil
}

func (p *partReader) Read(b []byte) (int, error) {
	n, err := p.data.Read(b)
	if p.left -= int64(n); p.left < 0 {
		return n, fmt.Errorf("it inflates to more than %d MiB", maxPart>>20)
	}
	if err == io.EOF {
		// Reading the entry to its end is also what checks its CRC.
		if _, end := p.raw.ReadByte(); end == nil {
			err = errors.New("bytes after the compressed data")
		} else {
			err = end
		}
	}
	return n, err
}

// levelTotal returns what level.datmetadata says.
func (a *Archive) levelTotal() (uint64, error) {
	r, err := a.Open(levelMetadata)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, 9))
	if err != nil {
		return 0, err
	}
	if len(b) != 8 {
		return 0, fmt.Errorf("%s of save has not 8 bytes", levelMetadata)
	}
	return binary.LittleEndian.Uint64(b), nil
}

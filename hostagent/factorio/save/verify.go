package save

import (
	"bufio"
	"fmt"
	"io"

	"mainbus/hostagent/factorio/internal/bin"
)

// Verify reads all of a save: every entry must have its length and CRC, the header must be readable, and the parts of the
// level must inflate to what level.datmetadata says.
func Verify(path string) error {
	a, err := Open(path)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Verify(); err != nil {
		return fmt.Errorf("verify save %s: %w", path, err)
	}
	return nil
}

// Verify is the function Verify for a save that is open.
func (a *Archive) Verify() error {
	level, err := a.checkLevel()
	if err != nil {
		return err
	}
	for _, name := range a.names {
		if level.covers(name) {
			continue
		}
		if err := a.verifyEntry(name); err != nil {
			return err
		}
	}
	return nil
}

func (a *Archive) verifyEntry(name string) error {
	r, err := a.Open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	return err
}

// levelCheck is what reading the whole level tells.
type levelCheck struct {
	header     Header
	headerSize int64
	total      int64
	parts      []int64 // inflated size of each; none before 1.1.14
}

// checkLevel reads all of the level and compares it with its metadata.
func (a *Archive) checkLevel() (levelCheck, error) {
	level, err := a.Level()
	if err != nil {
		return levelCheck{}, err
	}
	defer level.Close()
	var c levelCheck
	buffered := bufio.NewReader(level)
	in := bin.NewReader(buffered)
	c.header, c.headerSize = readHeader(in), in.Pos()
	if err := in.Err(); err != nil {
		return levelCheck{}, fmt.Errorf("read save header: %w at byte %d", err, in.Pos())
	}
	rest, err := io.Copy(io.Discard, buffered)
	if err != nil {
		return levelCheck{}, err
	}
	c.total = c.headerSize + rest
	joined, ok := level.(*levelReader)
	if !ok {
		return c, nil
	}
	c.parts = joined.sizes
	want, err := a.levelTotal()
	if err != nil {
		return levelCheck{}, err
	}
	if uint64(c.total) != want {
		return levelCheck{}, fmt.Errorf("the level has %d bytes, but %s says %d", c.total, levelMetadata, want)
	}
	return c, nil
}

// covers tells whether an entry was read to its end with the level.
func (c levelCheck) covers(name string) bool {
	if len(c.parts) == 0 {
		return name == levelWhole
	}
	return isPart(name)
}

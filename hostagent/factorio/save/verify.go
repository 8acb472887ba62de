package save

import (
	"bufio"
	"fmt"
	"io"
)

// Verify reads all of a save: every entry must have its length and CRC, the header must be readable, and the parts of the
// level must inflate to what level.datmetadata says.
func Verify(path string) error {
	a, err := Open(path)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.verify(); err != nil {
		return fmt.Errorf("verify save %s: %w", path, err)
	}
	return nil
}

func (a *Archive) verify() error {
	for _, name := range a.names {
		if err := a.verifyEntry(name); err != nil {
			return err
		}
	}
	return a.verifyLevel()
}

func (a *Archive) verifyEntry(name string) error {
	r, err := a.Open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := io.Copy(io.Discard, r); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

func (a *Archive) verifyLevel() error {
	level, err := a.Level()
	if err != nil {
		return err
	}
	defer level.Close()
	counted := &counter{r: level}
	buffered := bufio.NewReader(counted)
	if _, err := ReadHeader(buffered); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, buffered); err != nil {
		return err
	}
	if a.entries[levelWhole] != nil && a.entries[levelPart+"0"] == nil {
		return nil
	}
	want, err := a.levelTotal()
	if err != nil {
		return err
	}
	if counted.n != want {
		return fmt.Errorf("the level has %d bytes, but %s says %d", counted.n, levelMetadata, want)
	}
	return nil
}

type counter struct {
	r io.Reader
	n uint64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += uint64(n)
	return n, err
}

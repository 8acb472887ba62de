// Package inspect says what a file of the game is and what is in it, for people and for scripts. What a file is, is decided by its
// content. It starts no goroutines.
//
// Each format is a format of one file here: a test of the file's beginning and a function that reads it with the package of that
// format. docs/inspect.md lists what is told of each.
package inspect

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// HeadSize is the number of bytes at a file's beginning that decide what it is.
const HeadSize = 64 << 10

const maxWhole = 33 << 20 // bytes of a file that is read as a whole

// Input is a file. Name is its name without folders, which some formats have rules for, or empty.
type Input struct {
	Data io.ReaderAt
	Size int64
	Name string
}

// ErrUnknown says that a file is nothing that can be told.
var ErrUnknown = errors.New("it is no file of the game that can be told: no save, mod, log, mod list, mod settings, server settings, list of players, map settings, map exchange string, mod pack string or blueprint string")

// A format is one kind of file. Read gets a file that is was true for.
type format struct {
	is   func(file) bool
	read func(file) (*Report, error)
}

// formats in the order in which they are tried.
var formats = []format{zips, modSettings, exchangeStrings, encodedTexts, documents, logs}

// file is an input with its beginning.
type file struct {
	Input
	head []byte
}

// Inspect reads a file. An error is one line: it says what the file is not, or what is wrong in it.
func Inspect(in Input) (*Report, error) {
	f := file{Input: in, head: make([]byte, min(HeadSize, in.Size))}
	if _, err := io.ReadFull(io.NewSectionReader(in.Data, 0, in.Size), f.head); err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	if in.Size == 0 {
		return nil, errors.New("it is empty")
	}
	for _, format := range formats {
		if format.is(f) {
			r, err := format.read(f)
			if err != nil {
				return nil, oneLine{err}
			}
			return r, nil
		}
	}
	return nil, ErrUnknown
}

// oneLine is an error whose text people can read, though it may quote from the file.
type oneLine struct{ error }

func (e oneLine) Error() string { return printable(e.error.Error()) }
func (e oneLine) Unwrap() error { return e.error }

// Known reports whether a file that begins so is any that can be told.
func Known(head []byte) bool {
	f := file{head: head[:min(HeadSize, len(head))]}
	return slices.ContainsFunc(formats, func(format format) bool { return format.is(f) })
}

// whole reads all of a file that is small.
func (f file) whole() ([]byte, error) {
	if f.Size > maxWhole {
		return nil, fmt.Errorf("it has %s, more than the %s that such a file can have", bytesText(f.Size), bytesText(maxWhole))
	}
	data := make([]byte, f.Size)
	if _, err := io.ReadFull(f.reader(), data); err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return data, nil
}

// beginning is the first of a file that people may have copied a text into, and white space before it.
func (f file) beginning() string {
	const most = 256
	return string(f.head[:min(most, len(f.head))])
}

func (f file) reader() io.Reader { return io.NewSectionReader(f.Data, 0, f.Size) }

// bytesText writes a size for people.
func bytesText(n int64) string {
	const kib = 1 << 10
	if n < kib {
		return fmt.Sprintf("%d bytes", n)
	}
	exponent := min(int(math.Log2(float64(n))/10), 4)
	return fmt.Sprintf("%.1f %ciB", float64(n)/math.Pow(kib, float64(exponent)), " KMGT"[exponent])
}

package gamelink

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	// Prefix begins every link line.
	Prefix = "mainbus:1 "
	// MaxLine is the longest link line in bytes.
	MaxLine = 4000

	maxLineParts = 128
	maxName      = 100 // bytes of an epoch, channel, key or op
	noKey        = "-"
	noEpoch      = "0"
	noChain      = "00000000"
	coreChannel  = "core"
)

// ErrNotLink says that a line of the game's output is no link line.
var ErrNotLink = errors.New("not a link line")

// Line is one link line, its form and checksum proved.
type Line struct {
	Epoch       string
	Seq         uint64
	Part, Parts int // from 1
	Tick        uint64
	Channel     string
	Key         string // "-" if nothing replaces it
	Piece       string // of the message's data
	Rest        string // what the checksum and the chain cover
}

// ParseLine takes a line of the game's output apart. The error is ErrNotLink where it does not even begin as one.
func ParseLine(text string) (Line, error) {
	framed, found := strings.CutPrefix(text, Prefix)
	if !found {
		return Line{}, ErrNotLink
	}
	if len(text) > MaxLine {
		return Line{}, fmt.Errorf("link line of %d bytes", len(text))
	}
	rest, err := unframe(framed)
	if err != nil {
		return Line{}, fmt.Errorf("link line: %w", err)
	}
	fields := strings.Split(rest, " ")
	if len(fields) != 7 || !areNames(fields[0], fields[4], fields[5]) {
		return Line{}, errors.New("link line: malformed fields")
	}
	line := Line{Epoch: fields[0], Channel: fields[4], Key: fields[5], Piece: fields[6], Rest: rest}
	var errs [3]error
	line.Seq, errs[0] = strconv.ParseUint(fields[1], 10, 64)
	line.Tick, errs[1] = strconv.ParseUint(fields[3], 10, 64)
	line.Part, line.Parts, errs[2] = parseParts(fields[2], maxLineParts)
	if err := errors.Join(errs[:]...); err != nil {
		return Line{}, fmt.Errorf("link line: %w", err)
	}
	return line, nil
}

// unframe checks "<length> <crc> <rest>" and returns rest.
func unframe(text string) (string, error) {
	length, text, _ := strings.Cut(text, " ")
	sum, rest, found := strings.Cut(text, " ")
	n, err := strconv.ParseUint(length, 10, 16)
	if !found || err != nil || int(n) != len(rest) {
		return "", errors.New("wrong length")
	}
	if crc(rest) != sum {
		return "", errors.New("wrong checksum")
	}
	return rest, nil
}

func frame(rest string) string {
	return strconv.Itoa(len(rest)) + " " + crc(rest) + " " + rest
}

func parseParts(text string, most uint64) (part, parts int, err error) {
	first, second, _ := strings.Cut(text, "/")
	p, err1 := strconv.ParseUint(first, 10, 16)
	n, err2 := strconv.ParseUint(second, 10, 16)
	if err1 != nil || err2 != nil || p < 1 || p > n || n > most {
		return 0, 0, fmt.Errorf("malformed part %q", text)
	}
	return int(p), int(n), nil
}

// areNames tells whether each can stand as a field: printable ASCII without blanks.
func areNames(names ...string) bool {
	for _, name := range names {
		if name == "" || len(name) > maxName {
			return false
		}
		for i := range len(name) {
			if name[i] <= ' ' || name[i] > '~' {
				return false
			}
		}
	}
	return true
}

// Hello tells whether text is the line by which a freshly loaded module says the name of its custom command.
func Hello(text string) (command string, ok bool) {
	line, err := ParseLine(text)
	if err != nil || line.Epoch != noEpoch || line.Channel != coreChannel || line.Key != "hello" || line.Parts != 1 {
		return "", false
	}
	name, err := decode(line.Piece)
	return string(name), err == nil && isCommandName(string(name))
}

func isCommandName(name string) bool {
	return areNames(name) && isRaw(name) && strings.HasPrefix(name, "mainbus")
}

// assembler joins the parts of messages, which are consecutive lines.
type assembler struct {
	first Line
	have  int
	data  strings.Builder
	decoder
}

var errParts = errors.New("parts of a message do not fit together")

// add takes the next line; whole is set when it completed a message, whose decoded body is then returned.
func (a *assembler) add(line Line) (body []byte, whole bool, err error) {
	if line.Part != a.have+1 || a.have > 0 &&
		(line.Parts != a.first.Parts || line.Channel != a.first.Channel || line.Key != a.first.Key) {
		a.reset()
		return nil, false, errParts
	}
	if line.Parts == 1 {
		body, err = a.decode(line.Piece)
		return body, err == nil, err
	}
	if a.have == 0 {
		a.first = line
	}
	a.have++
	a.data.WriteString(line.Piece) // bounded by the number of parts and the length of lines
	if a.have < line.Parts {
		return nil, false, nil
	}
	body, err = a.decode(a.data.String())
	a.reset()
	return body, err == nil, err
}

func (a *assembler) reset() {
	a.have = 0
	a.data.Reset()
}

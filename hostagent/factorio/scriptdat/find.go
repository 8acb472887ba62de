package scriptdat

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"mainbus/hostagent/factorio/internal/bin"
)

const (
	maxSubtree = 8 << 20  // encoded bytes of the table that Find returns
	findMemory = 32 << 20 // of the values that Find decodes, failed attempts included
)

// errFound ends a search.
var errFound = errors.New("found")

// Find looks in one block for a table under a string key, at any depth, and decodes only that: a *Table of plain values,
// without Ref or Object, of at most 8 MiB. Tables that are not plain are passed over; the first that is wins. The file that
// open opens is read to its end, so that what is wrong with it as a whole shows too, but held in memory are only two times
// 8 MiB of it at most, and the values, for which there are 32 MiB.
//
// The tree is walked first, so that a string which looks like an encoded key is not taken for one. If the walk meets something
// that this package does not know, the file is opened once more and the key's bytes are searched for in the whole block.
func Find(open func() (io.ReadCloser, error), block, key string) (Value, bool, error) {
	memory := findMemory
	s := search{key: key, cursor: cursor{memory: &memory}}
	err := s.in(open, block, s.walkAll)
	if s.strange() {
		s = search{key: key, cursor: cursor{memory: &memory}}
		err = s.in(open, block, s.scanAll)
	}
	switch {
	case err != nil:
	case s.found != nil:
		return s.found, true, nil
	case memory < 0:
		err = errMemory
	case s.tooLong:
		err = errTooLong
	default:
		return nil, false, nil
	}
	return nil, false, fmt.Errorf("look for %q in script.dat: %w", key, err)
}

// search goes through one block of a stream.
type search struct {
	cursor
	key     string
	found   *Table
	tooLong bool // a table under the key was longer than maxSubtree
}

// strange tells whether the block is not built as this package knows it.
func (s *search) strange() bool {
	return s.err != nil && !s.cut && s.err != errFound && s.err != errMemory
}

// in calls look at the beginning of the block, if there is one. What look makes of the block is in s; the error is of the file.
func (s *search) in(open func() (io.ReadCloser, error), block string, look func()) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer r.Close()
	in := bin.NewReader(r)
	_, count := readHead(in)
	for i := 0; i < count && in.Err() == nil; i++ {
		name, length := in.String(maxName), in.Size()
		if name != block || in.Err() != nil {
			in.Skip(int64(length) + 1)
			continue
		}
		s.more, s.left = in, int64(length)
		look()
		if s.cut {
			return s.err
		}
		break
	}
	if err := in.Err(); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

func (s *search) walkAll() {
	if s.fill(len(luaSource)); isLua(s.b) {
		return
	}
	s.pass(bodyHead)
	s.walk(0)
	if s.err == nil && s.rest() != 0 {
		s.fail(errors.New("bytes after the tree"))
	}
}

// walk passes over the value at the cursor and tries what is under the key within it.
func (s *search) walk(depth int) {
	start := s.pos()
	switch tag := s.tag(); tag {
	case tagNil, tagFalse, tagTrue:
	case tagNumber, tagObject:
		s.pass(8)
	case tagRef:
		s.pass(2)
	case tagString:
		s.pass(s.size())
	case tagTable:
		for range s.entries(depth) {
			s.walkPair(depth + 1)
			if s.err != nil {
				return
			}
		}
	default:
		s.fail(unknownTag(tag, start))
	}
}

func (s *search) walkPair(depth int) {
	if s.fill(1); s.at < len(s.b) && s.b[s.at] == tagString {
		s.at++
		if n := s.size(); n != len(s.key) {
			s.pass(n)
		} else if string(s.take(n)) == s.key {
			s.try()
		}
	} else {
		s.walk(depth)
	}
	s.walk(depth)
}

func (s *search) scanAll() {
	key := bin.AppendString([]byte{tagString}, s.key)
	for s.err == nil && s.rest() >= int64(len(key)) {
		s.fill(len(key))
		i := bytes.Index(s.b[s.at:], key)
		if i < 0 {
			s.at = len(s.b) - len(key) + 1
			continue
		}
		s.at += i + len(key)
		s.try()
	}
}

// try decodes the value at the cursor, which stays where it is, and ends the search if it is a plain table.
func (s *search) try() {
	s.fill(maxSubtree)
	if s.err != nil || s.at == len(s.b) || s.b[s.at] != tagTable {
		return
	}
	end := min(len(s.b), s.at+maxSubtree)
	c := cursor{b: s.b[:end], at: s.at, left: s.left + int64(len(s.b)-end), plain: true, memory: s.memory}
	t, _ := c.value(0).(*Table)
	switch c.err {
	case nil:
		s.found = t
		s.fail(errFound)
	case errMemory:
		s.fail(errMemory)
	case errTooLong:
		s.tooLong = true
	}
}

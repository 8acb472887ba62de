// Package jsonshape says in words what is wrong in the values of one of the game's JSON files. A Shape describes what the game
// takes: it is made of the functions here.
package jsonshape

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"mainbus/hostagent/factorio/internal/jsondoc"
)

// Shape is what a value must be.
type Shape struct {
	is      string // "a text"
	ok      func(json.RawMessage) bool
	members map[string]Shape // of an object
	all     *Shape           // every element of a list, every member of an object that is not in members
	list    bool
	secret  bool
}

// Truth is true or false.
func Truth() Shape {
	return Shape{is: "true or false", ok: func(v json.RawMessage) bool { return string(v) == "true" || string(v) == "false" }}
}

// Text is any text.
func Text() Shape {
	return Shape{is: "a text", ok: func(v json.RawMessage) bool { return len(v) > 0 && v[0] == '"' }}
}

// Null is null.
func Null() Shape {
	return Shape{is: "null", ok: func(v json.RawMessage) bool { return string(v) == "null" }}
}

// Number is a number in the range of a double.
func Number() Shape {
	return Shape{is: "a number", ok: func(v json.RawMessage) bool { _, ok := number(v); return ok }}
}

// AtLeast is a number that is not below least.
func AtLeast(least float64) Shape {
	return Shape{
		is: fmt.Sprintf("a number of at least %v", least),
		ok: func(v json.RawMessage) bool { f, ok := number(v); return ok && f >= least },
	}
}

// Whole is a whole number from least to most, in any form: 5, 5.0, 5e0.
func Whole(least, most int64) Shape {
	return Shape{
		is: fmt.Sprintf("a whole number from %d to %d", least, most),
		ok: func(v json.RawMessage) bool { n, ok := Int(v); return ok && n >= least && n <= most },
	}
}

// OneOf is one of some texts.
func OneOf(texts ...string) Shape {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = strconv.Quote(text)
	}
	return Shape{
		is: strings.Join(quoted, " or "),
		ok: func(v json.RawMessage) bool {
			var s string
			return len(v) > 0 && v[0] == '"' && json.Unmarshal(v, &s) == nil && slices.Contains(texts, s)
		},
	}
}

// Either is one of two shapes that have no parts.
func Either(a, b Shape) Shape {
	return Shape{is: a.is + " or " + b.is, ok: func(v json.RawMessage) bool { return a.ok(v) || b.ok(v) }}
}

// Called returns s with other words for what it is.
func (s Shape) Called(is string) Shape {
	s.is = is
	return s
}

// Secret returns s as a value that is never quoted.
func (s Shape) Secret() Shape {
	s.secret = true
	return s
}

// IsSecret reports whether values of s are never quoted.
func (s Shape) IsSecret() bool { return s.secret }

// List is a list of any length.
func List(of Shape) Shape { return Shape{is: "a list", all: &of, list: true} }

// Dictionary is an object with any keys.
func Dictionary(of Shape) Shape { return Shape{is: "an object", all: &of} }

// Object is an object that may have these members and no others.
func Object(members map[string]Shape) Shape { return Shape{is: "an object", members: members} }

// member returns the shape of a member of an object, false if it may not have it.
func (s Shape) member(key string) (Shape, bool) {
	if m, ok := s.members[key]; ok {
		return m, true
	}
	if s.all != nil && !s.list {
		return *s.all, true
	}
	return Shape{}, false
}

// At returns the shape of what is under a path of keys in objects, false if nothing may be there.
func (s Shape) At(path ...string) (Shape, bool) {
	ok := true
	for _, key := range path {
		if s, ok = s.member(key); !ok {
			return Shape{}, false
		}
	}
	return s, true
}

func number(v json.RawMessage) (float64, bool) {
	if len(v) == 0 || v[0] != '-' && (v[0] < '0' || v[0] > '9') {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(v), 64)
	return f, err == nil
}

// Int returns a whole number of up to 53 bits, false if v is none.
func Int(v json.RawMessage) (int64, bool) {
	f, ok := number(v)
	if !ok || f < -1<<53 || f > 1<<53 || f != math.Trunc(f) {
		return 0, false
	}
	return int64(f), true
}

const maxProblems = 100

// Problems says what is wrong in a value, a sentence each. Path is what leads to the value, empty for a whole file. Members whose
// keys begin with "_" are comments. A list of more than a hundred ends with the number of the others.
func (s Shape) Problems(path string, value json.RawMessage) []string {
	var f finder
	f.check(s, path, value)
	if f.more > 0 {
		f.found = append(f.found, fmt.Sprintf("and %d more", f.more))
	}
	return f.found
}

type finder struct {
	found []string
	more  int
}

func (f *finder) add(format string, args ...any) {
	if len(f.found) == maxProblems {
		f.more++
		return
	}
	f.found = append(f.found, fmt.Sprintf(format, args...))
}

func (f *finder) check(s Shape, path string, value json.RawMessage) {
	value = bytes.TrimSpace(value)
	switch {
	case s.list:
		elements, ok := jsondoc.Elements(value)
		if !ok {
			f.wrong(s, path, value)
		}
		for i, element := range elements {
			f.check(*s.all, fmt.Sprintf("%s[%d]", path, i), element)
		}
	case s.ok == nil:
		members, ok := jsondoc.Members(value)
		if !ok {
			f.wrong(s, path, value)
		}
		for _, m := range members {
			f.member(s, strings.TrimPrefix(path+"."+m.Key, "."), m)
		}
	case !s.ok(value):
		f.wrong(s, path, value)
	}
}

func (f *finder) member(s Shape, path string, m jsondoc.Member) {
	if strings.HasPrefix(m.Key, "_") {
		return
	}
	inner, ok := s.member(m.Key)
	if !ok {
		f.add("%.100q is no setting that the game has", path)
		return
	}
	f.check(inner, path, m.Value)
}

func (f *finder) wrong(s Shape, path string, value json.RawMessage) {
	name := "the whole file"
	if path != "" {
		name = fmt.Sprintf("%.100q", path)
	}
	if s.secret {
		f.add("%s must be %s", name, s.is)
		return
	}
	f.add("%s is %s, but must be %s", name, jsondoc.Short(value), s.is)
}

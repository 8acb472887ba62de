// Package loose reads JSON of services that are not strict about types: numbers and truth values that come as texts, lists
// with an entry of another shape. What can't be read is left out instead of spoiling the rest.
package loose

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// Unmarshal is json.Unmarshal, except that a field of the wrong type stays zero. It fails for what is not JSON, and for JSON of another
// shape than v as a whole.
func Unmarshal(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if field, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && field.Field != "" {
		return nil
	}
	return err
}

// text is the content of a JSON string, number or truth value; empty for null, arrays and objects.
func text(data []byte) string {
	switch {
	case len(data) == 0 || data[0] == '{' || data[0] == '[' || string(data) == "null":
		return ""
	case data[0] == '"':
		var s string
		if json.Unmarshal(data, &s) != nil {
			return ""
		}
		return strings.TrimSpace(s)
	}
	return string(data)
}

// Bool is true for true, "true" and numbers other than 0, in any case of letters.
type Bool bool

// UnmarshalJSON never fails for well-formed JSON.
func (b *Bool) UnmarshalJSON(data []byte) error {
	s := text(data)
	number, err := strconv.ParseFloat(s, 64)
	*b = Bool(strings.EqualFold(s, "true") || err == nil && number != 0 && !math.IsNaN(number))
	return nil
}

// Int is a whole number; fractions are cut off, what doesn't fit is 0.
type Int int64

// UnmarshalJSON never fails for well-formed JSON.
func (i *Int) UnmarshalJSON(data []byte) error {
	*i = 0
	s := text(data)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		*i = Int(n)
	} else if f, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(f) < 1<<62 {
		*i = Int(f)
	}
	return nil
}

// Time is an RFC 3339 time or seconds since 1970; zero for all else.
type Time struct{ time.Time }

// UnmarshalJSON never fails for well-formed JSON.
func (t *Time) UnmarshalJSON(data []byte) error {
	t.Time = time.Time{}
	s := text(data)
	if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
		t.Time = at.UTC()
	} else if f, err := strconv.ParseFloat(s, 64); err == nil && f > 0 && f < 1<<37 {
		t.Time = time.UnixMilli(int64(f * 1000)).UTC()
	}
	return nil
}

// List keeps the elements that have the shape of T and counts the others. All but an array is an empty list.
type List[T any] struct {
	Items   []T
	Skipped int
}

// UnmarshalJSON never fails for well-formed JSON.
func (l *List[T]) UnmarshalJSON(data []byte) error {
	*l = List[T]{}
	var raw []json.RawMessage
	if json.Unmarshal(data, &raw) != nil {
		return nil
	}
	for _, r := range raw {
		var item *T
		if err := Unmarshal(r, &item); err != nil || item == nil {
			l.Skipped++
			continue
		}
		l.Items = append(l.Items, *item)
	}
	return nil
}

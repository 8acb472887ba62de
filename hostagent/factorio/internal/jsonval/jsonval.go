// Package jsonval writes single values as JSON: text without escapes that only HTML needs, and numbers in the shortest form
// that reads back to the same double. Their exponents begin below 1e-4 and at 1e16 and have two digits or more ("4e-06");
// encoding/json draws the lines elsewhere.
package jsonval

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// AppendFloat appends f. A whole number keeps its ".0", which tells it from an integer. JSON has no infinity and no NaN:
// they become null.
func AppendFloat(b []byte, f float64) []byte {
	at := len(b)
	if b = AppendNumber(b, f); !bytes.ContainsAny(b[at:], ".enu") {
		b = append(b, ".0"...)
	}
	return b
}

// AppendNumber appends f, a whole number without a fraction.
func AppendNumber(b []byte, f float64) []byte {
	switch abs := math.Abs(f); {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(b, "null"...)
	case abs != 0 && abs < 1e-4 || abs >= 1e16:
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	default:
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
}

// AppendString appends s as a string. Bytes that are not UTF-8 become U+FFFD.
func AppendString(b []byte, s string) []byte {
	out := bytes.NewBuffer(b)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a string has no error
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

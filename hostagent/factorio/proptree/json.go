package proptree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"mainbus/hostagent/factorio/internal/jsonval"
)

// MarshalJSON gives a dictionary as an object in its order and a list as an array without its keys. A float64 keeps its
// fraction ("1.0"), which tells it from an integer; what JSON has no number for is "inf", "-inf" or "nan".
func (n Node) MarshalJSON() ([]byte, error) { return n.appendJSON(nil) }

// MarshalJSON gives an object in the dictionary's order.
func (d Dictionary) MarshalJSON() ([]byte, error) { return Node{Value: d}.appendJSON(nil) }

func (n Node) appendJSON(b []byte) (_ []byte, err error) {
	switch v := n.Value.(type) {
	case float64:
		switch {
		case math.IsInf(v, 1):
			return append(b, `"inf"`...), nil
		case math.IsInf(v, -1):
			return append(b, `"-inf"`...), nil
		case math.IsNaN(v):
			return append(b, `"nan"`...), nil
		}
		return jsonval.AppendFloat(b, v), nil
	case string:
		return jsonval.AppendString(b, v), nil
	case List:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = e.appendJSON(b); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case Dictionary:
		b = append(b, '{')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = e.appendJSON(append(jsonval.AppendString(b, e.Key), ':')); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	default:
		text, err := json.Marshal(v)
		return append(b, text...), err
	}
}

// UnmarshalJSON is the reverse of MarshalJSON: a number with a fraction or an exponent becomes a float64, any other an int64,
// or a uint64 if it is too large for that. Its limits are those of Read.
func (n *Node) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	r := jsonReader{dec: dec}
	got, err := r.node(0)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("property tree from JSON: it ends too early")
	case err != nil:
		return fmt.Errorf("property tree from JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("property tree from JSON: more than one value")
	}
	*n = got
	return nil
}

type jsonReader struct {
	dec   *json.Decoder
	nodes int
}

func (r *jsonReader) node(depth int) (Node, error) {
	r.nodes++
	switch {
	case depth > maxDepth:
		return Node{}, errDepth
	case r.nodes > maxNodes:
		return Node{}, errNodes
	}
	token, err := r.dec.Token()
	if err != nil {
		return Node{}, err
	}
	switch v := token.(type) {
	case json.Number:
		number, err := fromNumber(v.String())
		return Node{Value: number}, err
	case json.Delim:
		if v == '{' {
			d, err := r.dictionary(depth + 1)
			return Node{Value: d}, err
		}
		l, err := r.list(depth + 1)
		return Node{Value: l}, err
	default:
		return Node{Value: v}, nil // nil, bool or string
	}
}

func (r *jsonReader) list(depth int) (l List, err error) {
	for r.dec.More() {
		n, err := r.node(depth)
		if err != nil {
			return nil, err
		}
		l = append(l, Entry{Node: n})
	}
	_, err = r.dec.Token() // the closing bracket
	return l, err
}

func (r *jsonReader) dictionary(depth int) (d Dictionary, err error) {
	seen := make(map[string]bool)
	for r.dec.More() {
		token, err := r.dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		if seen[key] {
			return nil, errTwice(key)
		}
		seen[key] = true
		n, err := r.node(depth)
		if err != nil {
			return nil, err
		}
		d = append(d, Entry{key, n})
	}
	_, err = r.dec.Token() // the closing brace
	return d, err
}

func fromNumber(s string) (any, error) {
	if !strings.ContainsAny(s, ".eE") {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n, nil
		}
		if n, err := strconv.ParseUint(s, 10, 64); err == nil {
			return n, nil
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fmt.Errorf("the number %.40s is out of range", s)
	}
	return f, nil
}

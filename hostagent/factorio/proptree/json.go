package proptree

import (
	"bytes"
	"encoding/json"
	"math"
)

// MarshalJSON gives a dictionary as an object in its order, a list as an array without its keys, and what JSON has no number for
// as "inf", "-inf" or "nan".
func (n Node) MarshalJSON() ([]byte, error) {
	switch v := n.Value.(type) {
	case float64:
		switch {
		case math.IsInf(v, 1):
			return []byte(`"inf"`), nil
		case math.IsInf(v, -1):
			return []byte(`"-inf"`), nil
		case math.IsNaN(v):
			return []byte(`"nan"`), nil
		}
	case List:
		nodes := make([]Node, len(v))
		for i, e := range v {
			nodes[i] = e.Node
		}
		return json.Marshal(nodes)
	}
	return json.Marshal(n.Value)
}

// MarshalJSON gives an object in the dictionary's order.
func (d Dictionary) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, e := range d {
		if i > 0 {
			out.WriteByte(',')
		}
		key, err := json.Marshal(e.Key)
		if err != nil {
			return nil, err
		}
		value, err := e.Node.MarshalJSON()
		if err != nil {
			return nil, err
		}
		out.Write(key)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

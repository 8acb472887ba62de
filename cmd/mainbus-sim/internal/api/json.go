package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const maxJSONDepth = 200

// fromJSON keeps the order of keys, which pairs goes by. Null is nil.
func fromJSON(data []byte) (lua.LValue, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	v, err := jsonValue(decoder, 0)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the JSON value")
	}
	return v, nil
}

func jsonValue(d *json.Decoder, depth int) (lua.LValue, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case nil:
		return lua.LNil, nil
	case bool:
		return lua.LBool(token), nil
	case float64:
		return lua.LNumber(token), nil
	case string:
		return lua.LString(token), nil
	}
	if depth >= maxJSONDepth {
		return nil, errors.New("JSON nested too deeply")
	}
	t := &lua.LTable{Metatable: lua.LNil}
	object := token == json.Delim('{')
	for i := 1; d.More(); i++ {
		var key lua.LValue = lua.LNumber(i)
		if object {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			key = lua.LString(name.(string))
		}
		v, err := jsonValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		t.RawSet(key, v)
	}
	_, err = d.Token()
	return t, err
}

// toJSON writes tables with the keys 1..n as arrays, others as objects; an empty table is {}.
func toJSON(v lua.LValue) (string, error) {
	var out strings.Builder
	err := writeJSON(&out, v, 0)
	return out.String(), err
}

func writeJSON(out *strings.Builder, v lua.LValue, depth int) error {
	switch v := v.(type) {
	case *lua.LNilType:
		out.WriteString("null")
	case lua.LNumber:
		if f := float64(v); math.IsInf(f, 0) || math.IsNaN(f) {
			return fmt.Errorf("can't write %v as JSON", f)
		}
		text, _ := json.Marshal(float64(v))
		out.Write(text)
	case lua.LBool:
		out.WriteString(v.String())
	case lua.LString:
		writeText(out, string(v))
	case *lua.LTable:
		if depth >= maxJSONDepth {
			return errors.New("table nested too deeply for JSON")
		}
		return writeTable(out, v, depth)
	default:
		return fmt.Errorf("can't write a %s as JSON", v.Type())
	}
	return nil
}

func writeText(out *strings.Builder, text string) {
	var line strings.Builder
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // text always encodes
	out.WriteString(strings.TrimSuffix(line.String(), "\n"))
}

func writeTable(out *strings.Builder, t *lua.LTable, depth int) error {
	size, array := 0, true
	for key, _ := t.Next(lua.LNil); key != lua.LNil; key, _ = t.Next(key) {
		size++
		array = array && key == lua.LNumber(size)
	}
	array = array && size > 0
	brackets := "{}"
	if array {
		brackets = "[]"
	}
	out.WriteByte(brackets[0])
	first := true
	for key, v := t.Next(lua.LNil); key != lua.LNil; key, v = t.Next(key) {
		if !first {
			out.WriteByte(',')
		}
		first = false
		if !array {
			writeText(out, key.String())
			out.WriteByte(':')
		}
		if err := writeJSON(out, v, depth+1); err != nil {
			return err
		}
	}
	out.WriteByte(brackets[1])
	return nil
}

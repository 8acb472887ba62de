package loose

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

type thing struct {
	Name  string       `json:"name"`
	Count Int          `json:"count"`
	Yes   Bool         `json:"yes"`
	At    Time         `json:"at"`
	Words List[string] `json:"words"`
}

func TestUnmarshal(t *testing.T) {
	tests := []struct {
		data string
		want thing
	}{
		{`{"name":"a","count":1,"yes":true,"words":["x"]}`, thing{Name: "a", Count: 1, Yes: true, Words: List[string]{Items: []string{"x"}}}},
		{`{"name":"a","count":"12","yes":"TRUE"}`, thing{Name: "a", Count: 12, Yes: true}},
		{`{"name":5,"count":1.9,"yes":"false"}`, thing{Count: 1}},
		{`{"name":null,"count":null,"yes":null,"at":null,"words":null}`, thing{}},
		{`{"name":["a"],"count":{},"yes":[],"at":{},"words":"x"}`, thing{}},
		{`{"count":1e300,"yes":1,"words":["x",5,null,"y"]}`, thing{Yes: true, Words: List[string]{Items: []string{"x", "y"}, Skipped: 2}}},
		{`{"at":"2025-01-01T00:00:00.000000Z"}`, thing{At: Time{time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}}},
		{`{"at":1.5e9}`, thing{At: Time{time.Unix(1_500_000_000, 0).UTC()}}},
		{`{"at":"yesterday"}`, thing{}},
	}
	for _, test := range tests {
		var got thing
		if err := Unmarshal([]byte(test.data), &got); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, %v; want %+v", test.data, got, err, test.want)
		}
	}
	for _, data := range []string{"", "{", `[1]`, `"x"`, `5`, "<html>"} {
		if err := Unmarshal([]byte(data), &thing{}); err == nil {
			t.Errorf("%s: no error", data)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add(`{"name":"a","count":"12","yes":"TRUE","at":1.5e9,"words":["x",5]}`)
	f.Add(`{"name":5,"count":1.9,"words":{"a":[]}}`)
	f.Add("1" + strings.Repeat("0", 400)) // well-formed, and larger than any number of Go's
	f.Fuzz(func(t *testing.T, data string) {
		valid := json.Valid([]byte(data))
		var v thing
		err := Unmarshal([]byte(data), &v)
		if object := strings.HasPrefix(strings.TrimLeft(data, " \t\r\n"), "{"); valid && object && err != nil {
			t.Errorf("a well-formed object is refused: %v", err)
		}
		if !valid && err == nil {
			t.Errorf("accepted what is not JSON")
		}
		var l List[thing]
		if err := Unmarshal([]byte(data), &l); valid != (err == nil) {
			t.Errorf("list: %v, valid %v", err, valid)
		}
	})
}

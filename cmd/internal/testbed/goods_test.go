package testbed_test

import (
	"encoding/json"
	"maps"
	"testing"

	"mainbus/cmd/internal/testbed"
)

// TestContentsAreExact: the smallest part that there can be of anything makes a difference, wherever it is.
func TestContentsAreExact(t *testing.T) {
	iron, water := testbed.Goods{Name: "iron-plate", Quality: "uncommon"}, testbed.Goods{Name: "water"}
	const unit = 1 << 24
	for _, c := range []struct {
		name             string
		sum              string
		buffer, fraction map[string]float64
		want             map[testbed.Goods]int64
		fails            bool
	}{
		{"nothing", `{"energy": {}}`, nil, nil, map[testbed.Goods]int64{}, false},
		{"items", `{"items": [{"name": "iron-plate", "quality": "uncommon", "contents": 7}]}`, map[string]float64{"iron-plate/uncommon": 2}, nil,
			map[testbed.Goods]int64{iron: 9}, false},
		{"a step of a fluid", `{"fluids": [{"name": "water", "contents": 25000.000000059604644775390625}]}`, map[string]float64{"water/": 3},
			map[string]float64{"water/": 0.25}, map[testbed.Goods]int64{water: 25003*unit + unit/4 + 1}, false},
		{"a joule", `{"energy": {"contents": 4999999}}`, map[string]float64{"/": 2}, map[string]float64{"/": 0.3},
			map[testbed.Goods]int64{testbed.Energy: 7299999}, false},
		{"less than a joule", `{"energy": {"contents": 0.5}}`, nil, nil, nil, true},
		{"less than a step", `{"fluids": [{"name": "water", "contents": 0.00000001}]}`, nil, nil, nil, true},
		{"half an item", `{}`, map[string]float64{"iron-plate/uncommon": 0.5}, nil, nil, true},
	} {
		var sum testbed.SimSum
		if err := json.Unmarshal([]byte(c.sum), &sum); err != nil {
			t.Fatal(err)
		}
		got, err := testbed.Contents(sum, testbed.Module{Buffer: c.buffer, Fraction: c.fraction})
		if (err != nil) != c.fails || err == nil && !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.name, got, err, c.want)
		}
	}
}

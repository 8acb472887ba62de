package factorio

import (
	"math"
	"testing"
)

func TestParseVersion(t *testing.T) {
	for s, want := range map[string]Version{
		"2.0.77":            {2, 0, 77, 0},
		"2.0.10-1":          {2, 0, 10, 1},
		"0.17.74-0":         {0, 17, 74, 0},
		"65535.65535.65535": {math.MaxUint16, math.MaxUint16, math.MaxUint16, 0},
	} {
		if got, err := ParseVersion(s); err != nil || got != want {
			t.Errorf("ParseVersion(%q) = %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "2.0", "2.0.77.1", "2.0.x", "2.0.-1", "2.0.65536", "2.0.77-", "2.0.77-x", " 2.0.77", "2..77"} {
		if v, err := ParseVersion(s); err == nil {
			t.Errorf("ParseVersion(%q) = %v without error", s, v)
		}
	}
}

func TestVersionOrder(t *testing.T) {
	ascending := []Version{{}, {0, 17, 74, 0}, {1, 1, 110, 0}, {2, 0, 9, 0}, {2, 0, 77, 0}, {2, 1, 0, 0}}
	for i, a := range ascending {
		for j, b := range ascending {
			if got := a.Compare(b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%v.Compare(%v) = %d", a, b, got)
			}
		}
	}
	if (Version{2, 0, 10, 1}).Compare(Version{2, 0, 10, 0}) != 0 {
		t.Error("the developer number counts in the order")
	}
	if got := (Version{2, 0, 10, 1}).String(); got != "2.0.10" {
		t.Errorf("String() = %q", got)
	}
	if !(Version{}).IsZero() || (Version{0, 0, 1, 0}).IsZero() {
		t.Error("IsZero is wrong")
	}
}

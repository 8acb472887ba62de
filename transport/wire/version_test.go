package wire

import "testing"

func TestCompatible(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"0.1.0", "0.1.9", true}, {"0.1.0", "0.2.0", true}, {"0.1.0", "0.3.0", false},
		{"1.9.0", "1.8.2-rc1", true}, {"1.0.0", "2.0.0", false}, {"1.0.0", "0.9.0", false},
		{"", "0.1.0", true}, {"test", "9.9.9", true}, {"1.2", "3.4.5", true}, {"1.-2.0", "3.4.5", true},
	} {
		if Compatible(c.a, c.b) != c.want || Compatible(c.b, c.a) != c.want {
			t.Errorf("%q and %q: want %v", c.a, c.b, c.want)
		}
	}
	if !Compatible(Version, Version) {
		t.Error("this version does not work with itself")
	}
}

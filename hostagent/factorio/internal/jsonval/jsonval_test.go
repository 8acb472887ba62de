package jsonval

import (
	"math"
	"testing"
)

func TestNumbers(t *testing.T) {
	for _, test := range []struct {
		f             float64
		float, number string
	}{
		{0, "0.0", "0"},
		{1, "1.0", "1"},
		{-3, "-3.0", "-3"},
		{math.Copysign(0, -1), "-0.0", "-0"},
		{0.02, "0.02", "0.02"},
		{0.0001, "0.0001", "0.0001"},
		{0.000004, "4e-06", "4e-06"},
		{9e-7, "9e-07", "9e-07"},
		{1.25e-300, "1.25e-300", "1.25e-300"},
		{float64(float32(4) / 3), "1.3333333730697632", "1.3333333730697632"},
		{2000000, "2000000.0", "2000000"},
		{1 << 53, "9007199254740992.0", "9007199254740992"},
		{1e16, "1e+16", "1e+16"},
		{1.5e17, "1.5e+17", "1.5e+17"},
		{math.MaxFloat64, "1.7976931348623157e+308", "1.7976931348623157e+308"},
		{math.NaN(), "null", "null"},
		{math.Inf(-1), "null", "null"},
	} {
		if got := string(AppendFloat([]byte("x.e"), test.f)); got != "x.e"+test.float {
			t.Errorf("AppendFloat(%v) = %s, want %s", test.f, got, test.float)
		}
		if got := string(AppendNumber(nil, test.f)); got != test.number {
			t.Errorf("AppendNumber(%v) = %s, want %s", test.f, got, test.number)
		}
	}
}

func TestStrings(t *testing.T) {
	for s, want := range map[string]string{"": `""`, "a<b>&\"\\\n": `"a<b>&\"\\\n"`, "ä\xff": `"ä\ufffd"`} {
		if got := string(AppendString([]byte("x"), s)); got != "x"+want {
			t.Errorf("AppendString(%q) = %s", s, got)
		}
	}
}

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

func TestParseLenient(t *testing.T) {
	for s, want := range map[string]Version{
		"1.2.3":             {1, 2, 3, 0},
		"2.0":               {2, 0, 0, 0},
		"2.0.":              {2, 0, 0, 0},
		" \t1.2.3":          {1, 2, 3, 0},
		"1.2.3 ":            {1, 2, 3, 0},
		"01.002.0003":       {1, 2, 3, 0},
		"1.2.3.4":           {1, 2, 3, 0},
		"1.2.3-beta":        {1, 2, 3, 0},
		"1.2.x":             {1, 2, 0, 0},
		"1.2-3":             {1, 2, 0, 0},
		"65535.65535.65535": {math.MaxUint16, math.MaxUint16, math.MaxUint16, 0},
	} {
		if got, err := ParseLenient(s); err != nil || got != want {
			t.Errorf("ParseLenient(%q) = %v, %v; want %v", s, got, err, want)
		}
	}
	for s, want := range map[string]string{
		"":              `parse version "": want numbers like 1.2.3`,
		"2":             `parse version "2": want numbers like 1.2.3`,
		"2.":            `parse version "2.": want numbers like 1.2.3`,
		"v1.2":          `parse version "v1.2": want numbers like 1.2.3`,
		"-1.2.3":        `parse version "-1.2.3": want numbers like 1.2.3`,
		"1.-2":          `parse version "1.-2": want numbers like 1.2.3`,
		"1.65536.0":     `parse version "1.65536.0": 65536 is more than 65535`,
		"1.0.999999999": `parse version "1.0.999999999": 999999999 is more than 65535`,
	} {
		if v, err := ParseLenient(s); err == nil || err.Error() != want {
			t.Errorf("ParseLenient(%q) = %v, %v; want %s", s, v, err, want)
		}
	}
}

func FuzzParseLenient(f *testing.F) {
	for _, s := range []string{"1.2.3", " 02.0", "1.2.x", "2.0.77-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := ParseVersion(s); err == nil {
			v.Developer = 0
			if lenient, err := ParseLenient(s); err != nil || lenient != v {
				t.Errorf("%q: ParseVersion %v, ParseLenient %v, %v", s, v, lenient, err)
			}
		}
		v, err := ParseLenient(s)
		if err != nil {
			return
		}
		if again, err := ParseVersion(v.String()); err != nil || again != v {
			t.Errorf("%q is %v, and again %v, %v", s, v, again, err)
		}
	})
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

package factorio

import "testing"

func TestParseSelector(t *testing.T) {
	for text, matches := range map[string]map[string]bool{
		"":             {"2.0.77": true, "0.17.74": true},
		"stable":       {"2.0.77": false},
		"experimental": {"2.1.12": false},
		"2.0":          {"2.0.7": true, "2.0.77": true, "2.1.0": false, "1.0.0": false},
		"2.0.7":        {"2.0.7": true, "2.0.77": false},
		"0.17":         {"0.17.74": true, "1.17.74": false},
	} {
		s, err := ParseSelector(text)
		if err != nil || s.String() != text {
			t.Errorf("%q: %q, %v", text, s, err)
		}
		for version, want := range matches {
			v, err := ParseVersion(version)
			if err != nil || s.Matches(v) != want {
				t.Errorf("%q matches %s: %v (%v)", text, version, !want, err)
			}
		}
	}
	for _, text := range []string{"latest", "2", "2.", ".0", "2.0.", "2.0.77.1", "2.0.77-1", "02.0", "2.0.077", " 2.0", "2.0 ", "-1.0", "0.0", "70000.1", "Stable"} {
		if s, err := ParseSelector(text); err == nil {
			t.Errorf("%q: %q without error", text, s)
		}
	}
}

func FuzzParseSelector(f *testing.F) {
	for _, text := range []string{"", "stable", "2.0", "2.0.77", "x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := ParseSelector(text); err == nil && s.String() != text {
			t.Errorf("%q became %q", text, s)
		}
	})
}

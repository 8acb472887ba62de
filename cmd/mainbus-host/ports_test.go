package main

import "testing"

func TestParsePorts(t *testing.T) {
	for text, want := range map[string][2]uint16{"": {}, "34197-34296": {34197, 34296}, " 40000 - 40001 ": {40000, 40001}, "40000": {40000, 40000}} {
		if first, last, err := parsePorts(text); err != nil || first != want[0] || last != want[1] {
			t.Errorf("%q is %d to %d, %v", text, first, last, err)
		}
	}
	for _, text := range []string{"0", "2-1", "a-b", "1-70000", "-", "1-2-3", "1,2"} {
		if _, _, err := parsePorts(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

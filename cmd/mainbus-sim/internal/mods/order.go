package mods

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// order sorts by depth of dependencies, then by name as people count.
func order(enabled map[string]*Mod) ([]*Mod, error) {
	depths := map[string]int{}
	var out []*Mod
	for _, name := range sortedNames(enabled) {
		if _, err := depth(name, enabled, depths); err != nil {
			return nil, err
		}
		out = append(out, enabled[name])
	}
	slices.SortFunc(out, func(a, b *Mod) int {
		x, y := a.Info.Name, b.Info.Name
		return cmp.Or(cmp.Compare(depths[x], depths[y]), natural(x, y), strings.Compare(x, y))
	})
	return out, nil
}

// visiting is the depth of a mod whose dependencies are being looked at.
const visiting = -1

// depth is 0 for a mod without dependencies that are loaded before it, else one more than the deepest of them.
func depth(name string, enabled map[string]*Mod, depths map[string]int) (int, error) {
	if d, known := depths[name]; known {
		if d == visiting {
			return 0, failed("%s depends on itself by way of others", name)
		}
		return d, nil
	}
	depths[name] = visiting
	deepest := 0
	for _, d := range enabled[name].Info.Dependencies {
		if enabled[d.Name] == nil || !d.Ordered() {
			continue
		}
		below, err := depth(d.Name, enabled, depths)
		if err != nil {
			return 0, err
		}
		deepest = max(deepest, below+1)
	}
	depths[name] = deepest
	return deepest, nil
}

// natural compares without regard to case, and numbers by their value: "mod2" is before "Mod10".
func natural(a, b string) int {
	x, y := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	for len(x) > 0 && len(y) > 0 {
		if unicode.IsDigit(x[0]) && unicode.IsDigit(y[0]) {
			m, n := number(x), number(y)
			if c := cmp.Or(cmp.Compare(len(m), len(n)), slices.Compare(m, n)); c != 0 {
				return c
			}
			x, y = skipDigits(x), skipDigits(y)
			continue
		}
		if x[0] != y[0] {
			return cmp.Compare(x[0], y[0])
		}
		x, y = x[1:], y[1:]
	}
	return cmp.Compare(len(x), len(y))
}

// number is the digits at the beginning, without leading zeros.
func number(text []rune) []rune {
	digits := text[:len(text)-len(skipDigits(text))]
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	return digits
}

func skipDigits(text []rune) []rune {
	for len(text) > 0 && unicode.IsDigit(text[0]) {
		text = text[1:]
	}
	return text
}

// Package factorio holds what the packages about the game's files and output share: the game's version numbers.
package factorio

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Version is a version of the game or of a mod. Developer is the fourth number that the game writes into its files
// ("map version 2.0.10-1"); it says nothing about compatibility and is 0 in nearly all files.
type Version struct{ Major, Minor, Patch, Developer uint16 }

// ParseVersion reads "2.0.77" or "2.0.77-0". Every number is 0..65535, and all three are needed.
func ParseVersion(s string) (Version, error) {
	numbers, developer, hasDeveloper := strings.Cut(s, "-")
	parts := strings.Split(numbers, ".")
	if len(parts) != 3 {
		return Version{}, fmt.Errorf("parse version %q: want three numbers like 2.0.77", s)
	}
	if hasDeveloper {
		parts = append(parts, developer)
	}
	var n [4]uint16
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return Version{}, fmt.Errorf("parse version %q: %q is not a number from 0 to 65535", s, p)
		}
		n[i] = uint16(v)
	}
	return Version{Major: n[0], Minor: n[1], Patch: n[2], Developer: n[3]}, nil
}

// ParseLenient reads a version as the game reads those of mods: blanks before it are skipped, the third number may be missing,
// leading zeros don't count, and what follows is ignored (" 01.2" is 1.2.0, "1.2.3.4" and "1.2.3-beta" are 1.2.3).
func ParseLenient(s string) (Version, error) {
	var n [3]uint16
	rest := strings.TrimLeft(s, " \t\r\n\v\f")
	for i := range n {
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		if digits == "" && i == 2 {
			break
		}
		if digits == "" {
			return Version{}, fmt.Errorf("parse version %.60q: want numbers like 1.2.3", s)
		}
		v, err := strconv.ParseUint(digits, 10, 16)
		if err != nil {
			return Version{}, fmt.Errorf("parse version %.60q: %.60s is more than 65535", s, digits)
		}
		n[i] = uint16(v)
		after, dot := strings.CutPrefix(rest[len(digits):], ".")
		if !dot && i == 0 {
			return Version{}, fmt.Errorf("parse version %.60q: want numbers like 1.2.3", s)
		}
		if !dot {
			break
		}
		rest = after
	}
	return Version{Major: n[0], Minor: n[1], Patch: n[2]}, nil
}

// String is the form that people and mod lists use, "2.0.77", without Developer.
func (v Version) String() string {
	return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
}

// Compare is negative when v is older than w, positive when it is newer, and ignores Developer.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor), cmp.Compare(v.Patch, w.Patch))
}

// IsZero reports whether v is the zero Version, which stands for "not known".
func (v Version) IsZero() bool { return v == Version{} }

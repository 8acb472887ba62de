package wire

import (
	"strconv"
	"strings"
)

// Compatible reports whether programs of two versions work together: the same major version, at most one minor apart. What
// is no version is a build of somebody's own and works with all.
func Compatible(a, b string) bool {
	majorA, minorA, okA := parseVersion(a)
	majorB, minorB, okB := parseVersion(b)
	if !okA || !okB {
		return true
	}
	return majorA == majorB && max(minorA, minorB)-min(minorA, minorB) <= 1
}

// parseVersion reads "1.2.3", and "1.2.3-rc1", up to the minor version.
func parseVersion(s string) (major, minor uint64, ok bool) {
	parts := strings.SplitN(s, ".", 3)
	if len(parts) != 3 {
		return 0, 0, false
	}
	major, err := strconv.ParseUint(parts[0], 10, 32)
	if err != nil {
		return 0, 0, false
	}
	minor, err = strconv.ParseUint(parts[1], 10, 32)
	return major, minor, err == nil
}

package factorio

import (
	"fmt"
	"strconv"
	"strings"
)

// A Channel is one of the two lines of releases that factorio.com keeps.
type Channel string

// The channels, by the service's words.
const (
	Stable       Channel = "stable"
	Experimental Channel = "experimental"
)

// A Selector says which versions of the game will do. The zero Selector is content with any.
type Selector struct {
	channel Channel
	version Version
	exact   bool // all three numbers count, not only the first two
}

// Exactly selects one version.
func Exactly(v Version) Selector {
	v.Developer = 0
	return Selector{version: v, exact: true}
}

// ParseSelector reads "stable", "experimental", "2.0", "2.0.77", or nothing, which stands for any version.
func ParseSelector(s string) (Selector, error) {
	switch Channel(s) {
	case "":
		return Selector{}, nil
	case Stable, Experimental:
		return Selector{channel: Channel(s)}, nil
	}
	if strings.Count(s, ".") == 2 {
		v, err := ParseVersion(s)
		if err == nil && v.Developer == 0 && v.String() == s {
			return Exactly(v), nil
		}
	}
	major, minor, _ := strings.Cut(s, ".")
	a, err := strconv.ParseUint(major, 10, 16)
	b, err2 := strconv.ParseUint(minor, 10, 16)
	series := Selector{version: Version{Major: uint16(a), Minor: uint16(b)}}
	if err != nil || err2 != nil || series.String() != s || a == 0 && b == 0 {
		return Selector{}, fmt.Errorf("%.40q is no version of the game: say stable, experimental, 2.0 or 2.0.77", s)
	}
	return series, nil
}

// String is what ParseSelector reads.
func (s Selector) String() string {
	switch {
	case s.channel != "":
		return string(s.channel)
	case s.exact:
		return s.version.String()
	case s.version.IsZero():
		return ""
	}
	return fmt.Sprintf("%d.%d", s.version.Major, s.version.Minor)
}

// Channel returns the channel that s follows; empty if it follows none.
func (s Selector) Channel() Channel { return s.channel }

// Exact returns the one version that s selects.
func (s Selector) Exact() (Version, bool) { return s.version, s.exact }

// IsAny reports whether any version will do.
func (s Selector) IsAny() bool { return s == Selector{} }

// Matches reports whether v will do. A channel matches nothing: which version it stands for is the service's to say.
func (s Selector) Matches(v Version) bool {
	switch {
	case s.channel != "":
		return false
	case s.exact:
		return s.version.Compare(v) == 0
	}
	return s.IsAny() || s.version.Major == v.Major && s.version.Minor == v.Minor
}

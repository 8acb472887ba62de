package modinfo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"mainbus/hostagent/factorio"
)

// Kind says what a dependency means.
type Kind uint8

// Kinds of dependencies and the prefixes that they have in info.json.
const (
	Required       Kind = iota // no prefix
	Incompatible               // "!"
	Optional                   // "?"
	HiddenOptional             // "(?)", optional, and not shown to players
	Unordered                  // "~", required, but may be loaded later than the mod
	Recommended                // "+", optional since 2.1, and switched on with the mod unless somebody decides otherwise
)

var prefixes = [...]string{Required: "", Incompatible: "!", Optional: "?", HiddenOptional: "(?)", Unordered: "~", Recommended: "+"}

// String is the prefix.
func (k Kind) String() string {
	if int(k) < len(prefixes) {
		return prefixes[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Dependency is what a mod needs of another one, or that it can't be with it.
type Dependency struct {
	Kind    Kind
	Name    string           // may hold blanks
	Op      string           // "", "<", "<=", "=", ">=" or ">"
	Version factorio.Version // if there is an Op
}

// ParseDependency reads "? name >= 1.2.3". Blanks between the parts may be missing; the operator is looked for from the right,
// since names may have blanks.
func ParseDependency(text string) (Dependency, error) {
	var d Dependency
	rest := strings.TrimSpace(text)
	for kind, prefix := range prefixes {
		if after, ok := strings.CutPrefix(rest, prefix); ok && prefix != "" {
			d.Kind, rest = Kind(kind), strings.TrimSpace(after)
			break
		}
	}
	if end := strings.LastIndexAny(rest, "<>="); end >= 0 {
		name := strings.TrimRight(rest[:end+1], "<>=")
		d.Op = rest[len(name) : end+1]
		var err error
		if d.Version, err = factorio.ParseLenient(rest[end+1:]); err != nil {
			return Dependency{}, fmt.Errorf("dependency %.150q: %w", text, err)
		}
		rest = strings.TrimSpace(name)
	}
	switch d.Op {
	case "", "<", "<=", "=", ">=", ">":
	default:
		return Dependency{}, fmt.Errorf("dependency %.150q: %.20q is none of < <= = >= >", text, d.Op)
	}
	switch d.Name = rest; {
	case d.Name == "":
		return Dependency{}, fmt.Errorf("dependency %.150q names no mod", text)
	case strings.ContainsAny(d.Name, "<>="):
		return Dependency{}, fmt.Errorf("dependency %.150q has more than one condition", text)
	}
	return d, nil
}

// String is the usual form, "? name >= 1.2.3".
func (d Dependency) String() string {
	parts := make([]string, 0, 4)
	if prefix := d.Kind.String(); prefix != "" {
		parts = append(parts, prefix)
	}
	parts = append(parts, d.Name)
	if d.Op != "" {
		parts = append(parts, d.Op, d.Version.String())
	}
	return strings.Join(parts, " ")
}

// MarshalJSON writes the form of info.json.
func (d Dependency) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // which would hide the operators
	err := enc.Encode(d.String())
	return bytes.TrimSpace(out.Bytes()), err
}

// Needed reports whether the mod is not loaded without the other one.
func (d Dependency) Needed() bool { return d.Kind == Required || d.Kind == Unordered }

// Ordered reports whether the other mod, if it is loaded, is loaded first.
func (d Dependency) Ordered() bool { return d.Kind != Incompatible && d.Kind != Unordered }

// Allows reports whether a version fulfils the condition.
func (d Dependency) Allows(v factorio.Version) bool {
	c := v.Compare(d.Version)
	switch d.Op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case "=":
		return c == 0
	case ">=":
		return c >= 0
	case ">":
		return c > 0
	}
	return true
}

// Unmet says why a mod with this dependency is not loaded beside the enabled mods, "" if it is. An optional dependency counts
// too if the other mod is there in a version that it does not allow. The version of an incompatible mod does not count.
func (d Dependency) Unmet(enabled map[string]factorio.Version) string {
	v, there := enabled[d.Name]
	switch {
	case d.Kind == Incompatible && there:
		return fmt.Sprintf("it can't be used together with %s", d.Name)
	case d.Kind == Incompatible, !there && !d.Needed():
		return ""
	case !there:
		return fmt.Sprintf("it needs %s, which is missing or disabled", Dependency{Name: d.Name, Op: d.Op, Version: d.Version})
	case !d.Allows(v):
		return fmt.Sprintf("it needs %s, but %v is there", Dependency{Name: d.Name, Op: d.Op, Version: d.Version}, v)
	}
	return ""
}

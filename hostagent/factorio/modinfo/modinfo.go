// Package modinfo reads and writes info.json, which names a mod, its version, the game that it is for and what it needs.
//
// It reads what the game reads, which is more than the documentation allows; Problems tells what the game or the mod portal
// would not like. Fields are those of https://lua-api.factorio.com/latest/auxiliary/mod-structure.html.
package modinfo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/internal/jsondoc"
)

const (
	maxName         = 100 // characters; the game takes no longer names and titles
	maxDependencies = 10_000
)

// Flags are the features that a mod may ask for, in info.json with "_required" behind them. All need the Space Age expansion.
var Flags = []string{"quality", "rail_bridges", "spoiling", "freezing", "segmented_units", "expansion_shaders", "expansion",
	"space_travel"}

// Info is the content of an info.json.
type Info struct {
	Name            string
	Version         factorio.Version
	VersionText     string // as it is written, which may be " 01.2"; file names hold this
	Title           string
	Author          string // several are separated by ", "
	Contact         string
	Homepage        string
	Description     string
	FactorioVersion factorio.Version // only Major and Minor count; 0.12 if it is missing
	Dependencies    []Dependency     // on base if they are missing
	Flags           []string         // of Flags, in their order

	problems []string // found in reading
}

// Parse reads an info.json. Errors are faults that leave no mod: no JSON, no name, no version, a field of the wrong type, a
// dependency that can't be read.
func Parse(data []byte) (Info, error) {
	doc, lossy, err := jsondoc.ParseLossy(data) // a mod is not lost for an author's name
	if err != nil {
		return Info{}, fmt.Errorf("info.json: %w", err)
	}
	info := Info{FactorioVersion: factorio.Version{Minor: 12}, Dependencies: []Dependency{{Name: "base"}}}
	if lossy {
		info.problems = append(info.problems, "the file is not UTF-8: characters of other encodings are lost")
	}
	for _, key := range doc.Doubled() {
		info.problems = append(info.problems, fmt.Sprintf("%.100q is there more than once", key))
	}
	for _, read := range []func(*jsondoc.Doc) error{info.readTexts, info.readVersions, info.readDependencies, info.readFlags} {
		if err := read(doc); err != nil {
			return Info{}, fmt.Errorf("info.json: %w", err)
		}
	}
	return info, nil
}

func (i *Info) readTexts(doc *jsondoc.Doc) error {
	for _, field := range []struct {
		key string
		to  *string
	}{
		{"name", &i.Name}, {"version", &i.VersionText}, {"title", &i.Title}, {"contact", &i.Contact},
		{"homepage", &i.Homepage}, {"description", &i.Description},
	} {
		raw, ok := doc.Get(field.key)
		if !ok {
			continue
		}
		if raw[0] != '"' || json.Unmarshal(raw, field.to) != nil {
			return fmt.Errorf("%q is %s, but must be a text", field.key, jsondoc.Short(raw))
		}
	}
	raw, ok := doc.Get("author") // the game puts no limits to it; some mods give a list
	var authors []string
	switch {
	case !ok:
	case raw[0] == '"' && json.Unmarshal(raw, &i.Author) == nil:
	case raw[0] == '[' && json.Unmarshal(raw, &authors) == nil:
		i.Author = strings.Join(authors, ", ")
	default:
		return fmt.Errorf(`"author" is %s, but must be a text`, jsondoc.Short(raw))
	}
	if i.Name == "" {
		return errors.New(`it has no "name"`)
	}
	return nil
}

func (i *Info) readVersions(doc *jsondoc.Doc) (err error) {
	if i.VersionText == "" {
		return errors.New(`it has no "version"`)
	}
	if i.Version, err = factorio.ParseLenient(i.VersionText); err != nil {
		return fmt.Errorf(`"version": %w`, err)
	}
	raw, ok := doc.Get("factorio_version")
	if !ok {
		return nil
	}
	var text string
	if raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return fmt.Errorf(`"factorio_version" is %s, but must be a text like "2.0"`, jsondoc.Short(raw))
	}
	if i.FactorioVersion, err = factorio.ParseLenient(text); err != nil {
		return fmt.Errorf(`"factorio_version": %w`, err)
	}
	if want := MajorMinor(i.FactorioVersion); text != want {
		i.problems = append(i.problems, fmt.Sprintf(`"factorio_version" is %.40q, which the mod portal refuses: it wants %q`, text, want))
	}
	i.FactorioVersion.Patch = 0
	return nil
}

func (i *Info) readDependencies(doc *jsondoc.Doc) error {
	raw, ok := doc.Get("dependencies")
	if !ok {
		return nil
	}
	var texts []string
	if raw[0] != '[' || json.Unmarshal(raw, &texts) != nil {
		return fmt.Errorf(`"dependencies" is %s, but must be a list of texts`, jsondoc.Short(raw))
	}
	if len(texts) > maxDependencies {
		return fmt.Errorf("%d dependencies are more than %d", len(texts), maxDependencies)
	}
	i.Dependencies = nil
	for _, text := range texts {
		d, err := ParseDependency(text)
		if err != nil {
			return err
		}
		i.Dependencies = append(i.Dependencies, d)
	}
	return nil
}

func (i *Info) readFlags(doc *jsondoc.Doc) error {
	for _, flag := range Flags {
		raw, ok := doc.Get(flag + "_required")
		var set bool
		if ok && json.Unmarshal(raw, &set) != nil {
			return fmt.Errorf(`"%s_required" is %s, but must be true or false`, flag, jsondoc.Short(raw))
		}
		if set {
			i.Flags = append(i.Flags, flag)
		}
	}
	return nil
}

// MajorMinor is the form of factorio_version, "2.0".
func MajorMinor(v factorio.Version) string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// RunsIn reports whether the game of a version loads the mod: major and minor must be the same, but 1.0 loads those for 0.18 too.
func (i Info) RunsIn(game factorio.Version) bool {
	f := i.FactorioVersion
	return f.Major == game.Major && f.Minor == game.Minor ||
		f.Major == 0 && f.Minor == 18 && game.Major == 1 && game.Minor == 0
}

// FileName is the name that the mod's zip must have, "name_1.2.3.zip".
func (i Info) FileName() string { return i.FolderName() + ".zip" }

// FolderName is FileName without ".zip".
func (i Info) FolderName() string {
	text := i.VersionText
	if text == "" {
		text = i.Version.String()
	}
	return i.Name + "_" + text
}

// CheckName refuses what no mod can be called: its name is part of a file's, on every system.
func CheckName(name string) error {
	odd := func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune(`/\:*?"<>|`, r) }
	if name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxName || strings.TrimSpace(name) != name ||
		strings.HasPrefix(name, ".") || strings.ContainsFunc(name, odd) {
		return fmt.Errorf("%.150q can't be a mod's name", name)
	}
	return nil
}

// Problems says what the game or the mod portal does not like, a sentence each.
func (i Info) Problems() []string {
	out := slices.Clone(i.problems)
	tell := func(bad bool, format string, args ...any) {
		if bad {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	tell(i.Title == "", `it has no "title", which the game wants`)
	tell(i.Author == "", `it has no "author", which the game wants`)
	tell(utf8.RuneCountInString(i.Name) > maxName, "its name has more than %d characters, which the game refuses", maxName)
	tell(utf8.RuneCountInString(i.Title) > maxName, "its title has more than %d characters, which the game refuses", maxName)
	tell(strings.ContainsAny(i.Name, `/\:*?"<>|`), "its name %.100q has characters that file names can't have", i.Name)
	tell(i.VersionText != "" && i.VersionText != i.Version.String(), `"version" is %.40q, which the game reads as %v`, i.VersionText, i.Version)
	seen := make(map[string]bool)
	for _, d := range i.Dependencies {
		tell(seen[d.Name], "it names the dependency %.100q more than once", d.Name)
		tell(d.Name == i.Name, "it depends on itself")
		seen[d.Name] = true
	}
	return out
}

// MarshalJSON writes an info.json. Fields without content are left out, "dependencies" is not.
func (i Info) MarshalJSON() ([]byte, error) {
	version := i.VersionText
	if version == "" {
		version = i.Version.String()
	}
	text := struct {
		Name            string       `json:"name"`
		Version         string       `json:"version"`
		Title           string       `json:"title,omitempty"`
		Author          string       `json:"author,omitempty"`
		Contact         string       `json:"contact,omitempty"`
		Homepage        string       `json:"homepage,omitempty"`
		Description     string       `json:"description,omitempty"`
		FactorioVersion string       `json:"factorio_version"`
		Dependencies    []Dependency `json:"dependencies"`
	}{i.Name, version, i.Title, i.Author, i.Contact, i.Homepage, i.Description, MajorMinor(i.FactorioVersion), i.Dependencies}
	if text.Dependencies == nil {
		text.Dependencies = []Dependency{}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		return nil, err
	}
	b := bytes.TrimSuffix(out.Bytes(), []byte("}\n"))
	for _, flag := range i.Flags {
		b = fmt.Appendf(b, `,"%s_required":true`, flag)
	}
	return append(b, '}'), nil
}

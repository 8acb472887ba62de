// Package modsettings reads and writes mod-settings.dat, the values of all mods' settings: a version, a byte and a property
// tree. What is read is written back byte for byte.
package modsettings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/internal/bin"
	"mainbus/hostagent/factorio/proptree"
)

// The scopes of settings, as they are named in the file.
const (
	Startup        = "startup"          // fixed before the data stage; a save brings its own
	RuntimeGlobal  = "runtime-global"   // the map's
	RuntimePerUser = "runtime-per-user" // what players begin with
)

// The game writes a file of three empty scopes and no less.
var scopes = []string{Startup, RuntimeGlobal, RuntimePerUser}

const (
	maxFile  = 33 << 20 // bytes; a property tree has 32 MiB at most
	maxMajor = 255      // of a version: two letters of another format make more
)

// File is a mod-settings.dat.
type File struct {
	Version factorio.Version    // of the game that wrote it; an older game ignores the file
	Flag    bool                // of unknown meaning, false in all files seen
	Scopes  proptree.Dictionary // scope → setting → {"value": value}

	anyType bool // the flag of the root
}

// New returns the file of a game without settings.
func New(v factorio.Version) File {
	f := File{Version: v}
	for _, scope := range scopes {
		f.Scopes.Set(scope, proptree.Dictionary(nil))
	}
	return f
}

// Parse reads a whole file of 0.17 or later; errors tell the byte, and the scope and setting that it belongs to.
func Parse(data []byte) (File, error) {
	if len(data) > maxFile {
		return File{}, fmt.Errorf("mod settings: %d bytes, more than %d MiB", len(data), maxFile>>20)
	}
	rest := bytes.NewReader(data)
	in := bin.NewReader(rest)
	f := File{Version: in.Version()}
	if oldest := (factorio.Version{Minor: 17}); in.Err() == nil && f.Version.Compare(oldest) < 0 {
		return File{}, fmt.Errorf("mod settings: the file begins with version %v, but there were none before 0.17", f.Version)
	}
	if f.Version.Major > maxMajor {
		return File{}, errors.New("mod settings: the file does not begin with a version of the game: is it a mod-settings.dat?")
	}
	f.Flag = in.Bool()
	root := proptree.Read(in)
	err := in.Err()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return File{}, fmt.Errorf("mod settings: the file ends too early, at byte %d: %w", in.Pos(), err)
	case err != nil:
		return File{}, fmt.Errorf("mod settings: before byte %d: %w", in.Pos(), err)
	case rest.Len() > 0:
		return File{}, fmt.Errorf("mod settings: %d bytes too many behind the settings, which end at byte %d", rest.Len(), in.Pos())
	}
	ok := false
	f.anyType = root.AnyType
	if f.Scopes, ok = root.Value.(proptree.Dictionary); !ok {
		return File{}, fmt.Errorf("mod settings: the file holds %s where the dictionary of scopes belongs", kind(root))
	}
	for _, e := range f.Scopes {
		if _, ok := e.Value.(proptree.Dictionary); !ok {
			return File{}, fmt.Errorf("mod settings: %.100q is %s where a dictionary of settings belongs", e.Key, kind(e.Node))
		}
	}
	return f, nil
}

// kind says what a node is that is no dictionary.
func kind(n proptree.Node) string {
	switch n.Value.(type) {
	case bool:
		return "a truth value"
	case float64, int64, uint64:
		return "a number"
	case string:
		return "a text"
	case proptree.List:
		return "a list"
	}
	return "nothing"
}

// Bytes writes the file. It is an error if a value is of a type that a property tree does not have.
func (f File) Bytes() ([]byte, error) {
	b := bin.AppendBool(bin.AppendVersion(nil, f.Version), f.Flag)
	b, err := proptree.Append(b, proptree.Node{Value: f.Scopes, AnyType: f.anyType})
	if err != nil {
		return nil, fmt.Errorf("mod settings: %w", err)
	}
	return b, nil
}

// Get returns the value of a setting: a bool, float64, string, int64, or for a colour a dictionary of "r", "g", "b" and "a".
func (f File) Get(scope, setting string) (any, bool) {
	n, ok := proptree.Node{Value: f.Scopes}.Get(scope, setting, "value")
	return n.Value, ok
}

// Set gives a setting a value of the types of Get. Whole numbers are stored as the game of f.Version does: as int64 since 2.0, as
// float64 before.
func (f *File) Set(scope, setting string, value any) {
	if n, ok := value.(int64); ok && f.Version.Major < 2 {
		value = float64(n)
	}
	settings := f.scope(scope)
	node, _ := settings.Get(setting)
	entry, _ := node.Value.(proptree.Dictionary)
	entry = slices.Clone(entry)
	entry.Set("value", value)
	settings = slices.Clone(settings)
	settings.Set(setting, entry)
	f.Scopes = slices.Clone(f.Scopes)
	f.Scopes.Set(scope, settings)
}

// Delete removes a setting, which then has its default.
func (f *File) Delete(scope, setting string) {
	settings := slices.DeleteFunc(slices.Clone(f.scope(scope)), func(e proptree.Entry) bool { return e.Key == setting })
	f.Scopes = slices.Clone(f.Scopes)
	f.Scopes.Set(scope, settings)
}

// scope returns the settings of a scope.
func (f File) scope(name string) proptree.Dictionary {
	node, _ := f.Scopes.Get(name)
	settings, _ := node.Value.(proptree.Dictionary)
	return settings
}

// Problems says what is wrong in the file, a sentence each, a hundred at most.
func (f File) Problems() []string {
	const most = 100
	var out []string
	for _, scope := range scopes {
		if _, ok := f.Scopes.Get(scope); !ok {
			out = append(out, fmt.Sprintf("the scope %q is missing", scope))
		}
	}
	for _, scope := range f.Scopes {
		if !slices.Contains(scopes, scope.Key) {
			out = append(out, fmt.Sprintf("the game knows no scope %.100q", scope.Key))
		}
		for _, setting := range f.scope(scope.Key) {
			if problem := f.problem(setting.Node); problem != "" && len(out) < most {
				out = append(out, fmt.Sprintf("%s, %.100q: %s", scope.Key, setting.Key, problem))
			}
		}
	}
	return out
}

func (f File) problem(setting proptree.Node) string {
	value, ok := setting.Get("value")
	if !ok {
		return "it has no value"
	}
	switch v := value.Value.(type) {
	case bool, string, float64:
	case int64, uint64:
		if f.Version.Major < 2 {
			return "it is stored as an integer, which games before 2.0 don't read"
		}
	case proptree.Dictionary:
		for _, channel := range []string{"r", "g", "b"} {
			if n, _ := v.Get(channel); !isNumber(n.Value) {
				return fmt.Sprintf("it is a colour without %q", channel)
			}
		}
	default:
		return "its value is none of truth value, number, text and colour"
	}
	return ""
}

func isNumber(v any) bool {
	switch v.(type) {
	case float64, int64, uint64:
		return true
	}
	return false
}

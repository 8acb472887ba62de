package lua

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// gameFiles are the versions of the game that the modules have to run under.
var gameFiles = map[string]string{"2.0": "runtime-api.json", "2.1": "runtime-api-2.1.9.json"}

// TestModulesUseWhatTheGameHas: each member that the modules read of an object that isn't theirs is in the game's
// API, of 2.0 and of 2.1. Lua has no types, so a name counts as the game's unless a module defines it, and it has to be
// one of any class, event or concept; what is read of a global of the game has to be in that global's class.
func TestModulesUseWhatTheGameHas(t *testing.T) {
	used, own := readModules(t)
	for version, file := range gameFiles {
		api := readGame(t, file)
		checked := 0
		for path := range used {
			if missing := api.missing(path, own); missing != "" {
				t.Errorf("%s: the game has no %s in %s", path, missing, version)
			}
			checked++
		}
		if checked < 20 {
			t.Errorf("only %d uses were found", checked)
		}
	}
}

// The test above could pass because it finds nothing, so that it says no is a test of its own.
func TestWhatTheGameHasNotIsFound(t *testing.T) {
	api := readGame(t, gameFiles["2.0"])
	for path, want := range map[string]bool{
		"game.tick": true, "game.tock": false, "script.mod_name": true, "defines.events.on_tick": true, "defines.events.on_tock": false,
		"x.get_contents": true, "x.take_contents": false, "x.mine": true, "string.rep": true, "prototypes.item": true, "rcon.tell": false,
	} {
		own := map[string]bool{"mine": true}
		if missing := api.missing(path, own); (missing == "") != want {
			t.Errorf("%s: missing %q", path, missing)
		}
	}
}

var (
	luaText    = regexp.MustCompile(`--\[\[(?s:.*?)\]\]|--[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'`)
	luaPath    = regexp.MustCompile(`[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)+|[\])]\s*\.\s*[A-Za-z_]\w*`)
	luaDefined = regexp.MustCompile(`((?:[\w.]+\s*,\s*)*[\w.]+)\s*=[^=]|function\s+([\w.]+)\s*\(`)
)

// readModules gives the paths such as game.tick in the modules, and the names that modules give something.
func readModules(t *testing.T) (used, own map[string]bool) {
	t.Helper()
	used, own = map[string]bool{}, map[string]bool{}
	files, err := fs.Glob(modules, "*/*.lua")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(modules, file)
		if err != nil {
			t.Fatal(err)
		}
		code := luaText.ReplaceAllString(string(data), `""`)
		for _, path := range luaPath.FindAllString(code, -1) {
			path = strings.Join(strings.Fields(path), "")
			used[strings.TrimLeft(path, "])")] = true
		}
		for _, m := range luaDefined.FindAllStringSubmatch(code, -1) {
			for _, target := range strings.Split(m[1]+m[2], ",") {
				parts := strings.Split(strings.TrimSpace(target), ".")
				own[parts[len(parts)-1]] = true
			}
		}
	}
	return used, own
}

// libraries are the tables of Lua that the game has as well.
var libraries = map[string]bool{"string": true, "table": true, "math": true, "bit32": true, "debug": true, "serpent": true, "storage": true}

type gameMembers struct {
	globals map[string]string          // class of a global
	classes map[string]map[string]bool // members of a class
	defines map[string]bool            // "events.on_tick"
	names   map[string]bool            // all there are
}

// missing is the part of a path that the game doesn't have.
func (g gameMembers) missing(path string, own map[string]bool) string {
	parts := strings.Split(path, ".")
	first, rest := parts[0], parts[1:]
	switch {
	case libraries[first]:
		return ""
	case first == "defines":
		if name := strings.Join(rest, "."); !g.defines[name] {
			return "defines." + name
		}
		return ""
	case g.globals[first] != "":
		if class := g.globals[first]; !g.classes[class][rest[0]] {
			return class + "." + rest[0]
		}
		rest = rest[1:]
	}
	for _, name := range rest {
		if !own[name] && !g.names[name] {
			return name
		}
	}
	return ""
}

type apiNode struct {
	Name       string    `json:"name"`
	Parent     string    `json:"parent"`
	Type       any       `json:"type"`
	Attributes []apiNode `json:"attributes"`
	Methods    []apiNode `json:"methods"`
	Data       []apiNode `json:"data"`
	Values     []apiNode `json:"values"`
	Subkeys    []apiNode `json:"subkeys"`
}

func readGame(t *testing.T, name string) gameMembers {
	t.Helper()
	dir := os.Getenv("MAINBUS_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	file := filepath.Join(dir, "factorio", name)
	data, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		t.Skipf("SKIPPED: %s is missing, so nothing compares our Lua with the game's API", file)
	}
	if err != nil {
		t.Fatal(err)
	}
	var api struct {
		Classes  []apiNode `json:"classes"`
		Events   []apiNode `json:"events"`
		Concepts []apiNode `json:"concepts"`
		Defines  []apiNode `json:"defines"`
		Globals  []apiNode `json:"global_objects"`
	}
	if err := json.Unmarshal(data, &api); err != nil {
		t.Fatal(err)
	}
	g := gameMembers{map[string]string{}, map[string]map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for _, o := range api.Globals {
		g.globals[o.Name], _ = o.Type.(string)
	}
	for _, c := range api.Classes {
		g.classes[c.Name] = map[string]bool{}
		for _, m := range append(c.Attributes, c.Methods...) {
			g.classes[c.Name][m.Name], g.names[m.Name] = true, true
		}
	}
	for _, e := range api.Events {
		g.add(e.Data)
	}
	for _, c := range api.Concepts {
		g.addTables(c.Type)
	}
	g.addDefines("", api.Defines)
	return g
}

func (g gameMembers) add(nodes []apiNode) {
	for _, n := range nodes {
		g.names[n.Name] = true
	}
}

// addTables adds the fields of a concept that is a table.
func (g gameMembers) addTables(typ any) {
	switch typ := typ.(type) {
	case map[string]any:
		if parameters, ok := typ["parameters"].([]any); ok {
			for _, p := range parameters {
				if p, ok := p.(map[string]any); ok {
					name, _ := p["name"].(string)
					g.names[name] = true
				}
			}
		}
		for _, v := range typ {
			g.addTables(v)
		}
	case []any:
		for _, v := range typ {
			g.addTables(v)
		}
	}
}

func (g gameMembers) addDefines(prefix string, groups []apiNode) {
	for _, d := range groups {
		g.defines[prefix+d.Name] = true
		for _, v := range d.Values {
			g.defines[prefix+d.Name+"."+v.Name] = true
		}
		g.addDefines(prefix+d.Name+".", d.Subkeys)
	}
}

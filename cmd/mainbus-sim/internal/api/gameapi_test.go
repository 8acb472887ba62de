package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// gameAPI is what the tests use of the game's machine-readable API.
type gameAPI struct {
	Classes []struct {
		Name       string `json:"name"`
		Parent     string `json:"parent"`
		Attributes []struct {
			Name      string `json:"name"`
			WriteType any    `json:"write_type"`
		} `json:"attributes"`
		Methods   []struct{ Name string } `json:"methods"`
		Operators []struct{ Name string } `json:"operators"`
	} `json:"classes"`
	Events []struct {
		Name string `json:"name"`
		Data []struct {
			Name     string `json:"name"`
			Optional bool   `json:"optional"`
		} `json:"data"`
	} `json:"events"`
	Defines []define `json:"defines"`
}

type define struct {
	Name    string                  `json:"name"`
	Values  []struct{ Name string } `json:"values"`
	Subkeys []define                `json:"subkeys"`
}

// apiFiles are the versions that the simulator is compared with. It plays 2.0.
var apiFiles = map[string]string{"2.0": "runtime-api.json", "2.1": "runtime-api-2.1.9.json"}

// loadAPI reads the API of a version; missing says that this machine doesn't have the file.
func loadAPI(version string) (api gameAPI, missing string, err error) {
	file := filepath.Join(sharedFolder(), "factorio", apiFiles[version])
	data, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return api, file, nil
	}
	if err != nil {
		return api, "", err
	}
	return api, "", json.Unmarshal(data, &api)
}

func readAPI(t *testing.T, version string) gameAPI {
	t.Helper()
	api, missing, err := loadAPI(version)
	if err != nil {
		t.Fatal(err)
	}
	if missing != "" {
		t.Skipf("SKIPPED: %s is missing, so nothing compares the simulator's API with the game's", missing)
	}
	return api
}

// sharedFolder is $MAINBUS_SHARED or the folder "shared" beside the repository.
func sharedFolder() string {
	if dir := os.Getenv("MAINBUS_SHARED"); dir != "" {
		return dir
	}
	return filepath.Join(filepath.Dir(repository()), "shared")
}

// repository is the folder of go.mod.
func repository() string {
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	panic("no go.mod above the working directory")
}

// members are a class's with those of its parents; true for attributes that can be written.
func (a gameAPI) members(class string) (members map[string]bool, found bool) {
	members = map[string]bool{}
	for class != "" {
		parent := ""
		for _, c := range a.Classes {
			if c.Name != class {
				continue
			}
			found, parent = true, c.Parent
			for _, attr := range c.Attributes {
				members[attr.Name] = attr.WriteType != nil
			}
			for _, m := range c.Methods {
				members[m.Name] = false
			}
			for _, o := range c.Operators {
				members["["+o.Name+"]"] = true
			}
		}
		class = parent
	}
	delete(members, "object_name")
	return members, found
}

func (a gameAPI) event(name string) (fields map[string]bool, found bool) {
	for _, e := range a.Events {
		if e.Name == name {
			fields = map[string]bool{}
			for _, d := range e.Data {
				fields[d.Name] = d.Optional
			}
			return fields, true
		}
	}
	return nil, false
}

func hasDefine(groups []define, path, name string) bool {
	first, rest, deeper := strings.Cut(path, ".")
	for _, d := range groups {
		if d.Name != first {
			continue
		}
		if deeper {
			return hasDefine(d.Subkeys, rest, name)
		}
		return slices.ContainsFunc(d.Values, func(v struct{ Name string }) bool { return v.Name == name })
	}
	return false
}

// offered are the members of a class here; true for those that can be written.
func (c *class) offered() map[string]bool {
	out := map[string]bool{}
	for name := range c.attrs {
		out[name] = c.writes[name] != nil
	}
	for name := range c.methods {
		out[name] = false
	}
	if c.valid != nil {
		out["valid"] = false
	}
	if c.index != nil {
		out["[index]"] = c.put != nil
	}
	if c.length != nil {
		out["[length]"] = false
	}
	return out
}

// onlyIn20 are offered members that 2.1 has no more; docs/simulator.md marks them.
var onlyIn20 = map[string]bool{
	"LuaEntity.fluidbox": true, "LuaFluidBox": true, "LuaRecipePrototype.category": true, "LuaRecipe.category": true,
	"writing LuaEntity.minable": true, // in 2.1 by minable_flag
}

func TestMembersExist(t *testing.T) {
	g, _ := newGame(t, newWorld(t), nil)
	for version := range apiFiles {
		api := readAPI(t, version)
		for name, c := range g.level.classes {
			if version != "2.0" && onlyIn20[name] {
				continue
			}
			members, ok := api.members(name)
			if !ok {
				t.Errorf("class %s is not in the API of %s", name, version)
				continue
			}
			for member, written := range c.offered() {
				writable, found := members[member]
				switch {
				case version != "2.0" && onlyIn20[name+"."+member]:
					if found {
						t.Errorf("%s.%s is in %s after all", name, member, version)
					}
				case !found:
					t.Errorf("%s has no member %s in %s", name, member, version)
				case written && !writable && (version == "2.0" || !onlyIn20["writing "+name+"."+member]):
					t.Errorf("%s.%s can't be written in %s", name, member, version)
				}
			}
		}
		for _, group := range constants {
			for _, name := range group.names {
				if version == "2.0" && !hasDefine(api.Defines, group.path, name) {
					t.Errorf("defines.%s.%s is not in %s", group.path, name, version)
				}
			}
		}
	}
}

// TestEventsExist compares the events that the world raises, and their fields.
func TestEventsExist(t *testing.T) {
	for version := range apiFiles {
		api := readAPI(t, version)
		for name, fields := range world.Events {
			data, ok := api.event(name)
			if !ok {
				t.Errorf("event %s is not in %s", name, version)
				continue
			}
			delete(data, "name")
			delete(data, "tick")
			for _, field := range fields {
				bare := strings.TrimSuffix(field, "?")
				optional, found := data[bare]
				if !found || (bare != field && !optional) {
					t.Errorf("%s.%s is not in %s, or always there", name, field, version)
				}
				delete(data, bare)
			}
			for field, optional := range data {
				if !optional {
					t.Errorf("%s lacks %s, which %s has", name, field, version)
				}
			}
		}
	}
}

// tried says which tests used a member or heard an event, and which wrote one.
type tried struct{ used, wrote map[string]map[string]bool }

var seen = tried{map[string]map[string]bool{}, map[string]map[string]bool{}}

func (s tried) note(to map[string]map[string]bool, what string) {
	if to[what] == nil {
		to[what] = map[string]bool{}
	}
	to[what][runningTest()] = true
}

// best is the test to name: one about members rather than another, else the first by name.
func best(tests map[string]bool) string {
	names := slices.Sorted(maps.Keys(tests))
	for _, name := range names {
		if strings.HasSuffix(name, "Members") {
			return name
		}
	}
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

func signature(class, member string) string { return fmt.Sprintf("%s.%s", class, member) }

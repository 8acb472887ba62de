package api

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"mainbus/cmd/mainbus-sim/internal/world"
)

var update = flag.Bool("update", false, "write docs/simulator.md")

var seenMutex sync.Mutex

// TestMain checks after all tests that they tried each member that is offered and each event that occurs, and that
// docs/simulator.md says so. Runs of some tests only check nothing. With -update it also writes when tests fail, which
// may be because of what is to be written.
func TestMain(m *testing.M) {
	flag.Parse()
	touched = func(class, member string, write bool) {
		seenMutex.Lock()
		defer seenMutex.Unlock()
		to := seen.used
		if write {
			to = seen.wrote
		}
		seen.note(to, signature(class, member))
	}
	code := m.Run()
	if (code == 0 || *update) && everything() {
		if err := checkManual(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// everything says whether no test was left out.
func everything() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz", "test.bench"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}
	return flag.Lookup("test.count").Value.String() == "1"
}

// runningTest is the name of the test that called.
func runningTest() string {
	var callers [256]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	for {
		frame, more := frames.Next()
		_, name, _ := strings.Cut(frame.Function, "/api.")
		name, _, _ = strings.Cut(name, ".")
		if strings.HasPrefix(name, "Test") && name != "TestMain" {
			return name
		}
		if !more {
			return ""
		}
	}
}

// heardEvent notes events.
func heardEvent(e world.Event) {
	seenMutex.Lock()
	defer seenMutex.Unlock()
	seen.note(seen.used, "event "+e.Name)
}

// manualMark is where the generated part of docs/simulator.md begins.
const manualMark = "<!-- What follows is written by `go generate ./cmd/mainbus-sim/internal/api`. -->\n"

// checkManual compares docs/simulator.md with what is offered and tried, or writes it.
func checkManual() error {
	var apis []gameAPI
	for _, version := range []string{"2.0", "2.1"} {
		api, missing, err := loadAPI(version)
		if err != nil {
			return err
		}
		if missing != "" {
			fmt.Fprintf(os.Stderr, "SKIPPED: %s is missing, so docs/simulator.md is not compared with the simulator\n", missing)
			return nil
		}
		apis = append(apis, api)
	}
	generated, refused, err := manual(apis)
	if err != nil {
		return err
	}
	file := filepath.Join(repository(), "docs", "simulator.md")
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, old, found := strings.Cut(string(data), manualMark)
	switch {
	case !found:
		return fmt.Errorf("%s has no line %q", file, manualMark)
	case *update:
		if err := os.WriteFile("refused.txt", []byte(refused), 0o644); err != nil {
			return err
		}
		return os.WriteFile(file, []byte(head+manualMark+generated), 0o644)
	case old != generated, refused != refusedText:
		return fmt.Errorf("docs/simulator.md is not up to date: run go generate ./cmd/mainbus-sim/internal/api")
	}
	return nil
}

// manual is the generated part: each class with its members and their tests, and what is refused. The second is
// refused.txt.
func manual(apis []gameAPI) (page, refused string, err error) {
	catalog, err := world.NewCatalog(allMods)
	if err != nil {
		return "", "", err
	}
	w, err := world.New("manual", 1, catalog, world.Plan{})
	if err != nil {
		return "", "", err
	}
	g, err := New(Params{World: w, Host: &testHost{}, Files: func(string) ([]byte, bool) { return nil, false }})
	if err != nil {
		return "", "", err
	}
	defer g.Close()
	classes := g.level.classes
	var out strings.Builder
	var untried []string
	for _, name := range slices.Sorted(maps.Keys(classes)) {
		untried = append(untried, writeClass(&out, name, classes[name], apis)...)
	}
	out.WriteString("\n## Classes that do not occur\n\n")
	out.WriteString(wrapped(unoffered(apis, classes)))
	out.WriteString("\n## Events that occur\n\nBesides `on_tick`, `on_nth_tick`, `on_console_command` and those that scripts raise. All other events of the game can be\n" +
		"registered for and do not occur.\n\n| event | fields | test |\n|---|---|---|\n")
	for _, event := range slices.Sorted(maps.Keys(world.Events)) {
		test := best(seen.used["event "+event])
		if test == "" {
			untried = append(untried, "event "+event)
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", event, strings.Join(world.Events[event], ", "), test)
	}
	if len(untried) > 0 {
		return "", "", fmt.Errorf("no test tries these: %s", strings.Join(untried, ", "))
	}
	return out.String(), refusedLines(apis[0], classes), nil
}

// writeClass writes a class and returns members that no test tried.
func writeClass(out *strings.Builder, name string, c *class, apis []gameAPI) (untried []string) {
	fmt.Fprintf(out, "\n### %s\n\n", name)
	if onlyIn20[name] {
		out.WriteString("In 2.0 only.\n\n")
	}
	offered := c.offered()
	if len(offered) > 0 {
		out.WriteString("| member | use | test |\n|---|---|---|\n")
	}
	for _, member := range slices.Sorted(maps.Keys(offered)) {
		key := signature(name, member)
		use := "read"
		switch {
		case c.methods[member] != nil:
			use = "call"
		case offered[member]:
			use = "read, write"
		}
		if onlyIn20[key] || onlyIn20["writing "+key] {
			use += " (2.0 only)"
		}
		test := best(seen.used[key])
		if test == "" {
			untried = append(untried, key)
		}
		if offered[member] && best(seen.wrote[key]) == "" {
			untried = append(untried, "writing "+key)
		}
		fmt.Fprintf(out, "| `%s` | %s | %s |\n", member, use, test)
	}
	if refused := refusedOf(name, c, apis...); len(refused) > 0 {
		out.WriteString("\nRefused:\n")
		out.WriteString(wrapped(refused))
	}
	return untried
}

// refusedOf are the members that some version has and the simulator doesn't.
func refusedOf(name string, c *class, apis ...gameAPI) []string {
	offered, refused := c.offered(), map[string]bool{}
	for _, api := range apis {
		members, _ := api.members(name)
		for member := range members {
			if _, has := offered[member]; !has {
				refused[member] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(refused))
}

func refusedLines(api gameAPI, classes map[string]*class) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(classes)) {
		if names := refusedOf(name, classes[name], api); len(names) > 0 {
			fmt.Fprintf(&out, "%s: %s\n", name, strings.Join(names, " "))
		}
	}
	return out.String()
}

func unoffered(apis []gameAPI, classes map[string]*class) []string {
	names := map[string]bool{}
	for _, api := range apis {
		for _, c := range api.Classes {
			if classes[c.Name] == nil {
				names[c.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// wrapped is a list of names in lines of at most 120 characters.
func wrapped(names []string) string {
	var out strings.Builder
	line := ""
	for i, name := range names {
		word := "`" + name + "`"
		if i < len(names)-1 {
			word += ","
		}
		if line != "" && len(line)+1+len(word) > 120 {
			out.WriteString(line + "\n")
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return out.String() + line + "\n"
}

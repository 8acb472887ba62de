// Package docs holds the documentation and the test that keeps the code to what docs/architecture.md says.
package docs

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

type goPackage struct {
	ImportPath   string
	Doc          string
	Imports      []string
	TestImports  []string
	XTestImports []string
	CgoFiles     []string
}

// A rule says what the packages under one path may import: of ours only what is allowed, of others not what is banned.
// An entry stands for a package and everything below it. The longest matching path decides.
type rule struct {
	under   string
	allowed []string
	banned  []string
}

const fyne = "fyne.io/fyne/v2"

var rules = []rule{
	{under: "mainbus/lua", banned: []string{fyne}},
	{under: "mainbus/transport", allowed: []string{"mainbus/transport"}, banned: []string{fyne, "modernc.org/sqlite"}},
	{under: "mainbus/hostagent/factorio", allowed: []string{"mainbus/hostagent/factorio"},
		banned: []string{fyne, "github.com/quic-go/quic-go", "modernc.org/sqlite"}},
	{under: "mainbus/hostagent/lists", allowed: []string{"mainbus/hostagent/factorio/playername", "mainbus/transport/wire"},
		banned: []string{fyne, "os", "io", "net", "time", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog"}},
	{under: "mainbus/hostagent", allowed: []string{"mainbus/hostagent", "mainbus/transport"},
		banned: []string{fyne, "modernc.org/sqlite", "github.com/yuin/gopher-lua"}},
	{under: "mainbus/controller/ledger", allowed: []string{"mainbus/controller/ledger"},
		banned: []string{fyne, "os", "io", "net", "time", "database/sql", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog"}},
	{under: "mainbus/controller/ledger/sim", allowed: []string{"mainbus/controller/ledger"},
		banned: []string{fyne, "os", "io", "net", "time", "database/sql", "crypto/rand", "log", "log/slog"}},
	{under: "mainbus/controller/lists", allowed: []string{"mainbus/controller/lists", "mainbus/hostagent/factorio/playername"},
		banned: []string{fyne, "os", "io", "net", "time", "database/sql", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog"}},
	{under: "mainbus/controller/api", allowed: []string{"mainbus/controller/api", "mainbus/transport"},
		banned: []string{fyne, "modernc.org/sqlite"}},
	{under: "mainbus/controller", allowed: []string{"mainbus/controller", "mainbus/transport", "mainbus/lua", "mainbus/hostagent/factorio"},
		banned: []string{fyne}},
	{under: "mainbus/app", allowed: []string{"mainbus/app", "mainbus/controller/api", "mainbus/assets"},
		banned: []string{fyne + "/app"}},
	{under: "mainbus/cmd/mainbus-sim", allowed: []string{"mainbus/cmd/mainbus-sim", "mainbus/hostagent/factorio"}, banned: []string{fyne}},
	{under: "mainbus/cmd/mainbus-sim/internal/luaworlds", banned: []string{fyne},
		allowed: []string{"mainbus/cmd/mainbus-sim", "mainbus/hostagent/factorio", "mainbus/controller/ledger", "mainbus/controller/bus", "mainbus/lua"}},
	{under: "mainbus/cmd/mainbus", allowed: []string{"mainbus"}},
	{under: "mainbus/cmd/mainbus/internal", allowed: []string{"mainbus"}, banned: []string{fyne}},
	{under: "mainbus/cmd", allowed: []string{"mainbus"}, banned: []string{fyne}},
	{under: "mainbus/assets"},
	{under: "mainbus/docs"},
}

func below(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

func ruleFor(path string) (rule, bool) {
	var best rule
	found := false
	for _, r := range rules {
		if below(path, r.under) && len(r.under) > len(best.under) {
			best, found = r, true
		}
	}
	return best, found
}

func (r rule) breach(imported string) bool {
	in := func(list []string) bool {
		return slices.ContainsFunc(list, func(root string) bool {
			// Standard packages are banned one by one: "io" does not stand for "io/fs".
			return imported == root || strings.Contains(root, ".") && below(imported, root)
		})
	}
	if below(imported, "mainbus") {
		return !slices.ContainsFunc(r.allowed, func(root string) bool { return below(imported, root) })
	}
	return in(r.banned)
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	// -e: without a C compiler the window's program can't be built, and its imports are told all the same.
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Doc,Imports,TestImports,XTestImports,CgoFiles", "mainbus/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("decode go list: %v", err)
		}
		all = append(all, p)
	}
}

func TestImportRules(t *testing.T) {
	for _, p := range packages(t) {
		r, ok := ruleFor(p.ImportPath)
		if !ok {
			t.Errorf("%s: no rule says what it may import; docs/architecture.md has the rooms", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			if r.breach(imported) {
				t.Errorf("%s imports %s, which packages under %s must not", p.ImportPath, imported, r.under)
			}
		}
		// Tests may use any tool, but not a room that their own may not enter.
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			if below(imported, "mainbus") && r.breach(imported) {
				t.Errorf("a test of %s imports %s, which packages under %s must not", p.ImportPath, imported, r.under)
			}
		}
		if len(p.CgoFiles) > 0 {
			t.Errorf("%s uses cgo", p.ImportPath)
		}
	}
}

// A package that uses "testing" outside of its tests is a helper of tests, like the fake web services.
func TestProgramsHoldNoHelpersOfTests(t *testing.T) {
	all := packages(t)
	helpers := map[string]bool{}
	for _, p := range all {
		helpers[p.ImportPath] = slices.Contains(p.Imports, "testing")
	}
	helpers["mainbus/controller/ledger/sim"], helpers["mainbus/cmd/mainbus-sim/internal/luaworlds"] = true, true
	if !helpers["mainbus/hostagent/factorio/webtest"] {
		t.Error("the fake web services are not known as a helper of tests: this test looks at nothing")
	}
	for _, p := range all {
		for _, imported := range p.Imports {
			if helpers[imported] && !helpers[p.ImportPath] {
				t.Errorf("%s imports %s, which is for tests only", p.ImportPath, imported)
			}
		}
	}
}

// The rule that the others lean on: were it to pass everything, no test would tell.
func TestRulesRefuse(t *testing.T) {
	tests := []struct{ from, imports string }{
		{"mainbus/transport/link", "mainbus/hostagent"},
		{"mainbus/hostagent/instance", "mainbus/controller/api"},
		{"mainbus/hostagent/instance", "mainbus/lua"},
		{"mainbus/controller/ledger", "time"},
		{"mainbus/controller/ledger", "mainbus/transport/wire"},
		{"mainbus/controller", "mainbus/hostagent/instance"},
		{"mainbus/app/pages", "fyne.io/fyne/v2/app"},
		{"mainbus/app/pages", "mainbus/controller/store"},
		{"mainbus/cmd/mainbus-sim/internal/game", "mainbus/hostagent/gamelink"},
		{"mainbus/cmd/mainbusctl", "fyne.io/fyne/v2/widget"},
		{"mainbus/hostagent/factorio/save", "mainbus/hostagent"},
	}
	for _, test := range tests {
		if r, ok := ruleFor(test.from); !ok || !r.breach(test.imports) {
			t.Errorf("%s may import %s", test.from, test.imports)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" && !strings.HasSuffix(p.ImportPath, "/docs") {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

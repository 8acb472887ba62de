// Package simgame gives tests an installation of the simulated game. Only tests import it.
package simgame

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"mainbus/hostagent/factorio/install"
	"mainbus/hostagent/supervisor"
)

// The program is built once per test binary.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "mainbus-sim-")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "mainbus-sim")
	command := exec.Command("go", "build", "-o", program, "mainbus/cmd/mainbus-sim")
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the simulated game: %w: %s", err, out)
	}
	return program, nil
})

// exit ends a test binary and removes the program: an option for goleak.VerifyTestMain, where TestMain ends.
func exit(code int) {
	if program, err := build(); err == nil {
		os.RemoveAll(filepath.Dir(program))
	}
	os.Exit(code)
}

// Install makes an installation whose worlds do what the scenario says.
func Install(t testing.TB, scenario string) *install.Installation {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	plan := filepath.Join(dir, "scenario.json")
	if err := os.WriteFile(plan, []byte(scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	game := filepath.Join(dir, "factorio")
	if out, err := exec.Command(program, "install", game, "--scenario", plan).CombinedOutput(); err != nil {
		t.Fatalf("install the simulated game: %v: %s", err, out)
	}
	installed, err := install.Open(game)
	if err != nil {
		t.Fatal(err)
	}
	return installed
}

// Modules returns the save modules of this repository by name.
func Modules() (map[string][]byte, error) {
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}")
	root, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("find the repository: %w", err)
	}
	paths, err := filepath.Glob(filepath.Join(string(root[:len(root)-1]), "lua", "*", "*.lua"))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files[filepath.Base(path)] = text
	}
	return files, nil
}

// Main is TestMain for packages whose tests start games: the test binary is the supervisor too, no goroutine may be
// left at the end, and the installation is removed.
func Main(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "supervise" {
		if err := supervisor.Supervise(os.Args[2], os.Stdout); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	// The agent waits for each supervisor so that it leaves no zombie, and so until a moment after its game's end.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"), goleak.Cleanup(exit))
}

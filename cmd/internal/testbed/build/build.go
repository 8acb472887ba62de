// Package build builds the project's programs for tests that run them.
package build

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Programs builds programs of cmd for one test and returns their folder.
func Programs(t testing.TB, overlay string, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := Into(dir, overlay, names...); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Into builds programs of cmd as "make build" does and puts them into a folder. overlay, if any, replaces source files
// (go help build).
func Into(dir, overlay string, names ...string) error {
	args := []string{"build", "-o", dir + string(filepath.Separator)}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	for _, name := range names {
		args = append(args, "mainbus/cmd/"+name)
	}
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", strings.Join(names, ", "), err, out)
	}
	return nil
}

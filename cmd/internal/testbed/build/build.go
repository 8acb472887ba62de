// Package build builds the project's programs for tests that run them.
package build

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Programs builds programs of cmd as "make build" does and returns their folder. overlay, if any, replaces source files
// (go help build).
func Programs(t testing.TB, overlay string, names ...string) string {
	t.Helper()
	dir := t.TempDir()
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
		t.Fatalf("build: %v\n%s", err, out)
	}
	return dir
}

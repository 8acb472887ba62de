// Package sample finds files of real games for tests.
package sample

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir returns the folder samples/name of the shared material: below $MAINBUS_SHARED, or below a folder "shared" beside the
// repository. The test is skipped where there is none.
func Dir(t testing.TB, name string) string {
	t.Helper()
	if shared := os.Getenv("MAINBUS_SHARED"); shared != "" {
		dir := filepath.Join(shared, "samples", name)
		if _, err := os.Stat(dir); err != nil {
			t.Fatalf("MAINBUS_SHARED is set, but: %v", err)
		}
		return dir
	}
	at, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		dir := filepath.Join(at, "shared", "samples", name)
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
		parent := filepath.Dir(at)
		if parent == at {
			t.Skipf("SKIPPED: the samples of real games are missing: no folder shared/samples/%s above %s; set MAINBUS_SHARED to the folder that has samples/%s",
				name, at, name)
		}
		at = parent
	}
}

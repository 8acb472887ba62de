package gamelog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestTraceIsCompleteAfterClose(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	trace, err := openTrace(dir)
	if err != nil {
		t.Fatal(err)
	}
	const entries = 5000
	for range entries {
		trace.add("out", "line")
	}
	trace.close()
	data, err := os.ReadFile(filepath.Join(dir, "sim-trace.jsonl"))
	if err != nil || strings.Count(string(data), "\n") != entries {
		t.Errorf("%d lines, %v", strings.Count(string(data), "\n"), err)
	}
}

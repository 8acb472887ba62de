package hostagent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/instance"
)

func TestMuchOutputOfModsIsToldAndNotDeleted(t *testing.T) {
	h := newLonelyHost(t)
	dir := instance.OutputDir(filepath.Join(h.dir, "instances", instanceName))
	file := filepath.Join(dir, "pictures", "map.png")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 6<<30); err != nil { // sparse
		t.Skipf("NOT TESTED: no file of 6 GiB can be made here: %v", err)
	}
	h.start(t)
	warning := func() string {
		s, err := AskStatus(t.Context(), h.dir)
		if err != nil || len(s.Instances) != 1 {
			return ""
		}
		return s.Instances[0].Warning
	}
	eventually(t, "it is told", func() bool { return strings.Contains(warning(), "6.0 GiB") && strings.Contains(warning(), dir) })
	if g := h.agent.measured.newest.Load().GetInstances(); len(g) == 1 && g[0].GetDiskBytes() > 0 && g[0].GetDiskBytes() < 6<<30 {
		t.Errorf("it is not in the size of the folder: %v", g)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	folders := folderSizes{at: time.Now().Add(-folderPause)} // the next look
	folders.look(t.Context(), h.agent.fleet.all())
	eventually(t, "what was said is taken back", func() bool { return warning() == "" })
	h.stop()
	endGame(t, h)
}

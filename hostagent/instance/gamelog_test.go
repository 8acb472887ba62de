package instance

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mainbus/hostagent/internal/simgame"
)

func TestOldGameLogsAreKeptWithinBounds(t *testing.T) {
	f := folder(t.TempDir())
	write := func(name string, age time.Duration, size int64, end string) {
		t.Helper()
		file, err := os.Create(f.path(name))
		if err == nil {
			_, err = file.WriteAt([]byte(end), size-int64(len(end)))
		}
		if err == nil {
			err = file.Close()
		}
		if err == nil {
			err = os.Chtimes(f.path(name), time.Time{}, time.Unix(1_700_000_000, 0).Add(-age))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for run := range oldLogs + 5 {
		write(previousLog, time.Duration(100-run)*time.Hour, 100, fmt.Sprintf("run %d\n", run))
		write(currentLog, 0, logKept+100, "the end\n")
		if err := f.rotateLogs(); err != nil {
			t.Fatal(err)
		}
	}
	logs, err := filepath.Glob(filepath.Join(f.logs(), "*"))
	if err != nil || len(logs) != oldLogs {
		t.Fatalf("kept %q, %v", logs, err)
	}
	if newest, err := os.ReadFile(logs[len(logs)-1]); err != nil || !bytes.HasSuffix(newest, []byte("run 14\n")) {
		t.Errorf("the newest is %q, %v", newest, err)
	}
	text, err := os.ReadFile(f.path(currentLog))
	if err != nil || len(text) != logKept || !bytes.HasSuffix(text, []byte("the end\n")) {
		t.Errorf("%d bytes of the long one are kept, %v", len(text), err)
	}
	for run := range 6 {
		write(previousLog, time.Duration(50-run)*time.Hour, 2*logKept, "long")
		if err := f.rotateLogs(); err != nil {
			t.Fatal(err)
		}
	}
	if logs, _ = filepath.Glob(filepath.Join(f.logs(), "*")); len(logs) != oldLogSize/logKept {
		t.Errorf("%d long ones are kept", len(logs))
	}
}

// A game that goes on writing after its log was shortened finds its place.
func TestTheLogOfARunningGameIsBounded(t *testing.T) {
	f := folder(t.TempDir())
	log, err := os.Create(f.path(currentLog))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	const limit, kept = 16 << 20, 4 << 20
	if _, err := log.Write(bytes.Repeat([]byte("chatter\n"), limit/8)); err != nil { // not sparse
		t.Fatal(err)
	}
	if warning := f.boundLog(limit, kept); warning != "" {
		t.Errorf("at the limit: %s", warning)
	}
	fmt.Fprint(log, "more\n")
	before := blocks(t, f.path(currentLog))
	warning := f.boundLog(limit, kept)
	after := blocks(t, f.path(currentLog))
	if warning == "" && before > 0 && after > kept+1<<20 || warning != "" && before > 0 && after != before {
		t.Errorf("%d bytes of the disk before, %d after, warning %q", before, after, warning)
	}
	fmt.Fprint(log, "and more\n")
	text, err := os.ReadFile(f.path(currentLog))
	if err != nil || !bytes.HasSuffix(text, []byte("chatter\nmore\nand more\n")) {
		t.Errorf("the log ends with %q, %v", text[max(0, len(text)-40):], err)
	}
}

func TestAStartKeepsTheLogsBefore(t *testing.T) {
	t.Parallel()
	a := newAgent(t, t.TempDir(), simgame.Install(t, scenario), &controller{ledger: "beef"})
	for range 3 {
		a.wantRunning(true)
		a.waitLinked()
		a.stopGame()
	}
	logs, err := filepath.Glob(filepath.Join(a.folder.logs(), "*.log"))
	if err != nil || len(logs) != 2 { // of making the map and of the first run
		t.Errorf("older logs: %q, %v", logs, err)
	}
}

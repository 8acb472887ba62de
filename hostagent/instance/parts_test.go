package instance

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/factorio/scriptdat"
)

// writeSave makes a save of the world at the given age.
func writeSave(t *testing.T, dir, name, world string, age time.Duration) {
	t.Helper()
	path := filepath.Join(dir, name)
	w, err := save.Create(path, "root")
	if err != nil {
		t.Fatal(err)
	}
	version := factorio.Version{Major: 2, Minor: 0, Patch: 77}
	storage := &scriptdat.Table{}
	if world != "" {
		accounts := &scriptdat.Table{Pairs: []scriptdat.Pair{{Key: "ledger", Value: "beef"}, {Key: "world", Value: world}}}
		storage.Pairs = append(storage.Pairs, scriptdat.Pair{Key: ledgerKey, Value: accounts})
	}
	for _, err := range []error{
		w.Level(save.Header{Version: version, BaseMod: "base", Level: "freeplay"}, strings.NewReader("rest")),
		w.Script(scriptdat.File{Version: version, Blocks: []scriptdat.Block{{Name: "level", Value: storage, Flag: 1}}}),
		w.Close(),
		os.Chtimes(path, time.Now(), time.Now().Add(-age)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestChooseSave(t *testing.T) {
	for _, test := range []struct {
		name, world, want string
		fill              func(dir string)
	}{
		{"the newest where no world is known", "", "b.zip", func(dir string) {
			writeSave(t, dir, "a.zip", "w1", time.Hour)
			writeSave(t, dir, "b.zip", "w2", 0)
		}},
		{"the newest of the same world", "w1", "_autosave2.zip", func(dir string) {
			writeSave(t, dir, "a.zip", "w1", 3*time.Hour)
			writeSave(t, dir, "_autosave2.zip", "w1", 2*time.Hour)
			writeSave(t, dir, "other.zip", "w2", time.Hour)
		}},
		{"the newest where none of the world is left", "w3", "b.zip", func(dir string) {
			writeSave(t, dir, "a.zip", "w1", time.Hour)
			writeSave(t, dir, "b.zip", "", 0)
		}},
		{"what can be read", "w1", "a.zip", func(dir string) {
			writeSave(t, dir, "a.zip", "w1", time.Hour)
			os.WriteFile(filepath.Join(dir, "b.zip"), []byte("broken"), 0o600)
		}},
		{"nothing unfinished", "", "a.zip", func(dir string) {
			writeSave(t, dir, "a.zip", "w1", time.Hour)
			writeSave(t, dir, "b.tmp.zip", "w1", 0)
			os.WriteFile(filepath.Join(dir, "._a.zip"), []byte("of a Mac"), 0o600)
			writeSave(t, dir, "a.zip"+save.TempSuffix, "w1", 0)
		}},
		{"nothing of nothing", "", "", func(string) {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			test.fill(dir)
			got, ok, err := chooseSave(dir, test.world, map[string]bool{}, slog.New(slog.DiscardHandler))
			if err != nil || ok != (test.want != "") || ok && filepath.Base(got.path) != test.want {
				t.Errorf("got %+v %v, %v", got, ok, err)
			}
		})
	}
}

func TestAnotherWorldDoesNotTakeThePlaceOfADamagedOne(t *testing.T) {
	dir := t.TempDir()
	writeSave(t, dir, "a.zip", "w1", time.Hour)
	os.WriteFile(filepath.Join(dir, "b.zip"), []byte("broken"), 0o600)
	if c, _, err := chooseSave(dir, "w2", map[string]bool{}, slog.New(slog.DiscardHandler)); err == nil {
		t.Errorf("chose %+v", c)
	}
}

func TestSaveName(t *testing.T) {
	for name, want := range map[string]string{
		"nauvis": "nauvis", "Alpha One": "Alpha-One", "../../etc": "etc", "_autosave1": "world-id", "": "world-id", "...": "world-id",
		"CON": "world-id", "Ünter": "nter", "a/b\\c": "a-b-c", strings.Repeat("x", 100): strings.Repeat("x", maxSaveName),
	} {
		if got := saveName(name, "id"); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestWithPathsKeepsTheRest(t *testing.T) {
	const old = "[path]\nread-data=/old\nwrite-data=/old\n[other]\n; comment\nport=34197\n"
	const want = "[path]\nread-data=/r\nwrite-data=/w\n[other]\n; comment\nport=34197\n"
	if got := withPaths(old, "/r", "/w"); got != want {
		t.Errorf("got %q", got)
	}
	if got := withPaths(want, "/r", "/w"); got != want {
		t.Errorf("second time: %q", got)
	}
}

func TestRestartsWaitLongerAndForgetAfterALongLife(t *testing.T) {
	var r restarts
	want := []time.Duration{250 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second,
		16 * time.Second, 32 * time.Second, time.Minute, time.Minute}
	for i, w := range want {
		if got := r.next(time.Second, 0); got != w {
			t.Errorf("failure %d: %v, want %v", i, got, w)
		}
	}
	if got := r.next(5*time.Minute, 1); got != firstDelay*5/4 {
		t.Errorf("after a long life: %v", got)
	}
	for range 100 {
		if got := r.next(0, 1); got > maxDelay*5/4 {
			t.Fatal(got)
		}
	}
}

func TestPorts(t *testing.T) {
	var p Ports
	first, err := p.Lease(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.Lease(first, nil)
	if err != nil || second == first {
		t.Errorf("leased twice: %d, %v", second, err)
	}
	p.Release(first)
	if again, err := p.Lease(first, nil); err != nil || again != first {
		t.Errorf("the preferred port is free: %d, %v", again, err)
	}
	p.Release(first)
	if other, err := p.Lease(first, map[uint16]bool{first: true}); err != nil || other == first {
		t.Errorf("an avoided port: %d, %v", other, err)
	}
	conn, err := net.ListenUDP("udp4", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	bound := uint16(conn.LocalAddr().(*net.UDPAddr).Port)
	if got, err := p.Lease(bound, nil); err != nil || got == bound {
		t.Errorf("a port in use: %d, %v", got, err)
	}
}

func TestBackoffGrowsAndEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b backoff
		var waits []time.Duration
		for range 10 {
			began := time.Now()
			if !b.sleep(t.Context()) {
				t.Fatal("ended")
			}
			waits = append(waits, time.Since(began))
		}
		if waits[0] > firstWait*5/4 || waits[9] < maxWait || waits[9] > maxWait*5/4 {
			t.Errorf("waits %v", waits)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if b.sleep(ctx) {
			t.Error("slept on after the end of its context")
		}
	})
}

func TestTailBufferKeepsTheEnd(t *testing.T) {
	var b tailBuffer
	for range 10_000 {
		io.WriteString(&b, "some line\n")
	}
	io.WriteString(&b, "a\nlast\n")
	if got := b.lastLines(2); got != "a | last" || len(b.b) > 3*maxCreateTail {
		t.Errorf("%q of %d bytes", got, len(b.b))
	}
}

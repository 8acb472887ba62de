package instance

import (
	"context"
	"fmt"
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

	"mainbus/transport/wire"
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
		if got := r.next(nil, time.Now(), fate{ran: time.Second}, 0); got.delay != w || !got.again {
			t.Errorf("failure %d: %+v, want %v", i, got, w)
		}
	}
	if got := r.next(nil, time.Now(), fate{ran: 5 * time.Minute}, 1); got.delay != firstDelay*5/4 {
		t.Errorf("after a long life: %+v", got)
	}
	for range 100 {
		if got := r.next(nil, time.Now(), fate{}, 1); got.delay > maxDelay*5/4 {
			t.Fatal(got)
		}
	}
}

func TestRestartPolicies(t *testing.T) {
	fault, kill, clean := fate{ran: time.Second, fault: true}, fate{ran: time.Second}, fate{ran: time.Second, clean: true}
	for _, test := range []struct {
		name   string
		policy *wire.Supervision
		every  time.Duration
		end    fate
		again  int // starts after so many ends; -1: always
		words  string
	}{
		{"as made", nil, time.Second, fault, defaultGiveUp - 1, "failed 10 times within 10 minutes"},
		{"failures far apart", nil, 2 * time.Minute, fault, -1, ""},
		{"kills", nil, time.Second, kill, -1, ""},
		{"ends well", nil, time.Second, clean, -1, ""},
		{"two within an hour", &wire.Supervision{GiveUpAfter: 2, GiveUpSeconds: 3600}, 50 * time.Minute, fault, 1, "failed 2 times within 1 hour"},
		{"never", &wire.Supervision{Restart: wire.Restart_RESTART_NEVER}, time.Second, kill, 0, "policy is “never”"},
		{"on failure, ends well", &wire.Supervision{Restart: wire.Restart_RESTART_ON_FAILURE}, time.Second, clean, 0, "ended well"},
		{"on failure, fails", &wire.Supervision{Restart: wire.Restart_RESTART_ON_FAILURE}, time.Second, fault, defaultGiveUp - 1, "failed 10 times"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r restarts
			now, again := time.Now(), 0
			v := r.next(test.policy, now, test.end, 0)
			for ; v.again && again < 100; again++ {
				now = now.Add(test.every)
				v = r.next(test.policy, now, test.end, 0)
			}
			switch {
			case test.again < 0 && !v.again:
				t.Errorf("given up after %d: %q", again, v.words)
			case test.again >= 0 && (again != test.again || !strings.Contains(v.words, test.words)):
				t.Errorf("started %d times more, want %d: %q", again, test.again, v.words)
			}
		})
	}
	var r restarts
	for range maxRemembered + 10 {
		r.next(&wire.Supervision{GiveUpAfter: 1 << 31}, time.Now(), fault, 0)
	}
	if len(r.failed) > maxRemembered {
		t.Errorf("%d failures are remembered", len(r.failed))
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

func TestPortsOfARange(t *testing.T) {
	base := ownPorts() + 900
	p := Ports{First: base, Last: base + 3}
	got := map[uint16]bool{}
	for {
		port, err := p.Lease(base-1, nil)
		if err != nil {
			if want := fmt.Sprintf("from %d to %d", p.First, p.Last); !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not say %q", err, want)
			}
			break
		}
		if port < p.First || port > p.Last || got[port] {
			t.Fatalf("leased %d after %v", port, got)
		}
		got[port] = true
	}
	for port := range got {
		p.Release(port)
		if again, err := p.Lease(port, nil); err != nil || again != port {
			t.Errorf("leased %d again as %d, %v", port, again, err)
		}
	}
}

func TestRCONKeepsItsPort(t *testing.T) {
	first, err := freeLoopbackAddr("")
	if err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp4", first)
	if err != nil {
		t.Skipf("SKIPPED: another program was quicker: %v", err)
	}
	if other, err := freeLoopbackAddr(first); err != nil || other == first {
		t.Errorf("a port in use: %s, %v", other, err)
	}
	kept := taken.Addr().String()
	taken.Close()
	if again, err := freeLoopbackAddr(kept); err != nil || again != kept {
		t.Errorf("%s became %s, %v", kept, again, err)
	}
	for _, foreign := range []string{"0.0.0.0:34000", "192.168.1.2:34000", "rubbish"} {
		if got, err := freeLoopbackAddr(foreign); err != nil || !strings.HasPrefix(got, "127.0.0.1:") {
			t.Errorf("for %s: %s, %v", foreign, got, err)
		}
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

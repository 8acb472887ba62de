package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"mainbus/cmd/internal/testbed"
	"mainbus/cmd/internal/testbed/build"
)

// A minute of faults may be too short to prove much, but nothing may be lost or doubled in it.
func TestNothingIsLostWhileEverythingBreaks(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute and a half")
	}
	bin := build.Programs(t, "", "mainbus-controller", "mainbus-host", "mainbusctl", "mainbus-sim", "mainbus-crashtest")
	file := filepath.Join(t.TempDir(), "result.json")
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "mainbus-crashtest"), "--bin", bin, "--seconds", "60", "--json", file)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it has processes to end
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.CombinedOutput()
	content, failed := os.ReadFile(file)
	if failed != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got result
	if err := json.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	if !got.Conserved || got.Faults == 0 || len(got.Items) != 8 {
		t.Errorf("%s\n%s", content, out)
	}
	if err != nil && !strings.Contains(string(out), errProvedNone.Error()) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestVerdict(t *testing.T) {
	hard := func() *result {
		return &result{kills: minKills, back: 1, forward: 1, debts: 1, forks: 1, zombies: 1}
	}
	iron, coal := testbed.Goods{Name: "iron-plate", Quality: "normal"}, testbed.Goods{Name: "coal", Quality: "normal"}
	for _, c := range []struct {
		name          string
		change        func(*result)
		before, after map[testbed.Goods]int64
		want          error
		text          string
	}{
		{"all is there", func(*result) {}, map[testbed.Goods]int64{iron: 5, coal: 1}, map[testbed.Goods]int64{iron: 5, coal: 1}, nil, ""},
		{"one lost", func(*result) {}, map[testbed.Goods]int64{iron: 5}, map[testbed.Goods]int64{iron: 4}, errNotConserved, ""},
		{"one doubled", func(*result) {}, map[testbed.Goods]int64{iron: 5}, map[testbed.Goods]int64{iron: 6}, errNotConserved, ""},
		{"a kind lost", func(*result) {}, map[testbed.Goods]int64{iron: 5, coal: 1}, map[testbed.Goods]int64{iron: 5}, errNotConserved, ""},
		{"a kind from nowhere", func(*result) {}, map[testbed.Goods]int64{iron: 5}, map[testbed.Goods]int64{iron: 5, coal: 1}, errNotConserved, ""},
		{"nothing counted", func(*result) {}, nil, nil, errNotConserved, ""},
		{"too few kills", func(r *result) { r.kills-- }, map[testbed.Goods]int64{iron: 5}, map[testbed.Goods]int64{iron: 5}, errProvedNone, "9 of 10 kills"},
		{"no older save", func(r *result) { r.back = 0 }, map[testbed.Goods]int64{iron: 5}, map[testbed.Goods]int64{iron: 5}, errProvedNone, "0 of 1 older"},
		{"no newer save", func(r *result) { r.forward = 0 }, map[testbed.Goods]int64{iron: 5}, map[testbed.Goods]int64{iron: 5}, errProvedNone, "0 of 1 newer"},
		{"no debt", func(r *result) { r.debts = 0 }, map[testbed.Goods]int64{iron: 5}, map[testbed.Goods]int64{iron: 5}, errProvedNone, "0 of 1 debts"},
		{"no fork", func(r *result) { r.forks = 0 }, map[testbed.Goods]int64{iron: 5}, map[testbed.Goods]int64{iron: 5}, errProvedNone, "0 of 1 forks"},
		{"no zombie", func(r *result) { r.zombies = 0 }, map[testbed.Goods]int64{iron: 5}, map[testbed.Goods]int64{iron: 5}, errProvedNone, "0 of 1 fenced zombies"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := hard()
			c.change(r)
			r.count(c.before, c.after)
			if err := r.verdict(); !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("%v, want %v with %q", err, c.want, c.text)
			}
		})
	}
}

func TestCompareSavesWithBooks(t *testing.T) {
	books := map[testbed.Goods]totals{{Name: "iron-plate", Quality: "normal"}: {sent: 10, received: 5}}
	for _, c := range []struct {
		sent, received float64
		older, newer   bool
	}{{10, 5, false, false}, {9, 5, true, false}, {10, 4, true, false}, {11, 5, false, true}, {9, 6, true, true}} {
		a := accounts{Sent: map[string]float64{"iron-plate/normal": c.sent}, Received: map[string]float64{"iron-plate/normal": c.received}}
		if older, newer := compare(a, books); older != c.older || newer != c.newer {
			t.Errorf("%g, %g: older %v, newer %v", c.sent, c.received, older, newer)
		}
	}
}

// TestRelay sends packets through a relay to a socket that sends them back.
func TestRelay(t *testing.T) {
	echo, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 100)
		for {
			n, from, err := echo.ReadFromUDP(buffer)
			if err != nil {
				return
			}
			_, _ = echo.WriteToUDP(buffer[:n], from)
		}
	}()
	r, err := newRelay()
	if err != nil {
		t.Fatal(err)
	}
	r.to(echo.LocalAddr().(*net.UDPAddr).AddrPort())
	client, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(r.addr()))
	if err != nil {
		t.Fatal(err)
	}
	// ask waits long for the answers that are due, and a little for more.
	ask := func(due int) (answers int) {
		t.Helper()
		if _, err := client.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 100)
		for {
			wait := 200 * time.Millisecond
			if answers < due {
				wait = time.Minute
			}
			_ = client.SetReadDeadline(time.Now().Add(wait))
			if _, err := client.Read(buffer); err != nil {
				return answers
			}
			answers++
		}
	}
	if n := ask(1); n != 1 {
		t.Errorf("%d answers", n)
	}
	r.weather.Store(&weather{double: 1, delay: 5 * time.Millisecond})
	if n := ask(4); n != 4 { // twice there, each twice back
		t.Errorf("%d answers while everything comes twice", n)
	}
	r.weather.Store(&weather{cut: true})
	if n := ask(0); n != 0 || r.lost.Load() != 1 {
		t.Errorf("%d answers over a cut link, %d lost", n, r.lost.Load())
	}
	client.Close()
	r.close()
	echo.Close()
	<-done
}

// TestWhatIsMissingIsChosen: every second fault is one of those that the run still needs.
func TestWhatIsMissingIsChosen(t *testing.T) {
	name := func(f fault) string { return runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name() }
	run := newTest(&testbed.Cluster{}, options{seed: 1}, io.Discard)
	run.result = result{kills: minKills, back: 1, forward: 1, debts: 1, forks: 1}
	for range 20 {
		run.next()
		if got := name(run.next()); !strings.HasSuffix(got, ".twoMachines") {
			t.Fatalf("%s, while no zombie was seen", got)
		}
	}
	run.result.zombies = 1
	if left := run.result.wanted(); len(left) != 0 {
		t.Errorf("%d faults are wanted by a run that has seen everything", len(left))
	}
}

// TestCable cuts a namespace off and joins it again.
func TestCable(t *testing.T) {
	n, err := layCable(t.Context(), 0)
	if err != nil {
		t.Skipf("SKIPPED, network namespaces were NOT tested: %v", err)
	}
	t.Cleanup(func() {
		if err := n.remove(); err != nil {
			t.Error(err)
		}
	})
	up := func() bool {
		out, err := exec.Command("ip", "-n", n.name, "-o", "link", "show", "cable").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.Contains(string(out), "LOWER_UP")
	}
	for _, in := range []bool{true, false, true} {
		if err := n.plug(in); err != nil || up() != in {
			t.Errorf("plugged %v: %v, %v", in, up(), err)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mainbus/cmd/internal/testbed"
	"mainbus/cmd/internal/testbed/build"
)

// programs builds what the demo starts, and the demo itself.
func programs(t *testing.T, overlay string) string {
	t.Helper()
	return build.Programs(t, overlay, "mainbus-controller", "mainbus-host", "mainbusctl", "mainbus-sim", "mainbus-demo")
}

// demo runs the show and returns what it printed and its exit code.
func demo(t *testing.T, bin, jsonFile string) (string, int) {
	t.Helper()
	if err := testbed.CheckMulticast(); err != nil {
		t.Skipf("SKIPPED, the demo was NOT tested here: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "mainbus-demo"), "--bin", bin, "--seconds", "30")
	cmd.Env = append(os.Environ(), "DEMO_JSON="+jsonFile, "DEMO_KEEP=", "DEMO_WINDOW=0")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it has processes to end
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run the demo: %v\n%s", err, out)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestDemo(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	jsonFile := filepath.Join(t.TempDir(), "summary.json")
	out, code := demo(t, programs(t, ""), jsonFile)
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	content, err := os.ReadFile(jsonFile)
	if err != nil {
		t.Fatal(err)
	}
	var got summary
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatalf("%v in %s", err, content)
	}
	for _, h := range got.Hosts {
		if h.DiscoveredBy != "mdns" || !h.Paired {
			t.Errorf("host %+v", h)
		}
	}
	if len(got.Hosts) != 2 || len(got.Instances) != 3 || len(got.Kills) != 3 {
		t.Errorf("hosts %v, instances %v, kills %v", got.Hosts, got.Instances, got.Kills)
	}
	if b := got.Bus; !b.Conserved || b.Sent == 0 || b.Received == 0 || b.Latency.P50 <= 0 || b.Latency.P99 < b.Latency.P50 {
		t.Errorf("bus %+v", b)
	}
}

// A module that counts one item twice must not get past the demo's count.
func TestDemoNoticesADoubledItem(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	source, err := filepath.Abs("../../lua/bus/chest.lua")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	const right, wrong = "accounts.e[key] = before + taken", "accounts.e[key] = before + taken + (before == 0 and 1 or 0)"
	broken := strings.Replace(string(content), right, wrong, 1)
	if broken == string(content) {
		t.Fatalf("%s has no line %q to break", source, right)
	}
	dir := t.TempDir()
	brokenFile := filepath.Join(dir, "chest.lua")
	if err := os.WriteFile(brokenFile, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: brokenFile}})
	if err != nil {
		t.Fatal(err)
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := demo(t, programs(t, overlayFile), filepath.Join(dir, "summary.json"))
	if code != 1 || !strings.Contains(out, "that nobody made") {
		t.Errorf("exit code %d, want 1 for the item too many\n%s", code, out)
	}
}

func TestDemoNeedsMulticast(t *testing.T) {
	bin := programs(t, "")
	alone := exec.Command("unshare", "--net", "--map-root-user", "true")
	if out, err := alone.CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: no network namespace to be had here: %v %s", err, out)
	}
	cmd := exec.Command("unshare", "--net", "--map-root-user", "sh", "-c", "ip link set lo up; exec "+filepath.Join(bin, "mainbus-demo")+" --bin "+bin)
	out, _ := cmd.CombinedOutput() // the exit code is looked at below
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(out), "multicast") {
		t.Errorf("with a loopback interface only: exit code %d, printed %q", code, out)
	}
}

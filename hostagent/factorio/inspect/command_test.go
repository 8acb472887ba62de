package inspect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	"mainbus/hostagent/factorio/encoded"
	"mainbus/hostagent/factorio/internal/sample"
)

// A command is mainbusctl as users have it.
type command string

// built is the folder of the command, which one build makes for all tests.
var built string

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "inspect-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(built)
	os.Exit(code)
}

var buildOnce = sync.OnceValues(func() (command, error) {
	path := filepath.Join(built, "mainbusctl")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", path, "mainbus/cmd/mainbusctl").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return command(path), nil
})

func build(t *testing.T) command {
	t.Helper()
	c, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// inspect runs mainbusctl inspect without any controller.
func (c command) inspect(t *testing.T, stdin []byte, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), string(c), append([]string{"--data", t.TempDir(), "inspect"}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	return value
}

// Each sample says what is expected of it, from the file and from standard input.
func TestCommandOnSamples(t *testing.T) {
	sample.Dir(t, "saves")
	c := build(t)
	for _, s := range []struct{ folder, expected string }{{"saves", "expected-headers.json"}, {"mod-settings", "expected-decoded.json"}} {
		t.Run(s.folder, func(t *testing.T) {
			dir := sample.Dir(t, s.folder)
			text, err := os.ReadFile(filepath.Join(dir, s.expected))
			if err != nil {
				t.Fatal(err)
			}
			var expected map[string]json.RawMessage
			if err := json.Unmarshal(text, &expected); err != nil || len(expected) < 3 {
				t.Fatalf("%d files, %v", len(expected), err)
			}
			for name, raw := range expected {
				c.checkBothWays(t, filepath.Join(dir, name), decode(t, raw))
			}
		})
	}
}

// checkBothWays inspects a file by name and by standard input.
func (c command) checkBothWays(t *testing.T, path string, want any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, way := range []struct {
		name  string
		stdin []byte
	}{{path, nil}, {"-", data}} {
		out, errs, code := c.inspect(t, way.stdin, way.name, "--json")
		if code != 0 || errs != "" {
			t.Errorf("%s as %s: exit code %d, %s", path, way.name, code, errs)
			continue
		}
		if got := decode(t, []byte(out)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s as %s\n got %.2000s\nwant %.2000v", path, way.name, out, want)
		}
		if text, _, code := c.inspect(t, way.stdin, way.name); code != 0 || !strings.Contains(text, "Factorio") {
			t.Errorf("%s as %s for people: exit code %d, %s", path, way.name, code, text)
		}
	}
}

func TestCommandOnExchangeStrings(t *testing.T) {
	dir := sample.Dir(t, "exchange-strings")
	decodeFile := func(name string) map[string]any {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return decode(t, text).(map[string]any)
	}
	texts, expected := decodeFile("strings.json"), decodeFile("expected.json")
	if len(texts) < 2 {
		t.Fatalf("%d strings", len(texts))
	}
	c := build(t)
	for name, text := range texts {
		path := filepath.Join(t.TempDir(), name+".txt")
		if err := os.WriteFile(path, []byte(text.(string)), 0o600); err != nil {
			t.Fatal(err)
		}
		c.checkBothWays(t, path, map[string]any{
			"map_gen_settings": expected[name+"_map_gen_settings"], "map_settings": expected[name+"_map_settings"],
		})
	}
}

func TestCommandOnLogs(t *testing.T) {
	dir := sample.Dir(t, "logs")
	c := build(t)
	tests := []struct {
		name, version string
		states        string
		saves         int
		failure       any
		lines         float64
	}{
		{"0.17.74-headless-previous.log", "0.17.74", "Ready PreparedToHostGame CreatingGame InGame InGameSavingMap InGame DisconnectingScheduled Disconnecting Disconnected Closed", 2, nil, 69},
		{"1.1.25-headless-previous-port-in-use.log", "1.1.25", "Ready PreparedToHostGame CreatingGame InitializationFailed DisconnectingScheduled Closed", 0, "Host address is already in use.", 38},
		{"2.0.55-headless-current-failed-start.log", "2.0.55", "Ready PreparedToHostGame CreatingGame InitializationFailed Closed", 0,
			`filesystem error: create_directories "/opt/factorio/temp/currently-playing" failed: Permission denied [/opt/factorio/temp/currently-playing]`, 50},
		{"2.0.77-headless-stdout-sessions.txt", "2.0.77", "Ready PreparedToHostGame CreatingGame InGame DisconnectingScheduled Disconnecting Disconnected Closed", 1, nil, 74},
	}
	for _, test := range tests {
		out, errs, code := c.inspect(t, nil, filepath.Join(dir, test.name), "--json")
		var got struct {
			Summary struct {
				Version string
				States  []string
				Players []string
				Saves   []string
				Failure any
			}
			Events []struct {
				Line   float64
				Time   any
				Shape  string
				Kind   string
				Fields map[string]any
			}
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 {
			t.Errorf("%s: exit code %d, %v, %s", test.name, code, err, errs)
			continue
		}
		s := got.Summary
		if s.Version != test.version || strings.Join(s.States, " ") != test.states || len(s.Saves) != test.saves || s.Failure != test.failure || len(s.Players) != 0 {
			t.Errorf("%s: %+v", test.name, s)
		}
		if last := got.Events[len(got.Events)-1]; last.Line < test.lines || last.Line > test.lines+1 {
			t.Errorf("%s: the last event is at line %v, want %v", test.name, last.Line, test.lines)
		}
		for _, e := range got.Events {
			if e.Shape == "" || e.Kind == "" || e.Fields == nil || (e.Time == nil) != (e.Shape == "bare") || e.Fields["doubt"] != nil {
				t.Errorf("%s: %+v", test.name, e)
			}
		}
	}
}

func TestCommandOnStandardInput(t *testing.T) {
	c := build(t)
	if out, errs, code := c.inspect(t, []byte(run), "-"); code != 0 || !strings.Contains(out, "Log of Factorio 2.0.77") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	if out, errs, code := c.inspect(t, []byte(encoded.EncodeBlueprint([]byte(`{"blueprint":{"label":"smelter"}}`))), "-"); code != 0 || !strings.Contains(out, "smelter") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	if out, errs, code := c.inspect(t, []byte(">>>eNpjZGBk<<<"), "-"); code != 1 || out != "" || strings.Count(errs, "\n") != 1 {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	if out, errs, code := c.inspect(t, []byte(strings.Repeat("x", 1<<20)), "-"); code != 1 || out != "" || strings.Count(errs, "\n") != 1 {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// built is the program as users have it.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "mainbusctl-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "mainbusctl")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", &exec.Error{Name: string(out), Err: err}
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := built(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// inspectRun runs mainbusctl inspect without any controller.
func inspectRun(t *testing.T, stdin []byte, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{"--data", t.TempDir(), "inspect"}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// samples returns the folder samples/name of the shared material.
func samples(t *testing.T, name string) string {
	t.Helper()
	for _, shared := range []string{os.Getenv("MAINBUS_SHARED"), filepath.Join("..", "..", "..", "shared"), filepath.Join("..", "..", "shared")} {
		dir := filepath.Join(shared, "samples", name)
		if _, err := os.Stat(dir); shared != "" && err == nil {
			return dir
		}
	}
	t.Skipf("SKIPPED: the samples of real games are missing: no shared/samples/%s beside the repository; set MAINBUS_SHARED", name)
	return ""
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
func TestInspectSamples(t *testing.T) {
	for _, s := range []struct{ folder, expected string }{{"saves", "expected-headers.json"}, {"mod-settings", "expected-decoded.json"}} {
		t.Run(s.folder, func(t *testing.T) {
			dir := samples(t, s.folder)
			text, err := os.ReadFile(filepath.Join(dir, s.expected))
			if err != nil {
				t.Fatal(err)
			}
			var expected map[string]json.RawMessage
			if err := json.Unmarshal(text, &expected); err != nil || len(expected) < 3 {
				t.Fatalf("%d files, %v", len(expected), err)
			}
			for name, raw := range expected {
				checkBothWays(t, filepath.Join(dir, name), decode(t, raw))
			}
		})
	}
}

// checkBothWays inspects a file by name and by standard input.
func checkBothWays(t *testing.T, path string, want any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, way := range []struct {
		name  string
		stdin []byte
	}{{path, nil}, {"-", data}} {
		out, errs, code := inspectRun(t, way.stdin, way.name, "--json")
		if code != 0 || errs != "" {
			t.Errorf("%s as %s: exit code %d, %s", path, way.name, code, errs)
			continue
		}
		if got := decode(t, []byte(out)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s as %s\n got %.2000s\nwant %.2000v", path, way.name, out, want)
		}
		if text, _, code := inspectRun(t, way.stdin, way.name); code != 0 || !strings.Contains(text, "Factorio") {
			t.Errorf("%s as %s for people: exit code %d, %s", path, way.name, code, text)
		}
	}
}

func TestInspectLogs(t *testing.T) {
	dir := samples(t, "logs")
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
		out, errs, code := inspectRun(t, nil, filepath.Join(dir, test.name), "--json")
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

func TestInspectRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name, file string
		want       string
	}{
		{"nothing there", filepath.Join(dir, "none"), "no such file"},
		{"an empty file", write("empty.zip", ""), "it is empty"},
		{"a text", write("save.zip", "hello\nworld\n"), "no file of the game that can be told"},
		{"bytes", write("x.log", "\x7fELF\x02\x01\x01\x00\x00\x00\x00"), "no file of the game that can be told"},
		{"a cut zip", write("cut.zip", "PK\x03\x04\x14\x00"), "it is a zip, but no save and no mod"},
		{"other JSON", write("package.json", `{"left":"pad"}`), "it is JSON, but"},
		{"broken JSON", write("mod-list.json", `{"mods":[`), "it looks like JSON, but is none"},
		{"a mod list without mods", write("mods.json", `{"mods":3}`), "it looks like a mod list"},
		{"a mod without name", write("info.json", `{"version":"1.0.0","title":"x","author":"y"}`), "mod that the game does not load"},
		{"cut mod settings", write("mod-settings.dat", "\x02\x00\x00\x00\x48\x00\x00\x00\x00\x05\x00\x03"), "it looks like mod settings, but can't be read"},
		{"a folder", dir, "mod that the game does not load"},
		{"a folder of something else", t.TempDir(), "it is a folder, but not a mod's"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, args := range [][]string{{test.file}, {test.file, "--json"}} {
				out, errs, code := inspectRun(t, nil, args...)
				if code != 1 || out != "" || !strings.Contains(errs, test.want) || strings.Count(strings.TrimSpace(errs), "\n") != 0 {
					t.Errorf("exit code %d\n%s%s", code, out, errs)
				}
			}
		})
	}
	if _, errs, code := inspectRun(t, []byte(strings.Repeat("x", 1<<20)), "-"); code != 1 || !strings.Contains(errs, "no file of the game") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if _, errs, code := inspectRun(t, nil); code != 2 {
		t.Errorf("without a file: exit code %d: %s", code, errs)
	}
}

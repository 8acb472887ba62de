package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/factorio"
)

// The test program plays the game when it is started under the name of the game's program: it says what the file "say"
// beside it holds, or does what it names.
func TestMain(m *testing.M) {
	self, err := os.Executable()
	if err == nil && filepath.Base(self) == executable {
		os.Exit(playGame(filepath.Join(filepath.Dir(self), "say")))
	}
	os.Exit(m.Run())
}

func playGame(script string) int {
	say, err := os.ReadFile(script)
	if err != nil || len(os.Args) != 2 || os.Args[1] != "--version" {
		return 2
	}
	switch string(say) {
	case "hang":
		time.Sleep(time.Minute)
	case "silent":
		if os.Getenv("SteamAppId") != "427520" {
			return 4
		}
	case "fail":
		fmt.Println("no such library")
		return 1
	case "flood":
		fmt.Print(strings.Repeat("x", 1<<20))
	case "folder":
		dir, err := os.Getwd()
		if entries, listErr := os.ReadDir("."); err != nil || listErr != nil || len(entries) > 0 {
			return 3
		}
		if err := os.WriteFile("factorio-current.log", nil, 0o600); err != nil {
			return 3
		}
		if err := os.WriteFile(script+".dir", []byte(dir), 0o600); err != nil {
			return 3
		}
		fmt.Println("Version: 2.0.77 (build 84539, linux64, headless)")
	default:
		fmt.Print(string(say))
	}
	return 0
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// makeGame makes an installation whose program is this test program.
func makeGame(t *testing.T, say string) *Installation {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "data", "base", "info.json"), "{}", 0o600)
	bin := filepath.Join(dir, "bin", "x64", executable)
	write(t, filepath.Join(filepath.Dir(bin), "say"), say, 0o600)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	copyFile(t, self, bin)
	t.Setenv("GORACE", "atexit_sleep_ms=0") // or each run takes a second under the race detector
	i, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if i.Dir() != dir || i.Binary() != bin || i.Data() != filepath.Join(dir, "data") {
		t.Errorf("dir %s, binary %s, data %s", i.Dir(), i.Binary(), i.Data())
	}
	return i
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	if os.Link(from, to) == nil {
		return
	}
	r, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, r); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestIdentify(t *testing.T) {
	for say, want := range map[string]Identity{
		"Version: 2.0.77 (build 84539, linux64, headless)\nVersion: 64\nMap input version: 1.0.0-0\nMap output version: 2.0.77-0\n": {
			factorio.Version{Major: 2, Patch: 77}, 84539, "linux64", "headless"},
		"Version: 2.1.11 (build 86962, win64, steam)\r\nVersion: 64\r\n": {factorio.Version{Major: 2, Minor: 1, Patch: 11}, 86962, "win64", "steam"},
		"Version: 2.0.72 (build 84292, linux64, full, space-age)\n":      {factorio.Version{Major: 2, Patch: 72}, 84292, "linux64", "full, space-age"},
		"Version: 1.1.110 (build 62357, linux-arm64, headless)\r\nBinary version: 64\r\n": {
			factorio.Version{Major: 1, Minor: 1, Patch: 110}, 62357, "linux-arm64", "headless"},
		"   0.000 Some warning\nVersion: 0.17.74 (build 47523, linux64, headless)\n": {factorio.Version{Minor: 17, Patch: 74}, 47523, "linux64", "headless"},
		"Version: 2.0.7\n":                   {Version: factorio.Version{Major: 2, Patch: 7}},
		"Version: 2.0.7 (built yesterday)\n": {Version: factorio.Version{Major: 2, Patch: 7}},
	} {
		if got, err := makeGame(t, say).Identify(t.Context()); err != nil || got != want {
			t.Errorf("%q: %+v, %v", say, got, err)
		}
	}
	for _, say := range []string{"fail", "flood", "Version: 64\n", "Map output version: 2.0.77-0\n", "Version: 2.0.65536\n", " ", "silent"} {
		if got, err := makeGame(t, say).Identify(t.Context()); err == nil {
			t.Errorf("%q: %v without error", say, got)
		}
	}
}

func TestVersionOfAProgramThatSaysNothing(t *testing.T) {
	i := makeGame(t, "silent")
	write(t, filepath.Join(i.Data(), "base", "info.json"), `{"name": "base", "version": "2.0.77"}`, 0o600)
	got, err := i.Identify(t.Context())
	if want := (Identity{Version: factorio.Version{Major: 2, Patch: 77}}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOnlyHeadlessCopiesNeedNoSteam(t *testing.T) {
	for edition, want := range map[string]string{"headless": "[]", "steam": "[SteamAppId=427520]", "full": "[SteamAppId=427520]", "": "[SteamAppId=427520]"} {
		if got := fmt.Sprint(Identity{Edition: edition}.Env()); got != want {
			t.Errorf("%q: %s, want %s", edition, got, want)
		}
	}
}

func TestVersionRunsInAFolderOfItsOwn(t *testing.T) {
	i := makeGame(t, "folder")
	if _, err := i.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir, err := os.ReadFile(filepath.Join(filepath.Dir(i.Binary()), "say.dir"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(string(dir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", dir, err)
	}
}

func TestVersionEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := makeGame(t, "hang").Identify(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	noProgram, noData, noMode, folder := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	write(t, filepath.Join(noProgram, "data", "base", "info.json"), "{}", 0o600)
	write(t, filepath.Join(noData, "bin", "x64", executable), "", 0o700)
	write(t, filepath.Join(noMode, "data", "base", "info.json"), "{}", 0o600)
	write(t, filepath.Join(noMode, "bin", "x64", executable), "", 0o600)
	write(t, filepath.Join(folder, "data", "base", "info.json"), "{}", 0o600)
	write(t, filepath.Join(folder, "bin", "x64", executable, "file"), "", 0o600)
	cases := map[string]string{
		t.TempDir(): "data/base/info.json", noProgram: executable, noData: "data/base/info.json",
		folder: "not an executable file", filepath.Join(noData, "absent"): "data/base/info.json",
	}
	if executable == "factorio" {
		cases[noMode] = "not an executable file"
	}
	for dir, want := range cases {
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%s): error %v, want one with %q", dir, err, want)
		}
	}
}

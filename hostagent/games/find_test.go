package games

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/webtest"
	"mainbus/hostagent/releases"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestGamesAreFoundWhereverTheyAre(t *testing.T) {
	home, disk, named, dir := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	native := filepath.Join(home, ".local", "share", "Steam")
	flatpak := filepath.Join(home, ".var", "app", "com.valvesoftware.Steam", ".local", "share", "Steam")
	for _, root := range []string{native, flatpak} {
		write(t, filepath.Join(root, "steamapps", "libraryfolders.vdf"), fmt.Sprintf(`"libraryfolders" { "0" { "path" %q } "1" { "path" %q } }`, root, disk))
	}
	common := filepath.Join("steamapps", "common", "Factorio")
	makeGame(t, filepath.Join(native, common), "2.0.76", "steam")
	makeGame(t, filepath.Join(flatpak, common), "2.1.12", "steam")
	makeGame(t, filepath.Join(disk, common), "2.0.72", "steam") // in both lists
	makeGame(t, filepath.Join(home, "factorio"), "1.1.110", "full")
	makeGame(t, named, "2.0.76", "headless")
	makeGame(t, filepath.Join(dir, "2.0.7"), "2.0.7", "headless")
	write(t, filepath.Join(dir, "2.0.8", "bin", "x64", "factorio"), "") // half a game
	if err := errors.Join(os.MkdirAll(filepath.Join(home, ".steam"), 0o700), os.Symlink(native, filepath.Join(home, ".steam", "steam"))); err != nil {
		t.Skip("SKIPPED: no symbolic links here:", err)
	}
	absent := filepath.Join(home, "absent")
	cfg := config(dir, "http://127.0.0.1:1")
	cfg.Named, cfg.Places = []string{named, absent}, placesOf("linux", home, nil)
	s, _ := open(t, cfg)
	want := "2.1.12 steam , 2.0.76 named , 2.0.76 steam , 2.0.72 steam , 2.0.7 downloaded , 1.1.110 found , 0.0.0 named "
	if got := versions(s); got != want {
		t.Errorf("found %s\nwant  %s", got, want)
	}
	last := s.List()[6]
	if last.Dir != absent || !strings.Contains(last.Problem, "has not both") || s.List()[1].Build != 12345 || s.Default() != "2.0.76" {
		t.Errorf("%+v, default %q", last, s.Default())
	}
	for at, env := range map[int]string{0: "[SteamAppId=427520]", 1: "[]", 5: "[SteamAppId=427520]"} {
		if got := fmt.Sprint(s.List()[at].Env()); got != env {
			t.Errorf("%s is started with %s, want %s", s.List()[at].Version, got, env)
		}
	}
}

func TestUsualPlaces(t *testing.T) {
	for system, want := range map[string]string{"linux": "/opt/factorio", "darwin": "/Applications/factorio.app", "windows": `C:\Program Files\Factorio`} {
		if !slices.Contains(usualPlaces(system, "home"), want) {
			t.Errorf("%s: no %s", system, want)
		}
	}
	for system, want := range map[string]releases.Distro{"linux/amd64": releases.Linux64, "linux/arm64": releases.LinuxARM64, "linux/386": "", "windows/amd64": "", "darwin/arm64": ""} {
		os, arch, _ := strings.Cut(system, "/")
		if got := DistroOf(os, arch); got != want {
			t.Errorf("%s: %q can be downloaded, want %q", system, got, want)
		}
	}
}

func TestNamedFoldersAreRemembered(t *testing.T) {
	dir, game := t.TempDir(), makeGame(t, t.TempDir(), "2.0.76", "full")
	s, end := open(t, config(dir, ""))
	if _, err := s.Take(t.Context(), "x", Wish{}, quiet); !errors.Is(err, ErrNoGame) {
		t.Errorf("with no game: %v", err)
	}
	if err := s.AddFolder(t.TempDir()); err == nil || !strings.Contains(err.Error(), "choose the folder that holds") {
		t.Errorf("an empty folder: %v", err)
	}
	if err := errors.Join(s.AddFolder(game), s.AddFolder(game)); err != nil {
		t.Fatal(err)
	}
	end()
	s, _ = open(t, config(dir, ""))
	if got := versions(s); got != "2.0.76 named " {
		t.Errorf("after a restart: %s", got)
	}
	if err := s.ForgetFolder(game); err != nil || versions(s) != "" || s.ForgetFolder(game) == nil {
		t.Errorf("forgotten: %v, %s", err, versions(s))
	}
	if _, err := os.Stat(game); err != nil {
		t.Error(err)
	}
}

// Steam updates a game where it stands: what runs is what is there, not what was seen there.
func TestCopyThatChangedIsAskedAgain(t *testing.T) {
	dir := makeGame(t, t.TempDir(), "2.0.76", "steam")
	cfg := config(t.TempDir(), "")
	cfg.Named = []string{dir}
	s, _ := open(t, cfg)
	makeGame(t, dir, "2.0.77", "steam ") // of another size
	g, err := s.Take(t.Context(), "x", Wish{}, quiet)
	if err != nil || g.Version != v("2.0.77") {
		t.Errorf("taken %v, %v", g.Version, err)
	}
	if _, err := s.Take(t.Context(), "y", Wish{Selector: factorio.Exactly(v("2.0.76"))}, quiet); err == nil || !strings.Contains(err.Error(), "installed: 2.0.77") {
		t.Errorf("the version before: %v", err)
	}
	if got := versions(s); got != "2.0.77 named x" {
		t.Error(got)
	}
}

func TestReleasesAreAskedForAtMostHourly(t *testing.T) {
	web := webtest.New(t)
	web.SetLatest("stable", "headless", "2.0.77")
	web.SetLatest("experimental", "expansion", "2.1.12")
	publish(t, web, "2.0.76", "2.0.76", true)
	dir := t.TempDir()
	s, end := open(t, config(dir, web.Site))
	for range 3 {
		a, err := s.Available(t.Context(), false)
		if err != nil || a.Stable != v("2.0.77") || a.Experimental != v("2.1.12") || !slices.Equal(a.Versions, []factorio.Version{v("2.0.76")}) {
			t.Errorf("%+v, %v", a, err)
		}
	}
	if n := len(web.RequestsTo("/api/latest")); n != 1 {
		t.Errorf("asked %d times", n)
	}
	end()
	web.SetLatest("stable", "headless", "2.0.78")
	s, _ = open(t, config(dir, web.Site))
	if a, err := s.Available(t.Context(), true); err != nil || a.Stable != v("2.0.78") {
		t.Errorf("asked at once: %+v, %v", a, err)
	}
	web.Misbehave("/api/latest", 2, webtest.Status(503, ""))
	if a, err := s.Available(t.Context(), true); err == nil || a.Stable != v("2.0.78") {
		t.Errorf("while the service is down: %+v, %v", a, err)
	}
}

package games

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/webtest"
)

// names returns what lies in the folder of games, without what is remembered of releases.
func names(t *testing.T, dir string) string {
	t.Helper()
	var list []string
	for _, at := range []string{dir, filepath.Join(dir, downloads)} {
		entries, err := os.ReadDir(at)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Name() != downloads && e.Name() != releasesIn {
				list = append(list, e.Name())
			}
		}
	}
	return strings.Join(list, " ")
}

func TestDownload(t *testing.T) {
	web := webtest.New(t)
	publish(t, web, "2.0.77", "2.0.77", true)
	publish(t, web, "2.0.76", "2.0.76", false)
	dir := t.TempDir()
	s, _ := open(t, config(dir, web.Site))
	if err := errors.Join(s.Download(v("2.0.77")), s.Download(v("2.0.76"))); err != nil {
		t.Fatal(err)
	}
	if failures := settled(t, s); failures != "" {
		t.Fatal(failures)
	}
	if got, want := versions(s), "2.0.77 downloaded , 2.0.76 downloaded "; got != want || names(t, dir) != "2.0.76 2.0.77" {
		t.Errorf("installed %s, want %s; in the folder: %s", got, want, names(t, dir))
	}
	list := s.List()
	if list[0].Unverified != "" || !strings.Contains(list[1].Unverified, "publishes no checksum") {
		t.Errorf("checksums: %q, %q", list[0].Unverified, list[1].Unverified)
	}
	if err := s.Download(v("2.0.77")); err == nil || !strings.Contains(err.Error(), "downloaded already") {
		t.Errorf("once more: %v", err)
	}

	game, err := s.Take(t.Context(), "alpha", Wish{Selector: factorio.Exactly(v("2.0.77"))}, quiet)
	if err != nil || game.Dir != filepath.Join(dir, "2.0.77") {
		t.Fatalf("taken %s, %v", game.Dir, err)
	}
	if err := s.Remove(v("2.0.77")); !errors.Is(err, ErrUsed) || !strings.Contains(err.Error(), "alpha") {
		t.Errorf("removed while it runs: %v", err)
	}
	s.Release("alpha")
	if err := errors.Join(s.Remove(v("2.0.77")), s.Remove(v("2.0.76"))); err != nil || versions(s) != "" || names(t, dir) != "" {
		t.Errorf("removed: %v, left are %s", err, names(t, dir))
	}
	if err := s.Remove(v("2.0.77")); err == nil || !strings.Contains(err.Error(), "was not downloaded by this host") {
		t.Errorf("removed twice: %v", err)
	}
}

func TestWhatIsMissingIsDownloadedAtTheStart(t *testing.T) {
	web := webtest.New(t)
	publish(t, web, "2.0.77", "2.0.77", true)
	web.SetLatest("stable", "headless", "2.0.77")
	web.Misbehave("/releases/", 1, webtest.Slowly(64<<10, 20*time.Millisecond))
	s, _ := open(t, config(t.TempDir(), web.Site))
	stable, err := factorio.ParseSelector("stable")
	if err != nil {
		t.Fatal(err)
	}
	w := Wish{Selector: stable, Download: true}
	if version, remark := s.Preview(w); version != "" || !strings.Contains(remark, "is not known") {
		t.Errorf("before anything is known: %q, %q", version, remark)
	}
	var mu sync.Mutex
	phases := ""
	takers := make(chan error, 3)
	for _, user := range []string{"a", "b", "c"} {
		go func() {
			g, err := s.Take(t.Context(), user, w, func(phase string) { mu.Lock(); phases += phase + "\n"; mu.Unlock() })
			if err == nil && g.Version != v("2.0.77") {
				err = errors.New("took " + g.Version.String())
			}
			takers <- err
		}()
	}
	for range 3 {
		if err := <-takers; err != nil {
			t.Error(err)
		}
	}
	if n := len(web.RequestsTo("/releases/")); n != 1 {
		t.Errorf("downloaded %d times", n)
	}
	if !strings.Contains(phases, "downloading Factorio 2.0.77") || !strings.Contains(phases, " %\n") {
		t.Errorf("phases %q", phases)
	}
	if got := versions(s); got != "2.0.77 downloaded a+b+c" {
		t.Error(got)
	}
	if version, remark := s.Preview(w); version != "2.0.77" || remark != "" {
		t.Errorf("then: %q, %q", version, remark)
	}
}

func TestDownloadsThatFailLeaveNothing(t *testing.T) {
	tests := map[string]struct {
		prepare func(*testing.T, *webtest.Services, *Config)
		want    string
	}{
		"damaged": {func(t *testing.T, web *webtest.Services, _ *Config) {
			publish(t, web, "2.0.77", "2.0.77", true)
			web.Misbehave("/releases/", 1, webtest.Damaged)
		}, "damaged or was changed"},
		"damaged without a checksum": {func(t *testing.T, web *webtest.Services, _ *Config) {
			publish(t, web, "2.0.77", "2.0.77", false)
			web.Misbehave("/releases/", 1, webtest.Damaged)
		}, "unpack factorio-headless"},
		"absent": {func(*testing.T, *webtest.Services, *Config) {}, "not every version exists"},
		"another version": {func(t *testing.T, web *webtest.Services, _ *Config) {
			publish(t, web, "2.0.77", "2.0.7", true)
		}, "says that it is 2.0.7"},
		"no game": {func(t *testing.T, web *webtest.Services, _ *Config) {
			web.AddBuild("2.0.77", "headless", "linux64", "x.tar.xz", webtest.TarXZ(t, t.TempDir(), "factorio"), true)
		}, "is no game"},
		"no tar": {func(t *testing.T, web *webtest.Services, _ *Config) {
			web.AddBuild("2.0.77", "headless", "linux64", "x.tar.xz", webtest.StoreXZ([]byte("rubbish")), true)
		}, "unpack"},
		"little room": {func(t *testing.T, web *webtest.Services, cfg *Config) {
			publish(t, web, "2.0.77", "2.0.77", true)
			cfg.Free = func(string) (int64, error) { return 70 << 20, nil }
		}, "the disk is too full"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			web, dir := webtest.New(t), t.TempDir()
			cfg := config(dir, web.Site)
			test.prepare(t, web, &cfg)
			s, _ := open(t, cfg)
			if err := s.Download(v("2.0.77")); err != nil {
				t.Fatal(err)
			}
			if failures := settled(t, s); !strings.Contains(failures, test.want) {
				t.Errorf("failure %q, want %q", failures, test.want)
			}
			if got := names(t, dir); got != "" || versions(s) != "" {
				t.Errorf("left are %s, installed %s", got, versions(s))
			}
			if err := s.Cancel(v("2.0.77")); err != nil || len(s.Downloads()) > 0 || s.Cancel(v("2.0.77")) == nil {
				t.Errorf("not put away: %v, %v", err, s.Downloads())
			}
		})
	}
}

func TestNothingIsDownloadedWhereThereIsNothing(t *testing.T) {
	cfg := config(t.TempDir(), "")
	cfg.Distro = ""
	s, _ := open(t, cfg)
	if err := s.Download(v("2.0.77")); !errors.Is(err, ErrNoDownload) {
		t.Error(err)
	}
}

func TestCancelledDownloadGoesOnLater(t *testing.T) {
	web, dir := webtest.New(t), t.TempDir()
	publish(t, web, "2.0.77", "2.0.77", true)
	web.Misbehave("/releases/", 1, webtest.Silent(1<<20))
	s, _ := open(t, config(dir, web.Site))
	w := Wish{Selector: factorio.Exactly(v("2.0.77")), Download: true}
	ctx, cancel := context.WithCancel(t.Context())
	taken := make(chan error, 1)
	go func() {
		_, err := s.Take(ctx, "x", w, quiet)
		taken <- err
	}()
	eventually(t, "a half comes", func() bool { return halfCame(dir) })
	cancel()
	if err := <-taken; !errors.Is(err, context.Canceled) {
		t.Errorf("an asker that left: %v", err)
	}
	if err := s.Cancel(v("2.0.77")); err != nil {
		t.Error(err)
	}
	if failures := settled(t, s); failures != "" || versions(s) != "" {
		t.Errorf("cancelled: %q, %s", failures, versions(s))
	}
	if _, err := s.Take(t.Context(), "x", w, quiet); err != nil {
		t.Error(err)
	}
	wantResumed(t, web)
}

// wantResumed wants the second request for the file to have asked for what the first did not bring.
func wantResumed(t *testing.T, web *webtest.Services) {
	t.Helper()
	asked := web.RequestsTo("/releases/")
	if len(asked) != 2 || asked[1].Header.Get("Range") == "" {
		t.Errorf("asked %d times, the last time for the range %q", len(asked), asked[len(asked)-1].Header.Get("Range"))
	}
}

// kill starts an agent that downloads, and kills it when its folder looks so.
func kill(t *testing.T, dir, site string, when func() bool) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	agent := exec.Command(self)
	agent.Env = append(os.Environ(), "MAINBUS_TEST_DIR="+dir, "MAINBUS_TEST_SITE="+site)
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	defer agent.Wait()
	defer agent.Process.Kill()
	eventually(t, "the moment to kill", when)
}

// halfCame tells that the first MiB of a download is on the disk.
func halfCame(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, downloads, ".factorio-headless-linux64-2.0.77.tar.xz.partial"))
	return err == nil && info.Size() >= 1<<20
}

func exists(pattern string) bool {
	found, err := filepath.Glob(pattern)
	return err == nil && len(found) > 0
}

func TestKilledWhileItDownloads(t *testing.T) {
	web, dir := webtest.New(t), t.TempDir()
	publish(t, web, "2.0.77", "2.0.77", true)
	web.Misbehave("/releases/", 1, webtest.Silent(1<<20))
	kill(t, dir, web.Site, func() bool { return halfCame(dir) })
	s, _ := open(t, config(dir, web.Site))
	if err := s.Download(v("2.0.77")); err != nil {
		t.Fatal(err)
	}
	if failures := settled(t, s); failures != "" || versions(s) != "2.0.77 downloaded " || names(t, dir) != "2.0.77" {
		t.Errorf("%q, installed %s, in the folder %s", failures, versions(s), names(t, dir))
	}
	wantResumed(t, web)
}

func TestKilledWhileItUnpacks(t *testing.T) {
	web, dir := webtest.New(t), t.TempDir()
	game := makeGame(t, t.TempDir(), "2.0.77", "headless")
	for i := range 2000 { // which take a while to be made
		write(t, filepath.Join(game, "data", "files", strings.Repeat("x", i%50+1), strings.Repeat("y", i/50+1)), "z")
	}
	web.AddBuild("2.0.77", "headless", "linux64", "factorio-headless_linux_2.0.77.tar.xz", webtest.TarXZ(t, game, "factorio"), true)
	kill(t, dir, web.Site, func() bool { return exists(filepath.Join(dir, unpacking+"*")) })
	if versions := filepath.Join(dir, "2.0.77"); exists(versions) {
		t.Log("it was quicker than its death")
	}
	s, _ := open(t, config(dir, web.Site))
	if exists(filepath.Join(dir, unpacking+"*")) {
		t.Error("what was half unpacked is left")
	}
	if _, err := s.Take(t.Context(), "x", Wish{Selector: factorio.Exactly(v("2.0.77")), Download: true}, quiet); err != nil {
		t.Fatal(err)
	}
	if n := len(web.RequestsTo("/releases/")); n != 1 || versions(s) != "2.0.77 downloaded x" {
		t.Errorf("downloaded %d times; installed %s", n, versions(s))
	}
}

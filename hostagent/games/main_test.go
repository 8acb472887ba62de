package games

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/webtest"
	"mainbus/hostagent/releases"
	"mainbus/transport/fetch"
)

// The test program is an agent that downloads, for tests that kill it.
func TestMain(m *testing.M) {
	if site := os.Getenv("MAINBUS_TEST_SITE"); site != "" {
		s, err := Open(context.Background(), config(os.Getenv("MAINBUS_TEST_DIR"), site))
		if err == nil {
			err = s.Download(v("2.0.77"))
		}
		fmt.Println(err)
		s.Wait()
	}
	goleak.VerifyTestMain(m)
}

func v(text string) factorio.Version {
	version, err := factorio.ParseVersion(text)
	if err != nil {
		panic(err)
	}
	return version
}

func config(dir, site string) Config {
	return Config{
		Dir: dir, Distro: releases.Linux64, Changed: func() {}, Log: slog.New(slog.DiscardHandler),
		Releases: releases.New(fetch.New(fetch.Options{Backoff: time.Millisecond, Attempts: 2}), releases.Sites{Site: site, Download: site}),
	}
}

// open opens a store that ends with the test, or with what is returned.
func open(t *testing.T, cfg Config) (*Store, func()) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: the games of these tests are scripts of a Unix shell")
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	end := func() { cancel(); s.Wait() }
	t.Cleanup(end)
	return s, end
}

// makeGame makes a copy of the game that says it is this version.
func makeGame(t testing.TB, dir, version, edition string) string {
	t.Helper()
	bin := filepath.Join(dir, "bin", "x64", "factorio")
	info := filepath.Join(dir, "data", "base", "info.json")
	for _, folder := range []string{filepath.Dir(bin), filepath.Dir(info)} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	script := fmt.Sprintf("#!/bin/sh\necho 'Version: %s (build 12345, linux64, %s)'\n", version, edition)
	for path, text := range map[string]string{bin: script, info: "{}"} {
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// publish offers a release that says it is another version, or the same.
func publish(t testing.TB, web *webtest.Services, version, says string, withSum bool) {
	t.Helper()
	dir := makeGame(t, t.TempDir(), says, "headless")
	if err := os.WriteFile(filepath.Join(dir, "data", "big"), []byte(strings.Repeat("0123456789abcdef", 1<<17)), 0o600); err != nil { // 2 MiB
		t.Fatal(err)
	}
	web.AddBuild(version, "headless", "linux64", "factorio-headless_linux_"+version+".tar.xz", webtest.TarXZ(t, dir, "factorio"), withSum)
}

// eventually waits for what is to become true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// settled waits for the end of all downloads and returns what is shown of the failed ones.
func settled(t *testing.T, s *Store) (failures string) {
	t.Helper()
	eventually(t, "the downloads end", func() bool {
		failures = ""
		for _, d := range s.Downloads() {
			if d.Failure == "" {
				return false
			}
			failures += d.Failure
		}
		return true
	})
	return failures
}

func versions(s *Store) string {
	var list []string
	for _, g := range s.List() {
		list = append(list, g.Version.String()+" "+string(g.Source)+" "+strings.Join(g.Users, "+"))
	}
	return strings.Join(list, ", ")
}

func quiet(string) {}

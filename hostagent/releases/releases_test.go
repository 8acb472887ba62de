package releases

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/account"
	"mainbus/hostagent/factorio/webtest"
	"mainbus/transport/fetch"
)

const token = "0123456789abcdef0123456789abcd"

var (
	alice    = account.Account{Username: "alice", Token: token}
	archive  = append([]byte("\xFD7zXZ\x00"), bytes.Repeat([]byte("factory "), 50_000)...)
	v2076    = version("2.0.76")
	headless = Wanted{Version: v2076, Build: Headless, Distro: Linux64}
)

func version(s string) factorio.Version {
	v, err := factorio.ParseVersion(s)
	if err != nil {
		panic(err)
	}
	return v
}

func setUp(t *testing.T) (*Client, *webtest.Services) {
	t.Helper()
	s := webtest.New(t)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	f := fetch.New(fetch.Options{HTTP: &http.Client{Transport: transport}, Backoff: time.Millisecond, IdleTimeout: 200 * time.Millisecond,
		AnswerTimeout: 200 * time.Millisecond, Attempts: 2})
	s.SetLatest("stable", "headless", "2.0.76")
	s.SetLatest("experimental", "headless", "2.1.12")
	s.AddBuild("2.0.76", "headless", "linux64", "factorio-headless_linux_2.0.76.tar.xz", archive, true)
	s.AddBuild("2.1.12", "headless", "linux-arm64", "factorio-headless_linux-arm64_2.1.12.tar.xz", archive, false)
	s.AddBuild("2.0.76", "expansion", "win64-manual", "factorio-space-age_win_2.0.76.zip", []byte("PK\x03\x04 a game"), true)
	s.AddUser(webtest.User{Name: "alice", Token: token, Owns: true})
	return New(f, Sites{Site: s.Site, Download: s.Site, Updater: s.Updater}), s
}

func TestVersions(t *testing.T) {
	c, s := setUp(t)
	latest, err := c.Latest(t.Context())
	if err != nil || latest.Stable[Headless] != v2076 || latest.Experimental[Headless] != version("2.1.12") || len(latest.Stable) != 1 {
		t.Errorf("latest %v, %v", latest, err)
	}
	versions, err := c.Archive(t.Context())
	if want := []factorio.Version{version("2.1.12"), v2076}; err != nil || !slices.Equal(versions, want) {
		t.Errorf("archive %v, %v", versions, err)
	}
	for path, ask := range map[string]func() error{
		"/api/":                 func() error { _, err := c.Latest(t.Context()); return err },
		"/download/archive/":    func() error { _, err := c.Archive(t.Context()); return err },
		"/download/sha256sums/": func() error { _, err := c.Checksums(t.Context()); return err },
	} {
		s.Misbehave(path, 1, webtest.Page)
		if err := ask(); err == nil {
			t.Errorf("%s: a web page is taken for an answer", path)
		}
		s.Misbehave(path, 1, webtest.Status(500, ""))
		if err := ask(); err != nil {
			t.Errorf("%s: not tried again: %v", path, err)
		}
	}
}

func TestParseLatest(t *testing.T) {
	got, err := parseLatest([]byte(`{"stable":{"headless":"2.0.77","alpha":"soon","demo":7},"experimental":null,"more":[1]}`))
	if err != nil || len(got.Stable) != 1 || got.Stable[Headless] != version("2.0.77") || len(got.Experimental) > 0 {
		t.Errorf("%v, %v", got, err)
	}
	for data, want := range map[string]string{
		"": "can't be read", "<html>": "web page", "{}": "names no version", `{"stable":{"headless":"x"}}`: "names no version",
		"[]": "can't be read", `{"stable":[]}`: "names no version",
	} {
		if _, err := parseLatest([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", data, err, want)
		}
	}
}

func TestParseArchive(t *testing.T) {
	page := `<!doctype html><p>Since 0.12.35. <a class="x" href="/download/archive/1.1.110">1.1.110 (stable)</a>
		<a href='https://www.factorio.com/download/archive/2.0.9'>  2.0.9
		</a><b>2.0.10</b><b>70000.1.1</b><b>2.0</b><a href="/blog/1.2">x</a><script>"9.9.9"</script>`
	want := []factorio.Version{version("2.0.10"), version("2.0.9"), version("1.1.110")}
	if got := parseArchive([]byte(page)); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestParseChecksums(t *testing.T) {
	a, b := strings.Repeat("aA", 32), strings.Repeat("bb", 32)
	list := a + "  one.tar.xz\r\n" + b + " *two.zip\n\n# a comment\n" + b[1:] + "  short\n" + a + "\n" + a + "  twice\n" + b + "  twice\n" + a + "  one.tar.xz\n"
	got := parseChecksums([]byte(list))
	if len(got) != 3 || got["one.tar.xz"] != strings.ToLower(a) || got["two.zip"] != b || got["twice"] != "" {
		t.Errorf("%v", got)
	}
}

// The download of the headless server under every misbehaviour: it comes whole and checked, or not at all and with the reason.
func TestDownload(t *testing.T) {
	get, file, sums := "/get-download/", "/releases/", "/download/sha256sums/"
	other := []byte("\xFD7zXZ\x00another")
	tests := []struct {
		name       string
		wanted     Wanted
		account    account.Account
		disturb    func(*webtest.Services)
		want       string // of the error
		unverified string
	}{
		{name: "undisturbed"},
		{name: "cut twice", disturb: func(s *webtest.Services) { s.Misbehave(file, 2, webtest.CutAt(150_000)) }, want: "EOF"},
		{name: "cut once", disturb: func(s *webtest.Services) { s.Misbehave(file, 1, webtest.CutAt(150_000)) }},
		{name: "cut once without ranges", disturb: func(s *webtest.Services) {
			s.Misbehave(file, 1, webtest.Then(webtest.NoRanges, webtest.CutAt(150_000)))
		}},
		{name: "cut, then changed", disturb: func(s *webtest.Services) {
			s.Misbehave(file, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				defer s.ReplaceFile("factorio-headless_linux_2.0.76.tar.xz", other)
				webtest.CutAt(150_000)(w, r, next)
			})
		}, want: "is damaged or was changed on its way"},
		{name: "slow", disturb: func(s *webtest.Services) { s.Misbehave(file, 1, webtest.Slowly(100_000, time.Millisecond)) }},
		{name: "silent", disturb: func(s *webtest.Services) { s.Misbehave(file, 2, webtest.Silent(1000)) }, want: "no answer in time"},
		{name: "mute", disturb: func(s *webtest.Services) { s.Misbehave(get, 2, webtest.Mute) }, want: "no answer in time"},
		{name: "busy", disturb: func(s *webtest.Services) { s.Misbehave(get, 1, webtest.Status(429, "")) }},
		{name: "busy for long", disturb: func(s *webtest.Services) { s.Misbehave(get, 1, webtest.Status(429, "600")) }, want: "it asks to wait 10m0s"},
		{name: "broken", disturb: func(s *webtest.Services) { s.Misbehave(get, 9, webtest.Status(500, "")) }, want: "500"},
		{name: "a page", disturb: func(s *webtest.Services) { s.Misbehave(get, 1, webtest.Page) }, want: "an error page of the web site"},
		{name: "damaged", disturb: func(s *webtest.Services) { s.Misbehave(file, 1, webtest.Damaged) }, want: "is damaged or was changed on its way"},
		{name: "too long announced", disturb: func(s *webtest.Services) { s.Misbehave(file, 2, webtest.WrongLength(10)) }, want: "could not go on where it was cut"},
		{name: "too short announced", disturb: func(s *webtest.Services) { s.Misbehave(file, 2, webtest.WrongLength(-10)) }, want: "is damaged"},
		{name: "round", disturb: func(s *webtest.Services) { s.Misbehave(get, 99, webtest.Loop) }, want: "more than 5 redirects"},
		{name: "another version", disturb: func(s *webtest.Services) {
			s.AddBuild("2.0.76", "headless", "linux64", "factorio-headless_linux_2.0.75.tar.xz", archive, true)
		}, want: "the service sent factorio-headless_linux_2.0.75.tar.xz instead"},
		{name: "the older name", disturb: func(s *webtest.Services) {
			s.AddBuild("2.0.76", "headless", "linux64", "x", archive, false)
			s.AddSum(strings.Repeat("0", 64), "factorio_headless_x64_2.0.76.tar.xz")
		}, want: "is damaged"},
		{name: "no checksum", wanted: Wanted{version("2.1.12"), Headless, LinuxARM64}, unverified: "publishes no checksum"},
		{name: "no list", disturb: func(s *webtest.Services) { s.Misbehave(sums, 9, webtest.Status(404, "")) }, unverified: "could not be read"},
		{name: "no such version", wanted: Wanted{version("2.0.7"), Headless, Linux64}, want: "there is no such file"},
		{name: "needs an account", wanted: Wanted{v2076, Expansion, Win64Manual}, want: "needs a factorio.com account"},
		{name: "with an account", wanted: Wanted{v2076, Expansion, Win64Manual}, account: alice},
		{name: "wrong account", wanted: Wanted{v2076, Expansion, Win64Manual}, account: account.Account{Username: "bob", Token: token}, want: "the login was not accepted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, s := setUp(t)
			if test.disturb != nil {
				test.disturb(s)
			}
			if test.wanted == (Wanted{}) {
				test.wanted = headless
			}
			target := filepath.Join(t.TempDir(), "game")
			if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := c.Download(t.Context(), test.wanted, test.account, To{Target: target})
			content, readErr := os.ReadFile(target)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) || string(content) != "old" {
					t.Errorf("error %v, %d bytes; want %q and the old file", err, len(content), test.want)
				}
			} else if err != nil || got.Verified != (test.unverified == "") || !strings.Contains(got.Unverified, test.unverified) || string(content) == "old" {
				t.Errorf("%+v, %v, want verified or unverified because %q", got, err, test.unverified)
			}
			checkSecrets(t, s, err)
		})
	}
}

// checkSecrets wants the token in the queries of the services alone, never in a Referer, on the file host, or in an error.
func checkSecrets(t *testing.T, s *webtest.Services, err error) {
	t.Helper()
	if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), token) {
		t.Errorf("the token is in an error: %v", err)
	}
	for _, r := range s.Requests() {
		if r.Header.Get("Referer") != "" || strings.Contains(fmt.Sprint(r.Header, r.Path), token) {
			t.Errorf("the token or a Referer is in %+v", r)
		}
	}
	for _, r := range slices.Concat(s.RequestsTo("/releases/"), s.RequestsTo("/updates/"), s.RequestsTo("/get-download/2.0.76/headless")) {
		if r.Query.Has("token") {
			t.Errorf("the token went to %s", r.Path)
		}
	}
}

func TestDownloadCanBeCancelled(t *testing.T) {
	c, s := setUp(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.Misbehave("/releases/", 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		cancel()
		webtest.Silent(1000)(w, r, next)
	})
	dir := t.TempDir()
	_, err := c.Download(ctx, headless, account.Account{}, To{Target: filepath.Join(dir, "game")})
	entries, readErr := os.ReadDir(dir)
	if !errors.Is(err, context.Canceled) || readErr != nil || len(entries) > 0 {
		t.Errorf("%v; %v left, %v", err, entries, readErr)
	}
}

func TestEndlessFileIsCut(t *testing.T) {
	c, s := setUp(t)
	s.Misbehave("/releases/", 1, webtest.Endless)
	target := filepath.Join(t.TempDir(), "game")
	_, err := c.fetch.Download(t.Context(), fetch.Download{
		Request: fetch.Request{URL: s.Site + "/get-download/2.0.76/headless/linux64", Elsewhere: true}, Target: target, MaxBytes: 1 << 20, Kind: xzFile,
	})
	if err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("%v", err)
	}
}

func TestUpdater(t *testing.T) {
	c, s := setUp(t)
	zip := []byte("PK\x03\x04 an update")
	s.AddUpdate(HeadlessPackage, "2.0.74", "2.0.75", zip)
	s.AddUpdate(HeadlessPackage, "2.0.75", "2.0.76", zip)
	s.AddUpdate(HeadlessPackage, "2.0.73", "2.0.76", zip)
	s.AddUpdate(HeadlessPackage, "2.0.73", "2.0.74", zip)
	updates, err := c.Updates(t.Context(), alice)
	if err != nil {
		t.Fatal(err)
	}
	p := updates[HeadlessPackage]
	if p.Stable != v2076 || len(p.Steps) != 4 {
		t.Fatalf("%+v", p)
	}
	for path, want := range map[string]string{
		"2.0.74 2.0.76": "[{2.0.74 2.0.75} {2.0.75 2.0.76}]", "2.0.73 2.0.76": "[{2.0.73 2.0.76}]", "2.0.76 2.0.76": "[]",
		"2.0.76 2.0.74": "error", "2.0.7 2.0.76": "error",
	} {
		from, to, _ := strings.Cut(path, " ")
		chain, err := p.Chain(version(from), version(to))
		got := fmt.Sprint(chain)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	target := filepath.Join(t.TempDir(), "update.zip")
	step := Step{version("2.0.75"), v2076}
	got, err := c.DownloadUpdate(t.Context(), alice, HeadlessPackage, step, target, nil)
	if err != nil || got.Verified || got.Unverified == "" || got.Size != int64(len(zip)) {
		t.Errorf("%+v, %v", got, err)
	}
	s.Misbehave("/updates/", 9, webtest.Status(403, ""))
	_, err = c.DownloadUpdate(t.Context(), alice, HeadlessPackage, step, target, nil)
	if err == nil || strings.Contains(err.Error(), "very-secret-signature") {
		t.Errorf("%v", err)
	}
	_, err = c.DownloadUpdate(t.Context(), alice, "nothing", step, target, nil)
	if err == nil || !strings.Contains(err.Error(), "No such update") {
		t.Errorf("%v", err)
	}
	checkSecrets(t, s, err)
}

func TestParseUpdates(t *testing.T) {
	got, err := parseUpdates([]byte(`{"a":[{"from":"1.0.0","to":"1.0.1"},5,{"from":"x","to":"1.0.1"},{"stable":"1.0.1"}],"b":7,"c":[]}`))
	if err != nil || len(got) != 1 || len(got["a"].Steps) != 1 || got["a"].Stable != version("1.0.1") {
		t.Errorf("%v, %v", got, err)
	}
	for data, want := range map[string]string{
		"<p>": "web page", "[]": "can't be read", "{}": "names no update", `{"message":"User not found."}`: "User not found.",
	} {
		if _, err := parseUpdates([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", data, err, want)
		}
	}
	for _, data := range []string{"", "{}", "[]", `["x"]`, `["ftp://a/b"]`, `[5]`, `["http://"]`, `["://"]`} {
		if link, err := parseLink([]byte(data)); err == nil {
			t.Errorf("%s: %v", data, link)
		}
	}
}

func FuzzLatest(f *testing.F) {
	f.Add([]byte(`{"stable":{"headless":"2.0.77","alpha":"soon","demo":7},"experimental":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		latest, err := parseLatest(data)
		if (err == nil) != (len(latest.Stable)+len(latest.Experimental) > 0) {
			t.Errorf("%v, %v", latest, err)
		}
	})
}

func FuzzArchive(f *testing.F) {
	f.Add([]byte(`<a class="x" href="/download/archive/1.1.110">1.1.110</a><script>x</script><!-- 1.2.3 -->`))
	f.Fuzz(func(t *testing.T, data []byte) {
		versions := parseArchive(data)
		if len(versions) > maxVersions {
			t.Errorf("%d versions", len(versions))
		}
		for i := 1; i < len(versions); i++ {
			if versions[i-1].Compare(versions[i]) <= 0 {
				t.Errorf("not newest first without repetition: %v", versions)
			}
		}
	})
}

func FuzzChecksums(f *testing.F) {
	f.Add([]byte(strings.Repeat("aA", 32) + "  one.tar.xz\r\n" + strings.Repeat("b", 64) + " *two.zip"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for name, sum := range parseChecksums(data) {
			if name == "" || len(name) > 255 || sum != "" && (len(sum) != 64 || sum != strings.ToLower(sum)) {
				t.Errorf("%q: %q", name, sum)
			}
		}
	})
}

func FuzzUpdates(f *testing.F) {
	f.Add([]byte(`{"a":[{"from":"1.0.0","to":"1.0.1"},5,{"from":"1.0.1","to":"1.0.2"},{"stable":"1.0.1"}],"b":7}`))
	f.Add([]byte(`["https://x/y?z"]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		updates, err := parseUpdates(data)
		for _, p := range updates {
			if err != nil || len(p.Steps) > maxSteps {
				t.Errorf("%v, %v", updates, err)
			}
			for _, s := range p.Steps {
				chain, err := p.Chain(s.From, s.To)
				if err != nil || len(chain) != 1 || chain[0] != s {
					t.Errorf("%v: %v, %v", s, chain, err)
				}
			}
		}
		if link, err := parseLink(data); err == nil && link.Host == "" {
			t.Errorf("%v", link)
		}
	})
}

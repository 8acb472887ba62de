package portal

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mainbus/hostagent/factorio/account"
	"mainbus/hostagent/factorio/webtest"
	"mainbus/transport/fetch"
)

const token = "0123456789abcdef0123456789abcd"

var (
	alice = account.Account{Username: "alice", Token: token}
	zip   = append([]byte("PK\x03\x04"), make([]byte, 100_000)...)
)

func setUp(t *testing.T) (*Client, *webtest.Services) {
	t.Helper()
	s := webtest.New(t)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	s.AddUser(webtest.User{Name: "alice", Token: token, Owns: true})
	s.AddMod(webtest.Mod{Name: "Pipes and Valves", Title: "Pipes & Valves", Owner: "alice", Category: "content", Releases: []webtest.Release{
		{Version: "0.9.0", GameVersion: "1.1", Zip: zip},
		{Version: "1.0.0", GameVersion: "2.0", Zip: zip, Dependencies: []string{"base >= 2.0.0", "? other"}},
	}})
	s.AddMod(webtest.Mod{Name: "other", Releases: []webtest.Release{{Version: "1.2.3", GameVersion: "2.0", Zip: zip}}})
	s.AddMod(webtest.Mod{Name: "old", Deprecated: true, Releases: []webtest.Release{{Version: "0.1.0", GameVersion: "0.17", Zip: zip}}})
	return New(fetch.New(fetch.Options{HTTP: &http.Client{Transport: transport}, Backoff: time.Millisecond, Attempts: 2}), s.Portal+"/"), s
}

func names(p Page) string {
	var all []string
	for _, m := range p.Mods {
		all = append(all, m.Name)
	}
	return strings.Join(all, ",")
}

func TestLists(t *testing.T) {
	c, _ := setUp(t)
	tests := []struct {
		query       Query
		want        string
		page, pages int
	}{
		{Query{}, "Pipes and Valves,other", 1, 1},
		{Query{ShowsDeprecated: true, Sort: "name", Descending: true}, "other,old,Pipes and Valves", 1, 1},
		{Query{PageSize: 1, Page: 2, ShowsDeprecated: true}, "other", 2, 3},
		{Query{PageSize: 2, Page: 9}, "", 9, 1},
		{Query{GameVersion: "1.1"}, "Pipes and Valves", 1, 1},
	}
	for _, test := range tests {
		page, err := c.List(t.Context(), test.query)
		if err != nil || names(page) != test.want || page.Page != test.page || page.Pages != test.pages {
			t.Errorf("%+v: %s, %d of %d, %v", test.query, names(page), page.Page, page.Pages, err)
		}
		for _, m := range page.Mods {
			if m.LatestRelease == nil || len(m.Releases.Items) > 0 {
				t.Errorf("%+v: %+v", test.query, m)
			}
		}
	}
}

func TestOneMod(t *testing.T) {
	c, _ := setUp(t)
	full, err := c.Full(t.Context(), "Pipes and Valves")
	if err != nil {
		t.Fatal(err)
	}
	r := full.Releases.Items[1]
	if r.GameVersion != "2.0" || !slices.Equal(r.Dependencies, []string{"base >= 2.0.0", "? other"}) || r.FileName != "Pipes and Valves_1.0.0.zip" ||
		len(r.SHA1) != 40 || r.ReleasedAt.Year() != 2025 || full.License.Name != "mit" || full.DownloadsCount != 123 || full.CreatedAt.Year() != 2020 {
		t.Errorf("%+v", full)
	}
	for _, name := range []string{"missing", "a/b", "../mods", "?x", "%2e%2e"} {
		if _, err := c.Full(t.Context(), name); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", ".", ".."} {
		if _, err := c.Full(t.Context(), name); err == nil {
			t.Errorf("%q: no error", name)
		}
	}
}

func TestParsePage(t *testing.T) {
	page, err := parsePage([]byte(`{"pagination":null,"results":[{"name":"a","downloads_count":"7","latest_release":"soon","deprecated":"true"},
		5,{"title":"no name"},{"name":"b","title":5,"releases":[{"version":"1.0.0","info_json":7},{"no":"version"},null,"x"]}]}`))
	if err != nil || names(page) != "a,b" || page.Skipped != 2 || page.Count != 2 || page.Pages != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	a, b := page.Mods[0], page.Mods[1]
	if a.DownloadsCount != 7 || a.LatestRelease != nil || !bool(a.Deprecated) || len(b.Releases.Items) != 1 || b.Releases.Skipped != 3 {
		t.Errorf("%+v\n%+v", a, b)
	}
	for data, want := range map[string]string{
		"": "can't be read", "<html>": "web page", "[]": "can't be read", "{}": "names no mod", `{"message":"Slow down"}`: "said: Slow down",
	} {
		if _, err := parsePage([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", data, err, want)
		}
		if _, err := parseMod([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s as a mod: %v, want %q", data, err, want)
		}
	}
}

func TestDownload(t *testing.T) {
	tests := []struct {
		name       string
		account    account.Account
		change     func(*Release, *webtest.Services)
		want       string
		unverified bool
	}{
		{name: "undisturbed", account: alice},
		{name: "cut", account: alice, change: func(_ *Release, s *webtest.Services) { s.Misbehave("/mods/", 1, webtest.CutAt(5000)) }},
		{name: "absolute address", account: alice, change: func(r *Release, s *webtest.Services) { r.DownloadURL = s.Portal + r.DownloadURL }},
		{name: "no checksum", account: alice, change: func(r *Release, _ *webtest.Services) { r.SHA1 = "" }, unverified: true},
		{name: "upper case checksum", account: alice, change: func(r *Release, _ *webtest.Services) { r.SHA1 = strings.ToUpper(r.SHA1) }},
		{name: "wrong checksum", account: alice, change: func(r *Release, _ *webtest.Services) { r.SHA1 = strings.Repeat("0", 40) }, want: "is damaged"},
		{name: "damaged", account: alice, change: func(_ *Release, s *webtest.Services) { s.Misbehave("/mods/", 1, webtest.Damaged) }, want: "is damaged"},
		{name: "no account", want: ErrNeedsAccount.Error()},
		{name: "wrong token", account: account.Account{Username: "bob", Token: token}, want: ErrLogin.Error()},
		{name: "forbidden", account: alice, change: func(_ *Release, s *webtest.Services) { s.Misbehave("/download/", 1, webtest.Status(403, "")) }, want: ErrLogin.Error()},
		{name: "page", account: alice, change: func(_ *Release, s *webtest.Services) { s.Misbehave("/mods/", 1, webtest.Page) }, want: ErrLogin.Error()},
		{name: "another host", account: alice, change: func(r *Release, _ *webtest.Services) { r.DownloadURL = "https://example.com/x" }, want: "another host, example.com"},
		{name: "another host in disguise", account: alice, change: func(r *Release, _ *webtest.Services) { r.DownloadURL = "//example.com/x" }, want: "another host"},
		{name: "a name at the host", account: alice, change: func(r *Release, s *webtest.Services) {
			r.DownloadURL = strings.Replace(s.Portal, "//", "//user@", 1) + r.DownloadURL
		}, want: "another host"},
		{name: "no address", account: alice, change: func(r *Release, _ *webtest.Services) { r.DownloadURL = "" }, want: "no address"},
		{name: "path", account: alice, change: func(r *Release, _ *webtest.Services) { r.FileName = "../x.zip" }, want: "can't be used"},
		{name: "sent with our login", account: alice, change: func(_ *Release, s *webtest.Services) {
			s.Misbehave("/download/", 1, webtest.RedirectTo(s.Files+"/x?token="+token))
		}, want: "to pass our login to another host"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, s := setUp(t)
			full, err := c.Full(t.Context(), "Pipes and Valves")
			if err != nil {
				t.Fatal(err)
			}
			release, dir := full.Releases.Items[1], t.TempDir()
			if test.change != nil {
				test.change(&release, s)
			}
			got, err := c.Download(t.Context(), release, test.account, dir, nil)
			entries, readErr := os.ReadDir(dir)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) || len(entries) > 0 {
					t.Errorf("%v, %v; want %q", err, entries, test.want)
				}
			} else if err != nil || got.Verified == test.unverified || (got.Unverified != "") != test.unverified ||
				got.Path != filepath.Join(dir, "Pipes and Valves_1.0.0.zip") || len(entries) != 1 {
				t.Errorf("%+v, %v, %v", got, err, entries)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), token) {
				t.Errorf("the token is in the error: %v", err)
			}
			for _, r := range s.Requests() {
				if r.Header.Get("Referer") != "" || r.Host == s.Files && strings.Contains(fmt.Sprint(r.Query, r.Header), token) {
					t.Errorf("the token or a Referer is in %+v", r)
				}
			}
		})
	}
}

func TestSafeName(t *testing.T) {
	for name, want := range map[string]bool{
		"flib_0.16.2.zip": true, "Pipes and Valves_1.0.0.zip": true, "": false, ".zip": false, "a.exe": false, "a/b.zip": false, `a\b.zip`: false,
		"../a.zip": false, ".hidden.zip": false, "a\x00.zip": false, "c:a.zip": false, "a\n.zip": false, strings.Repeat("a", 300) + ".zip": false,
	} {
		if safeName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

func FuzzMods(f *testing.F) {
	f.Add([]byte(`{"pagination":{"count":2,"page":1,"page_count":1},"results":[{"name":"a","downloads_count":"7","latest_release":{"version":"1.0.0","sha1":"x"}},5]}`))
	f.Add([]byte(`{"name":"b","title":5,"releases":[{"version":"1.0.0","info_json":{"dependencies":["a",5]}},{"no":"version"},null],"created_at":"2020-01-01T00:00:00.000000Z"}`))
	c := New(fetch.New(fetch.Options{}), "")
	f.Fuzz(func(t *testing.T, data []byte) {
		check := func(m Mod) {
			if m.Name == "" {
				t.Errorf("a mod without a name")
			}
			for _, r := range m.Releases.Items {
				if r.Version == "" {
					t.Errorf("a release without a version")
				}
				if where, err := c.fileURL(r.DownloadURL); err == nil && !strings.HasPrefix(where, c.site+"/") && !strings.HasPrefix(where, c.site+"?") {
					t.Errorf("%q leads to %s", r.DownloadURL, where)
				}
				if safeName(r.FileName) && filepath.Base(r.FileName) != r.FileName {
					t.Errorf("%q is taken for safe", r.FileName)
				}
			}
		}
		if page, err := parsePage(data); err == nil {
			for _, m := range page.Mods {
				check(m)
			}
		}
		if m, err := parseMod(data); err == nil {
			check(m)
		}
	})
}

func TestAddressesOfMirrors(t *testing.T) {
	for _, site := range []string{"https://mods.example.com", "https://mods.example.com/", "https://[2001:db8::1]:8443", "http://127.0.0.1:8080", "http://[::1]", "http://localhost:80"} {
		if err := CheckSite(site); err != nil {
			t.Error(err)
		}
	}
	for site, want := range map[string]string{
		"mods.example.com": "no address of a mod portal", "": "no address of a mod portal", "ftp://mods.example.com": "no address of a mod portal", "https://": "no address of a mod portal",
		"http://mods.example.com": "not encrypted", "http://192.0.2.1": "not encrypted", "https://mods.example.com/mirror": "has more", "https://mods.example.com?a=b": "has more",
		"https://anna:secret@mods.example.com": "has more", "https://a b": "is no address",
	} {
		if err := CheckSite(site); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", site, err)
		}
	}
}

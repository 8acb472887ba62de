package mods

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mainbus/controller/portal"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/account"
	"mainbus/hostagent/factorio/webtest"
)

const token = "0123456789abcdef0123456789abcd"

var alice = account.Account{Username: "alice", Token: token}

// stocked is a shelf whose portal has some mods.
func stocked(t testing.TB) *shelf {
	t.Helper()
	s := newShelf(t)
	s.services.AddUser(webtest.User{Name: "alice", Token: token, Owns: true})
	s.services.AddMod(webtest.Mod{Name: "Pipes and Valves", Title: "Pipes & Valves", Owner: "berta", Summary: "More fluid.", Category: "content", Releases: []webtest.Release{
		{Version: "0.9.0", GameVersion: "1.1", Zip: modZip(t, "Pipes and Valves", "0.9.0")},
		{Version: "1.0.0", GameVersion: "2.0", Zip: modZip(t, "Pipes and Valves", "1.0.0", "big.lua", strings.Repeat("-- line\n", 5000)), Dependencies: []string{"base >= 2.0.0", "? other"}},
	}})
	s.services.AddMod(webtest.Mod{Name: "other", Title: "Other things", Owner: "carl", Category: "tweaks", Releases: []webtest.Release{
		{Version: "1.2.3", GameVersion: "2.0", Zip: modZip(t, "other", "1.2.3")},
		{Version: "1.10.0", GameVersion: "2.1", Zip: modZip(t, "other", "1.10.0")},
	}})
	s.services.AddMod(webtest.Mod{Name: "old", Deprecated: true, Releases: []webtest.Release{{Version: "0.1.0", GameVersion: "0.17", Zip: modZip(t, "old", "0.1.0")}}})
	return s
}

func listed(p Page) string {
	var names []string
	for _, m := range p.Mods {
		names = append(names, m.Name)
	}
	return strings.Join(names, ",")
}

func TestSearch(t *testing.T) {
	s := stocked(t)
	if outdated, empty := s.Outdated(""); !outdated || !empty {
		t.Errorf("at first: %v, %v", outdated, empty)
	}
	if err := s.Update(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), "2.0"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, test := range []struct {
			query Query
			want  string
		}{
			{Query{}, "Pipes and Valves,other"},
			{Query{ShowsDeprecated: true}, "Pipes and Valves,old,other"},
			{Query{Text: "VALVES pipes"}, "Pipes and Valves"},
			{Query{Text: "fluid"}, "Pipes and Valves"},
			{Query{Text: "carl"}, "other"},
			{Query{Text: "o"}, "Pipes and Valves,other"},
			{Query{Text: "Other"}, "other"},
			{Query{Text: "nothing"}, ""},
			{Query{Game: "2.0"}, "Pipes and Valves,other"}, // of other the newest release is for 2.1
			{Query{Game: "2.1"}, "other"},
			{Query{Category: "tweaks"}, "other"},
			{Query{Offset: 1, Limit: 1}, "other"},
			{Query{Offset: 9}, ""},
		} {
			if test.query.Limit == 0 {
				test.query.Limit = 10
			}
			if got := listed(s.Search(test.query)); got != test.want {
				t.Errorf("%+v: %q, want %q", test.query, got, test.want)
			}
		}
		s.services.Misbehave("/api/mods", 1000, webtest.Status(503, "")) // the second time without the portal, from the disk
		s.reopen()
	}
	page := s.Search(Query{Game: "1.1", Limit: 1})
	if page.Known != 3 || page.AskedAt.IsZero() || !strings.Contains(page.Problem, "only mods whose newest release") || !slices.Equal(page.Categories, []string{"content", "tweaks"}) {
		t.Errorf("page %+v", page)
	}
	if outdated, empty := s.Outdated("2.0"); outdated || empty {
		t.Errorf("a list that is minutes old: %v, %v", outdated, empty)
	}
	if outdated, _ := s.Outdated("1.1"); !outdated {
		t.Error("mods for 1.1 were never asked for")
	}
	if err := s.Update(t.Context(), ""); err == nil || s.Search(Query{Limit: 5}).Found != 2 || !strings.Contains(s.Search(Query{}).Problem, "503") {
		t.Errorf("without the portal: %v, %+v", err, s.Search(Query{Limit: 5}))
	}
	if outdated, _ := s.Outdated("1.1"); outdated {
		t.Error("a portal that has just failed would be asked again at once")
	}
}

func TestTheNameComesFirstAndThenDownloads(t *testing.T) {
	s := newShelf(t)
	s.list.put((&catalog{AskedAt: time.Now(), Mods: []Entry{{Name: "a-small"}, {Name: "small", Downloads: 1}, {Name: "b-small", Downloads: 99}, {Name: "c", Title: "Small", Downloads: 5}}}).finish())
	s.list.load.Do(func() {})
	if got := listed(s.Search(Query{Text: "Small", Limit: 10})); got != "small,b-small,c,a-small" {
		t.Errorf("got %s", got)
	}
}

func TestReleasesOfPortalAndStore(t *testing.T) {
	s := stocked(t)
	s.add(write(t, filepath.Join(t.TempDir(), "a.zip"), modZip(t, "other", "1.2.3")), Origin{})
	s.add(write(t, filepath.Join(t.TempDir(), "b.zip"), modZip(t, "own", "0.0.1")), Origin{})
	describe := func() string {
		all, err := s.Releases(t.Context(), "Pipes and Valves", "other", "own", "missing")
		if err != nil {
			t.Fatal(err)
		}
		var text []string
		for name, known := range all {
			for _, r := range known.Releases {
				text = append(text, fmt.Sprintf("%s %v for %d.%d stored %v portal %v needs %v", name, r.Version, r.Game.Major, r.Game.Minor, r.Stored, r.OnPortal, r.Dependencies))
			}
		}
		slices.Sort(text)
		return strings.Join(text, "\n")
	}
	want := `Pipes and Valves 0.9.0 for 1.1 stored false portal true needs []
Pipes and Valves 1.0.0 for 2.0 stored false portal true needs [base >= 2.0.0 ? other]
other 1.10.0 for 2.1 stored false portal true needs []
other 1.2.3 for 2.0 stored true portal true needs [base]
own 0.0.1 for 2.0 stored true portal false needs [base]`
	if got := describe(); got != want {
		t.Errorf("got\n%s", got)
	}
	asked := len(s.services.RequestsTo("/api/mods/"))
	if got := describe(); got != want || len(s.services.RequestsTo("/api/mods/")) != asked {
		t.Errorf("within the hour the portal was asked again, or it is not the same:\n%s", got)
	}
	s.services.Misbehave("/api/mods/", 1000, webtest.Mute)
	s.services.Misbehave("/api/mods/", 1000, webtest.Status(503, ""))
	s.reopen()
	if got := describe(); got != want {
		t.Errorf("from the disk\n%s", got)
	}
}

func TestAPortalThatCantBeReachedIsNotAskedForEachMod(t *testing.T) {
	s := stocked(t)
	if _, err := s.Releases(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	s.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	s.services.Misbehave("/api/mods/", 100_000, webtest.Status(503, ""))
	var names []string
	for i := range 300 {
		names = append(names, fmt.Sprint("mod ", i))
	}
	all, err := s.Releases(t.Context(), append(names, "other")...)
	if err != nil || len(all) != 301 || all["mod 299"].Problem == "" {
		t.Errorf("%d mods, %v, %+v", len(all), err, all["mod 299"])
	}
	if other := all["other"]; len(other.Releases) != 2 || other.Problem == "" || other.AskedAt.IsZero() {
		t.Errorf("what was known: %+v", other)
	}
	if n := len(s.services.RequestsTo("/api/mods/mod")); n > 2*askedAtOnce {
		t.Errorf("asked %d times", n)
	}
}

func TestDownload(t *testing.T) {
	s := stocked(t)
	var last Downloading
	mods, err := s.Download(t.Context(), []Want{{Name: "Pipes and Valves"}, {Name: "other", Game: "2.0"}}, alice, "anna", func(d Downloading) { last = d })
	if err != nil || len(mods) != 2 {
		t.Fatal(mods, err)
	}
	if got := s.names(); !slices.Equal(got, []string{"Pipes and Valves 1.0.0", "other 1.2.3"}) {
		t.Errorf("stored %q", got)
	}
	if last.FilesDone != 2 || last.Files != 2 || last.BytesDone == 0 || last.Bytes != last.BytesDone {
		t.Errorf("progress %+v", last)
	}
	m, err := s.Mod(t.Context(), "other", "1.2.3")
	if err != nil || m.Source != "portal" || m.AddedBy != "anna" {
		t.Errorf("%+v, %v", m, err)
	}
	before := len(s.services.RequestsTo("/download/"))
	if _, err := s.Download(t.Context(), []Want{{Name: "other", Version: "1.2.3"}}, alice, "anna", nil); err != nil || len(s.services.RequestsTo("/download/")) != before {
		t.Errorf("what is stored was downloaded again: %v", err)
	}
	if len(s.files()) != 2 {
		t.Errorf("left %q", s.files())
	}
	for _, seen := range s.services.Requests() {
		if seen.Host == s.services.Files && seen.Query.Get("token") != "" {
			t.Error("the token went to the file host")
		}
	}
}

func TestDownloadsThatFail(t *testing.T) {
	for name, test := range map[string]struct {
		wants   []Want
		account account.Account
		prepare func(*shelf)
		is      error
		says    string
		stored  int
	}{
		"no account":       {[]Want{{Name: "other"}}, account.Account{}, nil, portal.ErrNeedsAccount, "", 0},
		"a wrong account":  {[]Want{{Name: "other"}, {Name: "Pipes and Valves"}}, account.Account{Username: "alice", Token: "wrong"}, nil, portal.ErrLogin, "", 0},
		"no such mod":      {[]Want{{Name: "missing"}, {Name: "other", Version: "1.2.3"}}, alice, nil, ErrNoRelease, "missing", 1},
		"no such release":  {[]Want{{Name: "other", Version: "9.9.9"}}, alice, nil, ErrNoRelease, "other 9.9.9", 0},
		"not for the game": {[]Want{{Name: "other", Game: "1.1"}}, alice, nil, ErrNoRelease, "", 0},
		"a damaged file": {[]Want{{Name: "other", Version: "1.2.3"}}, alice, func(s *shelf) {
			s.services.Misbehave("/mods/", 10, webtest.Damaged)
		}, nil, "SHA-1", 0},
		"a page": {[]Want{{Name: "other", Version: "1.2.3"}}, alice, func(s *shelf) {
			s.services.Misbehave("/mods/", 10, webtest.Page)
		}, portal.ErrLogin, "", 0},
		"another mod": {[]Want{{Name: "liar"}}, alice, func(s *shelf) {
			s.services.AddMod(webtest.Mod{Name: "liar", Releases: []webtest.Release{{Version: "1.0.0", GameVersion: "2.0", Zip: modZip(s.t, "honest", "1.0.0")}}})
		}, nil, "holds honest 1.0.0", 0},
		"another content stored": {[]Want{{Name: "other", Version: "1.2.3"}}, alice, func(s *shelf) {
			s.add(write(s.t, filepath.Join(s.t.TempDir(), "a.zip"), modZip(s.t, "other", "1.2.3", "changed.lua", "")), Origin{})
		}, ErrOther, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := stocked(t)
			if test.prepare != nil {
				test.prepare(s)
			}
			_, err := s.Download(t.Context(), test.wants, test.account, "anna", nil)
			if err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v", err)
			}
			if strings.Contains(fmt.Sprint(err), token) {
				t.Error("the error tells the token")
			}
			if got := s.names(); len(got) != test.stored || len(s.files()) != test.stored {
				t.Errorf("stored %q, %q", got, s.files())
			}
		})
	}
}

// A download that is canceled half-way, by its user or with the program, goes on where it was.
func TestDownloadsGoOn(t *testing.T) {
	s := stocked(t)
	s.services.Misbehave("/mods/", 1, webtest.Silent(200))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { // once something has come
		for ctx.Err() == nil {
			entries, _ := os.ReadDir(s.incoming())
			for _, e := range entries {
				if info, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), ".partial") && info.Size() >= 200 {
					cancel()
				}
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	_, err := s.Download(ctx, []Want{{Name: "Pipes and Valves"}}, alice, "anna", nil)
	cancel()
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if got := s.files(); len(got) != 2 {
		t.Fatalf("kept %q", got)
	}
	s.reopen()
	if _, err := s.Download(t.Context(), []Want{{Name: "Pipes and Valves"}}, alice, "anna", nil); err != nil {
		t.Fatal(err)
	}
	requests := s.services.RequestsTo("/mods/")
	if last := requests[len(requests)-1]; last.Header.Get("Range") != "bytes=200-" {
		t.Errorf("the second time asked for %q", last.Header.Get("Range"))
	}
	if len(s.files()) != 1 {
		t.Errorf("left %q", s.files())
	}
}

func TestDetailsChoose(t *testing.T) {
	d := Details{Releases: []PortalRelease{{Version: "1.9.0", Game: "2.0"}, {Version: "1.10.0", Game: "2.0"}, {Version: "2.0.0", Game: "2.1"}, {Version: "rubbish", Game: "2.0"}, {Version: "0.1.0", Game: "0.18"}}}
	for want, version := range map[Want]string{
		{}: "2.0.0", {Game: "2.0"}: "1.10.0", {Version: "01.9"}: "1.9.0", {Game: "1.0"}: "0.1.0", {Version: "1.9.0", Game: "2.1"}: "", {Version: "x"}: "",
	} {
		r, v, err := d.choose(want)
		if (err != nil) != (version == "") || r.Version != version || err == nil && v == (factorio.Version{}) {
			t.Errorf("%+v: %q, %v", want, r.Version, err)
		}
	}
}

// thirtyThousand is a list as long as the portal's.
func thirtyThousand() *catalog {
	c := &catalog{AskedAt: time.Now(), Games: map[string]time.Time{"2.0": time.Now()}}
	for i := range 30_000 {
		c.Mods = append(c.Mods, Entry{
			Name: fmt.Sprintf("some-mod-%d", i), Title: fmt.Sprintf("Some Mod Number %d", i), Owner: fmt.Sprintf("owner%d", i%3000),
			Summary:  strings.Repeat("It makes the factory grow in a way that was not seen before. ", 1+i%4),
			Category: []string{"content", "tweaks", "utilities"}[i%3], Downloads: int64(i * 7 % 99991), Version: "1.2.3", Game: "2.0", Games: []string{"2.0"},
		})
	}
	return c.finish()
}

func TestThirtyThousandMods(t *testing.T) {
	s := newShelf(t)
	for i := range listPage + 100 { // two pages
		s.services.AddMod(webtest.Mod{Name: fmt.Sprint("mod-", i), Releases: []webtest.Release{{Version: "1.0.0", GameVersion: "2.0"}}})
	}
	if err := s.Update(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if page := s.Search(Query{Text: "MOD-1099", Limit: 5}); page.Known != listPage+100 || listed(page) != "mod-1099" {
		t.Errorf("of %d mods: %s", page.Known, listed(page))
	}
	if err := writeCatalog(s.list.path(), thirtyThousand()); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	if page := s.Search(Query{Text: "number 29999", Limit: 5}); page.Known != 30_000 || listed(page) != "some-mod-29999" {
		t.Errorf("of %d mods: %s", page.Known, listed(page))
	}
}

func BenchmarkSearch(b *testing.B) {
	s := newShelf(b)
	s.list.load.Do(func() { s.list.put(thirtyThousand()) })
	for _, text := range []string{"", "mod", "factory seen 29", "nowhere to be found"} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				s.Search(Query{Text: text, Game: "2.0", Limit: 50})
			}
		})
	}
}

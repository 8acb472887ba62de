package pages_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"mainbus/app/internal/headless"
	"mainbus/controller/api"
)

func portalOf(n int) (list []api.PortalMod) {
	for i := range n {
		list = append(list, api.PortalMod{Name: fmt.Sprintf("mod-%05d", i), Title: fmt.Sprintf("Mod %05d", i), Owner: "anna", Summary: "It does something.", Version: "1.2.0", Game: "2.0", Downloads: int64(n - i)})
	}
	return list
}

func withMods(n int) *headless.Cluster {
	c := fiveInstances()
	at := time.Now().Add(-time.Hour)
	c.SetMods(api.ModList{Bytes: 30 << 20, Mods: []api.StoredMod{
		{Name: "better-belts", Version: "1.2.0", Title: "Better Belts", Author: "anna", Game: "2.0", SizeBytes: 12 << 20, Source: api.ModDownload, AddedAt: at, UsedBy: []string{"Nauvis"}},
		{Name: "signs", Version: "0.3.1", Author: "ben", Game: "2.0", SizeBytes: 3 << 20, Source: api.ModUploaded, AddedAt: at, Problem: "its info.json can't be read"},
		{Name: "old", Version: "1.0.0", Title: "Old thing", DeletedAt: &at},
	}}, portalOf(n), api.ModDetails{
		PortalMod: api.PortalMod{Title: "Mod of anna", Owner: "anna", Version: "1.2.0", Game: "2.0"}, Description: "A long story.", License: "MIT",
		Releases: []api.ModRelease{{Version: "2.1.0", Game: "2.1", Dependencies: []string{"base >= 2.1", "! other"}}, {Version: "1.2.0", Game: "2.0", Stored: true}, {Version: "1.1.0", Game: "2.0"}},
	})
	return c
}

func TestStoredModsAreListedDeletedAndRestored(t *testing.T) {
	c := withMods(0)
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Mods")
		s.Settle()
		s.Expect("Better Belts", "12.0 MiB", "Nauvis", "mod portal", "signs", "uploaded", "Showing 2 of 2 · all files take 30.0 MiB")
		s.ExpectNot("Old thing")
		s.Type("Filter stored mods", "ben")
		s.Expect("Showing 1 of 2")
		s.Type("Filter stored mods", "")
		s.Tap("signs")
		s.Press("Delete")
		s.Tap("Show the bin")
		s.Settle()
		s.Expect("Old thing", "stays here for a week")
		s.Tap("Old thing")
		s.Press("Restore")
		expectCalls(t, c, "DeleteMod signs 0.3.1", "RestoreMod old 1.0.0")
	})
}

func TestNoModsSayWhatToDo(t *testing.T) {
	c := fiveInstances()
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Mods")
		s.Settle()
		s.Expect("No mod is stored yet.")
		s.Press("Search the mod portal")
		s.Settle()
		s.Expect("The portal was not asked yet")
	})
}

// The next page comes when the last row is in sight; only what is in sight is made.
func TestTheWholePortalCanBeSearched(t *testing.T) {
	c := withMods(30_000)
	c.SetOffline("mods.factorio.com can't be reached: no such host")
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Mods")
		s.Tap("Mod portal")
		s.Settle()
		s.Expect("Showing 100 of 30,000", "mods.factorio.com can't be reached", "Mod 00000")
		s.Tap("Mod 00000")
		s.Press("Version…") // the details are there
		s.Press("Cancel")
		s.Tap("Mod 00001")
		s.PressKey(fyne.KeyEnd)
		s.Expect("Showing 200 of 30,000")
		s.Type("Search the mod portal", "mod 299")
		s.Later(time.Second)
		s.Expect("Showing 100 of 100", "Mod 29900")
		searched := c.Searched()
		if n := len(searched); n > 4 {
			t.Errorf("one word and one page more made %d searches: %v", n, searched)
		}
		s.Tap("Mod 29901")
		s.Settle()
		s.Expect("Mod of anna", "A long story.", "needs base >= 2.1", "can't be with other", "MIT")
	})
}

func TestTheAccountIsAskedForOnlyWhenSomethingIsDownloaded(t *testing.T) {
	c := withMods(10)
	c.SetAccount(api.PortalAccount{}, api.Errorf(api.EmailCodeNeeded, "Type it below.", "factorio.com has sent a code by e-mail."))
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Mods")
		s.Tap("Mod portal")
		s.Settle()
		s.Tap("Mod 00003")
		s.Press("Download")
		s.Settle()
		s.Expect("Account for the mod portal", "only owners of the game")
		if on := s.On("Log in"); len(on) > 0 {
			t.Error("one can log in with nothing")
		}
		s.Type("name on factorio.com", "anna")
		s.Type("instead of the token; it is not kept", "secret\n")
		s.Settle()
		s.Expect("factorio.com has sent a code by e-mail.")
		s.Type("from the e-mail", "123456\n")
		s.Settle()
		s.ExpectNot("Account for the mod portal", "secret")
		download := `DownloadMods {"mods":[{"name":"mod-00003","version":""}]}`
		expectCalls(t, c, download, "SetPortalAccount anna  ", "SetPortalAccount anna  123456", download)
	})
}

func TestModsThatFallOnThePageAreUploaded(t *testing.T) {
	c := withMods(0)
	c.SetUpload(api.UploadStep{Path: "/home/anna/a_1.0.0.zip", Name: "a", Version: "1.0.0", Action: api.UploadTakes, SizeBytes: 5 << 20})
	headless.Run(t, c, func(t *testing.T, s *headless.Screen) {
		s.Page("Mods")
		s.Drop("/home/anna/a_1.0.0.zip")
		s.Settle()
		call := func(replace bool) string {
			text, _ := json.Marshal(api.UploadMods{Paths: []string{"/home/anna/a_1.0.0.zip"}, Replace: replace}) // can always be encoded
			return "UploadMods " + string(text)
		}
		expectCalls(t, c, call(false))
		c.SetUpload(api.UploadStep{Name: "a", Version: "1.0.0", Action: api.UploadReplaces}, api.UploadStep{Path: "/home/anna/x.zip", Action: api.UploadRefuses, Why: "it is no mod"})
		s.Drop("/home/anna/a_1.0.0.zip")
		s.Settle()
		s.Expect("a 1.0.0 replaces one", "/home/anna/x.zip is refused: it is no mod")
		if on := s.On("Upload"); len(on) > 0 {
			t.Error("another content replaces a stored one without being asked for")
		}
		s.Tap("Replace stored mods")
		s.Press("Upload")
		if got := c.Calls(); !slices.Equal(got, []string{call(false), call(true)}) {
			t.Errorf("calls %q", got)
		}
	})
}

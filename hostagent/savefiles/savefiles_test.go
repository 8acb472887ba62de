package savefiles

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func newFolder(t *testing.T, saves ...string) (Folder, *time.Time) {
	t.Helper()
	now := time.UnixMilli(1_800_000_000_000)
	f := In(t.TempDir())
	f.now = func() time.Time { return now }
	for n, name := range saves {
		path := f.Path(Live, name)
		os.MkdirAll(filepath.Dir(path), 0o700)
		if err := os.WriteFile(path, []byte("content of "+name), 0o600); err != nil {
			t.Fatal(err)
		}
		at := now.Add(-time.Duration(n+1) * time.Hour)
		os.Chtimes(path, at, at)
	}
	return f, &now
}

func names(t *testing.T, f Folder, a Area) []string {
	t.Helper()
	list, err := f.List(a)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, file := range list {
		all = append(all, file.Name)
	}
	return all
}

func content(t *testing.T, f Folder, name string) string {
	t.Helper()
	b, err := os.ReadFile(f.Path(Live, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCheckName(t *testing.T) {
	for _, good := range []string{"a.zip", "my world.zip", "Köln 東京.zip", "_autosave1.zip", "v1.2.ZIP", "con-quest.zip", "com10.zip"} {
		if err := CheckName(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", ".zip", "a", "a.zip.exe", "../a.zip", "a/b.zip", `a\b.zip`, "/etc/a.zip", "c:a.zip", "..zip", "a..zip", "a .zip", " a.zip", ".a.zip", "a.tmp.zip", "A.TMP.ZIP",
		"con.zip", "CON.zip", "nul.txt.zip", "com1.zip", "LPT9.zip", "com¹.zip", "conin$.zip", "aux .x.zip", "a\x00.zip", "a\n.zip", "a\u202egpj.zip", "a?.zip", "a*.zip",
		"a|b.zip", "a\xff.zip", strings.Repeat("a", 300) + ".zip",
	} {
		if err := CheckName(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func FuzzCheckName(f *testing.F) {
	f.Add("a.zip")
	f.Add("../con.zip")
	f.Fuzz(func(t *testing.T, name string) {
		if CheckName(name) == nil && (!filepath.IsLocal(name) || filepath.Base(name) != name) {
			t.Errorf("%q leaves the folder", name)
		}
	})
}

func TestListIsNewestFirst(t *testing.T) {
	f, _ := newFolder(t, "b.zip", "_autosave1.zip", "a.zip", "a.tmp.zip", "._a.zip", "notes.txt")
	os.Mkdir(f.Path(Live, "folder.zip"), 0o700)
	if got, want := names(t, f, Live), []string{"b.zip", "_autosave1.zip", "a.zip"}; !slices.Equal(got, want) {
		t.Errorf("saves %v, want %v", got, want)
	}
	if got := names(t, In(t.TempDir()), Live); len(got) > 0 {
		t.Errorf("saves of an empty folder: %v", got)
	}
}

func TestRenameAndCopy(t *testing.T) {
	f, _ := newFolder(t, "a.zip", "b.zip", "_autosave1.zip")
	for name, err := range map[string]error{
		"rename to what is there":                           f.Rename("a.zip", "b.zip"),
		"rename to what is there where case does not count": f.Rename("a.zip", "B.zip"),
		"rename to an autosave's name":                      f.Rename("a.zip", "_autosave2.zip"),
		"rename out of the folder":                          f.Rename("a.zip", "../a.zip"),
		"rename of nothing":                                 f.Rename("c.zip", "d.zip"),
		"rename from elsewhere":                             f.Rename("../x.zip", "d.zip"),
		"copy to what is there":                             f.Copy(Live, "a.zip", "b.zip"),
		"copy of nothing":                                   f.Copy(Live, "c.zip", "d.zip"),
	} {
		if err == nil {
			t.Errorf("%s went well", name)
		}
	}
	before, _ := f.Find(Live, "_autosave1.zip")
	if err := errors.Join(f.Rename("a.zip", "c.zip"), f.Rename("c.zip", "C.zip"), f.Copy(Live, "_autosave1.zip", "kept.zip")); err != nil {
		t.Fatal(err)
	}
	after, err := f.Find(Live, "kept.zip")
	if err != nil || !after.Modified.Equal(before.Modified) || content(t, f, "kept.zip") != "content of _autosave1.zip" {
		t.Errorf("the copy is %v, %v", after, err)
	}
}

func TestBin(t *testing.T) {
	f, now := newFolder(t, "a.zip", "b.zip", "_autosave1.zip")
	for _, name := range []string{"a.zip", "b.zip", "_autosave1.zip"} {
		if err := f.Delete(name); err != nil {
			t.Fatal(err)
		}
		*now = now.Add(time.Minute)
	}
	if got, want := names(t, f, Bin), []string{"_autosave1.zip", "b.zip", "a.zip"}; !slices.Equal(got, want) {
		t.Fatalf("bin %v, want %v", got, want)
	}
	if got := names(t, f, Live); len(got) > 0 {
		t.Errorf("saves %v", got)
	}
	bin, _ := f.List(Bin)
	if err := f.Restore(bin[0].ID, ""); err == nil {
		t.Error("an autosave is back under a name that the game replaces")
	}
	if err := errors.Join(f.Restore(bin[0].ID, "kept.zip"), f.Restore(bin[2].ID, "")); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, f, Live), []string{"a.zip", "kept.zip"}; !slices.Equal(got, want) {
		t.Errorf("saves %v, want %v", got, want)
	}
	if content(t, f, "kept.zip") != "content of _autosave1.zip" {
		t.Error("another file came back")
	}
	if err := f.Remove(Live, "a.zip"); err == nil {
		t.Error("a live save was removed for good")
	}
	*now = now.Add(8 * 24 * time.Hour)
	if err := f.Sweep(Bin, BinKeep); err != nil {
		t.Fatal(err)
	}
	if got := names(t, f, Bin); len(got) > 0 {
		t.Errorf("bin after eight days: %v", got)
	}
}

func TestSameNameTwiceInTheBin(t *testing.T) {
	f, _ := newFolder(t, "a.zip")
	for range 2 {
		if err := f.Delete("a.zip"); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(f.Path(Live, "a.zip"), nil, 0o600)
	}
	if got := names(t, f, Bin); len(got) != 2 {
		t.Errorf("bin %v", got)
	}
}

func TestBackupsAreKeptByCountAgeAndSize(t *testing.T) {
	f, now := newFolder(t, "a.zip")
	for _, reason := range []string{"asked", "start", "start", "start", "start", "start"} {
		if _, err := f.BackUp("a.zip", reason); err != nil {
			t.Fatal(err)
		}
		*now = now.Add(time.Hour)
	}
	begin := now.Add(-5 * time.Hour) // when the first of them was made that nobody asked for
	for _, test := range []struct {
		keep Keep
		want string
	}{
		{Keep{}, "4 3 2 1 0 asked"},
		{Keep{Count: 4}, "4 3 2 1 asked"}, // what was asked for is counted by itself
		{Keep{Age: 3*time.Hour + time.Minute, Least: 1}, "4 3 2 asked"},
		{Keep{Bytes: 2 * int64(len("content of a.zip"))}, "4 3 asked"},
		{Keep{Bytes: 1, Age: time.Minute, Least: 1}, "4 asked"},
		{Keep{Age: time.Minute}, ""},
	} {
		if err := f.Sweep(Backups, test.keep); err != nil {
			t.Fatal(err)
		}
		list, _ := f.List(Backups)
		var got []string
		for _, b := range list {
			if b.Reason == "asked" {
				got = append(got, b.Reason)
			} else {
				got = append(got, fmt.Sprint(int(b.Put.Sub(begin).Hours())))
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%+v keeps %q, want %q", test.keep, got, test.want)
		}
	}
}

// Securing costs neither room nor a second backup of the same file, and what replaces the save later does not touch it.
func TestSecure(t *testing.T) {
	f, _ := newFolder(t, "a.zip")
	first, err := f.Secure("a.zip", "start")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := f.Secure("a.zip", "start"); err != nil || again != first {
		t.Errorf("secured twice: %s, %s, %v", first, again, err)
	}
	other := f.Path(Live, "other")
	os.WriteFile(other, []byte("newer"), 0o600)
	if err := os.Rename(other, f.Path(Live, "a.zip")); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(f.Path(Backups, first)); err != nil || string(b) != "content of a.zip" {
		t.Errorf("the backup is %q, %v", b, err)
	}
}

// A link in the instance's folder that leads elsewhere is not followed.
func TestLinksLeadNowhere(t *testing.T) {
	f, _ := newFolder(t, "a.zip")
	elsewhere := t.TempDir()
	if err := os.Symlink(elsewhere, f.Path(Backups, "")); err != nil {
		t.Skip("SKIPPED, no links here: ", err)
	}
	if _, err := f.BackUp("a.zip", "x"); err == nil {
		t.Error("a backup was written through a link")
	}
	if entries, _ := os.ReadDir(elsewhere); len(entries) > 0 {
		t.Errorf("there is %v elsewhere", entries)
	}
}

func TestAdoptNeverReplaces(t *testing.T) {
	f, _ := newFolder(t, "a.zip")
	path, err := f.Stage("take-1.zip")
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(path, []byte("other"), 0o600)
	if err := f.Adopt("take-1.zip", "a.zip"); !errors.Is(err, ErrThere) {
		t.Errorf("err = %v", err)
	}
	if content(t, f, "a.zip") != "content of a.zip" {
		t.Error("the save was replaced")
	}
	if err := f.Adopt("take-1.zip", "b.zip"); err != nil || content(t, f, "b.zip") != "other" {
		t.Errorf("err = %v", err)
	}
}

package steam

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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

// list is a libraryfolders.vdf of these folders.
func list(folders ...string) string {
	text := "\"libraryfolders\"\n{\n"
	for i, folder := range folders {
		text += fmt.Sprintf("\t\"%d\"\n\t{\n\t\t\"path\"\t\t\"%s\"\n\t\t\"label\"\t\t\"\"\n\t\t\"apps\"\n\t\t{\n\t\t\t\"427520\"\t\t\"3000000000\"\n\t\t}\n\t}\n",
			i, strings.ReplaceAll(folder, `\`, `\\`))
	}
	return text + "}\n"
}

func game(t *testing.T, library, name string, manifested bool) string {
	t.Helper()
	folder := filepath.Join(library, "steamapps", "common", name)
	write(t, filepath.Join(folder, "data", "base", "info.json"), "{}")
	if manifested {
		write(t, filepath.Join(library, "steamapps", manifest),
			"\"AppState\"\n{\n\t\"appid\"\t\t\"427520\"\n\t\"name\"\t\t\"Factorio\"\n\t\"installdir\"\t\t\""+name+"\"\n}\n")
	}
	return folder
}

func TestGamesOfAllLibraries(t *testing.T) {
	root, second, third, fourth := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	write(t, filepath.Join(root, "steamapps", "libraryfolders.vdf"), list(root, second, filepath.Join(root, "no such disk")))
	write(t, filepath.Join(root, "config", "libraryfolders.vdf"), "\"LibraryFolders\"\n{\n\t\"TimeNextStatsReport\"\t\"161\"\n\t\"1\"\t\t\""+
		strings.ReplaceAll(third, `\`, `\\`)+"\"\n\t\"2\" \"relative\\\\path\"\n}\n")
	want := []string{game(t, root, "Factorio", true), game(t, second, "Factorio Beta", true), game(t, third, "Factorio", false)}
	game(t, fourth, "Factorio", true) // in no list
	if got := Games([]string{filepath.Join(root, "absent"), root, root}); !slices.Equal(got, want) {
		t.Errorf("games %q, want %q", got, want)
	}
}

func TestManifestLeadsNowhereElse(t *testing.T) {
	for _, name := range []string{"..", ".", "", "../../x", `a\b`, "/etc", "C:x", strings.Repeat("x", 300)} {
		library := t.TempDir()
		write(t, filepath.Join(library, "steamapps", "common", "x"), "")
		write(t, filepath.Join(library, "steamapps", manifest), fmt.Sprintf(`"AppState" { "installdir" %q }`, name))
		if got := Games([]string{library}); len(got) > 0 {
			t.Errorf("%q leads to %q", name, got)
		}
	}
}

func TestDamagedListsArePassedOver(t *testing.T) {
	root := t.TempDir()
	want := []string{game(t, root, "Factorio", true)}
	for _, text := range []string{"", "\x00\xff", `"libraryfolders" { "0" { "path"`, `"libraryfolders" "x"`, strings.Repeat("a{", 100)} {
		write(t, filepath.Join(root, "steamapps", "libraryfolders.vdf"), text)
		if got := Games([]string{root}); !slices.Equal(got, want) {
			t.Errorf("%q: games %q, want %q", text, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	got, err := parse("\ufeff// of Steam\nRoot [$LINUX]\n{\n\"a\\\\b\" \"C:\\\\x \\\"y\\\" \\z\"\n\"Empty\" { }\n plain value // more\n}")
	if err != nil {
		t.Fatal(err)
	}
	want := `{  [{Root  [{a\b C:\x "y" \z []} {Empty  []} {plain value []}]}]}`
	if fmt.Sprint(got) != want {
		t.Errorf("parsed %v, want %s", got, want)
	}
	if v := got.child("rOOT").child("PLAIN").value; v != "value" {
		t.Errorf("found %q", v)
	}
	for text, want := range map[string]string{
		`"a`: "does not end", `a [b`: "does not end", `a {`: "ends within", `}`: "should stand", `a }`: "no value", `a`: "no value", `{`: "should stand",
		strings.Repeat("a{", maxDepth+2): "deeply", strings.Repeat("a b ", maxNodes+1): "too many", strings.Repeat(" ", maxFile+1): "larger",
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

func TestRoots(t *testing.T) {
	for system, want := range map[string][]string{
		"linux":   {".local/share/Steam", ".steam/steam", ".var/app/com.valvesoftware.Steam/.local/share/Steam", "snap/steam/common/.local/share/Steam"},
		"darwin":  {"Library/Application Support/Steam"},
		"windows": {`C:\Program Files (x86)\Steam`},
	} {
		roots := Roots(system, "home", []string{"told"})
		for _, dir := range append([]string{"told"}, want...) {
			if !slices.Contains(roots, filepath.FromSlash(dir)) && !slices.Contains(roots, filepath.Join("home", filepath.FromSlash(dir))) {
				t.Errorf("%s: no %s in %q", system, dir, roots)
			}
		}
	}
}

func FuzzListed(f *testing.F) {
	f.Add(list("/home/a/.local/share/Steam", "/mnt/games"))
	f.Add("\"LibraryFolders\"\n{\n\t\"1\"\t\t\"D:\\\\Steam\"\n}\n")
	f.Add("a { b \"c\" // d\n } [x]")
	f.Fuzz(func(t *testing.T, text string) {
		for _, folder := range listed(text) {
			if !filepath.IsAbs(folder) || folder != filepath.Clean(folder) {
				t.Errorf("%q", folder)
			}
		}
	})
}

package game

import (
	"archive/zip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"mainbus/hostagent/factorio/locale"
)

// A mod's things have the names of its locale files, and the game's own have theirs.
func TestDumpPrototypeLocale(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	word := fmt.Sprintf("w%x", rand.Uint32())
	file, err := os.Create(filepath.Join(i.dir, "mods", word+"_1.0.0.zip"))
	if os.IsNotExist(err) {
		if err = os.MkdirAll(filepath.Join(i.dir, "mods"), 0o755); err == nil {
			file, err = os.Create(filepath.Join(i.dir, "mods", word+"_1.0.0.zip"))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	out := zip.NewWriter(file)
	for name, content := range map[string]string{
		"info.json": fmt.Sprintf(`{"name": %q, "version": "1.0.0", "title": "t", "author": "a", "factorio_version": "2.0"}`, word),
		"data.lua": fmt.Sprintf(`data:extend{
			{type = "item", name = "%[1]s-plate", stack_size = 10, icon = "x"},
			{type = "item", name = "%[1]s-own", stack_size = 10, icon = "x", localised_name = {"", "Own ", {"item-name.iron-plate"}}},
			{type = "item", name = "%[1]s-none", stack_size = 10, icon = "x"}}`, word),
		"locale/en/one.cfg": fmt.Sprintf("[item-name]\n%s-plate=Plate of [color=red]%s[/color]\n", word, word),
		"locale/de/one.cfg": fmt.Sprintf("[item-name]\n%s-plate=Platte\n", word),
	} {
		w, err := out.Create(word + "_1.0.0/" + name)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	file.Close()
	if out, code := i.run(t, "--dump-prototype-locale"); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	names := map[string]map[string]string{}
	for _, kind := range []string{"item", "fluid", "entity", "quality"} {
		data, err := os.ReadFile(filepath.Join(i.dir, "script-output", kind+"-locale.json"))
		if err != nil {
			t.Fatal(err)
		}
		if names[kind], err = locale.ParseDump(data); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ kind, name, want string }{
		{"item", "iron-plate", "Iron plate"}, {"item", "wooden-chest", "Wooden chest"}, {"entity", "wooden-chest", "Wooden chest"}, {"fluid", "crude-oil", "Crude oil"},
		{"item", word + "-plate", "Plate of " + word}, {"item", word + "-own", "Own Iron plate"}, {"item", word + "-none", ""},
	} {
		if got := names[test.kind][test.name]; got != test.want {
			t.Errorf("%s %s is called %q", test.kind, test.name, got)
		}
	}
}

package modinfo

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/internal/sample"
	"mainbus/hostagent/factorio/modlist"
	"mainbus/hostagent/factorio/save"
)

func mods(t *testing.T, lines ...string) []Info {
	t.Helper()
	var all []Info
	for _, line := range lines {
		name, needs, _ := strings.Cut(line, ":")
		m := Info{Name: name, Version: version(1, 0, 0)}
		for text := range strings.SplitSeq(needs, ",") {
			if text == "" {
				continue
			}
			d, err := ParseDependency(text)
			if err != nil {
				t.Fatal(err)
			}
			m.Dependencies = append(m.Dependencies, d)
		}
		all = append(all, m)
	}
	return all
}

func names(mods []Info) (all []string) {
	for _, m := range mods {
		all = append(all, m.Name)
	}
	return all
}

func TestLoadOrder(t *testing.T) {
	for name, c := range map[string]struct {
		mods  []string
		want  string
		rings [][]string
	}{
		"depth, then names": {mods: []string{"z:base", "deep:z", "a10:base", "A2:base", "base:"}, want: "base A2 a10 z deep"},
		"the mods of a save of 2.1.11": {mods: []string{"quality:base,recycler", "SpidertronEnhancements:base,? space-age", "recycler:base", "base:",
			"FluidMustFlow:base", "elevated-rails:base"}, want: "base elevated-rails FluidMustFlow recycler SpidertronEnhancements quality"},
		"optional ones order, unordered and missing ones don't": {mods: []string{"b:? c", "c:(?) d", "d:", "e:~ b", "f:! b", "g:x", "h:+ b"}, want: "d e f g c b h"},
		"rings": {mods: []string{"a:b", "b:c,c2", "c:a,? base", "after:b", "base:", "c2:base", "x:~ y", "y:x", "self:self"}, want: "base self x c2 y a b c after",
			rings: [][]string{{"a", "b", "c"}}},
	} {
		got, rings := LoadOrder(mods(t, c.mods...))
		if order := strings.Join(names(got), " "); order != c.want || !reflect.DeepEqual(rings, c.rings) {
			t.Errorf("%s: %s, rings %v, want %s", name, order, rings, c.want)
		}
	}
}

// Whatever the order in which mods are given and however they depend on each other, the result is the same, and what a mod waits for
// comes first unless both are in a ring.
func TestLoadOrderOfRandomMods(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	kinds := []string{"", "! ", "? ", "(?) ", "~ ", "+ "}
	for range 500 {
		var lines []string
		for i := range 2 + r.IntN(8) {
			line := string(rune('a'+i)) + ":"
			for range r.IntN(3) {
				line += kinds[r.IntN(len(kinds))] + string(rune('a'+r.IntN(10))) + ","
			}
			lines = append(lines, line)
		}
		want, rings := LoadOrder(mods(t, lines...))
		at := map[string]int{}
		for i, m := range want {
			at[m.Name] = i
		}
		inRing := func(a, b string) bool {
			return slices.ContainsFunc(rings, func(ring []string) bool { return slices.Contains(ring, a) && slices.Contains(ring, b) })
		}
		for _, m := range want {
			for _, d := range m.Dependencies {
				if i, there := at[d.Name]; there && d.Ordered() && d.Name != m.Name && i > at[m.Name] && !inRing(m.Name, d.Name) {
					t.Errorf("%q: %s is loaded before %s: %v", lines, m.Name, d.Name, names(want))
				}
			}
		}
		r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		if got, again := LoadOrder(mods(t, lines...)); !reflect.DeepEqual(names(got), names(want)) || !reflect.DeepEqual(again, rings) {
			t.Errorf("%q: %v, in another order %v", lines, names(want), names(got))
		}
	}
}

func TestCompareNames(t *testing.T) {
	sorted := []string{"", "a", "A-b", "a2", "a02b", "a10", "AB", "A_b", "b", "ä"}
	for i, a := range sorted {
		for j, b := range sorted {
			if got, want := CompareNames(a, b), i-j; (got < 0) != (want < 0) || (got > 0) != (want > 0) {
				t.Errorf("%q, %q: %d", a, b, got)
			}
		}
	}
}

// The game writes mod-list.json with its own mods first and the others in order of their names.
func TestNamesOfARealListAreInOrder(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(sample.Dir(t, "mod-list"), "2.0.72-altiummm-huge.json"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := modlist.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	var others []string
	for _, m := range list.Mods {
		if !slices.Contains([]string{"base", "elevated-rails", "quality", "space-age"}, m.Name) {
			others = append(others, m.Name)
		}
	}
	if len(others) != 288 || !slices.IsSortedFunc(others, CompareNames) {
		t.Errorf("%d names, not in order", len(others))
	}
}

// The mods in a save are stored in the order in which the game loaded them. What the mods that are not the game's own need is that of their info.json.
func TestLoadOrderOfRealSaves(t *testing.T) {
	dir := sample.Dir(t, "saves")
	needs := map[string][]string{"factorio-test": {"base"}, "belt-balancer": {"base"}, "train-station-overview": {"base"}}
	for name, count := range map[string]int{"0.18-fsm-test.zip": 3, "1.1.19-fsm-test.zip": 3, "2.0.55-headless-init.zip": 4, "2.0.73-factoriotest-headless-save.zip": 5} {
		header, err := readHeader(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]Info{}
		for _, m := range BuiltIn(header.Mods[0].Version) {
			known[m.Name] = m
		}
		var loaded []Info
		var want []string
		for _, m := range header.Mods {
			info, builtin := known[m.Name]
			if !builtin {
				info = Info{Name: m.Name, Version: m.Version}
				for _, n := range needs[m.Name] {
					info.Dependencies = append(info.Dependencies, Dependency{Name: n})
				}
			}
			loaded, want = append(loaded, info), append(want, m.Name)
		}
		slices.Reverse(loaded)
		if got, rings := LoadOrder(loaded); len(want) != count || rings != nil || !reflect.DeepEqual(names(got), want) {
			t.Errorf("%s: %v, rings %v, the game has %v", name, names(got), rings, want)
		}
	}
}

func readHeader(path string) (save.Header, error) {
	s, err := save.Open(path)
	if err != nil {
		return save.Header{}, err
	}
	defer s.Close()
	return s.Header()
}

func TestBuiltIn(t *testing.T) {
	for game, want := range map[factorio.Version]string{
		version(1, 1, 110): "base", version(2, 0, 77): "base elevated-rails quality space-age", version(2, 1, 0): "base elevated-rails recycler quality space-age",
	} {
		all := BuiltIn(game)
		enabled := map[string]factorio.Version{}
		for _, m := range all {
			enabled[m.Name] = m.Version
			if !m.RunsIn(game) {
				t.Errorf("%v: %s does not run in it", game, m.Name)
			}
		}
		for _, m := range all {
			for _, d := range m.Dependencies {
				if why := d.Unmet(enabled); why != "" {
					t.Errorf("%v: %s: %s", game, m.Name, why)
				}
			}
		}
		if sorted, _ := LoadOrder(all); strings.Join(names(sorted), " ") != want {
			t.Errorf("%v: %v", game, names(sorted))
		}
	}
}

package solver

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
)

// known reads lines like "x 1.2.0 for 2.0: base >= 2.0.1, ! y"; without "for" it is for the line of the game.
func known(t *testing.T, game factorio.Version, lines ...string) map[string][]modinfo.Info {
	t.Helper()
	mods := map[string][]modinfo.Info{}
	for _, line := range lines {
		head, needs, _ := strings.Cut(line, ":")
		head, line, other := strings.Cut(head, " for ")
		name, version, _ := strings.Cut(head, " ")
		info := modinfo.Info{Name: name, FactorioVersion: game}
		var err, err2 error
		if info.Version, err = factorio.ParseLenient(version); other {
			info.FactorioVersion, err2 = factorio.ParseLenient(line)
		}
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		for need := range strings.SplitSeq(needs, ",") {
			if strings.TrimSpace(need) == "" {
				continue
			}
			d, err := modinfo.ParseDependency(need)
			if err != nil {
				t.Fatal(err)
			}
			info.Dependencies = append(info.Dependencies, d)
		}
		mods[name] = append(mods[name], info)
	}
	return mods
}

// answer is "x 1.2.0, y 1.0.0", without base, or the demands that can't be met, a line each.
func answer(t *testing.T, r Request) string {
	t.Helper()
	s, err := Solve(t.Context(), r)
	var impossible *Impossible
	var parts []string
	switch {
	case errors.As(err, &impossible):
		for _, d := range impossible.Demands {
			parts = append(parts, d.Text)
		}
		return strings.Join(parts, "\n")
	case err != nil:
		return err.Error()
	}
	for _, m := range s.Mods {
		if m.Name != "base" {
			parts = append(parts, fmt.Sprintf("%s %v", m.Name, m.Version))
		}
	}
	for _, k := range s.Skipped {
		parts = append(parts, fmt.Sprintf("not %s as %s recommends", k.Other, k.Mod))
	}
	for _, h := range s.Held {
		var why []string
		for _, d := range h.Why {
			why = append(why, d.Text)
		}
		parts = append(parts, fmt.Sprintf("%s not %v: %s", h.Name, h.Should, strings.Join(why, "; ")))
	}
	return strings.Join(parts, ", ")
}

func want(names ...string) (all []Want) {
	for _, n := range names {
		all = append(all, Want{Name: n})
	}
	return all
}

func TestDependencies(t *testing.T) {
	g20, g21 := v(2, 0, 60), v(2, 1, 8)
	for name, c := range map[string]struct {
		game factorio.Version
		mods []string
		ask  func(*Request)
		want string
	}{
		"the newest that is for the game": {g20, []string{"x 1.0.0", "x 1.2.0", "x 1.10.0", "x 2.0.0 for 2.1"}, nil, "x 1.10.0"},
		"1.0 loads what is for 0.18":      {v(1, 0, 0), []string{"x 1.0.0 for 0.18", "x 1.1.0 for 1.1"}, nil, "x 1.0.0"},
		"none is for the game": {g20, []string{"x 1.0.0 for 1.1", "x 2.0.0 for 2.1"}, nil,
			"x is wanted, but it has no release for Factorio 2.0; the newest, 2.0.0, is for 2.1"},
		"not known":               {g20, nil, nil, "x is wanted, but no mod of this name is known"},
		"needs a newer game":      {g20, []string{"x 1.0.0: base >= 2.0.10", "x 1.1.0: base >= 2.0.61"}, nil, "x 1.0.0"},
		"all need a newer game":   {g20, []string{"x 1.0.0: base >= 2.0.61", "x 1.1.0: base >= 2.0.62"}, nil, "x is wanted\nx 1.1.0 needs base >= 2.0.62, x 1.0.0 needs base >= 2.0.61, but the game is 2.0.60"},
		"needed":                  {g20, []string{"x 1.0.0: y, ~ z", "y 1.0.0", "z 1.0.0", "other 1.0.0"}, nil, "x 1.0.0, y 1.0.0, z 1.0.0"},
		"a ring":                  {g20, []string{"x 1.0.0: y", "y 1.0.0: x"}, nil, "x 1.0.0, y 1.0.0"},
		"needed, but missing":     {g20, []string{"x 1.0.0: y >= 1.0.0"}, nil, "x is wanted\nx 1.0.0 needs y >= 1.0.0, but no mod of this name is known"},
		"needed, but only older":  {g20, []string{"x 1.0.0: y > 1.0.0", "y 1.0.0"}, nil, "x is wanted\nx 1.0.0 needs y > 1.0.0, but the only release for Factorio 2.0 is 1.0.0"},
		"an older one needs less": {g20, []string{"x 2.0.0: y >= 2.0.0", "x 1.0.0: y", "y 1.0.0"}, nil, "x 1.0.0, y 1.0.0"},
		"optional is not taken":   {g20, []string{"x 1.0.0: ? y, (?) z", "y 1.0.0", "z 1.0.0"}, nil, "x 1.0.0"},
		"optional has to fit": {g20, []string{"x 1.0.0: ? y >= 2.0.0", "y 1.0.0"}, func(r *Request) { r.Want = want("x", "y") },
			"x is wanted\ny is wanted\nx 1.0.0 needs y >= 2.0.0, if y is enabled, but the only release for Factorio 2.0 is 1.0.0"},
		"incompatible": {g20, []string{"x 1.0.0: ! y", "y 1.0.0"}, func(r *Request) { r.Want = want("x", "y") },
			"x is wanted\ny is wanted\nx 1.0.0 can't be used together with y"},
		"an incompatibility has no version": {g20, []string{"x 1.0.0: ! y < 1.0.0", "y 1.0.0"}, func(r *Request) { r.Want = want("x", "y") },
			"x is wanted\ny is wanted\nx 1.0.0 can't be used together with y"},
		"ignored": {g20, []string{"x 1.0.0: ! y, z", "y 1.0.0"}, func(r *Request) {
			r.Want, r.Ignored = want("x", "y"), []Ignored{{"x", "y"}, {"x", "z"}}
		}, "x 1.0.0, y 1.0.0"},
		"recommended is taken":            {g21, []string{"x 1.0.0: + y", "y 1.0.0: z", "z 1.0.0"}, nil, "x 1.0.0, y 1.0.0, z 1.0.0"},
		"recommended of what was settled": {g21, []string{"x 1.0.0: + y", "y 1.0.0"}, func(r *Request) { r.Settled = map[string]bool{"x": true} }, "x 1.0.0"},
		"recommended but switched off":    {g21, []string{"x 1.0.0: + y", "y 1.0.0"}, func(r *Request) { r.Off = []Off{{Name: "y"}} }, "x 1.0.0"},
		"recommended but impossible":      {g21, []string{"x 1.0.0: + y", "y 1.0.0: ! x"}, nil, "x 1.0.0, not y as x recommends"},
		"recommended before 2.1":          {g20, []string{"x 1.0.0: + y", "y 1.0.0"}, nil, "x 1.0.0"},
		"recommended has to fit":          {g20, []string{"x 1.0.0: + y >= 2.0.0", "y 1.0.0"}, func(r *Request) { r.Want = want("x", "y") }, "x is wanted\ny is wanted\nx 1.0.0 needs y >= 2.0.0, if y is enabled, but the only release for Factorio 2.0 is 1.0.0"},
		"Space Age of 2.0":                {g20, []string{"x 1.0.0: space-age"}, nil, "elevated-rails 2.0.60, quality 2.0.60, space-age 2.0.60, x 1.0.0"},
		"Space Age of 2.1":                {g21, []string{"x 1.0.0: space-age"}, nil, "elevated-rails 2.1.8, quality 2.1.8, recycler 2.1.8, space-age 2.1.8, x 1.0.0"},
		"Space Age without Quality":       {g21, []string{"x 1.0.0: space-age"}, func(r *Request) { r.Off = []Off{{Name: "quality"}} }, "elevated-rails 2.1.8, recycler 2.1.8, space-age 2.1.8, x 1.0.0"},
		"a part of the game is switched off": {g20, []string{"x 1.0.0: space-age"}, func(r *Request) { r.Off = []Off{{"quality", "Quality is not for us"}} },
			"x is wanted\nQuality is not for us\nx 1.0.0 needs space-age\nspace-age needs quality >= 2.0.0"},
		"Space Age before 2.0":                {v(1, 1, 110), []string{"x 1.0.0: space-age"}, nil, "x is wanted\nx 1.0.0 needs space-age, but no mod of this name is known"},
		"the portal's mod of a game's name":   {g20, []string{"x 1.0.0: quality >= 2.0.0", "quality 9.0.0: missing"}, nil, "quality 2.0.60, x 1.0.0"},
		"nothing is wanted without base":      {g20, []string{"x 1.0.0: ! base"}, nil, "x is wanted\nx 1.0.0 can't be used together with base"},
		"itself":                              {g20, []string{"x 1.0.0: ! x, x >= 2.0.0"}, nil, "x 1.0.0"},
		"one version of two of the same name": {g20, []string{"x 1.0.0", "x 1.0.0: missing"}, nil, "x 1.0.0"},
	} {
		r := Request{Games: []factorio.Version{c.game}, Mods: known(t, c.game, c.mods...), Want: want("x")}
		if c.ask != nil {
			c.ask(&r)
		}
		if got := answer(t, r); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

func TestWhatIsTaken(t *testing.T) {
	game := v(2, 0, 60)
	mods := []string{"x 1.0.0", "x 2.0.0: lib >= 2.0.0", "x 3.0.0: lib >= 3.0.0", "y 1.0.0: lib <= 2.0.0", "y 0.9.0", "lib 1.0.0", "lib 2.0.0", "lib 3.0.0", "lib 3.1.0"}
	for name, c := range map[string]struct {
		want []Want
		kept map[string]factorio.Version
		ask  string
	}{
		"the newest, by name": {want: want("x", "y"), ask: "lib 3.1.0, x 3.0.0, y 0.9.0"},
		"what was asked for first": {want: []Want{{Name: "x"}, {Name: "y", Asked: true}},
			ask: "lib 2.0.0, x 2.0.0, y 1.0.0"},
		"what is there stays": {want: want("x", "y"), kept: map[string]factorio.Version{"x": v(1, 0, 0), "y": v(1, 0, 0), "lib": v(1, 0, 0)}, ask: "lib 1.0.0, x 1.0.0, y 1.0.0"},
		"but not if it is asked for": {want: []Want{{Name: "x", Asked: true}, {Name: "lib"}}, kept: map[string]factorio.Version{"x": v(1, 0, 0), "lib": v(1, 0, 0)},
			ask: "lib 3.1.0, x 3.0.0, lib not 1.0.0: x 3.0.0 needs lib >= 3.0.0; x gets 3.0.0"},
		"what a mod brings along stays too": {want: want("y"), kept: map[string]factorio.Version{"lib": v(1, 0, 0), "y": v(1, 0, 0)}, ask: "lib 1.0.0, y 1.0.0"},
		"pinned": {want: []Want{{Name: "x", Asked: true}, {Name: "y", Op: "=", Version: v(1, 0, 0), Pinned: true}},
			ask: "lib 2.0.0, x 2.0.0, y 1.0.0, x not 3.0.0: y is pinned to 1.0.0; x 3.0.0 needs lib >= 3.0.0; y 1.0.0 needs lib <= 2.0.0"},
		"a range": {want: []Want{{Name: "x", Asked: true, Op: "<", Version: v(3, 0, 0)}}, ask: "lib 3.1.0, x 2.0.0"},
		"pinned to what is not there": {want: []Want{{Name: "x", Op: "=", Version: v(5, 0, 0), Pinned: true}},
			ask: "x is pinned to 5.0.0, but the releases for Factorio 2.0 are 1.0.0 to 3.0.0"},
		"ranges that don't go together": {want: []Want{{Name: "x", Op: ">=", Version: v(3, 0, 0)}, {Name: "y", Op: "=", Version: v(1, 0, 0)}},
			ask: "x is wanted in a version >= 3.0.0\ny is wanted in version 1.0.0\nx 3.0.0 needs lib >= 3.0.0\ny 1.0.0 needs lib <= 2.0.0"},
	} {
		if got := answer(t, Request{Games: []factorio.Version{game}, Mods: known(t, game, mods...), Want: c.want, Kept: c.kept}); got != c.ask {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.ask)
		}
	}
}

func TestSeveralGames(t *testing.T) {
	r := Request{Games: []factorio.Version{v(2, 0, 60), v(2, 0, 70)}, Mods: known(t, v(2, 0, 0), "x 1.0.0: base >= 2.0.65"), Want: want("x")}
	if s, err := Solve(t.Context(), r); err != nil || s.Game != v(2, 0, 70) {
		t.Errorf("%v, %v", s.Game, err)
	}
	r.Mods = known(t, v(2, 0, 0), "x 1.0.0: base >= 2.0.71")
	if got := answer(t, r); got != "x is wanted\nx 1.0.0 needs base >= 2.0.71, but the game is 2.0.60 or 2.0.70" {
		t.Error(got)
	}
}

func TestWhyAModIsThere(t *testing.T) {
	r := Request{Games: []factorio.Version{v(2, 1, 8)}, Mods: known(t, v(2, 1, 0), "x 1.0.0: y, + z", "y 1.0.0", "z 1.0.0"), Want: want("x")}
	s, err := Solve(t.Context(), r)
	got := map[string]string{}
	for _, m := range s.Mods {
		got[m.Name] = strings.TrimSpace(string(m.Reason) + " " + m.By)
	}
	if want := map[string]string{"base": "game", "x": "wanted", "y": "needed x", "z": "recommended x"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if _, there := s.Get("other"); there {
		t.Error("a mod that is not there is found")
	}
	if y, there := s.Get("y"); !there || y.Name != "y" {
		t.Errorf("y is %v", y)
	}
}

func TestUnknown(t *testing.T) {
	mods := known(t, v(2, 0, 0), "x 1.0.0: y, ~ z, ? o, ! i, + r, quality", "x 1.1.0: w, v", "x 2.0.0 for 2.1: q")
	r := Request{Games: []factorio.Version{v(2, 0, 60)}, Mods: mods, Want: want("x", "u"), Ignored: []Ignored{{"x", "v"}}}
	if got, want := r.Unknown(), []string{"u", "w", "y", "z"}; !reflect.DeepEqual(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("%v", got)
	}
	r.Games = []factorio.Version{v(2, 1, 0)}
	if got, want := r.Unknown(), []string{"u", "q"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	for want, r := range map[string]Request{
		"solve mods: no version of the game is given":               {},
		"solve mods: the games 2.0.0 and 2.1.0 are not of one line": {Games: []factorio.Version{v(2, 0, 0), v(2, 1, 0)}},
		"solve mods: a mod without a name is wanted":                {Games: []factorio.Version{v(2, 0, 0)}, Want: want("")},
		`solve mods: "x" is wanted twice`:                           {Games: []factorio.Version{v(2, 0, 0)}, Want: want("x", "x")},
	} {
		if _, err := Solve(t.Context(), r); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

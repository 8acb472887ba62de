package plan

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mainbus/controller/api"
	"mainbus/controller/mods"
	"mainbus/controller/packs"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
)

// shelf is a catalogue of lines like "x 1.2.0 for 2.1: base >= 2.0.1, ! y". Those that begin with "stored" are kept, all are on the portal.
type shelf struct {
	known map[string]mods.Known
	asked []string
	fails error
}

func catalogue(t *testing.T, lines ...string) *shelf {
	t.Helper()
	s := &shelf{known: map[string]mods.Known{}}
	for _, line := range lines {
		line, stored := strings.CutPrefix(line, "stored ")
		line, deprecated := strings.CutPrefix(line, "deprecated ")
		line, expansion := strings.CutPrefix(line, "expansion ")
		head, needs, _ := strings.Cut(line, ":")
		head, game, other := strings.Cut(head, " for ")
		name, version, _ := strings.Cut(head, " ")
		if !other {
			game = "2.0"
		}
		r := mods.Release{Name: name, Stored: stored, OnPortal: true, SHA1: fmt.Sprintf("%040x", len(name+version))}
		if stored {
			r.Size = 1000
		}
		if expansion {
			r.Flags = []string{"space_travel"}
		}
		var errs [2]error
		r.Version, errs[0] = factorio.ParseLenient(version)
		r.Game, errs[1] = factorio.ParseLenient(game)
		if err := errors.Join(errs[:]...); err != nil {
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
			r.Dependencies = append(r.Dependencies, d)
		}
		k := s.known[name]
		k.Deprecated = deprecated
		k.Releases = append(k.Releases, r)
		s.known[name] = k
	}
	return s
}

func (s *shelf) Releases(_ context.Context, names ...string) (map[string]mods.Known, error) {
	s.asked = append(s.asked, names...)
	told := map[string]mods.Known{}
	for _, n := range names {
		told[n] = s.known[n]
	}
	return told, s.fails
}

// pack has mods like "x 1.2.0", "x 1.2.0 off" and "x 1.2.0 pinned", and parts of the game by their name alone.
func pack(t *testing.T, game string, lines ...string) store.Pack {
	t.Helper()
	p := store.Pack{ID: "p", Name: "Rails", Game: game, PackRevision: store.PackRevision{Revision: 7}}
	packs.Fit(&p, packs.Base)
	for _, line := range lines {
		fields := append(strings.Fields(line), "", "")
		if in := packs.Find(&p, fields[0]); in != nil {
			in.Enabled = true
			continue
		}
		p.Mods = append(p.Mods, store.PackMod{Name: fields[0], Version: fields[1], Enabled: fields[2] != "off", Pinned: fields[2] == "pinned"})
	}
	return p
}

var world = []factorio.Version{{Major: 2, Minor: 0, Patch: 60}}

func make20(t *testing.T, s *shelf, p store.Pack, r api.PlanPack) Plan {
	t.Helper()
	plan, err := Make(t.Context(), World{s, world}, p, r)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// words tell the steps and whatever is to be said of a plan, a line each.
func words(p Plan) string {
	var lines []string
	for _, s := range p.Steps {
		lines = append(lines, fmt.Sprintf("%s %s %s→%s from %s: %s", s.Action, s.Name, s.From, s.To, s.Source, s.Why))
	}
	for _, c := range p.Conflicts {
		lines = append(lines, "conflict: "+c.Text)
	}
	for _, h := range p.HeldBack {
		lines = append(lines, fmt.Sprintf("%s %s, not %s: %s", h.Name, h.Version, h.Newest, strings.Join(h.Why, "; ")))
	}
	for _, w := range p.Warnings {
		lines = append(lines, "warning: "+w.Text)
	}
	return strings.Join(lines, "\n")
}

func TestPlans(t *testing.T) {
	portal := []string{
		"x 1.0.0: base, lib", "x 2.0.0: lib >= 2.0.0", "x 3.0.0 for 2.1", "stored lib 1.0.0", "lib 2.0.0", "stored y 1.0.0: lib <= 1.0.0", "y 0.9.0", "stored z 1.0.0: ! x",
		"space 1.0.0: space-age", "deprecated old 1.0.0", "expansion far 1.0.0", "r 1.0.0: ring", "ring 1.0.0: r",
	}
	have := []string{"lib 1.0.0", "x 1.0.0"}
	for name, c := range map[string]struct {
		have []string
		ask  api.PlanPack
		want string
	}{
		"nothing to do":               {[]string{"lib 1.0.0", "y 1.0.0"}, api.PlanPack{}, ""},
		"a file that is not kept":     {have, api.PlanPack{}, "download x 1.0.0→1.0.0 from portal: it is in the pack"},
		"a mod and what it needs":     {nil, api.PlanPack{Add: []api.WantMod{{Name: "x"}}}, "install lib →2.0.0 from portal: x needs it\ninstall x →2.0.0 from portal: asked for"},
		"a version":                   {nil, api.PlanPack{Add: []api.WantMod{{Name: "x", Version: "1.0.0"}}}, "install lib →2.0.0 from portal: x needs it\ninstall x →1.0.0 from portal: asked for"},
		"a range":                     {nil, api.PlanPack{Add: []api.WantMod{{Name: "lib", Version: "< 2.0"}}}, "install lib →1.0.0 from store: asked for"},
		"an update brings others":     {have, api.PlanPack{Update: []string{"x"}}, "update lib 1.0.0→2.0.0 from portal: it can't stay: x 2.0.0 needs lib >= 2.0.0; x gets 2.0.0\nupdate x 1.0.0→2.0.0 from portal: asked for"},
		"an update that can't be":     {[]string{"lib 1.0.0 pinned", "x 1.0.0"}, api.PlanPack{Update: []string{"x"}}, "download x 1.0.0→1.0.0 from portal: asked for\nx 1.0.0, not 2.0.0: lib is pinned to 1.0.0; x 2.0.0 needs lib >= 2.0.0"},
		"all":                         {[]string{"lib 1.0.0", "y 1.0.0"}, api.PlanPack{UpdateAll: true}, "update lib 1.0.0→2.0.0 from portal: asked for\ndowngrade y 1.0.0→0.9.0 from portal: asked for\ny 0.9.0, not 1.0.0: y 1.0.0 needs lib <= 1.0.0; lib gets 2.0.0"},
		"gone, with what it needed":   {have, api.PlanPack{Remove: []string{"x"}}, "remove x 1.0.0→ from none: asked for\nwarning: lib was needed by x, and nothing else needs it"},
		"gone, but needed":            {have, api.PlanPack{Remove: []string{"lib"}}, "conflict: x is wanted\nconflict: lib is to be removed\nconflict: x 2.0.0 needs lib >= 2.0.0, x 1.0.0 needs lib"},
		"disabled":                    {have, api.PlanPack{Disable: []string{"x"}}, "disable x 1.0.0→1.0.0 from none: asked for"},
		"enabled again":               {[]string{"lib 1.0.0 off", "x 1.0.0 off"}, api.PlanPack{Enable: []string{"x"}}, "enable lib 1.0.0→1.0.0 from store: x needs it\nenable x 1.0.0→1.0.0 from portal: asked for"},
		"pinned and not pinned":       {[]string{"lib 1.0.0 pinned", "y 1.0.0"}, api.PlanPack{Pin: []string{"y"}, Unpin: []string{"lib"}}, "unpin lib 1.0.0→1.0.0 from store: it is in the pack\npin y 1.0.0→1.0.0 from store: it is in the pack"},
		"what can't be together":      {[]string{"lib 1.0.0", "x 1.0.0"}, api.PlanPack{Add: []api.WantMod{{Name: "z"}}}, "conflict: z is wanted\nconflict: x is wanted\nconflict: z 1.0.0 can't be used together with x"},
		"not everybody has Space Age": {nil, api.PlanPack{Add: []api.WantMod{{Name: "space"}}}, "conflict: space is wanted\nconflict: Space Age is not enabled in the pack\nconflict: space 1.0.0 needs space-age"},
		"Space Age": {nil, api.PlanPack{Enable: []string{"space-age"}},
			"enable elevated-rails 2.0→2.0.60 from game: space-age needs it\nenable quality 2.0→2.0.60 from game: space-age needs it\nenable space-age 2.0→2.0.60 from game: asked for\n" +
				"warning: Only players who own Space Age can join then: Elevated Rails is part of it"},
		"Space Age is not added like a mod": {[]string{"elevated-rails", "quality"}, api.PlanPack{Add: []api.WantMod{{Name: "space-age"}}}, "enable space-age 2.0→2.0.60 from game: asked for"},
		"a mod for owners of Space Age":     {nil, api.PlanPack{Add: []api.WantMod{{Name: "far"}}}, "install far →1.0.0 from portal: asked for\nwarning: Only players who own Space Age can join then: far asks for space travel"},
		"deprecated":                        {nil, api.PlanPack{Add: []api.WantMod{{Name: "old"}}}, "install old →1.0.0 from portal: asked for\nwarning: old is deprecated: its author has given it up"},
		"a ring":                            {nil, api.PlanPack{Add: []api.WantMod{{Name: "r"}}}, "install r →1.0.0 from portal: asked for\ninstall ring →1.0.0 from portal: r needs it\nwarning: r, ring wait for each other to be loaded first, which the game may refuse"},
		"a mod that nobody knows stays":     {[]string{"mine 1.0.0", "lib 1.0.0"}, api.PlanPack{}, "warning: Nothing is known of mine 1.0.0: it is neither kept here nor on the mod portal. What it needs was not looked at; add its file"},
		"a mod that nobody knows":           {nil, api.PlanPack{Add: []api.WantMod{{Name: "mine"}}}, "conflict: mine is wanted, but no mod of this name is known"},
		"ignored": {have, api.PlanPack{Add: []api.WantMod{{Name: "z"}}, Ignore: []api.IgnoredNeed{{Mod: "z", Needs: "x"}}},
			"download x 1.0.0→1.0.0 from portal: it is in the pack\ninstall z →1.0.0 from store: asked for\nwarning: The game will not load z: it can't be used together with x. The pack ignores that, the game does not"},
		"another game": {have, api.PlanPack{Game: "2.1"}, "conflict: lib is wanted, but it has no release for Factorio 2.1; the newest, 2.0.0, is for 2.0"},
		"another game, and something idle": {[]string{"lib 1.0.0 off", "x 1.0.0"}, api.PlanPack{Game: "2.1"},
			"update x 1.0.0→3.0.0 from portal: its version is not for the game 2.1\nwarning: lib 1.0.0 is switched off and stays as it is, for the game 2.0"},
		"another game, and less": {have, api.PlanPack{Game: "2.1", Remove: []string{"lib"}}, "remove lib 1.0.0→ from none: asked for\n" +
			"update x 1.0.0→3.0.0 from portal: its version is not for the game 2.1"},
	} {
		w := World{catalogue(t, portal...), world}
		if c.ask.Game != "" {
			w.Games = []factorio.Version{{Major: 2, Minor: 1, Patch: AnyPatch}}
		}
		plan, err := Make(t.Context(), w, pack(t, "2.0", c.have...), c.ask)
		if got := words(plan); err != nil || got != c.want {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, c.want)
		}
		if plan.Possible != (len(plan.Conflicts) == 0) || plan.Possible != (plan.Hash != "") {
			t.Errorf("%s: possible %v, hash %q", name, plan.Possible, plan.Hash)
		}
	}
}

// What a plan says is what the pack is when its edit has been made, and planning that again changes nothing.
func TestPlansLeadWhereTheySay(t *testing.T) {
	portal := []string{"x 1.0.0: lib", "x 2.0.0: lib >= 2.0.0", "stored lib 1.0.0", "stored lib 2.0.0", "stored y 1.0.0", "stored x 3.0.0 for 2.1: lib, quality", "stored lib 3.0.0 for 2.1", "stored y 3.0.0 for 2.1"}
	for _, r := range []api.PlanPack{
		{UpdateAll: true}, {Add: []api.WantMod{{Name: "x"}}, Pin: []string{"x", "y"}}, {Remove: []string{"y"}}, {Disable: []string{"y"}}, {Enable: []string{"space-age"}},
		{Game: "2.1", Enable: []string{"space-age"}}, {Ignore: []api.IgnoredNeed{{Mod: "x", Needs: "lib"}}}, {Game: "2.0.55"},
	} {
		w := World{catalogue(t, portal...), world}
		if r.Game == "2.1" {
			w.Games = []factorio.Version{{Major: 2, Minor: 1, Patch: 8}}
		}
		was := pack(t, "2.0", "lib 1.0.0", "x 1.0.0", "y 1.0.0")
		plan, err := Make(t.Context(), w, was, r)
		if err != nil || !plan.Possible {
			t.Fatalf("%+v: %v, %s", r, err, words(plan))
		}
		edited, _, err := packs.Edit(was, plan.Edit, packs.Knowledge{})
		if err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		var enabled, planned []string
		for _, m := range edited.Mods {
			if m.Enabled {
				enabled = append(enabled, strings.TrimSpace(m.Name+" "+m.Version))
			}
		}
		for _, m := range plan.Mods {
			if m.BuiltIn {
				m.Version = ""
			}
			planned = append(planned, strings.TrimSpace(m.Name+" "+m.Version))
		}
		slices.Sort(enabled)
		slices.Sort(planned)
		if !reflect.DeepEqual(enabled, planned) || edited.Game != plan.Game {
			t.Errorf("%+v:\nedited  %v for %s\nplanned %v for %s", r, enabled, edited.Game, planned, plan.Game)
		}
		for name, k := range w.Catalogue.(*shelf).known { // all is downloaded
			for i := range k.Releases {
				k.Releases[i].Stored = true
			}
			w.Catalogue.(*shelf).known[name] = k
		}
		again, err := Make(t.Context(), w, edited, api.PlanPack{})
		if err != nil || len(again.Steps) > 0 || len(again.Edit.Mods) > 0 {
			t.Errorf("%+v, and then: %v, %s", r, err, words(again))
		}
	}
}

func TestHashes(t *testing.T) {
	s := catalogue(t, "stored x 1.0.0", "stored x 2.0.0")
	r := api.PlanPack{UpdateAll: true}
	p := pack(t, "2.0", "x 1.0.0")
	first := make20(t, s, p, r)
	if again := make20(t, s, p, r); again.Hash != first.Hash {
		t.Error("the same plan has another hash")
	}
	p.Revision++
	if changed := make20(t, s, p, r); changed.Hash == first.Hash {
		t.Error("a changed pack has the same hash")
	}
	p.Revision--
	s.known["x"] = mods.Known{Releases: slices.Concat(catalogue(t, "x 3.0.0").known["x"].Releases, s.known["x"].Releases)}
	newer := make20(t, s, p, r)
	if newer.Hash == first.Hash || newer.Downloads != 1 || newer.SizesUnknown != 1 || !reflect.DeepEqual(newer.Fetch, []mods.Want{{Name: "x", Version: "3.0.0"}}) {
		t.Errorf("with a newer release: %+v", newer)
	}
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	for want, r := range map[string]api.PlanPack{
		"y is not in the pack, so it can't be removed":                                             {Remove: []string{"y"}},
		"y is not in the pack, so it can't be updated":                                             {Update: []string{"y"}},
		"y is not in the pack, so it can't be enabled":                                             {Enable: []string{"y"}},
		"x can't be asked for in two ways that exclude each other":                                 {Add: []api.WantMod{{Name: "x"}}, Remove: []string{"x"}},
		"y is to be added twice":                                                                   {Add: []api.WantMod{{Name: "y"}, {Name: "y", Version: "1.0.0"}}},
		"base can't be disabled: it is the game's own items and scenarios":                         {Disable: []string{"base"}},
		"quality comes with the game: it can't be removed, only enabled or disabled":               {Remove: []string{"quality"}},
		"quality comes with the game: its version is the game's":                                   {Add: []api.WantMod{{Name: "quality", Version: "2.0.0"}}},
		`"new" is neither a version of y, like 1.2.3, nor a range of versions, like >= 1.2.0`:      {Add: []api.WantMod{{Name: "y", Version: "new"}}},
		`">= 1 < 2" is neither a version of y, like 1.2.3, nor a range of versions, like >= 1.2.0`: {Add: []api.WantMod{{Name: "y", Version: ">= 1 < 2"}}},
		`"a/b" can't be a mod's name`:                                                              {Add: []api.WantMod{{Name: "a/b"}}},
		`"two" is no version of the game, like 2.0 or 2.0.60`:                                      {Game: "two"},
	} {
		_, err := Make(t.Context(), World{catalogue(t), world}, pack(t, "2.0", "x 1.0.0"), r)
		if err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

func TestTheCatalogueIsAskedForWhatMayBeNeededOnly(t *testing.T) {
	s := catalogue(t, "x 1.0.0: lib, ? maybe, ! never", "lib 1.0.0: deep", "other 1.0.0")
	make20(t, s, pack(t, "2.0", "off 1.0.0 off"), api.PlanPack{Add: []api.WantMod{{Name: "x"}}})
	if want := []string{"x", "lib", "deep"}; !reflect.DeepEqual(s.asked, want) {
		t.Errorf("asked for %v", s.asked)
	}
	s.fails = errors.New("the disk is gone")
	if _, err := Make(t.Context(), World{s, world}, pack(t, "2.0"), api.PlanPack{Add: []api.WantMod{{Name: "x"}}}); !errors.Is(err, s.fails) {
		t.Errorf("%v", err)
	}
	s = catalogue(t, "x 1.0.0")
	s.known["x"] = mods.Known{Releases: s.known["x"].Releases, Problem: "no route to host"}
	got := words(make20(t, s, pack(t, "2.0"), api.PlanPack{Add: []api.WantMod{{Name: "x"}}}))
	if !strings.Contains(got, "warning: The mod portal was not asked about x, so what was known before has to do: no route to host") {
		t.Error(got)
	}
}

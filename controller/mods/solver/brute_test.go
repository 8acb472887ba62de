package solver

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
)

func v(a, b, c uint16) factorio.Version { return factorio.Version{Major: a, Minor: b, Patch: c} }

// small makes portals in which brute force can try everything. They are full of demands, so that about half of them are impossible.
type small struct{ *rand.Rand }

func (r small) pick(of ...string) string { return of[r.IntN(len(of))] }

func (r small) version() factorio.Version { return v(1, uint16(r.IntN(3)), 0) }

func (r small) names() []string { return []string{"a", "b", "C", "d"} }

func (r small) op() string { return r.pick("", "", "<", "<=", "=", ">=", ">", ">=") }

func (r small) dependency(game factorio.Version) modinfo.Dependency {
	d := modinfo.Dependency{Kind: []modinfo.Kind{modinfo.Required, modinfo.Required, modinfo.Required, modinfo.Unordered, modinfo.Incompatible,
		modinfo.Optional, modinfo.HiddenOptional, modinfo.Recommended}[r.IntN(8)], Name: r.pick("a", "b", "C", "d", "a", "b", "C", "d", "base", "quality", "space-age", "a", "b", "C", "d", "missing")}
	if d.Op = r.op(); d.Op == "" {
		return d
	}
	d.Version = r.version()
	if slices.Contains([]string{"base", "quality", "space-age"}, d.Name) {
		d.Version = game
		d.Version.Patch = uint16(r.IntN(4))
	}
	return d
}

func (r small) request() Request {
	line := []factorio.Version{v(2, 0, 0), v(2, 1, 0)}[r.IntN(2)]
	q := Request{Mods: map[string][]modinfo.Info{}, Kept: map[string]factorio.Version{}, Settled: map[string]bool{}}
	for range 1 + r.IntN(2) {
		g := line
		g.Patch = uint16(1 + r.IntN(3))
		if !slices.Contains(q.Games, g) {
			q.Games = append(q.Games, g)
		}
	}
	for _, name := range r.names() {
		q.Mods[name] = nil
		for range 1 + r.IntN(3) {
			info := modinfo.Info{Name: name, Version: r.version(), FactorioVersion: line}
			if r.IntN(8) == 0 {
				info.FactorioVersion = v(1, 1, 0)
			}
			for range r.IntN(4) {
				info.Dependencies = append(info.Dependencies, r.dependency(line))
			}
			q.Mods[name] = append(q.Mods[name], info)
		}
		if r.IntN(3) == 0 {
			q.Kept[name] = r.version()
			q.Settled[name] = r.IntN(2) == 0
		}
	}
	for _, i := range r.Perm(len(r.names()))[:1+r.IntN(3)] {
		w := Want{Name: r.names()[i], Asked: r.IntN(2) == 0}
		if r.IntN(4) == 0 {
			w.Op, w.Version = r.op(), r.version()
		}
		q.Want = append(q.Want, w)
	}
	if r.IntN(6) == 0 {
		q.Want = append(q.Want, Want{Name: r.pick("space-age", "quality", "base", "missing")})
	}
	for r.IntN(4) == 0 {
		q.Off = append(q.Off, Off{Name: r.pick("a", "b", "C", "d", "quality", "space-age")})
	}
	for r.IntN(4) == 0 {
		q.Ignored = append(q.Ignored, Ignored{r.pick(r.names()...), r.pick("a", "b", "C", "d", "base")})
	}
	return q
}

// assignment is one way to switch mods on, base and the game's version included.
type assignment map[string]modinfo.Info

// every calls f with all assignments of mods that could be switched on, whatever they demand, and their versions, until f returns true.
func (r Request) every(f func(assignment, map[string]factorio.Version) bool) {
	var names []string
	choices := map[string][]modinfo.Info{}
	for name, releases := range r.Mods {
		for _, info := range releases {
			again := slices.ContainsFunc(choices[name], func(other modinfo.Info) bool { return other.Version == info.Version })
			if info.RunsIn(r.Games[0]) && !again { // of two of one version the first counts
				choices[name] = append(choices[name], info)
			}
		}
	}
	for _, game := range r.Games {
		for _, info := range modinfo.BuiltIn(game) {
			if info.Name == "base" || r.speaks(info.Name) {
				choices[info.Name] = []modinfo.Info{info}
			}
		}
		names = slices.Sorted(maps.Keys(choices))
		a, enabled := assignment{}, map[string]factorio.Version{}
		var rest func(i int) bool
		rest = func(i int) bool {
			if i == len(names) {
				return f(a, enabled)
			}
			if names[i] != "base" && rest(i+1) {
				return true
			}
			for _, info := range choices[names[i]] {
				a[names[i]], enabled[names[i]] = info, info.Version
				if rest(i + 1) {
					return true
				}
			}
			delete(a, names[i])
			delete(enabled, names[i])
			return false
		}
		if rest(0) {
			return
		}
	}
}

// speaks reports whether a mod of the game's own can matter: something is said of it, or of what needs it.
func (r Request) speaks(of string) bool {
	said := slices.ContainsFunc(r.Want, func(w Want) bool { return w.Name == of || w.Name == "space-age" || w.Name == "quality" }) || slices.Contains(r.Off, Off{Name: of})
	for _, releases := range r.Mods {
		for _, info := range releases {
			said = said || slices.ContainsFunc(info.Dependencies, func(d modinfo.Dependency) bool { return d.Name == of || d.Name == "space-age" || d.Name == "quality" })
		}
	}
	return said
}

// meets reports whether an assignment meets all demands that count.
func (r Request) meets(a assignment, enabled map[string]factorio.Version, counts func(Kind, string, string) bool) bool {
	for _, w := range r.Want {
		if info, on := a[w.Name]; counts(DemandWant, w.Name, "") && (!on || !w.allows(info.Version)) {
			return false
		}
	}
	for _, off := range r.Off {
		if _, on := a[off.Name]; on && counts(DemandOff, off.Name, "") {
			return false
		}
	}
	for name, info := range a {
		for _, d := range info.Dependencies {
			if d.Name != name && counts(kindOf(d), name, d.Name) && !slices.Contains(r.Ignored, Ignored{name, d.Name}) && d.Unmet(enabled) != "" {
				return false
			}
		}
	}
	return true
}

func all(Kind, string, string) bool { return true }

func (r Request) possible(counts func(Kind, string, string) bool) bool {
	found := false
	r.every(func(a assignment, enabled map[string]factorio.Version) bool {
		found = r.meets(a, enabled, counts)
		return found
	})
	return found
}

// best finds the set that the order of preferences picks out of all that are possible, by leaving at each decision only those that
// have the best there.
func (r Request) best(sets []assignment) (want map[string]string, skipped []Skipped) {
	var chosen []string
	keep := func(is func(assignment) bool) bool {
		if !slices.ContainsFunc(sets, is) {
			return false
		}
		sets = slices.DeleteFunc(sets, func(a assignment) bool { return !is(a) })
		return true
	}
	for _, g := range r.Games {
		if keep(func(a assignment) bool { return a["base"].Version == g }) {
			break
		}
	}
	decide := func(name string) {
		if slices.Contains(chosen, name) {
			return
		}
		var versions []factorio.Version
		for _, a := range sets {
			versions = append(versions, a[name].Version)
		}
		newest := slices.MaxFunc(versions, factorio.Version.Compare)
		kept, was := r.Kept[name]
		asked := slices.ContainsFunc(r.Want, func(w Want) bool { return w.Name == name && w.Asked })
		if !was || asked || !keep(func(a assignment) bool { return a[name].Version == kept }) {
			keep(func(a assignment) bool { return a[name].Version == newest })
		}
		chosen = append(chosen, name)
	}
	close := func() {
		for {
			next := ""
			for _, name := range chosen {
				for _, d := range sets[0][name].Dependencies {
					if d.Needed() && !slices.Contains(chosen, d.Name) && !slices.Contains(r.Ignored, Ignored{name, d.Name}) && (next == "" || modinfo.CompareNames(d.Name, next) < 0) {
						next = d.Name
					}
				}
			}
			if next == "" {
				return
			}
			decide(next)
		}
	}
	decide("base")
	for _, w := range r.Want {
		if w.Asked {
			decide(w.Name)
		}
	}
	rest := slices.Clone(r.Want)
	slices.SortFunc(rest, func(a, b Want) int { return modinfo.CompareNames(a.Name, b.Name) })
	for _, w := range rest {
		decide(w.Name)
	}
	close()
	var tried []string
	for _, off := range r.Off {
		tried = append(tried, off.Name)
	}
next:
	for {
		slices.SortFunc(chosen, modinfo.CompareNames)
		for _, name := range chosen {
			if r.Settled[name] || r.Games[0].Minor == 0 {
				continue
			}
			info := sets[0][name]
			recommended := slices.Clone(info.Dependencies)
			slices.SortStableFunc(recommended, func(a, b modinfo.Dependency) int { return modinfo.CompareNames(a.Name, b.Name) })
			for _, d := range recommended {
				if d.Kind != modinfo.Recommended || d.Name == name || slices.Contains(chosen, d.Name) || slices.Contains(tried, d.Name) || slices.Contains(r.Ignored, Ignored{name, d.Name}) {
					continue
				}
				tried = append(tried, d.Name)
				if keep(func(a assignment) bool { other, on := a[d.Name]; return on && d.Allows(other.Version) }) {
					decide(d.Name)
					close()
				} else {
					skipped = append(skipped, Skipped{name, d.Name})
				}
				continue next
			}
		}
		break
	}
	want = map[string]string{}
	for _, name := range chosen {
		want[name] = sets[0][name].Version.String()
	}
	return want, skipped
}

// On 10,000 random small portals the verdict is that of brute force, a set is the best that there is, and what is named as impossible is impossible,
// but not any more without any one of its demands.
func TestVerdictsEqualBruteForce(t *testing.T) {
	portals := 10_000
	if testing.Short() {
		portals = 1000
	}
	counts := map[string]int{}
	for seed := range portals {
		r := small{rand.New(rand.NewPCG(uint64(seed), 1))}.request()
		got, err := Solve(t.Context(), r)
		var sets []assignment
		r.every(func(a assignment, enabled map[string]factorio.Version) bool {
			if r.meets(a, enabled, all) {
				sets = append(sets, maps.Clone(a))
			}
			return false
		})
		var impossible *Impossible
		switch {
		case errors.As(err, &impossible) && len(sets) == 0:
			counts["impossible"]++
			counts[fmt.Sprint("cores of ", min(len(impossible.Demands), 4))]++
			checkCore(t, seed, r, impossible.Demands)
		case err == nil && len(sets) > 0:
			counts["possible"]++
			checkBest(t, seed, r, got, sets, counts)
		default:
			t.Fatalf("portal %d: %v, but brute force finds %d sets\n%s", seed, err, len(sets), r.words())
		}
		if again, other := Solve(t.Context(), r); !reflect.DeepEqual(again, got) || !reflect.DeepEqual(other, err) {
			t.Fatalf("portal %d: another answer to the same question", seed)
		}
	}
	t.Log(counts)
	for _, kind := range []string{"impossible", "possible", "cores of 1", "cores of 2", "cores of 3", "cores of 4", "skipped", "recommended", "held"} {
		if counts[kind] < portals/200 {
			t.Errorf("only %d of %d portals are about %s: too few to show anything", counts[kind], portals, kind)
		}
	}
}

func checkCore(t *testing.T, seed int, r Request, core []Demand) {
	t.Helper()
	without := func(left int) bool {
		return r.possible(func(kind Kind, mod, other string) bool {
			return slices.ContainsFunc(core, func(d Demand) bool { return d.Kind == kind && d.Mod == mod && d.Other == other }) &&
				(left < 0 || core[left].Kind != kind || core[left].Mod != mod || core[left].Other != other)
		})
	}
	if len(core) == 0 || without(-1) {
		t.Fatalf("portal %d: %v can be met\n%s", seed, core, r.words())
	}
	for i, d := range core {
		if !without(i) {
			t.Fatalf("portal %d: %v is superfluous in %v\n%s", seed, d, core, r.words())
		}
		if d.Text == "" || strings.ContainsAny(d.Text, "%") {
			t.Fatalf("portal %d: no sentence for %+v", seed, d)
		}
	}
}

func checkBest(t *testing.T, seed int, r Request, s Solution, sets []assignment, counts map[string]int) {
	t.Helper()
	got, a, enabled := map[string]string{}, assignment{}, map[string]factorio.Version{}
	for _, m := range s.Mods {
		got[m.Name], a[m.Name], enabled[m.Name] = m.Version.String(), m.Info, m.Version
		if m.Reason == Recommended {
			counts["recommended"]++
		}
	}
	want, skipped := r.best(sets)
	if !maps.Equal(got, want) || !slices.Equal(s.Skipped, skipped) {
		t.Fatalf("portal %d:\n got %v, skipped %v\nwant %v, %v\n%s", seed, got, s.Skipped, want, skipped, r.words())
	}
	if !r.meets(a, enabled, all) || s.Game != a["base"].Version {
		t.Fatalf("portal %d: %v does not go together\n%s", seed, got, r.words())
	}
	counts["skipped"] += len(skipped)
	counts["held"] += len(s.Held)
	for _, h := range s.Held {
		m, _ := s.Get(h.Name)
		if len(h.Why) == 0 || m.Version == h.Should || h.Asked && m.Version.Compare(h.Should) > 0 || !h.Asked && h.Should != r.Kept[h.Name] {
			t.Fatalf("portal %d: %s %v is held back from %v because of %v\n%s", seed, h.Name, m.Version, h.Should, h.Why, r.words())
		}
	}
}

// words tell a request.
func (r Request) words() string {
	var b strings.Builder
	fmt.Fprintf(&b, "games %v, want %v, off %v, ignored %v, kept %v, settled %v\n", r.Games, r.Want, r.Off, r.Ignored, r.Kept, r.Settled)
	for _, name := range slices.Sorted(maps.Keys(r.Mods)) {
		for _, info := range r.Mods[name] {
			fmt.Fprintf(&b, "%s %v for %s: %v\n", name, info.Version, modinfo.MajorMinor(info.FactorioVersion), info.Dependencies)
		}
	}
	return b.String()
}

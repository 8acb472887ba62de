package solver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/modinfo"
)

// portal makes one of the size of the real one's mods that are in use: 3,000 mods with up to 60 releases, made over years for one line of
// the game after the other. A few hundred libraries are needed by most; every mod's releases need what was there when they came out.
func portal(seed uint64) map[string][]modinfo.Info {
	const count, days = 3000, 3000
	r := rand.New(rand.NewPCG(seed, 7))
	type dated struct {
		modinfo.Info
		day int
	}
	lines := []factorio.Version{v(0, 17, 0), v(0, 18, 0), v(1, 0, 0), v(1, 1, 0), v(2, 0, 0), v(2, 1, 0)}
	since := []int{0, 400, 700, 900, 1800, 2800}
	all := make([][]dated, count)
	for i := range all {
		first := r.IntN(days - 50)
		last := first + r.IntN(days-first)
		n := 1 + int(60*r.Float64()*r.Float64())
		version := v(uint16(r.IntN(2)), 1, 0)
		for k := range n {
			day := first + (last-first)*k/n
			switch r.IntN(8) {
			case 0:
				version = v(version.Major+1, 0, 0)
			case 1, 2:
				version = v(version.Major, version.Minor+1, 0)
			default:
				version.Patch++
			}
			line := 0
			for line+1 < len(since) && since[line+1] <= day {
				line++
			}
			if i < 300 && k >= n/2 { // libraries follow the game
				line = 4
			}
			all[i] = append(all[i], dated{modinfo.Info{Name: name(i), Version: version, FactorioVersion: lines[line]}, day})
		}
	}
	mods := map[string][]modinfo.Info{}
	for i := range all {
		var others []int
		for range r.IntN(6) {
			if r.IntN(3) > 0 {
				others = append(others, int(300*r.Float64()*r.Float64()))
			} else {
				others = append(others, r.IntN(count))
			}
		}
		for k := range all[i] {
			info := all[i][k].Info
			base := modinfo.Dependency{Name: "base", Op: ">=", Version: info.FactorioVersion}
			base.Version.Patch = uint16(r.IntN(60))
			info.Dependencies = append(info.Dependencies, base)
			for n, other := range others {
				if other == i {
					continue
				}
				kinds := []modinfo.Kind{modinfo.Required, modinfo.Optional, modinfo.HiddenOptional, modinfo.Unordered, modinfo.Required, modinfo.Optional}
				d := modinfo.Dependency{Kind: kinds[n], Name: name(other)}
				if other > 300 && d.Needed() { // needed are libraries, and few else
					d.Kind = modinfo.Optional
				}
				if r.IntN(100) == 0 {
					d.Kind = modinfo.Incompatible
				} else if r.IntN(2) == 0 {
					for _, release := range all[other] {
						if release.day <= all[i][k].day {
							d.Op, d.Version = ">=", release.Version
						}
					}
				}
				info.Dependencies = append(info.Dependencies, d)
			}
			mods[name(i)] = append(mods[name(i)], info)
		}
	}
	return mods
}

func name(i int) string { return fmt.Sprintf("mod-%d", i) }

// pack takes n mods that go together for a game.
func pack(t testing.TB, mods map[string][]modinfo.Info, n int, seed uint64) Request {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 8))
	q := Request{Games: []factorio.Version{v(2, 0, 77)}, Mods: mods}
	out := map[string]bool{}
	for tries := 0; tries < 1000; tries++ {
		for len(q.Want) < n {
			i := r.IntN(len(mods))
			suits := slices.ContainsFunc(mods[name(i)], func(info modinfo.Info) bool { return info.RunsIn(q.Games[0]) })
			if w := (Want{Name: name(i)}); suits && !out[w.Name] && !slices.Contains(q.Want, w) {
				q.Want = append(q.Want, w)
			}
		}
		_, err := Solve(t.Context(), q)
		var impossible *Impossible
		if !errors.As(err, &impossible) {
			if err != nil {
				t.Fatal(err)
			}
			return q
		}
		for _, d := range impossible.Demands {
			out[d.Mod] = true
		}
		q.Want = slices.DeleteFunc(q.Want, func(w Want) bool { return out[w.Name] })
	}
	t.Fatal("no pack found")
	return q
}

// What a pack of 150 mods takes is far from what is allowed, in steps, which are the same on every machine.
func TestAPackOf150ModsTakesFewSteps(t *testing.T) {
	mods := portal(1)
	q := pack(t, mods, 150, 1)
	q.Steps = defaultSteps / 5
	for round, ask := range []func(*Request){
		func(*Request) {},
		func(q *Request) { // a pack that is there: all that it has is old, and stays
			q.Kept = map[string]factorio.Version{}
			for name, releases := range q.Mods {
				q.Kept[name] = releases[len(releases)/2].Version
			}
		},
		func(q *Request) { // all of it is updated
			for i := range q.Want {
				q.Want[i].Asked = true
			}
		},
	} {
		ask(&q)
		s, err := Solve(t.Context(), q)
		if err != nil || len(s.Mods) <= len(q.Want) {
			t.Fatalf("round %d: %d mods, %v", round, len(s.Mods), err)
		}
		enabled := map[string]factorio.Version{}
		for _, m := range s.Mods {
			enabled[m.Name] = m.Version
		}
		for _, m := range s.Mods {
			for _, d := range m.Dependencies {
				if why := d.Unmet(enabled); why != "" {
					t.Errorf("round %d: %s %v: %s", round, m.Name, m.Version, why)
				}
			}
		}
		t.Logf("round %d: %d mods, %d held back", round, len(s.Mods), len(s.Held))
	}
}

// pigeons are n+1 mods of which each needs one of n others for itself alone: the hardest that is known for solvers of this kind.
func pigeons(n int) Request {
	q := Request{Games: []factorio.Version{v(2, 0, 77)}, Mods: map[string][]modinfo.Info{}}
	for p := range n + 1 {
		pigeon := fmt.Sprintf("pigeon-%d", p)
		q.Want = append(q.Want, Want{Name: pigeon})
		for h := range n {
			hole := fmt.Sprintf("hole-%d", h)
			q.Mods[pigeon] = append(q.Mods[pigeon], modinfo.Info{Name: pigeon, Version: v(1, uint16(h), 0), FactorioVersion: v(2, 0, 0),
				Dependencies: []modinfo.Dependency{{Name: hole, Op: "=", Version: v(1, uint16(p), 0)}}})
			q.Mods[hole] = append(q.Mods[hole], modinfo.Info{Name: hole, Version: v(1, uint16(p), 0), FactorioVersion: v(2, 0, 0)})
		}
	}
	return q
}

func TestHardRequestsEnd(t *testing.T) {
	var impossible *Impossible
	q := pigeons(4)
	if _, err := Solve(t.Context(), q); !errors.As(err, &impossible) || len(impossible.Demands) != 5+5*4 {
		t.Errorf("4 holes: %v", err)
	}
	q = pigeons(20)
	q.Steps = 300_000
	if _, err := Solve(t.Context(), q); !errors.Is(err, ErrGaveUp) {
		t.Errorf("20 holes: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	q.Steps = 0
	if _, err := Solve(ctx, q); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func BenchmarkPackOf150(b *testing.B) {
	mods := portal(1)
	q := pack(b, mods, 150, 1)
	asked := q
	asked.Want = slices.Clone(q.Want)
	for i := range asked.Want {
		asked.Want[i].Asked = true
	}
	impossible := q
	impossible.Off = []Off{{Name: mostNeeded(b, q)}}
	for name, q := range map[string]Request{"new": q, "update-all": asked, "impossible": impossible} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Solve(b.Context(), q); (err != nil) != (name == "impossible") {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("unknown", func(b *testing.B) { // which mods a plan has to ask the portal for
		for b.Loop() {
			q.Unknown()
		}
	})
}

func mostNeeded(b *testing.B, q Request) string {
	s, err := Solve(b.Context(), q)
	if err != nil {
		b.Fatal(err)
	}
	for _, m := range s.Mods {
		if m.Reason == Needed && !m.BuiltIn {
			return m.Name
		}
	}
	b.Fatal("no mod needs another one")
	return ""
}

// BenchmarkGiveUp is the longest that a question can take.
func BenchmarkGiveUp(b *testing.B) {
	q := pigeons(40)
	for b.Loop() {
		if _, err := Solve(b.Context(), q); !errors.Is(err, ErrGaveUp) {
			b.Fatal(err)
		}
	}
}

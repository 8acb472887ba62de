package sat

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

const enough = 1 << 30

// brute looks for values for n variables.
func brute(n int, clauses [][]Lit) bool {
	for values := range 1 << n {
		if !slices.ContainsFunc(clauses, func(c []Lit) bool {
			return !slices.ContainsFunc(c, func(l Lit) bool { return values>>l.variable()&1 == int(1-l&1) })
		}) {
			return true
		}
	}
	return false
}

func units(lits []Lit) (clauses [][]Lit) {
	for _, l := range lits {
		clauses = append(clauses, []Lit{l})
	}
	return clauses
}

// One solver answers many questions, with clauses added between them, as brute force does.
func TestRandomClauses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	counts := map[bool]int{}
	for range 3000 {
		n := 3 + r.IntN(8)
		s := New(enough)
		for range n {
			s.NewVar(r.IntN(2) == 0)
		}
		lit := func() Lit { return Lit(r.IntN(2 * n)) }
		var clauses [][]Lit
		for range 6 {
			for range r.IntN(2 * n) {
				c := []Lit{lit(), lit(), lit()}[:1+min(2, r.IntN(8))]
				clauses = append(clauses, c)
				s.Add(c...)
			}
			var assumptions []Lit
			for range r.IntN(5) {
				assumptions = append(assumptions, lit())
			}
			got, err := s.Solve(t.Context(), assumptions...)
			if want := brute(n, slices.Concat(clauses, units(assumptions))); err != nil || got != want {
				t.Fatalf("%v, assuming %v: %v, %v", clauses, assumptions, got, err)
			}
			counts[got]++
			if got {
				for _, c := range slices.Concat(clauses, units(assumptions)) {
					if !slices.ContainsFunc(c, s.True) {
						t.Fatalf("%v, assuming %v: clause %v is not fulfilled", clauses, assumptions, c)
					}
				}
				continue
			}
			for _, l := range s.Core() {
				if !slices.Contains(assumptions, l) {
					t.Fatalf("core %v of assumptions %v", s.Core(), assumptions)
				}
			}
			if brute(n, slices.Concat(clauses, units(s.Core()))) {
				t.Fatalf("%v, assuming %v: core %v is possible", clauses, assumptions, s.Core())
			}
		}
	}
	if counts[true] < 1000 || counts[false] < 1000 {
		t.Errorf("the questions are one-sided: %v", counts)
	}
}

// pigeons can't all have a hole of their own; it takes long to see that clause by clause.
func pigeons(s *Solver, n int) {
	in := make([][]Lit, n+1)
	for p := range in {
		for range n {
			in[p] = append(in[p], s.NewVar(true))
		}
		s.Add(in[p]...)
		for other := range p {
			for h := range n {
				s.Add(in[p][h].Not(), in[other][h].Not())
			}
		}
	}
}

func TestHardQuestionsEnd(t *testing.T) {
	s := New(enough)
	pigeons(s, 6)
	if got, err := s.Solve(t.Context()); got || err != nil || s.Core() != nil {
		t.Errorf("7 pigeons in 6 holes: %v, %v, core %v", got, err, s.Core())
	}
	s = New(100_000)
	pigeons(s, 30)
	for range 2 {
		if _, err := s.Solve(t.Context()); !errors.Is(err, ErrGaveUp) {
			t.Errorf("31 pigeons in 30 holes: %v", err)
		}
	}
	s = New(enough)
	pigeons(s, 30)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Solve(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// The same clauses take the same steps. That many learned clauses are forgotten does not change answers.
func TestAnswersAreTheSameEachTime(t *testing.T) {
	run := func() string {
		r := rand.New(rand.NewPCG(3, 4))
		s := New(enough)
		const n = 150
		for range n {
			s.NewVar(true)
		}
		for range n * 42 / 10 {
			s.Add(Lit(r.IntN(2*n)), Lit(r.IntN(2*n)), Lit(r.IntN(2*n)))
		}
		possible, err := s.Solve(t.Context())
		return fmt.Sprint(possible, err, s.Steps, s.model)
	}
	if first := run(); !reflect.DeepEqual(first, run()) {
		t.Error("another answer")
	}
}

func TestLuby(t *testing.T) {
	var got []int
	for i := range 15 {
		got = append(got, luby(i+1))
	}
	if want := []int{1, 1, 2, 1, 1, 2, 4, 1, 1, 2, 1, 1, 2, 4, 8}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

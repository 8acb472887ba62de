// Package sat decides whether clauses can be fulfilled together, and finds which of some assumptions can't be.
//
// It is a solver of the usual kind: unit propagation with two watched literals, clauses learned from conflicts, restarts. What makes it
// worth its own is what a plan for people needs: the same clauses give the same answer on every machine, the work is bounded by a number of steps and a
// context, and clauses may be added between questions. It starts no goroutines; a Solver belongs to one.
package sat

import (
	"context"
	"errors"
	"slices"
)

// ErrGaveUp means that the question was not answered within the allowed steps.
var ErrGaveUp = errors.New("gave up: the question is too hard for the allowed number of steps")

// A Lit is a variable or its negation. Variables are made by Solver.NewVar.
type Lit int32

// Not is the negation.
func (l Lit) Not() Lit { return l ^ 1 }

func (l Lit) variable() int { return int(l >> 1) }

type truth int8

const (
	unknown truth = iota
	yes
	no
)

type clause struct {
	lits     []Lit
	learned  bool
	activity float64
	dropped  bool
}

type variable struct {
	reason   *clause // that implied it; nil for decisions and facts
	level    int32
	activity float64
	phase    bool // that it had last, and is tried first
	seen     bool
}

// Solver holds clauses. The zero value holds none and allows no steps.
type Solver struct {
	Steps int // that are left: clauses that are looked at

	values   []truth // by literal
	vars     []variable
	watches  [][]*clause // by literal: clauses that watch it
	learned  []*clause
	trail    []Lit
	limits   []int // of the trail, where each level begins
	head     int   // of what is propagated
	order    heap
	bump     float64
	bumpOf   float64 // of learned clauses
	conflict bool    // without any assumption
	assumed  []Lit   // of the last question: its levels come first
	model    []bool
	core     []Lit
}

// New returns a solver that may look at clauses so many times, over all questions.
func New(steps int) *Solver { return &Solver{Steps: steps, bump: 1, bumpOf: 1} }

// NewVar makes a variable, which is tried as true first if so wished.
func (s *Solver) NewVar(first bool) Lit {
	v := len(s.vars)
	s.vars = append(s.vars, variable{phase: first})
	s.values = append(s.values, unknown, unknown)
	s.watches = append(s.watches, nil, nil)
	s.order.push(s, v)
	return Lit(v << 1)
}

// Add demands that one of the literals is true.
func (s *Solver) Add(lits ...Lit) {
	s.undo(0)
	kept := make([]Lit, 0, len(lits))
	for _, l := range lits {
		switch {
		case s.values[l] == yes || slices.Contains(kept, l.Not()):
			return
		case s.values[l] == unknown && !slices.Contains(kept, l):
			kept = append(kept, l)
		}
	}
	switch len(kept) {
	case 0:
		s.conflict = true
	case 1:
		s.assign(kept[0], nil)
	default:
		s.watch(&clause{lits: kept})
	}
}

func (s *Solver) watch(c *clause) {
	for _, l := range c.lits[:2] {
		s.watches[l] = append(s.watches[l], c)
	}
}

func (s *Solver) assign(l Lit, reason *clause) {
	s.values[l], s.values[l.Not()] = yes, no
	v := &s.vars[l.variable()]
	v.reason, v.level = reason, int32(len(s.limits))
	s.trail = append(s.trail, l)
}

// undo takes back all levels above.
func (s *Solver) undo(level int) {
	if len(s.limits) <= level {
		return
	}
	for _, l := range slices.Backward(s.trail[s.limits[level]:]) {
		v := l.variable()
		s.values[l], s.values[l.Not()] = unknown, unknown
		s.vars[v].phase, s.vars[v].reason = l&1 == 0, nil
		s.order.push(s, v)
	}
	s.trail = s.trail[:s.limits[level]]
	s.limits = s.limits[:level]
	s.head = len(s.trail)
}

// propagate derives what follows, and returns a clause that is violated, if any.
func (s *Solver) propagate() *clause {
	for s.head < len(s.trail) {
		falsified := s.trail[s.head].Not()
		s.head++
		watching := s.watches[falsified]
		s.Steps -= 1 + len(watching)
		kept := watching[:0]
		for i, c := range watching {
			if c.dropped {
				continue
			}
			if c.lits[0] == falsified {
				c.lits[0], c.lits[1] = c.lits[1], c.lits[0]
			}
			if s.values[c.lits[0]] == yes || !s.rewatch(c) {
				kept = append(kept, c)
			}
			if s.values[c.lits[0]] == yes || c.lits[1] != falsified {
				continue
			}
			if s.values[c.lits[0]] == no {
				s.watches[falsified] = append(kept, watching[i+1:]...)
				s.head = len(s.trail)
				return c
			}
			s.assign(c.lits[0], c)
		}
		s.watches[falsified] = kept
	}
	return nil
}

// rewatch has the clause watch another literal than its second, which is false. It returns false if there is none.
func (s *Solver) rewatch(c *clause) bool {
	for i := 2; i < len(c.lits); i++ {
		if s.values[c.lits[i]] != no {
			c.lits[1], c.lits[i] = c.lits[i], c.lits[1]
			s.watches[c.lits[1]] = append(s.watches[c.lits[1]], c)
			return true
		}
	}
	return false
}

// Solve looks for values with which all clauses and assumptions are true. If there are none Core says why. Errors are ErrGaveUp and that of the context.
func (s *Solver) Solve(ctx context.Context, assumptions ...Lit) (bool, error) {
	s.core = nil
	if s.conflict {
		return false, nil
	}
	s.undo(s.shared(assumptions))
	s.assumed = slices.Clone(assumptions)
	for restarts := 1; ; restarts++ {
		done, possible := s.search(assumptions, 100*luby(restarts))
		switch {
		case done && possible:
			s.keepModel()
			return true, nil
		case done:
			return false, nil
		case s.Steps <= 0:
			s.undo(0)
			return false, ErrGaveUp
		}
		if err := ctx.Err(); err != nil {
			s.undo(0)
			return false, err
		}
		s.undo(min(len(s.limits), len(assumptions)))
	}
}

// shared is how many levels of the last question are the same in this one.
func (s *Solver) shared(assumptions []Lit) int {
	n := 0
	for n < len(s.limits) && n < len(s.assumed) && n < len(assumptions) && s.assumed[n] == assumptions[n] {
		n++
	}
	return n
}

// search goes on until there is an answer, or a number of conflicts or the steps are used up.
func (s *Solver) search(assumptions []Lit, conflicts int) (done, possible bool) {
	for s.Steps > 0 {
		if c := s.propagate(); c != nil {
			if len(s.limits) == 0 {
				s.conflict = true
				return true, false
			}
			s.learn(c)
			if conflicts--; conflicts <= 0 {
				return false, false
			}
			continue
		}
		if len(s.limits) < len(assumptions) {
			next := assumptions[len(s.limits)]
			if s.values[next] == no {
				s.explain(next)
				return true, false
			}
			s.limits = append(s.limits, len(s.trail)) // an empty level if it is true already
			if s.values[next] == unknown {
				s.assign(next, nil)
			}
			continue
		}
		v := s.order.pop(s)
		if v < 0 {
			return true, true
		}
		s.limits = append(s.limits, len(s.trail))
		l := Lit(v << 1)
		if !s.vars[v].phase {
			l = l.Not()
		}
		s.assign(l, nil)
	}
	return false, false
}

// learn adds the clause that the conflict teaches, goes back to where it would have implied something, and derives that.
func (s *Solver) learn(c *clause) {
	lits := []Lit{0} // the first is that of the conflict's own level
	level := int32(len(s.limits))
	open := 0
	at := len(s.trail)
	for first := true; first || open > 0; first = false {
		s.bumpClause(c)
		s.Steps -= 1 + len(c.lits)
		for _, l := range c.lits {
			v := &s.vars[l.variable()]
			if v.seen || v.level == 0 || s.values[l] == yes {
				continue
			}
			v.seen = true
			s.bumpVar(l.variable())
			if v.level == level {
				open++
			} else {
				lits = append(lits, l)
			}
		}
		for at--; !s.vars[s.trail[at].variable()].seen; at-- {
		}
		lits[0] = s.trail[at].Not()
		c = s.vars[s.trail[at].variable()].reason
		s.vars[s.trail[at].variable()].seen = false
		open--
	}
	for _, l := range lits[1:] {
		s.vars[l.variable()].seen = false
	}
	back := s.backLevel(lits)
	s.undo(back)
	if len(lits) == 1 {
		s.assign(lits[0], nil)
	} else {
		c := &clause{lits: lits, learned: true, activity: s.bumpOf}
		s.watch(c)
		s.learned = append(s.learned, c)
		s.assign(lits[0], c)
	}
	s.bump /= 0.95
	s.bumpOf /= 0.999
	s.forget()
}

// backLevel puts the literal of the highest level after the first, and returns that level.
func (s *Solver) backLevel(lits []Lit) int {
	if len(lits) == 1 {
		return 0
	}
	highest := 1
	for i := range lits[1:] {
		if s.vars[lits[i+1].variable()].level > s.vars[lits[highest].variable()].level {
			highest = i + 1
		}
	}
	lits[1], lits[highest] = lits[highest], lits[1]
	return int(s.vars[lits[1].variable()].level)
}

const tooLarge = 1e100

func (s *Solver) bumpVar(v int) {
	if s.vars[v].activity += s.bump; s.vars[v].activity > tooLarge {
		for i := range s.vars {
			s.vars[i].activity /= tooLarge
		}
		s.bump /= tooLarge
	}
	s.order.raised(s, v)
}

func (s *Solver) bumpClause(c *clause) {
	if !c.learned {
		return
	}
	if c.activity += s.bumpOf; c.activity > tooLarge {
		for _, l := range s.learned {
			l.activity /= tooLarge
		}
		s.bumpOf /= tooLarge
	}
}

// forget drops half of the learned clauses when they are many, those that were of use long ago.
func (s *Solver) forget() {
	const most = 20_000
	if len(s.learned) < most {
		return
	}
	slices.SortStableFunc(s.learned, func(a, b *clause) int {
		switch {
		case a.activity > b.activity:
			return -1
		case a.activity < b.activity:
			return 1
		}
		return 0
	})
	kept := s.learned[:0]
	for i, c := range s.learned {
		if i < most/2 || len(c.lits) == 2 || s.vars[c.lits[0].variable()].reason == c {
			kept = append(kept, c)
		} else {
			c.dropped = true
		}
	}
	clear(s.learned[len(kept):])
	s.learned = kept
}

// explain finds the assumptions from which it follows that one of them is false.
func (s *Solver) explain(failed Lit) {
	s.core = []Lit{failed}
	s.vars[failed.variable()].seen = s.vars[failed.variable()].level > 0
	for _, l := range slices.Backward(s.trail) {
		v := &s.vars[l.variable()]
		if !v.seen {
			continue
		}
		v.seen = false
		if v.reason == nil {
			s.core = append(s.core, l) // below the assumptions there are no other decisions
			continue
		}
		for _, other := range v.reason.lits {
			if w := &s.vars[other.variable()]; other != l && w.level > 0 {
				w.seen = true
			}
		}
	}
}

func (s *Solver) keepModel() {
	s.model = s.model[:0]
	for v := range s.vars {
		s.model = append(s.model, s.values[v<<1] == yes)
	}
}

// True reports whether a literal is true in what Solve found last.
func (s *Solver) True(l Lit) bool { return s.model[l.variable()] == (l&1 == 0) }

// Core are assumptions of the last question that can't be fulfilled together with the clauses; none if the clauses alone can't be. Some may be superfluous.
func (s *Solver) Core() []Lit { return s.core }

// luby is the sequence 1 1 2 1 1 2 4 1 1 2 1 1 2 4 8 …, counted from 1, by which restarts are spaced.
func luby(i int) int {
	for k := 1; ; k++ {
		switch full := 1<<k - 1; {
		case i == full:
			return 1 << (k - 1)
		case i < full:
			i -= 1<<(k-1) - 1
			k = 0
		}
	}
}

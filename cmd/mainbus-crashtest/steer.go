package main

// need is something that a run must have seen to prove anything.
type need struct {
	what      string
	have, min int
	faults    []fault // any of which may bring it about
}

// needs says what a run of this kind has seen, and has to see.
func (r *result) needs() []need {
	kills := []fault{(*test).killGame, (*test).killAgent, (*test).killController, (*test).killSeveral}
	return []need{
		{"forks", r.forks, 1, []fault{(*test).copyWorld}},
		{"fenced zombies", r.zombies, 1, []fault{(*test).twoMachines}},
		{"newer saves loaded", r.forward, 1, []fault{(*test).backAndForth}},
		{"older saves loaded", r.back, 1, []fault{(*test).loadSave, (*test).backAndForth}},
		{"debts", r.debts, 1, []fault{(*test).backAndForth}},
		{"kills with unacknowledged traffic", r.kills, minKills, kills},
	}
}

// wanted are the faults that may bring about what the run has not seen.
func (r *result) wanted() []fault {
	var all []fault
	for _, n := range r.needs() {
		if n.have < n.min {
			all = append(all, n.faults...)
		}
	}
	return all
}

// next chooses a fault: by turns any, and one of those that are still wanted, so that a run proves something even where it
// gets few faults done.
func (t *test) next() fault {
	if t.turn++; t.turn%2 == 0 {
		if wanted := t.result.wanted(); len(wanted) > 0 {
			return pick(t, wanted)
		}
	}
	if len(t.deck) == 0 {
		t.deck = t.shuffled()
	}
	f := t.deck[0]
	t.deck = t.deck[1:]
	return f
}

// shuffled is one round of faults: each kind, those that hit traffic in flight more often.
func (t *test) shuffled() []fault {
	deck := []fault{
		(*test).killGame, (*test).killGame, (*test).killAgent, (*test).killAgent, (*test).killController, (*test).killController,
		(*test).killSeveral, (*test).cutLink, (*test).storm, (*test).loadSave, (*test).backAndForth, (*test).killController,
		(*test).killAgent, (*test).restoreController,
	}
	t.random.Shuffle(len(deck), func(a, b int) { deck[a], deck[b] = deck[b], deck[a] })
	return deck
}

package ledger

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func claims(of ...claim) []claim { return of }

func got(all []claim) []int64 {
	out := make([]int64, len(all))
	for n, c := range all {
		out[n] = c.got
	}
	return out
}

func TestDivide(t *testing.T) {
	const most = 1 << 62
	tests := []struct {
		name   string
		free   int64
		fair   bool
		claims []claim // by priority
		want   []int64
	}{
		{"in order until nothing is left", 25, false, claims(claim{open: 20, weight: 1}, claim{open: 10, weight: 1}), []int64{20, 5}},
		{"priority before order", 25, false, claims(claim{open: 10, priority: 2, weight: 1}, claim{open: 20, weight: 1}), []int64{10, 15}},
		{"by share of what is wanted", 30, true, claims(claim{open: 40, weight: 1}, claim{open: 20, weight: 1}), []int64{20, 10}},
		{"everybody what he wants if there is enough", 70, true, claims(claim{open: 40, weight: 1}, claim{open: 20, weight: 7}), []int64{40, 20}},
		{"by weight", 40, true, claims(claim{open: 30, weight: 1}, claim{open: 30, weight: 3}), []int64{10, 30}},
		{"what a weight gives beyond the want goes to the others", 50, true, claims(claim{open: 100, weight: 1}, claim{open: 10, weight: 100}), []int64{40, 10}},
		{"the largest remainders get the rest", 10, true, claims(claim{open: 5, weight: 1}, claim{open: 6, weight: 1}, claim{open: 7, weight: 1}), []int64{3, 3, 4}},
		{"equal remainders in order", 1, true, claims(claim{open: 5, weight: 1}, claim{open: 5, weight: 1}), []int64{1, 0}},
		{"priority before share", 30, true, claims(claim{open: 25, priority: 1, weight: 1}, claim{open: 25, weight: 100}), []int64{25, 5}},
		{"others keep off what is reserved", 30, false, claims(claim{open: 25, floor: 20, weight: 1}, claim{open: 25, weight: 1}), []int64{10, 20}},
		{"what is reserved is not shared", 30, true, claims(claim{open: 25, floor: 20, weight: 1}, claim{open: 25, weight: 1}), []int64{5, 25}},
		{"nothing below the floor", 30, true, claims(claim{open: 25, floor: 30, weight: 1}, claim{open: 25, floor: 40, weight: 1}), []int64{0, 0}},
		{"the largest numbers", most, true, claims(claim{open: MaxCount, weight: MaxWeight}, claim{open: MaxCount, weight: 1}), []int64{MaxCount, MaxCount}},
		{"shares of the largest numbers", MaxCount, true, claims(claim{open: MaxCount, weight: 1}, claim{open: MaxCount, weight: 1}), []int64{MaxCount / 2, MaxCount / 2}},
	}
	for _, test := range tests {
		divide(test.free, test.claims, test.fair)
		if got := got(test.claims); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

func TestDivideIsFairAndComplete(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		all, reserved, floor := make([]claim, 1+r.IntN(6)), r.IntN(2) == 0, r.Int64N(20)
		for n := range all {
			all[n] = claim{open: 1 + r.Int64N(60), priority: r.IntN(2), weight: 1 + r.Int64N(4), floor: floor}
			if reserved {
				all[n].floor = r.Int64N(3) * 15
			}
			if r.IntN(20) == 0 {
				all[n].open = 1 + r.Int64N(MaxCount)
			}
		}
		free, fair := r.Int64N(200), r.IntN(2) == 0
		before := slices.Clone(all)
		divide(free, all, fair)
		again := slices.Clone(before)
		divide(free, again, fair)
		if !slices.Equal(got(all), got(again)) {
			t.Fatalf("%d of %+v: twice divided differently: %v, %v", free, before, got(all), got(again))
		}
		checkDivision(t, free, fair, all)
	}
}

func checkDivision(t *testing.T, free int64, fair bool, all []claim) {
	t.Helper()
	left := free
	for _, c := range all {
		if c.got < 0 || c.got > c.open {
			t.Fatalf("%d, fair %v, %+v: more than is wanted", free, fair, all)
		}
		left -= c.got
	}
	if left < 0 {
		t.Fatalf("%d, fair %v, %+v: more than there is", free, fair, all)
	}
	for _, c := range all {
		if c.got < c.open && left > c.floor {
			t.Fatalf("%d, fair %v, %+v: %d left that a claim could have", free, fair, all, left)
		}
		for _, d := range all {
			// Who has a lower priority gets something only after the other was served as far as he may be.
			if d.priority < c.priority && d.got > 0 && c.got < c.open && d.floor >= c.floor {
				t.Fatalf("%d, fair %v, %+v: priority does not come first", free, fair, all)
			}
			// Among equals who are not satisfied, nobody is more than one item ahead of his share.
			if fair && oneFloor(all) && c.priority == d.priority && c.got < c.open && d.got < d.open &&
				c.open <= maxShare && d.open <= maxShare && distance(c, d) > 1 {
				t.Fatalf("%d, %+v: %d and %d are not fair", free, all, c.got, d.got)
			}
		}
	}
}

func oneFloor(all []claim) bool {
	return !slices.ContainsFunc(all, func(c claim) bool { return c.floor != all[0].floor })
}

// distance is by how many items d is ahead of c, measured by c's share.
func distance(c, d claim) float64 {
	share := func(c claim) float64 { return float64(c.open) * float64(c.weight) }
	return (float64(d.got) - 1 - float64(c.got)*share(d)/share(c)) / max(1, share(d)/share(c))
}

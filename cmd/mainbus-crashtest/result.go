package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// minKills is how many kills must have hit traffic that had not been acknowledged.
const minKills = 10

// result is what the run has shown.
type result struct {
	Faults    int         `json:"faults"`
	Items     []itemCount `json:"items"`
	Conserved bool        `json:"conserved"`

	kills   int // with unacknowledged traffic
	back    int // an older save was loaded than the books knew
	forward int // and a newer one
	debts   int
	forks   int
	zombies int // a second live run of a world, fenced
}

type itemCount struct {
	Name    string `json:"name"`
	Quality string `json:"quality"`
	Before  int64  `json:"before"` // with what copied worlds brought along
	After   int64  `json:"after"`
}

type item struct{ name, quality string }

func (r *result) count(before, after map[item]int64) {
	all := maps.Clone(before)
	maps.Copy(all, after)
	r.Conserved = true
	for _, i := range slices.SortedFunc(maps.Keys(all), func(a, b item) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.quality, b.quality))
	}) {
		r.Items = append(r.Items, itemCount{i.name, i.quality, before[i], after[i]})
		r.Conserved = r.Conserved && before[i] == after[i]
	}
}

func (r *result) print(out io.Writer) {
	fmt.Fprintf(out, "\n  %-26s %10s %10s %10s\n", "item", "before", "after", "difference")
	for _, i := range r.Items {
		name := i.Name
		if i.Quality != "normal" {
			name += " (" + i.Quality + ")"
		}
		fmt.Fprintf(out, "  %-26s %10d %10d %10d\n", name, i.Before, i.After, i.After-i.Before)
	}
	fmt.Fprintf(out, "\n  %d faults: %d kills with unacknowledged traffic, %d older and %d newer saves than the books knew, %d debts, %d forks, %d fenced zombies\n",
		r.Faults, r.kills, r.back, r.forward, r.debts, r.forks, r.zombies)
}

func (r *result) write(file string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	if err := os.WriteFile(file, append(content, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

var (
	errNotConserved = errors.New("items were lost or doubled")
	errProvedNone   = errors.New("proved nothing")
)

func (r *result) verdict() error {
	if !r.Conserved || len(r.Items) == 0 {
		return errNotConserved
	}
	var missing []string
	for _, need := range []struct {
		what      string
		have, min int
	}{
		{"kills with unacknowledged traffic", r.kills, minKills}, {"older saves loaded", r.back, 1}, {"newer saves loaded", r.forward, 1},
		{"debts", r.debts, 1}, {"forks", r.forks, 1}, {"fenced zombies", r.zombies, 1},
	} {
		if need.have < need.min {
			missing = append(missing, fmt.Sprintf("%d of %d %s", need.have, need.min, need.what))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: the run saw only %s", errProvedNone, strings.Join(missing, ", "))
	}
	return nil
}

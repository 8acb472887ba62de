package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"mainbus/cmd/internal/testbed"
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

// itemCount is in items, units of a fluid or MJ, which are exact: see testbed.Goods.
type itemCount struct {
	Name    string  `json:"name"`
	Quality string  `json:"quality"` // empty for fluids and energy
	Before  float64 `json:"before"`  // with what copied worlds brought along
	After   float64 `json:"after"`
}

func (r *result) count(before, after map[testbed.Goods]int64) {
	all := maps.Clone(before)
	maps.Copy(all, after)
	r.Conserved = true
	for _, g := range slices.SortedFunc(maps.Keys(all), testbed.CompareGoods) {
		if before[g] == 0 && after[g] == 0 {
			continue // what goods would become if they spoiled
		}
		r.Items = append(r.Items, itemCount{g.Name, g.Quality, g.Units(before[g]), g.Units(after[g])})
		r.Conserved = r.Conserved && before[g] == after[g]
	}
}

func (r *result) print(out io.Writer) {
	fmt.Fprintf(out, "\n  %-26s %12s %12s %12s\n", "item", "before", "after", "difference")
	for _, i := range r.Items {
		fmt.Fprintf(out, "  %-26s %12s %12s %12s\n", testbed.Goods{Name: i.Name, Quality: i.Quality}, text(i.Before), text(i.After), text(i.After-i.Before))
	}
	fmt.Fprintf(out, "\n  %d faults: %d kills with unacknowledged traffic, %d older and %d newer saves than the books knew, %d debts, %d forks, %d fenced zombies\n",
		r.Faults, r.kills, r.back, r.forward, r.debts, r.forks, r.zombies)
}

// text is a number with all its digits.
func text(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

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
	for _, need := range r.needs() {
		if need.have < need.min {
			missing = append(missing, fmt.Sprintf("%d of %d %s", need.have, need.min, need.what))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: the run saw only %s", errProvedNone, strings.Join(missing, ", "))
	}
	return nil
}

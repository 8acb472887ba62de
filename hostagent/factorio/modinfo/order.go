package modinfo

import (
	"cmp"
	"slices"
	"strings"
)

// LoadOrder sorts enabled mods as the game loads them: by the length of the longest chain of dependencies that order them, then by
// CompareNames. Dependencies on mods that are not among them don't count. Mods that wait for each other in a ring count as one;
// their names are returned as rings, which the game may refuse.
func LoadOrder(mods []Info) (sorted []Info, rings [][]string) {
	g := orderGraph{mods: mods, at: make(map[string]int, len(mods)), depth: make([]int, len(mods)), index: make([]int, len(mods)), low: make([]int, len(mods))}
	for i, m := range mods {
		g.at[m.Name] = i
	}
	for i := range mods {
		if g.index[i] == 0 {
			g.visit(i)
		}
	}
	order := make([]int, len(mods))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(g.depth[a], g.depth[b]), CompareNames(mods[a].Name, mods[b].Name))
	})
	for _, i := range order {
		sorted = append(sorted, mods[i])
	}
	slices.SortFunc(g.rings, func(a, b []string) int { return CompareNames(a[0], b[0]) })
	return sorted, g.rings
}

// orderGraph finds the strongly connected parts by Tarjan's algorithm, which finishes a part after all that it depends on, so that
// depths are known when they are needed.
type orderGraph struct {
	mods  []Info
	at    map[string]int
	depth []int // -1 until it is known
	index []int // from 1, in the order of visits
	low   []int
	stack []int
	count int
	rings [][]string
}

func (g *orderGraph) visit(i int) {
	g.count++
	g.index[i], g.low[i], g.depth[i] = g.count, g.count, -1
	g.stack = append(g.stack, i)
	for _, to := range g.before(i) {
		switch {
		case g.index[to] == 0:
			g.visit(to)
			g.low[i] = min(g.low[i], g.low[to])
		case g.depth[to] < 0:
			g.low[i] = min(g.low[i], g.index[to])
		}
	}
	if g.low[i] != g.index[i] {
		return
	}
	start := slices.Index(g.stack, i)
	part := slices.Clone(g.stack[start:])
	g.stack = g.stack[:start]
	depth := 0
	for _, member := range part {
		for _, to := range g.before(member) {
			if g.depth[to] >= 0 {
				depth = max(depth, g.depth[to]+1)
			}
		}
	}
	var names []string
	for _, member := range part {
		names = append(names, g.mods[member].Name)
	}
	for _, member := range part {
		g.depth[member] = depth
	}
	if len(names) > 1 {
		slices.SortFunc(names, CompareNames)
		g.rings = append(g.rings, names)
	}
}

// before are the mods that are loaded before mod i.
func (g *orderGraph) before(i int) []int {
	var all []int
	for _, d := range g.mods[i].Dependencies {
		if to, there := g.at[d.Name]; there && to != i && d.Ordered() {
			all = append(all, to)
		}
	}
	return all
}

// CompareNames orders the names of mods as the game's lists do: by character without case ("_" comes after "Z"), where digits stand
// together by their number. Names that are the same so are told apart by their bytes.
func CompareNames(a, b string) int {
	return cmp.Or(compareNatural(strings.ToUpper(a), strings.ToUpper(b)), cmp.Compare(a, b))
}

func compareNatural(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		if x == "" || y == "" {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		a, b = a[len(x):], b[len(y):]
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// digits are those that s begins with.
func digits(s string) string { return s[:len(s)-len(strings.TrimLeft(s, "0123456789"))] }

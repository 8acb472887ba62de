package api

import (
	_ "embed"
	"strings"
	"sync"
)

// refusedText has a line for each class: its name, a colon and the members that the game's 2.0 has besides those that
// are offered here. The generator of docs/simulator.md writes it.
//
//go:embed refused.txt
var refusedText string

// refused are those members by class, so that using one can tell that it isn't the script that is wrong.
var refused = sync.OnceValue(func() map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for line := range strings.Lines(refusedText) {
		class, names, _ := strings.Cut(line, ":")
		out[class] = map[string]bool{}
		for _, name := range strings.Fields(names) {
			out[class][name] = true
		}
	}
	return out
})

// missing is the error for a member that a class doesn't have.
func (c *class) missing(member string) string {
	if refused()[c.name][member] {
		return "the simulated game has no " + c.name + "." + member + ", which the real one has; see docs/simulator.md"
	}
	return c.name + " doesn't contain key " + member + "."
}

package view

import (
	"slices"
	"strings"
)

// A Command is something that can be found and done by its words.
type Command struct {
	Words string
	Hint  string // muted, beside the words
	Keys  string // the shortcut, for people
	Do    func()
}

const maxFound = 50

// Find returns the commands that a query may mean, the likeliest first; all of them for an empty one.
func Find(query string, all []Command) []Command {
	type ranked struct {
		Command
		rank int
	}
	var found []ranked
	for _, c := range all {
		if r := rank(query, c.Words, c.Hint); r > 0 {
			found = append(found, ranked{c, r})
		}
	}
	slices.SortStableFunc(found, func(a, b ranked) int { return b.rank - a.rank })
	out := make([]Command, 0, min(len(found), maxFound))
	for _, f := range found[:min(len(found), maxFound)] {
		out = append(out, f.Command)
	}
	return out
}

// rank tells how well a text fits a query; 0 if it does not.
func rank(query, text, hint string) int {
	query, text = strings.ToLower(strings.TrimSpace(query)), strings.ToLower(text)
	if query == "" || text == query {
		return 1000
	}
	if strings.HasPrefix(text, query) {
		return 900
	}
	total := 0
	words := strings.Fields(text)
	for _, part := range strings.Fields(query) {
		switch {
		case slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, part) }):
			total += 20
		case strings.Contains(text, part):
			total += 10
		case strings.Contains(strings.ToLower(hint), part):
			total += 5
		case len(part) > 2 && scattered(part, text):
			total++
		default:
			return 0
		}
	}
	return total
}

// scattered tells whether all letters of part occur in text in their order.
func scattered(part, text string) bool {
	rest := []rune(text)
	for _, r := range part {
		i := slices.Index(rest, r)
		if i < 0 {
			return false
		}
		rest = rest[i+1:]
	}
	return true
}

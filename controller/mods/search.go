package mods

import (
	"slices"
	"strings"
	"time"
)

// Query says what is searched for; zero values don't restrict.
type Query struct {
	Text            string // words that all have to be in name, title, owner or summary, whatever the case of letters
	Game            string // "2.0"
	Category        string
	ShowsDeprecated bool
	Offset, Limit   int
}

// Page is a part of what a search found.
type Page struct {
	Mods       []Entry // one of exactly this name first, the others by downloads
	Found      int     // in all
	Known      int     // mods in the list
	Categories []string
	AskedAt    time.Time // zero: nothing is known yet
	Problem    string    // why the portal could not be asked lately, or what the answer lacks
}

// Search looks through the list that is known, and asks nobody.
func (l *Library) Search(q Query) Page {
	c, failure := l.list.get()
	page := Page{Known: len(c.Mods), Categories: c.categories, AskedAt: c.AskedAt, Problem: failure}
	_, gameAsked := c.Games[q.Game]
	if q.Game != "" && !gameAsked && !c.AskedAt.IsZero() {
		page.Problem = strings.TrimPrefix(page.Problem+"; only mods whose newest release is for this version of the game are known", "; ")
	}
	text := strings.ToLower(strings.TrimSpace(q.Text))
	words := strings.Fields(text)
	exact := -1
	matches := func(i int) bool {
		m := &c.Mods[i]
		if m.Deprecated && !q.ShowsDeprecated || q.Category != "" && m.Category != q.Category {
			return false
		}
		if q.Game != "" && m.Game != q.Game && !slices.Contains(m.Games, q.Game) {
			return false
		}
		for _, w := range words {
			if !strings.Contains(c.folded[i], w) {
				return false
			}
		}
		return true
	}
	var found []int
	for i := range c.Mods {
		if !matches(i) {
			continue
		}
		if exact < 0 && text != "" && strings.HasPrefix(c.folded[i], text+"\x00") {
			exact = i
			continue
		}
		found = append(found, i)
	}
	if exact >= 0 {
		found = slices.Insert(found, 0, exact)
	}
	page.Found = len(found)
	from := min(max(q.Offset, 0), len(found))
	for _, i := range found[from:min(from+max(q.Limit, 0), len(found))] {
		page.Mods = append(page.Mods, c.Mods[i])
	}
	return page
}

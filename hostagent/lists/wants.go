package lists

import "mainbus/hostagent/factorio/playername"

// Wants tells whether a change that was wanted is wanted still, of a game that runs.
func (b *Book) Wants(c Change) bool {
	key := playername.Key(c.Name)
	_, listed := b.game[key]
	_, wanted := b.agreed[key]
	_, touched := b.touched[key]
	if b.Mode == Off || listed == wanted || wanted != c.Listed {
		return false
	}
	return !touched || b.Mode == ToGame && wanted
}

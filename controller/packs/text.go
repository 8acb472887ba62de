package packs

// Text is a text of a mod: what it says itself, in a language or by a key of its locale files. The zero value says nothing.
type Text struct {
	Plain string // for a text without a key
	Key   string // "section.key"; empty: Plain
	Parts []Text // what the game puts together, or for a Key what it puts in place of __1__ and so on
	First bool   // the first of Parts that is known; else all of them
}

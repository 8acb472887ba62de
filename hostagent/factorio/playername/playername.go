// Package playername says which names of players, and which texts of people, may be put into a line for the game's console or
// into its list files, and which names are one player's. It is the one place that decides this: what passes can't end a line,
// begin a command or pass for two words.
package playername

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLength is how many characters a name may have. The game's own limit is not known (docs/fidelity.md); accounts have fewer.
const MaxLength = 60

// MaxText is how many characters a reason or a message may have.
const MaxText = 400

// Server is what the game calls itself where a player's name would stand: "User was banned by <server>." It is no player.
const Server = "<server>"

// apart are the characters that the console or the game's rich text could take for something other than a part of a name.
const apart = "\"'`\\<>[]"

// Check says what is wrong with a name, nil if it can be used. A name is one word of letters, digits, marks and symbols.
func Check(name string) error {
	if name == "" {
		return errors.New("a player's name can't be empty")
	}
	if !utf8.ValidString(name) {
		return fmt.Errorf("%.80q is no name of a player: it is not UTF-8", name)
	}
	if n := utf8.RuneCountInString(name); n > MaxLength {
		return fmt.Errorf("%.80q is no name of a player: it has %d characters, more than %d", name, n, MaxLength)
	}
	if r := rune(name[0]); r == '/' {
		return fmt.Errorf("%q is no name of a player: it begins like a command", name)
	}
	for _, r := range name {
		if !visible(r) || unicode.IsSpace(r) || strings.ContainsRune(apart, r) {
			return fmt.Errorf("%q is no name of a player: it can't contain %q", name, r)
		}
	}
	return nil
}

// CheckText says what is wrong with a reason or a message, nil if it can be used. It is one line; it may be empty.
func CheckText(text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("the text %.80q is not UTF-8", text)
	}
	if n := utf8.RuneCountInString(text); n > MaxText {
		return fmt.Errorf("the text has %d characters, more than %d", n, MaxText)
	}
	for _, r := range text {
		if !visible(r) {
			return fmt.Errorf("the text can't contain %q: it has to be one line of visible characters", r)
		}
	}
	return nil
}

// visible leaves out line ends and other control characters, and what reorders, hides or is not assigned at all.
func visible(r rune) bool {
	return r != utf8.RuneError && unicode.IsGraphic(r) && r != '\u3164' && r != '\uffa0' // letters that look like blanks
}

// Key makes one of a name in any case: names with the same key are one player's. The game does not tell upper from lower case.
func Key(name string) string { return strings.ToLower(name) }

// Package display makes text from strangers fit to be shown.
package display

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Name drops everything of s that does not print, joins blanks, and cuts the rest to max characters. Bytes that
// are no UTF-8 are dropped too.
func Name(s string, max int) string {
	var b strings.Builder
	n, blank := 0, false
	for _, r := range s {
		if unicode.IsSpace(r) {
			blank = n > 0
			continue
		}
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			continue
		}
		width := 1
		if blank {
			width = 2
		}
		if n += width; n > max {
			break
		}
		if blank {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		blank = false
	}
	return b.String()
}

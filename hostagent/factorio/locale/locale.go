// Package locale reads the locale files of the game and of mods, locale/<language>/*.cfg: texts by section and key.
//
// A file is lines: "[section]", "key=text" or a comment that begins with ";" or "#". What is before the first section has none.
package locale

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxFile    = 8 << 20 // bytes
	maxEntries = 200_000 // of a table
	maxText    = 20_000  // bytes of one text; longer ones are cut
)

// Table is texts by "section.key". What has no section is there by its key alone.
type Table map[string]string

// Parse reads a file into the table. Texts that are there already are replaced, as the game does with those of mods that it loads later.
// Lines that can't be read are left out. It is an error if the file, or the table with it, is too large.
func (t Table) Parse(data []byte) error {
	if len(data) > maxFile {
		return fmt.Errorf("locale: %d bytes, more than %d MiB", len(data), maxFile>>20)
	}
	section := ""
	for line := range strings.SplitSeq(strings.TrimPrefix(string(data), "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == ';' || line[0] == '#' {
			continue
		}
		if line[0] == '[' && line[len(line)-1] == ']' {
			section = strings.TrimSpace(line[1 : len(line)-1])
			continue
		}
		key, text, ok := strings.Cut(line, "=")
		if key = strings.TrimSpace(key); !ok || key == "" {
			continue
		}
		if section != "" {
			key = section + "." + key
		}
		if _, there := t[key]; !there && len(t) >= maxEntries {
			return errors.New("locale: too many texts")
		}
		t[key] = clean(text)
	}
	return nil
}

// clean returns a text as people see it: "\n" in a file is a line's end.
func clean(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > maxText {
		text = text[:maxText]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, string(utf8.RuneError)), `\n`, "\n")
}

// Language returns the language of a file of a mod, false if the name is that of no locale file. The name is relative to the mod's folder.
func Language(name string) (string, bool) {
	dir, file := path.Split(name)
	parts := strings.Split(strings.TrimSuffix(dir, "/"), "/")
	if len(parts) != 2 || parts[0] != "locale" || parts[1] == "" || !strings.EqualFold(path.Ext(file), ".cfg") {
		return "", false
	}
	return parts[1], true
}

// Expand puts parameters in the place of __1__, __2__ and so on. Other words between double underscores, which stand for names of items
// or for keys of the keyboard, are shown by what is in them: "__ITEM__iron-plate__" is "iron-plate".
func Expand(text string, parameters []string) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "__")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		word, after, ok := strings.Cut(rest, "__")
		if !ok {
			out.WriteString("__" + rest)
			return out.String()
		}
		text = after
		switch n, isNumber := digit(word); {
		case isNumber && n <= len(parameters):
			out.WriteString(parameters[n-1])
		case isNumber:
		case slices.Contains(named, word):
			name, after, ok := strings.Cut(text, "__")
			if !ok {
				out.WriteString("__" + word + "__")
				continue
			}
			out.WriteString(name)
			text = after
		default:
			out.WriteString("__" + word + "__")
		}
	}
}

// named are the words that are followed by the name of what they stand for.
var named = []string{"ITEM", "ENTITY", "FLUID", "TILE", "RECIPE", "TECHNOLOGY", "CONTROL", "ALT_CONTROL", "CONTROL_STYLE_BEGIN", "GROUP", "PLANET", "QUALITY", "SPACE_LOCATION"}

func digit(word string) (int, bool) {
	if len(word) != 1 || word[0] < '1' || word[0] > '9' {
		return 0, false
	}
	return int(word[0] - '0'), true
}

// Plain takes the tags of rich text that only change how it looks out of a text: [color=…], [font=…] and their ends.
func Plain(text string) string {
	var out strings.Builder
	for {
		at := strings.IndexByte(text, '[')
		if at < 0 {
			return out.String() + text
		}
		out.WriteString(text[:at])
		text = text[at:]
		tag, rest, ok := strings.Cut(text, "]")
		if ok && isLook(tag[1:]) {
			text = rest
			continue
		}
		out.WriteByte('[')
		text = text[1:]
	}
}

func isLook(tag string) bool {
	tag = strings.TrimPrefix(tag, "/")
	for _, look := range []string{"color", "font", "."} {
		if tag == look || strings.HasPrefix(tag, look+"=") {
			return true
		}
	}
	return false
}

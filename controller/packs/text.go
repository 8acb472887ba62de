package packs

import (
	"strings"

	"mainbus/hostagent/factorio/locale"
)

const maxShown = 5000 // bytes of a text that is put together

// Text is a text of a mod: what it says itself, or by a key of its locale files. The zero value says nothing.
type Text struct {
	Plain string // for a text without a key
	Key   string // "section.key"; empty: Plain
	Parts []Text // what the game puts together, or for a Key what it puts in place of __1__ and so on
	First bool   // the first of Parts that is known; else all of them
}

// In returns the text as it reads with the texts of a table, false if it says nothing or has a key that is not in the table.
func (t Text) In(table locale.Table) (string, bool) {
	if t.First {
		for _, part := range t.Parts {
			if text, ok := part.In(table); ok {
				return text, true
			}
		}
		return "", false
	}
	parts := make([]string, len(t.Parts))
	for i, part := range t.Parts {
		text, ok := part.In(table)
		if !ok && part.Key != "" {
			text = part.Key
		}
		parts[i] = cutText(text)
	}
	if t.Key != "" {
		text, ok := table[t.Key]
		return cutText(locale.Plain(locale.Expand(text, parts))), ok
	}
	text := cutText(locale.Plain(t.Plain + strings.Join(parts, "")))
	return text, text != ""
}

func cutText(text string) string {
	if len(text) > maxShown {
		return strings.ToValidUTF8(text[:maxShown], "") + "…"
	}
	return text
}

// TitleIn returns how a setting is called, its own name if nothing says.
func (d Definition) TitleIn(table locale.Table) string {
	if text, ok := d.Title.In(table); ok {
		return text
	}
	if text := table["mod-setting-name."+d.Name]; text != "" {
		return cutText(locale.Plain(locale.Expand(text, nil)))
	}
	return d.Name
}

// DescriptionIn returns what a setting is for, empty if nothing says.
func (d Definition) DescriptionIn(table locale.Table) string {
	if text, ok := d.Description.In(table); ok {
		return text
	}
	return cutText(locale.Plain(locale.Expand(table["mod-setting-description."+d.Name], nil)))
}

// ChoiceIn returns how a text that a setting may have is called.
func (d Definition) ChoiceIn(table locale.Table, value string) string {
	if text := table["string-mod-setting."+d.Name+"-"+value]; text != "" {
		return cutText(locale.Plain(locale.Expand(text, nil)))
	}
	return value
}

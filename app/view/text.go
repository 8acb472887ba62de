package view

import (
	"fmt"
	"strings"
)

// with is the data of a text with placeholders.
type with = map[string]any

// say puts data into a text: {{.name}} is replaced by the value of name.
func say(text string, data ...with) string {
	for _, d := range data {
		for name, value := range d {
			text = strings.ReplaceAll(text, "{{."+name+"}}", fmt.Sprint(value))
		}
	}
	return text
}

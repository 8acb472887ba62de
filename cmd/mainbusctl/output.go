package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"
)

// print shows a result: as JSON if asked for, else as text says.
func print[T any](c *ctl, result T, text func(T)) error {
	if !c.json {
		text(result)
		return nil
	}
	encoder := json.NewEncoder(c.out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(result); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	return nil
}

// printList shows a list as an aligned table; an empty one says what to do next.
func printList[T any](c *ctl, list []T, empty, head string, row func(T) string) error {
	if list == nil {
		list = []T{} // an empty array in JSON, not null
	}
	return print(c, list, func(list []T) {
		if len(list) == 0 {
			fmt.Fprintln(c.out, empty)
			return
		}
		printTable(c, list, head, row)
	})
}

func printTable[T any](c *ctl, list []T, head string, row func(T) string) {
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, head)
	for _, item := range list {
		fmt.Fprintln(table, strings.TrimRight(row(item), "\t"))
	}
	table.Flush()
}

func columns(cells ...any) string {
	text := make([]string, len(cells))
	for i, cell := range cells {
		if text[i] = printable(fmt.Sprint(cell)); text[i] == "" {
			text[i] = "-"
		}
	}
	return strings.Join(text, "\t")
}

// printable drops what could move the cursor or change colours: texts come from games and from machines that anybody on
// the network may run.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, text)
}

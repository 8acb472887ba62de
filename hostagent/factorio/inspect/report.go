package inspect

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
)

// Report is what a file is and what is in it.
type Report struct {
	Title    string // "save of Factorio 2.0.77"
	Sections []Section
	Warnings []string // what is wrong, a sentence each

	object any                   // what WriteJSON writes
	stream func(io.Writer) error // instead of object, for what may be long
}

// Section is a table with a heading.
type Section struct {
	Head string
	Rows [][]string
}

// add adds a row to the section, unless its last cell is empty.
func (s *Section) add(cells ...string) {
	if cells[len(cells)-1] != "" {
		s.Rows = append(s.Rows, cells)
	}
}

// section adds a section that has rows.
func (r *Report) section(s Section) {
	if len(s.Rows) > 0 {
		r.Sections = append(r.Sections, s)
	}
}

const maxCell = 500 // bytes of a cell that are shown

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", printable(r.Title))
	for _, s := range r.Sections {
		fmt.Fprintf(&b, "\n%s\n", s.Head)
		table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, row := range s.Rows {
			cells := make([]string, len(row))
			for i, cell := range row {
				cells[i] = printable(cell)
			}
			fmt.Fprintf(table, "  %s\n", strings.Join(cells, "\t"))
		}
		table.Flush()
	}
	if len(r.Warnings) > 0 {
		fmt.Fprintf(&b, "\nWhat is wrong\n")
		for _, warning := range r.Warnings {
			fmt.Fprintf(&b, "  %s\n", printable(warning))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteJSON writes the report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	if r.stream != nil {
		return r.stream(w)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r.object)
}

// printable cuts a text to what fits a line, and drops what could move the cursor or change colours: files come from anybody.
func printable(text string) string {
	if len(text) > maxCell {
		text = text[:maxCell] + "…"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		default:
			return -1
		}
	}, text)
}

// listed is a list for one cell.
func listed(names []string) string {
	const most = 20
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

package inspect

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"mainbus/hostagent/factorio/console"
)

const (
	maxLine   = 64 << 10 // bytes of a line; what is beyond is left out
	maxListed = 10_000   // states, players, saves in the summary
	maxShown  = 300      // events shown to people: the last
)

// logs are logs and what servers printed.
var logs = format{
	is: func(f file) bool {
		if bytes.IndexByte(f.head, 0) >= 0 {
			return false
		}
		frame := frameOf(f.head)
		for line := range bytes.Lines(f.head) {
			l := console.Parse(frame.cut(strings.TrimSuffix(string(line), "\n")))
			switch {
			case l.Shape == console.Engine, l.Shape == console.Script, l.Event().Kind != console.None:
				return true
			}
		}
		return false
	},
	read: readLog,
}

// A frame is what somebody put in front of every line, such as a time.
type frame struct {
	end   string // that ends it, wherever that is
	width int    // of a frame without such an end
}

// frameOf finds the first line of a run behind a frame. A file without that line has none.
func frameOf(head []byte) frame {
	const first = "   0.000 2026-08-02 02:16:26"
	for line := range strings.Lines(string(head)) {
		at := strings.Index(line, "; Factorio ") - len(first)
		if at < 0 || console.Parse(strings.TrimSuffix(line[at:], "\n")).Event().Kind != console.Version {
			continue
		}
		end := line[:at]
		end = end[len(strings.TrimRightFunc(end, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })):]
		if len(end) < 2 {
			return frame{width: at}
		}
		return frame{end: end}
	}
	return frame{}
}

func (f frame) cut(line string) string {
	if f.end != "" {
		if _, rest, ok := strings.Cut(line, f.end); ok {
			return rest
		}
		return line
	}
	return line[min(f.width, len(line)):]
}

// log is read twice: for the summary, and for the events when they are written.
type log struct {
	file
	frame frame
}

// each follows the lines and passes on what they tell. It returns how many lines there are, and how many of them were too long.
func (l log) each(note func(*console.Follower, []console.Entry) error) (lines, cut int, err error) {
	var follower console.Follower
	r := bufio.NewReaderSize(l.reader(), maxLine)
	for {
		line, err := r.ReadSlice('\n')
		text := string(line)
		if errors.Is(err, bufio.ErrBufferFull) {
			cut++
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return lines, cut, fmt.Errorf("read the log: %w", err)
		}
		if text != "" {
			lines++
			if err := note(&follower, follower.Feed(l.frame.cut(strings.TrimSuffix(text, "\n")))); err != nil {
				return lines, cut, err
			}
		}
		if err != nil {
			return lines, cut, note(&follower, follower.End())
		}
	}
}

// summary is what a log adds up to.
type summary struct {
	Version *string  `json:"version"`
	States  []string `json:"states"`
	Players []string `json:"players"`
	Saves   []string `json:"saves"`
	Failure *string  `json:"failure"`

	build   uint32
	joined  map[string]bool
	saves   int
	doubted int
	shown   []console.Entry // ring of the last that people want to see
	hidden  int
}

// note adds what lines told.
func (s *summary) note(follower *console.Follower, entries []console.Entry) error {
	for _, entry := range entries {
		s.add(entry)
	}
	if n := follower.Saves(); n != s.saves {
		s.saves = n
		if last := follower.Status().LastSave; len(s.Saves) < maxListed {
			s.Saves = append(s.Saves, last.Name)
		}
	}
	s.Failure = nil
	if why := follower.Failure(); why != "" {
		s.Failure = &why
	}
	return nil
}

func (s *summary) add(entry console.Entry) {
	e := entry.Event
	switch e.Kind {
	case console.Version:
		version := e.Version.String()
		s.Version, s.build = &version, e.Build
	case console.StateChanged:
		if n := len(s.States); n == 0 || s.States[n-1] == "Closed" {
			s.States = append(s.States, e.From)
		}
		if len(s.States) < maxListed {
			s.States = append(s.States, e.To)
		}
	case console.Join:
		if !s.joined[e.Player] && len(s.Players) < maxListed {
			s.joined[e.Player] = true
			s.Players = append(s.Players, e.Player)
		}
	}
	if entry.Doubt != "" {
		s.doubted++
	}
	if wanted(entry) {
		if len(s.shown) == maxShown {
			s.shown = s.shown[1:]
			s.hidden++
		}
		s.shown = append(s.shown, entry)
	}
}

// wanted reports whether people want to see an entry: not the many lines of a start, and not those that say nothing.
func wanted(entry console.Entry) bool {
	switch entry.Event.Kind {
	case console.Version, console.Arguments, console.Path, console.LoadingMod, console.Checksum, console.MapVersion, console.Initialised,
		console.SavingProgress:
		return false
	case console.None:
		return entry.Doubt != ""
	}
	return true
}

func readLog(f file) (*Report, error) {
	l := log{file: f, frame: frameOf(f.head)}
	s := summary{States: []string{}, Players: []string{}, Saves: []string{}, joined: make(map[string]bool)}
	lines, cut, err := l.each(s.note)
	if err != nil {
		return nil, err
	}
	r := &Report{Title: "Log of a Factorio server", stream: func(w io.Writer) error { return l.writeJSON(w, &s) }}
	about := Section{Head: "Summary"}
	about.add("lines", fmt.Sprint(lines))
	if s.Version != nil {
		r.Title = "Log of Factorio " + *s.Version
		about.add("version", fmt.Sprintf("%s (build %d)", *s.Version, s.build))
	}
	about.add("states", listed(s.States))
	about.add("players", listed(s.Players))
	about.add("saves", listed(s.Saves))
	if s.Failure != nil {
		about.add("failure", *s.Failure)
	}
	r.section(about)
	events := Section{Head: "Events"}
	if s.hidden > 0 {
		events.Head = fmt.Sprintf("Events (the last %d; --json has the %d before them too)", len(s.shown), s.hidden)
	}
	for _, entry := range s.shown {
		events.Rows = append(events.Rows, row(entry))
	}
	r.section(events)
	if cut > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d lines are longer than %s; the rest of them was left out.", cut, bytesText(maxLine)))
	}
	if s.doubted > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d lines contradict others and are not believed: printed by a script, or lines are missing before them.", s.doubted))
	}
	return r, nil
}

// row shows an entry as line, time, kind and fields.
func row(entry console.Entry) []string {
	var at string
	switch t := timeOf(entry.Line).(type) {
	case float64:
		at = fmt.Sprintf("%.3f s", t)
	case string:
		at = t
	}
	fields := entry.Fields()
	var texts []string
	for _, name := range entry.Names() {
		switch value := fields[name].(type) {
		case []string:
			texts = append(texts, fmt.Sprintf("%s (%d lines)", name, len(value)))
		default:
			texts = append(texts, fmt.Sprintf("%s %v", name, value))
		}
	}
	return []string{fmt.Sprint("line ", entry.First), at, entry.Event.Kind.String(), strings.Join(texts, ", ")}
}

// timeOf is the time of a line as JSON tells it.
func timeOf(l console.Line) any {
	switch l.Shape {
	case console.Bare:
		return nil
	case console.Dated:
		return l.Time
	default:
		return l.Seconds
	}
}

// eventJSON is an entry in JSON.
type eventJSON struct {
	Line   int            `json:"line"`
	Time   any            `json:"time"`
	Shape  string         `json:"shape"`
	Kind   string         `json:"kind"`
	Fields map[string]any `json:"fields"`
}

// writeJSON writes an event a line.
func (l log) writeJSON(w io.Writer, s *summary) error {
	out := bufio.NewWriter(w)
	head, err := encode(s)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "{\"summary\": %s,\n \"events\": [", head)
	separator := ""
	_, _, err = l.each(func(_ *console.Follower, entries []console.Entry) error {
		for _, e := range entries {
			text, err := encode(eventJSON{Line: e.First, Time: timeOf(e.Line), Shape: e.Shape.String(), Kind: e.Event.Kind.String(), Fields: e.Fields()})
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(out, "%s\n  %s", separator, text); err != nil {
				return err
			}
			separator = ","
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprint(out, "\n ]}\n")
	return out.Flush()
}

// encode writes JSON on one line.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

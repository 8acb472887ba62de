// Package console reads the lines of a server's standard output: their outer form, and what they say about the server's
// state. It keeps no state and starts no goroutines.
package console

import (
	"fmt"
	"strconv"
	"strings"
)

// Shape is the outer form of a line.
type Shape uint8

// The shapes. A line that fits none is Bare: replies to console commands, Lua's print, stack traces and the later lines of
// errors that take several.
const (
	Bare   Shape = iota
	Engine       // "   0.567 Info UDPSocket.cpp:38: text"
	Script       // "   0.567 Script @__mod__/control.lua:7: text", by Lua's log
	Plain        // "   0.567 text"
	Dated        // "2026-08-02 02:16:35 [CHAT] name: text", where "[TAG] " may be missing
)

// String is the shape's name in what mainbusctl inspect prints.
func (s Shape) String() string {
	return [...]string{Bare: "bare", Engine: "engine", Script: "script", Plain: "plain", Dated: "dated"}[s]
}

// Line is one line of output taken apart.
type Line struct {
	Shape   Shape
	Seconds float64 // since the start of the process: Engine, Script, Plain
	Level   string  // "Info", "Warning", "Error" or "Verbose": Engine
	Source  string  // "UDPSocket.cpp:38", "@__mod__/control.lua:7": Engine, Script
	Time    string  // "2026-08-02 02:16:35", local time of the server: Dated
	Tag     string  // "CHAT": Dated
	Text    string  // the rest; all of it for Bare
}

// String is the line as the game writes it: Parse(l.String()) is l again, unless Text ends with a carriage return.
func (l Line) String() string {
	switch l.Shape {
	case Engine:
		return fmt.Sprintf("%8.3f %s %s: %s", l.Seconds, l.Level, l.Source, l.Text)
	case Script:
		return fmt.Sprintf("%8.3f Script %s: %s", l.Seconds, l.Source, l.Text)
	case Plain:
		return fmt.Sprintf("%8.3f %s", l.Seconds, l.Text)
	case Dated:
		if l.Tag != "" {
			return l.Time + " [" + l.Tag + "] " + l.Text
		}
		return l.Time + " " + l.Text
	default:
		return l.Text
	}
}

// Parse takes a line without its line feed apart; a carriage return at its end is dropped. It never fails. Anything that Lua
// prints can look like any other line, so an Engine line says no more than that the game or a script printed it; only what
// players type is always Dated.
func Parse(s string) Line {
	s = strings.TrimSuffix(s, "\r")
	if l, ok := parseDated(s); ok {
		return l
	}
	seconds, text, ok := cutSeconds(s)
	if !ok {
		return Line{Text: s}
	}
	l := Line{Shape: Plain, Seconds: seconds, Text: text}
	word, rest, _ := strings.Cut(text, " ")
	switch word {
	case "Info", "Warning", "Error", "Verbose":
		if source, text, ok := cutEngineSource(rest); ok {
			l.Shape, l.Level, l.Source, l.Text = Engine, word, source, text
		}
	case "Script":
		if source, text, ok := cutScriptSource(rest); ok {
			l.Shape, l.Source, l.Text = Script, source, text
		}
	}
	return l
}

// cutSeconds cuts what the game prints as "%8.3f " from the front.
func cutSeconds(s string) (seconds float64, rest string, ok bool) {
	const width, fraction, longest = 8, 3, 16
	start := 0
	for start < len(s) && s[start] == ' ' {
		start++
	}
	dot := start + digits(s[start:])
	end := dot + 1 + fraction
	if dot == start || dot-start > longest || end >= len(s) || s[dot] != '.' || digits(s[dot+1:end]) != fraction || s[end] != ' ' {
		return 0, "", false
	}
	if end < width || end > width && start > 0 {
		return 0, "", false
	}
	seconds, err := strconv.ParseFloat(s[start:end], 64)
	return seconds, s[end+1:], err == nil
}

// digits counts the digits at the front.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// cutEngineSource cuts "UDPSocket.cpp:38: " from the front.
func cutEngineSource(s string) (source, text string, ok bool) {
	n := 0
	for n < len(s) && ('A' <= s[n] && s[n] <= 'Z' || 'a' <= s[n] && s[n] <= 'z') {
		n++
	}
	const extension = ".cpp:"
	if n == 0 || !strings.HasPrefix(s[n:], extension) {
		return "", "", false
	}
	return cutNumbered(s, n+len(extension))
}

// cutScriptSource cuts "@path/file.lua:7: " or "=(command):1: " from the front. Paths may have colons and blanks, so the first
// colon with a number and another colon after it ends them.
func cutScriptSource(s string) (source, text string, ok bool) {
	const command = "=(command):"
	if strings.HasPrefix(s, command) {
		return cutNumbered(s, len(command))
	}
	if !strings.HasPrefix(s, "@") {
		return "", "", false
	}
	for at := 0; ; {
		i := strings.IndexByte(s[at:], ':')
		if i < 0 {
			return "", "", false
		}
		at += i + 1
		if source, text, ok := cutNumbered(s, at); ok {
			return source, text, true
		}
	}
}

// cutNumbered cuts s where a number from at on ends with ": ".
func cutNumbered(s string, at int) (source, text string, ok bool) {
	end := at + digits(s[at:])
	if end == at || !strings.HasPrefix(s[end:], ": ") {
		return "", "", false
	}
	return s[:end], s[end+len(": "):], true
}

// parseDated reads "2026-08-02 02:16:35 [TAG] text".
func parseDated(s string) (Line, bool) {
	const form = "0000-00-00 00:00:00 "
	if len(s) < len(form) {
		return Line{}, false
	}
	for i := range len(form) {
		if isDigit := '0' <= s[i] && s[i] <= '9'; isDigit != (form[i] == '0') || !isDigit && s[i] != form[i] {
			return Line{}, false
		}
	}
	l := Line{Shape: Dated, Time: s[:len(form)-1], Text: s[len(form):]}
	if tag, rest, ok := strings.Cut(l.Text, "] "); ok && isTag(tag) {
		l.Tag, l.Text = tag[1:], rest
	}
	return l, true
}

func isTag(s string) bool {
	if len(s) < 2 || s[0] != '[' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}

package view

import (
	"context"
	"reflect"
	"strings"
	"time"

	"mainbus/controller/api"
)

// LineKind says what a console line is about, as far as its colour goes.
type LineKind int

const (
	Plain LineKind = iota
	Warning
	Error
	Chat
	Join
	Leave
	CommandLine
	Script
)

// Kind sorts a line of the server's console by the shapes that the server prints.
func Kind(line string) LineKind {
	rest := strings.TrimLeft(line, " ")
	if _, after, ok := strings.Cut(rest, " "); ok && isSeconds(rest[:len(rest)-len(after)-1]) {
		switch {
		case strings.HasPrefix(after, "Warning "):
			return Warning
		case strings.HasPrefix(after, "Error "):
			return Error
		case strings.HasPrefix(after, "Script "):
			return Script
		}
		return Plain
	}
	if len(line) > 21 && line[4] == '-' && line[19] == ' ' && line[20] == '[' {
		tag, _, closed := strings.Cut(line[21:], "]")
		if !closed {
			return Plain
		}
		switch tag {
		case "CHAT", "SHOUT":
			return Chat
		case "JOIN":
			return Join
		case "LEAVE":
			return Leave
		case "COMMAND":
			return CommandLine
		case "WARNING":
			return Warning
		}
	}
	return Plain
}

// isSeconds tells whether a word is the server's clock: digits, a point, three digits.
func isSeconds(word string) bool {
	whole, fraction, ok := strings.Cut(word, ".")
	return ok && len(fraction) == 3 && whole != "" && strings.Trim(whole+fraction, "0123456789") == ""
}

// Follow reads an instance's console from the oldest line kept, and goes on with what is printed, until ctx ends. It hands
// over batches of at most 2,000 lines and waits until each has been shown, so a fast server can't crowd the user interface
// out; at the end of the console there are at most four batches a second. A problem is told once, and taken back by nil
// when the console can be read again.
func (m *Model) Follow(ctx context.Context, instance string, show func(lines []string, problem *api.Error)) {
	const limit = 2000
	r := api.ReadConsole{Instance: instance, Limit: limit}
	var problem *api.Error
	for ctx.Err() == nil {
		page, err := m.service.ReadConsole(ctx, m.caller, r)
		if ctx.Err() != nil {
			return
		}
		before := problem
		pause, wait := 250*time.Millisecond, uint32(10_000)
		if problem = nil; err != nil {
			page, problem = api.ConsolePage{Next: r.Offset}, api.AsError(err)
			pause, wait = 2*time.Second, 0 // the next read doesn't wait, so that it is soon known to work again
		}
		if len(page.Lines) > 0 || !reflect.DeepEqual(problem, before) {
			m.hand(ctx, func() { show(page.Lines, problem) })
		}
		if len(page.Lines) >= limit && page.Next != r.Offset {
			pause = 0 // far behind
		}
		r.Offset, r.WaitMS = page.Next, wait
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

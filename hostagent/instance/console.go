package instance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"mainbus/hostagent/factorio/rcon"
	"mainbus/hostagent/gamelink"
	"mainbus/hostagent/supervisor"
)

const (
	maxUnanswered = 16 // console commands that a busy game may owe an answer to
	maxPageLines  = 2000
	floodPause    = 250 * time.Millisecond // of those who follow the output while there is too much
	pageBytes     = 256 << 10              // of output read for one page; more than the longest line
)

// linkCommand is a line with the link's command, which may have a number behind its name.
var linkCommand = regexp.MustCompile(`^\s*/` + gamelink.CommandName + `\d*(\s|$)`)

// SendConsole types a line, a command or chat, on the game's console and returns what the game answered. A busy game
// answers late: ctx ends only the wait.
func (i *Instance) SendConsole(ctx context.Context, line string) (string, error) {
	if len(line) > rcon.MaxCommand || strings.ContainsAny(line, "\r\n\x00") {
		return "", errors.New("not one line of console input")
	}
	if linkCommand.MatchString(line) {
		return "", errors.New("this command belongs to the agent")
	}
	reply, err := i.startCommand(line)
	if err != nil {
		return "", err
	}
	select {
	case r := <-reply:
		return r.Text, r.Err
	case <-ctx.Done():
		i.mu.Lock()
		i.unanswered = append(i.unanswered, reply)
		i.mu.Unlock()
		return "", fmt.Errorf("wait for the game's answer: %w", context.Cause(ctx))
	}
}

// startCommand sends a command. So that those whose answers nobody waits for any more don't crowd out the link's, only
// a few may be open.
func (i *Instance) startCommand(line string) (<-chan rcon.Reply, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.client == nil {
		return nil, ErrNotRunning
	}
	i.unanswered = slices.DeleteFunc(i.unanswered, func(reply <-chan rcon.Reply) bool { return len(reply) > 0 })
	if len(i.unanswered) >= maxUnanswered {
		return nil, errors.New("the game is busy and has not answered earlier commands yet")
	}
	return i.client.Start(line)
}

// ReadConsole returns at most limit lines of output from offset on, without link lines, and the offset to go on
// with. At the end of the output it waits for more, at most for the time given. The output outlives the game. What was left out of a flood
// is told in a line of its own.
func (i *Instance) ReadConsole(ctx context.Context, offset uint64, wait time.Duration, limit int) (lines []string, next uint64, err error) {
	if limit <= 0 || limit > maxPageLines {
		limit = maxPageLines
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if _, flood := i.flood.count(); flood && wait > 0 {
		select { // or who follows it would read as fast as it is printed
		case <-time.After(floodPause):
		case <-ctx.Done():
		}
	}
	for {
		more := i.output.wait()
		lines, next, err = i.page(offset, limit)
		if err != nil || len(lines) > 0 {
			return lines, next, err
		}
		if next != offset { // only link lines so far
			offset = next
			continue
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, next, nil
		}
	}
}

// page reads what there is.
func (i *Instance) page(offset uint64, limit int) (lines []string, next uint64, err error) {
	offset, marks := i.flood.after(offset)
	buffer := make([]byte, pageBytes)
	n, at, end, err := supervisor.ReadOutput(i.folder.ours(), buffer, offset)
	if err != nil {
		return nil, offset, err
	}
	var cutter supervisor.Lines
	cutter.Add(nil, min(offset, end))
	cutter.Add(buffer[:n], at)
	next = at
	if n == len(buffer) && bytes.IndexByte(buffer, '\n') < 0 {
		return nil, at + uint64(n), nil // inside a line longer than any that is passed on
	}
	for line, ok := cutter.Next(); ok && len(lines) < limit; line, ok = cutter.Next() {
		next = line.End
		if strings.HasPrefix(line.Text, gamelink.Prefix) {
			continue
		}
		if line.Gap && offset > 0 {
			lines = append(lines, "[mainbus] What was printed before this is gone: it came faster than it was read.")
		}
		if len(marks) > 0 && line.Offset >= marks[0].from {
			m := marks[0]
			marks = marks[1:]
			lines = append(lines, m.text)
			if m.to > line.Offset {
				return lines, m.to, nil
			}
		}
		lines = append(lines, line.Text)
	}
	return lines, next, nil
}

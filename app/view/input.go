package view

import (
	"slices"
	"strings"
)

const (
	maxTyped      = 200  // lines kept of one instance
	maxTypedBytes = 1000 // of a line that is kept
)

// Typed is what was typed at a console, to be brought back by the arrow keys.
type Typed struct {
	lines []string
	at    int // the line that is shown; len(lines): the one being typed
	draft string
}

// NewTyped returns a history with lines of an earlier session, the oldest first.
func NewTyped(lines []string) *Typed {
	lines = slices.Clone(lines[max(0, len(lines)-maxTyped):])
	return &Typed{lines: lines, at: len(lines)}
}

// Lines returns what is kept, the oldest first.
func (t *Typed) Lines() []string { return t.lines }

// Add notes a line that was sent; not twice in a row. Whether it may be kept on disk is told by Secret.
func (t *Typed) Add(line string) {
	if len(line) <= maxTypedBytes && (len(t.lines) == 0 || t.lines[len(t.lines)-1] != line) {
		t.lines = append(t.lines, line)
	}
	t.lines = t.lines[max(0, len(t.lines)-maxTyped):]
	t.at, t.draft = len(t.lines), ""
}

// Up returns the line before; current is what stands there, and comes back by Down.
func (t *Typed) Up(current string) string {
	if t.at == 0 {
		return current
	}
	if t.at == len(t.lines) {
		t.draft = current
	}
	t.at--
	return t.lines[t.at]
}

// Down is the opposite of Up.
func (t *Typed) Down(current string) string {
	switch {
	case t.at >= len(t.lines):
		return current
	case t.at == len(t.lines)-1:
		t.at++
		return t.draft
	}
	t.at++
	return t.lines[t.at]
}

// Secret tells whether a line may hold a password, and is therefore not kept on disk.
func Secret(line string) bool {
	line = strings.ToLower(line)
	return strings.Contains(line, "password") || strings.Contains(line, "token")
}

// consoleCommands are those of a server's console (facts of the game's own help and of clusterio's list).
var consoleCommands = []string{
	"/admins", "/ban ", "/banlist ", "/bans", "/command ", "/config get ", "/config set ", "/demote ", "/evolution", "/help", "/kick ",
	"/measured-command ", "/mute ", "/mutes", "/open ", "/players", "/players online", "/promote ", "/purge ", "/quit", "/save ", "/seed",
	"/server-save", "/silent-command ", "/time", "/unban ", "/unmute ", "/version", "/whitelist add ", "/whitelist get", "/whitelist remove ",
}

// Complete completes the line that ends at the cursor: a command at its beginning, else a player's name. If several are
// possible it goes as far as they agree, and returns them.
func Complete(line string, players []string) (completed string, choices []string) {
	if line == "" {
		return line, nil
	}
	if strings.HasPrefix(line, "/") {
		if choices = beginWith(consoleCommands, line); len(choices) > 0 {
			return common(choices), several(choices)
		}
	}
	start := strings.LastIndexByte(line, ' ') + 1
	if line[start:] == "" {
		return line, nil
	}
	if choices = beginWith(players, line[start:]); len(choices) == 0 {
		return line, nil
	}
	return line[:start] + common(choices), several(choices)
}

func several(choices []string) []string {
	if len(choices) < 2 {
		return nil
	}
	return choices
}

func beginWith(words []string, prefix string) (found []string) {
	for _, w := range words {
		if len(w) >= len(prefix) && strings.EqualFold(w[:len(prefix)], prefix) {
			found = append(found, w)
		}
	}
	return found
}

// common is the longest beginning that all words share, whatever the case.
func common(words []string) string {
	first := []rune(words[0])
	n := len(first)
	for _, w := range words[1:] {
		other := []rune(w)
		for n > 0 && (n > len(other) || !strings.EqualFold(string(first[:n]), string(other[:n]))) {
			n--
		}
	}
	return string(first[:n])
}

// RunsLua tells whether a line is a Lua command, which ends achievements in a save.
func RunsLua(line string) bool {
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch strings.ToLower(word) {
	case "/c", "/command", "/sc", "/silent-command", "/mc", "/measured-command":
		return true
	}
	return false
}

// PlayerOf returns the name of the player whom a console line is about; empty if it is about none.
func PlayerOf(line string) string {
	if len(line) <= 21 || line[4] != '-' || line[19] != ' ' || line[20] != '[' {
		return ""
	}
	tag, rest, ok := strings.Cut(line[21:], "] ")
	if !ok {
		return ""
	}
	name := ""
	switch tag {
	case "JOIN", "LEAVE", "KICK", "BAN":
		name, _, _ = strings.Cut(rest, " ")
	case "CHAT", "SHOUT":
		name, _, ok = strings.Cut(rest, ":")
		name, _, _ = strings.Cut(name, " ") // a tag may follow
	}
	if !ok || strings.HasPrefix(name, "<") {
		return ""
	}
	return name
}

const maxDecisive = 8

// Decisive picks the lines of the newest run that tell why a server ended: its errors, with the line before the first, or
// else its last words.
func Decisive(lines []string) (picked []string) {
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.HasPrefix(lines[i], "   0.0") && strings.Contains(lines[i], "; Factorio ") { // the first line of a run
			lines = lines[i:]
			break
		}
	}
	for i, line := range lines {
		kind := Kind(line)
		if kind != Error && !strings.Contains(line, "Error:") {
			continue
		}
		if len(picked) == 0 && i > 0 {
			picked = append(picked, lines[i-1])
		}
		picked = append(picked, line)
	}
	if len(picked) == 0 {
		picked = lines
	}
	return slices.Clone(picked[max(0, len(picked)-maxDecisive):])
}

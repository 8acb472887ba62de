package console

import (
	"regexp"
	"strconv"
	"strings"
)

var onlineHead = regexp.MustCompile(`^Online players \((\d{1,5})\):$`)

// ParseOnline reads the answer to /players online: a line with the number of players, then a line for each. It is false if the text
// is anything else.
func ParseOnline(answer string) (players []string, ok bool) {
	lines := strings.Split(strings.TrimRight(answer, "\r\n"), "\n")
	head := onlineHead.FindStringSubmatch(strings.TrimSuffix(lines[0], "\r"))
	if head == nil {
		return nil, false
	}
	count, _ := strconv.Atoi(head[1]) // five digits at most
	if len(lines)-1 != count {
		return nil, false
	}
	for _, line := range lines[1:] {
		name, there := strings.CutSuffix(strings.TrimSuffix(line, "\r"), " (online)")
		if name = strings.TrimPrefix(name, "  "); !there || !isPlayer(name) {
			return nil, false
		}
		players = append(players, name)
	}
	return players, true
}

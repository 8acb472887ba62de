package supervisor

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// processStart tells when the process was started, in a form that only serves to be compared. A zombie has ended.
func processStart(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", fmt.Errorf("look up process %d: %w", pid, err)
	}
	// The second field is the program's name in brackets and may hold anything; state is the third field, the start
	// in clock ticks since boot the twenty-second.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return "", fmt.Errorf("look up process %d: unknown form of its stat file", pid)
	}
	if state := fields[0][0]; state == 'Z' || state == 'X' {
		return "", fmt.Errorf("look up process %d: it has ended", pid)
	}
	return string(fields[19]), nil
}

// oomKills counts the processes that the kernel has ended for want of memory, since boot and on the whole machine: inside a
// container too. 0 where that can't be told.
func oomKills() uint64 {
	stat, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(stat)) {
		if n, ok := strings.CutPrefix(line, "oom_kill "); ok {
			count, _ := strconv.ParseUint(strings.TrimSpace(n), 10, 64) // 0 like a kernel that doesn't tell
			return count
		}
	}
	return 0
}

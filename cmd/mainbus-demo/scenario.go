package main

import (
	_ "embed"
	"strconv"
	"strings"
	"time"
)

// scenarioText is what the three worlds do by themselves (cmd/mainbus-sim/README.md has the format).
//
//go:embed scenario.json
var scenarioText string

// scenario spreads the single transfers over the time that the show leaves for them. More than six ticks keep each in a
// line of its own.
func scenario(length time.Duration) []byte {
	ticks := 12
	if length < defaultSeconds*time.Second {
		ticks = 7
	}
	return []byte(strings.NewReplacer(
		"PROBE_TICKS", strconv.Itoa(ticks),
		"PROBE_COUNT", strconv.Itoa(transfers),
	).Replace(scenarioText))
}

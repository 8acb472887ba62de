package game

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/save"
)

// Two runs of one save print the same but for the time, and save the same. Scripts print what they store and draw in each
// tick; flows, random numbers and clients that join are part of it.
func TestRunsRepeat(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, clientScenario)
	i.create(t, "alpha", `
		script.on_event(defines.events.on_tick, function(e)
			storage.seen = storage.seen or {}
			local key = "k" .. math.random(1, 30)
			storage.seen[key] = storage.seen[key] == nil and game.surfaces[1].find_entities()[2].get_item_count("coal") or nil
			print("roll " .. e.tick .. " " .. math.random() .. " " .. serpent.line(storage) .. " " .. (next(storage.seen) or "-"))
		end)`)
	port := freeUDPPort(t)
	made, err := os.ReadFile(i.saveFile("alpha"))
	if err != nil {
		t.Fatal(err)
	}
	var printed, stored [2]string
	for n := range printed {
		if err := os.WriteFile(i.saveFile("alpha"), made, 0o600); err != nil {
			t.Fatal(err)
		}
		p := i.launch(t, "--start-server", "alpha", "--port", fmt.Sprint(port), "--until-tick", "60")
		if code := p.exit(); code != 0 {
			t.Fatalf("exit code %d:\n%s", code, p.output())
		}
		printed[n], stored[n] = clock.ReplaceAllString(p.output(), ""), i.stored(t, "alpha")
	}
	if strings.Count(printed[0], "\nroll ") < 50 {
		t.Errorf("not much was printed:\n%s", printed[0])
	}
	first, second := strings.Split(printed[0], "\n"), strings.Split(printed[1], "\n")
	for n := range min(len(first), len(second)) {
		if first[n] != second[n] {
			t.Fatalf("line %d of two runs of one save:\n%s\n%s", n+1, first[n], second[n])
		}
	}
	if len(first) != len(second) {
		t.Errorf("%d and %d lines", len(first), len(second))
	}
	if !strings.Contains(stored[0], "seen") || stored[0] != stored[1] {
		t.Errorf("two runs of one save stored %d and %d bytes that differ", len(stored[0]), len(stored[1]))
	}
}

// clock is the time in a line, that in the first of all, and that of player-data.json.
var clock = regexp.MustCompile(`(?m)^ *\d+\.\d{3} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d; )?|^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d |timestamp \d+$`)

// stored is all state that a save holds: of the scripts and of the map.
func (i installation) stored(t *testing.T, name string) string {
	t.Helper()
	archive, err := save.Open(i.saveFile(name))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var all []byte
	for _, entry := range []string{"script.dat", "level.dat0", "level-init.dat"} {
		data, err := readEntry(archive, entry)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	return string(all)
}

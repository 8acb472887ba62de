package game

import (
	"os"
	"strings"
	"testing"
)

// Scripts print what they store and draw in each tick; flows and random numbers are part of it.
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
	save, err := os.ReadFile(i.saveFile("alpha"))
	if err != nil {
		t.Fatal(err)
	}
	var runs [2]string
	for n := range runs {
		if err := os.WriteFile(i.saveFile("alpha"), save, 0o600); err != nil {
			t.Fatal(err)
		}
		p := i.start(t, "alpha", "--until-tick", "60")
		if code := p.exit(); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		for line := range strings.Lines(p.output()) {
			if strings.HasPrefix(line, "roll ") {
				runs[n] += line
			}
		}
	}
	if strings.Count(runs[0], "\n") < 50 || runs[0] != runs[1] {
		t.Errorf("two runs of one save:\n%s\n%s", runs[0], runs[1])
	}
}

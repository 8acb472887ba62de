package instance

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"mainbus/hostagent/internal/simgame"
)

// A busy world: coal, iron, belts, water and charge go out, and copper, steam and charge are wanted as they are used. The bus is
// full of coal now and then.
const busyScenario = `{"autosave_seconds": 3600, "worlds": {"*": {
  "chests": [{"id": "out", "position": [0.5, 0.5], "contents": [{"name": "iron-plate", "count": 100}]}, {"id": "in", "position": [2.5, 0.5]}],
  "tanks": [{"id": "tank-out", "position": [10.5, 0.5], "fluid": "water", "amount": 20000.5, "temperature": 15}, {"id": "tank-in", "position": [20.5, 0.5]}],
  "accumulators": [{"id": "full", "position": [30, 0], "energy": 4700000}, {"id": "empty", "position": [40, 0], "energy": 300000}],
  "flows": [{"make": {"item": "iron-plate", "count": 3, "chest": "out", "every_ticks": 7}},
            {"make": {"item": "coal", "count": 1, "chest": "out", "every_ticks": 11}},
            {"make": {"item": "transport-belt", "count": 2, "chest": "out", "every_ticks": 13}},
            {"take": {"item": "copper-plate", "count": 2, "chest": "in", "every_ticks": 9}}],
  "calls": [{"tick": 10, "interface": "mainbus", "function": "send", "args": [{"surface": "nauvis", "x": 0.5, "y": 0.5}]},
            {"tick": 10, "interface": "mainbus", "function": "send", "args": [{"surface": "nauvis", "x": 10.5, "y": 0.5}]},
            {"tick": 10, "interface": "mainbus", "function": "send", "args": [{"surface": "nauvis", "x": 30, "y": 0}, {"above": 1}]},
            {"tick": 10, "interface": "mainbus", "function": "request", "args": [{"surface": "nauvis", "x": 20.5, "y": 0.5}, [{"fluid": "steam", "amount": 9000}]]},
            {"tick": 10, "interface": "mainbus", "function": "request", "args": [{"surface": "nauvis", "x": 40, "y": 0}, [{"energy": 5}]]},
            {"tick": 10, "interface": "mainbus", "function": "request", "args": [{"surface": "nauvis", "x": 2.5, "y": 0.5}, [{"name": "copper-plate", "count": 50}]]}]}}}`

// Clients join every third of a second: each loads the running map with our modules in it and must from then on print and
// store what the server does, byte for byte.
func TestClientsThatJoinWhileItemsFlowStayInStep(t *testing.T) {
	t.Run("freeplay", func(t *testing.T) { watchClients(t, nil, 20) })
	for name, control := range foreignScenarios {
		t.Run(name, func(t *testing.T) { watchClients(t, newForeign(control), 8) })
	}
}

func watchClients(t *testing.T, scenario *foreign, clients int) {
	t.Parallel()
	game, dir := simgame.Install(t, strings.Replace(busyScenario, "{", `{"clients": {"join_every_ticks": 20, "check_every_ticks": 15}, `, 1)), t.TempDir()
	if scenario != nil {
		scenario.create(t, game, dir)
	}
	c := &controller{ledger: "beef"}
	a := newAgent(t, dir, game, c)
	a.wantRunning(true)
	a.waitLinked()
	granted := 0
	var seen struct {
		Joined, Refused, Desyncs, Checks int
		Difference                       string
	}
	enough := 0 // comparisons of all state, some of them after the last client has joined
	eventually(t, "clients joined and were compared", func() bool {
		granted += 10
		c.grant(fmt.Sprintf("copper-plate/normal=%d+steam/=%d/%d+/=%d", granted, granted*3, granted*3*165, min(4, granted/100)))
		c.tell("full", fmt.Sprintf("coal/normal=%d", granted/50%2))
		text, err := a.SendConsole(t.Context(), "/sim-clients")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(strings.TrimSpace(text)), &seen); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if seen.Joined >= clients && enough == 0 {
			enough = seen.Checks + 3
		}
		return enough > 0 && seen.Checks >= enough || seen.Desyncs > 0 || seen.Refused > 0
	})
	if seen.Desyncs > 0 || seen.Refused > 0 {
		t.Errorf("of %d clients %d differed and %d were refused: %s", seen.Joined, seen.Desyncs, seen.Refused, seen.Difference)
	}
	for _, record := range []string{"iron-plate/normal=", "coal/normal=", "copper-plate/normal=", "transport-belt/normal=", "water/=20000/0/0/300000/0", "/=3/"} {
		if !c.heard(record) {
			t.Errorf("%s was not traded meanwhile", record)
		}
	}
	a.stopGame()
}

package game

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// clientsOf asks until enough has happened.
func clientsOf(t *testing.T, p *process, enough func(clientLog) bool) clientLog {
	t.Helper()
	var log clientLog
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if err := json.Unmarshal([]byte(p.say("/sim-clients")), &log); err != nil {
			t.Fatal(err)
		}
		if enough(log) {
			return log
		}
	}
	t.Fatalf("only %+v\n%s", log, p.output())
	return log
}

const clientScenario = `{"worlds": {"*": {
	"chests": [{"id": "out", "contents": [{"name": "coal", "count": 100}]}, {"id": "in", "position": [3.5, 0.5]}],
	"flows": [{"move": {"item": "coal", "from": "out", "to": "in", "count": 1, "every_ticks": 7}}]}},
	"clients": {"join_every_ticks": 10, "check_every_ticks": 2}}`

func TestClientsRunInStep(t *testing.T) {
	i := newInstallation(t, clientScenario)
	i.create(t, "alpha", `
		script.on_event(defines.events.on_tick, function(e)
			storage.seen = storage.seen or {}
			local chest = game.surfaces[1].find_entities()[2]
			local key = "k" .. math.random(1, 30)
			storage.seen[key] = storage.seen[key] == nil and chest.get_item_count("coal") or nil
			if e.tick % 5 == 0 then print("roll " .. math.random() .. " " .. (next(storage.seen) or "-")) end
		end)
		commands.add_command("note", "", function(e) storage.note = (storage.note or "") .. e.parameter print(storage.note) end)`)
	p := i.start(t, "alpha")
	p.say("/note a")
	log := clientsOf(t, p, func(l clientLog) bool { return l.Joined >= 5 && l.Checks > 60 })
	p.say("/note b")
	p.say("a chat line")
	log = clientsOf(t, p, func(l clientLog) bool { return l.Joined > log.Joined })
	if log.Desyncs+log.Refused > 0 || log.Difference != "" {
		t.Errorf("%+v", log)
	}
	if !strings.Contains(p.output(), "Serving map(") {
		t.Error("no map was served")
	}
}

func TestClientsThatDifferAreFound(t *testing.T) {
	for _, test := range []struct{ name, control, console, want string }{
		{"a variable that is not stored", `
			local n = 0
			script.on_event(defines.events.on_tick, function() n = n + 1 storage.n = n end)`, "", "storage of level differs"},
		{"a variable that is printed", `
			local n = 0
			script.on_event(defines.events.on_tick, function() n = n + 1 print(n) end)`, "", "the server printed"},
		{"an error on one of them", `
			known = {}
			script.on_event(defines.events.on_tick, function(e) if e.tick > 40 then print(known.x.y) end end)`, "known.x = {}", "on the client: level::on_tick"},
		{"a handler that is registered on one of them", ``, "script.on_nth_tick(50, function() end)", "script-event-mismatch): level"},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := newInstallation(t, `{"clients": {"join_every_ticks": 15}}`)
			i.create(t, "alpha", test.control)
			p := i.start(t, "alpha")
			if test.console != "" {
				p.say("/sc " + test.console)
				p.say("/sc " + test.console)
			}
			log := clientsOf(t, p, func(l clientLog) bool { return l.Desyncs+l.Refused > 0 })
			if !strings.Contains(log.Difference, test.want) {
				t.Errorf("got %q", log.Difference)
			}
			if log.Desyncs > 0 {
				p.wait(`from\(InGameSavingMapForDesyncReport\) to\(InGame\)`)
				checkOrder(t, p.texts(), "newState(DesyncedWaitingForMap)", "received playerDesynced", "to(InGameSavingMapForDesyncReport)",
					"Serving map(", "from(InGameSavingMapForDesyncReport) to(InGame)")
			}
			p.say("/quit")
			if code := p.exit(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

package instance

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/install"
	"mainbus/hostagent/factorio/patch"
	"mainbus/hostagent/factorio/save"
	"mainbus/hostagent/internal/simgame"
	"mainbus/transport/wire"
)

// foreignScenarios are scripts of somebody else's, by how they register their handlers. @ is a word that is another one in
// each run. Each counts in storage and answers a command of its own with what it has counted.
var foreignScenarios = map[string]string{
	"each kind directly": `local function count(what) storage.@ = storage.@ or {} storage.@[what] = (storage.@[what] or 0) + 1 end
		script.on_init(function() count("init") end)
		script.on_load(function() @_loaded = true end)
		script.on_configuration_changed(function() count("changed") end)
		script.on_event(defines.events.on_tick, function(event) count("tick") event.tick, event.name = nil, nil end)
		script.on_event({ defines.events.on_player_created, defines.events.on_player_joined_game }, function() count("player") end)
		script.on_event(defines.events.on_built_entity, function() count("built") end, { { filter = "type", type = "container" } })
		script.on_nth_tick(1, function() count("nth") end)
		script.on_nth_tick({ 6, 60 }, function() count("sixth") end)`,

	"later, and again in on_load": `local function tick() storage.@.tick = storage.@.tick + 1 end
		local function nth() storage.@.nth = storage.@.nth + 1 end
		local function change(event)
			storage.@ = storage.@ or { tick = 0, nth = 0, changes = 0 }
			storage.@.changes, storage.@.on = storage.@.changes + 1, not storage.@.on
			script.on_event(defines.events.on_tick, storage.@.on and tick or nil)
			script.on_nth_tick(4, storage.@.on and nth or nil)
		end
		script.on_nth_tick(25, change)
		script.on_load(function()
			if storage.@ and storage.@.on then
				script.on_event("on_tick", tick)
				script.on_nth_tick(4, nth)
			end
		end)`,

	"by the game's library": `local lib = { events = {}, on_nth_tick = {} }
		local function begin() storage.@ = storage.@ or { tick = 0, nth = 0 } return storage.@ end
		lib.events[defines.events.on_tick] = function() begin().tick = storage.@.tick + 1 end
		lib.on_nth_tick[1] = function() begin().nth = storage.@.nth + 1 end
		lib.add_remote_interface = function() remote.add_interface("@", { begin = begin }) end
		require("event_handler").add_lib(lib)
		require("@/part")`,

	"removes all of its handlers": `local function stop()
			script.on_nth_tick(nil)
			script.on_event(defines.events.on_tick, nil)
			script.on_event({ defines.events.on_tick, defines.events.on_player_created }, nil)
		end
		script.on_event(defines.events.on_tick, function() storage.@ = { tick = ((storage.@ or {}).tick or 0) + 1 } end)
		script.on_nth_tick(50, function() stop() storage.@_stopped = true end)
		script.on_load(function() if storage.@_stopped then stop() end end)`,

	"with globals by the game's names": `print, log, helpers, rcon_print = function() error("@") end, nil, { names = {} }, rcon.print
		table_to_json, rcon, prototypes = nil, nil, nil
		function globals() return 5 end
		script.on_event(defines.events.on_tick, function() storage.@ = { tick = ((storage.@ or {}).tick or 0) + globals() } end)`,
}

// foreign is a save of somebody else's scenario.
type foreign struct {
	word, control string
}

func newForeign(control string) *foreign {
	f := &foreign{word: "w" + randomHex(4)}
	// What the test needs goes in front, while all globals are the game's.
	f.control = strings.ReplaceAll(`local json, answer = helpers.table_to_json, rcon.print
		commands.add_command("@", "", function(event)
			if event.parameter == "wipe" then storage = {} elseif event.parameter == "fail" then storage.@_fail = true end
			answer(json(storage.@ or {}))
		end)
		`+control, "@", f.word)
	return f
}

// create has the game make a map in the place where the instance looks for it.
func (f *foreign) create(t *testing.T, game *install.Installation, dir string) {
	t.Helper()
	path := savePathOf(dir)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(game.Binary(), "--create", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files := map[string][]byte{"control.lua": []byte(f.control), f.word + "/part.lua": []byte("return 1")}
	if err := save.Rewrite(path, path, files); err != nil {
		t.Fatal(err)
	}
}

func savePathOf(dir string) string { return filepath.Join(dir, "saves", "Alpha-One.zip") }

// ask gives the scenario's own command, and returns what the scenario has counted.
func (f *foreign) ask(a *agent, parameter string) (counted map[string]float64) {
	a.t.Helper()
	text, err := a.SendConsole(a.t.Context(), "/"+f.word+" "+parameter)
	if err != nil {
		a.t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(strings.TrimSpace(text)), &all); err != nil {
		a.t.Fatalf("%v: %q", err, text)
	}
	counted = map[string]float64{}
	for name, value := range all {
		if n, is := value.(float64); is {
			counted[name] = n
		}
	}
	return counted
}

// trade moves copper into the world and iron out of it.
func trade(t *testing.T, c *controller, copper int) {
	t.Helper()
	eventually(t, "copper is wanted", func() bool { return c.heard("copper-plate/normal=0/") })
	c.with(func() { c.up = nil })
	c.grant(fmt.Sprintf("copper-plate/normal=%d", copper))
	eventually(t, "copper arrived and iron was sent", func() bool {
		return c.heard(fmt.Sprintf("copper-plate/normal=0/%d/", copper)) && c.heard("iron-plate/normal=")
	})
}

func TestForeignScenariosTrade(t *testing.T) {
	for name, control := range foreignScenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			game, dir := simgame.Install(t, busyScenario), t.TempDir()
			c, f := &controller{ledger: "beef"}, newForeign(control)
			f.create(t, game, dir)
			a := newAgent(t, dir, game, c)
			var counted map[string]float64
			for start := range 2 {
				a.wantRunning(true)
				a.waitLinked()
				trade(t, c, 20*(start+1))
				before := counted
				eventually(t, "the scenario went on where it was", func() bool {
					counted = f.ask(a, "")
					grown := len(counted) > 0
					for what, n := range counted {
						if what == "init" || what == "changed" || what == "player" || what == "built" {
							continue
						}
						grown = grown && (n > before[what] || strings.HasPrefix(name, "removes") && start == 1 && n == before[what])
					}
					return grown
				})
				if start == 1 {
					c.with(func() {
						if first, last := c.bound[0], c.bound[len(c.bound)-1]; last.GetWorld() != first.GetWorld() || last.GetLedger() != "beef" {
							t.Errorf("bound as %v, then %v", first, last)
						}
					})
				}
				a.stopGame()
			}
			path := savePathOf(dir)
			if err := patch.Undo(path, path); err != nil {
				t.Fatal(err)
			}
			if left := scriptsOf(t, path); len(left) != 2 || left["control.lua"] != f.control || left[f.word+"/part.lua"] != "return 1" {
				t.Errorf("not as it was: %q", left)
			}
		})
	}
}

// scriptsOf are the Lua files of a save.
func scriptsOf(t *testing.T, path string) map[string]string {
	t.Helper()
	archive, err := save.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	out := map[string]string{}
	for _, name := range archive.Names() {
		if !strings.HasSuffix(name, ".lua") {
			continue
		}
		r, err := archive.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(text)
		r.Close()
	}
	return out
}

// A mistake in a scenario ends its game as it would without us.
func TestForeignScenarioThatFails(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), &controller{ledger: "beef"}
	game := simgame.Install(t, busyScenario)
	f := newForeign("script.on_event(defines.events.on_tick, function() if storage.@_fail then error('no @ left') end end)")
	f.create(t, game, dir)
	a := newAgent(t, dir, game, c)
	a.wantRunning(true)
	a.waitLinked()
	trade(t, c, 20)
	_, _ = a.SendConsole(t.Context(), "/"+f.word+" fail") // its answer may be lost with the game
	o := a.wait("failed", func(o *wire.ObservedInstance) bool { return o.GetState() == wire.State_STATE_FAILED })
	if f := a.why(); f.GetId() != "E24" || !strings.Contains(strings.Join(f.GetDecisive(), "\n"), "scenario level caused a non-recoverable error") || f.GetCause() != o.GetCause() {
		t.Errorf("%v, %v", o, f)
	}
	c.with(func() { c.up = nil }) // it was never saved, and begins again
	a.waitLinked()
	trade(t, c, 30)
	a.stopGame()
}

// So it does when nobody was there to see it, in the first start, whose save proposes the id of a world that has not traded.
func TestStorageIsWipedWhileTheAgentIsAway(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), &controller{ledger: "beef", world: randomHex(16)}
	game := simgame.Install(t, busyScenario)
	f := newForeign("")
	f.create(t, game, dir)
	a := newAgent(t, dir, game, c)
	a.wantRunning(true)
	a.waitLinked()
	a.crash()
	c.with(func() { c.away = true })
	a = newAgent(t, dir, game, c)
	a.wantRunning(true)
	eventually(t, "the game answers", func() bool { _, err := a.SendConsole(t.Context(), "/version"); return err == nil })
	f.ask(a, "wipe")
	a.crash()
	c.with(func() { c.away = false })
	a = newAgent(t, dir, game, c)
	a.wantRunning(true)
	a.waitLinked()
	c.with(func() {
		if len(c.bound) != 2 || c.bound[1].GetLedger() != "" || c.bound[1].GetWorld() == c.bound[0].GetWorld() || c.bound[1].GetWorld() == c.world {
			t.Errorf("bound %v", c.bound)
		}
	})
	a.stopGame()
}

// A world whose accounts a script has wiped begins anew, under another identity each time, and keeps what is in it.
func TestScenarioThatWipesStorageBeginsAnew(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), &controller{ledger: "beef"}
	game := simgame.Install(t, busyScenario)
	f := newForeign("script.on_init(function() storage = {} end)")
	f.create(t, game, dir)
	a := newAgent(t, dir, game, c)
	a.wantRunning(true)
	a.waitLinked()
	for range 2 {
		bound := 0
		c.with(func() { bound = len(c.bound) })
		f.ask(a, "wipe")
		eventually(t, "it was bound again", func() bool { n := 0; c.with(func() { n = len(c.bound) }); return n > bound })
		a.waitLinked()
	}
	worlds := map[string]bool{}
	c.with(func() {
		for _, b := range c.bound {
			worlds[b.GetWorld()] = true
			if b.GetLedger() != "" {
				t.Errorf("bound as %v", b)
			}
		}
		if len(worlds) != 3 {
			t.Errorf("%d worlds were bound", len(worlds))
		}
	})
	a.stopGame()
	if saved, err := examine(savePathOf(dir)); err != nil || !worlds[saved.world] || saved.world != c.bound[len(c.bound)-1].GetWorld() {
		t.Errorf("saved as %+v, %v", saved, err)
	}
}

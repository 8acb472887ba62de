package game

import (
	"os"
	"strings"
	"testing"
)

// steps says commands and compares the replies; @name stands for a word.
func (p *process) steps(words map[string]string, steps [][2]string) {
	p.t.Helper()
	for _, step := range steps {
		if got := p.say(fill(step[0], words)); got != fill(step[1], words) {
			p.t.Errorf("%s\n got %q\nwant %q", fill(step[0], words), got, fill(step[1], words))
		}
	}
}

func TestModsWithoutTheLevelTheyKnow(t *testing.T) {
	t.Parallel()
	words := modWords()
	i := newInstallation(t, "")
	bridge(words).unpack(t, i, words)
	store(words).zip(t, i, words)
	i.create(t, "alpha", "")
	p := i.start(t, "alpha")
	p.say("/sc rcon.print(1)")
	p.steps(words, [][2]string{
		{`/sc rcon.print(1)`, "1"},
		{`/sc __@store__ rcon.print(tostring(remote.interfaces["@level"]))`, "nil"},
		{`/sc __@store__ Take('[["a",1,"normal"]]') Give()`, `[["a",1,"normal"]]`},
	})
	if strings.Contains(p.output(), words["channel"]) {
		t.Errorf("the mod sent something:\n%s", p.output())
	}
}

func TestModsComeChangeAndGo(t *testing.T) {
	t.Parallel()
	words := modWords()
	i := newInstallation(t, "")
	i.create(t, "alpha", `script.on_configuration_changed(function(e)
		local names = {}
		for name, c in pairs(e.mod_changes) do names[#names + 1] = name .. ":" .. tostring(c.old_version) .. ">" .. tostring(c.new_version) end
		table.sort(names)
		print("changed " .. table.concat(names, " ") .. " " .. tostring(e.mod_startup_settings_changed))
	end)
	script.on_load(function() print("level loads") end)`)
	lib, mod := bridge(words), store(words)
	mod.files["control.lua"] += "\nscript.on_init(function() print('mod begins') storage.rows = {} end)\nprint('parsed')"
	lib.zip(t, i, words)
	mod.zip(t, i, words)

	p := i.start(t, "alpha")
	checkOrder(t, p.texts(), "parsed", "mod begins", "level loads", "changed ")
	changed := p.wait(`^changed (.*) (true|false)$`)
	if !strings.Contains(changed[1], fill("@store:nil>2.0.1", words)) || !strings.Contains(changed[1], fill("@lib:nil>1.2.3", words)) || changed[2] != "true" {
		t.Errorf("got %q", changed)
	}
	p.say("/sc rcon.print(1)")
	p.steps(words, [][2]string{
		{`/sc rcon.print(1)`, "1"},
		{`/sc __@store__ rcon.print(storage.changes)`, "nil>2.0.1;"},
		{`/sc __@store__ Take('[["b",3,"normal"]]')`, ""},
		{`/sc local c = game.surfaces[1].create_entity{name = "@chest", position = {3, 3}, force = "player"} rcon.print(c.insert{name = "coal", count = 5})`, "5"},
		{`/quit`, ""},
	})
	p.exit()

	if err := os.Remove(i.modFile(t, mod)); err != nil {
		t.Fatal(err)
	}
	mod.version = "2.1.0"
	mod.unpack(t, i, words)
	p = i.start(t, "alpha")
	if strings.Contains(p.output(), "mod begins") {
		t.Error("an update runs on_init")
	}
	if changed = p.wait(`^changed (.*) (true|false)$`); changed[1] != fill("@store:2.0.1>2.1.0", words) || changed[2] != "false" {
		t.Errorf("got %q", changed)
	}
	p.steps(words, [][2]string{
		{`/sc __@store__ Give()`, `[["b",3,"normal"]]`},
		{`/sc __@store__ rcon.print(storage.changes)`, "nil>2.0.1;2.0.1>2.1.0;"},
		{`/sc rcon.print(game.surfaces[1].find_entities_filtered{name = "@chest"}[1].get_item_count("coal"))`, "5"},
		{`/quit`, ""},
	})
	p.exit()

	list, err := readModList(i.dir + "/mods")
	if err != nil {
		t.Fatal(err)
	}
	list.Set(mod.name, false)
	if err := writeModList(&list, i.dir+"/mods"); err != nil {
		t.Fatal(err)
	}
	p = i.start(t, "alpha")
	if changed = p.wait(`^changed (.*) (true|false)$`); changed[1] != fill("@store:2.1.0>nil", words) {
		t.Errorf("got %q", changed)
	}
	p.steps(words, [][2]string{
		{`/sc rcon.print(tostring(script.active_mods["@store"]))`, "nil"},
		{`/sc __@store__ Give()`, `Cannot execute command. Error: no script of a mod "@store"`},
		{`/sc rcon.print(tostring(prototypes.entity["@chest"]) .. #game.surfaces[1].find_entities_filtered{position = {3.5, 3.5}})`, "nil0"},
	})
}

func TestErrorsOfMods(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file, text string
		lines      []string
		code       int
	}{
		"in an event": {"control.lua", `script.on_nth_tick(30, function() local x = nil; x.y = 1 end)`, []string{
			`The mod @m (0.0.1) caused a non-recoverable error.`, `Error while running event @m::on_nth_tick(30)`,
			"__@m__/control.lua:1: attempt to index local 'x' (a nil value)", "stack traceback:", `MultiplayerManager failed: "The mod @m (0.0.1) caused a non-recoverable error.`,
			"from(InGame) to(Failed)", "Quitting: multiplayer error.", "Goodbye"}, exitLua},
		"in on_init": {"control.lua", `script.on_init(function() error("no") end)`, []string{
			`The mod @m (0.0.1) caused a non-recoverable error.`, `Error while running event @m::on_init()`, "__@m__/control.lua:1: no",
			"to(InitializationFailed)", "Goodbye"}, exitFailed},
		"in data":      {"data.lua", "\nerror('no')", []string{"Failed to load mods: __@m__/data.lua:2: no", "stack traceback:"}, exitFailed},
		"no such file": {"settings.lua", `require("lost")`, []string{"Failed to load mods: __@m__/settings.lua:1: module lost not found"}, exitFailed},
		"no prototype": {"data.lua", `data:extend{{type = "item", name = "@m", stack_size = -1}}`, []string{
			`ModManager.cpp:1751: Error while loading item prototype "@m" (item): stack_size is -1`, "Modifications: @m", "Failed to load mods: "}, exitFailed},
		"without type": {"data.lua", `data:extend{{name = "@m"}}`, []string{"Failed to load mods: __@m__/data.lua:1: Missing name or type"}, exitFailed},
		"a function": {"data.lua", `data:extend{{type = "item", name = "@m", stack_size = 1, icon = print}}`, []string{
			"Failed to load mods: data.raw.item.@m: icon: a function"}, exitFailed},
		"a dependency": {"info", "gone >= 1.0", []string{"Failed to load mods: @m 0.0.1: it needs gone >= 1.0.0, which is missing or disabled"}, exitFailed},
		"storage of functions": {"control.lua", `script.on_nth_tick(30, function() storage.f = print end)
			script.on_nth_tick(60, function() game.server_save() end)`, []string{"The mod @m (0.0.1) caused a non-recoverable error.", "can't save a function"}, exitLua},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words := map[string]string{"m": word()}
			i := newInstallation(t, "")
			i.create(t, "alpha", "")
			m := testMod{name: words["m"], version: "0.0.1", files: map[string]string{test.file: test.text}}
			if test.file == "info" {
				m.needs, m.files = []string{test.text}, nil
			}
			m.unpack(t, i, words)
			out, code := i.run(t, "--start-server", "alpha", "--port", "0")
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			var want []string
			for _, line := range test.lines {
				want = append(want, fill(line, words))
			}
			checkOrder(t, strings.Split(out, "\n"), want...)
		})
	}
}

// TestModsStayInStep lets games join at random ticks while a mod computes, draws random numbers and raises events.
func TestModsStayInStep(t *testing.T) {
	t.Parallel()
	words := map[string]string{"m": word(), "event": word()}
	i := newInstallation(t, `{"clients": {"join_every_ticks": 30, "check_every_ticks": 1}}`)
	testMod{name: words["m"], version: "0.0.1", files: map[string]string{
		"data.lua": `data:extend{{type = "custom-event", name = "@event"}}`,
		"control.lua": `script.on_init(function() storage.n, storage.set = 0, {} end)
			script.on_event("@event", function(e) storage.n = storage.n + e.n end)
			script.on_event(defines.events.on_tick, function(e)
				storage.set[math.random(9) .. "at" .. e.tick] = e.tick
				for k, v in pairs(storage.set) do if v < e.tick - 20 then storage.set[k] = nil end end
				if e.tick % 7 == 0 then script.raise_event("@event", {n = math.random(9)}) print(storage.n) end
			end)`,
	}}.unpack(t, i, words)
	i.create(t, "alpha", "")
	p := i.start(t, "alpha")
	waitFor(t, "clients", func() bool {
		answer := p.say("/sim-clients")
		if !strings.Contains(answer, `"desyncs":0`) || !strings.Contains(answer, `"refused":0`) {
			t.Fatal(answer)
		}
		return strings.Contains(answer, `"joined":4`)
	})
}

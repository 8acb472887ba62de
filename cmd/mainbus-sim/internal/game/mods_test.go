package game

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/modsettings"
	"mainbus/hostagent/factorio/save"
)

// word is a name that no other run has.
func word() string {
	letters := make([]byte, 10)
	for i := range letters {
		letters[i] = byte('a' + rand.IntN(26))
	}
	return string(letters)
}

// testMod is a mod of files, which replaces @name in them by its words.
type testMod struct {
	name, version string
	needs         []string
	files         map[string]string
}

func (m testMod) info() string {
	info := map[string]any{
		"name": m.name, "version": m.version, "title": m.name, "author": "somebody", "factorio_version": "2.0",
		"dependencies": append([]string{"base"}, m.needs...),
	}
	data, _ := json.Marshal(info)
	return string(data)
}

func fill(text string, words map[string]string) string {
	for key, value := range words {
		text = strings.ReplaceAll(text, "@"+key, value)
	}
	return text
}

// zip packs the mod into the mod directory.
func (m testMod) zip(t *testing.T, i installation, words map[string]string) {
	t.Helper()
	var data bytes.Buffer
	w := zip.NewWriter(&data)
	add := func(name, text string) {
		f, err := w.Create(m.name + "_" + m.version + "/" + fill(name, words))
		if err == nil {
			_, err = f.Write([]byte(fill(text, words)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add("info.json", m.info())
	for name, text := range m.files {
		add(name, text)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	writeFileT(t, i.modFile(t, m), data.String())
}

func (i installation) modFile(t *testing.T, m testMod) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(i.dir, "mods"), 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(i.dir, "mods", m.name+"_"+m.version+".zip")
}

// unpack puts the mod into the mod directory as a folder.
func (m testMod) unpack(t testing.TB, i installation, words map[string]string) {
	t.Helper()
	dir := filepath.Join(i.dir, "mods", m.name)
	files := map[string]string{"info.json": m.info()}
	for name, text := range m.files {
		files[name] = text
	}
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		writeFileT(t, file, fill(text, words))
	}
}

// bridge is a library in the form of existing ones: it finds the level's interface when it is there, and goes on
// without it when it is not.
func bridge(words map[string]string) testMod {
	return testMod{words["lib"], "1.2.3", nil, map[string]string{"library.lua": `
		local lib = {}
		function lib.init()
			if lib.events then return end
			if remote.interfaces["@level"] then
				lib.events = remote.call("@level", "get_events")
			else
				local never = script.generate_event_name()
				lib.events = {changed = never, started = never}
			end
		end
		function lib.id() if remote.interfaces["@level"] then return remote.call("@level", "get_id") end end
		function lib.send(channel, data)
			if not remote.interfaces["@level"] then return end
			print("\f$" .. channel .. "?j" .. helpers.table_to_json(data))
		end
		return lib`}}
}

// store is a mod with prototypes, settings and lists in its storage, which gets text by console commands.
func store(words map[string]string) testMod {
	return testMod{words["store"], "2.0.1", []string{words["lib"] + " >= 1.2"}, map[string]string{
		"settings.lua": `data:extend{
			{type = "int-setting", name = "@slots", setting_type = "startup", default_value = 7, minimum_value = 1},
			{type = "bool-setting", name = "@flag", setting_type = "runtime-global", default_value = true},
			{type = "string-setting", name = "@mine", setting_type = "runtime-per-user", default_value = "x"}}`,
		"data.lua": `require("prototypes.chests")
			local more = table.deepcopy(data.raw.item["iron-plate"])
			more.name = "@item" more.stack_size = 33
			data:extend{more, {type = "custom-event", name = "@event"}, {type = "fluid", name = "@fluid", default_temperature = 20}}`,
		"data-updates.lua": `for name in pairs(data.raw.fluid) do if name == "@fluid" then data.raw.item["@item"].order = "zz-fluid" end end`,
		"data-final-fixes.lua": `local first = data.raw.container["@chest"].picture.layers[1]
			assert(first.filename == "__@store__/chest.png" and rawget(data.raw.container["steel-chest"].picture, "layers") == nil)
			assert(mods["@lib"] == "1.2.3" and settings.startup["@slots"].value)
			data.raw.container["@chest"].inventory_size = settings.startup["@slots"].value`,
		"prototypes/chests.lua": `local chest = table.deepcopy(data.raw.container["steel-chest"])
			chest.picture.layers[1].filename = "__@store__/chest.png"
			chest.circuit_connector = circuit_connector_definitions["chest"]
			chest.name = "@chest" chest.minable = {mining_time = 1, result = "@chest"}
			data:extend{chest, {type = "item", name = "@chest", stack_size = 5, place_result = "@chest"}}`,
		"control.lua": `local lib = require("__@lib__/library")
			local function see(e) storage.seen = (storage.seen or 0) + 1 lib.send("@channel", {id = lib.id(), text = e.text}) end
			local function listen() lib.init() script.on_event(lib.events.changed, see) end
			script.on_init(function() storage.rows = {} listen() end)
			script.on_load(listen)
			script.on_configuration_changed(function(e)
				local me = e.mod_changes["@store"]
				storage.changes = (storage.changes or "") .. (me and tostring(me.old_version) .. ">" .. tostring(me.new_version) or "-") .. ";"
			end)
			script.on_event("@event", function(e) print("@event " .. e.number .. " from " .. e.mod_name) end)
			script.on_event(defines.events.on_script_trigger_effect, nil)
			function Take(json)
				for _, row in ipairs(helpers.json_to_table(json)) do table.insert(storage.rows, row) end
			end
			function Give() rcon.print(helpers.table_to_json(storage.rows)) end`,
	}}
}

const levelOfMods = `
	local events = {changed = script.generate_event_name(), started = script.generate_event_name()}
	remote.add_interface("@level", {get_events = function() return events end, get_id = function() return 5 end})
	function change(text) script.raise_event(events.changed, {text = text}) end`

func modWords() map[string]string {
	words := map[string]string{}
	for _, key := range []string{"lib", "store", "level", "slots", "flag", "mine", "item", "event", "fluid", "chest", "channel"} {
		words[key] = key[:1] + word()
	}
	return words
}

func TestModsWithALevelThatTheyKnow(t *testing.T) {
	t.Parallel()
	words := modWords()
	i := newInstallation(t, "")
	bridge(words).zip(t, i, words)
	store(words).unpack(t, i, words)
	i.create(t, "alpha", fill(levelOfMods, words))
	p := i.start(t, "alpha")
	checkOrder(t, p.texts(), fill("Loading mod settings @store 2.0.1 (settings.lua)", words), "Loading mod base 2.0.77 (data.lua)",
		fill("Loading mod @store 2.0.1 (data.lua)", words), fill("Loading mod @store 2.0.1 (data-updates.lua)", words),
		fill("Loading mod @store 2.0.1 (data-final-fixes.lua)", words), fill("Checksum of @lib: ", words), "Factorio initialised",
		fill("Checksum for script __@store__/control.lua: ", words), "Checksum for script __level__/control.lua: ")
	p.say("/sc rcon.print(1)")
	for _, step := range [][2]string{
		{`/sc rcon.print(1)`, "1"},
		{`/sc rcon.print(script.active_mods["@store"])`, "2.0.1"},
		{`/sc __@store__ rcon.print(script.mod_name .. (remote.interfaces["@level"] and 1 or 0))`, "@store1"},
		{`/sc __@store__ Take('[["a",1,"normal"],["b",2.5,"rare"]]')`, ""},
		{`/sc __@store__ Give()`, `[["a",1,"normal"],["b",2.5,"rare"]]`},
		{`/sc rcon.print(tostring(storage.rows) .. tostring(Take))`, "nilnil"},
		{`/sc local c = game.surfaces[1].create_entity{name = "@chest", position = {3, 3}, force = "player"} rcon.print(#c.get_inventory(1) .. " " .. c.insert{name = "@item", count = 500})`, "7 231"},
		{`/sc rcon.print(prototypes.item["@item"].stack_size .. prototypes.item["@item"].order .. prototypes.fluid["@fluid"].default_temperature)`, "33zz-fluid20"},
		{`/sc change("hello")`, ""},
		{`/sc script.raise_event("@event", {number = 4})`, ""},
		{`/sc __@store__ rcon.print(storage.seen)`, "1"},
		{`/sc __nothing__ rcon.print(1)`, `Cannot execute command. Error: no script of a mod "nothing"`},
		{`/sc __@store__ error("oops")`, `Cannot execute command. Error: [string "error("oops")"]:1: oops`},
	} {
		if got := p.say(fill(step[0], words)); got != fill(step[1], words) {
			t.Errorf("%s\n got %q\nwant %q", fill(step[0], words), got, fill(step[1], words))
		}
	}
	p.wait(fill(`^\f\$@channel\?j\{"id":5,"text":"hello"\}$`, words))
	p.wait(fill(`^@event 4 from level$`, words))
	p.say("/quit")
	if code := p.exit(); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, p.output())
	}
	checkModsOfSave(t, i, p, words)

	p = i.start(t, "alpha")
	for _, step := range [][2]string{
		{`/sc __@store__ Give()`, `[["a",1,"normal"],["b",2.5,"rare"]]`},
		{`/sc __@store__ rcon.print(storage.seen .. tostring(storage.changes))`, "1nil"},
		{`/sc rcon.print(game.surfaces[1].find_entities_filtered{name = "@chest"}[1].get_item_count("@item"))`, "231"},
	} {
		if got := p.say(fill(step[0], words)); got != fill(step[1], words) {
			t.Errorf("%s after the save\n got %q\nwant %q", fill(step[0], words), got, step[1])
		}
	}
}

// checkModsOfSave compares the header, mod-list.json and mod-settings.dat with what was loaded.
func checkModsOfSave(t *testing.T, i installation, p *process, words map[string]string) {
	t.Helper()
	archive, err := save.Open(i.saveFile("alpha"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	header, err := archive.Header()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range header.Mods {
		p.wait(fmt.Sprintf(`Checksum of %s: %d$`, m.Name, m.CRC))
	}
	if node, ok := header.Settings.Get(words["slots"]); len(header.Mods) != 6 || !ok || header.SettingsChecksum == 0 {
		t.Errorf("header %+v, %v", header, node)
	}
	list, err := os.ReadFile(filepath.Join(i.dir, "mods", "mod-list.json"))
	if err != nil || !strings.Contains(string(list), words["store"]) {
		t.Errorf("mod list %v: %s", err, list)
	}
	data, err := os.ReadFile(filepath.Join(i.dir, "mods", "mod-settings.dat"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := modsettings.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := file.Get(modsettings.RuntimeGlobal, words["flag"]); !ok || v != true {
		t.Errorf("the setting is %v", v)
	}
	if v, _ := file.Get(modsettings.Startup, words["slots"]); v != int64(7) {
		t.Errorf("the setting is %v (%T)", v, v)
	}
}

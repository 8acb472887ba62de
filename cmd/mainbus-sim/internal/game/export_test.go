package game

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exporter is a mod that is there for one start: it tells what there is of prototypes, settings, mods and numbers.
const exporter = `
	local send = require("__@lib__/send")
	local n = 0
	local function count() n = n + 1 return n end
	script.on_init(function()
		local out = {}
		for _, kind in ipairs{"item", "fluid", "recipe", "entity", "quality", "virtual_signal"} do
			local list = {}
			for name, p in pairs(prototypes[kind]) do list[#list + 1] = name assert(p.name == name and p.valid) end
			table.sort(list)
			out[kind] = list
		end
		send("@channel:prototypes", out, count)
		local settings, authors = {}, {}
		for name, p in pairs(prototypes.mod_setting) do
			settings[name] = {type = p.type, scope = p.setting_type, default = p.default_value, low = p.minimum_value, allowed = p.allowed_values, order = p.order}
			authors[name] = p.mod
		end
		send("@channel:settings", settings, count)
		send("@channel:authors", authors, count)
		local mods = {}
		for name, version in pairs(script.active_mods) do mods[#mods + 1] = name .. " " .. version end
		table.sort(mods)
		send("@channel:mods", mods, count)
		send("@channel:defines", {inventory = defines.inventory, events = table_size(defines.events)}, count)
	end)`

// messageText is the text of a message, which is in a file if it is long.
func (p *process) messageText(t *testing.T, i installation, channel string) string {
	t.Helper()
	for _, message := range p.ipc() {
		text, ok := strings.CutPrefix(message, channel+"?")
		switch {
		case ok && text[0] == 'j':
			return text[1:]
		case ok:
			data, err := os.ReadFile(filepath.Join(i.dir, "script-output", text[1:]))
			if err != nil {
				t.Fatal(err)
			}
			return string(data)
		}
	}
	t.Fatalf("nothing on %s:\n%s", channel, p.output())
	return ""
}

func TestExportMod(t *testing.T) {
	t.Parallel()
	words := levelWords()
	i := newInstallation(t, "")
	levelLibrary(words).zip(t, i, words)
	i.create(t, "alpha", "")
	testMod{words["user"], "1.0.0", []string{words["lib"]}, map[string]string{
		"settings.lua": `data:extend{{type = "int-setting", name = "@slots", setting_type = "startup", default_value = 7, minimum_value = 1, order = "b"},
			{type = "string-setting", name = "@mine", setting_type = "runtime-per-user", default_value = "x", allowed_values = {"x", "y"}}}`,
		"data.lua":    `for n = 1, 300 do data:extend{{type = "item", name = "@item-" .. n, stack_size = n}} end`,
		"control.lua": exporter,
	}}.unpack(t, i, words)
	p := i.start(t, "alpha")
	var prototypes map[string][]string
	channel := words["channel"]
	if err := json.Unmarshal([]byte(p.messageText(t, i, channel+":prototypes")), &prototypes); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(prototypes["item"], words["item"]+"-300") || !slices.Contains(prototypes["quality"], "legendary") || !slices.Contains(prototypes["fluid"], "steam") {
		t.Errorf("got %v", prototypes)
	}
	for name, want := range map[string]string{
		"settings": `"@slots":{"type":"int-setting","scope":"startup","default":7,"low":1,"order":"b"}`,
		"authors":  `"@mine":"@user"`, "mods": `"@user 1.0.0"`, "defines": `"character_main":1`,
	} {
		if got := p.messageText(t, i, channel+":"+name); !strings.Contains(got, fill(want, words)) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestNewModsStayOffWhenTheConfigurationSaysSo(t *testing.T) {
	t.Parallel()
	words := map[string]string{"m": word(), "other": word()}
	i := newInstallation(t, "")
	testMod{name: words["m"], version: "1.0.0", files: map[string]string{"control.lua": ``}}.unpack(t, i, words)
	i.create(t, "alpha", "") // which puts the mod on the list
	testMod{name: words["other"], version: "1.0.0", files: map[string]string{"control.lua": ``}}.unpack(t, i, words)
	file := filepath.Join(i.dir, "config", "config.ini")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	writeFileT(t, file, string(text)+"\n[other]\nenable-new-mods=false\n")
	p := i.start(t, "alpha")
	p.allowLua()
	p.steps(words, [][2]string{
		{`/sc rcon.print(tostring(script.active_mods["@m"]) .. tostring(script.active_mods["@other"]) .. script.active_mods.base)`, "1.0.0nil2.0.77"},
		{`/quit`, ""},
	})
	p.exit()
	list, err := readModList(filepath.Join(i.dir, "mods"))
	if err != nil {
		t.Fatal(err)
	}
	if m := list.Get(words["other"]); m == nil || m.Enabled {
		t.Errorf("the list says %+v", m)
	}
}

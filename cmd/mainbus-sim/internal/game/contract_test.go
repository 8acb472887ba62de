package game

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/save"
)

// The tests of this file run mods and save modules in the form of those that another cluster manager has: what they
// ask of a level, of each other, of standard output and of RCON. Names, channels and prototypes are new in each run.

// levelWords are the names that a level and its mods share.
func levelWords() map[string]string {
	words := modWords()
	for _, key := range []string{"private", "patch", "number", "feature", "user", "updated", "startup"} {
		words[key] = key[:1] + word()
	}
	return words
}

// sender is a module that writes messages to standard output: short ones in the line, long ones in a numbered file. Both
// the level and the library of the mods have it; @next is how they get a number.
const sender = `
	local compat = require("@root/compat")
	local function escape(c) return string.format("\\x%02x", c:byte()) end
	return function(channel, data, next_number)
		channel = channel:gsub("[%z\1-\31\\?]", escape)
		local text = compat.to_json(data)
		if #text < 4000 then
			print("\f$ipc:" .. channel .. "?j" .. text)
		else
			local name = "part_" .. next_number() .. ".json"
			compat.write_file(name, text, false, 0)
			print("\f$ipc:" .. channel .. "?f" .. name)
		end
	end`

// compat is a module that hides differences between versions of the game.
const compat = `
	local compat = {}
	local function number(text)
		local a, b, c = text:match("^(%d+)%.(%d+)%.(%d+)$")
		return tonumber(a) * 1e10 + tonumber(b) * 1e5 + tonumber(c)
	end
	local base = number(script and script.active_mods.base or mods.base)
	function compat.ge(v) return base >= number(v) end
	function compat.le(v) return base <= number(v) end
	function compat.eq(v) return base == number(v) end
	assert(compat.ge("2.0.0") and compat.le("2.9.0") and not compat.eq("1.1.110"))
	compat.active_mods = script.active_mods
	compat.prototypes = prototypes
	compat.write_file = helpers.write_file
	compat.to_json, compat.from_json = helpers.table_to_json, helpers.json_to_table
	compat.encode, compat.decode = helpers.encode_string, helpers.decode_string
	local function refresh() compat.data = compat.ge("2.0.0") and storage or global end
	compat.on_init, compat.on_load = refresh, refresh
	return compat`

// levelFiles are a patched save's: the original script as a library beside those of modules. The interface is added while
// the script is read, since a mod that is added asks for it before the level's on_load.
func levelFiles(words map[string]string, patch string) map[string][]byte {
	files := map[string]string{
		"control.lua": `@patch = ` + patch + `
			local handler = require("event_handler")
			handler.add_lib(require("scenario"))
			handler.add_lib(require("modules/@level/impl"))
			handler.add_lib(require("modules/@level/compat"))
			handler.add_lib(require("modules/@feature/feature"))`,
		"scenario.lua":                 `return {events = {[defines.events.on_player_created] = function() storage.created = true end}}`,
		"modules/@level/compat.lua":    compat,
		"modules/@level/send.lua":      strings.ReplaceAll(sender, "@root", "modules/@level"),
		"modules/@level/api.lua":       levelAPI,
		"modules/@level/impl.lua":      levelImpl,
		"modules/@feature.lua":         `return require("modules/@feature/exports")`,
		"modules/@feature/exports.lua": `return {double = function(n) return n * 2 end}`,
		"modules/@feature/feature.lua": levelFeature,
	}
	out := map[string][]byte{}
	for name, text := range files {
		out[fill(name, words)] = []byte(fill(text, words))
	}
	return out
}

const levelAPI = `
	local send = require("modules/@level/send")
	local api = {events = {["@updated"] = script.generate_event_name(), ["@startup"] = script.generate_event_name()}}
	function api.id() return storage["@level"] and storage["@level"].id end
	function api.name() return storage["@level"] and storage["@level"].name end
	function api.next_number()
		storage["@number"] = (storage["@number"] or 0) + 1
		return storage["@number"]
	end
	function api.send(channel, data) send(channel, data, api.next_number) end
	return api`

const levelImpl = `
	local api = require("modules/@level/api")
	remote.add_interface("@level", {
		events = function() return api.events end, id = api.id, name = api.name, next_number = api.next_number,
	})
	local function check_patch()
		if storage["@patch"] == @patch then return end
		storage["@patch"] = @patch
		storage["@level"] = storage["@level"] or {}
		script.raise_event(api.events["@startup"], {})
	end
	@private = {}
	function @private.update(id, name)
		check_patch()
		storage["@level"].id, storage["@level"].name = id, name
		script.raise_event(api.events["@updated"], {instance_id = id, instance_name = name})
	end
	local function reason_name(number)
		for name, value in pairs(defines.disconnect_reason) do
			if value == number then return name end
		end
		return "quit"
	end
	local function name_of(e) return e.player_name or game.get_player(e.player_index).name end
	local function on(kind, more)
		return function(e)
			local data = {type = kind, name = name_of(e)}
			if more then more(e, data) end
			api.send("@channel:player", data)
		end
	end
	local events = defines.events
	return {
		events = {
			[events.on_tick] = check_patch,
			[events.on_player_joined_game] = on("join"),
			[events.on_player_left_game] = on("leave", function(e, data) data.reason = reason_name(e.reason) end),
			[events.on_player_banned] = on("BAN", function(e, data) data.reason = e.reason or "" end),
			[events.on_player_unbanned] = on("UNBANNED"),
			[events.on_player_promoted] = on("PROMOTE"),
			[events.on_player_demoted] = on("DEMOTE"),
		},
	}`

const levelFeature = `
	local api = require("modules/@level/api")
	local double = require("modules/@feature").double
	local lib = {events = {}, on_nth_tick = {}}
	lib.events[api.events["@startup"]] = function(e)
		storage["@feature"] = storage["@feature"] or {starts = 0}
		storage["@feature"].starts = storage["@feature"].starts + 1
		api.send("@channel:startup", {storage["@feature"].starts, e.tick >= 0, e.name == api.events["@startup"]})
	end
	lib.events[api.events["@updated"]] = function(e) api.send("@channel:updated", {e.instance_id, e.instance_name}) end
	lib.on_nth_tick[30] = function() storage.thirties = double(0.5) end
	function lib.add_remote_interface()
		remote.add_interface("@feature", {thirties = function() return storage.thirties end})
	end
	function lib.add_commands()
		commands.add_command("@feature", "opens things", function(e)
			local what, name, rest = e.parameter:match("^(%S+) (%S+) ?(.*)$")
			api.send("@channel:command", {what, name, rest, tostring(e.player_index)})
		end)
	end
	return lib`

// levelLibrary is a mod that lets others reach the level, and does nothing where it is not there.
func levelLibrary(words map[string]string) testMod {
	return testMod{words["lib"], "2.0.20", nil, map[string]string{
		"compat.lua": compat,
		"send.lua":   strings.ReplaceAll(sender, "@root", "__@lib__"),
		"api.lua": `
			local send = require("__@lib__/send")
			local api = {}
			local function level(name) local i = remote.interfaces["@level"] return i and i[name] end
			function api.init()
				if api.events then return end
				if remote.interfaces["@level"] then
					api.events = remote.call("@level", "events")
				else
					local never = script.generate_event_name()
					api.events = {["@updated"] = never, ["@startup"] = never}
				end
			end
			function api.id() return level("id") and remote.call("@level", "id") end
			function api.name() return level("name") and remote.call("@level", "name") end
			function api.send(channel, data)
				if not remote.interfaces["@level"] then return end
				send(channel, data, function() return remote.call("@level", "next_number") end)
			end
			return api`,
	}}
}

// levelUser is a mod that uses the library.
func levelUser(words map[string]string) testMod {
	return testMod{words["user"], "0.3.0", []string{words["lib"] + " >= 2.0"}, map[string]string{"control.lua": `
		local api = require("__@lib__/api")
		assert(api.events == nil)
		local function updated(e)
			storage.updates = (storage.updates or 0) + 1
			api.send("@channel:user", {updates = storage.updates, id = e.instance_id, asked = api.id(), name = api.name(), none = {}})
		end
		local function begin() api.init() script.on_event(api.events["@updated"], updated) end
		script.on_init(begin)
		script.on_load(begin)
		function Long(n) api.send("@channel?long\\", {text = string.rep("x", n)}) end`}}
}

func (i installation) patch(t *testing.T, files map[string][]byte) {
	t.Helper()
	if err := save.Rewrite(i.saveFile("alpha"), i.saveFile("alpha"), files); err != nil {
		t.Fatal(err)
	}
}

// allowLua repeats the first Lua command of a save, which is swallowed, as managers do.
func (p *process) allowLua() {
	p.t.Helper()
	for range 2 {
		if p.say("/sc rcon.print('disabled')") == "disabled" {
			return
		}
	}
	p.t.Fatal("Lua commands are refused")
}

// ipc are the messages on standard output so far, without the prefix.
func (p *process) ipc() []string {
	var out []string
	for _, line := range strings.Split(p.output(), "\n") {
		if text, ok := strings.CutPrefix(line, "\f$ipc:"); ok {
			out = append(out, text)
		}
	}
	return out
}

func TestLevelInterfaceAndItsLibrary(t *testing.T) {
	t.Parallel()
	words := levelWords()
	i := newInstallation(t, "")
	levelLibrary(words).zip(t, i, words)
	i.create(t, "alpha", "") // the user is added to a save that doesn't know it
	levelUser(words).unpack(t, i, words)
	i.patch(t, levelFiles(words, "17"))
	p := i.start(t, "alpha")
	p.allowLua()
	p.steps(words, [][2]string{
		{`/sc __@user__ rcon.print(remote.interfaces["@level"] and 1 or 0)`, "1"},
		{`/sc rcon.print(script.active_mods["@user"] or "")`, "0.3.0"},
		{`/sc rcon.print(tostring(remote.call("@level", "id")))`, "nil"},
		{`/sc @private.update(501, "Na\"uvis é")`, ""},
		{`/sc rcon.print(storage["@level"].id .. storage["@patch"] .. tostring(storage["@number"]))`, "50117nil"},
		{`/sc __@user__ Long(5000)`, ""},
		{`/sc __@user__ Long(3980)`, ""},
		{`/sc __@user__ Long(3990)`, ""},
		{`/sc rcon.print(storage["@number"])`, "2"},
		{`/@feature open Ann https://example.org 1234`, ""},
		{`/quit`, ""},
	})
	p.exit()
	want := []string{
		`@channel:startup?j[1,true,true]`,
		`@channel:user?j{"updates":1,"id":501,"asked":501,"name":"Na\"uvis é","none":{}}`, // mods hear before the level
		`@channel:updated?j[501,"Na\"uvis é"]`,
		`@channel\x3flong\x5c?fpart_1.json`,
		`@channel\x3flong\x5c?j{"text":"` + strings.Repeat("x", 3980) + `"}`,
		`@channel\x3flong\x5c?fpart_2.json`,
		`@channel:command?j["open","Ann","https://example.org 1234","nil"]`,
	}
	for n := range want {
		want[n] = fill(want[n], words)
	}
	sameMessages(t, p.ipc(), want)
	data, err := os.ReadFile(filepath.Join(i.dir, "script-output", "part_1.json"))
	if err != nil || string(data) != `{"text":"`+strings.Repeat("x", 5000)+`"}` {
		t.Errorf("the long message is %d bytes, %v", len(data), err)
	}

	// The next start has another patch number: it is told once, and what was stored is still there.
	i.patch(t, levelFiles(words, "18"))
	p = i.start(t, "alpha")
	p.steps(words, [][2]string{
		{`/sc rcon.print(remote.call("@level", "id") .. remote.call("@level", "next_number"))`, "5013"},
		{`/sc @private.update(501, "B")`, ""},
	})
	waitFor(t, "thirty ticks", func() bool { return p.say(fill(`/sc rcon.print(remote.call("@feature", "thirties"))`, words)) == "1" })
	want = []string{
		`@channel:startup?j[2,true,true]`,
		`@channel:user?j{"updates":2,"id":501,"asked":501,"name":"B","none":{}}`, `@channel:updated?j[501,"B"]`,
	}
	for n := range want {
		want[n] = fill(want[n], words)
	}
	sameMessages(t, p.ipc(), want)
}

func sameMessages(t *testing.T, got, want []string) {
	t.Helper()
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("messages\n%s\nwant\n%s", a, b)
	}
}

func TestPlayersOnTheLevelsChannel(t *testing.T) {
	t.Parallel()
	words := levelWords()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	i.patch(t, levelFiles(words, "1"))
	p := i.start(t, "alpha")
	p.join("Ann")
	p.say("/promote Ann")
	p.say("/demote Ann")
	p.live(`{"leave": {"player": "Ann"}}`)
	p.dated("[LEAVE] Ann left the game")
	p.join("Ann")
	p.live(`{"leave": {"player": "Ann", "reason": "dropped"}}`)
	p.dated("[LEAVE] Ann was dropped from the game.")
	p.say("/ban Bob griefing")
	p.say("/unban Bob")
	p.say("/version")
	var got []string
	for _, message := range p.ipc() {
		if text, ok := strings.CutPrefix(message, words["channel"]+":player?j"); ok {
			got = append(got, text)
		}
	}
	sameMessages(t, got, []string{
		`{"type":"join","name":"Ann"}`, `{"type":"PROMOTE","name":"Ann"}`, `{"type":"DEMOTE","name":"Ann"}`,
		`{"type":"leave","name":"Ann","reason":"quit"}`, `{"type":"join","name":"Ann"}`,
		`{"type":"leave","name":"Ann","reason":"dropped"}`,
		`{"type":"BAN","name":"Bob","reason":"griefing"}`, `{"type":"UNBANNED","name":"Bob"}`,
	})
}

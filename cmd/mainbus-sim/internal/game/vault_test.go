package game

import (
	"strings"
	"testing"
)

// vault is a mod that takes what is put into its chests, tanks and accumulators, sends it away, asks for what others of
// them lack, hands out what it gets by console commands, and shows on combinators what there is elsewhere.
func vault(words map[string]string) testMod {
	return testMod{words["store"], "2.2.20", []string{words["lib"] + " >= 2.0.11", "? quality"}, map[string]string{
		"settings.lua": `data:extend{
			{type = "bool-setting", name = "@flag", setting_type = "runtime-global", default_value = true, order = "a"},
			{type = "int-setting", name = "@slots", setting_type = "runtime-global", default_value = 400, minimum_value = 0},
			{type = "double-setting", name = "@mine", setting_type = "runtime-global", default_value = 1e8, minimum_value = -1}}`,
		"data.lua":    vaultData,
		"control.lua": vaultControl,
		"cycle.lua":   vaultCycle,
	}}
}

const vaultData = `
	local function copy(kind, from, name, changes)
		local made = table.deepcopy(data.raw[kind][from])
		made.name, made.minable.result, made.fast_replaceable_group = name, name, "@store"
		made.collision_box = {{-3.9, -3.9}, {3.9, 3.9}}
		for key, value in pairs(changes) do made[key] = value end
		local recipe = {
			type = "recipe", name = name, enabled = true, ingredients = {{type = "item", name = "steel-plate", amount = 10}},
			results = {{type = "item", name = name, amount = 1}},
		}
		local item = {type = "item", name = name, stack_size = 10, place_result = name, subgroup = "@store", icon = "__base__/x.png", icon_size = 64}
		data:extend{made, recipe, item}
	end
	data:extend{
		{type = "item-group", name = "@store", order = "z", icon = "__base__/x.png", icon_size = 64},
		{type = "item-subgroup", name = "@store", group = "@store", order = "a"},
		{type = "recipe-category", name = "@store"},
		{type = "virtual-signal", name = "signal-@time", icon = "__base__/x.png", subgroup = "@store", order = "a"},
		{type = "virtual-signal", name = "signal-@id", icon = "__base__/x.png", subgroup = "@store", order = "b"},
		{type = "virtual-signal", name = "@power", icon = "__base__/x.png", subgroup = "@store", order = "c"},
	}
	copy("container", "steel-chest", "@chest-in", {inventory_size = 60})
	copy("logistic-container", "buffer-chest", "@chest-out", {inventory_size = 60, logistic_mode = "buffer"})
	copy("storage-tank", "storage-tank", "@tank-in", {})
	copy("accumulator", "accumulator", "@power-in", {energy_source = {type = "electric", buffer_capacity = "10GJ", usage_priority = "tertiary", input_flow_limit = "1GW", output_flow_limit = "0W"}})
	copy("accumulator", "accumulator", "@power-out", {energy_source = {type = "electric", buffer_capacity = "10GJ", usage_priority = "tertiary", input_flow_limit = "0W", output_flow_limit = "1GW"}})
	copy("constant-combinator", "constant-combinator", "@board", {item_slot_count = 2000})
	copy("assembling-machine", "assembling-machine-1", "@tank-out", {
		crafting_categories = {"@store"}, fluid_boxes = {{production_type = "output", volume = 25000, pipe_connections = {}}, off_when_no_fluid_recipe = false},
	})
	for name, fluid in pairs(data.raw.fluid) do
		data:extend{{
			type = "recipe", name = "get-" .. name, category = "@store", enabled = true, icon = fluid.icon, subgroup = "@store",
			ingredients = {}, results = {{type = "fluid", name = name, amount = 0}},
		}}
	end`

const vaultControl = `
	local lib = require("__@lib__/api")
	local util = require("util")
	local cycle = require("cycle")

	local kinds = {
		["@chest-in"] = "chests_in", ["@chest-out"] = "chests_out", ["@tank-in"] = "tanks_in", ["@tank-out"] = "tanks_out",
		["@power-in"] = "powers_in", ["@power-out"] = "powers_out", ["@board"] = "boards",
	}

	local function outside(entity)
		local width = settings.global["@slots"].value
		local spawn = entity.force.get_spawn_position(entity.surface)
		return settings.global["@flag"].value and width > 0 and math.abs(entity.position.x - spawn.x) > width / 2
	end

	local function built(e)
		local entity = e.entity
		if not (entity and entity.valid and kinds[entity.name]) then return end
		if entity.name ~= "@board" and outside(entity) then
			if e.player_index then
				local player = game.get_player(e.player_index)
				player.print({"", "too far away: ", entity.name})
				player.mine_entity(entity, true)
			else
				entity.destroy()
			end
			return
		end
		table.insert(storage[kinds[entity.name]], entity)
		if entity.name == "@board" then entity.operable = false cycle.show(entity) end
	end

	local function drop_invalid()
		for _, kind in pairs(kinds) do
			for i = #storage[kind], 1, -1 do
				if not storage[kind][i].valid then table.remove(storage[kind], i) end
			end
		end
	end

	function Reset()
		for _, kind in pairs(kinds) do storage[kind] = {} end
		storage.inputs, storage.orders, storage.arrived, storage.usable = {}, {}, {}, {}
		storage.stock = storage.stock or {}
		storage.work = 0
		for _, surface in pairs(game.surfaces) do
			for _, entity in pairs(surface.find_entities_filtered{name = util.keys and util.keys(kinds) or {
				"@chest-in", "@chest-out", "@tank-in", "@tank-out", "@power-in", "@power-out", "@board"}}) do
				built{entity = entity}
			end
		end
	end

	local function alias() global = storage end
	local function listen()
		lib.init()
		script.on_event(lib.events["@updated"], function()
			for _, board in pairs(storage.boards) do if board.valid then cycle.show(board) end end
		end)
	end
	script.on_init(function() alias() listen() storage.pinged = 1e9 Reset() end)
	script.on_load(function() alias() listen() end)
	script.on_configuration_changed(function(e) if e.mod_changes["@store"] then Reset() end end)
	script.on_event({defines.events.on_built_entity, defines.events.on_robot_built_entity, defines.events.script_raised_built}, built)
	script.on_event({defines.events.on_player_mined_entity, defines.events.on_robot_mined_entity, defines.events.on_entity_died}, drop_invalid)
	script.on_event(defines.events.on_player_cursor_stack_changed, function() end)
	script.on_event(defines.events.on_runtime_mod_setting_changed, function(e) storage.changed = e.setting end)

	script.on_event(defines.events.on_tick, function()
		storage.pinged = storage.pinged + 1
		if storage.pinged >= 300 then storage.work = 0 return end
		cycle.step(storage.work)
		storage.work = (storage.work + 1) % 62
	end)

	function Import(text)
		local list = helpers.json_to_table(text)
		for _, row in ipairs(list) do
			log("got " .. row[1] .. " " .. row[2])
			cycle.add(storage.arrived, row[1], row[3] or "normal", row[2])
		end
	end
	function UpdateInvData(text, full)
		if full then storage.stock = {} end
		for _, row in ipairs(helpers.json_to_table(text)) do
			storage.stock[row[1] .. ":" .. (row[3] or "normal")] = {row[1], math.min(row[2], 2147483647), row[3] or "normal"}
		end
		for _, board in pairs(storage.boards) do if board.valid then cycle.show(board) end end
	end
	remote.add_interface("@store", {
		print_all = function() game.print(serpent.block(storage.usable)) rcon.print(table_size(storage.stock)) end, reset = Reset,
	})`

const vaultCycle = `
	local lib = require("__@lib__/api")
	local cycle = {}

	function cycle.add(list, name, quality, count)
		if count <= 0 then return end
		list[name] = list[name] or {}
		list[name][quality] = (list[name][quality] or 0) + count
	end

	local function flatten(list)
		local rows = {}
		for name, qualities in pairs(list) do
			for quality, count in pairs(qualities) do rows[#rows + 1] = {name, count, quality} end
		end
		return rows
	end

	local function take(name, quality, wanted)
		local have = storage.usable[name] and storage.usable[name][quality] or 0
		local n = math.min(have, wanted)
		if n > 0 then storage.usable[name][quality] = have - n end
		if wanted > n then cycle.add(storage.orders, name, quality, wanted - n) end
		return n
	end

	local function empty()
		for _, chest in pairs(storage.chests_in) do
			local inventory = chest.valid and chest.get_inventory(defines.inventory.chest)
			if inventory and not inventory.is_empty() then
				for _, item in ipairs(inventory.get_contents()) do cycle.add(storage.inputs, item.name, item.quality, item.count) end
				inventory.clear()
			end
		end
		for _, tank in pairs(storage.tanks_in) do
			local fluid = tank.valid and tank.fluidbox[1]
			if fluid and fluid.amount > 1 then
				local whole = math.ceil(fluid.amount) - 1
				cycle.add(storage.inputs, fluid.name, "normal", whole)
				fluid.amount = fluid.amount - whole
				tank.fluidbox[1] = fluid
			end
		end
		for _, battery in pairs(storage.powers_in) do
			local units = battery.valid and math.floor(battery.energy / 1e6) or 0
			if units > 0 then
				cycle.add(storage.inputs, "@power", "normal", units)
				battery.energy = battery.energy - units * 1e6
			end
		end
	end

	local function fill_chest(chest)
		local point = chest.get_logistic_point()[1]
		if not (point and point.enabled and point.filters) then return end
		local inventory = chest.get_inventory(defines.inventory.chest)
		for _, filter in pairs(point.filters) do
			local item = {name = filter.name, quality = filter.quality}
			local missing = math.min(filter.count - inventory.get_item_count(item), inventory.get_insertable_count(item))
			if missing > 0 then
				local n = take(filter.name, filter.quality, missing)
				if n > 0 then inventory.insert{name = filter.name, quality = filter.quality, count = n} end
			end
		end
	end

	local function fill_tank(tank)
		local recipe = tank.get_recipe()
		if not recipe then return end
		local name = recipe.products[1].name
		local fluid = tank.fluidbox[1] or {name = name, amount = 0}
		if fluid.name ~= name then return end
		fluid.temperature = name == "steam" and 165 or prototypes.fluid[name].default_temperature
		local n = take(name, "normal", math.ceil(25000 - fluid.amount))
		if n > 0 then
			fluid.amount = math.min(25000, fluid.amount + n)
			tank.fluidbox[1] = fluid
		end
	end

	local function hand_out()
		for name, qualities in pairs(storage.arrived) do
			for quality, count in pairs(qualities) do cycle.add(storage.usable, name, quality, count) end
		end
		storage.arrived = {}
		for _, chest in pairs(storage.chests_out) do if chest.valid then fill_chest(chest) end end
		for _, tank in pairs(storage.tanks_out) do if tank.valid then fill_tank(tank) end end
		for _, battery in pairs(storage.powers_out) do
			if battery.valid then
				battery.energy = battery.energy + 1e6 * take("@power", "normal", math.floor((battery.electric_buffer_size - battery.energy) / 1e6))
			end
		end
	end

	local function send(channel, list)
		local rows = flatten(storage[list])
		if #rows > 0 then lib.send("@channel:" .. channel, rows) end
		storage[list] = {}
	end

	function cycle.step(work)
		if work == 39 then empty()
		elseif work == 40 then hand_out()
		elseif work == 60 then send("output", "inputs")
		elseif work == 61 then send("orders", "orders") end
	end

	function cycle.show(board)
		local behavior = board.get_or_create_control_behavior()
		local section = behavior.get_section(1) or behavior.add_section()
		local filters = {}
		local function show(kind, name, quality, count)
			filters[#filters + 1] = {value = {type = kind, name = name, quality = quality, comparator = "="}, min = count}
		end
		if lib.id() then show("virtual", "signal-@id", "normal", lib.id()) end
		for _, row in pairs(storage.stock) do
			local name = row[1]
			local kind = prototypes.item[name] and "item" or prototypes.fluid[name] and "fluid" or prototypes.virtual_signal[name] and "virtual"
			if kind then show(kind, name, row[3], row[2]) end
		end
		section.filters = filters
	end
	return cycle`

// message waits for a message on a channel, after the first so many.
func (p *process) message(channel string, skip int) string {
	p.t.Helper()
	var found string
	waitFor(p.t, "a message on "+channel, func() bool {
		n := 0
		for _, message := range p.ipc() {
			if text, ok := strings.CutPrefix(message, channel+"?j"); ok {
				if n++; n > skip {
					found = text
					return true
				}
			}
		}
		return false
	})
	return found
}

func TestVaultModOnALevel(t *testing.T) {
	t.Parallel()
	words := levelWords()
	words["power"] = "p" + word()
	words["time"], words["id"] = word(), word()
	i := newInstallation(t, "")
	levelLibrary(words).zip(t, i, words)
	vault(words).zip(t, i, words)
	i.create(t, "alpha", "")
	i.patch(t, levelFiles(words, "1"))
	p := i.start(t, "alpha")
	p.allowLua()
	p.say(fill(`/sc @private.update(501, "A")`, words))
	p.say(fill(`/sc function at(name, x) return game.surfaces[1].find_entity(name, {x, 4}) end
		for x, name in pairs{[4] = "@chest-in", [14] = "@chest-out", [24] = "@tank-in", [34] = "@tank-out", [44] = "@power-in", [54] = "@power-out", [64] = "@board"} do
			game.surfaces[1].create_entity{name = name, position = {x, 4}, force = "player", raise_built = true}
		end
		at("@chest-in", 4).insert{name = "iron-plate", count = 4800}
		at("@chest-in", 4).insert{name = "steel-plate", count = 12, quality = "rare"}
		at("@tank-in", 24).insert_fluid{name = "water", amount = 24999.5}
		at("@power-in", 44).energy = 87.5e6
		at("@tank-out", 34).set_recipe("get-steam")
		local section = at("@chest-out", 14).get_logistic_point()[1].get_section(1)
		section.set_slot(1, {value = {type = "item", name = "copper-plate", quality = "normal", comparator = "="}, min = 512})
		section.set_slot(3, {value = {type = "item", name = "coal", quality = "epic", comparator = "="}, min = 5, max = 9})`, words))

	// Nothing moves until the mod is told that somebody listens.
	p.steps(words, [][2]string{
		{`/sc __@store__ rcon.print(#storage.chests_in .. #storage.tanks_out .. #storage.boards .. storage.work)`, "1110"},
		{`/sc rcon.print(at("@chest-in", 4).get_item_count("iron-plate"))`, "4800"},
		{`/sc __@store__ global.pinged = 0`, ""},
	})
	sameRows(t, p.message(words["channel"]+":output", 0), fill(`["iron-plate",4800,"normal"],["steel-plate",12,"rare"],["water",24999,"normal"],["@power",87,"normal"]`, words))
	sameRows(t, p.message(words["channel"]+":orders", 0), fill(`["copper-plate",512,"normal"],["coal",5,"epic"],["steam",25000,"normal"],["@power",10000,"normal"]`, words))
	p.steps(words, [][2]string{
		{`/sc rcon.print(at("@chest-in", 4).get_inventory(1).is_empty())`, "true"},
		{`/sc rcon.print(at("@tank-in", 24).get_fluid_count("water") .. " " .. at("@power-in", 44).energy)`, "0.5 500000"},
		{`/sc __@store__ global.pinged = 0`, ""},
		{`/sc __@store__ Import("[[\"copper-plate\",500,\"normal\"],[\"steam\",1000,\"normal\"],[\"coal\",5,\"epic\"],[\"@power\",3,\"normal\"]]")`, ""},
	})
	waitFor(t, "the import", func() bool {
		p.say(fill(`/sc __@store__ global.pinged = 0`, words))
		return p.say(fill(`/sc rcon.print(at("@chest-out", 14).get_item_count("copper-plate"))`, words)) == "500"
	})
	p.wait(fill(`Script @__@store__/control\.lua:\d+: got copper-plate 500$`, words))
	p.steps(words, [][2]string{
		{`/sc rcon.print(at("@chest-out", 14).get_item_count{name = "coal", quality = "epic"})`, "5"},
		{`/sc local f = at("@tank-out", 34).fluidbox[1] rcon.print(f.name .. " " .. f.amount .. " " .. f.temperature)`, "steam 1000 165"},
		{`/sc rcon.print(at("@power-out", 54).energy)`, "3000000"},
	})
	checkVaultBoards(p, words)
	checkVaultBuildings(p, words)
	p.say("/quit")
	if code := p.exit(); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, p.output())
	}

	p = i.start(t, "alpha") // not patched anew: the level's script is in the save
	p.steps(words, [][2]string{
		{`/sc __@store__ rcon.print(#storage.chests_out .. tostring(global == storage) .. tostring(storage.chests_out[1].valid))`, "1truetrue"},
		{`/sc remote.call("@store", "reset")`, ""},
		{`/sc __@store__ rcon.print(#storage.chests_out .. table_size(storage.usable))`, "10"},
	})
}

// sameRows compares a message of rows whatever their order.
func sameRows(t *testing.T, got, want string) {
	t.Helper()
	rows := strings.Split(strings.TrimSuffix(strings.TrimPrefix(want, "["), "]"), "],[")
	for _, row := range rows {
		if !strings.Contains(got, row) {
			t.Errorf("no %s in %s", row, got)
		}
	}
	if n := strings.Count(got, "],["); n != len(rows)-1 {
		t.Errorf("%d rows, want %d: %s", n+1, len(rows), got)
	}
}

func checkVaultBoards(p *process, words map[string]string) {
	p.t.Helper()
	p.steps(words, [][2]string{
		{`/sc __@store__ UpdateInvData("[[\"iron-plate\",1200,\"normal\"],[\"iron-plate\",3,\"rare\"],[\"water\",3000000000,\"normal\"],[\"nonsense\",1,\"normal\"],[\"signal-@time\",1760000000,\"normal\"]]", true)`, ""},
		{`/sc board = {} for _, f in pairs(at("@board", 64).get_control_behavior().get_section(1).filters) do board[#board + 1] = f.value.type .. " " .. f.value.name .. " " .. f.value.quality .. " " .. f.min end rcon.print(table.concat(board, ","))`,
			"virtual signal-@id normal 501,item iron-plate normal 1200,item iron-plate rare 3,fluid water normal 2147483647,virtual signal-@time normal 1760000000"},
		{`/sc __@store__ UpdateInvData("[[\"iron-plate\",0,\"normal\"]]")`, ""},
		{`/sc rcon.print(at("@board", 64).get_control_behavior().get_section(1).get_slot(2).min)`, "0"},
		{`/sc rcon.print(remote.call("@store", "print_all"))`, "5\nnil"},
	})
}

func checkVaultBuildings(p *process, words map[string]string) {
	p.t.Helper()
	p.join("Ann")
	p.steps(words, [][2]string{
		{`/sc rcon.print(game.get_player("Ann").insert{name = "@chest-in", count = 2})`, "2"},
		{`/sc settings.global["@slots"] = {value = 100}`, ""},
		{`/sc __@store__ rcon.print(storage.changed)`, "@slots"},
	})
	p.live(`{"build": {"player": "Ann", "item": %q, "position": [4, 44]}}`, words["chest"]+"-in")
	p.live(`{"build": {"player": "Ann", "item": %q, "position": [104, 44]}}`, words["chest"]+"-in")
	p.steps(words, [][2]string{
		{`/sc __@store__ rcon.print(#storage.chests_in)`, "2"},
		{`/sc rcon.print(game.get_player("Ann").get_item_count("@chest-in"))`, "1"},
	})
	p.live(`{"mine": {"player": "Ann", "surface": "nauvis", "position": [4, 44]}}`)
	p.steps(words, [][2]string{
		{`/sc rcon.print(game.get_player("Ann").get_item_count("@chest-in"))`, "2"},
		{`/sc __@store__ for i = #storage.chests_in, 1, -1 do if not storage.chests_in[i].valid then table.remove(storage.chests_in, i) end end rcon.print(#storage.chests_in)`, "1"},
	})
}

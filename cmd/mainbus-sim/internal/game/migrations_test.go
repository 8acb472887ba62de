package game

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// renamingMod is a mod whose second version calls what it has by other names, in two steps.
func renamingMod(words map[string]string, version string) testMod {
	data := `local chest = table.deepcopy(data.raw.container["steel-chest"])
		chest.name = "@chest%" chest.minable = {mining_time = 1, result = "@item%"}
		data:extend{chest, {type = "item", name = "@item%", stack_size = 50}, {type = "fluid", name = "@fluid%", default_temperature = 20}}`
	m := testMod{words["m"], version, nil, map[string]string{"data.lua": strings.ReplaceAll(data, "%", "-old")}}
	m.files["control.lua"] = `
		local function names(e, kind)
			local out = {}
			for old, now in pairs(e.migrations[kind] or {}) do out[#out + 1] = old .. ">" .. now end
			table.sort(out)
			return table.concat(out, " ")
		end
		script.on_configuration_changed(function(e)
			print("changed " .. tostring(e.migration_applied) .. " " .. (storage.ran or "") .. " item " .. names(e, "item")
				.. " fluid " .. names(e, "fluid") .. " entity " .. names(e, "entity") .. " tile " .. names(e, "tile"))
		end)`
	if version == "1.0.0" {
		m.files["data.lua"] += ` data:extend{{type = "item", name = "@gone", stack_size = 1}}`
		return m
	}
	m.files["data.lua"] = strings.ReplaceAll(data, "%", "-new")
	m.files["migrations/1.1.json"] = `{"item": [["@item-old", "@item-mid"]], "fluid": [["@fluid-old", "@fluid-new"]], "tile": [["@tile", "@stone"]]}`
	m.files["migrations/1.2.json"] = `{"item": [["@item-mid", "@item-new"], ["@never", "@item-new"]], "entity": [["@chest-old", "@chest-new"]]}`
	m.files["migrations/1.0.lua"] = `storage.ran = (storage.ran or "") .. "L" .. #game.surfaces[1].find_entities_filtered{name = "@chest-new"}`
	return m
}

// TestMigrationsRenameWhatIsThere: what lies in chests, tanks and hands keeps its number under its new name, once.
func TestMigrationsRenameWhatIsThere(t *testing.T) {
	t.Parallel()
	words := map[string]string{"m": word(), "item": "b" + word(), "fluid": word(), "chest": word(), "gone": "a" + word(), "never": word(), "tile": word(), "stone": word()}
	i := newInstallation(t, "")
	old := renamingMod(words, "1.0.0")
	old.zip(t, i, words)
	i.create(t, "alpha", "")
	p := i.start(t, "alpha")
	p.allowLua()
	p.steps(words, [][2]string{
		{`/sc __@m__ storage.chest = game.surfaces[1].create_entity{name = "@chest-old", position = {3, 3}, force = "player"} rcon.print(storage.chest.insert{name = "@item-old", count = 70})`, "70"},
		{`/sc __@m__ rcon.print(storage.chest.insert{name = "@gone", count = 2})`, "2"},
		{`/sc __@m__ storage.bag = game.create_inventory(2) rcon.print(storage.bag.insert{name = "@item-old", count = 8})`, "8"},
		{`/sc storage.tank = game.surfaces[1].create_entity{name = "storage-tank", position = {20, 20}, force = "player"} rcon.print(storage.tank.insert_fluid{name = "@fluid-old", amount = 12.5})`, "12.5"},
		{`/sc local r = game.surfaces[1].create_entity{name = "requester-chest", position = {9, 9}, force = "player"} r.get_requester_point().get_section(1).set_slot(1, {value = "@item-old", min = 4}) storage.r = r`, ""},
		{`/quit`, ""},
	})
	p.exit()
	if err := os.Remove(i.modFile(t, old)); err != nil {
		t.Fatal(err)
	}
	renamingMod(words, "1.1.0").unpack(t, i, words)

	after := [][2]string{
		{`/sc __@m__ rcon.print(storage.chest.name .. " " .. storage.chest.get_item_count("@item-new") .. " " .. storage.chest.get_item_count() .. " " .. storage.bag.get_item_count("@item-new") .. storage.ran)`, "@chest-new 70 70 8L1"},
		{`/sc rcon.print(storage.tank.get_fluid_count("@fluid-new") .. storage.r.get_requester_point().get_section(1).get_slot(1).value.name)`, "12.5@item-new"},
		{`/quit`, ""},
	}
	p = i.start(t, "alpha")
	p.wait(`^` + fill("changed true L1 item @gone> @item-old>@item-new fluid @fluid-old>@fluid-new entity @chest-old>@chest-new tile @tile>@stone", words) + `$`)
	p.wait(fill(`Applying migration: @m: 1\.0\.lua$`, words))
	if sum := p.say("/sim-sum"); !strings.Contains(sum, fill(`{"name":"@item-new","quality":"normal","contents":78,"made":0,"consumed":0,"inserted":78,"removed":0}`, words)) ||
		!strings.Contains(sum, fill(`{"name":"@fluid-new","contents":12.5,"made":0,"consumed":0,"inserted":12.5,"removed":0}`, words)) || strings.Contains(sum, "-old") {
		t.Error(sum)
	}
	p.steps(words, after)
	p.exit()
	p = i.start(t, "alpha")
	p.steps(words, after)
	p.exit()
	if strings.Contains(p.output(), "changed ") || strings.Contains(p.output(), "Applying") {
		t.Error("what was applied once is applied again")
	}
}

// A map that is new has nothing to migrate, and a mod that comes to a map runs all its migrations.
func TestMigrationsOfNewMapsAndNewMods(t *testing.T) {
	t.Parallel()
	words := map[string]string{"m": word(), "item": word(), "fluid": word(), "chest": word(), "never": word(), "tile": word(), "stone": word()}
	i := newInstallation(t, "")
	i.create(t, "before", "")
	renamingMod(words, "1.1.0").unpack(t, i, words)
	i.create(t, "after", "")
	p := i.start(t, "after")
	p.say("/quit")
	p.exit()
	if strings.Contains(p.output(), "changed ") || strings.Contains(p.output(), "Applying") {
		t.Error("a new map was migrated")
	}
	p = i.start(t, "before")
	p.wait(`^changed true L0 item  fluid  entity  tile ` + fill("@tile>@stone$", words))
	p.say("/quit")
	p.exit()

	file := filepath.Join(i.dir, "mods", words["m"], "migrations", "1.3.json")
	writeFileT(t, file, `{"item": [["a"]]}`)
	out, code := i.run(t, "--start-server", "before", "--port", "0")
	if code != exitFailed || !strings.Contains(out, fill(`Failed to load mods: __@m__/migrations/1.3.json: ["a"] is no pair of names of item`, words)) {
		t.Errorf("code %d\n%s", code, out)
	}
}

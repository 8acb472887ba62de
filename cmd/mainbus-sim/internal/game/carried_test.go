package game

import (
	"strconv"
	"strings"
	"testing"
)

// carried is a save's script that tells what players carry when they leave, and gives it back from pieces of JSON.
const carried = `
	@private = {}
	local function pack_stack(stack)
		local out = {n = stack.name, c = stack.count}
		if stack.quality.level ~= 0 then out.q = stack.quality.name end
		if stack.health < 1 then out.h = stack.health end
		if stack.is_tool or stack.is_repair_tool then out.d = stack.durability end
		if stack.is_ammo then out.a = stack.ammo end
		if stack.is_item_with_label and stack.label then out.l = {t = stack.label} end
		return out
	end
	local function pack(inventory)
		local out, last = {i = {}}, 0
		if inventory.supports_bar() and inventory.get_bar() <= #inventory then out.b = inventory.get_bar() end
		for slot = 1, #inventory do
			local stack, entry = inventory[slot], nil
			if stack.valid_for_read then entry = pack_stack(stack) end
			if inventory.supports_filters() and inventory.get_filter(slot) then
				entry = entry or {}
				entry.f = inventory.get_filter(slot)
			end
			if entry then
				if slot ~= last + 1 then entry.s = slot end
				last = slot
				out.i[#out.i + 1] = entry
			end
		end
		return out
	end
	local function unpack_into(inventory, data)
		inventory.clear()
		local slot = 0
		for _, entry in ipairs(data.i) do
			slot = entry.s or slot + 1
			if entry.f then inventory.set_filter(slot, entry.f) end
			if entry.n then
				local stack = inventory[slot]
				stack.set_stack{name = entry.n, count = entry.c, quality = entry.q, health = entry.h, ammo = entry.a, durability = entry.d}
				if entry.l then stack.label = entry.l.t end
			end
		end
		if data.b then inventory.set_bar(data.b) end
	end
	script.on_event(defines.events.on_pre_player_left_game, function(e)
		local player = game.get_player(e.player_index)
		storage.@private = storage.@private or {}
		local generation = (storage.@private[player.name] or 0) + 1
		storage.@private[player.name] = generation
		print("\f$ipc:@channel?j" .. helpers.table_to_json{
			generation = generation, name = player.name, color = player.color, chat_color = player.chat_color, tag = player.tag,
			force = player.force.name, main = pack(player.get_main_inventory()),
		})
	end)
	local pieces = {}
	function @private.download(name, piece, number, total)
		pieces[number] = piece
		if number < total then return end
		local data = helpers.json_to_table(table.concat(pieces))
		pieces = {}
		local player = game.get_player(name)
		player.color, player.chat_color, player.tag, player.force = data.color, data.chat_color, data.tag, data.force
		unpack_into(player.get_main_inventory(), data.main)
	end`

func TestCarriedItemsGoToAnotherGame(t *testing.T) {
	t.Parallel()
	words := map[string]string{"private": "p" + word(), "channel": "c" + word()}
	games := [2]*process{}
	for n := range games {
		i := newInstallation(t, "")
		i.create(t, "alpha", fill(carried, words))
		games[n] = i.start(t, "alpha")
		games[n].allowLua()
		games[n].join("Ann")
	}
	first, second := games[0], games[1]
	const main = `local m = game.get_player("Ann").get_main_inventory() `
	first.steps(words, [][2]string{
		{`/sc ` + main + `m.insert{name = "iron-plate", count = 150} m[10].set_stack{name = "steel-chest", count = 2, quality = "rare", health = 0.5}`, ""},
		{`/sc ` + main + `m[11].set_stack{name = "firearm-magazine", count = 3, ammo = 4} m[12].set_stack{name = "repair-pack", count = 2, durability = 100} m.set_filter(20, {name = "coal", quality = "normal", comparator = "="})`, ""},
		{`/sc ` + main + `m[30].set_stack("blueprint-book") m[30].label = "böök \"one\"" local p = game.get_player("Ann") p.tag = "[x]" p.color = {0.25, 0.5, 1}`, ""},
	})
	first.live(`{"leave": {"player": "Ann"}}`)
	message := first.message(words["channel"], 0)
	for _, part := range []string{
		`{"n":"iron-plate","c":100}`, `{"n":"iron-plate","c":50}`, `{"n":"steel-chest","c":2,"q":"rare","h":0.5,"s":10}`,
		`{"n":"firearm-magazine","c":3,"a":4}`, `"d":100`, `{"f":{"name":"coal","quality":"normal","comparator":"="},"s":20}`,
		`"l":{"t":"böök \"one\""}`, `"generation":1,"name":"Ann"`, `"tag":"[x]"`, `"force":"player"`,
	} {
		if !strings.Contains(message, part) {
			t.Errorf("no %s in %s", part, message)
		}
	}

	// Pieces as a manager sends them: cut anywhere between characters, then written as a Lua text.
	runes, size := []rune(message), 97
	total := (len(runes) + size - 1) / size
	escape := strings.NewReplacer(`\`, `\\`, `'`, `\'`, `"`, `\"`, "\n", `\n`)
	for n := range total {
		piece := string(runes[n*size : min(len(runes), (n+1)*size)])
		command := fill(`/sc @private.download('Ann','`, words) + escape.Replace(piece) + `',` + strconv.Itoa(n+1) + `,` + strconv.Itoa(total) + `)`
		if got := second.say(command); got != "" {
			t.Fatalf("%s: %s", command, got)
		}
	}
	second.live(`{"leave": {"player": "Ann"}}`)
	if again := second.message(words["channel"], 0); again != message {
		t.Errorf("sent   %s\nbecame %s", message, again)
	}
}

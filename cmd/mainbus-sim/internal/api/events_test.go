package api

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// tellEvents makes scripts tell each event of the world with its fields.
func tellEvents(t *testing.T, g *Game, host *testHost) {
	t.Helper()
	names := `"` + strings.Join(slices.Sorted(maps.Keys(world.Events)), `", "`) + `"`
	got := say(t, g, host, `for _, name in ipairs{`+names+`} do script.on_event(defines.events[name], function(e)
		local out, keys = {}, {}
		for k in pairs(e) do if k ~= "name" and k ~= "tick" then keys[#keys + 1] = k end end
		table.sort(keys)
		for _, k in ipairs(keys) do
			local v = e[k]
			if type(v) == "userdata" and v.object_name == "LuaInventory" then v = #v
			elseif type(v) == "userdata" then v = v.name .. (v.valid and "" or " gone")
			elseif type(v) == "table" then v = v.x .. "/" .. v.y end
			out[#out + 1] = k .. "=" .. tostring(v)
		end
		rcon.print(name .. ":" .. table.concat(out, ","))
	end) end`)
	if got != "" {
		t.Fatal(got)
	}
}

func TestEventMembers(t *testing.T) {
	g, host, w := newSteps(t)
	tellEvents(t, g, host)
	g.steps(t, host, []step{
		{`e = s.create_entity{name = "iron-chest", position = {5, 5}, force = "player", raise_built = true}`, "script_raised_built:entity=iron-chest"},
		{`e.teleport({9, 9}, nil, true)`, "script_raised_teleported:entity=iron-chest,old_position=5.5/5.5,old_surface_index=1"},
		{`p(script.register_on_object_destroyed(e)) p(script.register_on_object_destroyed(e)) p(select("#", script.register_on_object_destroyed(game.surfaces.nauvis)))`, "1 3 0 1 3 0 3"},
		{`script.register_on_object_destroyed(5)`, "expected an object"},
		{`e.destroy{raise_destroy = true}`, "script_raised_destroy:entity=iron-chest"},
		{`e = build("iron-chest", 5, 5) e.die("enemy", game.players.Ann.character)`, "on_entity_died:cause=character,entity=iron-chest,force=enemy,loot=0"},
		{`game.create_surface("cave").name = "hole"`, "on_surface_created:surface_index=2 on_surface_renamed:new_name=hole,old_name=cave,surface_index=2"},
		{`game.players.Ann.teleport({0, 0}, "hole") game.players.Ann.force = game.create_force("red")`, "on_player_changed_surface:player_index=1,surface_index=1 on_force_created:force=red on_player_changed_force:force=player,player_index=1"},
		{`game.surfaces.hole.clear()`, "on_pre_surface_cleared:surface_index=2 on_surface_cleared:surface_index=2"},
		{`game.players.Ann.create_character() game.players.Ann.insert("iron-chest") game.players.Ann.admin = true game.players.Ann.admin = false`, "on_player_promoted:player_index=1 on_player_demoted:player_index=1"},
		{`game.players.Ann.mine_entity(build("iron-chest", 30, 30))`, "on_pre_player_mined_item:entity=iron-chest,player_index=1 on_player_mined_entity:buffer=0,entity=iron-chest,player_index=1"},
		{`game.merge_forces("red", "player") game.delete_surface("hole")`, ""},
	})
	hear := func(do func(ann *world.Player)) string {
		host.replied = nil
		do(w.Player("Ann"))
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		return strings.Join(host.replied, " ")
	}
	for _, test := range []struct {
		do   func(ann *world.Player)
		want string
	}{
		{func(*world.Player) { w.Step() }, "on_forces_merging:destination=player,source=red on_player_changed_force:force=red,player_index=1 on_forces_merged:destination=player,source_index=4,source_name=red " +
			"on_pre_surface_deleted:surface_index=2 on_player_changed_surface:player_index=1,surface_index=2 on_surface_deleted:surface_index=2 on_object_destroyed:registration_number=1,type=0,useful_id=3"},
		{func(ann *world.Player) { w.BuildBy(ann, "iron-chest", "", w.Surfaces[0], 50, 50) }, "on_built_entity:consumed_items=0,entity=iron-chest,player_index=1"},
		{func(ann *world.Player) { w.Chat(ann, "hi"); w.Chat(nil, "ho") }, "on_console_chat:message=hi,player_index=1 on_console_chat:message=ho"},
		{func(ann *world.Player) {
			w.Carry(ann, world.CharacterMain, world.Amount{Key: world.Key{Name: "coal"}, Count: 1})
			w.Move(w.InventoryOf(ann, world.CharacterMain), ann.Hand, world.Amount{Key: world.Key{Name: "coal"}, Count: 1})
			w.Drop(ann)
		}, "on_player_dropped_item:entity=item-on-ground,player_index=1"},
		{func(ann *world.Player) { w.Mute(ann, true); w.Mute(ann, false) }, "on_player_muted:player_index=1 on_player_unmuted:player_index=1"},
		{func(ann *world.Player) { w.Kick(ann, nil, "x") }, "on_player_kicked:player_index=1,reason=x on_pre_player_left_game:player_index=1,reason=" + strconv.Itoa(constant("disconnect_reason", "kicked")) +
			" on_player_left_game:player_index=1,reason=" + strconv.Itoa(constant("disconnect_reason", "kicked"))},
		{func(*world.Player) { w.Ban("Ann", nil, "y"); w.Unban("Ann", nil) }, "on_player_banned:player_index=1,player_name=Ann,reason=y on_player_unbanned:player_index=1,player_name=Ann,reason=y"},
		{func(ann *world.Player) { w.RemovePlayer(ann) }, "on_pre_player_removed:player_index=1 on_player_removed:player_index=1"},
		{func(*world.Player) { _, _ = w.Join("Bob") }, "on_player_created:player_index=2 on_player_joined_game:player_index=2"},
	} {
		if got := hear(test.do); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
	balanced(t, w)
}

func TestBootstrapMembers(t *testing.T) {
	g, host, _ := newSteps(t)
	g.steps(t, host, []step{
		{`id = script.generate_event_name() f = function(e) p("got", e.x, e.mod_name) end script.on_event(id, f) script.raise_event(id, {x = 5})`, "got 5 level"},
		{`p(script.get_event_handler(id) == f, script.get_event_id("on_tick"), script.get_event_handler("on_tick"))`, "true 0 nil"},
		{`b = defines.events.on_built_entity script.on_event(b, f, {{filter = "type", type = "container"}}) p(script.get_event_filter(b)[1].type) script.set_event_filter(b) p(script.get_event_filter(b))`, "container nil"},
		{`script.raise_event(defines.events.on_tick, {})`, "can't be raised"},
		{`remote.add_interface("i", {a = f, b = f}) p(remote.interfaces.i, remote.remove_interface("i"), remote.remove_interface("i"), remote.interfaces.i)`, "{a=true,b=true} true false nil"},
		{`p(commands.game_commands.version ~= nil) helpers.write_file("a/b.txt", {"", "x", 1}) helpers.write_file("a/b.txt", "y", true)`, "true"},
		{`c = game.players.Ann.character p(c.mine_entity(build("iron-chest", 70, 70)), c.get_item_count("iron-chest"))`, "true 1"},
	})
	if host.files["a/b.txt"] != "x1y" {
		t.Errorf("wrote %q", host.files["a/b.txt"])
	}
}

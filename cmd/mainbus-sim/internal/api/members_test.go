package api

import (
	"strings"
	"testing"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// step is a chunk of Lua and what it tells by p(...), or a part of the error that it raises.
type step struct{ source, want string }

// prelude defines what the steps use: p tells values, raises tells the error of a function, build makes an entity.
const prelude = `
	s = game.surfaces.nauvis
	local function text(v)
		if type(v) == "table" and #v == 0 and next(v) ~= nil then
			local keys, out = {}, {}
			for k in pairs(v) do keys[#keys + 1] = k end
			table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
			for _, k in ipairs(keys) do out[#out + 1] = k .. "=" .. text(v[k]) end
			return "{" .. table.concat(out, ",") .. "}"
		elseif type(v) == "table" then
			local out = {}
			for _, x in ipairs(v) do out[#out + 1] = text(x) end
			return "[" .. table.concat(out, ",") .. "]"
		end
		return tostring(v)
	end
	function p(...)
		local out = {}
		for i = 1, select("#", ...) do out[i] = text((select(i, ...))) end
		rcon.print(table.concat(out, " "))
	end
	function build(name, x, y, quality)
		return s.create_entity{name = name, position = {x, y}, force = "player", quality = quality}
	end`

// newSteps gives a game for steps, with Ann in it.
func newSteps(t *testing.T) (*Game, *testHost, *world.World) {
	t.Helper()
	w := newWorld(t)
	g, host := newGame(t, w, nil)
	if err := g.Init(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Join("Ann"); err != nil {
		t.Fatal(err)
	}
	if got := say(t, g, host, prelude); got != "" {
		t.Fatal(got)
	}
	return g, host, w
}

func (g *Game) steps(t *testing.T, host *testHost, steps []step) {
	t.Helper()
	for _, step := range steps {
		got := say(t, g, host, step.source)
		if err, isErr := strings.CutPrefix(got, "error: "); isErr && step.want != "" && strings.Contains(err, step.want) {
			continue
		}
		if got != step.want {
			t.Errorf("%s\n got %q\nwant %q", step.source, got, step.want)
		}
	}
	balanced(t, g.p.World)
}

// balanced fails unless all that is in the world is in the books.
func balanced(t *testing.T, w *world.World) {
	t.Helper()
	for _, sum := range w.Sums() {
		if !sum.Balanced() {
			t.Errorf("%+v doesn't add up", sum)
		}
	}
	for _, sum := range w.FluidSums() {
		if !sum.Balanced() {
			t.Errorf("%+v doesn't add up", sum)
		}
	}
	e := w.EnergySum()
	if off := e.Contents - (e.Made + e.Inserted - e.Consumed - e.Removed); off > 1e-3 || off < -1e-3 {
		t.Errorf("energy: %+v doesn't add up", e)
	}
}

func TestEntityMembers(t *testing.T) {
	g, host, _ := newSteps(t)
	g.steps(t, host, []step{
		{`e = build("iron-chest", 10, 10) p(e.name, e.type, e.unit_number, e.position, e.force.name, e.force_index, e.surface.name, e.surface_index)`, "iron-chest container 3 {x=10.5,y=10.5} player 1 nauvis 1"},
		{`p(e.prototype.name, e.gps_tag, e.bounding_box, e.valid, e.quality.name)`, "iron-chest [gps=10.5,10.5,nauvis] {left_top={x=10.15,y=10.15},right_bottom={x=10.85,y=10.85}} true normal"},
		{`p(e.health, e.max_health, e.get_health_ratio(), e.is_entity_with_health) e.health = 50 p(e.health, e.get_health_ratio()) e.health = 1000 p(e.health)`, "200 200 1 true 50 0.25 200"},
		{`p(build("iron-chest", 12, 10, "rare").max_health, #build("iron-chest", 13, 10, "rare").get_inventory(defines.inventory.chest))`, "320 51"},
		{`p(e.minable, e.minable_flag, e.operable, e.destructible) e.minable = false e.operable = false e.destructible = false p(e.minable, e.operable, e.destructible, e.die())`, "true true true true false false false false"},
		{`e.minable_flag = true p(e.minable, e.can_be_destroyed())`, "true true"},
		{`p(e.last_user) e.last_user = "Ann" p(e.last_user.name) e.last_user = nil p(e.last_user)`, "nil Ann nil"},
		{`p(e.order_deconstruction("player"), e.to_be_deconstructed(), e.is_registered_for_deconstruction("player")) e.cancel_deconstruction("player") p(e.to_be_deconstructed())`, "true true true false"},
		{`e.force = "enemy" p(e.force.name) e.force = "nobody"`, "Unknown force: nobody"},
		{`p(e.teleport({20, 20}), e.position.x, e.teleport(1, 2), e.position, #s.find_entities_filtered{position = {10.5, 10.5}}, s.find_entity("iron-chest", {21.5, 22.5}) == e)`, "true 20.5 true {x=21.5,y=22.5} 0 true"},
		{`p(e.insert{name = "coal", count = 70}, e.get_item_count(), e.get_item_count("coal"), e.get_item_count{name = "coal", quality = "rare", comparator = "<"}, e.remove_item{name = "coal", count = 30}, e.can_insert("coal"), e.has_items_inside())`, "70 70 70 70 30 true true"},
		{`p(e.get_output_inventory() == e.get_inventory(defines.inventory.chest), e.get_inventory(defines.inventory.burnt_result), e.get_main_inventory(), e.is_player(), e.is_cursor_empty(), e.cursor_stack, e.get_requester_point(), e.player)`, "true nil nil false true nil nil nil"},
		{`e.clear_items_inside() p(e.has_items_inside())`, "false"},
		{`i = defines.inventory.chest e.set_inventory_bar(i, 3) p(e.get_inventory_bar(i), e.inventory_supports_bar(i), e.inventory_supports_filters(i), e.is_inventory_filtered(i), e.insert("coal"), e.insert("wood"), e.insert("stone"))`, "3 true false false 50 100 0"},
		{`p(e.get_inventory_filter(i, 1))`, "doesn't support filters"},
		{`c = game.players.Ann.character m = defines.inventory.character_main p(c.type, c.player.name, c.can_set_inventory_filter(m, 1, "coal"), c.set_inventory_filter(m, 1, "coal"), c.get_inventory_filter(m, 1))`, "character Ann true true {comparator==,name=coal,quality=normal}"},
		{`e.destructible = true p(e.die("enemy"), e.valid)`, "true false"},
		{`e = build("iron-chest", 30, 30) e.insert("coal") inv = game.create_inventory(2) p(e.mine{inventory = inv, ignore_minable = true}, e.valid, inv.get_contents()[1].count, inv.get_item_count("iron-chest"))`, "true false 50 1"},
		{`e = build("iron-chest", 31, 30) e.insert("coal") p(e.mine{inventory = inv}, e.valid, e.get_item_count(), inv.get_item_count())`, "false true 50 51"},
		{`p(e.mine{inventory = inv, force = true}, #s.find_entities_filtered{type = "item-entity"}) p(e.name)`, "LuaEntity API call when LuaEntity was invalid."},
		{`g = s.find_entities_filtered{type = "item-entity"}[1] p(g.name, g.unit_number, g.stack.name, g.stack.count) g.stack.clear() p(g.valid)`, "item-on-ground nil coal 1 false"},
		{`l = build("linked-chest", 40, 40) m = build("linked-chest", 41, 40) l.insert("coal") p(m.get_item_count(), m.link_id) m.link_id = 7 p(m.get_item_count(), game.forces.player.get_linked_inventory("linked-chest", 0).get_item_count(), game.forces.player.get_linked_inventory("linked-chest", 9))`, "50 0 0 50 nil"},
		{`a = build("accumulator", 50, 50) a.energy = 4e6 p(a.energy, a.electric_buffer_size) a.energy = 9e6 p(a.energy) a.electric_buffer_size = 1`, "can only be written of an electric-energy-interface"},
		{`p(build("accumulator", 54, 50, "legendary").electric_buffer_size) a = build("electric-energy-interface", 58, 50) a.energy = 1e9 a.electric_buffer_size = 1000 p(a.energy, a.electric_buffer_size, e.valid)`, "30000000 1000 1000 false"},
		{`build("steel-chest", 60, 60).insert{name = 5}`, "expected an item, got number"},
		{`build("steel-chest", 60, 60).insert("nope")`, "Unknown item name: nope"},
		{`build("steel-chest", 60, 60).insert{name = "coal", count = -1}`, "expected a number from 0"},
		{`p(build("steel-chest", 60, 60).direction)`, "the simulated game has no LuaEntity.direction, which the real one has"},
		{`build("steel-chest", 60, 60).color = {1, 1, 1}`, "the simulated game has no LuaEntity.color, which the real one has"},
		{`build("steel-chest", 60, 60).health = "x"`, "expected a number, got string"},
	})
}

func TestFluidMembers(t *testing.T) {
	g, host, _ := newSteps(t)
	g.steps(t, host, []step{
		{`t = build("storage-tank", 10, 10) p(t.fluids_count, t.get_fluid_count(), t.get_fluid(1), t.fluidbox[1], #t.fluidbox, t.get_fluid_contents())`, "1 0 nil nil 1 []"},
		{`p(t.insert_fluid{name = "steam", amount = 1000, temperature = 165}, t.insert_fluid{name = "steam", amount = 3000, temperature = 565}, t.get_fluid(1))`, "1000 3000 {amount=4000,name=steam,temperature=465}"},
		{`p(t.insert_fluid{name = "water", amount = 5}, t.get_fluid_count("steam"), t.get_fluid_count("water"), t.get_fluid_contents())`, "0 4000 0 {steam=4000}"},
		{`p(t.remove_fluid{name = "steam", amount = 1500.5}, t.remove_fluid{name = "steam", amount = 1, maximum_temperature = 100}, t.remove_fluid{name = "steam", amount = 1, temperature = 465}, t.get_fluid_count())`, "1500.5 0 1 2498.5"},
		{`p(t.insert_fluid{name = "steam", amount = 1e6}, t.get_fluid_count())`, "22501.5 25000"},
		{`p(t.set_fluid(1, {name = "water", amount = 100}), t.set_fluid(1)) t.fluidbox[1] = {name = "water", amount = 7} p(t.fluidbox[1].amount, t.fluidbox.owner == t, t.fluidbox.get_capacity(1), t.fluidbox.valid)`, "{amount=100,name=water,temperature=15} nil 7 true 25000 true"},
		{`t.clear_fluid_inside() p(t.get_fluid_count(), build("iron-chest", 20, 20).fluids_count)`, "0 0"},
		{`t.insert_fluid{name = "milk", amount = 1}`, "Unknown fluid name: milk"},
		{`t.insert_fluid{name = "water", amount = -1}`, "has to be positive"},
		{`t.get_fluid(2)`, "out of range"},
		{`t.insert_fluid{name = "water", amount = 100} b = t.fluidbox t.destroy() p(b.valid) p(b[1])`, "LuaFluidBox API call when LuaFluidBox was invalid."},
	})
}

func TestLogisticMembers(t *testing.T) {
	g, host, _ := newSteps(t)
	g.steps(t, host, []step{
		{`r = build("requester-chest", 10, 10) q = r.get_requester_point() p(q == r.get_logistic_point(defines.logistic_member_index.logistic_container), #r.get_logistic_point(), q.owner == r, q.force.name, q.enabled, q.valid)`, "true 1 true player true true"},
		{`p(q.mode == defines.logistic_mode.requester, q.logistic_member_index == defines.logistic_member_index.logistic_container, q.sections_count, #q.sections, q.filters, q.trash_not_requested)`, "true true 1 1 [] false"},
		{`x = q.get_section(1) p(x.set_slot(1, {value = {name = "coal", quality = "normal"}, min = 50, max = 100}), x.get_slot(1), x.get_slot(2))`, "nil {max=100,min=50,value={comparator==,name=coal,quality=normal,type=item}} []"},
		{`p(x.set_slot(3, {value = {name = "coal", quality = "normal"}, min = 7}), x.filters_count, x.set_slot(3, {value = "iron-plate", min = 20}), x.filters_count, #x.filters, x.filters[2])`, "1 1 nil 2 3 []"},
		{`p(q.filters) x.multiplier = 2 p(x.multiplier, q.filters[2].count) x.active = false p(x.active, q.filters)`,
			"[{comparator==,count=50,index=1,max_count=100,name=coal,quality=normal,type=item},{comparator==,count=20,index=2,name=iron-plate,quality=normal,type=item}] 2 40 false []"},
		{`x.clear_slot(1) p(x.filters_count, x.index, x.owner == r, x.is_manual, x.type == defines.logistic_section_type.manual, x.valid)`, "1 1 true true true true"},
		{`x.filters = {{value = {type = "item", name = "wood", quality = "rare", comparator = ">="}}, {}, {value = "stone", min = 3, import_from = "vulcanus", minimum_delivery_count = 2}} p(x.filters_count, x.get_slot(1).value.comparator, x.get_slot(3).import_from, x.get_slot(3).minimum_delivery_count)`, "2 ≥ vulcanus 2"},
		{`x.set_slot(1, {value = {name = "wood", quality = "rare", comparator = ">"}, min = 1})`, "needs one quality"},
		{`x.set_slot(1, {value = {name = "nonsense"}})`, "Unknown signal: item nonsense"},
		{`x.set_slot(0, {})`, "Slot index out of range"},
		{`y = q.add_section("fuel") y.set_slot(1, {value = "coal", min = 9}) o = build("buffer-chest", 14, 10).get_requester_point().add_section("fuel") p(y.group, y.index, q.sections_count, o.get_slot(1).min)`, "fuel 2 2 9"},
		{`p(game.forces.player.get_logistic_groups()) game.forces.player.create_logistic_group("more") p(game.forces.player.get_logistic_groups()) o.group = "" o.clear_slot(1) p(y.filters_count, o.filters_count)`, "[fuel] [fuel,more] 1 0"},
		{`game.forces.player.delete_logistic_group("fuel") p(y.group, y.filters_count, game.forces.player.get_logistic_groups())`, " 1 [more]"},
		{`p(q.remove_section(1), q.remove_section(5), x.valid, y.index, q.get_section(9))`, "true false false 1 nil"},
		{`q.trash_not_requested = true q.enabled = false p(q.trash_not_requested, q.enabled, r.request_from_buffers) r.request_from_buffers = true p(r.request_from_buffers)`, "true false false true"},
		{`z = r.get_logistic_sections() p(z.sections_count, #z.sections, z.get_section(1) == y, z.valid, z.add_section().index, z.remove_section(2))`, "1 1 true true 2 true"},
		{`k = build("storage-chest", 18, 10) p(k.storage_filter, k.get_requester_point(), k.get_logistic_sections(), k.get_logistic_point()[1].filters) k.storage_filter = {name = "coal", quality = "rare"} p(k.storage_filter.name.name, k.storage_filter.quality.name) k.storage_filter = nil p(k.storage_filter)`, "nil nil nil nil coal rare nil"},
		{`p(build("iron-chest", 20, 10).request_from_buffers)`, "doesn't have requester slots"},
		{`p(build("iron-chest", 20, 11).storage_filter)`, "not a storage chest"},
		{`d = build("constant-combinator", 24, 10) b = d.get_or_create_control_behavior() p(b == d.get_control_behavior(), b.enabled, b.sections_count, b.entity == d, b.type == defines.control_behavior.type.constant_combinator, b.valid, k.get_control_behavior())`, "true true 1 true true true nil"},
		{`b.get_section(1).set_slot(1, {value = {type = "virtual", name = "signal-A", quality = "normal"}, min = -5}) p(#b.sections, b.sections[1].get_slot(1)) b.enabled = false p(b.enabled, b.add_section().index, b.remove_section(2))`, "1 {min=-5,value={comparator==,name=signal-A,quality=normal,type=virtual}} false 2 true"},
		{`d.destroy() r.destroy() p(b.valid, q.valid, y.valid, z.valid) p(q.mode)`, "LuaLogisticPoint API call when LuaLogisticPoint was invalid."},
	})
}

func TestInventoryMembers(t *testing.T) {
	g, host, _ := newSteps(t)
	g.steps(t, host, []step{
		{`e = build("steel-chest", 10, 10) v = e.get_inventory(defines.inventory.chest) p(#v, v.valid, v.name, v.index == defines.inventory.chest, v.entity_owner == e, v.player_owner, v.mod_owner)`, "48 true chest true true nil nil"},
		{`p(v.insert{name = "coal", count = 120}, v.insert{name = "coal", quality = "rare", count = 5}, v.get_contents(), v.get_item_count(), v.get_item_count("coal"), v.get_item_count_filtered{name = "coal"}, v.get_item_quality_counts("coal"))`,
			"120 5 [{count=120,name=coal,quality=normal},{count=5,name=coal,quality=rare}] 125 120 125 {normal=120,rare=5}"},
		{`p(v.remove{name = "coal", count = 100}, v.count_empty_stacks(), v.get_insertable_count("coal"), v.can_insert("coal"), v.is_empty(), v.is_full())`, "100 46 2330 true false false"},
		{`a, n = v.find_item_stack{name = "coal", quality = "rare"} p(a.count, n, a == v[n], (v.find_item_stack("wood")))`, "5 4 true nil"},
		{`a, n = v.find_empty_stack() p(n, a.valid_for_read) v[5].set_stack("wood") v.sort_and_merge() p(v[1].name, v[1].count, v[2].quality.name, v[3].name)`, "2 false coal 20 rare wood"},
		{`p(v.supports_bar(), v.get_bar()) v.set_bar(4) p(v.get_bar(), v.can_insert("stone"), v.count_empty_stacks(false, false), v.get_insertable_count("coal")) v.set_bar() p(v.get_bar())`, "true 49 4 false 0 30 49"},
		{`p(v.supports_filters(), v.is_filtered()) v.set_filter(1, "coal")`, "doesn't support filters"},
		{`m = game.players.Ann.get_main_inventory() p(m.supports_filters(), m.can_set_filter(1, "coal"), m.set_filter(1, {name = "coal", quality = "rare", comparator = ">="}), m.is_filtered(), m.get_filter(1), m.get_filter(2))`, "true true true true {comparator=≥,name=coal,quality=rare} nil"},
		{`p(m.insert("coal"), m[1].valid_for_read, m[2].count, m.count_empty_stacks(true), m.count_empty_stacks(), (select(2, m.find_empty_stack())), (select(2, m.find_empty_stack{name = "coal", quality = "epic"})), m.set_filter(1, nil), m.is_filtered(), m.player_owner.name)`, "50 false 50 79 78 3 1 true false Ann"},
		{`v.clear() p(v.is_empty(), type(v.resize))`, "true function"},
		{`v.resize(5)`, "Only inventories created by LuaGameScript::create_inventory can be resized."},
		{`v.destroy()`, "Only inventories created by LuaGameScript::create_inventory can be destroyed."},
		{`i = game.create_inventory(2) p(#i, i.mod_owner, i.name, i.index, i.entity_owner, i.insert{name = "wood", count = 500}, i.is_full(), type(i.get_bar))`, "2 core nil nil nil 200 true function"},
		{`i.resize(1) p(#i, i.get_item_count(), #game.get_script_inventories().core, #game.get_script_inventories("core").core) local x = i[1] i.destroy() p(i.valid, x.valid, game.get_script_inventories().core) p(#i)`, "LuaInventory API call when LuaInventory was invalid."},
		{`p(v[49])`, "Index out of range."},
		{`p(v.nonsense)`, "LuaInventory doesn't contain key nonsense."},
	})
}

func TestStackMembers(t *testing.T) {
	g, host, w := newSteps(t)
	w.Tick = 1000
	g.steps(t, host, []step{
		{`v = game.create_inventory(10) a, b = v[1], v[2] p(a.valid, a.valid_for_read, a.set_stack{name = "iron-plate", count = 30, quality = "rare"}, a.name, a.count, a.quality.name, a.type, a.prototype.name)`, "true false true iron-plate 30 rare item iron-plate"},
		{`p(b.name)`, "invalid for read"},
		{`a.count = 40 p(a.count) a.count = 1000 p(a.count) a.count = 0 p(a.valid_for_read)`, "40 100 false"},
		{`a.set_stack{name = "iron-chest", count = 10, health = 0.5} p(a.health) b.set_stack{name = "iron-chest", count = 10} p(b.transfer_stack(a), b.count, b.health, a.valid_for_read) b.health = 0.9 p(b.health)`, "0.5 true 20 0.75 false 0.9"},
		{`p(a.transfer_stack(b, 5), a.count, b.count, a.health, a.transfer_stack({name = "coal"}), a.can_set_stack("coal"), a.can_set_stack())`, "true 5 15 0.9 false true true"},
		{`p(a.swap_stack(b), a.count, b.count) a.clear() b.clear() p(a.valid_for_read)`, "true 15 5 false"},
		{`a.set_stack{name = "firearm-magazine", count = 2, ammo = 4} p(a.ammo, a.is_ammo, a.count) a.drain_ammo(3) p(a.ammo) a.add_ammo(1) p(a.ammo) a.ammo = 10 p(a.ammo) a.drain_ammo(12) p(a.ammo, a.count)`, "4 true 2 1 2 10 8 1"},
		{`b.set_stack{name = "repair-pack", count = 3, durability = 100} p(b.durability, b.is_tool, b.is_repair_tool) b.drain_durability(40) p(b.durability) b.add_durability(10) p(b.durability) b.durability = 7 p(b.durability) b.drain_durability(8) p(b.count, b.durability)`, "100 true true 60 70 7 2 299"},
		{`c = v[3] c.set_stack{name = "yumako", count = 4, spoil_percent = 0.5} p(c.spoil_percent, c.spoil_tick) c.spoil_percent = 0 p(c.spoil_tick) c.spoil_tick = 109000 p(c.spoil_percent) c.spoil() p(c.name, c.count, c.spoil_tick, c.spoil_percent)`, "0.5 109000 217000 0.5 spoilage 4 0 0"},
		{`c.set_stack{name = "yumako", count = 4, quality = "rare"} c.spoil() p(c.name, c.quality.name)`, "spoilage rare"},
		{`c.set_stack{name = "biter-egg", count = 4} c.spoil()`, "does not do what biter-egg does"},
		{`d = v[4] d.set_stack("item-with-tags") p(d.tags, d.is_item_with_tags) d.tags = {a = 1, b = {2, "x"}} p(d.tags, d.get_tag("a")) d.set_tag("c", true) p(d.remove_tag("a"), d.remove_tag("zz"), d.tags, d.custom_description) d.custom_description = {"", "hi"} p(d.custom_description)`, "[] true {a=1,b=[2,x]} 1 true false {b=[2,x],c=true}  [,hi]"},
		{`v[9].swap_stack(d) p(d.valid_for_read, v[9].tags.c) v[10].transfer_stack(v[9]) p(v[10].get_tag("c"), v[10].label) v[10].label = "mine" p(v[10].label) a.tags = {}`, "is not an item-with-tags"},
		{`a.label = "x"`, "can't have a label"},
		{`e = v[5] e.set_stack("light-armor") f = v[6] f.set_stack("blueprint") p(e.is_armor, f.is_blueprint, f.is_blueprint_book, f.is_deconstruction_item, f.is_upgrade_item, f.is_item_with_entity_data, f.is_item_with_inventory, f.is_item_with_label, f.is_module)`, "true true false false false false false true false"},
		{`g = game.players.Ann.get_inventory(defines.inventory.character_guns) p(g[1].can_set_stack("coal"), g[1].set_stack("coal"), g[1].set_stack("pistol"), g[1].swap_stack(a), g[1].name)`, "false false true false pistol"},
		{`v.destroy() p(a.valid) p(a.count)`, "LuaItemStack API call when LuaItemStack was invalid."},
	})
}

func TestSurfaceMembers(t *testing.T) {
	g, host, w := newSteps(t)
	g.steps(t, host, []step{
		{`p(s.name, s.index, s.deletable, s.planet.name, s.valid) x = game.create_surface("cave") p(x.index, x.deletable, x.planet, game.surfaces.cave == x, game.get_surface("cave") == x, game.get_surface(2).name, game.get_surface(9), #game.surfaces)`, "nauvis 1 false nauvis true 2 true nil true true cave nil 2"},
		{`x.name = "hole" p(game.surfaces.cave, game.surfaces.hole.index) x.name = "nauvis"`, "empty or taken"},
		{`p(s.can_place_entity{name = "iron-chest", position = {0.5, 0.5}}, s.can_place_entity{name = "iron-chest", position = {5, 5}, force = "player"}) e = s.create_entity{name = "iron-chest", position = {5.2, 5.9}, bar = 3} p(e.force.name, e.position, e.get_inventory(defines.inventory.chest).get_bar())`, "false true enemy {x=5.5,y=5.5} 4"},
		{`p(s.find_entity("iron-chest", {5.5, 5.5}) == e, s.find_entity("iron-chest", {9, 9}), #s.find_entities(), #s.find_entities{{5, 5}, {6, 6}}, s.count_entities_filtered{name = {"iron-chest", "steel-chest"}})`, "true nil 3 1 2"},
		{`e.insert("coal") p(#s.find_entities_filtered{position = {5, 5}, radius = 1}, #s.find_entities_filtered{force = {"enemy"}}, #s.find_entities_filtered{has_item_inside = "coal"}, #s.find_entities_filtered{name = "iron-chest", invert = true}, #s.find_entities_filtered{limit = 1}, #s.find_entities_filtered{quality = {quality = "rare", comparator = "<"}}, #s.find_entities_filtered{to_be_deconstructed = true})`, "1 1 1 2 1 3 0"},
		{`s.find_entities_filtered{name = 5}`, "expected a name"},
		{`s.create_entity{name = "castle", position = {0, 0}}`, "Unknown entity name: castle"},
		{`s.create_entity{name = "iron-chest", position = "here"}`, "expected a position"},
		{`i = s.spill_item_stack{position = {100, 100}, stack = {name = "coal", count = 3}} p(#i, i[1].stack.count, s.count_entities_filtered{type = "item-entity"}, #s.spill_item_stack{position = {100, 100}, stack = {name = "coal", count = 30}, drop_full_stack = true, force = "player"}, #s.find_entities_filtered{to_be_deconstructed = true})`, "3 1 3 1 1"},
		{`v = game.create_inventory(3) v.insert{name = "wood", count = 2} p(#s.spill_inventory{position = {200, 200}, inventory = v}, s.create_entity{name = "item-on-ground", position = {300, 300}, stack = {name = "wood", count = 5}}.stack.count)`, "2 5"},
		{`x.create_entity{name = "iron-chest", position = {0, 0}}.insert("coal") x.clear() p(x.count_entities_filtered{}) x.create_entity{name = "iron-chest", position = {0, 0}} x.print("echo") s.print("hello")`, "0"},
		{`p(game.delete_surface(x), game.delete_surface(s), x.valid)`, "true false true"},
	})
	w.Step()
	g.steps(t, host, []step{
		{`p(x.valid, game.surfaces.hole, #game.surfaces) p(x.name)`, "LuaSurface API call when LuaSurface was invalid."},
		{`game.delete_surface("hole")`, "Unknown surface: hole"},
		{`y = game.planets.vulcanus p(y.name, y.surface, y.valid, y.prototype.name, y.prototype.type, y.create_surface().name, y.surface.index, #game.planets) p(game.planets.gleba.surface) game.planets.gleba.associate_surface(game.create_surface("green")) p(game.planets.gleba.surface.name)`, "vulcanus nil true vulcanus planet vulcanus 3 5 nil green"},
	})
	if got := strings.Join(w.Player("Ann").Shown, ","); got != "hello" {
		t.Errorf("Ann was shown %q", got)
	}
}

func TestForceMembers(t *testing.T) {
	g, host, w := newSteps(t)
	g.steps(t, host, []step{
		{`f = game.create_force("red") p(f.name, f.index, f.valid, game.forces.red == f, game.forces[4] == f, #game.forces, #f.players, #f.connected_players)`, "red 4 true true true 4 0 0"},
		{`game.create_force("red")`, "already exists"},
		{`e = build("iron-chest", 10, 10) e.force = f l = build("linked-chest", 12, 12) l.force = "red" l.insert("coal") game.players.Ann.force = "red" p(f.get_entity_count("iron-chest"), #f.players, f.players[1].name, #f.connected_players, e.force_index)`, "1 1 Ann 1 4"},
		{`f.print("reds") game.forces.enemy.print("enemies") game.merge_forces(f, "player") p(f.valid)`, "true"},
		{`game.merge_forces("enemy", "player")`, "Can't merge"},
	})
	w.Step()
	g.steps(t, host, []step{
		{`p(f.valid, e.force.name, game.players.Ann.force.name, l.get_item_count(), game.forces.red) p(f.name)`, "LuaForce API call when LuaForce was invalid."},
	})
	if got := strings.Join(w.Player("Ann").Shown, ","); got != "reds" {
		t.Errorf("Ann was shown %q", got)
	}
}

func TestPlayerMembers(t *testing.T) {
	g, host, w := newSteps(t)
	w.Tick = 600
	g.steps(t, host, []step{
		{`a = game.players.Ann p(a.name, a.index, a.connected, a.valid, a.force.name, a.force_index, a.surface.name, a.surface_index, a.position, a.locale)`, "Ann 1 true true player 1 nauvis 1 {x=0,y=0} en"},
		{`p(a.online_time, a.afk_time, a.last_online, a.admin) a.admin = true p(a.admin) a.admin = false p(a.admin)`, "600 600 600 false true false"},
		{`p(a.physical_surface.name, a.physical_surface_index, a.physical_position, a.controller_type == defines.controllers.character, a.physical_controller_type == a.controller_type)`, "nauvis 1 {x=0,y=0} true true"},
		{`a.color = {255, 0, 0} p(a.color) a.chat_color = {r = 0.5, g = 0.25, b = 0, a = 1} p(a.chat_color.g, a.tag) a.tag = "[x]" p(a.tag)`, "{a=1,b=0,g=0,r=1} 0.25  [x]"},
		{`p(a.insert("pistol"), a.insert{name = "firearm-magazine", count = 10}, a.insert("light-armor"), a.insert("coal"), a.get_item_count(), a.get_item_count("coal"), a.get_inventory(defines.inventory.character_guns).get_item_count(), a.get_inventory(defines.inventory.character_ammo)[1].count, a.get_inventory(defines.inventory.character_armor)[1].name, a.get_main_inventory().get_item_count())`,
			"5 10 1 50 66 50 5 10 light-armor 50"},
		{`p(a.remove_item{name = "coal", count = 20}, a.can_insert("coal"), a.has_items_inside(), a.is_player(), a.is_cursor_empty(), a.get_requester_point())`, "20 true true true true nil"},
		{`p(a.cursor_stack.set_stack{name = "wood", count = 3}, a.is_cursor_empty(), a.clear_cursor(), a.is_cursor_empty(), a.get_item_count("wood"))`, "true false true true 3"},
		{`e = build("iron-chest", 5, 5) e.insert{name = "wood", count = 9} p(a.mine_entity(e), e.valid, a.get_item_count("wood"), a.get_item_count("iron-chest"))`, "true false 12 1"},
		{`p(a.teleport({30.5, 40}), a.position, a.teleport({1, 1}, game.create_surface("other")), a.surface.name, a.character.surface.name)`, "true {x=30.5,y=40} true other other"},
		{`a.force = "enemy" p(a.force.name, a.character.force.name) a.print("psst") a.print{"", "a", 1} a.connect_to_server{address = "example.org:34197", name = {"", "there"}} a.connect_to_server{}`, "expected a string"},
		{`c = a.character p(c.type, c.get_item_count("wood"), c.player == a) a.character = nil p(a.character, a.controller_type == defines.controllers.god, a.get_inventory(defines.inventory.character_main), a.get_item_count(), a.insert("coal"), c.valid, c.player, a.create_character(), a.create_character(), a.get_item_count())`, "character 12 true nil true nil 0 0 true nil true false 0"},
		{`a.set_controller{type = defines.controllers.god} p(a.character) a.set_controller{type = defines.controllers.character, character = c} p(a.character == c) a.set_controller{type = defines.controllers.ghost}`, "no controllers other than character and god"},
		{`p(a.character == c)`, "true"},
		{`a.character = c p(a.get_item_count("wood")) a.clear_items_inside() p(a.get_item_count())`, "12 0"},
		{`p(a.character.destroy(), a.character, a.nonsense)`, "LuaPlayer doesn't contain key nonsense."},
	})
	ann := w.Player("Ann")
	if got := strings.Join(ann.Shown, ","); got != "psst,a1" || ann.Prompt != "example.org:34197" {
		t.Errorf("Ann was shown %q and asked to go to %q", got, ann.Prompt)
	}
	w.Tick = 700
	w.Leave(ann, world.Quit)
	w.Tick = 900
	g.steps(t, host, []step{
		{`p(a.connected, a.character, a.online_time, a.last_online, a.afk_time, #game.connected_players, a.create_character())`, "false nil 700 700 0 0 false"},
		{`game.remove_offline_players{"Ann"} p(a.valid, #game.players) p(a.name)`, "LuaPlayer API call when LuaPlayer was invalid."},
	})
}

func TestGameMembers(t *testing.T) {
	g, host, w := newSteps(t)
	for range 3 {
		w.Advance()
	}
	if _, err := w.Join("Bob"); err != nil {
		t.Fatal(err)
	}
	g.steps(t, host, []step{
		{`p(game.tick, game.ticks_played, game.speed, game.tick_paused, game.ticks_to_run, game.console_command_used, game.autosave_enabled, game.is_multiplayer(), game.player)`, "3 3 1 false 0 false true true nil"},
		{`game.speed = 2 game.tick_paused = true game.ticks_to_run = 5 game.autosave_enabled = false p(game.speed, game.tick_paused, game.ticks_to_run, game.autosave_enabled)`, "2 true 5 false"},
		{`game.speed = 0.001`, "at least 0.01"},
		{`game.tick = 5`, "LuaGameScript property tick is read only."},
		{`p(#game.players, game.players.Ann.index, game.players[2].name, game.players.Eve, game.get_player("bob").index, game.get_player(9), #game.connected_players) for i, x in pairs(game.players) do p(i, x.name) end`, "2 1 Bob nil 2 nil 2 1 Ann 2 Bob"},
		{`p(game.get_entity_by_unit_number(1).name, game.get_entity_by_unit_number(99))`, "steel-chest nil"},
		{`game.print("all") game.mute_player("Bob") game.kick_player("Bob", "x") game.ban_player("Eve", "y") game.ban_player(game.players.Bob) p(#game.connected_players)`, "1"},
		{`game.unban_player("Eve") game.unmute_player("Bob") game.purge_player("Bob") game.remove_offline_players() p(#game.players, game.players.Bob)`, "1 nil"},
		{`game.kick_player("Nobody")`, "Player Nobody doesn't exist."},
		{`game.get_player({})`, "expected a player, got table"},
		{`game.server_save("x") game.auto_save() game.create_inventory(-1)`, "expected a number from 0 to 65535"},
		{`p(#game.get_script_inventories("core"), game.nonsense)`, "LuaGameScript doesn't contain key nonsense."},
	})
	if w.BanOf("Eve") != nil || w.BanOf("Bob") == nil || strings.Join(w.Player("Ann").Shown, ",") != "all" || len(host.saves) != 2 {
		t.Errorf("bans %v, shown %v, saves %v", w.Bans, w.Player("Ann").Shown, host.saves)
	}
	if before := w.Tick; !w.Advance() || w.Tick != before+1 || w.TicksToRun != 4 {
		t.Error("ticks_to_run didn't run")
	}
	w.TicksToRun = 0
	if before := w.Tick; w.Advance() || w.Tick != before {
		t.Error("a paused tick went on")
	}
}

func TestPrototypeMembers(t *testing.T) {
	g, host, _ := newSteps(t)
	g.steps(t, host, []step{
		{`i = prototypes.item p(i.coal.name, i.coal.type, i.coal.stack_size, i.coal.stackable, i.coal.order, i.coal.fuel_value, i.coal.place_result, i["light-armor"].stackable, i["iron-chest"].place_result.name, i.coal.valid, i.nope)`, "coal item 50 true  4000000 nil false iron-chest true nil"},
		{`p(i["firearm-magazine"].magazine_size, i.coal.magazine_size, i["repair-pack"].get_durability(), i["repair-pack"].get_durability("rare"), i.coal.get_durability(), i.yumako.get_spoil_ticks(), i.yumako.get_spoil_ticks("legendary"), i.yumako.spoil_result.name)`, "10 nil 300 480 nil 216000 540000 spoilage"},
		{`p(i.yumako.spoil_to_trigger_result, i["biter-egg"].spoil_result, i["biter-egg"].spoil_to_trigger_result.items_per_trigger, #i["biter-egg"].spoil_to_trigger_result.trigger)`, "nil nil 1 1"},
		{`e = prototypes.entity p(e["steel-chest"].name, e["steel-chest"].type, e["steel-chest"].logistic_mode, e["passive-provider-chest"].logistic_mode, e["storage-tank"].fluid_capacity, e["steel-chest"].items_to_place_this, e["linked-chest"].items_to_place_this, e["steel-chest"].valid)`, "steel-chest container nil passive-provider 25000 [{count=1,name=steel-chest}] nil true"},
		{`p(e["steel-chest"].get_inventory_size(defines.inventory.chest), e["steel-chest"].get_inventory_size(defines.inventory.chest, "legendary"), e["steel-chest"].get_inventory_size(defines.inventory.burnt_result), e["steel-chest"].get_max_health(), e["steel-chest"].get_max_health("epic"), e["steel-chest"].collision_box.left_top.x)`, "48 120 nil 350 665 -0.35"},
		{`q = prototypes.quality for name, x in pairs(q) do p(name, x.level, x.next and x.next.name) end p(#q, q.rare.name, q.rare.type, q.rare.default_multiplier, q.uncommon.next_probability, q.normal.valid)`,
			"normal 0 uncommon uncommon 1 rare rare 2 epic epic 3 legendary legendary 5 nil 5 rare quality 1.6 0.1 true"},
		{`f = prototypes.fluid.steam p(f.name, f.default_temperature, f.max_temperature, f.heat_capacity, f.valid, prototypes.fluid.milk)`, "steam 15 5000 200 true nil"},
		{`r = prototypes.recipe["electronic-circuit"] p(r.name, r.category, r.energy, r.enabled, r.ingredients, r.products, r.valid)`, "electronic-circuit crafting 0.5 true [{amount=1,name=iron-plate,type=item},{amount=3,name=copper-cable,type=item}] [{amount=1,name=electronic-circuit,probability=1,type=item}] true"},
		{`p(prototypes.space_location.nauvis.name, prototypes.space_location.nauvis.type, prototypes.space_location["solar-system-edge"].type, prototypes.space_location.nauvis.valid, prototypes.surface["space-platform"].name, prototypes.surface["space-platform"].valid, prototypes.virtual_signal["signal-A"].name, prototypes.virtual_signal["signal-A"].valid)`, "nauvis planet space-location true space-platform true signal-A true"},
		{`p(prototypes.item.valid, #prototypes.item > 50)`, "true true"},
		{`p(prototypes.font)`, "the simulated game has no LuaPrototypes.font, which the real one has"},
	})
}

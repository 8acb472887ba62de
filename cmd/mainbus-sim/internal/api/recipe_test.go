package api

import "testing"

func TestRecipeMembers(t *testing.T) {
	g, host, w := newSteps(t)
	machine := w.Catalog.Entity("assembling-machine-1")
	machine.Volume, machine.Categories = 100, append(machine.Categories, "fluids")
	steam := w.Catalog.Recipe("iron-stick")
	steam.Category, steam.Products[0].Type, steam.Products[0].Name = "fluids", "fluid", "steam"
	g.steps(t, host, []step{
		{`m = build("assembling-machine-1", 10, 10) p(m.get_recipe(), m.set_recipe("iron-gear-wheel"))`, "nil []"},
		{`r, q = m.get_recipe() p(r.name, q.name, r.category, r.energy, r.enabled, r.force.name, r.prototype.name, r.valid)`, "iron-gear-wheel normal crafting 0.5 true player iron-gear-wheel true"},
		{`p(r.ingredients, r.products)`, "[{amount=2,name=iron-plate,type=item}] [{amount=1,name=iron-gear-wheel,probability=1,type=item}]"},
		{`p(r == game.forces.player.recipes["iron-gear-wheel"], game.forces.player.recipes.nothing, #game.forces.player.recipes == #prototypes.recipe)`, "true nil true"},
		{`r.enabled = false p(game.forces.player.recipes["iron-gear-wheel"].enabled, game.forces.enemy.recipes["iron-gear-wheel"].enabled)`, "false true"},
		{`p(m.insert_fluid{name = "steam", amount = 5}) m.set_recipe(game.forces.player.recipes["iron-stick"], "rare") p(select(2, m.get_recipe()).name)`, "0 rare"},
		{`p(m.insert_fluid{name = "water", amount = 5}, m.insert_fluid{name = "steam", amount = 500}, m.fluidbox[1].name)`, "0 100 steam"},
		{`m.set_recipe("iron-gear-wheel") p(m.get_fluid_count()) m.set_recipe() p(m.get_recipe())`, "0 nil"},
		{`m.set_recipe("iron-plate")`, "The recipe iron-plate can't be crafted in assembling-machine-1."},
		{`m.set_recipe("nothing")`, "Unknown recipe name: nothing"},
		{`build("iron-chest", 20, 10).get_recipe()`, "The entity is not a crafting machine."},
		{`r.name = "x"`, "LuaRecipe property name is read only."},
		{`f = game.create_force("f") r = f.recipes["iron-stick"] game.merge_forces(f, "player")`, ""},
	})
	w.EndTick()
	g.steps(t, host, []step{{`p(r.valid)`, "false"}})
}

func TestRecipesAndSpawnsAreSaved(t *testing.T) {
	g, host, w := newSteps(t)
	g.steps(t, host, []step{
		{`m = build("assembling-machine-1", 10, 10) m.set_recipe("iron-gear-wheel") game.forces.player.recipes["iron-stick"].enabled = false`, ""},
		{`f = game.forces.player p(f.get_spawn_position("nauvis")) f.set_spawn_position({3, -4.5}, s) p(f.get_spawn_position(1), game.forces.enemy.get_spawn_position(s))`, "{x=0,y=0} {x=3,y=-4.5} {x=0,y=0}"},
		{`a = game.create_surface("a") f.set_spawn_position({1, 1}, a) p(f.get_spawn_position("a"))`, "{x=1,y=1}"},
		{`game.delete_surface("a")`, ""},
	})
	w.EndTick()
	g, host, _ = loaded(t, g)
	g.steps(t, host, []step{
		{`p(s.find_entity("assembling-machine-1", {10.5, 10.5}).get_recipe().name, game.forces.player.recipes["iron-stick"].enabled, game.forces.player.get_spawn_position(s))`, "iron-gear-wheel false {x=3,y=-4.5}"},
	})
}

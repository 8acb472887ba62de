package api

import (
	lua "github.com/yuin/gopher-lua"

	"mainbus/cmd/mainbus-sim/internal/world"
)

// recipe is a LuaRecipe: a recipe of a force.
type recipe struct {
	*world.Recipe
	force *world.Force
}

// recipesOf is the custom table of a force's recipes; the force's name follows.
const recipesOf = "recipes."

func (s *Script) addRecipeClass() {
	declare(s, members[recipe]{
		name:  "LuaRecipe",
		valid: func(r recipe) bool { return !r.force.Gone },
		attrs: attributes[recipe]{
			"name":        read(func(_ call, r recipe) any { return r.Name }),
			"category":    read(func(_ call, r recipe) any { return r.Category }),
			"energy":      read(func(_ call, r recipe) any { return r.Energy }),
			"force":       read(func(_ call, r recipe) any { return r.force }),
			"prototype":   read(func(_ call, r recipe) any { return r.Recipe }),
			"ingredients": read(func(_ call, r recipe) any { return parts(r.Ingredients, nil) }),
			"products":    read(func(_ call, r recipe) any { return parts(r.Products, []Field{{"probability", 1}}) }),
			"enabled": {
				get: func(_ call, r recipe) any { return r.force.RecipeEnabled(r.Recipe) },
				set: func(c call, r recipe, v lua.LValue) { r.force.EnableRecipe(r.Recipe, c.boolean(v)) },
			},
		},
	})
}

// recipeTable is the custom table of the recipes of a force.
func recipeTable(force string) content {
	return content{
		all: func(w *world.World) (out []any) {
			f := w.ForceNamed(force)
			if f == nil {
				return nil
			}
			for _, r := range w.Catalog.Recipes {
				out = append(out, recipe{r, f})
			}
			return out
		},
		key: func(thing any) lua.LValue { return lua.LString(thing.(recipe).Name) },
		byName: func(w *world.World, name string) any {
			if r, f := w.Catalog.Recipe(name), w.ForceNamed(force); r != nil && f != nil {
				return recipe{r, f}
			}
			return nil
		},
	}
}

// addMachines adds what machines have.
func addMachines(m members[*world.Entity]) {
	m.methods["get_recipe"] = func(c call, e *world.Entity) any {
		c.machine(e)
		r := c.w.Catalog.Recipe(e.Recipe)
		if r == nil {
			return nil
		}
		return several{recipe{r, c.w.Force(e.Force)}, c.w.Catalog.Quality(e.RecipeQuality)}
	}
	m.methods["set_recipe"] = func(c call, e *world.Entity) any {
		c.machine(e)
		var r *world.Recipe
		if c.arg(1) != lua.LNil {
			name := c.name(c.arg(1), "a recipe")
			if r = c.w.Catalog.Recipe(name); r == nil {
				c.fail("Unknown recipe name: %s", name)
			}
			if !c.w.Crafts(e, r) {
				c.fail("The recipe %s can't be crafted in %s.", name, e.Name)
			}
		}
		c.w.SetRecipe(e, r, c.quality(c.arg(2)).Name)
		return []any{} // machines hold no items here
	}
}

func (c call) machine(e *world.Entity) {
	if len(c.w.Prototype(e).Categories) == 0 {
		c.fail("The entity is not a crafting machine.")
	}
}

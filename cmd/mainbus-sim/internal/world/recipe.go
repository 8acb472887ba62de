package world

import "slices"

// Crafts says whether an entity is a machine that may have this recipe. Nothing is crafted here: the recipe decides only
// which fluid the machine holds.
func (w *World) Crafts(e *Entity, r *Recipe) bool {
	return slices.Contains(w.Prototype(e).Categories, r.Category)
}

// SetRecipe gives a machine a recipe, or none if r is nil. A fluid that the recipe doesn't have is removed.
func (w *World) SetRecipe(e *Entity, r *Recipe, quality string) {
	e.Recipe, e.RecipeQuality = "", ""
	if r != nil {
		e.Recipe, e.RecipeQuality = r.Name, quality
	}
	if e.Fluid != nil && !w.holds(e, e.Fluid.Name) {
		w.SetFluid(e, nil)
	}
}

// holds says whether an entity's fluid box is for a fluid: a machine's is for those of its recipe.
func (w *World) holds(e *Entity, fluid string) bool {
	if len(w.Prototype(e).Categories) == 0 {
		return true
	}
	r := w.Catalog.Recipe(e.Recipe)
	return r != nil && slices.ContainsFunc(slices.Concat(r.Ingredients, r.Products), func(p Part) bool {
		return p.Type == "fluid" && p.Name == fluid
	})
}

// RecipeEnabled says whether a force may use a recipe.
func (f *Force) RecipeEnabled(r *Recipe) bool {
	if enabled, told := f.Recipes[r.Name]; told {
		return enabled
	}
	return r.Enabled
}

// EnableRecipe lets a force use a recipe, or not.
func (f *Force) EnableRecipe(r *Recipe, enabled bool) {
	if f.Recipes == nil {
		f.Recipes = map[string]bool{}
	}
	f.Recipes[r.Name] = enabled
}

// Spawn is where players of a force appear on a surface: in its middle unless a script said otherwise.
func (f *Force) Spawn(s *Surface) Point { return f.Spawns[s.Index] }

// SetSpawn moves that place.
func (f *Force) SetSpawn(s *Surface, at Point) {
	if f.Spawns == nil {
		f.Spawns = map[int]Point{}
	}
	f.Spawns[s.Index] = at
}

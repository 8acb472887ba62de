package mapgen

import "strings"

// Controls of the base game and of space-age.
var (
	resources     = []string{"coal", "stone", "copper-ore", "iron-ore", "uranium-ore", "crude-oil"}
	baseControls  = append(strings.Fields("water trees enemy-base rocks starting_area_moisture nauvis_cliff"), resources...)
	spaceControls = strings.Fields(`vulcanus_coal calcite sulfuric_acid_geyser tungsten_ore vulcanus_volcanism
		gleba_stone gleba_water gleba_plants gleba_enemy_base gleba_cliff fulgora_islands fulgora_cliff scrap
		lithium_brine fluorine_vent aquilo_crude_oil`)
)

func controlNames(mods map[string]string) []string {
	names := append([]string{}, baseControls...)
	if _, ok := mods["space-age"]; ok {
		names = append(names, spaceControls...)
	}
	return names
}

func defaultGen(mods map[string]string) object {
	controls := object{}
	for _, name := range controlNames(mods) {
		controls[name] = size(1, 1, 1)
	}
	return object{
		"width": 0, "height": 0, "starting_area": 1, "peaceful_mode": false, "no_enemies_mode": false,
		"autoplace_controls": controls,
		"cliff_settings": object{
			"name": "cliff", "cliff_elevation_0": 10, "cliff_elevation_interval": 40, "richness": 1,
		},
		"property_expression_names": object{}, "starting_points": []any{object{"x": 0, "y": 0}}, "seed": nil,
	}
}

func size(frequency, size, richness float64) object {
	return object{"frequency": frequency, "size": size, "richness": richness}
}

// defaultMap are the map settings that some preset changes, and those beside them. The game has more.
func defaultMap() object {
	return object{
		"difficulty_settings": object{"technology_price_multiplier": 1, "spoil_time_modifier": 1},
		"pollution": object{
			"enabled": true, "diffusion_ratio": 0.02, "min_to_diffuse": 15, "ageing": 1, "expected_max_per_chunk": 150,
			"min_to_show_per_chunk": 50, "min_pollution_to_damage_trees": 60, "pollution_with_max_forest_damage": 150,
			"pollution_per_tree_damage": 50, "pollution_restored_per_tree_damage": 10, "max_pollution_to_restore_trees": 20,
			"enemy_attack_pollution_consumption_modifier": 1,
		},
		"enemy_evolution": object{"enabled": true, "time_factor": 4e-6, "destroy_factor": 0.002, "pollution_factor": 9e-7},
		"enemy_expansion": object{
			"enabled": true, "max_expansion_distance": 7, "settler_group_min_size": 5, "settler_group_max_size": 20,
			"min_expansion_cooldown": 14400, "max_expansion_cooldown": 216000,
		},
		"asteroids":                 object{"spawning_rate": 1, "max_ray_portals_expanded_per_tick": 100},
		"max_failed_behavior_count": 3,
	}
}

// preset is what differs from the default.
type preset struct {
	gen, settings object
}

func (p preset) apply(gen, settings object) {
	mergeObject(gen, p.gen)
	mergeObject(settings, p.settings)
}

func each(names []string, value object) object {
	out := object{}
	for _, name := range names {
		out[name] = value
	}
	return object{"autoplace_controls": out}
}

var deathWorld = object{
	"pollution":       object{"ageing": 0.5, "enemy_attack_pollution_consumption_modifier": 0.5},
	"enemy_evolution": object{"time_factor": 2e-5, "pollution_factor": 1.2e-6},
}

func marathon(settings object) object {
	out := object{"difficulty_settings": object{"technology_price_multiplier": 4}}
	mergeObject(out, settings)
	return out
}

// presets are those of the base game. Only what they change most is modelled.
var presets = map[string]preset{
	"default":        {},
	"rich-resources": {gen: each(resources, object{"richness": 2})},
	"marathon":       {settings: marathon(nil)},
	"death-world": {
		gen:      object{"starting_area": 0.75, "autoplace_controls": object{"enemy-base": object{"frequency": 2, "size": 2}}},
		settings: deathWorld,
	},
	"death-world-marathon": {
		gen:      object{"starting_area": 0.75, "autoplace_controls": object{"enemy-base": object{"frequency": 2, "size": 2}}},
		settings: marathon(deathWorld),
	},
	"rail-world": {
		gen:      each(resources, object{"frequency": 1. / 3, "size": 3}),
		settings: object{"enemy_evolution": object{"time_factor": 2e-6}, "enemy_expansion": object{"enabled": false}},
	},
	"ribbon-world": {gen: func() object {
		gen := each(resources, object{"frequency": 3, "size": 0.5, "richness": 2})
		gen["height"] = 128
		return gen
	}()},
}

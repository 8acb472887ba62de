package mapsettings

import (
	"maps"
	"math"

	"mainbus/hostagent/factorio/internal/jsonshape"
)

type shapes = map[string]jsonshape.Shape

// all gives every key the same shape.
func all(of jsonshape.Shape, keys ...string) shapes {
	out := make(shapes)
	for _, key := range keys {
		out[key] = of
	}
	return out
}

func object(parts ...shapes) jsonshape.Shape {
	members := make(shapes)
	for _, part := range parts {
		maps.Copy(members, part)
	}
	return jsonshape.Object(members)
}

// The keys are those of the game's examples, their types those of the machine-readable API, 1.1.110 to 2.1.9, and of map exchange
// strings up to 2.1.14.

func generationShape() jsonshape.Shape {
	number, truth, text, unsigned := jsonshape.Number(), jsonshape.Truth(), jsonshape.Text(), jsonshape.Whole(0, math.MaxUint32)
	size := jsonshape.Either(jsonshape.AtLeast(0), jsonshape.OneOf("none", "very-low", "very-small", "very-poor", "low", "small", "poor",
		"normal", "medium", "regular", "high", "big", "good", "very-high", "very-big", "very-good")).
		Called(`a number of at least 0 or a word such as "none", "low", "normal" or "very-high"`)
	controls := jsonshape.Dictionary(object(all(size, "frequency", "size", "richness")))
	return object(
		all(unsigned, "width", "height"),
		all(size, "starting_area", "terrain_segmentation", "water"),
		all(truth, "peaceful_mode", "no_enemies_mode", "default_enable_all_autoplace_controls"),
		shapes{
			"autoplace_controls": controls,
			"autoplace_settings": object(all(object(shapes{"treat_missing_as_default": truth, "settings": controls}), "entity", "tile", "decorative")),
			"cliff_settings": object(
				all(text, "name", "control"), all(number, "cliff_elevation_0", "cliff_elevation_interval", "cliff_smoothing"), all(size, "richness"),
			),
			"property_expression_names": jsonshape.Dictionary(text),
			"starting_points":           jsonshape.List(object(all(number, "x", "y"))),
			"seed":                      jsonshape.Either(unsigned, jsonshape.Null()),
			"territory_settings": object(
				shapes{"units": jsonshape.List(text)}, all(text, "territory_index_expression", "territory_variation_expression"),
				all(unsigned, "minimum_territory_size"),
			),
		},
	)
}

func mapShape() jsonshape.Shape {
	number, truth, unsigned := jsonshape.Number(), jsonshape.Truth(), jsonshape.Whole(0, math.MaxUint32)
	steering := object(all(number, "radius", "separation_force", "separation_factor"), all(truth, "force_unit_fuzzy_goto_behavior"))
	return object(shapes{
		"difficulty_settings": object(
			all(jsonshape.Whole(0, 1), "recipe_difficulty", "technology_difficulty"),
			all(jsonshape.AtLeast(0), "technology_price_multiplier", "spoil_time_modifier"),
			all(jsonshape.OneOf("after-victory", "always", "never"), "research_queue_setting"),
		),
		"pollution": object(all(truth, "enabled"), all(number,
			"diffusion_ratio", "min_to_diffuse", "ageing", "expected_max_per_chunk", "min_to_show_per_chunk", "min_pollution_to_damage_trees",
			"pollution_with_max_forest_damage", "pollution_per_tree_damage", "pollution_restored_per_tree_damage",
			"max_pollution_to_restore_trees", "enemy_attack_pollution_consumption_modifier")),
		"enemy_evolution": object(all(truth, "enabled"), all(number, "time_factor", "destroy_factor", "pollution_factor")),
		"enemy_expansion": object(all(truth, "enabled"), all(unsigned,
			"min_base_spacing", "max_expansion_distance", "min_expansion_distance", "friendly_base_influence_radius",
			"enemy_building_influence_radius", "settler_group_min_size", "settler_group_max_size", "min_expansion_cooldown",
			"max_expansion_cooldown", "build_base_unit_dispatch_cooldown"), all(number,
			"building_coefficient", "other_base_coefficient", "neighbouring_chunk_coefficient", "neighbouring_base_chunk_coefficient",
			"max_colliding_tiles_coefficient", "evolution_group_size_factor")),
		"unit_group": object(all(unsigned,
			"min_group_gathering_time", "max_group_gathering_time", "max_wait_time_for_late_members", "tick_tolerance_when_member_arrives",
			"max_gathering_unit_groups", "max_unit_group_size"), all(number,
			"max_group_radius", "min_group_radius", "max_member_speedup_when_behind", "max_member_slowdown_when_ahead",
			"max_group_slowdown_factor", "max_group_member_fallback_factor", "member_disown_distance")),
		"steering":                  object(all(steering, "default", "moving")),
		"path_finder":               pathFinderShape(),
		"asteroids":                 object(all(number, "spawning_rate"), all(unsigned, "max_ray_portals_expanded_per_tick")),
		"max_failed_behavior_count": unsigned,
	})
}

func pathFinderShape() jsonshape.Shape {
	number, unsigned := jsonshape.Number(), jsonshape.Whole(0, math.MaxUint32)
	return object(
		all(jsonshape.Truth(), "use_path_cache"),
		all(unsigned,
			"fwd2bwd_ratio", "max_work_done_per_tick", "short_cache_size", "long_cache_size", "short_cache_min_algo_steps_to_cache",
			"cache_max_connect_to_cache_steps_multiplier", "max_clients_to_accept_any_new_request", "max_clients_to_accept_short_new_request",
			"direct_distance_to_consider_short_request", "short_request_max_steps", "min_steps_to_check_path_find_termination",
			"negative_path_cache_delay_interval"),
		all(number,
			"goal_pressure_ratio", "max_steps_worked_per_tick", "short_cache_min_cacheable_distance", "long_cache_min_cacheable_distance",
			"cache_accept_path_start_distance_ratio", "cache_accept_path_end_distance_ratio", "negative_cache_accept_path_start_distance_ratio",
			"negative_cache_accept_path_end_distance_ratio", "cache_path_start_distance_rating_multiplier",
			"cache_path_end_distance_rating_multiplier", "stale_enemy_with_same_destination_collision_penalty",
			"ignore_moving_enemy_collision_distance", "enemy_with_different_destination_collision_penalty",
			"general_entity_collision_penalty", "general_entity_subsequent_collision_penalty", "extended_collision_penalty",
			"short_request_ratio", "start_to_goal_cost_multiplier_to_terminate_path_find"),
		shapes{"overload_levels": jsonshape.List(unsigned), "overload_multipliers": jsonshape.List(number)},
	)
}

package exchange

import (
	"slices"

	"mainbus/hostagent/factorio"
)

// layout is how the strings of a version are stored. Names and types are those of the Lua API's MapGenSettings and
// MapAndDifficultySettings.
type layout struct{ mapGen, settings object }

func layoutOf(v factorio.Version) layout {
	return layout{mapGenLayout(v), mapLayout(v)}
}

var (
	v20 = factorio.Version{Major: 2}
	v21 = factorio.Version{Major: 2, Minor: 1}
	// The first version known with a delay between the groups that build a base; 2.1.12 has none.
	vDispatch = factorio.Version{Major: 2, Minor: 1, Patch: 13}
)

// plain fields of one kind.
func plain(k kind, keys ...string) (fields []field) {
	for _, key := range keys {
		fields = append(fields, field{key, k})
	}
	return fields
}

// optionals are fields of one kind that may be without a value: the map then has the game's own.
func optionals(k kind, keys ...string) []field { return plain(optional{k}, keys...) }

// when has fields only in some versions.
func when(has bool, fields []field) []field {
	if has {
		return fields
	}
	return nil
}

var (
	autoplace         = object(plain(float, "frequency", "size", "richness"))
	autoplaceSettings = object{{"treat_missing_as_default", truth}, {"settings", dictionary{autoplace}}}
	orientation       = object(plain(short, "x", "y"))
	box               = object{{"left_top", position}, {"right_bottom", position}, {"orientation", orientation}}
	territory         = object{
		{"units", list{text}}, {"territory_index_expression", text}, {"territory_variation_expression", text}, {"minimum_territory_size", unsigned},
	}
)

func mapGenLayout(v factorio.Version) object {
	is20 := v.Compare(v20) >= 0
	cliffs := slices.Concat(
		plain(text, "name"),
		when(is20, plain(text, "control")),
		plain(float, "cliff_elevation_0", "cliff_elevation_interval", "richness"),
		when(is20, plain(float, "cliff_smoothing")),
	)
	return slices.Concat(
		when(!is20, plain(float, "terrain_segmentation", "water")),
		[]field{{"autoplace_controls", dictionary{autoplace}}, {"autoplace_settings", dictionary{autoplaceSettings}}},
		plain(truth, "default_enable_all_autoplace_controls"),
		plain(unsigned, "seed", "width", "height"),
		[]field{{"area_to_generate_at_start", box}},
		plain(float, "starting_area"),
		plain(truth, "peaceful_mode"),
		when(is20, plain(truth, "no_enemies_mode")),
		[]field{{"starting_points", list{position}}, {"property_expression_names", dictionary{text}}, {"cliff_settings", object(cliffs)}},
		when(is20, optionals(territory, "territory_settings")),
	)
}

func mapLayout(v factorio.Version) object {
	is20, is21 := v.Compare(v20) >= 0, v.Compare(v21) >= 0
	return slices.Concat(
		[]field{{"pollution", pollution}},
		when(!is21, []field{{"steering", object{{"default", steering}, {"moving", steering}}}}),
		[]field{
			{"enemy_evolution", evolution}, {"enemy_expansion", expansionLayout(v)}, {"unit_group", unitGroup}, {"path_finder", pathFinder},
			{"max_failed_behavior_count", unsigned},
		},
		when(!is20, []field{{"difficulty_settings", difficulty11}}),
		when(is20, []field{{"difficulty_settings", difficulty20}, {"asteroids", asteroids}}),
	)
}

var (
	pollution = object(slices.Concat(
		optionals(truth, "enabled"),
		optionals(double, "diffusion_ratio", "min_to_diffuse", "ageing", "expected_max_per_chunk", "min_to_show_per_chunk",
			"min_pollution_to_damage_trees", "pollution_with_max_forest_damage", "pollution_per_tree_damage",
			"pollution_restored_per_tree_damage", "max_pollution_to_restore_trees", "enemy_attack_pollution_consumption_modifier"),
	))
	steering = object(slices.Concat(
		optionals(double, "radius", "separation_factor", "separation_force"),
		optionals(truth, "force_unit_fuzzy_goto_behavior"),
	))
	evolution = object(slices.Concat(
		optionals(truth, "enabled"),
		optionals(double, "time_factor", "destroy_factor", "pollution_factor"),
	))
	unitGroup = object(slices.Concat(
		optionals(unsigned, "min_group_gathering_time", "max_group_gathering_time", "max_wait_time_for_late_members"),
		optionals(double, "max_group_radius", "min_group_radius", "max_member_speedup_when_behind", "max_member_slowdown_when_ahead",
			"max_group_slowdown_factor", "max_group_member_fallback_factor", "member_disown_distance"),
		optionals(unsigned, "tick_tolerance_when_member_arrives", "max_gathering_unit_groups", "max_unit_group_size"),
	))
	difficulty11 = object{
		{"recipe_difficulty", small}, {"technology_difficulty", small}, {"technology_price_multiplier", double},
		{"research_queue_setting", oneOf("always", "after-victory", "never")},
	}
	difficulty20 = object(plain(double, "technology_price_multiplier", "spoil_time_modifier"))
	asteroids    = object(slices.Concat(optionals(double, "spawning_rate"), optionals(unsigned, "max_ray_portals_expanded_per_tick")))
)

func expansionLayout(v factorio.Version) object {
	is21 := v.Compare(v21) >= 0
	return slices.Concat(
		optionals(truth, "enabled"),
		optionals(unsigned, "max_expansion_distance"),
		when(is21, optionals(unsigned, "min_expansion_distance")),
		optionals(unsigned, "friendly_base_influence_radius", "enemy_building_influence_radius"),
		optionals(double, "building_coefficient", "other_base_coefficient", "neighbouring_chunk_coefficient",
			"neighbouring_base_chunk_coefficient", "max_colliding_tiles_coefficient"),
		optionals(unsigned, "settler_group_min_size", "settler_group_max_size"),
		when(is21, optionals(double, "evolution_group_size_factor")),
		optionals(unsigned, "min_expansion_cooldown", "max_expansion_cooldown"),
		when(v.Compare(vDispatch) >= 0, optionals(unsigned, "build_base_unit_dispatch_cooldown")),
	)
}

var pathFinder = object(slices.Concat(
	optionals(unsigned, "fwd2bwd_ratio"),
	optionals(double, "goal_pressure_ratio"),
	optionals(truth, "use_path_cache"),
	optionals(double, "max_steps_worked_per_tick"),
	optionals(unsigned, "max_work_done_per_tick", "short_cache_size", "long_cache_size"),
	optionals(double, "short_cache_min_cacheable_distance"),
	optionals(unsigned, "short_cache_min_algo_steps_to_cache"),
	optionals(double, "long_cache_min_cacheable_distance"),
	optionals(unsigned, "cache_max_connect_to_cache_steps_multiplier"),
	optionals(double, "cache_accept_path_start_distance_ratio", "cache_accept_path_end_distance_ratio",
		"negative_cache_accept_path_start_distance_ratio", "negative_cache_accept_path_end_distance_ratio",
		"cache_path_start_distance_rating_multiplier", "cache_path_end_distance_rating_multiplier",
		"stale_enemy_with_same_destination_collision_penalty", "ignore_moving_enemy_collision_distance",
		"enemy_with_different_destination_collision_penalty", "general_entity_collision_penalty",
		"general_entity_subsequent_collision_penalty", "extended_collision_penalty"),
	optionals(unsigned, "max_clients_to_accept_any_new_request", "max_clients_to_accept_short_new_request",
		"direct_distance_to_consider_short_request", "short_request_max_steps"),
	optionals(double, "short_request_ratio"),
	optionals(unsigned, "min_steps_to_check_path_find_termination"),
	optionals(double, "start_to_goal_cost_multiplier_to_terminate_path_find"),
	optionals(list{unsigned}, "overload_levels"),
	optionals(list{double}, "overload_multipliers"),
	optionals(unsigned, "negative_path_cache_delay_interval"),
))

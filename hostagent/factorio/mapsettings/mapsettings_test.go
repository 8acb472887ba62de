package mapsettings

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/internal/sample"
)

func parse(t *testing.T, kind Kind, text string) *File {
	t.Helper()
	f, err := Parse(kind, []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

func TestRealFiles(t *testing.T) {
	dir := sample.Dir(t, "map-settings")
	for _, test := range []struct {
		kind  Kind
		name  string
		games []string
		has   map[string]any
	}{
		{Generation, "2.0.77-map-gen-settings.example.json", []string{"1.1", "2.0", "2.1"}, map[string]any{
			"width": 0.0, "peaceful_mode": false, "autoplace_controls.enemy-base.size": 1.0, "cliff_settings.cliff_elevation_interval": 40.0,
			"property_expression_names.control:aux:bias": "0", "starting_points": []any{map[string]any{"x": 0.0, "y": 0.0}}, "seed": nil}},
		{Map, "2.0.77-map-settings.example.json", []string{"2.0"}, map[string]any{
			"difficulty_settings.spoil_time_modifier": 1.0, "pollution.enabled": true, "pollution.diffusion_ratio": 0.02, "enemy_evolution.time_factor": 4e-6,
			"enemy_expansion.max_expansion_cooldown": 216000.0, "steering.moving.radius": 3.0, "path_finder.overload_levels": []any{0.0, 100.0, 500.0},
			"asteroids.max_ray_portals_expanded_per_tick": 100.0, "max_failed_behavior_count": 3.0}},
	} {
		data, err := os.ReadFile(filepath.Join(dir, test.name))
		if err != nil {
			t.Fatal(err)
		}
		f := parse(t, test.kind, string(data))
		if got := f.Problems(); got != nil {
			t.Errorf("%s: problems %q", test.name, got)
		}
		if got := f.Games(); !reflect.DeepEqual(got, test.games) {
			t.Errorf("%s: games %q", test.name, got)
		}
		for path, want := range test.has {
			if got, ok := f.Get(strings.Split(path, ".")...); !ok || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s is %v, %v", test.name, path, got, ok)
			}
		}
		if string(f.Bytes()) != string(data) {
			t.Errorf("%s: written otherwise than it was read", test.name)
		}
	}
}

// What is in real map exchange strings has the same keys, the area that is made at the start, which no file has, and null for what
// the string leaves out.
func TestRealMaps(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(sample.Dir(t, "exchange-strings"), "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected map[string]json.RawMessage
	if err := json.Unmarshal(text, &expected); err != nil || len(expected) < 4 {
		t.Fatalf("%d, %v", len(expected), err)
	}
	for name, raw := range expected {
		kind, problems := Map, []string(nil)
		if strings.HasSuffix(name, "_map_gen_settings") {
			kind, problems = Generation, []string{`"area_to_generate_at_start" is no setting that the game has`}
		}
		game := "1.1"
		if strings.HasPrefix(name, "modified_v2") {
			game = "2.0"
			if kind == Generation {
				problems = append(problems, `"territory_settings" is null, but must be an object`)
			}
		}
		f := parse(t, kind, string(raw))
		if got := f.Problems(); !reflect.DeepEqual(got, problems) {
			t.Errorf("%s: problems %q", name, got)
		}
		if got := f.Games(); !slices.Contains(got, game) {
			t.Errorf("%s: games %q", name, got)
		}
	}
}

func TestSetKeepsTheRest(t *testing.T) {
	const text = "{\n  \"_seed_comment\": \"c\",\n  \"seed\": null,\n\n  \"future\": {\"a\": 1.50},\n  \"autoplace_controls\":\n  {\n    \"coal\": {\"size\": 1}\n  }\n}\n"
	f := parse(t, Generation, text)
	for _, set := range []struct {
		value any
		path  []string
	}{
		{uint32(1<<32 - 1), []string{"seed"}},
		{"very-big", []string{"autoplace_controls", "coal", "size"}},
		{0.5, []string{"autoplace_controls", "x y", "richness"}},
	} {
		if err := f.Set(set.value, set.path...); err != nil {
			t.Error(err)
		}
	}
	want := strings.NewReplacer("null", "4294967295", "{\"size\": 1}", "{\"size\": \"very-big\"},\n    \"x y\": {\"richness\": 0.5}").Replace(text)
	if got := string(f.Bytes()); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if shown := string(f.Shown()); strings.Contains(shown, "_seed") || !strings.HasPrefix(shown, `{"seed": 4294967295, "future": {"a": 1.50}, `) {
		t.Errorf("shown %s", shown)
	}
}

func TestSetRefuses(t *testing.T) {
	for _, test := range []struct {
		kind  Kind
		value any
		path  string
		want  string
	}{
		{Generation, -1, "seed", `map generation settings: "seed" is -1, but must be a whole number from 0 to 4294967295 or null`},
		{Generation, 1, "sead", `map generation settings: the game has no setting "sead"`},
		{Generation, 1, "pollution.ageing", `map generation settings: the game has no setting "pollution.ageing"`},
		{Map, "1", "pollution.ageing", `map settings: "pollution.ageing" is "1", but must be a number`},
		{Map, 1, "pollution", `map settings: "pollution" is 1, but must be an object`},
		{Map, map[string]any{"agein": 1}, "pollution", `map settings: "pollution.agein" is no setting that the game has`},
		{Map, func() {}, "pollution.ageing", `map settings: set pollution.ageing: json: unsupported type: func()`},
	} {
		f := parse(t, test.kind, "{}")
		if err := f.Set(test.value, strings.Split(test.path, ".")...); err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v\nwant %s", test.path, err, test.want)
		}
		if string(f.Bytes()) != "{}" {
			t.Errorf("%s: became %s", test.path, f.Bytes())
		}
	}
	if err := parse(t, Map, "{}").Set(1); err == nil {
		t.Error("the whole was set")
	}
}

func TestProblems(t *testing.T) {
	for _, test := range []struct {
		kind Kind
		text string
		want []string
	}{
		{Generation, `{}`, nil},
		{Generation, `{"width": -5, "height": 1.5}`, []string{
			`"width" is -5, but must be a whole number from 0 to 4294967295`, `"height" is 1.5, but must be a whole number from 0 to 4294967295`}},
		{Generation, `{"seed": "abc"}`, []string{`"seed" is "abc", but must be a whole number from 0 to 4294967295 or null`}},
		{Generation, `{"starting_area": "huge", "water": "none"}`, []string{
			`"starting_area" is "huge", but must be a number of at least 0 or a word such as "none", "low", "normal" or "very-high"`}},
		{Generation, `{"autoplace_controls": {"coal": 1, "_": 2, "x": {"freq": 1, "size": -1}}}`, []string{`"autoplace_controls.coal" is 1, but must be an object`,
			`"autoplace_controls.x.freq" is no setting that the game has`,
			`"autoplace_controls.x.size" is -1, but must be a number of at least 0 or a word such as "none", "low", "normal" or "very-high"`}},
		{Generation, `{"autoplace_settings": {"tile": {"settings": {"sand-1": {}}}, "trees": {}}}`, []string{`"autoplace_settings.trees" is no setting that the game has`}},
		{Generation, `{"property_expression_names": {"elevation": 5}, "starting_points": [{"x": 1}, [1, 2]]}`, []string{
			`"property_expression_names.elevation" is 5, but must be a text`, `"starting_points[1]" is [1,2], but must be an object`}},
		{Generation, `{"peaceful_mode": 0, "peaceful_mode": true}`, []string{`"peaceful_mode" is there more than once`, `"peaceful_mode" is 0, but must be true or false`}},
		{Generation, `{"water": 1, "no_enemies_mode": true}`, []string{
			"no version of the game has all of these settings: no_enemies_mode (2.0, 2.1), water (1.1)"}},
		{Generation, `{"pollution": {}}`, []string{`"pollution" is no setting that the game has`}},
		{Map, `{"difficulty_settings": {"recipe_difficulty": 2, "research_queue_setting": "sometimes"}}`, []string{
			`"difficulty_settings.recipe_difficulty" is 2, but must be a whole number from 0 to 1`,
			`"difficulty_settings.research_queue_setting" is "sometimes", but must be "after-victory" or "always" or "never"`}},
		{Map, `{"difficulty_settings": {"technology_price_multiplier": -1}, "pollution": true}`, []string{
			`"difficulty_settings.technology_price_multiplier" is -1, but must be a number of at least 0`, `"pollution" is true, but must be an object`}},
		{Map, `{"enemy_expansion": {"settler_group_min_size": 9, "settler_group_max_size": 5}, "unit_group": {"min_group_radius": 7, "max_group_radius": 6.5}}`, []string{
			"enemy_expansion.settler_group_min_size is 9, more than settler_group_max_size, which is 5",
			"unit_group.min_group_radius is 7, more than max_group_radius, which is 6.5"}},
		{Map, `{"path_finder": {"overload_levels": [0, 100], "overload_multipliers": [2], "use_path_cache": null}}`, []string{
			`"path_finder.use_path_cache" is null, but must be true or false`,
			"path_finder.overload_levels has 2 numbers, but overload_multipliers 1"}},
		{Map, `{"steering": {"default": {}}, "enemy_expansion": {"evolution_group_size_factor": 1}}`, []string{
			"no version of the game has all of these settings: enemy_expansion.evolution_group_size_factor (2.1), steering (1.1, 2.0)"}},
	} {
		if got := parse(t, test.kind, test.text).Problems(); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\n got %q\nwant %q", test.text, got, test.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "no JSON: the file is empty",
		"\n\n":                               "no JSON: the file is empty",
		"[]":                                 "it is a JSON array, but must be an object",
		"0":                                  "it is a JSON number, but must be an object",
		"false":                              "it is a JSON truth value, but must be an object",
		">>>eNpjZGBkYGBg<<<":                 "line 1, column 1: invalid character '>' looking for beginning of value",
		"{":                                  "line 1, column 2: the JSON ends too early",
		"{\"pollution\"":                     "line 1, column 13: the JSON ends too early",
		"{\"pollution\":":                    "line 1, column 14: the JSON ends too early",
		"{\n\"pollution\": {\n":              "line 2, column 15: the JSON ends too early",
		"{\"pollution\": {\"enabled\": tr":   "line 1, column 29: the JSON ends too early",
		"{\"seed\": 0x10}":                   "line 1, column 11: invalid character 'x' after object key:value pair",
		"{\"seed\": 1,000}":                  "line 1, column 12: invalid character '0' looking for beginning of object key string",
		"{\"seed\": nil}":                    "line 1, column 11: invalid character 'i' in literal null (expecting 'u')",
		"{\"seed\": Infinity}":               "line 1, column 10: invalid character 'I' looking for beginning of value",
		"{\"pollution\": {\"ageing\": .5}}":  "line 1, column 26: invalid character '.' looking for beginning of value",
		"{\"pollution\": {\"ageing\": 5.}}":  "line 1, column 28: invalid character '}' after decimal point in numeric literal",
		"{\"pollution\": {\"ageing\": 0,5}}": "line 1, column 28: invalid character '5' looking for beginning of object key string",
		"{\"pollution\": {\"ageing\": 4e-}}": "line 1, column 29: invalid character '}' in exponent of numeric literal",
		"{\"starting_points\": [{\"x\": 1]}": "line 1, column 29: invalid character ']' after object key:value pair",
		"{\"pollution\" = {}}":               "line 1, column 14: invalid character '=' after object key",
		"{\"pollution\": {}}}":               "line 1, column 18: invalid character '}' after top-level value",
		"{\"a\": 1} // end":                  "line 1, column 10: invalid character '/' after top-level value",
		"{\n\n\"_c\": \"\x80\"}":             "line 3, column 8: byte 0x80 is not UTF-8",
		"\xfe\xff\x00{\x00}":                 "the text is UTF-16: save it as UTF-8",
		strings.Repeat(`{"autoplace_controls":`, 101) + "1" + strings.Repeat("}", 101): "line 1, column 2202: nested deeper than 100",
		"{" + strings.Repeat(" ", 1<<20):                                               "1048577 bytes, more than 1 MiB",
	} {
		for _, kind := range []Kind{Map, Generation} {
			if _, err := Parse(kind, []byte(text)); err == nil || err.Error() != kind.String()+": "+want {
				t.Errorf("%.40q: got %v\nwant %s", text, err, want)
			}
		}
	}
}

// keys are every setting of every game: t is a truth value, u a whole number, n a number, s a text, w a size, l and m lists of whole
// numbers and of numbers.
var keys = map[Kind]string{
	Generation: `u:width u:height u:seed w:starting_area w:terrain_segmentation w:water t:peaceful_mode t:no_enemies_mode
		t:default_enable_all_autoplace_controls w:autoplace_controls.coal.frequency w:autoplace_controls.coal.size w:autoplace_controls.coal.richness
		t:autoplace_settings.tile.treat_missing_as_default w:autoplace_settings.entity.settings.fish.size s:cliff_settings.name s:cliff_settings.control
		n:cliff_settings.cliff_elevation_0 n:cliff_settings.cliff_elevation_interval n:cliff_settings.cliff_smoothing w:cliff_settings.richness
		s:property_expression_names.elevation s:territory_settings.territory_index_expression s:territory_settings.territory_variation_expression
		u:territory_settings.minimum_territory_size`,
	Map: `u:difficulty_settings.recipe_difficulty u:difficulty_settings.technology_difficulty n:difficulty_settings.technology_price_multiplier
		n:difficulty_settings.spoil_time_modifier t:pollution.enabled n:pollution.diffusion_ratio n:pollution.min_to_diffuse n:pollution.ageing
		t:enemy_evolution.enabled n:enemy_evolution.time_factor n:enemy_evolution.destroy_factor n:enemy_evolution.pollution_factor
		t:enemy_expansion.enabled u:enemy_expansion.max_expansion_distance u:enemy_expansion.min_expansion_distance u:enemy_expansion.min_base_spacing
		n:enemy_expansion.building_coefficient n:enemy_expansion.evolution_group_size_factor u:enemy_expansion.build_base_unit_dispatch_cooldown
		u:unit_group.max_unit_group_size n:unit_group.member_disown_distance n:steering.default.radius t:steering.moving.force_unit_fuzzy_goto_behavior
		u:path_finder.fwd2bwd_ratio t:path_finder.use_path_cache n:path_finder.max_steps_worked_per_tick l:path_finder.overload_levels
		m:path_finder.overload_multipliers n:asteroids.spawning_rate u:asteroids.max_ray_portals_expanded_per_tick u:max_failed_behavior_count`,
}

func generate(r *rand.Rand, kind string) any {
	switch kind {
	case "t":
		return r.IntN(2) == 0
	case "u":
		return float64(r.IntN(2))
	case "n":
		return []float64{0, 0.02, 4e-6, 1e300}[r.IntN(4)]
	case "w":
		return []any{0.0, 1.5, "none", "very-good"}[r.IntN(4)]
	case "l", "m":
		return [][]any{{}, {1.0}, {0.0, 100.0}}[r.IntN(3)]
	}
	return []string{"", "a b", "\"<ä>\\\n"}[r.IntN(3)]
}

func TestGeneratedSettingsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 30 {
		for _, game := range games {
			for kind, list := range keys {
				f := parse(t, kind, "{}")
				want := make(map[string]any)
				for _, key := range strings.Fields(list) {
					letter, path, _ := strings.Cut(key, ":")
					top, _, _ := strings.Cut(path, ".")
					if r.IntN(3) == 0 || slices.ContainsFunc([]string{path, top}, func(k string) bool { return only[k] != nil && !slices.Contains(only[k], game) }) {
						continue
					}
					want[path] = generate(r, letter)
					if err := f.Set(want[path], strings.Split(path, ".")...); err != nil {
						t.Fatal(err)
					}
				}
				f = parse(t, kind, string(f.Bytes()))
				for path, value := range want {
					if got, ok := f.Get(strings.Split(path, ".")...); !ok || !reflect.DeepEqual(got, value) {
						t.Fatalf("%s is %v, want %v in %s", path, got, value, f.Bytes())
					}
				}
				if !slices.Contains(f.Games(), game) {
					t.Fatalf("%s is not among %q: %s", game, f.Games(), f.Bytes())
				}
				for _, p := range f.Problems() { // of what is random only the order of limits may be wrong
					if !strings.Contains(p, ", more than ") && !strings.Contains(p, " numbers, but ") {
						t.Fatalf("%s in %s", p, f.Bytes())
					}
				}
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"seed": null, "autoplace_controls": {"coal": {"size": "big"}}, "starting_points": [{"x": 1}], "_c": [], "x": {}}`), true)
	f.Add([]byte(`{"pollution": {"ageing": 1}, "path_finder": {"overload_levels": [1], "overload_multipliers": []}, "steering": {}}`), false)
	f.Fuzz(func(t *testing.T, data []byte, generation bool) {
		kind := Map
		if generation {
			kind = Generation
		}
		file, err := Parse(kind, data)
		if err != nil {
			return
		}
		for _, p := range file.Problems() {
			if len(p) > 2000 || strings.ContainsAny(p, "\n\x1b") {
				t.Errorf("a problem of %d bytes: %q", len(p), p)
			}
		}
		file.Games()
		if !json.Valid(file.Shown()) {
			t.Errorf("shown %s", file.Shown())
		}
		path := map[Kind][]string{Map: {"pollution", "ageing"}, Generation: {"cliff_settings", "cliff_elevation_0"}}[kind]
		if err := file.Set(0.25, path...); err != nil {
			t.Fatal(err)
		}
		again, err := Parse(kind, file.Bytes())
		if err != nil {
			t.Fatalf("%v in %s", err, file.Bytes())
		}
		if got, ok := again.Get(path...); !ok || got != 0.25 {
			t.Errorf("%v, %v in %s", got, ok, file.Bytes())
		}
	})
}

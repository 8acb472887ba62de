package exchange

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/encoded"
	"mainbus/hostagent/factorio/internal/bin"
	"mainbus/hostagent/factorio/internal/sample"
)

// versions has one of each layout, and the edges between them.
var versions = []factorio.Version{
	{Minor: 17}, {Major: 1, Minor: 1, Patch: 110}, {Major: 2}, {Major: 2, Patch: 77, Developer: 1}, {Major: 2, Minor: 1, Patch: 9, Developer: 3},
	{Major: 2, Minor: 1, Patch: 12}, {Major: 2, Minor: 1, Patch: 13}, {Major: 2, Minor: 1, Patch: 17},
}

func samples(t testing.TB) map[string]string {
	t.Helper()
	var texts map[string]string
	decodeFile(t, "strings.json", &texts)
	if len(texts) < 2 {
		t.Fatalf("%d strings", len(texts))
	}
	return texts
}

func decodeFile(t testing.TB, name string, to any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(sample.Dir(t, "exchange-strings"), name))
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSamples(t *testing.T) {
	var expected map[string]json.RawMessage
	decodeFile(t, "expected.json", &expected)
	for name, text := range samples(t) {
		s, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := json.Marshal(s)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		// Byte for byte, order and numbers included.
		var want bytes.Buffer
		fmt.Fprintf(&want, `{"map_gen_settings":%s,"map_settings":%s}`, expected[name+"_map_gen_settings"], expected[name+"_map_settings"])
		var compact bytes.Buffer
		if err := json.Compact(&compact, want.Bytes()); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, compact.Bytes()) {
			t.Errorf("%s: JSON differs\n got %s\nwant %s", name, got, compact.Bytes())
		}
		data, err := s.data()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		joined := strings.Join(strings.Fields(text), "")
		if was, err := encoded.Decode(joined[3:len(joined)-3], maxData); err != nil || !bytes.Equal(data, was) {
			t.Errorf("%s: written otherwise than it was read, %v\n got %q\nwant %q", name, err, data, was)
		}
	}
}

func TestWhiteSpaceAnywhere(t *testing.T) {
	text, want := written(t, versions[2])
	spaced := "\ufeff"
	for i, c := range text {
		spaced += string(c) + []string{" ", "\r\n", "\t", "\u200b", "\u00a0", ""}[i%6]
	}
	if got, err := Parse(spaced); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v", err)
	}
	if !Is(spaced) || !Is(" \n>> >e") || Is(">>") || Is("x>>>") || Is("") {
		t.Error("map exchange strings are not told apart")
	}
}

// count is small most of the time.
func count(r *rand.Rand, most int) int {
	if r.IntN(30) == 0 {
		return most
	}
	return r.IntN(4)
}

func accepts(w *writer, k kind, value any) bool {
	k.write(w, value)
	return w.err == nil
}

// random makes a value of any kind.
func random(t testing.TB, r *rand.Rand, k kind) any {
	switch k := k.(type) {
	case scalar[bool]:
		return r.IntN(2) == 0
	case scalar[uint8]:
		return uint8(r.IntN(256))
	case scalar[int16]:
		return int16(r.Uint32())
	case scalar[uint32]:
		return r.Uint32()
	case scalar[float32]:
		return float32(r.NormFloat64())
	case scalar[float64]:
		return math.Ldexp(r.NormFloat64(), r.IntN(100)-50)
	case scalar[Position]:
		if r.IntN(2) == 0 {
			return Position{int32(r.Uint32()), int32(r.Uint32())}
		}
		return Position{int32(r.IntN(60000)), int32(r.IntN(60000))}
	case scalar[string]:
		if !accepts(new(writer), k, "any") {
			return []string{"always", "after-victory", "never"}[r.IntN(3)]
		}
		return strings.Repeat(string(rune('a'+r.IntN(300))), count(r, 300))
	case optional:
		if r.IntN(4) == 0 {
			return nil
		}
		return random(t, r, k.of)
	case list:
		var values List
		for range count(r, 300) {
			values = append(values, random(t, r, k.of))
		}
		return values
	case object:
		values := Object{}
		for _, f := range k {
			values = append(values, Member{f.key, random(t, r, f.kind)})
		}
		return values
	case dictionary:
		var values Object
		for i := range count(r, 12) {
			values = append(values, Member{fmt.Sprint("key-", i), random(t, r, k.of)})
		}
		return values
	}
	t.Fatalf("a kind of type %T is not generated", k)
	return nil
}

func generated(t testing.TB, r *rand.Rand, v factorio.Version) Settings {
	l := layoutOf(v)
	mapGen, _ := random(t, r, l.mapGen).(Object)
	settings, _ := random(t, r, l.settings).(Object)
	return Settings{Version: v, Flag: r.IntN(9) == 0, MapGen: mapGen, Map: settings}
}

func written(t testing.TB, v factorio.Version) (string, Settings) {
	t.Helper()
	s := generated(t, rand.New(rand.NewPCG(1, 2)), v)
	text, err := s.Text()
	if err != nil {
		t.Fatal(err)
	}
	return text, s
}

func TestGeneratedStringsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, v := range versions {
		for range 50 {
			want := generated(t, r, v)
			text, err := want.Text()
			if err != nil {
				t.Fatalf("%v: %v", v, err)
			}
			if got, err := Parse(text); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%v: %v\n got %+v\nwant %+v", v, err, got, want)
			}
			if text, err := json.Marshal(want); err != nil || !json.Valid(text) {
				t.Fatalf("%v: JSON %s, %v", v, text, err)
			}
		}
	}
}

// What each version has that others have not.
func TestKeysOfVersions(t *testing.T) {
	for _, test := range []struct {
		group, key string
		in         string // of versions
	}{
		{"map_gen_settings", "water", "0.17.0 1.1.110"},
		{"map_gen_settings", "seed", "0.17.0 1.1.110 2.0.0 2.0.77 2.1.9 2.1.12 2.1.13 2.1.17"},
		{"map_gen_settings", "no_enemies_mode", "2.0.0 2.0.77 2.1.9 2.1.12 2.1.13 2.1.17"},
		{"cliff_settings", "cliff_smoothing", "2.0.0 2.0.77 2.1.9 2.1.12 2.1.13 2.1.17"},
		{"map_settings", "steering", "0.17.0 1.1.110 2.0.0 2.0.77"},
		{"map_settings", "asteroids", "2.0.0 2.0.77 2.1.9 2.1.12 2.1.13 2.1.17"},
		{"difficulty_settings", "recipe_difficulty", "0.17.0 1.1.110"},
		{"difficulty_settings", "spoil_time_modifier", "2.0.0 2.0.77 2.1.9 2.1.12 2.1.13 2.1.17"},
		{"enemy_expansion", "min_expansion_distance", "2.1.9 2.1.12 2.1.13 2.1.17"},
		{"enemy_expansion", "evolution_group_size_factor", "2.1.9 2.1.12 2.1.13 2.1.17"},
		{"enemy_expansion", "build_base_unit_dispatch_cooldown", "2.1.13 2.1.17"},
	} {
		var in []string
		for _, v := range versions {
			s := generated(t, rand.New(rand.NewPCG(1, 2)), v)
			text, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			var groups map[string]map[string]json.RawMessage
			if err := json.Unmarshal(text, &groups); err != nil {
				t.Fatal(err)
			}
			has := groups[test.group] != nil && groups[test.group][test.key] != nil
			for _, group := range groups {
				var keys map[string]json.RawMessage
				if json.Unmarshal(group[test.group], &keys) == nil && keys[test.key] != nil {
					has = true
				}
			}
			if has {
				in = append(in, v.String())
			}
		}
		if got := strings.Join(in, " "); got != test.in {
			t.Errorf("%s, %s: in %s, want %s", test.group, test.key, got, test.in)
		}
	}
	s := generated(t, rand.New(rand.NewPCG(1, 2)), versions[7])
	var keys []string
	expansion, _ := s.Map.Get("enemy_expansion")
	for _, m := range expansion.(Object) {
		keys = append(keys, m.Key)
	}
	const want = "enabled max_expansion_distance min_expansion_distance friendly_base_influence_radius enemy_building_influence_radius " +
		"building_coefficient other_base_coefficient neighbouring_chunk_coefficient neighbouring_base_chunk_coefficient " +
		"max_colliding_tiles_coefficient settler_group_min_size settler_group_max_size evolution_group_size_factor " +
		"min_expansion_cooldown max_expansion_cooldown build_base_unit_dispatch_cooldown"
	if got := strings.Join(keys, " "); got != want {
		t.Errorf("enemy_expansion of 2.1.17 is %s", got)
	}
}

func TestGetSet(t *testing.T) {
	s := generated(t, rand.New(rand.NewPCG(1, 2)), versions[2])
	s.MapGen.Set("seed", uint32(7))
	s.MapGen.Set("starting_points", List{Position{256, -128}})
	text, err := s.Text()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := got.MapGen.Get("seed"); !ok || v != uint32(7) {
		t.Errorf("seed %v, %v", v, ok)
	}
	if v, ok := got.Map.Get("asteroids", "none"); ok || v != nil {
		t.Errorf("a key that is not there: %v", v)
	}
	if v, ok := got.MapGen.Get("seed", "deeper"); ok {
		t.Errorf("a key of a number: %v", v)
	}
	points, _ := got.MapGen.Get("starting_points")
	if b, err := json.Marshal(Object{{"p", points}}); err != nil || string(b) != `{"p":[{"x":1,"y":-0.5}]}` {
		t.Errorf("%s, %v", b, err)
	}
}

// The bytes are written out, so that reader and writer can't be wrong alike.
func TestPositions(t *testing.T) {
	list := list{position}
	for _, test := range []struct {
		values List
		bytes  string
	}{
		{List{Position{}}, "\x01\x00\x00\x00\x00"},
		{List{Position{256, -256}, Position{257, -257}}, "\x02\x00\x01\x00\xff\x01\x00\xff\xff"},
		{List{Position{far - 1, 0}}, "\x01\xfe\x7f\x00\x00"},
		{List{Position{far, 0}}, "\x01\xff\x7f\xff\x7f\x00\x00\x00\x00\x00\x00"},
		{List{Position{0, far}}, "\x01\x00\x00\xff\x7f"},
		{List{Position{0, far + 1}}, "\x01\xff\x7f\x00\x00\x00\x00\x00\x80\x00\x00"},
		{List{Position{math.MinInt32, math.MaxInt32}, Position{math.MaxInt32, math.MinInt32}},
			"\x02\xff\x7f\x00\x00\x00\x80\xff\xff\xff\x7f\xff\x7f\xff\xff\xff\x7f\x00\x00\x00\x80"},
	} {
		var w writer
		if list.write(&w, test.values); w.err != nil || string(w.b) != test.bytes {
			t.Errorf("%v is written as %q, %v", test.values, w.b, w.err)
		}
		r := reader{in: bin.NewReader(strings.NewReader(test.bytes))}
		if got := list.read(&r); r.in.Err() != nil || !reflect.DeepEqual(got, test.values) {
			t.Errorf("%q is read as %v, %v", test.bytes, got, r.in.Err())
		}
	}
}

// sealed makes a string of content with a right checksum.
func sealed(content []byte) string {
	return begin + encoded.Encode(binary.LittleEndian.AppendUint32(slices.Clone(content), crc32.ChecksumIEEE(content))) + end
}

func TestParseRefuses(t *testing.T) {
	s := generated(t, rand.New(rand.NewPCG(1, 2)), versions[3])
	s.MapGen.Set("autoplace_controls", Object{})
	text, err := s.Text()
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.data()
	if err != nil {
		t.Fatal(err)
	}
	content := data[:len(data)-4]
	changed := bytes.Clone(data)
	changed[20] ^= 1
	head := string(content[:9])
	const coal = "\x04coal\x00\x00\x80\x3f\x00\x00\x80\x3f\x00\x00\x80\x3f"
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "it does not begin with >>>"},
		{"a blueprint", "0eNqr", "it does not begin with >>>"},
		{"no end", text[:len(text)-2], "it does not end with <<<: its end is missing, or something follows it"},
		{"words behind", text + " hi", "it does not end with <<<: its end is missing, or something follows it"},
		{"nothing in it", ">>><<<", "there is no encoded text"},
		{"no base64", ">>>e*<<<", "it is no base64: illegal base64 data at input byte 1"},
		{"no zlib", ">>>" + base64.StdEncoding.EncodeToString([]byte("text")) + "<<<", "it can't be inflated: zlib: invalid header"},
		{"cut in the middle", text[:203] + "<<<", "it can't be inflated: it ends too early"},
		{"too short", ">>>" + encoded.Encode([]byte("abc")) + "<<<", "its content of 3 bytes is too short"},
		{"a bomb", ">>>" + encoded.Encode(make([]byte, maxData+1)) + "<<<", "it inflates to more than it may, 1048576 bytes"},
		{"a changed byte", ">>>" + encoded.Encode(changed) + "<<<",
			fmt.Sprintf("its checksum is %08x, but that of its content is %08x: something in it was lost or changed",
				crc32.ChecksumIEEE(content), crc32.ChecksumIEEE(changed[:len(changed)-4]))},
		{"too old", sealed([]byte("\x00\x00\x10\x00\x33\x00\x00\x00\x00")), "it is of Factorio 0.16.51; only strings of 0.17 to 2.1 can be read and written"},
		{"too new", sealed([]byte("\x02\x00\x02\x00\x00\x00\x00\x00\x00")), "it is of Factorio 2.2.0; only strings of 0.17 to 2.1 can be read and written"},
		{"no version", sealed([]byte("\x02\x00\x00")),
			"its checksum is right, but its content is not as known of Factorio 2.0.0: it ends too early, at byte 3: unexpected EOF"},
		{"no settings", sealed([]byte(head)),
			`its checksum is right, but its content is not as known of Factorio 2.0.77: it ends too early, at byte 9: unexpected EOF (in "map_gen_settings", "autoplace_controls")`},
		{"cut in a setting", sealed([]byte(head + "\x01\x04coal\x00\x00")),
			`its checksum is right, but its content is not as known of Factorio 2.0.77: it ends too early, at byte 17: unexpected EOF (in "map_gen_settings", "autoplace_controls", "coal", "frequency")`},
		{"more settings than there are", sealed([]byte(head + "\xff\xff\xff\xff\xff" + coal)),
			`its checksum is right, but its content is not as known of Factorio 2.0.77: it ends too early, at byte 31: unexpected EOF (in "map_gen_settings", "autoplace_controls")`},
		{"a long key", sealed([]byte(head + "\x01\xff\x00\x00\x20\x00")),
			`its checksum is right, but its content is not as known of Factorio 2.0.77: before byte 15: 2097152 bytes where at most 1048576 may be (in "map_gen_settings", "autoplace_controls")`},
		{"a key twice", sealed([]byte(head + "\x02" + coal + coal)),
			`its checksum is right, but its content is not as known of Factorio 2.0.77: before byte 32: the key "coal" is there twice (in "map_gen_settings", "autoplace_controls")`},
		{"no truth value", sealed([]byte(head + "\x00\x00\x07")),
			`its checksum is right, but its content is not as known of Factorio 2.0.77: before byte 12: byte 7 where 0 or 1 belongs (in "map_gen_settings", "default_enable_all_autoplace_controls")`},
		{"a position outside of the map", sealed([]byte(head + "\x00\x00\x01" + strings.Repeat("\x00", 12) + "\xff\x7f\x00\x00\x00\x80\x00\x00\x00\x00" + "\xff\xff\x00\x00")),
			`its checksum is right, but its content is not as known of Factorio 2.0.77: before byte 38: a position outside of any map (in "map_gen_settings", "area_to_generate_at_start", "right_bottom")`},
		{"too much", sealed(append(slices.Clone(content), 1, 2)),
			fmt.Sprintf("its checksum is right, but its content is not as known of Factorio 2.0.77: 2 bytes too many behind the settings, which end at byte %d", len(content))},
		{"long", strings.Repeat(" ", maxText+1), "1048577 bytes, more than 1 MiB"},
	} {
		if got, err := Parse(test.text); err == nil || err.Error() != "map exchange string: "+test.want || got.MapGen != nil {
			t.Errorf("%s:\n got %v, %v\nwant %s", test.name, got.Version, err, test.want)
		}
	}
	for n := 9; n < len(content); n++ {
		cut := binary.LittleEndian.AppendUint32(bytes.Clone(content[:n]), crc32.ChecksumIEEE(content[:n]))
		if _, err := fromData(cut); err == nil || !strings.Contains(err.Error(), "it ends too early") {
			t.Fatalf("first %d bytes of the content: %v", n, err)
		}
	}
}

func TestTextRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Settings)
		want   string
	}{
		{"a version that is not known", func(s *Settings) { s.Version = next }, "it is of Factorio 2.2.0; only strings of 0.17 to 2.1 can be read and written"},
		{"no settings", func(s *Settings) { s.MapGen = nil }, `"map_gen_settings": "autoplace_controls" is missing`},
		{"another type", func(s *Settings) { s.MapGen.Set("seed", 7) }, `"map_gen_settings", "seed": a value of Go's type int, but it must be a uint32`},
		{"no list", func(s *Settings) { s.MapGen.Set("starting_points", "") }, `"map_gen_settings", "starting_points": a value of Go's type string, but it must be a exchange.List`},
		{"a group that is none", func(s *Settings) { s.Map.Set("pollution", nil) }, `"map_settings", "pollution": a value of Go's type <nil>, but it must be a exchange.Object`},
		{"no dictionary", func(s *Settings) { s.MapGen.Set("property_expression_names", true) },
			`"map_gen_settings", "property_expression_names": a value of Go's type bool, but it must be a exchange.Object`},
		{"a key of another version", func(s *Settings) { s.MapGen.Set("water", float32(1)) }, `"map_gen_settings": "water" is there, which strings of this version don't have`},
		{"a key twice", func(s *Settings) { s.Map = append(s.Map, s.Map[0]) }, `"map_settings": a key is there more than once`},
		{"a name twice", func(s *Settings) {
			s.MapGen.Set("property_expression_names", Object{{"a", "b"}, {"a", "b"}})
		}, `"map_gen_settings", "property_expression_names": the key "a" is there twice`},
		{"a word that is none", func(s *Settings) {
			*s = generated(t, rand.New(rand.NewPCG(1, 2)), versions[1])
			difficulty, _ := s.Map.Get("difficulty_settings")
			o := difficulty.(Object)
			o.Set("research_queue_setting", "sometimes")
		}, `"map_settings", "difficulty_settings", "research_queue_setting": "sometimes" is none of "always", "after-victory", "never"`},
		{"too much", func(s *Settings) {
			s.MapGen.Set("property_expression_names", Object{{"a", strings.Repeat("b", maxData)}})
		}, "bytes of settings, more than 1 MiB"},
	} {
		s := generated(t, rand.New(rand.NewPCG(1, 2)), versions[3])
		test.change(&s)
		if text, err := s.Text(); err == nil || !strings.HasPrefix(err.Error(), "map exchange string: ") || !strings.HasSuffix(err.Error(), test.want) || text != "" {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
	if _, err := json.Marshal(Object{{"a", 7}}); err == nil || !strings.Contains(err.Error(), "a value of Go's type int, which no map exchange string has") {
		t.Errorf("JSON of another type: %v", err)
	}
}

// The fuzzer works on what is inflated: no change of a string would get past its checksum. Its seeds are small.
func FuzzParse(f *testing.F) {
	for _, v := range versions {
		s := generated(f, rand.New(rand.NewPCG(1, 2)), v)
		for _, key := range []string{"autoplace_controls", "autoplace_settings", "property_expression_names"} {
			s.MapGen.Set(key, Object{})
		}
		data, err := s.data()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:len(data)-4])
	}
	f.Add([]byte(">>>eNo=<<<"))
	f.Fuzz(func(t *testing.T, content []byte) {
		_, _ = Parse(string(content))
		s, err := fromData(binary.LittleEndian.AppendUint32(bytes.Clone(content), crc32.ChecksumIEEE(content)))
		if err != nil {
			return
		}
		if _, err := json.Marshal(s); err != nil {
			t.Error(err)
		}
		data, err := s.data()
		if err != nil {
			t.Fatal(err)
		}
		again, err := fromData(data)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := again.data(); err != nil || !bytes.Equal(data, twice) {
			t.Errorf("written %q, again %q, %v", data, twice, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	text := samples(b)["modified_v2"]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkText(b *testing.B) {
	s, err := Parse(samples(b)["modified_v2"])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Text(); err != nil {
			b.Fatal(err)
		}
	}
}

package jsondoc

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

const file = `{
  "_comment": "keep & <me>",
  "name": "x",

  "visibility":
  {
    "public": true, "lan" : [1, 2.0]
  },
  "big": 12345678901234567890,
  "empty": {}
}
`

func TestChangesKeepTheRest(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(d *Doc) error
		from   string // part of file
		to     string // what replaces it
	}{
		{"nothing", func(*Doc) error { return nil }, "", ""},
		{"text", func(d *Doc) error { return d.Set("a<b>&\"", "name") }, `"x"`, `"a<b>&\""`},
		{"below", func(d *Doc) error { return d.Set(false, "visibility", "lan") }, `[1, 2.0]`, `false`},
		{"added", func(d *Doc) error { return d.Set(1, "added") }, `"empty": {}`, "\"empty\": {},\n  \"added\": 1"},
		{"added below", func(d *Doc) error { return d.Set(1, "visibility", "steam") }, `[1, 2.0]`, `[1, 2.0], "steam": 1`},
		{"added to nothing", func(d *Doc) error { return d.Set(1, "empty", "a") }, `{}`, `{"a": 1}`},
		{"added with its objects", func(d *Doc) error { return d.Set(1, "empty", "a", "b", "c") }, `{}`, `{"a": {"b": {"c": 1}}}`},
		{"no object on the way", func(d *Doc) error { return d.Set(1, "name", "a") }, `"x"`, `{"a": 1}`},
		{"last deleted", func(d *Doc) error { d.Delete("empty"); return nil }, ",\n  \"empty\": {}", ""},
		{"first deleted", func(d *Doc) error { d.Delete("_comment"); return nil }, "\"_comment\": \"keep & <me>\",\n  ", ""},
		{"deleted below", func(d *Doc) error { d.Delete("visibility", "lan"); return nil }, `, "lan" : [1, 2.0]`, ""},
		{"unknown deleted", func(d *Doc) error { d.Delete("visibility", "x", "y"); return nil }, "", ""},
	} {
		d, err := Parse([]byte(file))
		if err != nil {
			t.Fatal(err)
		}
		if err := test.change(d); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		want := strings.Replace(file, test.from, test.to, 1)
		if got := string(d.Bytes()); got != want {
			t.Errorf("%s: got %s", test.name, got)
		}
	}
}

func TestOnlyMemberDeleted(t *testing.T) {
	d, err := Parse([]byte(`{ "a":1 }`))
	if err != nil {
		t.Fatal(err)
	}
	if d.Delete("a"); string(d.Bytes()) != "{  }" {
		t.Errorf("got %s", d.Bytes())
	}
}

func TestGet(t *testing.T) {
	d, err := Parse([]byte("\ufeff" + file))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"big": "12345678901234567890", "visibility.lan": "[1, 2.0]", "empty": "{}"} {
		if got, ok := d.Get(strings.Split(path, ".")...); !ok || string(got) != want {
			t.Errorf("%s: %s, %v", path, got, ok)
		}
	}
	for _, path := range []string{"x", "name.x", "empty.x", "visibility.lan.0"} {
		if got, ok := d.Get(strings.Split(path, ".")...); ok {
			t.Errorf("%s: %s", path, got)
		}
	}
	var keys []string
	for _, m := range d.Members() {
		keys = append(keys, m.Key)
	}
	if want := []string{"_comment", "name", "visibility", "big", "empty"}; !reflect.DeepEqual(keys, want) {
		t.Errorf("keys %q", keys)
	}
	if all, ok := Elements([]byte(" [1, {}]")); !ok || len(all) != 2 || string(all[1]) != "{}" {
		t.Errorf("elements %s, %v", all, ok)
	}
	if _, ok := Elements([]byte("null")); ok {
		t.Error("null has elements")
	}
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		file: `{"name": "x", "visibility": {"public": true, "lan": [1, 2.0]}, "big": 12345678901234567890, "empty": {}}`,
		` [1 , {"_a":2}, [ {"b":{"_c":1,"d":"_e"}} ]]`: `[1, {}, [{"b": {"d": "_e"}}]]`,
		`{"a": 1, "_": {}, "b": 2, "a": 3}`:            `{"b": 2, "a": 3}`,
		" null ":                                       "null",
	} {
		if got := string(Plain([]byte(text))); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestDoubledKeys(t *testing.T) {
	d, err := Parse([]byte(`{"a": 1, "b": [{"c": 1, "c": 2}], "a": 3}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Doubled(); !reflect.DeepEqual(got, []string{"b..c", "a"}) {
		t.Errorf("doubled %q", got)
	}
	if got, _ := d.Get("a"); string(got) != "3" {
		t.Errorf("a is %s", got)
	}
	if err := d.Set(4, "a"); err != nil || string(d.Bytes()) != `{"a": 1, "b": [{"c": 1, "c": 2}], "a": 4}` {
		t.Errorf("%s, %v", d.Bytes(), err)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "no JSON: the file is empty",
		" \n":                    "no JSON: the file is empty",
		"\ufeff":                 "no JSON: the file is empty",
		"[]":                     "it is a JSON array, but must be an object",
		"null":                   "it is a JSON null, but must be an object",
		" -1.5":                  "it is a JSON number, but must be an object",
		`"{}"`:                   "it is a JSON text, but must be an object",
		"true":                   "it is a JSON truth value, but must be an object",
		"{\n  \"a\": 1,\n}":      "line 3, column 1: invalid character '}' looking for beginning of object key string",
		"{\"a\": 1 \"b\": 2}":    "line 1, column 9: invalid character '\"' after object key:value pair",
		"{\"a\" 1}":              "line 1, column 6: invalid character '1' after object key",
		"{a: 1}":                 "line 1, column 2: invalid character 'a' looking for beginning of object key string",
		"{'a': 1}":               "line 1, column 2: invalid character '\\'' looking for beginning of object key string",
		"{\n\"a\": tru }":        "line 2, column 9: invalid character ' ' in literal true (expecting 'e')",
		"{\"a\": NaN}":           "line 1, column 7: invalid character 'N' looking for beginning of value",
		"{\"a\": 01}":            "line 1, column 8: invalid character '1' after object key:value pair",
		"{\"a\": -}":             "line 1, column 8: invalid character '}' in numeric literal",
		"{\"a\": 1.}":            "line 1, column 9: invalid character '}' after decimal point in numeric literal",
		"{\"a\": 1e}":            "line 1, column 9: invalid character '}' in exponent of numeric literal",
		"{\"a\": \"\\x41\"}":     "line 1, column 9: invalid character 'x' in string escape code",
		"{\"a\": \"\\u00g0\"}":   "line 1, column 12: invalid character 'g' in \\u hexadecimal character escape",
		"{\"a\": \"b\nc\"}":      "line 1, column 9: invalid character '\\n' in string literal",
		"{\"a\": [1, 2}":         "line 1, column 12: invalid character '}' after array element",
		"{\"a\": [1, 2":          "line 1, column 12: the JSON ends too early",
		"{\n\"a\": 1\n":          "line 2, column 7: the JSON ends too early",
		"{\"a\": \"b":            "line 1, column 9: the JSON ends too early",
		"{\"a\": tr":             "line 1, column 9: the JSON ends too early",
		"{\"a\": -":              "line 1, column 8: the JSON ends too early",
		"{\"a\": tr ":            "line 1, column 9: invalid character ' ' in literal true (expecting 'u')",
		"{":                      "line 1, column 2: the JSON ends too early",
		"{} x":                   "line 1, column 4: invalid character 'x' after top-level value",
		"{}\n{}":                 "line 2, column 1: invalid character '{' after top-level value",
		"{}\x00":                 "line 1, column 3: invalid character '\\x00' after top-level value",
		"{\"a\": // comment\n}":  "line 1, column 7: invalid character '/' looking for beginning of value",
		"{\n\"a\": \"\xfc\"}":    "line 2, column 7: byte 0xfc is not UTF-8",
		"{\"\xc3\": 1}":          "line 1, column 3: byte 0xc3 is not UTF-8",
		"{\"\xed\xa0\x80\": 1}":  "line 1, column 3: byte 0xed is not UTF-8",
		"\xff\xfe{\x00}\x00":     "the text is UTF-16: save it as UTF-8",
		"\xfe\xff\x00{\x00}":     "the text is UTF-16: save it as UTF-8",
		"PK\x03\x04\x14\x00\x00": "line 1, column 1: invalid character 'P' looking for beginning of value",
		`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}": "line 1, column 106: nested deeper than 100",
		strings.Repeat(`{"a":`, 20_000):                                     "line 1, column 50001: nested deeper than 100",
		strings.Repeat(" ", 16<<20) + "{}":                                  "16777218 bytes of JSON, more than 16 MiB",
	} {
		if _, err := Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%.50q:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestParseLossy(t *testing.T) {
	for text, want := range map[string]struct {
		text  string
		lossy bool
		err   string
	}{
		"{\"\xfc\": 1}":      {"{\"\ufffd\": 1}", true, ""},
		"{\"ü\": 1}":         {"{\"ü\": 1}", false, ""},
		"{\xff":              {"", true, "line 1, column 2: invalid character 'ï' looking for beginning of object key string"},
		"\xff\xfe{\x00}\x00": {"", false, "the text is UTF-16: save it as UTF-8"},
	} {
		d, lossy, err := ParseLossy([]byte(text))
		if lossy != want.lossy || (err == nil) != (want.err == "") || err != nil && err.Error() != want.err || err == nil && string(d.Bytes()) != want.text {
			t.Errorf("%q: %v, %v", text, lossy, err)
		}
	}
}

// A file of nothing but doubled keys below long ones costs no more memory than its size allows.
func TestDoubledKeysAreBounded(t *testing.T) {
	d, err := Parse([]byte(`{"` + strings.Repeat("ä", 1<<16) + `": {` + strings.Repeat(`"a": 1, `, 1<<16) + `"a": 1}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Doubled(); len(got) != maxDoubled || got[0] != strings.Repeat("ä", maxTold/2)+".a" {
		t.Errorf("%d, first %.300q", len(got), got[0])
	}
}

func TestShort(t *testing.T) {
	for value, want := range map[string]string{
		` [1,` + "\n" + ` "a b"] `:          `[1,"a b"]`,
		`"` + strings.Repeat("ä", 30) + `"`: `"` + strings.Repeat("ä", 19) + "…",
		`"` + strings.Repeat("x", 38) + `"`: `"` + strings.Repeat("x", 38) + `"`,
		"{":                                 "no JSON",
	} {
		if got := Short([]byte(value)); got != want {
			t.Errorf("%s: %s", value, got)
		}
	}
}

// random makes any value, as encoding/json decodes it.
func random(r *rand.Rand, depth int) any {
	texts := []string{"", "a", "_c", "a.b", "\"<ä>\\\n", "\u2028", "null"}
	switch r.IntN(5 + min(depth, 1)*2) {
	case 0:
		return nil
	case 1:
		return r.IntN(2) == 0
	case 2:
		return math.Ldexp(r.NormFloat64(), r.IntN(200)-100)
	case 3:
		return float64(r.IntN(1 << 20))
	case 4:
		return texts[r.IntN(len(texts))]
	case 5:
		list := []any{}
		for range r.IntN(4) {
			list = append(list, random(r, depth-1))
		}
		return list
	}
	object := map[string]any{}
	for range r.IntN(4) {
		object[texts[r.IntN(len(texts))]] = random(r, depth-1)
	}
	return object
}

// What is built with Set alone reads back, over what was there before too, and what is deleted again leaves the rest.
func TestGeneratedDocumentsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 500 {
		d, err := Parse([]byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		want := make(map[string]any)
		for range r.IntN(12) {
			key := strconv.Itoa(r.IntN(8))
			if r.IntN(4) == 0 {
				d.Delete(key)
				delete(want, key)
				continue
			}
			want[key] = random(r, 4)
			if err := d.Set(want[key], key); err != nil {
				t.Fatal(err)
			}
		}
		again, err := Parse(d.Bytes())
		if err != nil {
			t.Fatalf("%v in %s", err, d.Bytes())
		}
		var got map[string]any
		if err := json.Unmarshal(again.Bytes(), &got); err != nil || !reflect.DeepEqual(got, want) || again.Doubled() != nil {
			t.Fatalf("%v, doubled %q, %s\nwant %v", err, again.Doubled(), again.Bytes(), want)
		}
	}
}

func FuzzDoc(f *testing.F) {
	f.Add([]byte(file), "visibility", "public")
	f.Add([]byte(`{"a":{"b":{}}}`), "a", "b")
	f.Fuzz(func(t *testing.T, text []byte, a, b string) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		if len(d.Bytes()) > len(text) {
			t.Error("the text grew")
		}
		if err := d.Set("value", a, b); err != nil {
			t.Fatal(err)
		}
		if !json.Valid(d.Bytes()) {
			t.Fatalf("Set made %s", d.Bytes())
		}
		key, _ := encode(a)
		below, _ := encode(b)
		var names [2]string // as they read back, where they are not UTF-8
		if json.Unmarshal(key, &names[0]) != nil || json.Unmarshal(below, &names[1]) != nil {
			t.Fatal("keys don't read back")
		}
		if got, ok := d.Get(names[0], names[1]); !ok || string(got) != `"value"` {
			t.Errorf("Get after Set: %s, %v in %s", got, ok, d.Bytes())
		}
		d.Delete(names[0])
		if !json.Valid(d.Bytes()) {
			t.Fatalf("Delete made %s", d.Bytes())
		}
	})
}

package jsondoc

import (
	"encoding/json"
	"reflect"
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
		"":                      "no JSON: the file is empty",
		" \n":                   "no JSON: the file is empty",
		"[]":                    "not the JSON object that it must be",
		"{\n  \"a\": 1,\n}":     "line 3, column 1: invalid character '}' looking for beginning of object key string",
		"{\"a\": 1 \"b\": 2}":   "line 1, column 9: invalid character '\"' after object key:value pair",
		"{\n\"a\": tru }":       "line 2, column 9: invalid character ' ' in literal true (expecting 'e')",
		"{\n\"a\": 1\n":         "line 2, column 7: the JSON ends too early",
		"{\"a\": \"b":           "line 1, column 9: the JSON ends too early",
		"{} x":                  "line 1, column 4: invalid character 'x' after top-level value",
		"{}\n{}":                "line 2, column 1: invalid character '{' after top-level value",
		"{\"a\": // comment\n}": "line 1, column 7: invalid character '/' looking for beginning of value",
		`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}": "line 1, column 106: nested deeper than 100",
		strings.Repeat(" ", 16<<20) + "{}":                                  "16777218 bytes of JSON, more than 16 MiB",
	} {
		if _, err := Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%.50q:\n got %v\nwant %s", text, err, want)
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

package jsonshape

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestProblems(t *testing.T) {
	size := Either(AtLeast(0), OneOf("none", "big"))
	whole := Object(map[string]Shape{
		"truth": Truth(), "text": Text(), "n": Number(), "size": size, "whole": Whole(-1, 1<<32-1), "maybe": Either(Whole(0, 9), Null()),
		"list": List(Object(map[string]Shape{"x": Number()})), "any": Dictionary(size), "pin": Text().Secret(), "called": size.Called("a size"),
	})
	for _, test := range []struct {
		value string
		want  []string
	}{
		{`{"truth": false, "text": "", "n": -1e-3, "size": "big", "whole": -1.0, "maybe": null, "list": [], "any": {}, "pin": "", "called": 3}`, nil},
		{`{"_": 1, "_text": 2, "list": [{"_x": {}}], "any": {"_": "huge", "a": 0}}`, nil},
		{` null `, []string{"the whole file is null, but must be an object"}},
		{`{"truth": "true", "text": null}`, []string{`"truth" is "true", but must be true or false`, `"text" is null, but must be a text`}},
		{`{"n": "1", "size": -1}`, []string{`"n" is "1", but must be a number`, `"size" is -1, but must be a number of at least 0 or "none" or "big"`}},
		{`{"n": 1e999}`, []string{`"n" is 1e999, but must be a number`}},
		{`{"size": "bi\u0067"}`, nil},
		{`{"whole": 4294967296}`, []string{`"whole" is 4294967296, but must be a whole number from -1 to 4294967295`}},
		{`{"whole": 0.5, "maybe": true}`, []string{
			`"whole" is 0.5, but must be a whole number from -1 to 4294967295`, `"maybe" is true, but must be a whole number from 0 to 9 or null`}},
		{`{"list": [{"x": 1}, {"x": {}}, 3]}`, []string{`"list[1].x" is {}, but must be a number`, `"list[2]" is 3, but must be an object`}},
		{`{"list": {}, "any": []}`, []string{`"list" is {}, but must be a list`, `"any" is [], but must be an object`}},
		{`{"any": {"a\u000ab": "c"}}`, []string{`"any.a\nb" is "c", but must be a number of at least 0 or "none" or "big"`}},
		{`{"pin": 1234, "called": ""}`, []string{`"pin" must be a text`, `"called" is "", but must be a size`}},
		{`{"Text": "", "list": [{"y": 1}]}`, []string{`"Text" is no setting that the game has`, `"list[0].y" is no setting that the game has`}},
		{`{"n": ["` + strings.Repeat("ä", 50) + "\",\n 2]}", []string{`"n" is ["` + strings.Repeat("ä", 19) + `…, but must be a number`}},
	} {
		if got := whole.Problems("", json.RawMessage(test.value)); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\n got %q\nwant %q", test.value, got, test.want)
		}
	}
}

func TestProblemsAreBounded(t *testing.T) {
	got := List(Null()).Problems("of", json.RawMessage("["+strings.Repeat("1,", 500)+"1]"))
	if len(got) != 101 || got[0] != `"of[0]" is 1, but must be null` || got[100] != "and 401 more" {
		t.Errorf("%d problems: %q … %q", len(got), got[0], got[len(got)-1])
	}
}

func TestAt(t *testing.T) {
	whole := Object(map[string]Shape{"a": Dictionary(Object(map[string]Shape{"b": Null()})), "list": List(Null())})
	if s, ok := whole.At("a", "any", "b"); !ok || s.is != "null" {
		t.Errorf("%+v, %v", s, ok)
	}
	for _, path := range [][]string{{"b"}, {"a", "any", "c"}, {"list", "0"}, {"a", "any", "b", "c"}} {
		if s, ok := whole.At(path...); ok {
			t.Errorf("%q: %+v", path, s)
		}
	}
}

func TestInt(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "5.0": 5, "-3e2": -300, "9007199254740992": 1 << 53} {
		if n, ok := Int(json.RawMessage(text)); !ok || n != want {
			t.Errorf("%s is %d, %v", text, n, ok)
		}
	}
	for _, text := range []string{"", "1.5", "9007199254740994", "1e300", "-1e300", "null", `"1"`, "NaN"} {
		if n, ok := Int(json.RawMessage(text)); ok {
			t.Errorf("%q is %d", text, n)
		}
	}
}

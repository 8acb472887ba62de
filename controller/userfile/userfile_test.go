package userfile

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		form    Form
		text    string
		want    []Entry
		skipped int
	}{
		{Admins, `["Ann", "bob", "ANN"]`, []Entry{{Name: "Ann", Admin: true}, {Name: "bob", Admin: true}}, 0},
		{Whitelist, `[]`, nil, 0},
		{Bans, `["Ann", {"username": "bob", "reason": "rude"}, {"username": "ann", "reason": "later", "address": "0.0.0.0"}]`,
			[]Entry{{Name: "Ann", Banned: true, Reason: "later"}, {Name: "bob", Banned: true, Reason: "rude"}}, 0},
		{Bans, `["a b", "/quit", {"username": "bob", "reason": "a\n/quit"}, "ok"]`, []Entry{{Name: "ok", Banned: true}}, 3},
		{Users, `{"export_version": "2.0.0-alpha.20", "users": [{"username": "Ann", "is_admin": true}, {"username": "ann", "is_banned": true, "ban_reason": "x"}, {"username": "b c"}]}`,
			[]Entry{{"Ann", true, false, true, "x", nil}}, 1},
	} {
		got, skipped, err := Parse(test.form, []byte(test.text))
		if err != nil || !reflect.DeepEqual(got, test.want) || len(skipped) != test.skipped {
			t.Errorf("%s: %+v, %q, %v", test.text, got, skipped, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct {
		form Form
		text string
		want string
	}{
		{Admins, `{"export_version": "1"}`, "list of players: it is a JSON object, but must be an array"},
		{Users, `["Ann"]`, "export of users: json: cannot unmarshal array into Go value of type userfile.export"},
		{Users, `{"users": []}`, "this is no export of users: it has no export_version"},
		{Users, `{"export_version": "1", "users": [{"username": 5}]}`, "export of users: json: cannot unmarshal number into Go struct field exported.users.username of type string"},
		{"roles", `[]`, `there is no form "roles" of files: use admins, bans, whitelist, users or clusterio`},
		{Users, strings.Repeat(" ", MaxBytes+1), "the file has 16777217 bytes, more than 16 MiB"},
	} {
		if _, _, err := Parse(test.form, []byte(test.text)); err == nil || err.Error() != test.want {
			t.Errorf("%s %.40s:\n got %v\nwant %s", test.form, test.text, err, test.want)
		}
	}
}

func TestWrittenFilesReadBack(t *testing.T) {
	all := []Entry{{Name: "plain"}, {Name: "a", Admin: true}, {Name: "w", Whitelisted: true}, {Name: "b", Banned: true, Reason: `said "no"`}, {"all", true, true, true, "", nil}}
	for form, names := range map[Form]string{Admins: "a all", Whitelist: "w all", Bans: "b all", Users: "a w b all"} {
		content, users := Write(form, all)
		got, skipped, err := Parse(form, content)
		if err != nil || len(skipped) > 0 || users != len(got) {
			t.Fatalf("%s: %v, %q", content, err, skipped)
		}
		var list []string
		for _, e := range got {
			list = append(list, e.Name)
			if banned := form == Bans || form == Users; banned && e.Name == "b" && e.Reason != `said "no"` {
				t.Errorf("%s: %+v", form, e)
			}
		}
		if strings.Join(list, " ") != names {
			t.Errorf("%s: %q in %s", form, list, content)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("users", []byte(`{"export_version": "1", "users": [{"username": "Ann", "is_banned": true, "ban_reason": "x"}]}`))
	f.Add("bans", []byte(`["a", {"username": "b", "reason": "x"}]`))
	f.Fuzz(func(t *testing.T, form string, data []byte) {
		entries, _, err := Parse(Form(form), data)
		if err != nil {
			return
		}
		if Form(form) == Clusterio {
			return // is only read
		}
		content, users := Write(Form(form), entries)
		again, skipped, err := Parse(Form(form), content)
		if err != nil || len(skipped) > 0 || len(again) != users {
			t.Fatalf("%d entries written as %s and read as %d: %q, %v", users, content, len(again), skipped, err)
		}
		twice, _ := Write(Form(form), again)
		if string(twice) != string(content) {
			t.Errorf("written %s\nagain %s", content, twice)
		}
	})
}

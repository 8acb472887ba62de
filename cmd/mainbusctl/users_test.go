package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mainbus/controller/api"
)

// asked notes what was asked for, and answers with it where a user is wanted.
func (c *cluster) asked(what string, r any) {
	text, _ := json.Marshal(r)
	c.sent = what + string(text)
}

var seen = time.Date(2026, 5, 6, 7, 8, 9, 0, time.Local)

func (c *cluster) Users(_ context.Context, _ api.Caller, r api.FindUsers) (api.UserPage, error) {
	c.asked("Users", r)
	if r.Text == "nobody" {
		return api.UserPage{}, nil
	}
	return api.UserPage{Total: 7, Users: []api.UserRecord{{
		Name: "Ann\x1b[2J", Seconds: 3*3600 + 120, Joins: 4, LastSeen: &seen, Admin: api.UserFlag{Set: true},
		Online: []api.Presence{{Instance: "i1", InstanceName: "nauvis"}, {Instance: "i2", InstanceName: "gleba", Unknown: true}},
	}}}, nil
}

func (c *cluster) User(_ context.Context, _ api.Caller, r api.UserRef) (api.UserDetails, error) {
	return api.UserDetails{
		UserRecord: api.UserRecord{Name: r.Name, Banned: api.UserFlag{Set: true, By: "anna", At: &seen}, BanReason: "rude", Notes: "n"},
		Plays:      []api.UserPlay{{Instance: "i9", Joins: 2, Seconds: 600, Reason: "afk"}},
	}, nil
}

func (c *cluster) UserHistory(_ context.Context, _ api.Caller, r api.ReadUserHistory) ([]api.UserVisit, error) {
	c.asked("UserHistory", r)
	return []api.UserVisit{{InstanceName: "nauvis", Joined: seen}, {ID: 5, InstanceName: "nauvis", Joined: seen, Left: &seen, Seconds: 60, Reason: "kicked"}}, nil
}

func (c *cluster) ChangeUser(_ context.Context, _ api.Caller, r api.ChangeUser) (api.UserRecord, error) {
	c.asked("ChangeUser", r)
	return api.UserRecord{Name: r.Name}, nil
}

func (c *cluster) BanUser(_ context.Context, _ api.Caller, r api.BanUser) (api.UserRecord, error) {
	c.asked("BanUser", r)
	return api.UserRecord{Name: r.Name, Banned: api.UserFlag{Set: true}}, nil
}

func (c *cluster) UnbanUser(_ context.Context, _ api.Caller, r api.UserRef) (api.UserRecord, error) {
	return api.UserRecord{}, api.Errorf(api.NotFound, "mainbusctl users list shows all users.", "there is no user %q", r.Name)
}

func (c *cluster) DeleteUser(_ context.Context, _ api.Caller, r api.UserRef) (api.UserRecord, error) {
	return api.UserRecord{Name: r.Name}, nil
}

func (c *cluster) ModeratePlayer(_ context.Context, _ api.Caller, r api.ModeratePlayer) ([]api.Moderated, error) {
	c.asked("ModeratePlayer", r)
	return []api.Moderated{{InstanceName: "nauvis"}, {InstanceName: "gleba", Problem: "the host is away"}}, nil
}

func (c *cluster) MessagePlayers(_ context.Context, _ api.Caller, r api.MessagePlayers) ([]api.Moderated, error) {
	c.asked("MessagePlayers", r)
	return []api.Moderated{{InstanceName: "nauvis", Answer: "ok"}}, nil
}

func (c *cluster) SendPlayer(_ context.Context, _ api.Caller, r api.SendPlayer) ([]api.Moderated, error) {
	c.asked("SendPlayer", r)
	return []api.Moderated{{InstanceName: "nauvis", Answer: "ok"}}, nil
}

func (c *cluster) bulk(what string, r any) (api.UserChanges, error) {
	c.asked(what, r)
	return api.UserChanges{What: what, Changed: 2, Created: 1, Rows: []api.UserEffect{{Name: "eve", Text: "banned"}}, Skipped: []string{"a b"}, Bad: 1}, nil
}

func (c *cluster) PreviewBulk(_ context.Context, _ api.Caller, r api.BulkUsers) (api.UserChanges, error) {
	return c.bulk("PreviewBulk", r)
}

func (c *cluster) BulkUsers(_ context.Context, _ api.Caller, r api.BulkUsers) (api.UserChanges, error) {
	return c.bulk("BulkUsers", r)
}

func (c *cluster) PreviewImport(_ context.Context, _ api.Caller, r api.ImportUsers) (api.UserChanges, error) {
	return c.bulk("PreviewImport", r)
}

func (c *cluster) ImportUsers(_ context.Context, _ api.Caller, r api.ImportUsers) (api.UserChanges, error) {
	return c.bulk("ImportUsers", r)
}

func (c *cluster) ExportUsers(_ context.Context, _ api.Caller, r api.ExportUsers) (api.UserFile, error) {
	return api.UserFile{Name: "x.json", Users: 1, Content: []byte("[\"" + r.Form + "\"]\n")}, nil
}

func (c *cluster) PreviewUndoUsers(context.Context, api.Caller) (api.UserChanges, error) {
	return c.bulk("PreviewUndoUsers", nil)
}

func (c *cluster) UndoUsers(context.Context, api.Caller) (api.UserChanges, error) {
	return c.bulk("UndoUsers", nil)
}

func (c *cluster) PreviewRoleImport(_ context.Context, _ api.Caller, r api.ImportRoles) (api.RoleImport, error) {
	c.asked("PreviewRoleImport", r)
	return api.RoleImport{Created: 1, Roles: []api.RoleStep{
		{Was: "Mod", Name: "Mod", Action: api.RoleCreated, Grants: []api.Grant{{Permission: api.ConsoleSend}}, Without: []string{"core.plugin.list"}},
		{Was: "decor", Name: "decor", Action: api.RoleLeft, Why: "nothing has an equal"},
	}}, nil
}

func TestUserCommands(t *testing.T) {
	dir := t.TempDir()
	c := &cluster{state: "running"}
	bans := filepath.Join(dir, "server-banlist.json")
	if err := os.WriteFile(bans, []byte(`["eve"]`), 0o600); err != nil {
		t.Fatal(err)
	}
	odd := filepath.Join(dir, "list.json")
	if err := os.WriteFile(odd, []byte(`["eve"]`), 0o600); err != nil {
		t.Fatal(err)
	}
	database := filepath.Join(dir, "users.json")
	for name, text := range map[string]string{"users.json": "[]", "roles.json": "[{}]"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "out.json")
	for _, test := range []struct {
		args string
		code int
		want []string // in what is printed
		sent string   // in what was asked
	}{
		{"users list an --online --sort time --descending", 0, []string{"Ann[2J", "3:02 h", "nauvis, gleba?", "admin", "1 of 7 users"}, `"text":"an","online":true,"sort":"time","descending":true`},
		{"users list nobody", 0, []string{"No users."}, ""},
		{"users show Ann", 0, []string{"yes, by anna on 2026-05-06 07:08:09", "rude", "i9 (gone)", "0:10 h", "afk"}, ""},
		{"users history Ann --instance nauvis --limit 3", 0, []string{"is there", "kicked"}, `"instance":"nauvis","limit":3`},
		{"users add Ann", 0, []string{"Ann is on no list."}, `"create":true`},
		{"users note Ann hello", 0, []string{"Ann is on no list."}, `"notes":"hello"`},
		{"users ban Ann --reason rude", 0, []string{"Ann is banned."}, `BanUser{"name":"Ann","reason":"rude"}`},
		{"users unban nobody", 1, []string{`there is no user "nobody"`}, ""},
		{"users promote Ann", 0, nil, `"admin":true`},
		{"users demote Ann", 0, nil, `"admin":false`},
		{"users whitelist add Ann", 0, nil, `"whitelisted":true`},
		{"users whitelist remove Ann", 0, nil, `"whitelisted":false`},
		{"users kick Ann --reason enough", 0, []string{"done", "the host is away"}, `"action":"kick","reason":"enough"`},
		{"users mute Ann --instance nauvis", 0, nil, `"action":"mute","instance":"nauvis"`},
		{"users unmute Ann", 0, nil, `"action":"unmute"`},
		{"users message hello --to Ann", 0, []string{"ok"}, `"name":"Ann","text":"hello"`},
		{"users send Ann gleba", 0, nil, `"name":"Ann","to":"gleba"`},
		{"users delete Ann", 0, []string{"deleted"}, ""},
		{"users bulk ban eve mallory --reason x --preview", 0, []string{"2 would change, 1 without a record so far, 1 can't be taken over", "and 1 more", "left out: a b"}, `PreviewBulk{"action":"ban","names":["eve","mallory"],"reason":"x"}`},
		{"users bulk grant_role --role helpers eve", 0, nil, `BulkUsers{"action":"grant_role","names":["eve"],"role":"helpers"}`},
		{"users bulk revoke_role --role helpers --all --banned --with-role viewer --text e", 0, nil, `"match":{"text":"e","banned":true,"role":"viewer"},"role":"helpers"}`},
		{"users bulk ban --all eve", 1, []string{"not both"}, ""},
		{"users bulk ban --banned eve", 1, []string{"say --all too"}, ""},
		{"users bulk unban eve", 0, []string{"2 changed"}, "BulkUsers"},
		{"users import " + bans, 0, []string{"eve", "banned"}, `ImportUsers{"form":"bans","content":"WyJldmUiXQ=="}`},
		{"users import " + odd + " --form admins --restore --preview", 0, nil, `PreviewImport{"form":"admins","content":"WyJldmUiXQ==","restore":true}`},
		{"users import " + odd, 1, []string{"say --form"}, ""},
		{"users import " + database, 0, nil, `ImportUsers{"form":"clusterio","content":"W10=","roles":"W3t9XQ=="}`},
		{"roles import " + filepath.Join(filepath.Dir(database), "roles.json") + " --preview", 0, []string{"a role", "console.send", "nothing: nothing has an equal", "Mod: without an equal here: core.plugin.list"}, `PreviewRoleImport{"content":"W3t9XQ=="}`},
		{"users export whitelist", 0, []string{`["whitelist"]`}, ""},
		{"users export bans --out " + out, 0, []string{"1 users are in"}, ""},
		{"users undo", 0, nil, "UndoUsers"},
		{"users undo --preview", 0, nil, "PreviewUndoUsers"},
		{"users", 2, []string{"needs one of"}, ""},
		{"users ban", 2, nil, ""},
	} {
		c.sent = ""
		stdout, stderr, code := ctlOn(t, c, strings.Fields(test.args)...)
		if code != test.code {
			t.Errorf("%s: code %d: %s", test.args, code, stderr)
		}
		for _, want := range test.want {
			if !strings.Contains(stdout+stderr, want) {
				t.Errorf("%s: no %q in:\n%s%s", test.args, want, stdout, stderr)
			}
		}
		if !strings.Contains(c.sent, test.sent) {
			t.Errorf("%s: asked %s, want %s", test.args, c.sent, test.sent)
		}
	}
	if stdout, stderr, code := ctlOn(t, c, "--json", "users", "list"); code != 0 || !json.Valid([]byte(stdout)) {
		t.Errorf("JSON: %d %s%s", code, stdout, stderr)
	}
	if text, err := os.ReadFile(out); err != nil || string(text) != "[\"bans\"]\n" {
		t.Errorf("%q, %v", text, err)
	}
}

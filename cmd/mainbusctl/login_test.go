package main

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mainbus/controller"
	"mainbus/controller/api"
	"mainbus/controller/api/remote"
	"mainbus/transport/discovery"
)

// A machine has a folder of logins, and maybe a controller.
type machine struct {
	t            *testing.T
	data, logins string
}

func (m machine) ctl(args ...string) (stdout, stderr string, code int) {
	m.t.Helper()
	var out, errs bytes.Buffer
	code = run(m.t.Context(), append(args, "--logins", m.logins), &out, &errs)
	return out.String(), errs.String(), code
}

// do runs a command that has to succeed, and returns what it printed.
func (m machine) do(args ...string) string {
	m.t.Helper()
	stdout, stderr, code := m.ctl(args...)
	if code != 0 {
		m.t.Fatalf("mainbusctl %s: %s", strings.Join(args, " "), stderr)
	}
	return stdout
}

// on runs a command on the controller's machine.
func (m machine) on(args ...string) string {
	m.t.Helper()
	return m.do(append(args, "--data", m.data)...)
}

func newController(t *testing.T, name string) machine {
	t.Helper()
	m := machine{t, t.TempDir(), t.TempDir()}
	c, err := controller.New(controller.Config{
		DataDir: m.data, Name: name, Addr: "127.0.0.1:0",
		Browse: func(ctx context.Context, _ func() bool, _ func(discovery.Found)) error { <-ctx.Done(); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := c.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m machine) invite(user string) (code string) {
	m.t.Helper()
	var i api.UserInvitation
	if err := json.Unmarshal([]byte(m.on("keys", "invite", user, "--json")), &i); err != nil {
		m.t.Fatal(err)
	}
	return i.Code
}

func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s: %q is not in\n%s", what, part, text)
		}
	}
}

// Somebody logs in from another machine, does what they may, and logs out; two clusters are told apart.
func TestLoginFromAnotherMachine(t *testing.T) {
	factory := newController(t, "Big Factory")
	admin := api.Dial(factory.data)
	defer admin.Close()
	for _, name := range []string{"ann", "bob"} {
		if _, err := admin.ChangeUser(t.Context(), me, api.ChangeUser{Name: name, Create: true}); err != nil {
			t.Fatal(err)
		}
	}
	contains(t, "the first roles", factory.on("roles", "list"), "Admin", "Operator", "Viewer", "everything", "instance.control")
	factory.on("roles", "create", "helpers", "--like", "viewer", "--description", "Help a little.")
	factory.on("roles", "edit", "helpers", "--deny", "save.read", "--allow", "backup.read", "--name", "watchers")
	contains(t, "a role", factory.on("roles", "show", "watchers"), "Help a little.", "backup.read", "cluster.read", "Nobody has it.")
	contains(t, "given", factory.on("roles", "grant", "ann", "watchers"), "ann: watchers")
	contains(t, "permissions", factory.on("roles", "permissions"), "everything", "console.send", "yes")

	desk := machine{t, t.TempDir(), filepath.Join(t.TempDir(), "logins")}
	contains(t, "before", desk.do("clusters", "list"), "There is no login.")
	contains(t, "login", desk.do("login", factory.invite("ann")), "Logged in to big-factory as ann.")
	contains(t, "who am I", desk.do("whoami"), "ann", "big-factory", "watchers", "backup.read")
	contains(t, "the cluster", desk.do("controller", "status"), "Big Factory")
	desk.do("controller", "backups") // which she may see
	if _, stderr, code := desk.ctl("controller", "backup"); code != exitFailed || !strings.Contains(stderr, "it needs the permission backup.make") {
		t.Errorf("what she may not: %d, %s", code, stderr)
	}
	if _, stderr, code := desk.ctl("controller", "restore", "x"); code != exitFailed || !strings.Contains(stderr, "own machine") {
		t.Errorf("a restore from elsewhere: %d, %s", code, stderr)
	}
	if _, _, code := desk.ctl("controller", "status", "--data", desk.data, "--cluster", "big-factory"); code != exitUsage {
		t.Errorf("both a folder and a cluster: %d", code)
	}
	contains(t, "keys", factory.on("keys", "list"), "ann", "127.0.0.1")
	contains(t, "codes", factory.on("keys", "invitations"), "ann")

	other := newController(t, "other")
	adminThere := api.Dial(other.data)
	defer adminThere.Close()
	if _, err := adminThere.ChangeUser(t.Context(), me, api.ChangeUser{Name: "Ann", Create: true}); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := desk.ctl("login", other.invite("ann"), "--name", "big-factory"); code != exitFailed || !strings.Contains(stderr, "remembered already") {
		t.Errorf("a name that is taken: %d, %s", code, stderr)
	}
	contains(t, "the second login", desk.do("login", other.invite("ann"), "--name", "second"), "Logged in to second as Ann.")
	contains(t, "the newest is meant", desk.do("whoami"), "second")
	contains(t, "another by name", desk.do("whoami", "--cluster", "big-factory"), "watchers")
	contains(t, "chosen", desk.do("clusters", "use", "big-factory"), "big-factory")
	contains(t, "clusters", desk.do("clusters", "list"), "big-factory  ann   yes", "second")

	contains(t, "logout", desk.do("logout"), "Logged out of big-factory.")
	contains(t, "keys after it", factory.on("keys", "list"), "There is no key.")
	if logins, err := remote.Logins(desk.logins); err != nil || len(logins) != 1 || logins[0].Name != "second" || logins[0].Current {
		t.Errorf("what is remembered: %+v, %v", logins, err)
	}
	if _, stderr, code := desk.ctl("whoami", "--cluster", "big-factory"); code != exitFailed || !strings.Contains(stderr, "no cluster") {
		t.Errorf("after the logout: %d, %s", code, stderr)
	}
	contains(t, "on the controller's machine", factory.on("whoami"), "everything, as its owner")
	other.on("keys", "revoke", keyIn(t, other))
	if _, stderr, code := desk.ctl("whoami", "--cluster", "second"); code != exitFailed || !strings.Contains(stderr, "does not know the key of this login") {
		t.Errorf("with a key that was revoked: %d, %s", code, stderr)
	}
	contains(t, "logout with such a key", desk.do("logout", "--cluster", "second"), "Logged out of second.")
}

func keyIn(t *testing.T, m machine) string {
	t.Helper()
	var keys []api.Key
	if err := json.Unmarshal([]byte(m.on("keys", "list", "--json")), &keys); err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	return keys[0].ID
}

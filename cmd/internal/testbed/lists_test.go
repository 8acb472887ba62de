package testbed_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mainbus/cmd/internal/testbed"
	"mainbus/controller/api"
)

// TestListsOfRealProcesses: a ban by an admin in one game, a file that is edited while the other game stands, and changes in the cluster
// come to the same lists everywhere, while the agent and the controller are restarted.
func TestListsOfRealProcesses(t *testing.T) {
	if err := testbed.CheckMulticast(); err != nil {
		t.Skipf("SKIPPED, lists were NOT kept the same between real processes here: %v", err)
	}
	ctx := t.Context()
	c := newCluster(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctl := func(args ...string) []byte {
		t.Helper()
		out, err := c.Ctl(ctx, args...)
		must(err)
		return out
	}
	must(c.StartController(ctx))
	scenario := []byte(`{"autosave_seconds": 3600, "worlds": {"*": {"chests": []}}}`)
	for _, name := range []string{"one", "two"} {
		h, err := c.AddHost(name, scenario, "world-"+name)
		must(err)
		must(h.StartAgent())
		must(h.ReadConsole(ctx))
		must(testbed.Poll(ctx, patience, "the host to be found", func() (bool, error) {
			found, ok, err := h.Find(ctx)
			h.ID = found.ID
			return ok, err
		}))
		ctl("hosts", "pair", c.NameOrID(ctx, h), h.Code)
	}
	must(c.WaitLinked(ctx, patience))
	files := map[string]string{}
	for _, name := range []string{"one", "two"} {
		world := "world-" + name
		ctl("instances", "create", world, "--host", c.HostOf(world).ID)
		ctl("lists", "mode", world, "--admins", "both")
		i, err := c.Instance(ctx, world)
		must(err)
		files[world] = filepath.Join(c.HostOf(world).Data(), "instances", i.ID)
	}
	listed := func(list string) (names []string) {
		var entries []api.ListEntry
		must(json.Unmarshal(ctl("--json", "lists", "show", list), &entries))
		for _, e := range entries {
			names = append(names, strings.ToLower(e.Name))
		}
		return names
	}
	// settled waits until the cluster's list is this, and all instances are in step with it.
	settled := func(list string, names ...string) {
		t.Helper()
		var states []api.ListState
		err := testbed.Poll(ctx, patience, "the lists to be in step", func() (bool, error) {
			states = nil
			if err := json.Unmarshal(ctl("--json", "lists", "status"), &states); err != nil {
				return false, err
			}
			inStep := !slices.ContainsFunc(states, func(s api.ListState) bool { return s.State != api.ListInStep })
			return inStep && slices.Equal(listed(list), names), nil
		})
		if err != nil {
			t.Fatalf("%v: %s are %q, %+v", err, list, listed(list), states)
		}
	}
	set := func(name string, change api.ChangeUser) {
		t.Helper()
		change.Name = name
		_, err := c.Client.ChangeUser(ctx, testbed.Me, change)
		must(err)
	}
	ban := func(name, reason string) {
		t.Helper()
		_, err := c.Client.BanUser(ctx, testbed.Me, api.BanUser{Name: name, Reason: reason})
		must(err)
	}
	yes, reason := true, "said so, twice"

	set("Bob", api.ChangeUser{Admin: &yes})
	ban("eve", reason)
	ctl("instances", "start", "world-one")
	settled(api.Bans, "eve")
	text, err := os.ReadFile(filepath.Join(files["world-two"], "server-banlist.json"))
	if err != nil || !strings.Contains(string(text), reason) {
		t.Errorf("the game that stands has %s, %v", text, err)
	}

	// An admin bans somebody in the game, and somebody edits the file of the other.
	must(c.Console(ctx, "world-one", `/sim-live {"join": {"player": "Bob"}}`, nil))
	must(testbed.Poll(ctx, patience, "Bob to join", func() (bool, error) {
		reply, err := c.Client.SendConsole(ctx, testbed.Me, api.SendConsole{Instance: "world-one", Line: "/players online"})
		return strings.Contains(reply.Text, "Bob (online)"), err
	}))
	must(c.Console(ctx, "world-one", `/sim-live {"command": {"player": "Bob", "text": "/ban Mallory rude"}}`, nil))
	must(os.WriteFile(filepath.Join(files["world-two"], "server-adminlist.json"), []byte(`["Bob", "carol"]`), 0o600))
	settled(api.Bans, "eve", "mallory")
	settled(api.Admins, "bob", "carol")

	// The agent is away, and something is changed on both sides.
	two := c.HostOf("world-two")
	must(two.Agent.Kill())
	_, err = c.Client.UnbanUser(ctx, testbed.Me, api.UserRef{Name: "eve"})
	must(err)
	set("dora", api.ChangeUser{Whitelisted: &yes})
	must(os.WriteFile(filepath.Join(files["world-two"], "server-banlist.json"), []byte(`["eve", "mallory", "fred"]`), 0o600))
	must(two.StartAgent())
	settled(api.Bans, "fred", "mallory")

	// The controller is away.
	must(c.Controller.Kill())
	must(os.WriteFile(filepath.Join(files["world-two"], "server-whitelist.json"), []byte(`["dora", "zoe"]`), 0o600))
	must(c.StartController(ctx))
	settled(api.Whitelist, "dora", "zoe")
	ctl("instances", "start", "world-two")
	settled(api.Bans, "fred", "mallory")
	reply, err := c.Client.SendConsole(ctx, testbed.Me, api.SendConsole{Instance: "world-two", Line: "/banlist get"})
	if must(err); !strings.Contains(reply.Text, "fred") || !strings.Contains(strings.ToLower(reply.Text), "mallory") || strings.Contains(reply.Text, "eve") {
		t.Errorf("the game says %s", reply.Text)
	}
}

package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"mainbus/controller/api"
)

// Lists of the cluster of these tests: two pages of bans, and two instances.

func (c *cluster) ListEntries(_ context.Context, _ api.Caller, r api.ReadList) (api.ListPage, error) {
	switch {
	case r.List != api.Bans:
		return api.ListPage{}, api.Errorf(api.Invalid, "The lists are admins, bans and whitelist.", "there is no list %q", r.List)
	case r.After == "":
		return api.ListPage{Entries: []api.ListEntry{{Name: "Eve", Reason: "rude\x1b[31m"}}, Next: "eve"}, nil
	}
	return api.ListPage{Entries: []api.ListEntry{{Name: "mallory"}}}, nil
}

func (c *cluster) ListModes(context.Context, api.Caller) ([]api.ListModes, error) {
	return []api.ListModes{
		{Instance: "i1", InstanceName: "nauvis", Admins: api.ListToGame, Bans: api.ListBoth, Whitelist: api.ListOff},
		{Instance: "i2", InstanceName: "gleba", Admins: api.ListBoth, Bans: api.ListBoth, Whitelist: api.ListBoth, Whitelisting: "on"},
	}, nil
}

func (c *cluster) SetListModes(_ context.Context, _ api.Caller, r api.SetListModes) (api.ListModes, error) {
	text, err := json.Marshal(r)
	return api.ListModes{InstanceName: string(text)}, err
}

func (c *cluster) ListStates(context.Context, api.Caller) ([]api.ListState, error) {
	return []api.ListState{
		{Instance: "i1", InstanceName: "nauvis", List: api.Bans, Mode: api.ListBoth, State: api.ListPending, Entries: 7, ToGame: 2, ToCluster: 1},
		{Instance: "i1", InstanceName: "nauvis", List: api.Admins, Mode: api.ListToGame, State: api.ListInStep, Entries: 3, OnlyThere: 1},
	}, nil
}

func TestListCommands(t *testing.T) {
	for _, test := range []struct {
		args           string
		code           int
		stdout, stderr string // parts
	}{
		{args: "lists show bans", stdout: "Eve      rude[31m\nmallory  -\n"},
		{args: "lists show mutes", code: 1, stderr: `there is no list "mutes"`},
		{args: "lists mode", stdout: "nauvis    to_game  both  off        as the game has it\ngleba     both     both  both       on\n"},
		{args: "lists mode I2", code: 1, stderr: `there is no instance "I2"`},
		{args: "lists mode Gleba", stdout: "gleba"},
		{args: "lists mode --bans off", code: 2, stderr: "name the instance"},
		{args: "lists mode gleba --bans off --admins both", stdout: `{"instance":"gleba","admins":"both","bans":"off"}`},
		{args: "lists whitelist gleba on", stdout: `{"instance":"gleba","whitelisting":"on"}`},
		{args: "lists whitelist gleba game", stdout: `{"instance":"gleba","whitelisting":""}`},
		{args: "lists whitelist gleba maybe", code: 2, stderr: "neither on, off nor game"},
		{args: "lists status", stdout: "nauvis    bans    both     pending  7        2 in the game, 1 in the cluster  -\nnauvis    admins  to_game  in step  3        -                                1 only there\n"},
		{args: "--json lists status nauvis", stdout: `"to_game": 2`},
		{args: "lists status vulcanus", code: 1, stderr: "there is no instance"},
	} {
		stdout, stderr, code := ctlOn(t, &cluster{}, strings.Fields(test.args)...)
		if code != test.code || !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) {
			t.Errorf("%s: %d\n%s%s", test.args, code, stdout, stderr)
		}
	}
}

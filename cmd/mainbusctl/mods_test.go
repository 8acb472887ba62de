package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mainbus/controller/api"
)

func (c *cluster) Mods(_ context.Context, _ api.Caller, r api.ListMods) (api.ModList, error) {
	if r.Text == "nothing" {
		return api.ModList{Mods: []api.StoredMod{}}, nil
	}
	return api.ModList{
		Mods:     []api.StoredMod{{Name: "pipes", Version: "1.2.3", Game: "2.0", Title: "Pipes\x1b[2J", SizeBytes: 3 << 20, UsedBy: []string{"Fluids", "Trains"}, AddedBy: "anna", Problem: "its file is gone"}},
		Problems: []string{"the file x was removed from the store"},
	}, nil
}

func (c *cluster) SearchPortal(_ context.Context, _ api.Caller, r api.SearchPortal) (api.PortalPage, error) {
	at := time.Now()
	return api.PortalPage{Mods: []api.PortalMod{{Name: r.Text, Version: "1.0.0", Game: r.Game, Downloads: 12345, Stored: true, Deprecated: true}}, Found: 1, Known: 30000, AskedAt: &at}, nil
}

func (c *cluster) ModDetails(_ context.Context, _ api.Caller, r api.AskMod) (api.ModDetails, error) {
	return api.ModDetails{PortalMod: api.PortalMod{Name: r.Name, Title: "Pipes", Owner: "berta"}, Releases: []api.ModRelease{{Version: "1.0.0", Game: "2.0", Stored: true, Dependencies: []string{"base", "? other"}}}}, nil
}

func (c *cluster) PlanUpload(_ context.Context, _ api.Caller, r api.UploadMods) ([]api.UploadStep, error) {
	return []api.UploadStep{{Path: r.Paths[0], Action: api.UploadRefuses, Why: "it is no mod"}}, nil
}

func (c *cluster) UploadMods(_ context.Context, _ api.Caller, r api.UploadMods) (api.Task, error) {
	return api.Task{Title: "Add " + filepath.Base(r.Paths[0]), State: api.TaskDone, Result: "1 added"}, nil
}

func (c *cluster) DownloadMods(_ context.Context, _ api.Caller, r api.DownloadMods) (api.Task, error) {
	c.sent = r.Mods[0].Name + "|" + r.Mods[0].Version + "|" + r.Mods[0].Game
	return api.Task{}, api.Errorf(api.LoginNeeded, "Log in first.", "the portal needs an account")
}

func (c *cluster) DeleteMod(_ context.Context, _ api.Caller, r api.ModRef) (api.StoredMod, error) {
	return api.StoredMod{Name: r.Name, Version: r.Version}, nil
}

func (c *cluster) PortalAccount(context.Context, api.Caller) (api.PortalAccount, error) {
	return api.PortalAccount{Username: "anna", Place: api.TokenInFile, Refused: true}, nil
}

func (c *cluster) SetPortalAccount(_ context.Context, _ api.Caller, r api.SetPortalAccount) (api.PortalAccount, error) {
	c.sent = r.Username + "|" + r.Token + "|" + r.Password + "|" + r.EmailCode
	if r.Password != "" && r.EmailCode == "" {
		return api.PortalAccount{}, api.Errorf(api.EmailCodeNeeded, "", "a code has been sent")
	}
	return api.PortalAccount{Username: r.Username, Place: api.TokenInKeyring}, nil
}

func TestModCommands(t *testing.T) {
	for _, test := range []struct {
		args   string
		stdin  string
		code   int
		stdout string
		stderr string
		sent   string
	}{
		{args: "mods list", stdout: "pipes  1.2.3    2.0   Pipes[2J  3.0 MiB  Fluids, Trains"},
		{args: "mods list", stdout: "the file x was removed from the store\n"},
		{args: "mods list nothing", stdout: "There is no such mod. Add some"},
		{args: "mods search belt --game 2.0", stdout: "belt  1.0.0    2.0   -      -      12345      stored, deprecated\n1 of 30000 mods, as of "},
		{args: "mods show pipes", stdout: "1.0.0    2.0   -         yes     base, ? other\n"},
		{args: "mods add x.zip --plan", stdout: "x.zip  -    -        -     0 KiB  refused  it is no mod\n"},
		{args: "mods add x.zip", stdout: "Add x.zip: done, 1 added.\n"},
		{args: "mods add", code: 2, stderr: "requires at least 1 arg"},
		{args: "mods download pipes@1.2.3 --game 2.0", code: 1, stderr: "the portal needs an account\nLog in first.\n", sent: "pipes|1.2.3|2.0"},
		{args: "mods delete pipes 1.2.3", stdout: "pipes 1.2.3 moved into the bin.\n"},
		{args: "mods account show", stdout: "anna, its token is in a file that only the controller's user can read.\nThe portal did not take it: log in again.\n"},
		{args: "mods account token anna", stdin: "0123\n", stdout: "anna, its token is in the system's keyring.\n", sent: "anna|0123||"},
		{args: "mods account login anna", stdin: "horse battery\n1234\n", stdout: "anna, ", stderr: "a code has been sent", sent: "anna||horse battery|1234"},
		{args: "mods account token anna", stdin: "\n", code: 1, stderr: "nothing was given"},
	} {
		t.Run(test.args, func(t *testing.T) {
			typed(t, test.stdin)
			c := &cluster{}
			stdout, stderr, code := ctlOn(t, c, strings.Fields(test.args)...)
			if code != test.code || !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) || test.sent != "" && c.sent != test.sent {
				t.Errorf("code %d, sent %q\n%s\n%s", code, c.sent, stdout, stderr)
			}
		})
	}
}

// typed makes text what the program reads.
func typed(t *testing.T, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stdin")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stdin
	os.Stdin = f
	t.Cleanup(func() {
		os.Stdin = before
		f.Close()
	})
}

package testbed_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mainbus/cmd/internal/testbed"
	"mainbus/controller/api"
	"mainbus/hostagent/factorio/install"
)

// TestAFolderIsAdopted: a server folder that is on a host becomes an instance, which runs the same world with the same settings; the folder
// is as before.
func TestAFolderIsAdopted(t *testing.T) {
	if err := testbed.CheckMulticast(); err != nil {
		t.Skipf("SKIPPED, no folder was adopted by real processes here: %v", err)
	}
	ctx := t.Context()
	m := &moving{t: t, ctx: ctx}
	m.Cluster = newCluster(t)
	m.must(m.StartController(ctx))
	h := m.host("attic")
	m.must(m.WaitLinked(ctx, patience))

	old := filepath.Join(t.TempDir(), "old server")
	game, err := install.Open(h.Factorio())
	m.must(err)
	for _, dir := range []string{"saves", "mods", "config"} {
		m.must(os.MkdirAll(filepath.Join(old, dir), 0o700))
	}
	if out, err := exec.CommandContext(ctx, game.Binary(), "--create", filepath.Join(old, "saves", "world.zip"), "--map-gen-seed", "424242").CombinedOutput(); err != nil {
		t.Fatalf("make a save: %v: %s", err, out)
	}
	for name, text := range map[string]string{
		"server-settings.json": `{"name": "old", "auto_pause": true, "game_password": "s3cret"}`, "server-adminlist.json": `["Ann"]`,
		"mods/mod-list.json": `{"mods":[{"name":"base","enabled":true}]}`,
	} {
		m.must(os.WriteFile(filepath.Join(old, filepath.FromSlash(name)), []byte(text), 0o600))
	}
	before := tree(t, old)

	out, err := m.Ctl(ctx, "instances", "adopt", h.ID, old)
	m.must(err)
	for _, want := range []string{"world.zip", "1 admins", "--confirm", "'" + old + "'"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the look does not say %q:\n%s", want, out)
		}
	}
	var folder api.Folder
	out, err = m.Ctl(ctx, "--json", "instances", "adopt", h.ID, old)
	m.must(err)
	m.must(json.Unmarshal(out, &folder))
	if folder.SaveCount != 1 || !folder.AutoPause || strings.Contains(string(out), "s3cret") {
		t.Errorf("the look: %s", out)
	}
	if all, err := m.Client.Instances(ctx, testbed.Me); err != nil || len(all) > 0 {
		t.Errorf("looking has made %+v, %v", all, err)
	}
	if out, err := m.Ctl(ctx, "instances", "adopt", h.ID, t.TempDir(), "nothing", "--confirm"); err == nil || !strings.Contains(err.Error(), "no server folder") {
		t.Errorf("an empty folder: %s, %v", out, err)
	}

	_, err = m.Ctl(ctx, "instances", "adopt", h.ID, old, "nauvis", "--confirm")
	m.must(err)
	if _, err := m.Ctl(ctx, "instances", "adopt", h.ID, old, "Nauvis", "--confirm"); err == nil {
		t.Error("a name was given twice")
	}
	_, err = m.Ctl(ctx, "instances", "start", "nauvis")
	m.must(err)
	reply, err := m.Client.SendConsole(ctx, testbed.Me, api.SendConsole{Instance: "nauvis", Line: "/seed"})
	m.must(err)
	if strings.TrimSpace(reply.Text) != "424242" {
		t.Errorf("it runs the world with seed %q", reply.Text)
	}
	settings, err := m.Client.ServerSettings(ctx, testbed.Me, api.InstanceRef{Instance: "nauvis"})
	m.must(err)
	if !strings.Contains(strings.ReplaceAll(string(settings.Settings), " ", ""), `"auto_pause":true`) {
		t.Errorf("settings %s", settings.Settings)
	}
	if after := tree(t, old); after != before {
		t.Errorf("the folder was\n%s, and is\n%s", before, after)
	}
}

// tree is every name, time and size of a folder.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		fmt.Fprintln(&b, path, info.Mode(), info.Size(), info.ModTime())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

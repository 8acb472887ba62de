package testbed_test

import (
	"archive/zip"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mainbus/cmd/internal/testbed"
	"mainbus/controller/api"
)

const modsScenario = `{"autosave_seconds": 3600, "worlds": {"*": {}}}`

// modding is a cluster of one host with two instances of one pack.
type modding struct {
	*testbed.Cluster
	t    *testing.T
	ctx  context.Context
	host *testbed.Host
}

func (m *modding) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *modding) ctl(args ...string) string {
	m.t.Helper()
	out, err := m.Ctl(m.ctx, args...)
	if err != nil {
		m.t.Fatalf("mainbusctl %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// modFile makes a mod with so many bytes in it that are not to be compressed.
func (m *modding) modFile(dir, name, version string, size int) {
	m.t.Helper()
	path := filepath.Join(dir, name+"_"+version+".zip")
	file, err := os.Create(path)
	m.must(err)
	defer file.Close()
	w := zip.NewWriter(file)
	top := name + "_" + version + "/"
	info, err := w.Create(top + "info.json")
	m.must(err)
	fmt.Fprintf(info, `{"name": %q, "version": %q, "title": "t", "author": "a", "factorio_version": "2.0", "dependencies": ["base"]}`, name, version)
	if size < 1<<20 { // the game tells the version of a mod with this only
		stage, err := w.Create(top + "data.lua")
		m.must(err)
		fmt.Fprintln(stage, "-- nothing")
	}
	data := make([]byte, size)
	rand.Read(data)
	image, err := w.CreateHeader(&zip.FileHeader{Name: top + "image.bin", Method: zip.Store})
	m.must(err)
	_, err = image.Write(data)
	m.must(err)
	m.must(w.Close())
}

func (m *modding) poll(what string, done func() (bool, error)) {
	m.t.Helper()
	m.must(testbed.Poll(m.ctx, patience, what, done))
}

// fetching waits until mods come for one of the instances, or all have come: on a fast machine there may be no middle left.
func (m *modding) fetching(victim string) {
	m.t.Helper()
	m.poll("mods to come", func() (bool, error) {
		all, err := m.Client.Tasks(m.ctx, testbed.Me)
		if slices.ContainsFunc(all, func(t api.Task) bool {
			return strings.HasPrefix(t.Title, "Mods for ") && t.State == api.TaskRunning && t.DoneBytes > 1<<20
		}) {
			return true, nil
		}
		there, err2 := m.there("one")
		if there {
			m.t.Logf("all mods had come before %s was killed", victim)
		}
		return err == nil && err2 == nil && there, nil
	})
}

func (m *modding) state(instance string) api.ModState {
	m.t.Helper()
	i, err := m.Instance(m.ctx, instance)
	m.must(err)
	return i.Mods
}

// there tells whether a host has all that an instance's pack needs.
func (m *modding) there(instance string) (bool, error) {
	i, err := m.Instance(m.ctx, instance)
	return err == nil && i.State != "unknown" && i.Mods.Wanted != "" && i.Mods.Missing == 0, err
}

func (m *modding) waitThere() {
	m.t.Helper()
	for _, name := range []string{"one", "two"} {
		m.poll("the mods of "+name, func() (bool, error) { return m.there(name) })
	}
}

func (m *modding) path(instance string, parts ...string) string {
	m.t.Helper()
	i, err := m.Instance(m.ctx, instance)
	m.must(err)
	return filepath.Join(append([]string{m.host.Data(), "instances", i.ID}, parts...)...)
}

func (m *modding) loaded(instance, want string) {
	m.t.Helper()
	text, err := os.ReadFile(m.path(instance, "factorio-current.log"))
	m.must(err)
	if !strings.Contains(string(text), want) {
		m.t.Errorf("%s has not loaded %q", instance, want)
	}
}

// TestModsComeToAHostOnce: with agent and controller killed meanwhile; and a change, an undo, a cancel.
func TestModsComeToAHostOnce(t *testing.T) {
	if err := testbed.CheckMulticast(); err != nil {
		t.Skipf("SKIPPED, mods were NOT brought to real hosts here: %v", err)
	}
	ctx := t.Context()
	m := &modding{t: t, ctx: ctx}
	m.Cluster = newCluster(t)
	m.must(m.StartController(ctx))
	host, err := m.AddHost("mods-a", []byte(modsScenario), "one", "two")
	m.must(err)
	m.host = host
	m.must(host.StartAgent())
	m.must(host.ReadConsole(ctx))
	m.poll("the host to be found", func() (bool, error) {
		found, ok, err := host.Find(ctx)
		host.ID = found.ID
		return ok, err
	})
	m.ctl("hosts", "pair", m.NameOrID(ctx, host), host.Code)
	m.must(m.WaitLinked(ctx, patience))

	files := t.TempDir()
	small, big := word(), word()
	m.modFile(files, small, "1.0.0", 1000)
	m.modFile(files, small, "1.1.0", 1000)
	m.modFile(files, big, "1.0.0", 64<<20)
	m.ctl("mods", "add", files)
	first, second := "1.0.0", "1.1.0"
	_, err = m.Client.CreatePack(ctx, testbed.Me, api.CreatePack{Name: "Belts", Game: "2.0"})
	m.must(err)
	_, err = m.Client.EditPack(ctx, testbed.Me, api.EditPack{Pack: "Belts", Mods: []api.ChangePackMod{{Name: small, Version: &first}, {Name: big, Version: &first}}})
	m.must(err)
	for _, name := range []string{"one", "two"} {
		m.ctl("instances", "create", name, "--host", host.ID)
	}
	m.ctl("packs", "assign", "Belts", "one", "two")

	m.fetching("the agent")
	m.must(host.Agent.Kill())
	m.must(host.StartAgent())
	m.must(host.ReadPort(ctx))
	m.must(m.WaitLinked(ctx, patience))
	m.fetching("the controller")
	m.must(m.Controller.Kill())
	m.must(m.StartController(ctx))
	m.must(m.WaitLinked(ctx, patience))
	m.waitThere()

	for _, name := range []string{"one", "two"} {
		m.ctl("instances", "start", name)
		m.loaded(name, "Checksum of "+big+":")
		if s := m.state(name); s.Applied != "Belts, revision 2" || s.Pending || s.Problem != "" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	one, err := os.Stat(m.path("one", "mods", big+"_1.0.0.zip"))
	m.must(err)
	two, err := os.Stat(m.path("two", "mods", big+"_1.0.0.zip"))
	m.must(err)
	if !os.SameFile(one, two) {
		t.Error("one mod of two instances is two files")
	}

	// A change waits for the next start, and can be taken back.
	_, err = m.Client.EditPack(ctx, testbed.Me, api.EditPack{Pack: "Belts", Mods: []api.ChangePackMod{{Name: small, Version: &second}}})
	m.must(err)
	m.poll("the change to be pending", func() (bool, error) {
		s := m.state("one")
		return s.Pending && s.Wanted == "Belts, revision 3" && s.Missing == 0, nil
	})
	if s := m.state("one"); s.Applied != "Belts, revision 2" {
		t.Errorf("under the running game: %+v", s)
	}
	restart := func(want string) {
		t.Helper()
		m.ctl("instances", "stop", "one")
		m.ctl("instances", "start", "one")
		m.loaded("one", want)
	}
	restart("Loading mod " + small + " 1.1.0")
	m.ctl("instances", "mods", "undo", "one")
	restart("Loading mod " + small + " 1.0.0")
	m.ctl("instances", "mods", "redo", "one")
	restart("Loading mod " + small + " 1.1.0")

	var compared api.ModComparison
	m.must(json.Unmarshal([]byte(m.ctl("--json", "mods", "compare", "--instance", "one", "--client", m.path("two", "mods"))), &compared))
	at := slices.IndexFunc(compared.Mods, func(row api.ComparedMod) bool { return row.Name == small })
	if compared.Same || at < 0 || compared.Mods[at].State != api.ModDiffers || compared.Mods[at].Server.CRC == nil || compared.Mods[at].Save == nil ||
		!strings.Contains(compared.Mods[at].Advice, small+" 1.1.0 instead of 1.0.0") ||
		!slices.ContainsFunc(compared.Mods, func(row api.ComparedMod) bool { return row.Name == big && row.Server.CRC != nil }) {
		t.Errorf("compared with the mods of the other: %+v", compared)
	}
	if list := m.ctl("instances", "mods", "one"); !strings.Contains(list, small) || !strings.Contains(list, "The mods are those of Belts, revision 3.") {
		t.Errorf("what lies there is told as %s", list)
	}
}

package controller

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mainbus/controller/api"
)

func (s *sent) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all)
}

// bigModZip is a mod whose zip does not fit into one message.
func bigModZip(t *testing.T, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	noise := make([]byte, 3<<20)
	rand.Read(noise)
	w := zip.NewWriter(&b)
	for file, content := range map[string][]byte{
		name + "_1.0.0/info.json": []byte(`{"name": "` + name + `", "version": "1.0.0", "title": "Big", "author": "anna", "factorio_version": "2.0"}`), name + "_1.0.0/noise.bin": noise,
	} {
		f, err := w.Create(file)
		if err == nil {
			_, err = f.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Somebody on another machine names files there, as the owner does here, and gets what a task writes.
func TestFilesFromAndToAnotherMachine(t *testing.T) {
	c, _ := newModCluster(t)
	ctx := t.Context()
	c.user("boss", "Admin")
	c.user("val", "Viewer")
	boss, val := c.login("boss"), c.login("val")
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	big := write("big_1.0.0.zip", bigModZip(t, "big"))
	write("small_1.0.0.zip", modZip(t, "small", "1.0.0"))

	_, err := val.UploadMods(ctx, api.Caller{}, api.UploadMods{Paths: []string{big}})
	refusedAs(t, "mods of a viewer", err, "may send no files")
	eventually(t, "the denial is in the audit", true, func() bool {
		list, err := c.Audit(ctx, me, api.ReadAudit{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if e.Who == "val" && e.What == "UploadMods" && strings.Contains(e.Target, "big_1.0.0.zip") && e.Result == "denied" {
				return true
			}
		}
		return false
	})

	steps, err := boss.PlanUpload(ctx, api.Caller{}, api.UploadMods{Paths: []string{dir}})
	if err != nil || len(steps) != 2 || steps[0].Action != api.UploadTakes || steps[1].Action != api.UploadTakes {
		t.Fatalf("%+v, %v", steps, err)
	}
	paths := []string{dir} // what the caller has is not changed
	task, err := boss.UploadMods(ctx, api.Caller{}, api.UploadMods{Paths: paths})
	if task := c.done(task, err); task.State != api.TaskDone || paths[0] != dir {
		t.Fatalf("%+v, %v", task, paths)
	}
	if got := c.storedMods(false); got != "big 1.0.0, small 1.0.0" {
		t.Errorf("stored %s", got)
	}
	eventually(t, "files that wait", 0, c.controller.sent.count)

	list := write("mod-list.json", []byte(`{"mods": [{"name": "base", "enabled": true}, {"name": "big", "enabled": true, "version": "1.0.0"}]}`))
	draft, err := boss.ImportPack(ctx, api.Caller{}, api.ImportPack{Path: list, Game: "2.0", Name: "p"})
	if err != nil || draft.Pack.Name != "p" {
		t.Fatalf("%+v, %v", draft, err)
	}
	out := filepath.Join(dir, "for players.zip")
	task, err = boss.HandOutPack(ctx, api.Caller{}, api.HandOutPack{Pack: "p", Path: out})
	if err != nil || task.State != api.TaskDone || task.Result != out {
		t.Fatalf("%+v, %v", task, err)
	}
	z, err := zip.OpenReader(out)
	if err != nil {
		t.Fatal(err)
	}
	z.Close()
	_, err = boss.HandOutPack(ctx, api.Caller{}, api.HandOutPack{Pack: "p", Path: out})
	refusedAs(t, "over a file", err, "is there already")
	_, err = boss.ImportPack(ctx, api.Caller{}, api.ImportPack{Path: dir, Game: "2.0"})
	if err == nil || !strings.Contains(err.Error(), "mod-list.json") && !strings.Contains(api.AsError(err).Next, "mod-list.json") {
		t.Errorf("a folder: %v", err)
	}
	if n := c.controller.sent.count(); n != 0 {
		t.Errorf("%d files wait", n)
	}
	if left, err := filepath.Glob(filepath.Join(c.controller.cfg.DataDir, sentFolder, "*")); err != nil || len(left) != 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// Whatever somebody elsewhere names, it is no path of this machine, nor a file of somebody else.
func TestOnlyWhatOneHasSent(t *testing.T) {
	c := newCluster(t)
	here := filepath.Join(t.TempDir(), "secret")
	f, err := c.controller.sent.begin("ann", "save.zip", 3)
	if err != nil {
		t.Fatal(err)
	}
	a, ticket := authority{c.controller}, f.ticket
	bring := func(key, named string) error {
		_, err := a.Bring(api.Caller{Kind: api.KeyHolder, Name: key, Key: key}, "UploadSave", []*string{&named}, nil)
		return err
	}
	refusedAs(t, "what is being sent", bring("ann", ticket), "has sent no file")
	c.controller.sent.arrived(f, 3)
	for _, named := range []string{here, "sent/../../controller.db", "sent/x/y", "sent/x/../" + ticket} {
		refusedAs(t, named, bring("ann", named), "has sent no file")
	}
	refusedAs(t, "another's file", bring("bob", ticket), "has sent no file")
	release, err := a.Bring(api.Caller{Key: "ann"}, "UploadSave", []*string{&ticket}, nil)
	if err != nil || ticket != f.path {
		t.Fatalf("%s, %v", ticket, err)
	}
	release("a task that is over")
	if n := c.controller.sent.count(); n != 0 {
		t.Errorf("%d files wait", n)
	}
	if _, err := c.controller.sent.begin("ann", "x", 1<<60); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("a file that is too big: %v", err)
	}
	for n := range maxSentOf {
		if _, err := c.controller.sent.begin("ann", "x", 1); err != nil {
			t.Fatal(n, err)
		}
	}
	_, err = c.controller.sent.begin("ann", "x", 1)
	refusedAs(t, "too many files", err, "on their way")
	for _, f := range c.controller.sent.all {
		f.busy, f.at = false, time.Now().Add(-2*sentIdle)
	}
	if _, err = c.controller.sent.begin("ann", "x", 1); err != nil || c.controller.sent.count() != 1 {
		t.Errorf("files that nobody has used stay: %d, %v", c.controller.sent.count(), err)
	}
}

func TestNamesOfFilesFromElsewhere(t *testing.T) {
	for name, want := range map[string]bool{
		"a.zip": true, "Größe 1.zip": true, "": false, ".": false, "..": false, "a/b": false, `a\b`: false, "c:x": false, ".a": false, "a.": false, " a": false, "a\n": false, strings.Repeat("x", 201): false,
	} {
		if sendable(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

// Nobody fetches what a task has written for another, or for nobody.
func TestOnlyWhatWasWrittenForOne(t *testing.T) {
	c := newCluster(t)
	s := c.controller.sent
	name := "out.zip"
	release, err := authority{c.controller}.Bring(api.Caller{Key: "ann"}, "DownloadSave", nil, &name)
	if err != nil {
		t.Fatal(err)
	}
	release("t1")
	if s.written("ann", "t1") == nil || s.written("bob", "t1") != nil || s.written("ann", "") != nil || s.written("ann", "t2") != nil {
		t.Error("the wrong file is found")
	}
}

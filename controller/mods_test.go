package controller

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mainbus/controller/api"
	"mainbus/controller/store"
	"mainbus/hostagent/factorio/webtest"
)

const portalToken = "0123456789abcdef0123456789abcd"

func modZip(t testing.TB, name, version string, needs ...string) []byte {
	t.Helper()
	info, err := json.Marshal(map[string]any{"name": name, "version": version, "title": "The " + name, "author": "anna", "factorio_version": "2.0", "dependencies": append([]string{"base"}, needs...)})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name + "_" + version + "/info.json")
	if err == nil {
		_, err = f.Write(info)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// newModCluster is a cluster that asks fake services and keeps the account in a file.
func newModCluster(t testing.TB, agents ...string) (*cluster, *webtest.Services) {
	t.Helper()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "") // the keyring of whoever runs the test is not touched
	s := webtest.New(t)
	s.AddUser(webtest.User{Name: "alice", Email: "alice@example.org", Password: "horse", Token: portalToken, Owns: true, EmailCode: "1234"})
	s.AddMod(webtest.Mod{Name: "pipes", Title: "Pipes", Owner: "berta", Releases: []webtest.Release{
		{Version: "1.0.0", GameVersion: "2.0", Zip: modZip(t, "pipes", "1.0.0")}, {Version: "1.1.0", GameVersion: "2.1", Zip: modZip(t, "pipes", "1.1.0")},
	}})
	return startCluster(&cluster{t: t, configure: func(c *Config) { c.Portal, c.Auth = s.Portal, s.Auth }}, agents...), s
}

// done waits for a task and returns how it ended.
func (c *cluster) done(task api.Task, err error) api.Task {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	eventually(c.t, task.Title+" has ended", true, func() bool {
		all, err := c.Tasks(c.t.Context(), api.Caller{})
		if err != nil {
			c.t.Fatal(err)
		}
		task = all[slices.IndexFunc(all, func(t api.Task) bool { return t.ID == task.ID })]
		return task.State != api.TaskRunning
	})
	return task
}

func (c *cluster) storedMods(bin bool) string {
	c.t.Helper()
	list, err := c.Mods(c.t.Context(), api.Caller{}, api.ListMods{Bin: bin})
	if err != nil {
		c.t.Fatal(err)
	}
	var names []string
	for _, m := range list.Mods {
		names = append(names, m.Name+" "+m.Version)
	}
	return strings.Join(names, ", ")
}

func TestModsAreUploadedAndDeleted(t *testing.T) {
	c, _ := newModCluster(t)
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("pipes_1.9.0.zip", modZip(t, "pipes", "1.9.0"))
	write("pipes_1.10.0.zip", modZip(t, "pipes", "1.10.0"))
	broken := write("broken.zip", []byte("PK\x03\x04"))
	steps, err := c.PlanUpload(t.Context(), api.Caller{}, api.UploadMods{Paths: []string{dir}})
	if err != nil || len(steps) != 3 || steps[0].Action != api.UploadRefuses || steps[1].Action != api.UploadTakes || steps[1].Game != "2.0" {
		t.Errorf("plan %+v, %v", steps, err)
	}
	if task := c.done(c.UploadMods(t.Context(), api.Caller{}, api.UploadMods{Paths: []string{dir}})); task.State != api.TaskFailed ||
		!strings.Contains(task.Error.Message, "2 added; 1 could not be: broken.zip") {
		t.Errorf("with a broken one: %+v, %v", task, task.Error)
	}
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	if task := c.done(c.UploadMods(t.Context(), api.Caller{}, api.UploadMods{Paths: []string{dir}})); task.State != api.TaskDone || task.Result != "0 added, 2 stored already" {
		t.Errorf("again: %+v", task)
	}
	if got := c.storedMods(false); got != "pipes 1.10.0, pipes 1.9.0" {
		t.Errorf("stored %s", got)
	}
	pack := store.Pack{ID: "p", Name: "Fluids", Game: "2.0", Mods: []store.PackMod{{Name: "pipes", Version: "1.9.0"}}}
	if err := c.controller.store.AddPack(t.Context(), pack); err != nil {
		t.Fatal(err)
	}
	_, err = c.DeleteMod(t.Context(), api.Caller{}, api.ModRef{Name: "pipes", Version: "1.9.0"})
	if e := api.AsError(err); err == nil || e.Code != api.Refused || !strings.Contains(e.Message, "Fluids") {
		t.Errorf("a mod in use was deleted: %v", err)
	}
	for _, step := range []struct {
		do  func() (api.StoredMod, error)
		bin string
	}{
		{func() (api.StoredMod, error) {
			return c.DeleteMod(t.Context(), api.Caller{}, api.ModRef{Name: "pipes", Version: "1.10.0"})
		}, "pipes 1.10.0"},
		{func() (api.StoredMod, error) {
			return c.RestoreMod(t.Context(), api.Caller{}, api.ModRef{Name: "pipes", Version: "1.10.0"})
		}, ""},
	} {
		if _, err := step.do(); err != nil || c.storedMods(true) != step.bin {
			t.Errorf("%v; in the bin: %s", err, c.storedMods(true))
		}
	}
	if _, err := c.DeleteMod(t.Context(), api.Caller{}, api.ModRef{Name: "pipes", Version: "9.9.9"}); api.AsError(err).Code != api.NotFound {
		t.Errorf("what is not there: %v", err)
	}
	for _, paths := range [][]string{nil, {"relative.zip"}, {filepath.Join(dir, "missing.zip")}} {
		if _, err := c.UploadMods(t.Context(), api.Caller{}, api.UploadMods{Paths: paths}); err == nil {
			t.Errorf("%q was taken", paths)
		}
	}
}

func TestTheAccountIsAskedForWhenItIsNeeded(t *testing.T) {
	c, s := newModCluster(t)
	ctx, who := t.Context(), api.Caller{}
	page, err := c.SearchPortal(ctx, who, api.SearchPortal{Text: "PIPES"})
	if err != nil || page.Found != 1 || page.Mods[0].Version != "1.1.0" || page.AskedAt == nil {
		t.Errorf("search without an account: %+v, %v", page, err)
	}
	if d, err := c.ModDetails(ctx, who, api.AskMod{Name: "pipes"}); err != nil || len(d.Releases) != 2 || d.Releases[0].Version != "1.1.0" || d.Stored {
		t.Errorf("details %+v, %v", d, err)
	}
	if _, err := c.ModDetails(ctx, who, api.AskMod{Name: "missing"}); api.AsError(err).Code != api.NotFound {
		t.Errorf("a mod that is not there: %v", err)
	}
	want := api.DownloadMods{Mods: []api.ModVersion{{Name: "pipes", Game: "2.0"}}}
	if _, err := c.DownloadMods(ctx, who, want); err == nil || api.AsError(err).Code != api.LoginNeeded {
		t.Errorf("without an account: %v", err)
	}
	if _, err := c.SetPortalAccount(ctx, who, api.SetPortalAccount{Username: "alice", Token: "wrong"}); err != nil {
		t.Error(err)
	}
	if task := c.done(c.DownloadMods(ctx, who, want)); task.State != api.TaskFailed || task.Error.Code != api.LoginNeeded {
		t.Errorf("with a wrong token: %+v", task)
	}
	if a, err := c.PortalAccount(ctx, who); err != nil || a != (api.PortalAccount{Username: "alice", Place: api.TokenInFile, Refused: true}) {
		t.Errorf("account %+v, %v", a, err)
	}
	login := api.SetPortalAccount{Username: "alice@example.org", Password: "wrong horse"}
	if _, err := c.SetPortalAccount(ctx, who, login); api.AsError(err).Code != api.Refused || strings.Contains(err.Error(), "horse") {
		t.Errorf("a wrong password: %v", err)
	}
	login.Password = "horse"
	if _, err := c.SetPortalAccount(ctx, who, login); api.AsError(err).Code != api.EmailCodeNeeded {
		t.Errorf("without the code: %v", err)
	}
	login.EmailCode = "1234"
	if a, err := c.SetPortalAccount(ctx, who, login); err != nil || a.Username != "alice" || a.Refused {
		t.Errorf("with the code: %+v, %v", a, err)
	}
	c.stop()
	c.start() // it is kept
	if task := c.done(c.DownloadMods(ctx, who, want)); task.State != api.TaskDone || task.Result != "pipes_1.0.0.zip" || c.storedMods(false) != "pipes 1.0.0" {
		t.Errorf("logged in: %+v, %s", task, c.storedMods(false))
	}
	c.tokenIsOnlyIn("account.json")
	if a, err := c.ForgetPortalAccount(ctx, who); err != nil || a.Username != "" {
		t.Errorf("forgotten: %+v, %v", a, err)
	}
	s.Misbehave("/api/mods", 1000, webtest.Status(503, ""))
	if page, err := c.SearchPortal(ctx, who, api.SearchPortal{Refresh: true}); err != nil || page.Found != 1 || page.Problem == "" {
		t.Errorf("without the portal: %+v, %v", page, err)
	}
}

// tokenIsOnlyIn looks through all files of the controller for the token.
func (c *cluster) tokenIsOnlyIn(name string) {
	c.t.Helper()
	var found []string
	err := filepath.WalkDir(c.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(portalToken)) || bytes.Contains(text, []byte("horse")) {
			found = append(found, e.Name())
		}
		return err
	})
	if err != nil || !slices.Equal(found, []string{name}) {
		c.t.Errorf("the token is in %q, %v", found, err)
	}
}

func TestAccountsThatMakeNoSense(t *testing.T) {
	c, _ := newModCluster(t)
	for _, r := range []api.SetPortalAccount{
		{}, {Username: "alice"}, {Token: "x"}, {Username: "alice", Token: "x", Password: "y"}, {Username: "alice", Token: "two words"}, {Username: "alice", Token: strings.Repeat("x", 201)},
	} {
		if _, err := c.SetPortalAccount(t.Context(), api.Caller{}, r); api.AsError(err).Code != api.Invalid {
			t.Errorf("%s: %v", r.Username, err)
		}
	}
}

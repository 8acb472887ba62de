package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mainbus/controller/api"
)

// Packs of the cluster of these tests: one, which tells by its description what was asked.

func (c *cluster) Packs(context.Context, api.Caller) ([]api.PackRow, error) {
	return []api.PackRow{{Name: "Rails\x1b[31m", Game: "2.0", Content: api.ContentBase, Mods: 3, Missing: 1, Revision: 7, Instances: []string{"nauvis", "aquilo"}}}, nil
}

func (c *cluster) Pack(_ context.Context, _ api.Caller, r api.PackRef) (api.Pack, error) {
	if r.Pack != "Rails" {
		return api.Pack{}, api.Errorf(api.NotFound, "mainbusctl packs list shows all packs.", "there is no mod pack %q", r.Pack)
	}
	return told("looked"), nil
}

func told(request any) api.Pack {
	text, _ := json.Marshal(request)
	return api.Pack{
		PackRow:   api.PackRow{Name: "Rails", Game: "2.0", WhoJoins: "Everybody can join.", Description: string(text), Revision: 8},
		List:      []api.PackMod{{Name: "base", Version: "2.0", Enabled: true, BuiltIn: true}, {Name: "some-mod", Version: "1.2.3", Problem: "its version is not known"}},
		Ignored:   []api.IgnoredNeed{{Mod: "a", Needs: "b"}},
		Problems:  []string{"space-age: it needs quality"},
		Revisions: []api.PackRevision{{Revision: 8, Change: "speed 5"}},
	}
}

func (c *cluster) CreatePack(_ context.Context, _ api.Caller, r api.CreatePack) (api.Pack, error) {
	return told(r), nil
}
func (c *cluster) EditPack(_ context.Context, _ api.Caller, r api.EditPack) (api.Pack, error) {
	return told(r), nil
}
func (c *cluster) UndoPack(_ context.Context, _ api.Caller, r api.UndoPack) (api.Pack, error) {
	return told(r), nil
}

func (c *cluster) DeletePack(_ context.Context, _ api.Caller, r api.PackRef) (api.PackRow, error) {
	return api.PackRow{Name: r.Pack}, nil
}

func (c *cluster) ImportPack(_ context.Context, _ api.Caller, r api.ImportPack) (api.PackDraft, error) {
	return api.PackDraft{Pack: told(r), Missing: []api.MissingMod{{Name: "some-mod"}}, Remarks: []string{"as " + r.Text + r.Path + r.Instance}}, nil
}

func (c *cluster) LookAtPack(ctx context.Context, who api.Caller, r api.ImportPack) (api.PackDraft, error) {
	return c.ImportPack(ctx, who, r)
}

func (c *cluster) ExportPack(context.Context, api.Caller, api.PackRef) (api.PackText, error) {
	return api.PackText{Name: "Rails", Text: "eNp"}, nil
}

func (c *cluster) PlanAssign(_ context.Context, _ api.Caller, r api.AssignPack) (api.AssignPlan, error) {
	p := api.AssignPlan{Instance: r.Instance, Name: r.Instance, Pack: r.Pack, Hash: "h1"}
	if r.Instance == "gleba" {
		p.Save, p.Running = "gleba.zip", true
		p.Mods = []api.ComparedMod{{Name: "signs", Save: &api.ModSide{Version: "1.0.0", Enabled: true}}}
		p.Losses, p.Warnings = []string{"signs vanishes."}, []string{"1 file is missing."}
	}
	return p, nil
}

func (c *cluster) AssignPack(_ context.Context, _ api.Caller, r api.AssignPack) (api.Instance, error) {
	if r.Hash != "h1" {
		return api.Instance{}, errors.New("not what was looked at")
	}
	return api.Instance{Name: r.Instance, Pack: r.Pack}, nil
}

func (c *cluster) PackSettings(context.Context, api.Caller, api.AskPackSettings) (api.PackSettings, error) {
	return api.PackSettings{
		Settings: []api.PackSetting{
			{Scope: "startup", Mod: "some-mod", Name: "speed", Kind: api.SettingInt, Default: json.RawMessage("3"), Value: json.RawMessage("5"), Min: json.RawMessage("1"), Title: "Speed"},
			{Scope: "startup", Mod: "some-mod", Name: "secret", Kind: api.SettingBool, Hidden: true},
			{Scope: "startup", Mod: "some-mod", Name: "mode", Kind: api.SettingString, Allowed: []api.SettingChoice{{Value: json.RawMessage(`"a"`)}, {Value: json.RawMessage(`"b"`)}}},
		},
		Problems: []string{"some-mod could not be read."},
	}, nil
}

func (c *cluster) PackForPlayers(context.Context, api.Caller, api.PackRef) (api.PackForPlayers, error) {
	return api.PackForPlayers{Text: "Join, and say yes.", Links: []api.ModLink{{Name: "some-mod", Version: "1.2.3", URL: "https://mods.factorio.com/mod/some-mod"}}, Missing: []string{"other-mod"}}, nil
}

func TestPackCommands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "text")
	for _, test := range []struct {
		name, args     string
		code           int
		stdout, stderr string // parts
	}{
		{name: "list", args: "packs list", stdout: "Rails[31m  2.0   base     3     0    1        7 "},
		{name: "show", args: "packs show Rails", stdout: "some-mod  1.2.3    -        -       -              its version is not known\nIgnored: what a says about b.\nProblem: space-age: it needs quality.\n"},
		{name: "show of none", args: "packs show none", code: 1, stderr: `there is no mod pack "none"`},
		{name: "create", args: "packs create Rails --game 2.0 --content space-age", stdout: `{"name":"Rails","description":"","game":"2.0","content":"space-age"}`},
		{name: "clone", args: "packs clone Rails Two", stdout: `{"name":"Two","description":"","game":"","content":"","from":"Rails"}`},
		{name: "edit", args: "packs edit Rails --mod a@b@1.2.3 --remove c --enable d --pin e", stdout: `{"pack":"Rails","mods":[{"name":"a@b","version":"1.2.3"},` +
			`{"name":"c","remove":true},{"name":"d","enabled":true},{"name":"e","pinned":true}]}`},
		{name: "edit of the game", args: "packs edit Rails --game 2.1", code: 1, stderr: "Look at the plan: mainbusctl packs plan Rails --game 2.1"},
		{name: "edit what is ignored", args: "packs edit Rails --no-ignore a§needs§b --ignore c§needs§d", stdout: `{"pack":"Rails","revision":8,"ignored":[{"mod":"c","needs":"d"}]}`},
		{name: "edit of no mod", args: "packs edit Rails --mod 1.2.3", code: 1, stderr: "names no mod and version"},
		{name: "undo", args: "packs undo Rails --to 7", stdout: `{"pack":"Rails","revision":7}`},
		{name: "delete asks", args: "packs delete Rails", code: 1, stderr: "nothing was deleted"},
		{name: "delete", args: "packs delete Rails --yes", stdout: "Deleted Rails."},
		{name: "import", args: "packs import --instance nauvis --into Rails", stdout: "Note: as nauvis\n"},
		{name: "import, only looked at", args: "packs import /x/base.zip --dry-run", stdout: "Would make the pack Rails"},
		{name: "export", args: "packs export Rails", stdout: "eNp\n"},
		{name: "export to a file", args: "packs export Rails --to " + file},
		{name: "assign", args: "packs assign Rails nauvis aquilo", stdout: "nauvis has the pack Rails from its next start on.\naquilo has"},
		{name: "assign none", args: "packs assign --none nauvis", stdout: "nauvis has no pack.\n"},
		{name: "assign what loses something", args: "packs assign Rails nauvis gleba", code: 1, stdout: "nauvis: there is no world to compare with.\n" +
			"gleba: mods: 1 go.\n  Lost: signs vanishes.\n  Note: 1 file is missing.\n  It is running, and has to be restarted for it.\n", stderr: "so nothing was changed"},
		{name: "assign it all the same", args: "packs assign Rails gleba --yes", stdout: "gleba has the pack Rails from its next start on.\n"},
		{name: "only a look", args: "packs assign Rails gleba --plan", stdout: "Lost: signs vanishes.\n"},
		{name: "assign nothing", args: "packs assign Rails", code: 2, stderr: "assign needs PACK and INSTANCE"},
		{name: "settings", args: "packs settings Rails", stdout: "startup  some-mod  speed    5        3        int 1 to any  Speed  -\nstartup  some-mod  mode     default  -        \"a\", \"b\""},
		{name: "hidden settings", args: "packs settings Rails --all", stdout: "secret"},
		{name: "set", args: "packs set Rails speed 5", stdout: "Revision 8: speed 5.\n"},
		{name: "set a text", args: "--json packs set Rails mode fast", stdout: `\"value\":\"fast\"`},
		{name: "set the default", args: "--json packs set Rails mode --default", stdout: `\"value\":null`},
		{name: "set nothing", args: "packs set Rails mode", code: 2, stderr: "set needs PACK, SETTING and VALUE"},
		{name: "for players", args: "packs handout Rails", stdout: "Join, and say yes.\nMOD       VERSION  PAGE\nsome-mod  1.2.3    https://mods.factorio.com/mod/some-mod\nThe controller does not keep other-mod"},
	} {
		args := strings.Fields(test.args)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "§", " ")
		}
		stdout, stderr, code := ctlOn(t, &cluster{}, args...)
		if code != test.code || !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) {
			t.Errorf("%s: code %d\n%s%s", test.name, code, stdout, stderr)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "eNp\n" {
		t.Errorf("exported %q, %v", text, err)
	}
}

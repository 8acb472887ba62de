package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"mainbus/controller/api"
)

// The plan of these tests tells by its pack's name what was asked. With "bad" among what is added it is not possible.
func (c *cluster) PlanPack(_ context.Context, _ api.Caller, r api.PlanPack) (api.PackPlan, error) {
	text, _ := json.Marshal(r)
	p := api.PackPlan{
		Pack: string(text), Game: "2.1", GameWas: "2.0", Possible: true, Hash: "h1", Downloads: 2, SizesUnknown: 1, DownloadBytes: 3 << 20,
		Steps:    []api.PlanStep{{Name: "some-mod\x1b", Action: api.PlanInstall, To: "1.2.3", Source: api.FromPortal, Why: "asked for"}},
		HeldBack: []api.HeldBack{{Name: "lib", Version: "1.0.0", Newest: "2.0.0", Why: []string{"x needs lib < 2.0.0", "y stays"}}},
		Warnings: []api.PlanWarning{{Text: "Only players who own Space Age can join then"}},
		Restarts: []api.PlanRestart{{Name: "nauvis", Running: true}, {Name: "aquilo"}},
	}
	for _, add := range r.Add {
		if add.Name == "bad" {
			return api.PackPlan{Pack: "Rails", Game: "2.0", GameWas: "2.0", Conflicts: []api.PlanConflict{{Text: "bad is wanted"}, {Text: "bad needs good"}}}, nil
		}
	}
	return p, nil
}

func (c *cluster) ApplyPackPlan(_ context.Context, _ api.Caller, r api.ApplyPackPlan) (api.Task, error) {
	if r.Hash != "h1" {
		return api.Task{}, api.Errorf(api.Refused, "", "another plan")
	}
	return api.Task{ID: "t", Title: "Change", State: api.TaskDone, Result: r.Pack}, nil
}

func TestPlanCommands(t *testing.T) {
	const shown = `, for the game 2.1 instead of 2.0: 1 to install.
WHAT     MOD       FROM  TO     SOURCE  SIZE  WHY
install  some-mod  -     1.2.3  portal  -     asked for
Held back: lib gets 1.0.0, not 2.0.0: x needs lib < 2.0.0; y stays.
Note: Only players who own Space Age can join then.
To download: 2 files, 3.0 MiB and more.
nauvis has to be restarted for it.
`
	for _, test := range []struct {
		args           string
		code           int
		stdout, stderr string // parts
	}{
		{args: "packs plan Rails", stdout: `{"pack":"Rails"}` + shown + "Nothing was changed. To do it, say the same with --yes.\n"},
		{args: "packs plan Rails --add a@b@>=§1.2 --add c --remove d --enable e --disable f --update g --pin h --unpin i --ignore j§needs§k --no-ignore l§needs§m --game 2.1",
			stdout: `{"pack":"Rails","add":[{"name":"a@b","version":"\u003e= 1.2"},{"name":"c"}],"remove":["d"],"enable":["e"],"disable":["f"],"update":["g"],` +
				`"pin":["h"],"unpin":["i"],"ignore":[{"mod":"j","needs":"k"}],"heed":[{"mod":"l","needs":"m"}],"game":"2.1"}`},
		{args: "packs plan --game 2.0 --add a", stdout: `{"pack":"","add":[{"name":"a"}],"game":"2.0"}`},
		{args: "packs plan Rails --ignore x", code: 1, stderr: "is no dependency"},
		{args: "packs add Rails a b@1.0.0 --pin", stdout: `{"pack":"Rails","add":[{"name":"a"},{"name":"b","version":"1.0.0"}],"pin":["a","b"]}`},
		{args: "packs remove Rails a b", stdout: `{"pack":"Rails","remove":["a","b"]}`},
		{args: "packs update Rails", stdout: `{"pack":"Rails","update_all":true}`},
		{args: "packs update Rails a --game 2.1", stdout: `{"pack":"Rails","update":["a"],"game":"2.1"}`},
		{args: "packs add Rails bad --yes", code: 1, stdout: "Can't be together: bad is wanted.\nCan't be together: bad needs good.\n", stderr: "2 demands can't be met together"},
		{args: "packs add Rails", code: 2, stderr: "requires at least 2 arg"},
		{args: "--json packs update Rails", stdout: `"hash": "h1"`},
		{args: "--json packs update Rails --yes", stdout: `"result": "Rails"`},
		{args: "packs update Rails --yes", stdout: shown},
	} {
		args := strings.Fields(test.args)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "§", " ")
		}
		stdout, stderr, code := ctlOn(t, &cluster{}, args...)
		if code != test.code || !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) {
			t.Errorf("%s: code %d\n%s%s", test.args, code, stdout, stderr)
		}
	}
}

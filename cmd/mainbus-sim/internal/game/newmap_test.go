package game

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mainbus/cmd/mainbus-sim/internal/gamelog"
	"mainbus/hostagent/factorio/save"
)

// levelOf reads what the simulator keeps in a save.
func levelOf(t *testing.T, file string) (*mapFile, uint32) {
	t.Helper()
	content, err := readMapFile(file, gamelog.New(time.Now(), io.Discard, nil))
	if err != nil {
		t.Fatal(err)
	}
	var w struct {
		Seed uint32 `json:"seed"`
	}
	if err := json.Unmarshal(content.Level.World, &w); err != nil {
		t.Fatal(err)
	}
	return content, w.Seed
}

func TestSettingsOfANewMap(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	gen, settings := filepath.Join(i.dir, "gen.json"), filepath.Join(i.dir, "map.json")
	writeFileT(t, gen, `{"width": 640, "seed": 12, "autoplace_controls": {"coal": {"size": 2}}}`)
	writeFileT(t, settings, `{"pollution": {"enabled": false}}`)
	if out, code := i.run(t, "--create", "alpha", "--preset", "rail-world", "--map-gen-settings", gen, "--map-settings", settings); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	content, seed := levelOf(t, i.saveFile("alpha"))
	if seed != 12 {
		t.Errorf("seed %d", seed)
	}
	if text := string(content.Level.MapGen); !strings.Contains(text, `"width":640`) || !strings.Contains(text, `"frequency":0.3333333333333333,"richness":1,"size":2`) {
		t.Errorf("map generation settings %s", text)
	}
	if text := string(content.Level.MapSettings); !strings.Contains(text, `"enabled":false,"enemy_attack`) {
		t.Errorf("map settings %s", text)
	}
	if out, code := i.run(t, "--create", "beta", "--map-gen-seed", "77"); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	if _, seed := levelOf(t, i.saveFile("beta")); seed != 77 {
		t.Errorf("seed %d", seed)
	}
	p := i.start(t, "beta")
	if got := p.say("/seed"); got != "77" {
		t.Errorf("got seed %s", got)
	}
}

func TestNewMapsThatAreRefused(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	gen := filepath.Join(i.dir, "gen.json")
	writeFileT(t, gen, `{"autoplace_controls": {"grass": {"size": 2}}}`)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--create", "a", "--preset", "paradise"}, "Unknown map gen preset: paradise"},
		{[]string{"--create", "a", "--map-gen-settings", gen}, `"grass" is not a valid autoplace control name.`},
		{[]string{"--create", "a", "--map-settings", i.saveFile("none")}, "read map-settings: open "},
		{[]string{"--create", "a", "--map-gen-seed", "-1"}, "Argument '-1' of option 'map-gen-seed' failed to parse"},
		{[]string{"--scenario2map", "base/nothing"}, "Scenario base/nothing not found"},
		{[]string{"--scenario2map", "../x"}, "Scenario ../x not found"},
		{[]string{"--start-server-load-latest"}, "no saves in "},
	} {
		out, code := i.run(t, test.args...)
		if code != 1 || !strings.Contains(out, test.want) || !strings.HasSuffix(out, "Goodbye\n") {
			t.Errorf("%v: got %d:\n%s", test.args, code, out)
		}
	}
	if saves, err := os.ReadDir(filepath.Join(i.dir, "saves")); err != nil || len(saves) > 0 {
		t.Errorf("there are saves: %v, %v", saves, err)
	}
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	mine := filepath.Join(i.dir, "scenarios", "mine")
	if err := os.MkdirAll(filepath.Join(mine, "parts"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFileT(t, filepath.Join(mine, "control.lua"), `require("parts/one") commands.add_command("mine", "", function() rcon.print(one .. tostring(script.level.mod_name)) end)`)
	writeFileT(t, filepath.Join(mine, "parts", "one.lua"), `one = "the first part"`)

	p := i.serve(t, "--start-server-load-scenario", "mine")
	if got := p.say("/mine"); got != "the first partnil" {
		t.Errorf("got %q", got)
	}
	if got := p.say("/server-save"); got != "Can't save to default location: Default location not known" {
		t.Errorf("got %q", got)
	}
	p.say("/server-save other")
	p.say("/quit")
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	checkOrder(t, p.texts(), "Saving game as "+i.saveFile("other"), "Saving map as "+i.saveFile("mine"))

	for _, step := range [][]string{{"--map2scenario", "mine"}, {"-m", "mine"}} {
		if out, code := i.run(t, step...); code != 0 {
			t.Fatalf("%v: got %d:\n%s", step, code, out)
		}
	}
	p = i.start(t, "mine")
	if got := p.say("/mine"); got != "the first partnil" {
		t.Errorf("got %q", got)
	}
	archive, err := save.Open(i.saveFile("mine"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if header, err := archive.Header(); err != nil || header.Level != "mine" || header.BaseMod != "" {
		t.Errorf("header %+v, %v", header, err)
	}
}

func TestScenarioInTheZipOfAMod(t *testing.T) {
	t.Parallel()
	words := map[string]string{"m": word(), "s": word()}
	i := newInstallation(t, "")
	testMod{name: words["m"], version: "1.0.0", files: map[string]string{
		"scenarios/@s/control.lua": `require("part") commands.add_command("mine", "", function() rcon.print(one .. script.level.level_name .. script.level.mod_name) end)`,
		"scenarios/@s/part.lua":    `one = "packed "`,
		"scenarios/other.lua":      ``,
	}}.zip(t, i, words)
	p := i.serve(t, "--start-server-load-scenario", words["m"]+"/"+words["s"])
	if got := p.say("/mine"); got != "packed "+words["s"]+words["m"] {
		t.Errorf("got %q", got)
	}
	p.say("/quit")
	p.exit()
	out, code := i.run(t, "--scenario2map", words["m"]+"/nothing")
	if code != 1 || !strings.Contains(out, "Scenario "+words["m"]+"/nothing not found") {
		t.Errorf("got %d:\n%s", code, out)
	}
}

func TestLatestSaveIsOverwritten(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, `{"autosave_seconds": 0.2}`)
	i.create(t, "old", "")
	p := i.start(t, "old")
	p.wait(`Saving to _autosave1`)
	p.wait(`AppManagerStates\.cpp:2110: Saving finished`)
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.exit()
	p = i.serve(t, "--start-server-load-latest")
	p.wait(`Loading map .*_autosave\d+\.zip`)
	p.say("/quit")
	p.exit()
	p.wait(`Saving map as .*_autosave\d+\.zip`)
}

func TestBenchmark(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", `script.on_event(defines.events.on_tick, function(e) if e.tick == 50 then print("fifty") end end)`)
	before, err := os.ReadFile(i.saveFile("alpha"))
	if err != nil {
		t.Fatal(err)
	}
	out, code := i.run(t, "--benchmark", "alpha", "--benchmark-ticks", "50", "--benchmark-runs", "2")
	performed := regexp.MustCompile(`(?m)^  Performed 50 updates in \d+\.\d{3} ms\n  avg: \d+\.\d{3} ms, min: \d+\.\d{3} ms, max: \d+\.\d{3} ms\n  checksum: (\d+)$`)
	runs := performed.FindAllStringSubmatch(out, -1)
	if code != 0 || len(runs) != 2 || strings.Count(out, "fifty\n") != 2 || runs[0][1] != runs[1][1] {
		t.Errorf("got %d:\n%s", code, out)
	}
	if after, err := os.ReadFile(i.saveFile("alpha")); err != nil || string(before) != string(after) {
		t.Error("the save was changed")
	}
}

func TestUntilTick(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	p := i.start(t, "alpha", "--until-tick", "20")
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.wait(`updateTick\(20\) changing state from\(InGame\) to\(DisconnectingScheduled\)`)
}

func TestFilesOfTheServer(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	i.create(t, "alpha", "")
	id := filepath.Join(i.dir, "my-id.json")
	console := filepath.Join(i.dir, "console.log")
	mods := filepath.Join(i.dir, "other-mods")
	p := i.start(t, "alpha", "--server-id", id, "--console-log", console, "--mod-directory", mods, "--no-log-rotation")
	p.wait(`Warning FileUtil\.cpp:527: alpha not found; using alpha\.zip`)
	p.say("to all")
	p.say("/quit")
	p.exit()
	var content struct{ ID, Secret string }
	if data, err := os.ReadFile(id); err != nil || json.Unmarshal(data, &content) != nil || len(content.ID) != 44 || len(content.Secret) != 44 {
		t.Errorf("server id %+v, %v", content, err)
	}
	if data, err := os.ReadFile(console); err != nil || !regexp.MustCompile(`^[-0-9 :]{19} \[CHAT\] <server>: to all\n$`).Match(data) {
		t.Errorf("console log %q, %v", data, err)
	}
	if data, err := os.ReadFile(filepath.Join(mods, "mod-list.json")); err != nil || !strings.Contains(string(data), "quality") {
		t.Errorf("mod list %q, %v", data, err)
	}
	if data, err := os.ReadFile(filepath.Join(i.dir, "player-data.json")); err != nil || !strings.Contains(string(data), `"build_mode": "headless"`) {
		t.Errorf("player data %q, %v", data, err)
	}
	if _, err := os.Stat(filepath.Join(i.dir, "factorio-previous.log")); err == nil {
		t.Error("a log was rotated")
	}
}

func TestDumpData(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, "")
	if out, code := i.run(t, "--dump-data"); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	data, err := os.ReadFile(filepath.Join(i.dir, "script-output", "data-raw-dump.json"))
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]map[string]struct {
		StackSize float64 `json:"stack_size"`
	}
	if err := json.Unmarshal(data, &raw); err != nil || raw["item"]["iron-plate"].StackSize != 100 {
		t.Errorf("iron plate %+v, %v", raw["item"]["iron-plate"], err)
	}
}

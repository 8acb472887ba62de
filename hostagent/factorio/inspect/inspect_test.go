package inspect

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"mainbus/hostagent/factorio"
	"mainbus/hostagent/factorio/encoded"
	"mainbus/hostagent/factorio/modpack"
)

func inspect(data []byte, name string) (*Report, error) {
	return Inspect(Input{Data: bytes.NewReader(data), Size: int64(len(data)), Name: name})
}

// jsonOf writes a report as JSON and reads it again.
func jsonOf(t testing.TB, r *Report) map[string]any {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var value map[string]any
	if err := json.Unmarshal(b.Bytes(), &value); err != nil {
		t.Fatalf("%v in %.300s", err, b.String())
	}
	return value
}

func textOf(t testing.TB, r *Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// zipOf makes a zip of files, name and content in turn.
func zipOf(files ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err == nil {
			_, err = io.WriteString(w, files[i+1])
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

const (
	run = "   0.000 2026-08-02 02:16:26; Factorio 2.0.77 (build 84539, linux64, headless)\n" +
		"   0.542 Info ServerMultiplayerManager.cpp:808: updateTick(18446744073709551615) changing state from(Ready) to(PreparedToHostGame)\n" +
		"   0.542 Info ServerMultiplayerManager.cpp:808: updateTick(18446744073709551615) changing state from(PreparedToHostGame) to(CreatingGame)\n" +
		"   1.000 Info ServerMultiplayerManager.cpp:808: updateTick(0) changing state from(CreatingGame) to(InGame)\n" +
		"2026-08-02 02:16:35 [JOIN] a joined the game\n" +
		"2026-08-02 02:16:36 [CHAT] a: \x1b[31mred <b>\n" +
		"   2.000 Info AppManager.cpp:323: Saving to _autosave1 (non-blocking).\n" +
		"   2.100 Info AppManagerStates.cpp:2110: Saving finished\n" +
		"   2.200 Info AppManagerStates.cpp:2110: Saving finished\n" +
		"mainbus:1 31 b476ff9e 0 0 1/1 301 core hello rmainbus\n" +
		"   3.000 Error MainLoop.cpp:1488: Exception at tick 5: The mod X (0.0.1) caused a non-recoverable error.\n" +
		"stack traceback:\n\t[C]: in function '__index'\n"
	info = `{"name":"alpha","version":"1.2.3","title":"Alpha","author":"b","factorio_version":"2.0","dependencies":["base >= 2.0.0","? c d > 1.0.0"]}`
)

func TestLog(t *testing.T) {
	r, err := inspect([]byte(run), "save.zip")
	if err != nil {
		t.Fatal(err)
	}
	got := jsonOf(t, r)
	want := `{"failure":"The mod X (0.0.1) caused a non-recoverable error.","players":["a"],"saves":["_autosave1"],` +
		`"states":["Ready","PreparedToHostGame","CreatingGame","InGame"],"version":"2.0.77"}`
	if summary, _ := json.Marshal(got["summary"]); string(summary) != want {
		t.Errorf("summary %s, want %s", summary, want)
	}
	events := got["events"].([]any)
	for i, want := range map[int]string{
		0:  `{"fields":{"build":84539,"mode":"linux64, headless","version":"2.0.77"},"kind":"version","line":1,"shape":"plain","time":0}`,
		5:  `{"fields":{"player":"a","text":"\u001b[31mred \u003cb\u003e"},"kind":"chat","line":6,"shape":"dated","time":"2026-08-02 02:16:36"}`,
		8:  `{"fields":{"doubt":"no save is in progress","text":"Saving finished"},"kind":"line","line":9,"shape":"engine","time":2.2}`,
		9:  `{"fields":{"text":"mainbus:1 31 b476ff9e 0 0 1/1 301 core hello rmainbus"},"kind":"line","line":10,"shape":"bare","time":null}`,
		10: `{"fields":{"name":"X","stack":["\t[C]: in function '__index'"],"text":"The mod X (0.0.1) caused a non-recoverable error.","tick":5},"kind":"lua_error","line":11,"shape":"engine","time":3}`,
	} {
		if event, _ := json.Marshal(events[i]); string(event) != want {
			t.Errorf("event %d\n got %s\nwant %s", i, event, want)
		}
	}
	if len(events) != 11 {
		t.Errorf("%d events", len(events))
	}
	text := textOf(t, r)
	for _, part := range []string{"Log of Factorio 2.0.77", "players  a\n", "[31mred <b>", "1 lines contradict"} {
		if !strings.Contains(text, part) {
			t.Errorf("the text has no %q:\n%s", part, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Error("the text has an escape sequence")
	}
}

// What containers and journals put before each line is left out.
func TestLogsWithSomethingBeforeEachLine(t *testing.T) {
	bare, err := inspect([]byte(run), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, before := range []string{"factorio-1  | ", "2026-08-02T02:16:26.123456789Z ", "Aug 02 02:16:26 host factorio[123]: ", "   0.007 | "} {
		var framed strings.Builder
		for line := range strings.Lines(run) {
			framed.WriteString(before + line)
		}
		r, err := inspect([]byte(framed.String()), "")
		if err != nil {
			t.Errorf("%q: %v", before, err)
			continue
		}
		if got, want := fmt.Sprint(jsonOf(t, r)), fmt.Sprint(jsonOf(t, bare)); got != want {
			t.Errorf("%q\n got %s\nwant %s", before, got, want)
		}
	}
}

func TestLongLogsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(run)
	for i := range 2 * maxListed {
		fmt.Fprintf(&b, "2026-08-02 02:16:35 [JOIN] p%d joined the game\n", i)
	}
	b.WriteString(strings.Repeat("x", 3*maxLine) + "\n")
	r, err := inspect([]byte(b.String()), "")
	if err != nil {
		t.Fatal(err)
	}
	got := jsonOf(t, r)
	if players := got["summary"].(map[string]any)["players"].([]any); len(players) != maxListed {
		t.Errorf("%d players", len(players))
	}
	if n := strings.Count(textOf(t, r), "\n"); n > maxShown+30 {
		t.Errorf("%d lines for people", n)
	}
	if len(r.Warnings) != 2 || !strings.Contains(r.Warnings[0], "1 lines are longer than 64.0 KiB") {
		t.Errorf("%q", r.Warnings)
	}
}

func TestMods(t *testing.T) {
	for _, test := range []struct {
		name, file string
		data       []byte
		warning    string
	}{
		{"a zip", "alpha_1.2.3.zip", zipOf("alpha_1.2.3/info.json", info, "alpha_1.2.3/control.lua", ""), ""},
		{"a zip with another name", "beta.zip", zipOf("alpha_1.2.3/info.json", info), "The file is called beta.zip, but the game wants alpha_1.2.3.zip."},
		{"info.json", "info.json", []byte(info), ""},
	} {
		r, err := inspect(test.data, test.file)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		got := jsonOf(t, r)
		if got["format"] != "mod" || got["info"].(map[string]any)["name"] != "alpha" || strings.Join(r.Warnings, " ") != test.warning {
			t.Errorf("%s: %v", test.name, got)
		}
		if text := textOf(t, r); !strings.Contains(text, "Mod alpha 1.2.3") || !strings.Contains(text, "c d   > 1.0.0") {
			t.Errorf("%s: %s", test.name, text)
		}
	}
}

func TestModList(t *testing.T) {
	r, err := inspect([]byte(`{"mods":[{"name":"base","enabled":true},{"name":"x","enabled":false,"version":"1.2.3"}]}`), "anything")
	if err != nil {
		t.Fatal(err)
	}
	const want = `map[format:mod-list mods:[map[enabled:true name:base] map[enabled:false name:x version:1.2.3]] warnings:[]]`
	if got := fmt.Sprint(jsonOf(t, r)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	r, err = inspect([]byte(`{"mods":[{"name":"x","enabled":true},{"name":"x","enabled":true}]}`), "")
	if err != nil || len(r.Warnings) == 0 || !strings.Contains(textOf(t, r), "What is wrong") {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestEncoded(t *testing.T) {
	pack := modpack.New("mine", factorio.Version{Major: 2})
	pack.Mods = []modpack.Mod{{Name: "base", Enabled: true, Version: "2.0.0"}, {Name: "alpha", Version: "1.2.3"}}
	packText, err := pack.Text()
	if err != nil {
		t.Fatal(err)
	}
	blueprint := encoded.EncodeBlueprint([]byte(`{"blueprint":{"label":"smelter","version":562949958402048,"entities":[]}}`))
	for _, test := range []struct{ name, text, want, shown string }{
		{"a mod pack", packText, `map[description: factorio_version:2.0.0 format:mod-pack mods:[map[enabled:true name:base version:2.0.0] ` +
			`map[enabled:false name:alpha version:1.2.3]] name:mine settings:map[runtime-global:map[] runtime-per-user:map[] startup:map[]] ` +
			`warnings:["alpha": it has no "sha1", so nothing tells whether its file is the right one]]`, "Mods (2, 1 enabled)"},
		{"a blueprint", blueprint, `map[content:map[blueprint:map[entities:[] label:smelter version:5.62949958402048e+14]] format:blueprint]`,
			"Blueprint string of Factorio 2.0.76"},
		{"JSON", encoded.Encode([]byte(`{"a":[1]}`)), `map[content:map[a:[1]] format:encoded warnings:[]]`, "Encoded text of 9 bytes"},
		{"text", encoded.Encode([]byte("hello")), `map[content:hello format:encoded warnings:[]]`, "hello"},
		{"bytes", encoded.Encode([]byte("\xff")), "map[content:\ufffd format:encoded warnings:[It is no UTF-8; what is none is shown as U+FFFD.]]", "no UTF-8"},
	} {
		for _, text := range []string{test.text, " \r\n" + test.text[:10] + "\n" + test.text[10:] + "\n"} {
			r, err := inspect([]byte(text), "")
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
				continue
			}
			if got := fmt.Sprint(jsonOf(t, r)); got != test.want {
				t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
			}
			if got := textOf(t, r); !strings.Contains(got, test.shown) {
				t.Errorf("%s: %s", test.name, got)
			}
		}
	}
}

// Damaged files of every kind, and what is none.
func TestDamaged(t *testing.T) {
	mod := zipOf("alpha_1.2.3/info.json", info)
	for _, test := range []struct {
		name string
		data string
		want string
	}{
		{"nothing", "", "it is empty"},
		{"blanks", " \n\t\n", "no file of the game that can be told"},
		{"text", "hello\nworld\n", "no file of the game that can be told"},
		{"zeros", strings.Repeat("\x00", 1000), "no file of the game that can be told"},
		{"a log with zeros", run + "\x00", "no file of the game that can be told"},
		{"another program's log", "2026-08-02 02:16:35 INFO started\n", "no file of the game that can be told"},
		{"the signature of a zip", "PK\x03\x04", "it is a zip, but no save and no mod"},
		{"a cut zip", string(mod[:len(mod)-10]), "it is a zip, but no save and no mod"},
		{"an empty zip", string(zipOf()), "it is a zip, but no save and no mod"},
		{"a zip of something", string(zipOf("a/b.txt", "x")), "no save, which has a level.dat, and no mod, which has an info.json"},
		{"a zip with two folders", string(zipOf("a/info.json", info, "b/x", "")), "not in the root folder"},
		{"a zip with a path out of it", string(zipOf("a/../../info.json", info)), "not a plain path"},
		{"a save without level", string(zipOf("a/level-init.dat", "x", "a/info.json", "null\n")), "it is a save that can't be read"},
		{"a save with an empty level", string(zipOf("a/level.dat", "")), "it is a save that can't be read"},
		{"a mod's info.json that is none", string(zipOf("a/info.json", "null")), "it is a mod that the game does not load"},
		{"a mod's info.json that is cut", string(zipOf("a/info.json", info[:50])), "it is a mod that the game does not load"},
		{"a mod's info.json that is huge", string(zipOf("a/info.json", strings.Repeat(" ", maxInfo+1))), "longer than 1.0 MiB"},
		{"a mod's info.json with a version that is none", strings.Replace(info, "1.2.3", "one", 1), "a mod that the game does not load"},
		{"cut JSON", `{"mods":[{"name":`, "it looks like JSON, but is none"},
		{"JSON of something else", `{"left":1}`, "it is JSON, but"},
		{"a mod list of numbers", `{"mods":[1,2]}`, "it looks like a mod list, but can't be read"},
		{"a mod list without names", `{"mods":[{"enabled":true}]}`, "it looks like a mod list, but can't be read"},
		{"a cut map exchange string", ">>>eNpjZGBk", "it looks like a map exchange string, but can't be read: map exchange string: it does not end with <<<"},
		{"a map exchange string of nothing", ">>>\n<<<\n", "it looks like a map exchange string, but can't be read: map exchange string: there is no encoded text"},
		{"a cut encoded text", "eNoz", "it looks like an encoded text, but can't be read: it can't be inflated"},
		{"a cut blueprint string", "0eNoz", "it looks like a blueprint string, but can't be read: it can't be inflated"},
		{"a blueprint string of text", encoded.EncodeBlueprint([]byte("hi")), "it looks like a blueprint string, but its content can't be read: line 1"},
		{"a mod pack of something", encoded.Encode([]byte(`{"mods":1,"settings":1,"factorio_version":1}`)), "it looks like a mod pack string, but can't be read: mod pack string: \"mods\" is 1"},
		{"a word", "eNough\n", "it looks like an encoded text, but can't be read"},
		{"cut mod settings", "\x02\x00\x00\x00\x48\x00\x00\x00\x00\x05\x00\x03", "it looks like mod settings, but can't be read"},
		{"mod settings of an unknown type", "\x02\x00\x00\x00\x48\x00\x00\x00\x00\x05\x00\x01\x00\x00\x00\x00\x01k\x09\x00", "it looks like mod settings, but can't be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := inspect([]byte(test.data), "")
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, %+v; want %s", err, r, test.want)
			}
		})
	}
}

func TestBytesText(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1023: "1023 bytes", 1024: "1.0 KiB", 1 << 20: "1.0 MiB", 5 << 29: "2.5 GiB", 1 << 62: "4194304.0 TiB"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

// Any bytes at all: an error of one line, or a report that can be written both ways.
func FuzzInspect(f *testing.F) {
	for _, seed := range []string{
		run, info, string(zipOf("alpha_1.2.3/info.json", info)), string(zipOf("a/level.dat", "\x02\x00")), `{"mods":[{"name":"base","enabled":true}]}`,
		"\x02\x00\x00\x00\x48\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00", ">>>eNo=<<<",
		encoded.EncodeBlueprint([]byte("{}")), encoded.Encode([]byte(`{"mods":[],"settings":{},"factorio_version":"2.0","name":"","description":""}`)),
		`{"visibility":{"public":true},"tags":["a",1],"token":"t"}`, `["a", {"username": "b", "reason": "x"}]`,
		`{"seed": null, "autoplace_controls": {"coal": {"size": "big"}}}`, `{"pollution": {"ageing": "1"}, "steering": {}}`,
	} {
		f.Add([]byte(seed), "x.zip")
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		r, err := inspect(data, name)
		if err != nil {
			if strings.Contains(err.Error(), "\n") || r != nil {
				t.Errorf("%q, %v", err, r)
			}
			return
		}
		if !Known(data) {
			t.Error("a report about what is not known")
		}
		if text := textOf(t, r); strings.ContainsAny(text, "\x1b\x00\r") {
			t.Errorf("%q", text)
		}
		jsonOf(t, r)
	})
}

package console

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mainbus/hostagent/factorio/internal/sample"
)

// The shapes once more, as the slow and readable expressions that Parse stands for.
const seconds = `(?s)^( {3}\d\.\d{3}| {2}\d{2}\.\d{3}| \d{3}\.\d{3}|\d{4,16}\.\d{3}) `

var (
	engineForm = regexp.MustCompile(seconds + `(Info|Warning|Error|Verbose) ([A-Za-z]+\.cpp:\d+): (.*)$`)
	scriptForm = regexp.MustCompile(seconds + `Script (@.*?:\d+|=\(command\):\d+): (.*)$`)
	plainForm  = regexp.MustCompile(seconds + `(.*)$`)
	datedForm  = regexp.MustCompile(`(?s)^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:\[([A-Z]+)\] )?(.*)$`)
)

func parseSlowly(s string) Line {
	s = strings.TrimSuffix(s, "\r")
	number := func(s string) float64 {
		f, _ := strconv.ParseFloat(strings.TrimSpace(s), 64)
		return f
	}
	if m := engineForm.FindStringSubmatch(s); m != nil {
		return Line{Shape: Engine, Seconds: number(m[1]), Level: m[2], Source: m[3], Text: m[4]}
	}
	if m := scriptForm.FindStringSubmatch(s); m != nil {
		return Line{Shape: Script, Seconds: number(m[1]), Source: m[2], Text: m[3]}
	}
	if m := plainForm.FindStringSubmatch(s); m != nil {
		return Line{Shape: Plain, Seconds: number(m[1]), Text: m[2]}
	}
	if m := datedForm.FindStringSubmatch(s); m != nil {
		return Line{Shape: Dated, Time: m[1], Tag: m[2], Text: m[3]}
	}
	return Line{Text: s}
}

func TestParse(t *testing.T) {
	const chat = "2026-08-02 02:16:35 [CHAT] "
	for s, want := range map[string]Line{
		"   0.567 Info UDPSocket.cpp:38: Opening socket at (IP ADDR:({0.0.0.0:34199}))": {Shape: Engine, Seconds: 0.567, Level: "Info",
			Source: "UDPSocket.cpp:38", Text: "Opening socket at (IP ADDR:({0.0.0.0:34199}))"},
		"1343819.675 Received SIGINT, shutting down": {Shape: Plain, Seconds: 1343819.675, Text: "Received SIGINT, shutting down"},
		"  12.000 Script @__a b__/x:1/file.lua:7: a:1: b": {Shape: Script, Seconds: 12, Source: "@__a b__/x:1/file.lua:7",
			Text: "a:1: b"},
		" 123.456 Script =(command):1: hello": {Shape: Script, Seconds: 123.456, Source: "=(command):1", Text: "hello"},
		"   0.567 Script: no source":          {Shape: Plain, Seconds: 0.567, Text: "Script: no source"},
		"   0.567 Info about nothing":         {Shape: Plain, Seconds: 0.567, Text: "Info about nothing"},
		"   0.567 ":                           {Shape: Plain, Seconds: 0.567},
		"   0.567 Goodbye\r":                  {Shape: Plain, Seconds: 0.567, Text: "Goodbye"},
		chat + "<server>: hello":              {Shape: Dated, Time: chat[:19], Tag: "CHAT", Text: "<server>: hello"},
		chat + "eve:    0.567 Info MainLoop.cpp:1: Saving finished": {Shape: Dated, Time: chat[:19], Tag: "CHAT",
			Text: "eve:    0.567 Info MainLoop.cpp:1: Saving finished"},
		"2026-08-02 02:16:35 Cannot execute command. Error: [string \"blah\"]:1: x": {Shape: Dated, Time: chat[:19],
			Text: "Cannot execute command. Error: [string \"blah\"]:1: x"},
		"2026-08-02 02:16:35 [a] b": {Shape: Dated, Time: chat[:19], Text: "[a] b"},
	} {
		if got := Parse(s); got != want {
			t.Errorf("Parse(%q)\n got %+v\nwant %+v", s, got, want)
		}
	}
	for _, s := range []string{"", " ", "2.0.77", "0.567 Goodbye", "  0.567 Goodbye", "    0.567 Goodbye", " 1234.567 Goodbye", "   0.567Goodbye",
		"   0.567", "Players (0):", "stack traceback:", "\t[C]: in function 'error'", "2026-08-02 02:16:35", "2026-08-02T02:16:35 [CHAT] x",
		strings.Repeat("9", 400) + ".000 x", "\xff\x00   0.567 Goodbye", "x   0.567 Goodbye", "mainbus:1 31 b476ff9e 0 0 1/1 301 core hello rmainbus"} {
		if got := Parse(s); got != (Line{Text: s}) {
			t.Errorf("Parse(%q) = %+v, want it bare", s, got)
		}
	}
}

// readLog returns the lines of a sample, without what the capture of standard output put before them.
func readLog(t testing.TB, name string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(sample.Dir(t, "logs"), name))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if !strings.Contains(name, "stdout") {
		return lines
	}
	var bare []string
	for _, line := range lines[2:] {
		if _, line, ok := strings.Cut(line, " | "); ok {
			bare = append(bare, line)
		}
	}
	return bare
}

// One operation is one line.
func BenchmarkFollow(b *testing.B) {
	lines := readLog(b, "2.0.77-headless-stdout-sessions.txt")
	lines = append(lines, "mainbus:1 57 882d16f3 1795000000.7 12 1/1 4711 bus - riron-plate/normal=120/0/0")
	var f Follower
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		f.Feed(lines[n%len(lines)])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"   0.567 Info UDPSocket.cpp:38: Opening socket", "1343819.675 Received SIGINT, shutting down", "Players (0):",
		"  12.000 Script @__a b__/x:1/file.lua:7: a:1: b", "2026-08-02 02:16:35 [CHAT] <server>: hello",
		"   0.567 Info X.cpp:1: updateTick(1) changing state from(A) to(B)", "   0.543 Loading map /a: 5 bytes.",
		"   0.000 2026-08-02 02:16:26; Factorio 2.0.77 (build 84539, linux64)", "   0.1 Error M.cpp:1: MultiplayerManager failed: \"x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l := Parse(s)
		if want := parseSlowly(s); l != want {
			t.Errorf("Parse(%q)\n got %+v\nwant %+v", s, l, want)
		}
		if again := Parse(l.String()); again != l && !strings.HasSuffix(l.Text, "\r") {
			t.Errorf("%q is %+v, written and read again %+v", s, l, again)
		}
		e := l.Event()
		if e.Kind != None && (l.Shape == Bare || l.Shape == Script) {
			t.Errorf("%q is %v with event %+v", s, l.Shape, e)
		}
		e.Fields()
	})
}

package game

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sample finds a file of the shared samples of real games. The test is skipped where there are none.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	shared := os.Getenv("MAINBUS_SHARED")
	at, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; shared == ""; at = filepath.Dir(at) {
		if dir := filepath.Join(at, "shared"); isDir(filepath.Join(dir, "samples")) {
			shared = dir
		} else if at == filepath.Dir(at) {
			t.Skip("SKIPPED: the samples of real games are missing: set MAINBUS_SHARED to the folder that has samples")
		}
	}
	data, err := os.ReadFile(filepath.Join(shared, "samples", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// shapes of lines without what differs between machines and runs.
var shapes = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`(Operating system|Program arguments|System info|Environment): .*`), "$1"},
	{regexp.MustCompile(`(Config|Read data|Write data|Binaries) path: .*`), "$1 path"},
	{regexp.MustCompile(`(Loading map|Saving map as) .*?(\.zip.*)`), "$1 P$2"},
	{regexp.MustCompile(`\d+`), "#"},
	{regexp.MustCompile(`^ +# `), "# "},
	{regexp.MustCompile(`^ *#\.# `), "T "},
	{regexp.MustCompile(`(linux|win)#|mac`), "OS"},
	{regexp.MustCompile(`# seconds?`), "# seconds"},
}

func shape(line string) string {
	for _, s := range shapes {
		line = s.pattern.ReplaceAllString(line, s.with)
	}
	return strings.TrimRight(line, " ")
}

// TestLinesAreTheRealGames makes the session of a real log of 2.0.77 and compares all lines.
func TestLinesAreTheRealGames(t *testing.T) {
	t.Parallel()
	data := sample(t, "logs/2.0.77-headless-stdout-sessions.txt")
	arrival := regexp.MustCompile(`^ *\d+\.\d+ \| `)
	var want []string
	for line := range bytes.Lines(data) {
		if head := arrival.Find(line); head != nil {
			want = append(want, shape(strings.TrimRight(string(line[len(head):]), "\n")))
		}
	}
	i := newInstallation(t, "")
	i.create(t, "probe", "")
	p := i.launch(t, "--start-server", i.saveFile("probe"), "--server-settings", filepath.Join(i.dir, "server-settings.json"),
		"--port", fmt.Sprint(freeUDPPort(t)), "--rcon-port", fmt.Sprint(freeTCPPort(t)), "--rcon-password", "secret")
	p.wait("Maximum segment size")
	for _, step := range []struct{ line, answer string }{
		{"/players", `^Players \(0\):`}, {"/version", `^2\.0\.77$`}, {"/time", `^\d+ seconds?$`},
		{"hello from probe", `\[CHAT\] <server>: hello from probe`},
	} {
		fmt.Fprintln(p.stdin, step.line)
		p.wait(step.answer)
	}
	p.signal(os.Interrupt)
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	var got []string
	for _, line := range strings.Split(p.output(), "\n") {
		got = append(got, shape(line))
	}
	for n := range max(len(got), len(want)) {
		var g, w string
		if n < len(got) {
			g = got[n]
		}
		if n < len(want) {
			w = want[n]
		}
		if g != w {
			t.Fatalf("line %d is\n%q, the real game's\n%q\n\n%s", n+1, g, w, p.output())
		}
	}
	if !regexp.MustCompile(`Program arguments: .*"--rcon-password" <private> $`).MatchString(lineWith(p, "Program arguments")) {
		t.Errorf("got %q", lineWith(p, "Program arguments"))
	}
}

func lineWith(p *process, text string) string {
	for _, line := range strings.Split(p.output(), "\n") {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

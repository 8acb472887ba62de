package cmdline

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	o, err := Parse(strings.Fields("--start-server a.zip --port=3 -c my.ini --use-server-whitelist --rcon-password pw --enable-lua-udp 7"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"start-server": "a.zip", "port": "3", "config": "my.ini", "enable-lua-udp": "7", "bind": ""} {
		if got := o.Value(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if on, err := o.Bool("use-server-whitelist"); !on || err != nil {
		t.Errorf("the whitelist: %v, %v", on, err)
	}
	const quoted = `"x/factorio" "--start-server" "a.zip" "--port=3" "-c" "my.ini" "--use-server-whitelist" "--rcon-password" <private> "--enable-lua-udp" "7" `
	if got := o.Quoted("x/factorio"); got != quoted {
		t.Errorf("got %s", got)
	}
	if n, err := o.Number("port", 9, 10); n != 3 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"--nonsense":                  "Option 'nonsense' does not exist",
		"word":                        "Option 'word' does not exist",
		"--start-server":              "Option 'start-server' is missing an argument",
		"--start-server=a --create b": "Only one of --create, --start-server can be used.",
		"--start-server a --start-server-load-latest --start-server-load-scenario b/c": "Only one of --start-server, --start-server-load-latest, --start-server-load-scenario can be used.",
	} {
		if _, err := Parse(strings.Fields(line)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", line, err, want)
		}
	}
	o, err := Parse([]string{"--port", "x", "--use-server-whitelist=maybe"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Number("port", 0, 9); err == nil {
		t.Error("took x for a number")
	}
	if _, err := o.Bool("use-server-whitelist"); err == nil {
		t.Error("took maybe for a truth")
	}
}

func TestHelpTellsEveryOption(t *testing.T) {
	help := Help()
	for _, heading := range []string{"General options:", "Running options:", "Server options:"} {
		if !strings.Contains(help, heading) {
			t.Errorf("no %s", heading)
		}
	}
	for _, opt := range options {
		if !strings.Contains(help, "--"+opt.name) || opt.help == "" {
			t.Errorf("--%s is not told", opt.name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("--start-server a --port=3")
	f.Add("-c=x --rcon-password pw -")
	f.Fuzz(func(t *testing.T, line string) {
		o, err := Parse(strings.Fields(line))
		if err != nil {
			return
		}
		if pw := o.Value("rcon-password"); len(pw) > 8 && !strings.Contains(strings.Join(strings.Fields(line), ""), pw+pw) &&
			strings.Count(line, pw) == 1 && strings.Contains(o.Quoted("x"), pw) {
			t.Errorf("the password shows in %s", o.Quoted("x"))
		}
		_, _ = o.Number("port", 1, 2) // any text will do
		_, _ = o.Bool("use-server-whitelist")
	})
}

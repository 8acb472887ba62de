package service

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
)

func write(t *testing.T, c Config) string {
	t.Helper()
	filled, err := template.New("").Parse(systemdUnit(c)) // as the library does
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := filled.Execute(&text, nil); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestUnit(t *testing.T) {
	machine := write(t, Config{Executable: "/usr/local/bin/mainbus-host", DataDir: "/var/lib/mainbus-host", RunAs: "mainbus", Arguments: []string{"--name", `50 % "off" {{.}} $HOME \`}})
	for _, want := range []string{
		`ExecStart="/usr/local/bin/mainbus-host" "--data" "/var/lib/mainbus-host" "--name" "50 %% \"off\" {{.}} $$HOME \\"` + "\n",
		"User=mainbus\nGroup=mainbus\nRestart=always\n", "KillMode=process\n", "ReadWritePaths=\"/var/lib/mainbus-host\"\n", "WantedBy=multi-user.target\n",
	} {
		if !strings.Contains(machine, want) {
			t.Errorf("no %s in\n%s", want, machine)
		}
	}
	own := write(t, Config{Executable: "/home/anna/mainbus-host", DataDir: "/home/anna/data", User: true})
	for _, wrong := range []string{"User=", "ProtectSystem", "CapabilityBoundingSet", "@"} {
		if strings.Contains(strings.ReplaceAll(own, "@system-service", ""), wrong) {
			t.Errorf("%s in\n%s", wrong, own)
		}
	}
	if !strings.Contains(own, "\n\n[Install]\nWantedBy=default.target\n") {
		t.Errorf("no [Install] in\n%s", own)
	}
}

// systemd itself reads the unit and says how much of the machine it leaves open.
func TestUnitIsHardened(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze here")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), Name+".service")
	if err := os.WriteFile(name, []byte(write(t, Config{Executable: self, DataDir: "/var/lib/mainbus-host", RunAs: "root"})), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(analyze, "verify", name).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, Name+".service") && !strings.Contains(line, "DelegateSubgroup") { // which came with systemd 254
			t.Errorf("systemd-analyze verify: %v\n%s", err, line)
		}
	}
	out, err = exec.Command(analyze, "security", "--offline=true", "--threshold=35", name).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	t.Log(lines[len(lines)-1])
}

func TestLaunchdJobIsXML(t *testing.T) {
	text := strings.NewReplacer("{{bool .RunAtLoad}}", "true", "{{bool .KeepAlive}}", "true").Replace(launchdJob)
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatCanBeInstalled(t *testing.T) {
	for _, c := range []Config{
		{Executable: "mainbus-host", DataDir: "/d"}, {Executable: "/m", DataDir: "d"},
		{Executable: "/m", DataDir: "/d", Arguments: []string{"a\nExecStart=/bin/sh"}}, {Executable: "/m", DataDir: "/d", RunAs: "a\nUser=root"},
	} {
		if c.check() == nil {
			t.Errorf("%+v can be installed", c)
		}
	}
}

// What Windows does, where its service manager is not at hand.
func TestShutdownIsToldApartFromAStop(t *testing.T) {
	for _, test := range []struct {
		end  func(*program) error
		down bool
	}{
		{func(p *program) error { return p.Stop(nil) }, false},
		{func(p *program) error { return p.Shutdown(nil) }, true},
	} {
		seen := false
		p := &program{ended: make(chan error, 1), run: func(ctx context.Context) error {
			<-ctx.Done()
			seen = shutdown.Load()
			return nil
		}}
		if err := errors.Join(p.Start(nil), test.end(p)); err != nil || seen != test.down {
			t.Errorf("the agent sees a shutdown: %t, want %t; %v", seen, test.down, err)
		}
	}
	shutdown.Store(false)
}

func TestRunWithoutAServiceManager(t *testing.T) {
	broken := errors.New("broken")
	if err := Run(t.Context(), func(context.Context) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

package tray

import (
	"bufio"
	"os/exec"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"
)

// sessionBus starts a message bus of the test's own and makes it the session's.
func sessionBus(t *testing.T) {
	t.Helper()
	daemon := exec.Command("dbus-daemon", "--session", "--nofork", "--print-address")
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Skipf("SKIPPED, the question to the desktop was NOT tested here: %v", err)
	}
	t.Cleanup(func() {
		daemon.Process.Kill()
		daemon.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(address))
}

func TestNoTrayWithoutASessionBus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+t.TempDir()+"/nothing")
	if Available() {
		t.Error("a tray without a desktop")
	}
}

func TestTrayIsThereIfADesktopShowsOne(t *testing.T) {
	sessionBus(t)
	if Available() {
		t.Error("a tray on an empty bus")
	}
	bus, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	const watcher = "org.kde.StatusNotifierWatcher"
	properties, err := prop.Export(bus, "/StatusNotifierWatcher", prop.Map{watcher: {"IsStatusNotifierHostRegistered": {Value: false}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bus.RequestName(watcher, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	if Available() {
		t.Error("a watcher without anybody who shows icons")
	}
	properties.SetMust(watcher, "IsStatusNotifierHostRegistered", true)
	if !Available() {
		t.Error("the tray is not found")
	}
}

// Package tray tells whether the desktop has a place from which a hidden window can be brought back.
package tray

import "github.com/godbus/dbus/v5"

// Available asks the session bus for a host of status notifier items. GNOME has none unless an extension is installed.
func Available() bool {
	bus, err := dbus.ConnectSessionBus()
	if err != nil {
		return false
	}
	defer bus.Close()
	const watcher = "org.kde.StatusNotifierWatcher"
	registered, err := bus.Object(watcher, "/StatusNotifierWatcher").GetProperty(watcher + ".IsStatusNotifierHostRegistered")
	if err != nil {
		return false
	}
	yes, ok := registered.Value().(bool)
	return ok && yes
}

package thishost

import (
	"os"
	"path/filepath"
	"runtime"

	"mainbus/hostagent/factorio/install"
)

// FindFactorio looks for an installation of the game in the usual places; empty if there is none.
func FindFactorio() string {
	home, _ := os.UserHomeDir() // without one the places below it are not there either
	for _, dir := range usualPlaces(runtime.GOOS, home) {
		if _, err := install.Open(dir); err == nil {
			return dir
		}
	}
	return ""
}

func usualPlaces(system, home string) []string {
	in := func(parts ...string) string { return filepath.Join(append([]string{home}, parts...)...) }
	switch system {
	case "windows":
		return []string{
			`C:\Program Files (x86)\Steam\steamapps\common\Factorio`, `C:\Program Files\Factorio`, in("Factorio"),
		}
	case "darwin":
		return []string{
			in("Library", "Application Support", "Steam", "steamapps", "common", "Factorio", "factorio.app"),
			"/Applications/factorio.app", in("factorio"),
		}
	}
	return []string{
		in("factorio"), "/opt/factorio", in(".steam", "steam", "steamapps", "common", "Factorio"),
		in(".local", "share", "Steam", "steamapps", "common", "Factorio"),
		in(".var", "app", "com.valvesoftware.Steam", ".local", "share", "Steam", "steamapps", "common", "Factorio"),
	}
}

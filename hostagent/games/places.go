package games

import (
	"os"
	"path/filepath"
	"runtime"

	"mainbus/hostagent/factorio/steam"
	"mainbus/hostagent/releases"
)

// A Place says where copies of the game can be.
type Place struct {
	Source Source
	Dirs   func() []string // looked for anew each time
}

// Places are those of this system and user.
func Places() []Place {
	home, _ := os.UserHomeDir() // without one the places below it are not there either
	return placesOf(runtime.GOOS, home, steam.Registered())
}

func placesOf(system, home string, registered []string) []Place {
	usual := usualPlaces(system, home)
	roots := steam.Roots(system, home, registered)
	return []Place{
		{Found, func() []string { return usual }},
		{Steam, func() []string { return steam.Games(roots) }},
	}
}

// usualPlaces are those where people unpack the game by hand, and installers put it.
func usualPlaces(system, home string) []string {
	in := func(parts ...string) string { return filepath.Join(append([]string{home}, parts...)...) }
	switch system {
	case "windows":
		return []string{`C:\Program Files\Factorio`, `C:\Factorio`, in("Factorio")}
	case "darwin":
		return []string{"/Applications/factorio.app", in("Applications", "factorio.app"), in("factorio")}
	}
	return []string{in("factorio"), "/opt/factorio", "/srv/factorio"}
}

// DistroOf returns what can be downloaded for a system; empty: nothing. There is a headless server for Linux only.
func DistroOf(system, arch string) releases.Distro {
	switch {
	case system == "linux" && arch == "amd64":
		return releases.Linux64
	case system == "linux" && arch == "arm64":
		return releases.LinuxARM64
	}
	return ""
}

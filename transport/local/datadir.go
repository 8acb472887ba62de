package local

import (
	"os"
	"path/filepath"
	"runtime"
)

// DataDir returns the folder in which a program of this user keeps its data unless told otherwise: one below
// "mainbus" in the platform's place for such things.
func DataDir(program string) string {
	return filepath.Join(platformDataDir(), "mainbus", program)
}

func platformDataDir() string {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "." // a service without a home: beside where it was started
	}
	switch runtime.GOOS {
	case "windows":
		if dir := os.Getenv("LOCALAPPDATA"); dir != "" {
			return dir
		}
	case "darwin":
		return filepath.Join(home, "Library", "Application Support")
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(home, ".local", "share")
}

package steam

import "path/filepath"

// Roots returns where Steam's folder can be on a system ("linux", "darwin", "windows") for a user with that home folder, after those that
// Registered has found.
func Roots(system, home string, registered []string) []string {
	roots := registered
	in := func(parts ...string) { roots = append(roots, filepath.Join(append([]string{home}, parts...)...)) }
	switch system {
	case "windows":
		return append(roots, `C:\Program Files (x86)\Steam`, `C:\Program Files\Steam`)
	case "darwin":
		in("Library", "Application Support", "Steam")
		return roots
	}
	in(".local", "share", "Steam")
	in(".steam", "steam")
	in(".steam", "root")
	in(".steam", "debian-installation")
	// Flatpak and Snap keep a home of their own.
	in(".var", "app", "com.valvesoftware.Steam", ".local", "share", "Steam")
	in(".var", "app", "com.valvesoftware.Steam", "data", "Steam")
	in(".var", "app", "com.valvesoftware.Steam", ".steam", "steam")
	in("snap", "steam", "common", ".local", "share", "Steam")
	return roots
}

package steam

import (
	"path/filepath"

	"golang.org/x/sys/windows/registry"
)

// Registered returns Steam's folders as the registry names them.
func Registered() (folders []string) {
	for _, at := range []struct {
		root       registry.Key
		key, value string
	}{
		{registry.CURRENT_USER, `Software\Valve\Steam`, "SteamPath"},
		{registry.LOCAL_MACHINE, `SOFTWARE\WOW6432Node\Valve\Steam`, "InstallPath"},
		{registry.LOCAL_MACHINE, `SOFTWARE\Valve\Steam`, "InstallPath"},
	} {
		key, err := registry.OpenKey(at.root, at.key, registry.QUERY_VALUE)
		if err != nil {
			continue
		}
		folder, _, err := key.GetStringValue(at.value)
		key.Close()
		if err == nil && filepath.IsAbs(folder) {
			folders = append(folders, filepath.Clean(folder))
		}
	}
	return folders
}

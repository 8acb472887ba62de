package instance

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"mainbus/hostagent/factorio/serversettings"
	"mainbus/hostagent/internal/disk"
)

// Passwords and tokens of the server settings lie in a file of ours. The game gets them in a copy of the settings that is there only while
// it starts, so server-settings.json can be shown and copied, and what lies in a running game's folder opens no account.

func (f folder) credentialsFile() string { return f.path(".mainbus", "credentials.json") }
func (f folder) startSettings() string   { return f.path(".mainbus", "server-settings.json") }

// credentials are the secret values by their keys; those that are empty are left out.
type credentials map[string]string

func credentialsIn(s serversettings.Settings) credentials {
	all := credentials{"password": s.Password, "token": s.Token, "game_password": s.GamePassword}
	for key, value := range all {
		if value == "" {
			delete(all, key)
		}
	}
	return all
}

// withCredentials completes settings by those that are kept apart. What somebody has written into the settings himself goes before.
func (f folder) withCredentials(settings *serversettings.File) error {
	var kept credentials
	if err := disk.ReadJSONIfAny(f.credentialsFile(), &kept); err != nil {
		return err
	}
	there, err := settings.Settings()
	if err != nil { // neither the game nor we can read it: it stays as it is
		return nil
	}
	own := credentialsIn(there)
	for key, value := range kept {
		if own[key] == "" {
			if err := settings.Set(key, value); err != nil {
				return fmt.Errorf("complete the server settings: %w", err)
			}
		}
	}
	return nil
}

// storeSettings writes settings, and their credentials apart. A crash in between leaves credentials in both places.
func (f folder) storeSettings(settings *serversettings.File) error {
	values, err := settings.Settings()
	if err != nil {
		return disk.Write(f.serverSettings(), settings.Bytes())
	}
	if err := os.MkdirAll(f.ours(), 0o700); err != nil {
		return fmt.Errorf("keep the server's credentials: %w", err)
	}
	kept := credentialsIn(values)
	if err := disk.WriteJSON(f.credentialsFile(), kept); err != nil {
		return err
	}
	bare, err := serversettings.Parse(settings.Bytes())
	if err != nil {
		return err
	}
	for key := range kept {
		if err := bare.Set(key, ""); err != nil {
			return fmt.Errorf("keep the server's credentials apart: %w", err)
		}
	}
	return disk.Write(f.serverSettings(), bare.Bytes())
}

// handOutSettings writes the settings that the game reads at its start, credentials included, and returns their path.
func (f folder) handOutSettings(name string) (string, error) {
	settings, err := f.loadSettings(name)
	if err == nil {
		err = f.storeSettings(settings)
	}
	if err == nil {
		err = disk.Write(f.startSettings(), settings.Bytes())
	}
	if err != nil {
		return "", fmt.Errorf("give the game its server settings: %w", err)
	}
	return f.startSettings(), nil
}

// takeBackSettings removes what handOutSettings has written, once the game has read it or will not.
func (i *Instance) takeBackSettings() {
	if err := os.Remove(i.folder.startSettings()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		i.log.Warn("the credentials that a game was started with are still in its folder", "err", err)
	}
}

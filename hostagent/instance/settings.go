package instance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mainbus/hostagent/factorio/serversettings"
	"mainbus/hostagent/internal/disk"
	"mainbus/transport/wire"
)

// hidden stands for a password or token in what Settings shows; in a file that comes back it means that nobody has changed it.
const hidden = "(not shown)"

// loadSettings reads server-settings.json, and the credentials that belong into it. Before the first start, which makes it, there are those that it would have.
func (f folder) loadSettings(name string) (*serversettings.File, error) {
	text, err := disk.Read(f.serverSettings())
	if errors.Is(err, fs.ErrNotExist) {
		settings := serversettings.New()
		return settings, forCluster(settings, name)
	}
	if err != nil {
		return nil, err
	}
	settings, err := serversettings.Parse(text)
	if err != nil {
		return nil, err
	}
	return settings, f.withCredentials(settings)
}

// Settings shows the server settings, without passwords and tokens. The name is the instance's.
func (i *Instance) Settings(name string) (*wire.Settings, error) {
	file, err := i.folder.loadSettings(name)
	if err != nil {
		return nil, err
	}
	return shownSettings(file), nil
}

func shownSettings(file *serversettings.File) *wire.Settings {
	return &wire.Settings{Shown: file.Shown(), Problems: file.Problems()}
}

// ChangeSettings changes the server settings. A game that runs has read them at its start and does not write them, so they hold from the
// next start on.
func (i *Instance) ChangeSettings(ctx context.Context, name string, c *wire.SettingsChange) (*wire.Settings, error) {
	unlock, err := i.lockFiles(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	file, err := i.folder.loadSettings(name)
	if err != nil {
		return nil, err
	}
	if c.GetKey() != "" {
		err = setSetting(file, c.GetKey(), c.GetValue())
	} else {
		file, err = replaceSettings(file, c.GetFile())
	}
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(i.folder.serverSettings()), 0o700); err != nil {
		return nil, err
	}
	if err := i.folder.storeSettings(file); err != nil {
		return nil, err
	}
	return shownSettings(file), nil
}

// setSetting takes a value for JSON if that will do, else for a text.
func setSetting(file *serversettings.File, key, value string) error {
	var v any
	if json.Unmarshal([]byte(value), &v) != nil {
		return file.Set(key, value)
	}
	err := file.Set(key, v)
	if err != nil && file.Set(key, value) == nil {
		return nil
	}
	return err
}

// replaceSettings takes a whole file. What is hidden in it stays as it was.
func replaceSettings(old *serversettings.File, text []byte) (*serversettings.File, error) {
	file, err := serversettings.Parse(text)
	if err != nil {
		return nil, err
	}
	was, err := old.Settings()
	if err != nil {
		return nil, fmt.Errorf("the settings that are there can't be read, put them right by key first: %w", err)
	}
	now, err := file.Settings()
	if err != nil {
		return nil, err
	}
	for _, secret := range []struct{ key, now, was string }{
		{"password", now.Password, was.Password}, {"token", now.Token, was.Token}, {"game_password", now.GamePassword, was.GamePassword},
	} {
		if secret.now == hidden {
			if err := file.Set(secret.key, secret.was); err != nil {
				return nil, err
			}
		}
	}
	return file, nil
}

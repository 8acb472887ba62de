// Package disk writes and reads the agent's small state files. A file is either the old or the new one,
// whatever dies in between, and only the owner may read it, because some hold passwords.
package disk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// MaxRead bounds what Read takes into memory: state files are a few kilobytes.
const MaxRead = 8 << 20

// Write replaces the file at path by data: written beside it, synced, then renamed over it.
func Write(path string, data []byte) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			temp.Close()
			os.Remove(temp.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if _, err := temp.Write(data); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// Read returns the content of the file at path, or an error that wraps fs.ErrNotExist.
func Read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MaxRead+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(data) > MaxRead {
		return nil, fmt.Errorf("read %s: larger than a state file can be", path)
	}
	return data, nil
}

// WriteJSON replaces the file at path by v as indented JSON.
func WriteJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return Write(path, append(data, '\n'))
}

// ReadJSON fills v from the file at path. The error wraps fs.ErrNotExist if there is none.
func ReadJSON(path string, v any) error {
	data, err := Read(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// ReadJSONIfAny is ReadJSON that leaves v as it is where there is no file.
func ReadJSONIfAny(path string, v any) error {
	if err := ReadJSON(path, v); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

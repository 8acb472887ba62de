package hostagent

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

const programPrefix = "supervisor-"

// keepProgram copies this program to a name of its content and returns the copy, which supervises games: the program itself can be replaced
// while they run, which Windows would not let happen to one that runs. Copies of other versions are removed when nothing runs them.
func keepProgram(dir, self string) (string, error) {
	source, err := os.Open(self)
	if err != nil {
		return "", fmt.Errorf("keep a copy of this program: %w", err)
	}
	defer source.Close()
	hash, err := hashOf(source)
	if err != nil {
		return "", fmt.Errorf("keep a copy of this program: %w", err)
	}
	name := programPrefix + hex.EncodeToString(hash[:8])
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	path := filepath.Join(dir, name)
	removeOtherPrograms(dir, name)
	if runs(path, hash) {
		return path, nil
	}
	if err := copyProgram(source, path); err != nil {
		return "", fmt.Errorf("keep a copy of this program: %w", err)
	}
	return path, nil
}

func hashOf(file *os.File) (sum [sha256.Size]byte, err error) {
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	return [sha256.Size]byte(hash.Sum(nil)), err
}

// runs tells whether a copy is there, whole, and may be run: a data folder that came out of a backup may have lost that.
func runs(path string, hash [sha256.Size]byte) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o100 == 0 {
		return false
	}
	found, err := hashOf(file)
	return err == nil && found == hash
}

func copyProgram(source *os.File, path string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if _, err := source.Seek(0, io.SeekStart); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+programPrefix+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			temp.Close()
			os.Remove(temp.Name())
		}
	}()
	if _, err := io.Copy(temp, source); err != nil {
		return err
	}
	if err := temp.Chmod(0o700); err != nil {
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

// removeOtherPrograms leaves those alone that can't be removed: Windows keeps what runs, elsewhere it lives on without a name.
func removeOtherPrograms(dir, name string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // it is not there yet
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), programPrefix) && e.Name() != name {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

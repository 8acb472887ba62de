package hostagent

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"mainbus/hostagent/internal/disk"
)

const (
	maxBundle       = 4 << 20
	maxBundleFiles  = 200
	maxBundleUnzips = 8 << 20 // bytes of all modules inflated
)

var moduleName = regexp.MustCompile(`^[a-z0-9_-]{1,60}\.lua$`)

// bundles is the folder of save modules: zips of flat Lua files, named by the SHA-256 of their content.
type bundles struct{ dir string }

func (b bundles) path(hash string) string { return filepath.Join(b.dir, hash+".zip") }

func isHash(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == sha256.Size && strings.ToLower(s) == s
}

// has tells whether a bundle is there. None is needed where none is named.
func (b bundles) has(hash string) bool {
	if hash == "" {
		return true
	}
	_, err := os.Stat(b.path(hash))
	return err == nil
}

// add stores a bundle after checking it, and removes all others but the one to keep.
func (b bundles) add(hash string, content []byte, keep string) error {
	if sum := sha256.Sum256(content); !isHash(hash) || hex.EncodeToString(sum[:]) != hash {
		return errors.New("the save modules are not what their name says")
	}
	if _, err := unpack(content); err != nil {
		return err
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return fmt.Errorf("store save modules: %w", err)
	}
	if err := disk.Write(b.path(hash), content); err != nil {
		return fmt.Errorf("store save modules: %w", err)
	}
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return fmt.Errorf("store save modules: %w", err)
	}
	for _, entry := range entries {
		if name := entry.Name(); name != hash+".zip" && name != keep+".zip" {
			if err := os.Remove(filepath.Join(b.dir, name)); err != nil {
				return fmt.Errorf("remove outdated save modules: %w", err)
			}
		}
	}
	return nil
}

// modules returns the files of a bundle by name.
func (b bundles) modules(hash string) (map[string][]byte, error) {
	if !isHash(hash) {
		return nil, errors.New("the controller has named no save modules yet")
	}
	content, err := disk.Read(b.path(hash))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("the save modules have not come from the controller yet")
	}
	if err != nil {
		return nil, fmt.Errorf("load save modules: %w", err)
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != hash {
		return nil, fmt.Errorf("load save modules: %s is damaged, delete it", b.path(hash))
	}
	return unpack(content)
}

func unpack(content []byte) (map[string][]byte, error) {
	if len(content) > maxBundle {
		return nil, fmt.Errorf("save modules of more than %d bytes", maxBundle)
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, fmt.Errorf("read save modules: %w", err)
	}
	if len(archive.File) > maxBundleFiles {
		return nil, fmt.Errorf("more than %d save modules", maxBundleFiles)
	}
	files := map[string][]byte{}
	left := int64(maxBundleUnzips)
	for _, entry := range archive.File {
		if !moduleName.MatchString(entry.Name) || entry.Name == "start.lua" {
			return nil, fmt.Errorf("save module with the name %.40q", entry.Name)
		}
		text, err := readEntry(entry, left)
		if err != nil {
			return nil, fmt.Errorf("read save module %s: %w", entry.Name, err)
		}
		left -= int64(len(text))
		files[entry.Name] = text
	}
	return files, nil
}

func readEntry(entry *zip.File, limit int64) ([]byte, error) {
	r, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("together more than %d bytes", maxBundleUnzips)
	}
	return text, err
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

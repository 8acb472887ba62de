// Package lua holds the save modules: the Lua that is put into a world's save so that it can talk to the
// cluster. One folder per module; core is the game's half of the game link (docs/gamelink.md), every other
// folder is a feature's half in the game.
package lua

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"sync"
)

//go:embed core/*.lua bus/*.lua players/*.lua
var modules embed.FS

// Bundle returns all modules as one zip of flat files and its name, the lower-case hexadecimal SHA-256 of the
// content. The same modules give the same bytes, so that agents can tell whether they have a bundle already.
var Bundle = sync.OnceValues(func() (hash string, content []byte) {
	content, err := pack(modules)
	if err != nil {
		panic(fmt.Sprintf("pack embedded Lua modules: %v", err)) // embedded at build time: can't fail at run time
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]), content
})

func pack(files fs.FS) ([]byte, error) {
	names, err := fs.Glob(files, "*/*.lua")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, name := range names { // Glob sorts
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		w, err := archive.Create(path.Base(name))
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(text); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

package modinfo

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"mainbus/hostagent/factorio/save"
)

// InfoFile is that of the file in a mod's folder that says what it is.
const InfoFile = "info.json"

const maxFile = 1 << 20 // bytes of an info.json

// Read reads an info.json to its end.
func Read(r io.Reader) (Info, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return Info{}, fmt.Errorf("read %s: %w", InfoFile, err)
	}
	if len(text) > maxFile {
		return Info{}, fmt.Errorf("%s has more than %d MiB", InfoFile, maxFile>>20)
	}
	return Parse(text)
}

// ReadPath reads the info.json of a mod, which is a zip or a folder, also behind a link. The error wraps fs.ErrNotExist if a folder has none.
func ReadPath(path string) (Info, error) {
	at, err := os.Stat(path)
	if err != nil {
		return Info{}, err
	}
	var r io.ReadCloser
	if at.IsDir() {
		r, err = os.Open(filepath.Join(path, InfoFile))
	} else {
		var archive *save.Archive // which is any zip with one folder, and bounds what is read of it
		if archive, err = save.Open(path); err != nil {
			return Info{}, err
		}
		defer archive.Close()
		r, err = archive.Open(InfoFile)
	}
	if err != nil {
		return Info{}, err
	}
	defer r.Close()
	return Read(r)
}

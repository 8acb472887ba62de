package mods

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mainbus/hostagent/factorio/modinfo"
)

const (
	maxFolderFiles = 15_000
	maxFolderBytes = 4 << 30
)

// packTime is that of all files in a packed folder, so that the same content gives the same zip: the first that a zip can tell.
var packTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// folderInfo reads the info.json of an unpacked mod.
func folderInfo(dir string) (modinfo.Info, error) {
	info, err := modinfo.ReadPath(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.New("it is no mod: a mod's folder has an info.json in it")
	}
	if err == nil {
		err = checkName(info)
	}
	return info, err
}

// packFolder writes an unpacked mod as a zip, the same one each time. What begins with a dot, like .git, is left out.
func packFolder(ctx context.Context, dir string, to io.Writer) error {
	info, err := folderInfo(dir)
	if err != nil {
		return err
	}
	out := zip.NewWriter(to)
	err = eachFile(dir, func(name string, file *os.File) error {
		header := &zip.FileHeader{Name: info.FolderName() + "/" + name, Method: zip.Deflate, Modified: packTime}
		w, err := out.CreateHeader(header)
		if err == nil {
			_, err = io.Copy(w, &watched{ctx: ctx, r: file})
		}
		return err
	})
	return errors.Join(err, out.Close())
}

// eachFile hands the files of a mod's folder over, sorted by name, which is relative and has slashes. Links and everything else that is
// no file are errors, and so is more than a mod has.
func eachFile(dir string, do func(name string, file *os.File) error) error {
	root, err := os.OpenRoot(dir) // nothing in it leads outside, whatever is changed meanwhile
	if err != nil {
		return err
	}
	defer root.Close()
	var count, bytes int64
	return fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if strings.HasPrefix(e.Name(), ".") {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		info, err := e.Info()
		if err != nil || e.IsDir() {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%.200q in the folder is a link or something else that is no file", name)
		}
		count++
		if bytes += info.Size(); count > maxFolderFiles || bytes > maxFolderBytes {
			return errors.New("the folder holds more than a mod does")
		}
		file, err := root.Open(filepath.FromSlash(name))
		if err != nil {
			return err
		}
		defer file.Close()
		return do(name, file)
	})
}

// folderSize is how many bytes lie in a mod's folder.
func folderSize(dir string) (bytes int64, err error) {
	err = eachFile(dir, func(_ string, file *os.File) error {
		info, err := file.Stat()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	return bytes, err
}

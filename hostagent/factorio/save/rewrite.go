package save

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
)

// TempSuffix ends the name of Rewrite's temporary file: dst and this. What is left over by a killed program is no save.
const TempSuffix = ".mainbus.tmp.zip"

// Rewrite copies the save src to dst, with the files in set (names relative to the root folder) replaced or added and those in
// drop left out unless they are in set. All other files are copied as they are stored. The copy is made beside dst, synced to
// disk and read again before it is renamed to dst; on any error dst is as before. src may be dst. What is read again is the header,
// and of each file its length and CRC; the level is not inflated, which Verify does and which takes longer than all the rest.
func Rewrite(src, dst string, set map[string][]byte, drop ...string) error {
	temp := dst + TempSuffix
	if err := rewriteTo(temp, src, set, drop); err != nil {
		os.Remove(temp)
		return fmt.Errorf("rewrite save %s: %w", src, err)
	}
	if err := os.Rename(temp, dst); err != nil {
		os.Remove(temp)
		return fmt.Errorf("rewrite save %s: %w", src, err)
	}
	syncFolderOf(dst)
	return nil
}

func rewriteTo(temp, src string, set map[string][]byte, drop []string) error {
	a, err := Open(src)
	if err != nil {
		return err
	}
	defer a.Close() // before the rename: Windows can't rename over an open file
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove left-over file: %w", err)
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	w, err := newWriter(f, a.root)
	if err != nil {
		f.Close()
		return err
	}
	w.copyWith(a, set, drop...)
	if err := w.Close(); err != nil {
		return err
	}
	return checkCopy(temp)
}

// checkCopy finds what was damaged in the source, or on the way.
func checkCopy(path string) error {
	a, err := Open(path)
	if err != nil {
		return err
	}
	defer a.Close()
	if _, err := a.Header(); err != nil {
		return err
	}
	for _, name := range a.names {
		if err := a.verifyEntry(name); err != nil {
			return err
		}
	}
	return nil
}

// copyWith keeps the order of the entries; new ones come last. Errors are left for Close.
func (w *Writer) copyWith(a *Archive, set map[string][]byte, drop ...string) {
	for _, name := range a.names {
		if data, ok := set[name]; ok {
			w.File(name, data)
		} else if !slices.Contains(drop, name) {
			w.copyEntry(name, a.entries[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if a.entries[name] == nil {
			w.File(name, set[name])
		}
	}
}

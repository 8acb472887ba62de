// Package save reads, checks, makes and rewrites the game's save zips. It starts no goroutines.
//
// A save is a zip with one root folder. Since 1.1.14 the level data is cut into level.dat0, level.dat1, ... which are each a
// zlib stream of 1 MiB inflated, and level.datmetadata holds the inflated total; before, it is level.dat as it is. Nothing
// here holds more of a save in memory than a part of it, and whatever a zip claims is bounded before it is believed.
package save

import (
	"archive/zip"
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"

	"mainbus/hostagent/factorio/scriptdat"
)

const scriptData = "script.dat"

const (
	maxEntries   = 20_000  // the largest mods have some thousand
	maxDirectory = 8 << 20 // bytes of the zip's directory that are read
	maxEntry     = math.MaxUint32 - 1
	maxTotal     = 8 << 30 // bytes of all entries inflated, and of the level inflated
	maxRatio     = 1100    // deflate can't shrink to less than 1/1032
	ratioFrom    = 1 << 20 // inflated size from which the ratio counts
)

// Bytes of the parts of a zip, without names.
const (
	localHeader     = 30
	directoryHeader = 46
	directoryEnd    = 22
)

// Archive is an open save zip. Its methods may be called from several goroutines.
type Archive struct {
	file    io.Closer
	root    string
	names   []string
	entries map[string]*zip.File // by name relative to the root
}

// Open opens a save. It refuses what is no zip, entries outside one root folder or with paths that leave it, links, double
// entries (also where case does not count), entries that overlap, more than 20,000 entries and sizes beyond 8 GiB in all. The
// folder __MACOSX, which a Mac adds to what it packs, is passed over.
func Open(path string) (*Archive, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open save: %w", err)
	}
	a, err := open(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open save %s: %w", path, err)
	}
	return a, nil
}

func open(f *os.File) (*Archive, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a file")
	}
	a, err := NewArchive(f, info.Size())
	if err != nil {
		return nil, err
	}
	a.file = f
	return a, nil
}

// NewArchive opens a save that is not a file of its own. It must not change while it is read.
func NewArchive(r io.ReaderAt, size int64) (*Archive, error) {
	if size > maxTotal {
		return nil, fmt.Errorf("%d bytes are more than %d GiB", size, maxTotal>>30)
	}
	limited := &directoryLimit{r: r, left: maxDirectory}
	z, err := zip.NewReader(limited, size)
	if errors.Is(err, zip.ErrFormat) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("it is no zip file, or its end is missing")
	}
	if err != nil {
		return nil, err
	}
	limited.lifted = true
	if len(z.File) == 0 || len(z.File) > maxEntries {
		return nil, fmt.Errorf("%d entries are not within 1..%d", len(z.File), maxEntries)
	}
	a := &Archive{root: findRoot(z.File), entries: make(map[string]*zip.File, len(z.File))}
	if err := checkRoot(a.root); err != nil {
		return nil, err
	}
	var total uint64
	for _, f := range z.File {
		if err := a.add(f); err != nil {
			return nil, fmt.Errorf("entry %.200q: %w", f.Name, err)
		}
		if total += f.UncompressedSize64; total > maxTotal {
			return nil, fmt.Errorf("entries inflate to more than %d GiB", maxTotal>>30)
		}
	}
	if err := a.checkClashes(); err != nil {
		return nil, err
	}
	return a, checkExtents(z.File, size)
}

// findRoot returns the first entry's folder, or that of the first one which no Mac has added.
func findRoot(files []*zip.File) string {
	first := files[0]
	for _, f := range files {
		if !isMacOS(f) {
			first = f
			break
		}
	}
	root, _, _ := strings.Cut(first.Name, "/")
	return root
}

// isMacOS tells the folder beside the root in which macOS keeps what its file system knows of the files that it packs.
func isMacOS(f *zip.File) bool { return strings.HasPrefix(f.Name, "__MACOSX/") }

func (a *Archive) add(f *zip.File) error {
	switch mode := f.Mode(); {
	case f.Flags&flagEncrypted != 0:
		return errors.New("it is encrypted")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return fmt.Errorf("it is packed by method %d, which the game does not use", f.Method)
	case f.UncompressedSize64 > maxEntry || f.CompressedSize64 > maxEntry:
		return fmt.Errorf("it is larger than %d bytes", uint64(maxEntry))
	case f.UncompressedSize64 > ratioFrom && f.UncompressedSize64/maxRatio > f.CompressedSize64:
		return fmt.Errorf("%d bytes can't inflate to %d", f.CompressedSize64, f.UncompressedSize64)
	case !mode.IsRegular() && !mode.IsDir():
		return fmt.Errorf("it is neither file nor folder but %v", mode)
	}
	root, name, inRoot := strings.Cut(f.Name, "/")
	if root != a.root && isMacOS(f) {
		return nil
	}
	if root != a.root || !inRoot {
		return fmt.Errorf("it is not in the root folder %q", a.root)
	}
	plain, isFolder := strings.CutSuffix(name, "/")
	if name == "" {
		return nil // the root folder, which the game does not write but other tools do
	}
	if err := checkName(plain); err != nil || isFolder {
		return err
	}
	if a.entries[name] != nil {
		return errors.New("it occurs twice")
	}
	a.entries[name] = f
	a.names = append(a.names, name)
	return nil
}

// checkClashes refuses files that are the same one, or one the folder of another, where case does not count, as on Windows.
func (a *Archive) checkClashes() error {
	folded := make(map[string]string, len(a.names))
	for _, name := range a.names {
		fold := strings.ToLower(name)
		if other, clash := folded[fold]; clash {
			return fmt.Errorf("entries %.200q and %.200q are the same where case does not count", other, name)
		}
		folded[fold] = name
	}
	for fold, name := range folded {
		for i, r := range fold {
			if r != '/' {
				continue
			}
			if other, clash := folded[fold[:i]]; clash {
				return fmt.Errorf("entry %.200q is a file and the folder of %.200q", other, name)
			}
		}
	}
	return nil
}

// checkExtents refuses entries that share bytes of the file with each other or with the directory, by which a short file could be
// made to inflate to a very long one.
func checkExtents(files []*zip.File, size int64) error {
	type extent struct{ start, end int64 }
	extents := make([]extent, 0, len(files)+1)
	size -= directoryEnd
	for _, f := range files {
		data, err := f.DataOffset()
		if err != nil {
			return fmt.Errorf("entry %.200q: it is not where the directory says", f.Name)
		}
		extents = append(extents, extent{data - localHeader - int64(len(f.Name)), data + int64(f.CompressedSize64)})
		size -= directoryHeader + int64(len(f.Name)+len(f.Extra)+len(f.Comment))
	}
	extents = append(extents, extent{size, size})
	slices.SortFunc(extents, func(a, b extent) int { return cmp.Compare(a.start, b.start) })
	end := int64(0)
	for _, e := range extents {
		if e.start < end {
			return fmt.Errorf("entries overlap at byte %d", e.start)
		}
		end = e.end
	}
	return nil
}

func checkRoot(root string) error {
	if err := checkName(root); err != nil || strings.Contains(root, "/") {
		return fmt.Errorf("%q can't be a save's root folder", root)
	}
	return nil
}

// checkName refuses paths that could mean a place outside the folder they are taken relative to, on any system.
func checkName(name string) error {
	if strings.ContainsAny(name, "\\\x00") {
		return errors.New("its name has a backslash or a zero byte")
	}
	if len(name) >= 2 && name[1] == ':' {
		return errors.New("its name begins with a drive letter")
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return errors.New("its name is not a plain path within a folder")
		}
	}
	return nil
}

// directoryLimit keeps a zip whose directory is absurdly long from being read into memory.
type directoryLimit struct {
	r      io.ReaderAt
	left   int
	lifted bool // set before anybody else gets to read
}

func (d *directoryLimit) ReadAt(p []byte, off int64) (int, error) {
	if !d.lifted {
		if d.left -= len(p); d.left < 0 {
			return 0, fmt.Errorf("its directory is longer than %d MiB", maxDirectory>>20)
		}
	}
	return d.r.ReadAt(p, off)
}

// Close closes the file that Open opened.
func (a *Archive) Close() error {
	if a.file == nil {
		return nil
	}
	return a.file.Close()
}

// Root returns the name of the root folder, which need not be the file's.
func (a *Archive) Root() string { return a.root }

// Names returns the files, relative to the root folder, in the zip's order.
func (a *Archive) Names() []string { return append([]string(nil), a.names...) }

// Open opens a file by its name relative to the root folder. An absent one is fs.ErrNotExist. The reader ends with an error
// if length or CRC are not as promised.
func (a *Archive) Open(name string) (io.ReadCloser, error) {
	f := a.entries[name]
	if f == nil {
		return nil, &fs.PathError{Op: "open in save", Path: name, Err: fs.ErrNotExist}
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("open %s in save: %w", name, err)
	}
	return &entryReader{entry: r, file: f, name: name}, nil
}

// entryReader says in words what is wrong with an entry, and also checks a CRC of 0, which archive/zip takes for none.
type entryReader struct {
	entry io.ReadCloser
	file  *zip.File
	name  string
	crc   uint32
}

func (r *entryReader) Read(p []byte) (int, error) {
	n, err := r.entry.Read(p)
	if r.file.CRC32 == 0 {
		if r.crc = crc32.Update(r.crc, crc32.IEEETable, p[:n]); err == io.EOF && r.crc != 0 {
			err = zip.ErrChecksum
		}
	}
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case errors.Is(err, zip.ErrChecksum):
		err = errors.New("its CRC is wrong")
	case errors.Is(err, zip.ErrFormat):
		err = fmt.Errorf("it inflates to more than the %d bytes that it claims", r.file.UncompressedSize64)
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("it ends before the %d bytes that it claims", r.file.UncompressedSize64)
	}
	return n, fmt.Errorf("read %s of save: %w", r.name, err)
}

func (r *entryReader) Close() error { return r.entry.Close() }

// Header reads the header; only the first part of the level is inflated for it.
func (a *Archive) Header() (Header, error) {
	level, err := a.Level()
	if err != nil {
		return Header{}, err
	}
	defer level.Close()
	return ReadHeader(bufio.NewReader(level))
}

// Subtree looks for a table in the scenario's storage, as scriptdat.Find does.
func (a *Archive) Subtree(key string) (scriptdat.Value, bool, error) {
	if a.entries[scriptData] == nil {
		return nil, false, nil
	}
	return scriptdat.Find(func() (io.ReadCloser, error) { return a.Open(scriptData) }, "level", key)
}

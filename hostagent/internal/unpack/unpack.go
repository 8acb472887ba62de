// Package unpack takes a .tar.xz or a .tar apart into a folder. The archive is foreign: memory, size and number of files are bounded, and nothing
// in it can reach outside the folder.
package unpack

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/ulikunitz/xz"
)

const maxFiles = 200_000

// Size returns how many bytes the archive holds: what unpacking it will take on the disk, or a little more.
func Size(archive string) (int64, error) {
	file, size, err := open(archive)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	unpacked, err := measure(file, size)
	if err != nil {
		return 0, fmt.Errorf("look into %s: %w", archive, err)
	}
	return unpacked, nil
}

func open(archive string) (*os.File, int64, error) {
	file, err := os.Open(archive)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}

// TarXZ unpacks the archive into the folder dir, which exists and is empty. progress, which may be nil, is told bytes done and in all,
// once per file and megabyte. An error leaves what is there to the caller.
func TarXZ(ctx context.Context, archive, dir string, progress func(done, total int64)) error {
	if err := tarXZ(ctx, archive, dir, progress); err != nil {
		return fmt.Errorf("unpack %s: %w", filepath.Base(archive), err)
	}
	return nil
}

// Tar is TarXZ for an archive that is not compressed.
func Tar(ctx context.Context, archive, dir string, progress func(done, total int64)) error {
	file, size, err := open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := into(ctx, bufio.NewReaderSize(file, 1<<20), size, dir, progress); err != nil {
		return fmt.Errorf("unpack %s: %w", filepath.Base(archive), err)
	}
	return nil
}

func tarXZ(ctx context.Context, archive, dir string, progress func(done, total int64)) error {
	file, size, err := open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	total, err := measure(file, size)
	if err != nil {
		return err
	}
	decoder, err := xz.NewReader(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		return err
	}
	return into(ctx, decoder, total, dir, progress)
}

// into unpacks a tar of total bytes.
func into(ctx context.Context, source io.Reader, total int64, dir string, progress func(done, total int64)) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if progress == nil {
		progress = func(int64, int64) {}
	}
	u := &unpacker{ctx: ctx, root: root, source: io.LimitReader(source, total+1), total: total, progress: progress}
	return u.run()
}

type unpacker struct {
	ctx         context.Context
	root        *os.Root // what is opened through it stays below it, whatever links lie there
	source      io.Reader
	done, total int64
	progress    func(done, total int64)
}

// Read counts what comes out of the decoder.
func (u *unpacker) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	n, err := u.source.Read(p)
	before := u.done >> 20
	if u.done += int64(n); u.done>>20 != before {
		u.progress(u.done, u.total)
	}
	return n, err
}

func (u *unpacker) run() error {
	files := tar.NewReader(u)
	for count := 0; ; count++ {
		header, err := files.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if count >= maxFiles {
			return fmt.Errorf("it has more than %d files", maxFiles)
		}
		if err := u.extract(header, files); err != nil {
			return err
		}
	}
	// What follows the end of the tar is read too, to the end: the checksums of xz come last.
	if _, err := io.Copy(io.Discard, u); err != nil {
		return err
	}
	if u.done != u.total {
		return errors.New("the archive is damaged: it holds not what its index says")
	}
	u.progress(u.total, u.total)
	return nil
}

func (u *unpacker) extract(header *tar.Header, content io.Reader) error {
	if header.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name := filepath.FromSlash(path.Clean(header.Name))
	if !filepath.IsLocal(name) {
		return fmt.Errorf("the file %.100q would lie outside its folder", header.Name)
	}
	parent := name
	if header.Typeflag != tar.TypeDir {
		parent = filepath.Dir(name)
	}
	if err := u.root.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	switch header.Typeflag {
	case tar.TypeDir:
		return nil
	case tar.TypeReg:
		return errors.Join(u.write(name, header.FileInfo().Mode(), content), u.root.Chtimes(name, header.ModTime, header.ModTime))
	case tar.TypeSymlink:
		if target := filepath.FromSlash(header.Linkname); filepath.IsAbs(target) || !filepath.IsLocal(filepath.Join(filepath.Dir(name), target)) {
			return fmt.Errorf("the link %.100q leads outside its folder", header.Name)
		}
		return u.root.Symlink(header.Linkname, name)
	}
	return fmt.Errorf("%.100q is neither a file nor a folder", header.Name)
}

func (u *unpacker) write(name string, mode os.FileMode, content io.Reader) error {
	perm := os.FileMode(0o644)
	if mode&0o111 != 0 {
		perm = 0o755
	}
	file, err := u.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

package mods

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"mainbus/controller/store"
	"mainbus/hostagent/factorio/modinfo"
	"mainbus/hostagent/factorio/save"
)

const (
	maxZip         = 4 << 30
	maxVersion     = 40   // bytes of a version as it is written
	maxText        = 200  // bytes of a title or author that are kept
	maxDescription = 2000 // bytes that are kept
)

// A found mod is what was learned of a zip.
type found struct {
	modinfo.Info
	size         int64
	sha256, sha1 string
}

func (f found) row(o Origin, at time.Time) store.Mod {
	m := store.Mod{
		Name: f.Name, Version: f.Version.String(), SHA256: f.sha256, SHA1: f.sha1, Bytes: f.size, FileName: f.FileName(),
		Title: cut(f.Title, maxText), Author: cut(f.Author, maxText), Game: modinfo.MajorMinor(f.FactorioVersion),
		Dependencies: []string{}, Flags: append([]string{}, f.Flags...), Description: cut(f.Description, maxDescription),
		Source: o.Source, AddedAt: at, AddedBy: o.By,
	}
	for _, d := range f.Dependencies {
		m.Dependencies = append(m.Dependencies, d.String())
	}
	return m
}

func cut(text string, limit int) string {
	return strings.ToValidUTF8(text[:min(len(text), limit)], "")
}

// examine reads a zip from its first byte to its last: its hashes, its info.json, and every entry with its checksum. progress may be nil.
func examine(ctx context.Context, path string, progress func(done, total int64)) (found, error) {
	file, err := os.Open(path)
	if err != nil {
		return found{}, err
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return found{}, err
	}
	if !stat.Mode().IsRegular() {
		return found{}, errors.New("it is no file")
	}
	sums := newSums()
	if _, err := io.Copy(sums, &watched{ctx: ctx, r: file}); err != nil {
		return found{}, err
	}
	f, err := look(ctx, file, stat.Size(), progress)
	f.sha256, f.sha1 = sums.text()
	return f, err
}

// look reads a mod's zip and all its entries.
func look(ctx context.Context, r io.ReaderAt, size int64, progress func(done, total int64)) (found, error) {
	f, a, err := glance(r, size)
	if err != nil {
		return found{}, err
	}
	var done int64
	for _, name := range a.Names() {
		entry, err := a.Open(name)
		if err != nil {
			return found{}, err
		}
		n, err := io.Copy(io.Discard, &watched{ctx: ctx, r: entry, tell: func(n int64) {
			if progress != nil {
				progress(min(done+n, size), size)
			}
		}})
		entry.Close()
		if err != nil {
			return found{}, fmt.Errorf("the zip is damaged: %.200q: %w", name, err)
		}
		done += n
	}
	return f, nil
}

// glance reads the table of contents and info.json only.
func glance(r io.ReaderAt, size int64) (found, *save.Archive, error) {
	if size > maxZip {
		return found{}, nil, fmt.Errorf("%d bytes are more than a mod has", size)
	}
	a, err := save.NewArchive(r, size)
	if err != nil {
		return found{}, nil, err
	}
	if !slices.Contains(a.Names(), modinfo.InfoFile) {
		return found{}, nil, errors.New("it is no mod: a mod's zip has one folder with an info.json in it")
	}
	entry, err := a.Open(modinfo.InfoFile)
	if err != nil {
		return found{}, nil, err
	}
	defer entry.Close()
	info, err := modinfo.Read(entry)
	if err == nil {
		err = checkName(info)
	}
	if err != nil {
		return found{}, nil, err
	}
	return found{Info: info, size: size}, a, nil
}

// checkName refuses a mod whose file could not be called as the game wants, and one that would pass for one of the game's own.
func checkName(info modinfo.Info) error {
	switch {
	case modinfo.IsOwn(info.Name):
		return fmt.Errorf("%s comes with the game and is chosen with its version", info.Name)
	case len(info.VersionText) > maxVersion || strings.Trim(info.VersionText, " .0123456789") != "":
		return fmt.Errorf("its version %.100q can't be part of a file's name", info.VersionText)
	}
	return modinfo.CheckName(info.Name)
}

// sums are the two hashes by which mods are told apart.
type sums struct{ sha256, sha1 hasher }

type hasher interface {
	io.Writer
	Sum([]byte) []byte
}

func newSums() *sums { return &sums{sha256.New(), sha1.New()} }

func (s *sums) Write(p []byte) (int, error) {
	s.sha256.Write(p)
	return s.sha1.Write(p)
}

func (s *sums) text() (sha256, sha1 string) {
	return hex.EncodeToString(s.sha256.Sum(nil)), hex.EncodeToString(s.sha1.Sum(nil))
}

// watched reads until a context ends, and tells how far it is.
type watched struct {
	ctx  context.Context
	r    io.Reader
	tell func(n int64) // may be nil
	n    int64
}

func (w *watched) Read(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	n, err := w.r.Read(p)
	if w.n += int64(n); w.tell != nil && n > 0 {
		w.tell(w.n)
	}
	return n, err
}

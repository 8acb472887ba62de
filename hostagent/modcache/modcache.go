// Package modcache keeps the files of mods on one machine, each once, by the SHA-256 of its content. Instances get second names of them
// (hard links), or copies where there are none. It starts no goroutines, and is safe for concurrent use.
package modcache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"mainbus/transport/fetch"
)

const (
	incoming = "incoming"     // folder of what is arriving
	seenFile = "wanted.json"  // when each file was wanted last
	spare    = 64 << 20       // bytes that a copy leaves free on the disk
	maxFile  = int64(4) << 30 // bytes of one mod: a zip of more is none that the game reads
)

// ErrDamaged says that a file of the cache was not what its name says. It is gone from there, to be fetched again.
var ErrDamaged = errors.New("the file on this host is damaged")

var hashName = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Cache is a folder of files.
type Cache struct {
	dir string

	mu    sync.Mutex
	sizes map[string]int64         // of what is there, by hash
	busy  map[string]chan struct{} // by hash: holds a value while somebody brings or removes the file
}

// Open opens the cache in dir, which is made if it is missing.
func Open(dir string) (*Cache, error) {
	c := &Cache{dir: dir, sizes: map[string]int64{}, busy: map[string]chan struct{}{}}
	if err := os.MkdirAll(filepath.Join(dir, incoming), 0o700); err != nil {
		return nil, fmt.Errorf("open the cache of mods: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open the cache of mods: %w", err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && hashName.MatchString(e.Name()) {
			c.sizes[e.Name()] = info.Size()
		}
	}
	return c, nil
}

func (c *Cache) path(hash string) string { return filepath.Join(c.dir, hash) }

// Has tells whether there is a file of this hash; that it is whole is looked at when it is used.
func (c *Cache) Has(hash string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.sizes[hash]
	return ok
}

// turn takes a value while somebody brings, links or removes the file of this hash.
func (c *Cache) turn(hash string) chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy[hash] == nil {
		c.busy[hash] = make(chan struct{}, 1)
	}
	return c.busy[hash]
}

// lock keeps others from bringing the same file, or waits for them.
func (c *Cache) lock(ctx context.Context, hash string) (unlock func(), err error) {
	if !hashName.MatchString(hash) { // it is a file's name here
		return nil, fmt.Errorf("%.80q is no SHA-256", hash)
	}
	held := c.turn(hash)
	select {
	case held <- struct{}{}:
		return func() { <-held }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Bring sees to it that the file of this hash is there. If it is not, bring writes it to a path, or goes on with what an earlier call has
// left there; of several callers one does, and the others wait for it. What comes and is not of the hash is removed, and an error.
func (c *Cache) Bring(ctx context.Context, hash string, bring func(ctx context.Context, path string) error) error {
	unlock, err := c.lock(ctx, hash)
	if err != nil {
		return err
	}
	defer unlock()
	if c.Has(hash) {
		return nil
	}
	path := filepath.Join(c.dir, incoming, hash)
	if _, err := os.Lstat(path); err == nil && c.take(ctx, path, hash) == nil {
		return nil // it had come when an earlier life of the program was killed
	}
	if err := bring(ctx, path); err != nil {
		return err
	}
	return c.take(ctx, path, hash)
}

// take gives a file in the cache's folder its name if it is what the name says, else removes it.
func (c *Cache) take(ctx context.Context, path, hash string) error {
	size, err := check(ctx, path, hash)
	if errors.Is(err, errOther) {
		return errors.Join(fmt.Errorf("what arrived is another file than was asked for (%w)", err), os.Remove(path))
	}
	if err != nil {
		return err
	}
	if err := os.Rename(path, c.path(hash)); err != nil {
		return fmt.Errorf("keep a mod: %w", err)
	}
	c.mu.Lock()
	c.sizes[hash] = size
	c.mu.Unlock()
	return nil
}

// Adopt keeps a file that lies elsewhere on this machine if it is the one of this hash, and tells whether that is so.
func (c *Cache) Adopt(ctx context.Context, path, hash string) (bool, error) {
	if !hashName.MatchString(hash) {
		return false, nil
	}
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return false, nil
	}
	if _, err := check(ctx, path, hash); err != nil {
		return false, context.Cause(ctx)
	}
	err := c.Bring(ctx, hash, func(ctx context.Context, to string) error {
		if err := os.Remove(to); err != nil && !os.IsNotExist(err) {
			return err
		}
		return linkOrCopy(ctx, path, to)
	})
	return err == nil, err
}

// Link puts the file of this hash at a path where there is none, and reads it through. Where the disk can't give it a second name it is copied.
func (c *Cache) Link(ctx context.Context, hash, to string) error {
	unlock, err := c.lock(ctx, hash)
	if err != nil {
		return err
	}
	defer unlock()
	if err := linkOrCopy(ctx, c.path(hash), to); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			c.forget(hash)
		}
		return fmt.Errorf("take a mod out of the cache: %w", err)
	}
	if _, err := check(ctx, to, hash); err != nil {
		if errors.Is(err, errOther) {
			c.forget(hash)
			return errors.Join(ErrDamaged, os.Remove(c.path(hash)), os.Remove(to))
		}
		return err
	}
	return nil
}

func (c *Cache) forget(hash string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sizes, hash)
}

var errOther = errors.New("its SHA-256 is another")

// check reads a file through.
func check(ctx context.Context, path, hash string) (size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	sum := sha256.New()
	size, err = io.Copy(sum, reader{ctx, io.LimitReader(f, maxFile)})
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.EqualFold(got, hash) {
		return 0, errOther
	}
	return size, nil
}

// reader gives up when its context ends.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// linkOrCopy gives a file a second name; where there are none, or no more, it is copied.
func linkOrCopy(ctx context.Context, from, to string) error {
	linked := link(from, to)
	if linked == nil || errors.Is(linked, os.ErrExist) || errors.Is(linked, os.ErrNotExist) {
		return linked
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if room, err := free(filepath.Dir(to)); err == nil && room < info.Size()+spare {
		return fmt.Errorf("the disk of %s has %d MB left, and %d MB are needed for %s: free some space, then try again",
			filepath.Dir(to), room>>20, (info.Size()+spare)>>20, filepath.Base(to))
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, reader{ctx, in})
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return errors.Join(fetch.ExplainDisk(err, to, 0, info.Size()), os.Remove(to))
	}
	return nil
}

// Tests have link fail as it does between two disks, and free tell of a full one.
var (
	link = os.Link
	free = fetch.FreeSpace
)

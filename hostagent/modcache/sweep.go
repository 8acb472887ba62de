package modcache

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mainbus/hostagent/internal/disk"
)

// What is kept that nobody wants: an undo or another instance may want it again soon.
const (
	KeepFor   = 30 * 24 * time.Hour
	KeepBytes = int64(10) << 30

	partsFor = 7 * 24 * time.Hour // what has arrived of a file that nobody has gone on with
)

// Sweep removes what has not been wanted for KeepFor, and of what is not wanted the longest unwanted until the rest is not more than
// KeepBytes. What is wanted stays whatever its size.
func (c *Cache) Sweep(wanted func(hash string) bool, now time.Time) error {
	seen := map[string]int64{} // Unix seconds
	if err := disk.ReadJSONIfAny(filepath.Join(c.dir, seenFile), &seen); err != nil {
		seen = map[string]int64{} // as if all of it had been wanted until now
	}
	type idle struct {
		hash string
		size int64
		last int64
	}
	c.mu.Lock()
	kept, unwanted, total := map[string]int64{}, []idle{}, int64(0)
	for hash, size := range c.sizes {
		last, known := seen[hash]
		if wanted(hash) || !known {
			last = now.Unix()
		}
		kept[hash] = last
		if !wanted(hash) {
			unwanted, total = append(unwanted, idle{hash, size, last}), total+size
		}
	}
	c.mu.Unlock()
	slices.SortFunc(unwanted, func(a, b idle) int { return cmp.Or(cmp.Compare(a.last, b.last), strings.Compare(a.hash, b.hash)) })
	var failed error
	for _, i := range unwanted {
		if now.Sub(time.Unix(i.last, 0)) <= KeepFor && total <= KeepBytes {
			continue
		}
		if err := c.remove(i.hash); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		total -= i.size
		delete(kept, i.hash)
	}
	return errors.Join(failed, disk.WriteJSON(filepath.Join(c.dir, seenFile), kept), c.sweepParts(now))
}

// remove leaves alone what is being brought or linked at this moment.
func (c *Cache) remove(hash string) error {
	held := c.turn(hash)
	select {
	case held <- struct{}{}:
		defer func() { <-held }()
	default:
		return nil
	}
	if err := os.Remove(c.path(hash)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove a mod that nobody wants: %w", err)
	}
	c.forget(hash)
	return nil
}

func (c *Cache) sweepParts(now time.Time) error {
	dir := filepath.Join(c.dir, incoming)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("sweep the cache of mods: %w", err)
	}
	var failed error
	for _, e := range entries {
		if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > partsFor {
			failed = errors.Join(failed, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return failed
}

// Package settings keeps how the user has arranged the window, and what was typed at consoles, in one file of the data
// folder that nobody else may read. The cluster's own state is never there. Settings belong to the user interface's
// goroutine; Run, which writes them, to another.
package settings

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	writeAfter   = 500 * time.Millisecond // so that a dragged border is written once
	maxInstances = 500                    // of which something is kept
	maxFile      = 16 << 20               // bytes
)

// A Table is how the user has arranged one.
type Table struct {
	Widths  map[string]float32 `json:"widths,omitempty"` // by column, in Fyne's units
	Sort    string             `json:"sort,omitempty"`   // column; empty: as it comes
	Reverse bool               `json:"reverse,omitempty"`
	Filter  string             `json:"filter,omitempty"`
}

// An Instance is what is kept of one.
type Instance struct {
	Typed      []string `json:"typed,omitempty"`       // at its console, the oldest first
	LuaAllowed bool     `json:"lua_allowed,omitempty"` // the user knows what Lua commands do to achievements
}

type content struct {
	Narrow    bool                `json:"narrow_sidebar,omitempty"`
	Tables    map[string]Table    `json:"tables,omitempty"`
	Instances map[string]Instance `json:"instances,omitempty"`
}

// Settings is what is kept.
type Settings struct {
	path string
	kick chan struct{} // gets a value when something has changed

	mu  sync.Mutex
	now content
}

// Load reads the file, which need not be there. A damaged one is an error, and Settings as they are made all the same:
// they are a convenience. An empty path keeps nothing.
func Load(path string) (*Settings, error) {
	s := &Settings{path: path, kick: make(chan struct{}, 1)}
	err := s.read()
	if s.now.Tables == nil {
		s.now.Tables = map[string]Table{}
	}
	if s.now.Instances == nil {
		s.now.Instances = map[string]Instance{}
	}
	return s, err
}

func (s *Settings) read() error {
	if s.path == "" {
		return nil
	}
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.Size() > maxFile {
		err = errors.New("the file is too large")
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(s.path)
	}
	if err == nil {
		err = json.Unmarshal(data, &s.now)
	}
	if err != nil {
		s.now = content{}
		return fmt.Errorf("read the window's settings in %s: %w", s.path, err)
	}
	return nil
}

// Run writes changes until ctx ends, and once more then. failed is told what could not be written.
func (s *Settings) Run(ctx context.Context, failed func(error)) {
	write := func() {
		if err := s.write(); err != nil {
			failed(err)
		}
	}
	for ctx.Err() == nil {
		select {
		case <-s.kick:
		case <-ctx.Done():
			select {
			case <-s.kick: // changed just before the end
			default:
				return
			}
		}
		select {
		case <-time.After(writeAfter):
		case <-ctx.Done():
		}
		write()
	}
}

// write replaces the file as a whole, so that it is never half there.
func (s *Settings) write() error {
	if s.path == "" {
		return nil
	}
	s.mu.Lock()
	data, err := json.MarshalIndent(s.now, "", "\t")
	s.mu.Unlock()
	if err == nil {
		err = replace(s.path, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write the window's settings: %w", err)
	}
	return nil
}

func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (s *Settings) change(f func(*content)) {
	s.mu.Lock()
	f(&s.now)
	s.mu.Unlock()
	select {
	case s.kick <- struct{}{}:
	default: // it will be written already
	}
}

func get[T any](s *Settings, f func(content) T) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(s.now)
}

// Narrow tells whether the sidebar shows icons only.
func (s *Settings) Narrow() bool { return get(s, func(c content) bool { return c.Narrow }) }

// SetNarrow keeps it.
func (s *Settings) SetNarrow(narrow bool) { s.change(func(c *content) { c.Narrow = narrow }) }

// Table returns how a page's table was arranged.
func (s *Settings) Table(page string) Table {
	return get(s, func(c content) Table {
		t := c.Tables[page]
		t.Widths = maps.Clone(t.Widths)
		return t
	})
}

// SetTable keeps it.
func (s *Settings) SetTable(page string, t Table) {
	t.Widths = maps.Clone(t.Widths)
	s.change(func(c *content) { c.Tables[page] = t })
}

// Instance returns what is kept of an instance.
func (s *Settings) Instance(id string) Instance {
	return get(s, func(c content) Instance {
		i := c.Instances[id]
		i.Typed = slices.Clone(i.Typed)
		return i
	})
}

// SetInstance keeps it. Of too many, some make room.
func (s *Settings) SetInstance(id string, i Instance) {
	i.Typed = slices.Clone(i.Typed)
	s.change(func(c *content) {
		c.Instances[id] = i
		for other := range c.Instances {
			if len(c.Instances) <= maxInstances {
				break
			}
			if other != id {
				delete(c.Instances, other)
			}
		}
	})
}

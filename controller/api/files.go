package api

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Some requests name files on the machine of the controller, which is that of its owner. Callers on other machines mean files of theirs:
// their Client sends those before the call, and fetches what the call's task has written, by its Carrier. What they name then is what
// the Carrier was told; the Guard has the Authority put the paths in place of it.

// files are the paths that a request names.
type files struct {
	read    []*string
	list    *[]string // likewise
	write   *string   // what the task of the call writes
	replace bool      // the file that is there
}

// withFiles is a request that names any. Empty ones count for nothing.
type withFiles interface{ files() files }

func (f files) none() bool {
	return !slices.ContainsFunc(f.read, func(p *string) bool { return *p != "" }) && (f.list == nil || len(*f.list) == 0) && (f.write == nil || *f.write == "")
}

// Takes tells whether a file may be sent for a call by somebody who has these permissions, for whatever place.
func Takes(call string, grants []Grant) bool {
	m, known := methods[call]
	if !known {
		return false
	}
	r, ok := m.call.request().(withFiles)
	return ok && (len(r.files().read) > 0 || r.files().list != nil) && slices.ContainsFunc(grants, func(g Grant) bool { return g.gives(m.need) })
}

// bring puts the paths of files that a caller from elsewhere has sent in place of what they name.
func (g guard) bring(c Caller, call string, request any) (release func(task string), err error) {
	none := func(string) {}
	r, ok := request.(withFiles)
	if !ok || c.Kind == Owner {
		return none, nil
	}
	f := r.files()
	if f.none() {
		return none, nil
	}
	read := slices.DeleteFunc(slices.Clone(f.read), func(p *string) bool { return *p == "" })
	if f.list != nil {
		for n := range *f.list {
			read = append(read, &(*f.list)[n])
		}
	}
	return g.authority.Bring(c, call, read, f.write)
}

// taskOf is the id of the task that a call has begun, empty if it has begun none.
func taskOf(response any, err error) string {
	if t, ok := response.(*Task); ok && err == nil {
		return t.ID
	}
	return ""
}

// A Carrier brings files from and to a controller on another machine.
type Carrier interface {
	// Send returns what the call has to name.
	Send(ctx context.Context, call, path string) (there string, err error)
	// Fetch waits for the end of a task, and writes the file that it has written, as a whole or not at all. It returns the task's error.
	Fetch(ctx context.Context, task, path string) error
}

// carried makes a call that names files.
func (c *Client) carried(ctx context.Context, method string, request, response any, f files) error {
	for _, path := range f.read {
		if err := c.sent(ctx, method, path); err != nil {
			return err
		}
	}
	if f.list != nil {
		list, err := filesIn(*f.list)
		if err != nil {
			return err
		}
		for n := range list {
			if err := c.sent(ctx, method, &list[n]); err != nil {
				return err
			}
		}
		*f.list = list
	}
	if f.write == nil || *f.write == "" {
		return c.exchange(ctx, method, request, response)
	}
	path := *f.write
	switch info, err := os.Stat(path); {
	case err == nil && (info.IsDir() || !f.replace):
		return Errorf(Refused, "Choose another name.", "%s is there already", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return Errorf(Refused, "", "%v", err)
	}
	*f.write = filepath.Base(path)
	if err := c.exchange(ctx, method, request, response); err != nil {
		return err
	}
	t := response.(*Task)
	if err := c.carrier.Fetch(ctx, t.ID, path); err != nil {
		return err
	}
	t.State, t.Phase, t.Result = TaskDone, "", path
	return nil
}

func (c *Client) sent(ctx context.Context, method string, path *string) error {
	if *path == "" {
		return nil
	}
	if info, err := os.Stat(*path); err != nil {
		return Errorf(NotFound, "", "%v", err)
	} else if !info.Mode().IsRegular() {
		return Errorf(Invalid, "Name a file: of a folder of mods its mod-list.json, or a save.", "%s is no file, and only files can be sent to a controller elsewhere", *path)
	}
	there, err := c.carrier.Send(ctx, method, *path)
	*path = there
	return err
}

// filesIn puts the zips in folders in place of these.
func filesIn(list []string) (all []string, err error) {
	for _, path := range list {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			all = append(all, path)
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, Errorf(Refused, "", "%v", err)
		}
		before := len(all)
		for _, e := range entries {
			if e.Type().IsRegular() && strings.EqualFold(filepath.Ext(e.Name()), ".zip") {
				all = append(all, filepath.Join(path, e.Name()))
			}
		}
		if len(all) == before {
			return nil, Errorf(Invalid, "Pack it first.", "%s has no zip in it, and only files can be sent to a controller elsewhere", path)
		}
	}
	return all, nil
}

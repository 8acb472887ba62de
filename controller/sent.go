package controller

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"mainbus/controller/api"
	"mainbus/transport/fetch"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	sentFolder   = "sent"
	maxSentOf    = 300 // files of a key
	maxSent      = 2000
	maxSentName  = 200              // bytes
	sentIdle     = time.Hour        // then a file goes that nothing uses
	sentWait     = time.Minute      // for the next bytes
	sentChunk    = 64 << 10         // bytes that are read and written at a time
	leaveFree    = int64(1) << 30   // bytes on the disk
	tellWaiting  = 2 * time.Second  // to whom waits for a task to write a file
	refusedFiles = "the file %.60q" // what a record of a denial is about
)

// sent are the files that users on other machines have sent for a call, and those that tasks write for them, in a folder of their own: one
// file in each subfolder. Nothing of it outlives the controller. It may be used by any goroutine.
type sent struct {
	dir string

	mu      sync.Mutex
	all     map[string]*sentFile // by ticket
	awaited int64                // bytes
}

type sentFile struct {
	ticket string // what its sender calls it
	path   string
	key    string // of the user
	task   string // that reads or writes it
	busy   bool   // the task runs, or the file is being sent
	out    bool   // the task writes it
	at     time.Time
}

func newSent(dir string) (*sent, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("remove what was sent before: %w", err)
	}
	return &sent{dir: dir, all: map[string]*sentFile{}}, nil
}

// begin makes room for a file.
func (s *sent) begin(key, name string, size int64) (*sentFile, error) {
	if !sendable(name) {
		return nil, api.Errorf(api.Invalid, "Give it another name.", "%q can't be the name of a file here", shown(name, 60))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	of := 0
	for _, f := range s.all {
		if !f.busy && time.Since(f.at) > sentIdle {
			s.remove(f)
		} else if f.key == key {
			of++
		}
	}
	if of >= maxSentOf || len(s.all) >= maxSent {
		return nil, api.Errorf(api.Refused, "Wait until what was sent is taken in.", "%d files are on their way already", len(s.all))
	}
	id := randomInstanceID()
	f := &sentFile{ticket: sentFolder + "/" + id + "/" + name, path: filepath.Join(s.dir, id, name), key: key, busy: true, at: time.Now()}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return nil, fmt.Errorf("take in a file: %w", err)
	}
	if free, err := fetch.FreeSpace(s.dir); err == nil && (size < 0 || size > free-s.awaited-leaveFree) {
		_ = os.RemoveAll(filepath.Dir(f.path))
		return nil, api.Errorf(api.Refused, "Make room there.", "the disk of the controller has no room for a file of %s", api.BytesText(size))
	}
	s.all[f.ticket] = f
	s.awaited += max(size, 0)
	return f, nil
}

// sendable refuses names that some system takes for more than a name.
func sendable(name string) bool {
	return name != "" && len(name) <= maxSentName && utf8.ValidString(name) && !strings.HasPrefix(name, ".") && !strings.HasSuffix(name, ".") &&
		strings.TrimSpace(name) == name && !strings.ContainsAny(name, `/\:*?"<>|`) && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
}

func (s *sent) remove(f *sentFile) {
	delete(s.all, f.ticket)
	_ = os.RemoveAll(filepath.Dir(f.path)) // what stays goes with the next start
}

func (s *sent) drop(list ...*sentFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range list {
		s.remove(f)
	}
}

// arrived notes that so much is not awaited any more.
func (s *sent) arrived(f *sentFile, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaited -= size
	f.busy, f.at = false, time.Now()
}

// find returns a file that a key has sent.
func (s *sent) find(key, ticket string) *sentFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.all[ticket]; f != nil && f.key == key && !f.out && !f.busy {
		f.busy = true
		return f
	}
	return nil
}

// written returns the file that a task writes for a key.
func (s *sent) written(key, task string) *sentFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.all {
		if f.out && f.key == key && f.task == task && task != "" {
			return f
		}
	}
	return nil
}

// ended lets go of what a task has read, and keeps for a while what it has written.
func (s *sent) ended(task string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.all {
		switch {
		case f.task != task:
		case f.out:
			f.busy, f.at = false, time.Now()
		default:
			s.remove(f)
		}
	}
}

// Bring implements api.Authority.
func (a authority) Bring(c api.Caller, _ string, read []*string, write *string) (release func(task string), err error) {
	var list []*sentFile
	for _, p := range read {
		f := a.c.sent.find(c.Key, *p)
		if f == nil {
			a.c.sent.drop(list...)
			return nil, api.Errorf(api.Refused, "Do it with mainbusctl or the window, which send it.", "%q has sent no file %q", c.Name, shown(*p, 100))
		}
		*p, list = f.path, append(list, f)
	}
	if write != nil && *write != "" {
		f, err := a.c.sent.begin(c.Key, *write, 0)
		if err != nil {
			a.c.sent.drop(list...)
			return nil, err
		}
		f.out = true
		*write, list = f.path, append(list, f)
	}
	return func(task string) {
		if task == "" {
			a.c.sent.drop(list...)
			return
		}
		a.c.sent.mu.Lock()
		for _, f := range list {
			f.task = task
		}
		a.c.sent.mu.Unlock()
		if t, err := a.c.tasks.view(task); err != nil || t.State != api.TaskRunning {
			a.c.sent.ended(task)
		}
	}, nil
}

// handleFilePut takes in a file for a call.
func (c *Controller) handleFilePut(ctx context.Context, conn *link.Conn, s *link.Stream) error {
	caller, leave, err := c.userStream(ctx, conn)
	if err != nil {
		return err
	}
	defer leave()
	s.SetReadDeadline(time.Now().Add(sentWait))
	put := new(wire.FilePut)
	if err := s.Recv(put); err != nil {
		return err
	}
	grants, err := authority{c}.Grants(ctx, caller)
	if err != nil {
		return sentStatus(err)
	}
	if !api.Takes(put.GetCall(), grants) {
		c.attempts.note(caller.Name, caller.From, shown(put.GetCall(), 60), fmt.Sprintf(refusedFiles, shown(put.GetName(), 60)), "denied")
		return link.Errorf(wire.Code_CODE_REFUSED, "%q may send no files for %.40q", caller.Name, put.GetCall())
	}
	size := int64(min(put.GetSize(), 1<<62))
	f, err := c.sent.begin(caller.Key, put.GetName(), size)
	if err != nil {
		return sentStatus(err)
	}
	err = receive(s, f.path, size)
	if c.sent.arrived(f, size); err != nil {
		c.sent.drop(f)
		return err
	}
	return s.Send(&wire.FileThere{Path: f.ticket})
}

func sentStatus(err error) error {
	e := api.AsError(err)
	codes := map[api.Code]wire.Code{api.Invalid: wire.Code_CODE_INVALID, api.NotFound: wire.Code_CODE_NOT_FOUND, api.Refused: wire.Code_CODE_REFUSED, api.Unavailable: wire.Code_CODE_UNAVAILABLE}
	code, ok := codes[e.Code]
	if !ok {
		code = wire.Code_CODE_INTERNAL
	}
	return link.Errorf(code, "%s", e.Message)
}

// patient reads from a stream whose sender may take its time between bytes, but not all.
type patient struct{ s *link.Stream }

func (p patient) Read(b []byte) (int, error) {
	p.s.SetReadDeadline(time.Now().Add(sentWait))
	return p.s.Read(b)
}

// receive writes a file of so many bytes, which their hash follows.
func receive(s *link.Stream, path string, size int64) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("take in a file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum, told := sha256.New(), make([]byte, sha256.Size)
	if _, err := io.CopyBuffer(io.MultiWriter(f, sum), io.LimitReader(patient{s}, size), make([]byte, sentChunk)); err != nil {
		return fmt.Errorf("take in a file: %w", err)
	}
	if _, err := io.ReadFull(patient{s}, told); err != nil {
		return fmt.Errorf("take in a file: %w", err)
	}
	if string(told) != string(sum.Sum(nil)) {
		return link.Errorf(wire.Code_CODE_INVALID, "the file has arrived damaged")
	}
	return nil
}

// handleFileGet gives what a task has written to whom it was written for.
func (c *Controller) handleFileGet(ctx context.Context, conn *link.Conn, s *link.Stream) error {
	caller, leave, err := c.userStream(ctx, conn)
	if err != nil {
		return err
	}
	defer leave()
	s.SetReadDeadline(time.Now().Add(sentWait))
	get := new(wire.FileGet)
	if err := s.Recv(get); err != nil {
		return err
	}
	file := c.sent.written(caller.Key, get.GetTask())
	if file == nil {
		return link.Errorf(wire.Code_CODE_NOT_FOUND, "no task of this name has written a file for %q", caller.Name)
	}
	t, err := c.tasks.view(file.task)
	for ; err == nil && t.State == api.TaskRunning; t, err = c.tasks.view(file.task) {
		if err := s.Send(&wire.FileHead{}); err != nil {
			return err
		}
		select {
		case <-time.After(tellWaiting):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	switch {
	case err != nil:
		return sentStatus(err)
	case t.Error != nil:
		return sentStatus(t.Error)
	case t.State != api.TaskDone:
		return link.Errorf(wire.Code_CODE_REFUSED, "it was canceled")
	}
	if err := give(s, file.path); err != nil {
		return err
	}
	c.sent.drop(file)
	return nil
}

// give sends a file, and its hash after it.
func give(s *link.Stream, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("send a file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("send a file: %w", err)
	}
	if err := s.Send(&wire.FileHead{Ready: true, Size: uint64(info.Size())}); err != nil {
		return err
	}
	sum := sha256.New()
	return sendSummed(s, io.LimitReader(f, info.Size()), sum)
}

func sendSummed(to io.Writer, from io.Reader, sum hash.Hash) error {
	// Without the reader's and writer's own ways of copying, which know no bound.
	if _, err := io.CopyBuffer(struct{ io.Writer }{to}, io.TeeReader(from, sum), make([]byte, sentChunk)); err != nil {
		return fmt.Errorf("send a file: %w", err)
	}
	_, err := to.Write(sum.Sum(nil))
	return err
}

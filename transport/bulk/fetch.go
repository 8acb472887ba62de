package bulk

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"mainbus/transport/fetch"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	stall       = 30 * time.Second // without a byte on a connection that is up
	patience    = 3 * time.Minute  // without a byte, whatever is tried
	firstPause  = 100 * time.Millisecond
	longPause   = 5 * time.Second
	maxRepairs  = 3        // of a file that the disk gives back otherwise than it was written
	maxCorrupt  = 3        // pieces in a row that come with another hash
	spareOnDisk = 64 << 20 // that a transfer leaves free for the games there
)

// ErrCanceled is the cause with which to end a Fetch's context when nobody wants the file any more: what has arrived is removed.
var ErrCanceled = errors.New("canceled")

// Phases of a Fetch.
const (
	Receiving = "receiving"
	Verifying = "verifying"
)

// Progress is how far a Fetch is.
type Progress struct {
	Phase string
	Done  int64 // bytes
	Size  int64 // bytes; 0: not known yet
}

// Request says what to fetch. Peer, Ticket and Target are required.
type Request struct {
	Peer     Peer
	Ticket   string
	Target   string // where the file shall be; its folder must exist, a file of that name is replaced when all is well
	MaxSize  int64  // bytes; 0: any
	Progress func(Progress)
}

// Fetch gets an offered file. When it returns nil, the file at Target is on disk and what the source was. Until then there
// are only files beside it, from which another Fetch of the same content goes on.
func (n *Node) Fetch(ctx context.Context, r Request) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(n.ctx, func() { cancel(link.ErrClosed) })()
	if r.Progress == nil {
		r.Progress = func(Progress) {}
	}
	p, err := openPart(r.Target)
	if err != nil {
		return fmt.Errorf("receive %s: %w", filepath.Base(r.Target), err)
	}
	f := &fetcher{node: n, request: r, part: p}
	if err := f.run(ctx); err != nil {
		p.close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if errors.Is(err, ErrCanceled) {
			err = errors.Join(err, Discard(r.Target))
		}
		return fmt.Errorf("receive %s: %w", filepath.Base(r.Target), err)
	}
	return nil
}

// fetcher is one Fetch.
type fetcher struct {
	node    *Node
	request Request
	part    *part
	began   bool // bytes of the part's content have come
	corrupt int
}

func (f *fetcher) run(ctx context.Context) error {
	if err := f.insist(ctx, f.receive); err != nil {
		return err
	}
	for range maxRepairs {
		if err := f.part.sync(); err != nil {
			return err
		}
		f.tell(Verifying, 0)
		bad, err := f.part.verify(ctx, func(have int64) { f.tell(Verifying, have) })
		if err != nil {
			return err
		}
		if len(bad) == 0 {
			return f.part.publish()
		}
		f.node.log.Warn("the disk gives back other bytes than were written to it", "file", f.request.Target, "pieces", len(bad))
		for _, piece := range bad {
			if err := f.insist(ctx, func(ctx context.Context) error { return f.repair(ctx, piece) }); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("the disk of %s gives back other bytes than are written to it: look after it, and use another one meanwhile",
		filepath.Dir(f.request.Target))
}

func (f *fetcher) tell(phase string, done int64) {
	f.request.Progress(Progress{Phase: phase, Done: done, Size: f.part.size})
}

// insist tries again until it is done, nothing has come for too long, or another attempt would not help.
func (f *fetcher) insist(ctx context.Context, try func(context.Context) error) error {
	last, have, pause := time.Now(), f.part.have, firstPause
	for {
		err := try(ctx)
		if err == nil || ctx.Err() != nil || !passes(err) {
			return err
		}
		if f.part.have != have {
			last, have, pause = time.Now(), f.part.have, firstPause
		}
		if f.corrupt > maxCorrupt || time.Since(last) > patience {
			return err
		}
		f.node.log.Debug("a transfer goes on soon", "file", f.request.Target, "have", have, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		pause = min(2*pause, longPause)
	}
}

// passes tells troubles of the network from those that stay.
func passes(err error) bool {
	var status *link.StatusError
	if errors.As(err, &status) {
		return status.Code == wire.Code_CODE_UNAVAILABLE || status.Code == wire.Code_CODE_INTERNAL
	}
	var disk diskError
	return !errors.As(err, &disk) && !errors.Is(err, ErrChanged) && !errors.Is(err, errRefused) && !errors.Is(err, link.ErrClosed)
}

// errOther is for a source that is not what has been there of an earlier transfer: the next attempt begins anew.
var errOther = errors.New("the file is another one than an earlier transfer was of")

// errRefused is in what is wrong with an offer itself.
var errRefused = errors.New("not taken")

// receive takes bytes from where the part ends.
func (f *fetcher) receive(ctx context.Context) error {
	p := f.part
	s, head, release, err := f.ask(ctx, &wire.BulkFetch{Offset: uint64(p.have), Tag: p.tag})
	if err != nil {
		return err
	}
	defer release()
	known := p.tag != "" && head.GetTag() == p.tag
	if f.began && !known {
		return ErrChanged
	}
	follows, err := p.begin(head, f.request.MaxSize)
	if err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	if !follows {
		return errOther
	}
	f.began = true
	f.tell(Receiving, p.have)
	err = p.take(&patient{s}, func(have int64) {
		f.corrupt = 0
		f.tell(Receiving, have)
	})
	if errors.Is(err, errCorrupt) {
		f.corrupt++
	}
	return err
}

// repair takes one piece again.
func (f *fetcher) repair(ctx context.Context, piece int) error {
	start, end := f.part.bounds(piece)
	s, head, release, err := f.ask(ctx, &wire.BulkFetch{Offset: uint64(start), Length: uint64(end - start), Tag: f.part.tag})
	if err != nil {
		return err
	}
	defer release()
	if head.GetTag() != f.part.tag {
		return ErrChanged
	}
	err = f.part.replace(&patient{s}, piece)
	if errors.Is(err, errCorrupt) {
		f.corrupt++
	}
	return err
}

func (f *fetcher) ask(ctx context.Context, req *wire.BulkFetch) (*link.Stream, *wire.BulkHead, func(), error) {
	c, err := f.node.reach(ctx, f.request.Peer)
	if err != nil {
		return nil, nil, nil, err
	}
	release := f.node.hold(c)
	req.Ticket = f.request.Ticket
	s, head, err := ask(ctx, c, req)
	if err != nil {
		release()
		return nil, nil, nil, err
	}
	return s, head, func() { s.Close(); release() }, nil
}

// ask opens a stream, of which the bytes come next.
func ask(ctx context.Context, c *link.Conn, req *wire.BulkFetch) (*link.Stream, *wire.BulkHead, error) {
	s, err := c.Open(ctx, wire.Method_METHOD_BULK_FETCH)
	if err != nil {
		return nil, nil, err
	}
	var head wire.BulkHead
	err = s.Send(req)
	if err == nil {
		s.SetReadDeadline(time.Now().Add(stall))
		err = s.Recv(&head)
	}
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	return s, &head, nil
}

// patient reads from a stream that may be silent for a while.
type patient struct{ s *link.Stream }

func (p *patient) Read(b []byte) (int, error) {
	p.s.SetReadDeadline(time.Now().Add(stall))
	return p.s.Read(b)
}

// makeRoom tells in time that a file does not fit.
func makeRoom(target string, size int64) error {
	folder := filepath.Dir(target)
	free, err := fetch.FreeSpace(folder)
	if err == nil && free < size+spareOnDisk {
		return fmt.Errorf("the disk of %s has %d MB left, and %d MB are needed there: free some space, then try again",
			folder, free>>20, (size+spareOnDisk)>>20)
	}
	return nil // if it can't be told, writing will
}

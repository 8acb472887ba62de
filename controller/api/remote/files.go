package remote

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"mainbus/controller/api"
	"mainbus/transport/link"
	"mainbus/transport/wire"
)

const (
	fileWait  = time.Minute // for the next bytes, or for a word that there will be some
	fileChunk = 64 << 10
)

var _ api.Carrier = (*Connection)(nil)

// stream makes a stream of its own for a file, which ends with ctx.
func (c *Connection) stream(ctx context.Context, method wire.Method) (s *link.Stream, done func(), err error) {
	conn, err := c.link(ctx)
	if err != nil {
		return nil, nil, c.explain(err)
	}
	if s, err = conn.Open(c.ctx, method); err != nil {
		return nil, nil, c.explain(err)
	}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	return s, func() { stop(); s.Close() }, nil
}

// Send implements api.Carrier.
func (c *Connection) Send(ctx context.Context, call, path string) (there string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", api.Errorf(api.Refused, "", "%v", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", api.Errorf(api.Refused, "", "%v", err)
	}
	s, done, err := c.stream(ctx, wire.Method_METHOD_FILE_PUT)
	if err != nil {
		return "", err
	}
	defer done()
	err = s.Send(&wire.FilePut{Call: call, Name: filepath.Base(path), Size: uint64(info.Size())})
	if err == nil {
		err = write(s, f, info.Size())
	}
	// What the controller says of it is more than that the stream broke.
	answer := new(wire.FileThere)
	s.SetReadDeadline(time.Now().Add(fileWait))
	if said := s.Recv(answer); said != nil {
		return "", c.fileError("send "+filepath.Base(path), errors.Join(said, err))
	}
	return answer.GetPath(), nil
}

// write sends bytes and their hash.
func write(to io.Writer, from io.Reader, size int64) error {
	sum := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{to}, io.TeeReader(io.LimitReader(from, size), sum), make([]byte, fileChunk))
	if err == nil && n != size {
		err = fmt.Errorf("the file has become shorter meanwhile")
	}
	if err == nil {
		_, err = to.Write(sum.Sum(nil))
	}
	return err
}

// Fetch implements api.Carrier.
func (c *Connection) Fetch(ctx context.Context, task, path string) error {
	s, done, err := c.stream(ctx, wire.Method_METHOD_FILE_GET)
	if err != nil {
		return err
	}
	defer done()
	what := "fetch " + filepath.Base(path)
	if err := s.Send(&wire.FileGet{Task: task}); err != nil {
		return c.fileError(what, err)
	}
	head := new(wire.FileHead)
	for !head.GetReady() {
		s.SetReadDeadline(time.Now().Add(fileWait))
		if err := s.Recv(head); err != nil {
			return c.fileError(what, err)
		}
	}
	if head.GetSize() > 1<<62 {
		return api.Errorf(api.Internal, "", "%s: %d bytes are too many", what, head.GetSize())
	}
	if err := save(s, path, int64(head.GetSize())); err != nil {
		return c.fileError(what, err)
	}
	return nil
}

// save writes a file as a whole or not at all.
func save(s *link.Stream, path string, size int64) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // when it has been renamed this finds nothing
	err = receive(s, f, size)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func receive(s *link.Stream, to io.Writer, size int64) error {
	from, sum, told := patient{s}, sha256.New(), make([]byte, sha256.Size)
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(to, sum)}, io.LimitReader(from, size), make([]byte, fileChunk)); err != nil {
		return err
	}
	if _, err := io.ReadFull(from, told); err != nil {
		return err
	}
	if string(told) != string(sum.Sum(nil)) {
		return errors.New("it has arrived damaged")
	}
	return nil
}

// patient waits for each part of what comes, but not for ever.
type patient struct{ s *link.Stream }

func (p patient) Read(b []byte) (int, error) {
	p.s.SetReadDeadline(time.Now().Add(fileWait))
	return p.s.Read(b)
}

func (c *Connection) fileError(what string, err error) error {
	var status *link.StatusError
	if errors.As(err, &status) {
		codes := map[wire.Code]api.Code{wire.Code_CODE_INVALID: api.Invalid, wire.Code_CODE_NOT_FOUND: api.NotFound, wire.Code_CODE_REFUSED: api.Refused, wire.Code_CODE_UNAVAILABLE: api.Unavailable}
		code, ok := codes[status.Code]
		if !ok {
			code = api.Internal
		}
		return api.Errorf(code, "", "%s: %s", what, status.Message)
	}
	return api.Errorf(api.Unavailable, "Try it again.", "%s: %v", what, err)
}

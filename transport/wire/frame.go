package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"
)

// MaxFrame bounds one message in bytes; a Lua bundle is the largest that there is.
const MaxFrame = 4<<20 + 4096

// ErrFrame says that a peer sent something that is no message; the stream is of no use after it.
var ErrFrame = errors.New("malformed frame")

// Write puts m on w with a single Write, so that it travels in one packet where it fits.
func Write(w io.Writer, m proto.Message) error {
	if size := proto.Size(m); size > MaxFrame {
		return fmt.Errorf("write %T: %d bytes are more than a frame may hold: %w", m, size, ErrFrame)
	}
	if _, err := protodelim.MarshalTo(w, m); err != nil {
		return fmt.Errorf("write %T: %w", m, err)
	}
	return nil
}

// Read takes the next message from r. It returns io.EOF untouched at a clean end, and ErrFrame when the bytes
// are no message; nothing is allocated for a length beyond MaxFrame.
func Read(r *bufio.Reader, m proto.Message) error {
	err := protodelim.UnmarshalOptions{MaxSize: MaxFrame}.UnmarshalFrom(r, m)
	var size *protodelim.SizeTooLargeError
	switch {
	case err == nil, errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case errors.As(err, &size), errors.Is(err, proto.Error):
		return fmt.Errorf("read %T: %w: %v", m, ErrFrame, err)
	default:
		return fmt.Errorf("read %T: %w", m, err)
	}
}

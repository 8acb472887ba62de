package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"
)

// MaxFrame bounds one message in bytes: what a world reports when it is bound, or a save holds, are the largest that
// there are.
const MaxFrame = 8<<20 + 256<<10

// trusted is how many announced bytes get room before they have come.
const trusted = 64 << 10

// ErrFrame says that a peer sent something that is no message; the stream is of no use after it.
var ErrFrame = errors.New("malformed frame")

// Write puts m on w with a single Write, so that it travels in one packet where it fits and concurrent writers don't
// mix their frames.
func Write(w io.Writer, m proto.Message) error {
	size := proto.Size(m)
	if size > MaxFrame {
		return fmt.Errorf("write %T: %d bytes are more than a frame may hold: %w", m, size, ErrFrame)
	}
	frame := binary.AppendUvarint(make([]byte, 0, size+binary.MaxVarintLen32), uint64(size))
	frame, err := proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(frame, m)
	if err != nil {
		return fmt.Errorf("write %T: %w", m, err)
	}
	if _, err := w.Write(frame); err != nil {
		return fmt.Errorf("write %T: %w", m, err)
	}
	return nil
}

// Read takes the next message from r. It returns io.EOF untouched at a clean end, and ErrFrame when the bytes are no
// message. Beyond a little, memory is taken as bytes arrive, not as a length announces them.
func Read(r *bufio.Reader, m proto.Message) error {
	size, err := readSize(r)
	if err == io.EOF {
		return err
	} else if err != nil {
		return fmt.Errorf("read %T: %w", m, err)
	}
	var frame bytes.Buffer
	frame.Grow(int(min(size, trusted)) + bytes.MinRead)
	if n, err := io.CopyN(&frame, r, int64(size)); err != nil {
		if err == io.EOF && n < int64(size) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("read %T: %w", m, err)
	}
	if err := proto.Unmarshal(frame.Bytes(), m); err != nil {
		return fmt.Errorf("read %T: %w: %v", m, ErrFrame, err)
	}
	return nil
}

// readSize reads a varint of at most five bytes, which is more than MaxFrame needs.
func readSize(r *bufio.Reader) (uint64, error) {
	var size uint64
	for i := range binary.MaxVarintLen32 {
		b, err := r.ReadByte()
		if err == io.EOF && i > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		size |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if size > MaxFrame {
				return 0, fmt.Errorf("%w: %d bytes announced", ErrFrame, size)
			}
			return size, nil
		}
	}
	return 0, fmt.Errorf("%w: no length", ErrFrame)
}

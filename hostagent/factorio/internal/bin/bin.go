// Package bin reads and appends the game's binary primitives: little-endian numbers, and sizes that take one byte when
// they are small.
package bin

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"mainbus/hostagent/factorio"
)

// Reader reads primitives from a stream. The first error sticks: later reads give zero values, and Err tells it. An end
// of the stream within a read is io.ErrUnexpectedEOF. Nothing is allocated before the bytes for it are there.
type Reader struct {
	r   source
	pos int64
	err error
	buf [8]byte
}

type source interface {
	io.Reader
	io.ByteReader
}

// NewReader reads from r and not a byte further than asked for if r is an io.ByteReader.
func NewReader(r io.Reader) *Reader {
	if s, ok := r.(source); ok {
		return &Reader{r: s}
	}
	return &Reader{r: bufio.NewReader(r)}
}

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// Pos returns the number of bytes read.
func (r *Reader) Pos() int64 { return r.pos }

// Fail makes err stick unless an earlier one does.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Within says where the first error occurred, in brackets behind it.
func (r *Reader) Within(where string) {
	if r.err != nil {
		r.err = fmt.Errorf("%w (%s)", r.err, where)
	}
}

func (r *Reader) fill(n int) []byte {
	b := r.buf[:n]
	if r.err != nil {
		clear(b)
		return b
	}
	m, err := io.ReadFull(r.r, b)
	r.pos += int64(m)
	if err != nil {
		r.failRead(err)
		clear(b)
	}
	return b
}

func (r *Reader) failRead(err error) {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	r.Fail(err)
}

// U8 reads one byte.
func (r *Reader) U8() uint8 {
	if r.err != nil {
		return 0
	}
	b, err := r.r.ReadByte()
	if err != nil {
		r.failRead(err)
		return 0
	}
	r.pos++
	return b
}

// Bool reads one byte that must be 0 or 1.
func (r *Reader) Bool() bool {
	b := r.U8()
	if b > 1 {
		r.Fail(fmt.Errorf("byte %d where 0 or 1 belongs", b))
	}
	return b == 1
}

// U16 reads two bytes.
func (r *Reader) U16() uint16 { return binary.LittleEndian.Uint16(r.fill(2)) }

// U32 reads four bytes.
func (r *Reader) U32() uint32 { return binary.LittleEndian.Uint32(r.fill(4)) }

// U64 reads eight bytes.
func (r *Reader) U64() uint64 { return binary.LittleEndian.Uint64(r.fill(8)) }

// F64 reads a double.
func (r *Reader) F64() float64 { return math.Float64frombits(r.U64()) }

// Size reads a space-optimised u32: one byte, or 255 and four bytes.
func (r *Reader) Size() uint32 {
	if b := r.U8(); b != math.MaxUint8 {
		return uint32(b)
	}
	return r.U32()
}

// Short reads a space-optimised u16: one byte, or 255 and two bytes.
func (r *Reader) Short() uint16 {
	if b := r.U8(); b != math.MaxUint8 {
		return uint16(b)
	}
	return r.U16()
}

// String reads a size and that many bytes, at most limit.
func (r *Reader) String(limit uint32) string {
	return string(r.Bytes(r.Size(), limit))
}

// Bytes reads n bytes; more than limit is an error.
func (r *Reader) Bytes(n, limit uint32) []byte {
	if n > limit {
		r.Fail(fmt.Errorf("%d bytes where at most %d may be", n, limit))
	}
	if r.err != nil || n == 0 {
		return nil
	}
	const step = 64 << 10 // so that a false size costs no more memory than the stream has bytes
	b := make([]byte, 0, min(n, step))
	for len(b) < int(n) {
		at := len(b)
		b = append(b, make([]byte, min(int(n)-at, max(at, step)))...)
		m, err := io.ReadFull(r.r, b[at:])
		r.pos += int64(m)
		if err != nil {
			r.failRead(err)
			return nil
		}
	}
	return b
}

// Read gives the bytes as they are. It makes a Reader an io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.r.Read(p)
	r.pos += int64(n)
	return n, err
}

// Skip passes over n bytes.
func (r *Reader) Skip(n int64) {
	if r.err != nil {
		return
	}
	m, err := io.CopyN(io.Discard, r.r, n)
	r.pos += m
	if err != nil {
		r.failRead(err)
	}
}

// AtEnd reports whether the stream ended here without an error, by reading one byte more.
func (r *Reader) AtEnd() bool {
	if r.err != nil {
		return false
	}
	_, err := r.r.ReadByte()
	return errors.Is(err, io.EOF)
}

// Version reads the four numbers of a map version.
func (r *Reader) Version() factorio.Version {
	return factorio.Version{Major: r.U16(), Minor: r.U16(), Patch: r.U16(), Developer: r.U16()}
}

// AppendSize appends a space-optimised u32.
func AppendSize(b []byte, n uint32) []byte {
	if n < math.MaxUint8 {
		return append(b, byte(n))
	}
	return binary.LittleEndian.AppendUint32(append(b, math.MaxUint8), n)
}

// AppendShort appends a space-optimised u16.
func AppendShort(b []byte, n uint16) []byte {
	if n < math.MaxUint8 {
		return append(b, byte(n))
	}
	return binary.LittleEndian.AppendUint16(append(b, math.MaxUint8), n)
}

// AppendString appends a size and the bytes of s.
func AppendString(b []byte, s string) []byte {
	return append(AppendSize(b, uint32(len(s))), s...)
}

// AppendBool appends 0 or 1.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// AppendVersion appends the four numbers of a map version.
func AppendVersion(b []byte, v factorio.Version) []byte {
	for _, n := range [...]uint16{v.Major, v.Minor, v.Patch, v.Developer} {
		b = binary.LittleEndian.AppendUint16(b, n)
	}
	return b
}

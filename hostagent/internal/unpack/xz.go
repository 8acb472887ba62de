package unpack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// The format: https://tukaani.org/xz/xz-file-format.txt. A stream is a header, blocks, an index of them, and a footer; a file can have
// several streams. The decoder reserves a dictionary as large as a block asks for, so that is looked at before.
const (
	xzHeader   = 12        // of a stream; its footer has the same length
	maxIndex   = 16 << 20  // bytes: a million blocks
	maxStreams = 1000      // in a file
	maxDict    = 128 << 20 // `xz -9` takes 64 MiB
	lzma2      = 0x21      // the filter's number
	maxSize    = 1<<40 - 1 // of a file and of what is in it
	sizeFlags  = 0x40      // in a block's header: its packed size is told; 0x80: the other one too
)

// measure returns how many bytes are packed in an xz file, from its index, and refuses what would take too much memory to unpack.
func measure(file io.ReaderAt, size int64) (unpacked int64, err error) {
	if size == 0 {
		return 0, errors.New("the archive is empty")
	}
	for streams := 0; size > 0; streams++ {
		var word [4]byte
		if _, err := file.ReadAt(word[:], max(size-4, 0)); err != nil {
			return 0, fmt.Errorf("read the end of the archive: %w", err)
		}
		if streams > 0 && word == [4]byte{} { // padding between streams
			size -= 4
			continue
		}
		if streams >= maxStreams || size > maxSize {
			return 0, errors.New("the archive is too large")
		}
		length, bytes, err := measureStream(file, size)
		if err != nil {
			return 0, fmt.Errorf("the archive is damaged: %w", err)
		}
		size, unpacked = size-length, unpacked+bytes
	}
	return unpacked, nil
}

// measureStream measures the stream that ends at end.
func measureStream(file io.ReaderAt, end int64) (length, unpacked int64, err error) {
	var footer [xzHeader]byte
	if end < 2*xzHeader {
		return 0, 0, errors.New("it is too short")
	}
	if _, err := file.ReadAt(footer[:], end-xzHeader); err != nil {
		return 0, 0, err
	}
	if footer[10] != 'Y' || footer[11] != 'Z' || binary.LittleEndian.Uint32(footer[:]) != crc32.ChecksumIEEE(footer[4:10]) {
		return 0, 0, errors.New("its end is missing")
	}
	indexSize := (int64(binary.LittleEndian.Uint32(footer[4:])) + 1) * 4
	if indexSize > maxIndex || indexSize > end-2*xzHeader {
		return 0, 0, errors.New("its index can't be that long")
	}
	index := make([]byte, indexSize)
	if _, err := file.ReadAt(index, end-xzHeader-indexSize); err != nil {
		return 0, 0, err
	}
	blocks, err := parseIndex(index)
	if err != nil {
		return 0, 0, err
	}
	length = 2*xzHeader + indexSize
	for _, b := range blocks {
		length, unpacked = length+b.packed, unpacked+b.unpacked
		if length > end || unpacked > maxSize {
			return 0, 0, errors.New("its index does not fit")
		}
	}
	at := end - length + xzHeader
	for _, b := range blocks {
		if err := checkBlock(file, at); err != nil {
			return 0, 0, err
		}
		at += b.packed
	}
	return length, unpacked, nil
}

type block struct{ packed, unpacked int64 }

func parseIndex(index []byte) ([]block, error) {
	body := index[:len(index)-4]
	if index[0] != 0 || binary.LittleEndian.Uint32(index[len(body):]) != crc32.ChecksumIEEE(body) {
		return nil, errors.New("its index is damaged")
	}
	r := bytes.NewReader(body[1:])
	count, err := number(r)
	if err != nil || count > int64(r.Len()/2) { // a block takes two bytes at least
		return nil, errors.New("its index is damaged")
	}
	blocks := make([]block, count)
	for i := range blocks {
		packed, err := number(r)
		unpacked, err2 := number(r)
		if err != nil || err2 != nil || packed > maxSize || unpacked > maxSize {
			return nil, errors.New("its index is damaged")
		}
		blocks[i] = block{(packed + 3) &^ 3, unpacked}
	}
	return blocks, nil
}

// checkBlock looks at the header of a block for the size of its dictionary.
func checkBlock(file io.ReaderAt, at int64) error {
	var header [1024]byte
	n, err := file.ReadAt(header[:], at)
	if err != nil && err != io.EOF {
		return err
	}
	length := (int(header[0]) + 1) * 4
	if header[0] == 0 || length > n {
		return errors.New("a block is damaged")
	}
	r := bytes.NewReader(header[2 : length-4])
	for told := header[1] & (3 * sizeFlags); told != 0; told &= told - 1 {
		if _, err := number(r); err != nil {
			return errors.New("a block is damaged")
		}
	}
	for range header[1]&3 + 1 {
		id, err := number(r)
		count, err2 := number(r)
		if err != nil || err2 != nil || count > int64(r.Len()) {
			return errors.New("a block is damaged")
		}
		properties := make([]byte, count)
		io.ReadFull(r, properties) // they are there: see above
		if id == lzma2 && (count != 1 || dictSize(properties[0]) > maxDict) {
			return fmt.Errorf("it needs more than %d MiB of memory to unpack", maxDict>>20)
		}
	}
	return nil
}

func dictSize(bits byte) int64 {
	if bits >= 40 {
		return math.MaxUint32
	}
	return int64(2|bits&1) << (bits/2 + 11)
}

// number reads one of the format's integers: seven bits a byte, the lowest first, at most nine bytes.
func number(r io.ByteReader) (n int64, err error) {
	for shift := 0; shift < 63; shift += 7 {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		n |= int64(b&0x7f) << shift
		if b < 0x80 {
			return n, nil
		}
	}
	return 0, errors.New("a number is too long")
}
